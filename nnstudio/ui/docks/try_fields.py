"""Editors of one line each, in as many columns as it takes to see all of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.try_editors import Editor
from nnstudio.ui.parts import ElidedLabel

#: Pixels at 100 %: how high a line is with what is between two, how wide a column is at least, what is between two
#: columns, and how wide a name may be where there are several.
LINE, COLUMN, GAP, NAME = 34, 216, 14, 72


class Fields(QWidget):
    """Each editor stands beside its column's name; they run down the first column, then the next."""

    def __init__(self, editors: Sequence[Editor]) -> None:
        super().__init__()
        self.editors = tuple(editors)
        self.names = tuple(ElidedLabel(each.column.name, "muted") for each in editors)
        self.columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setHorizontalSpacing(8)
        self.arrange(1)

    def wanted(self, high: int, wide: int) -> int:
        """How many columns show all lines in so much room; as many as there is room for where that is too little."""
        lines = max(1, high // theme.scaled(LINE))
        able = max(1, (wide + theme.scaled(GAP)) // theme.scaled(COLUMN + GAP))
        return int(min(-(-len(self.editors) // lines), able))

    def arrange(self, columns: int) -> None:
        """Stand in so many columns."""
        columns = max(1, columns)
        if columns == self.columns:
            return
        while self._grid.count():
            self._grid.takeAt(0)
        for place in range(3 * max(self.columns, columns)):
            self._grid.setColumnStretch(place, 0)
            self._grid.setColumnMinimumWidth(place, 0)
        self.columns = columns
        lines = -(-len(self.editors) // columns)
        for place, (name, editor) in enumerate(zip(self.names, self.editors, strict=True)):
            across, down = divmod(place, lines)
            name.setMaximumWidth(theme.scaled(NAME) if columns > 1 else theme.scaled(2 * NAME))
            self._grid.addWidget(name, down, 3 * across)
            self._grid.addWidget(editor, down, 3 * across + 1)
            self._grid.setColumnStretch(3 * across + 1, 1)
            if across:
                self._grid.setColumnMinimumWidth(3 * across - 1, theme.scaled(GAP) - 8)
