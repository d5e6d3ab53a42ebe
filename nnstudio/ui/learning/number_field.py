"""A field for one number."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit


class NumberField(QLineEdit):
    """``entered(number)`` when another number was typed and Enter pressed or the field left; ``refused(sentence)``
    where what was typed is none. Up and down change the number by a step, Esc shows it again."""

    entered = Signal(float)
    refused = Signal(str)

    def __init__(self, name: str, *, positive: bool = False, digits: int = 8) -> None:
        """``positive``: it must be above 0. ``digits``: so many are shown."""
        super().__init__()
        self._name, self._positive, self._digits = name, positive, digits
        self._value = 0.0
        self.setProperty("role", "mono")
        self.setAccessibleName(name)
        self.returnPressed.connect(self._finish)

    @property
    def value(self) -> float:
        """The number that counts: the last one that was shown or entered."""
        return self._value

    def show_number(self, value: float) -> None:
        """Show this number; what is being typed stays where it means the same."""
        if value != self._value or not self.hasFocus():
            self._value = value
            self._show()

    def _show(self) -> None:
        text = f"{self._value:.{self._digits}g}"
        if self.text() != text:
            self.setText(text)
        self._mark(False)

    def _finish(self) -> None:
        text = self.text().strip().replace("−", "-").replace(",", ".")
        shown = f"{self._value:.{self._digits}g}"
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or (self._positive and value <= 0) or abs(value) > 1e12:
            wanted = "a number above 0, such as 0.01" if self._positive else "a number, such as 2 or −0.5"
            self._mark(True)
            self.refused.emit(f"{self._name} takes {wanted}; “{self.text()}” is none, so {shown} stays")
            return
        self._mark(False)
        if text != shown and value != self._value:
            self._value = value
            self.entered.emit(value)
        self._show()

    def _mark(self, wrong: bool) -> None:
        if bool(self.property("refused")) != wrong:
            self.setProperty("refused", wrong)
            self.style().polish(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self.text() != f"{self._value:.{self._digits}g}":
            self._show()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._count(1 if key == Qt.Key.Key_Up else -1)
        else:
            super().keyPressEvent(event)

    def _count(self, steps: int) -> None:
        """A step that suits the number: a tenth of its leading digit's place; a positive one is doubled or halved."""
        if self._positive:
            value = self._value * 2.0**steps
        else:
            size = 10.0 ** math.floor(math.log10(abs(self._value))) if self._value else 1.0
            value = round(self._value + steps * size / 10, 12)
        self._value = value
        self._show()
        self.entered.emit(value)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._finish()
            if self.property("refused"):
                self._show()
