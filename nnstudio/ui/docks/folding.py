"""Plots side by side where there is room, one at a time behind tabs where there is not."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QTabBar, QVBoxLayout, QWidget


class Folding(QWidget):
    """Shows all ``parts`` (title, widget, stretch) from ``wide`` pixels on; below that, the one whose tab is chosen."""

    def __init__(self, parts: Sequence[tuple[str, QWidget, int]], *, wide: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wide = wide
        self.parts = [widget for _, widget, _ in parts]
        self.tabs = QTabBar(expanding=False, drawBase=False)
        self.tabs.setProperty("role", "folding")
        row = QHBoxLayout()
        row.setSpacing(0)
        for title, widget, stretch in parts:
            self.tabs.addTab(title)
            row.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        above = QHBoxLayout()
        above.setContentsMargins(16, 0, 12, 0)
        above.addWidget(self.tabs)
        above.addStretch()
        column.addLayout(above)
        column.addLayout(row, 1)
        self.tabs.currentChanged.connect(self._fold)
        self._fold()

    @property
    def folded(self) -> bool:
        """Whether only one part is shown."""
        return self.width() < self.wide

    def _fold(self, *_: object) -> None:
        self.tabs.setVisible(self.folded)
        for index, widget in enumerate(self.parts):
            widget.setVisible(not self.folded or index == self.tabs.currentIndex())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()
