"""Giving a node another name where it stands."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_NARROW = 140


class NameField(QLineEdit):
    """A field over a node. Enter, or leaving it, takes the name; Escape leaves the old one.

    ``take(text)`` returns whether the name could be taken; where it could not, Enter lets the person go on typing.
    """

    def __init__(self, parent: QWidget, closed: Callable[[], object]) -> None:
        super().__init__(parent)
        self._closed = closed
        self._old = ""
        self._take: Callable[[str], bool] = lambda _: True
        self.setAccessibleName("Name")
        self.hide()

    def edit(self, area: QRect, name: str, take: Callable[[str], bool], shown: str = "") -> None:
        """Open over an area of the parent with the name that is now; ``shown`` is proposed where there is none."""
        self._old, self._take = name, take
        self.setText(name or shown)
        self.selectAll()
        width = max(_NARROW, area.width() - 16)
        height = self.sizeHint().height()
        room = self.parentWidget().rect()
        at = QPoint(area.center().x() - width // 2, area.center().y() - height // 2)
        left = max(4, min(at.x(), room.width() - width - 4))
        top = max(4, min(at.y(), room.height() - height - 4))
        self.setGeometry(left, top, width, height)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._taken():
                self._close()
        elif event.key() == Qt.Key.Key_Escape:
            self.setText("")
            self._close()
        else:
            super().keyPressEvent(event)

    def _taken(self) -> bool:
        text = self.text().strip()
        return text in ("", self._old) or self._take(text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        elsewhere = event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if self.isVisible() and elsewhere:
            self._taken()
            self.hide()

    def _close(self) -> None:
        self.hide()
        self._closed()
