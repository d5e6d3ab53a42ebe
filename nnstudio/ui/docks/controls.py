"""Small flat controls for the head of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget


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


class Choice(QToolButton):
    """One of a few things, shown as a text with an arrow; a click offers the others. ``chosen`` tells the index."""

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
        self.setMenu(QMenu(self))

    def offer(self, items: Sequence[str]) -> None:
        """Offer these things; nothing happens where they are offered already."""
        if list(items) == self.items:
            return
        self.items = list(items)
        self.menu().clear()
        for index, item in enumerate(self.items):
            self.menu().addAction(item, partial(self._choose, index))

    def show_index(self, index: int) -> None:
        """Show which is chosen; −1 for none."""
        self.index = index
        self.setText(f"{self.items[index]} ▾" if 0 <= index < len(self.items) else "")
        self.setVisible(0 <= index < len(self.items))

    def _choose(self, index: int) -> None:
        self.show_index(index)
        self.chosen.emit(index)
