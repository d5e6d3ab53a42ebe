"""Small flat controls for the head of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QWidget

from nnstudio.ui.parts import show_if

#: Things that are offered in a menu at most.
MANY = 40


def tool(text: str, help: str, *, checkable: bool = False) -> QToolButton:
    """A small flat button."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(help)
    button.setCheckable(checkable)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setAccessibleName(help)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("role", "tool")
    return button


class RowField(QLineEdit):
    """The number of a row, from 1 on; ↑ and ↓ go to the next one. ``chosen`` tells another number."""

    chosen = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value, self.last = 1, 1
        self.setAccessibleName(name)
        self.setToolTip("A number and Enter; ↑ and ↓ go to the next row")
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.editingFinished.connect(self._entered)

    def show_value(self, value: int, last: int) -> None:
        """Show which row is chosen, of so many."""
        self.last = last
        if value != self.value or not self.isModified():
            self.value = value
            self.setText(f"{value}")

    def step(self, by: int) -> None:
        """Go on by so many rows, round at the ends."""
        self._go((self.value - 1 + by) % max(1, self.last) + 1)

    def _entered(self) -> None:
        digits = "".join(letter for letter in self.text() if letter.isdigit())
        self._go(min(self.last, max(1, int(digits))) if digits else self.value)

    def _go(self, value: int) -> None:
        self.setText(f"{value}")
        self.setModified(False)
        if value != self.value:
            self.value = value
            self.chosen.emit(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
        by = steps.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self.step(by)


class Choice(QToolButton):
    """One of some things, shown as a text with an arrow; a click offers the others, in a menu, or where they are very
    many in a list in which they are found by name. ``chosen`` tells the index."""

    chosen = Signal(int)

    def __init__(self, help: str, *, weight: int = 400, px: int = 11, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: list[str] = []
        self.index = -1
        self.setToolTip(help)
        self.setAccessibleName(help)
        self.setProperty("role", "tool" if px < 12 else "choice")
        self.setProperty("strong", weight > 400)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.clicked.connect(self._find)

    def offer(self, items: Sequence[str]) -> None:
        """Offer these things; nothing happens where they are offered already."""
        if list(items) == self.items:
            return
        self.items = list(items)
        self._menu.clear()
        many = len(self.items) > MANY
        self.setMenu(None if many else self._menu)  # type: ignore[arg-type]  # Qt takes none
        for index, item in enumerate(() if many else self.items):
            self._menu.addAction(item, partial(self._choose, index))

    def show_index(self, index: int) -> None:
        """Show which is chosen; −1 for none."""
        self.index = index
        self.setText(f"{self.items[index]} ▾" if 0 <= index < len(self.items) else "")
        show_if(self, 0 <= index < len(self.items))

    def _find(self) -> None:
        """Open the list of very many things."""
        if len(self.items) > MANY:
            from nnstudio.ui.docks.finding_one import FindOne

            made = FindOne(self.items, self.index, self)
            made.found.connect(self._choose)
            made.popup(self)

    def _choose(self, index: int) -> None:
        self.show_index(index)
        self.chosen.emit(index)
