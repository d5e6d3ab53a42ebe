"""Figures of classes, one a line, the figures under their heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from nnstudio.ui import theme

Index = QModelIndex | QPersistentModelIndex
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class _Lines(QAbstractTableModel):
    """Texts of things, made when they are looked at: there may be as many classes as words in a vocabulary."""

    def __init__(self, heads: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.heads = heads
        self.things: Sequence[Any] = ()
        self.line: Callable[[Any], Sequence[str]] = tuple

    def show(self, things: Sequence[Any], line: Callable[[Any], Sequence[str]]) -> None:
        self.beginResetModel()
        self.things, self.line = things, line
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.things)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section else LEFT
        return self.heads[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if index.column() else LEFT
        return self.line(self.things[index.row()])[index.column()] if role == Qt.ItemDataRole.DisplayRole else None


class FiguresTable(QTableView):
    """A name and its figures a line. heads, widths: of the columns, in pixels at 100 %, more where a head needs it;
    name: what it shows, told to those who cannot see it. ``picked``: another line is chosen, or none."""

    picked = Signal()

    def __init__(self, heads: Sequence[str], widths: Sequence[int], name: str) -> None:
        super().__init__()
        self._widths, self._lines = widths, _Lines(heads, self)
        self.setModel(self._lines)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.selectionModel().selectionChanged.connect(lambda *_: self.picked.emit())

    @property
    def needed(self) -> int:
        """How many pixels all columns take."""
        return sum(self._wide(place) for place in range(len(self._widths))) + theme.scaled(12)

    def _wide(self, place: int) -> int:
        """How many pixels a column takes: none where it is hidden."""
        if self.isColumnHidden(place):
            return 0
        return max(theme.scaled(self._widths[place]), self.horizontalHeader().sectionSizeHint(place))

    def show_lines(self, things: Sequence[Any], line: Callable[[Any], Sequence[str]] = tuple) -> None:
        """Show things, each by the texts that ``line`` makes of it; none is chosen, and nobody is told of that."""
        self.setFont(theme.ui_font(12))
        self.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        self._lines.show(things, line)
        for place in range(len(self._widths)):
            self.setColumnWidth(place, self._wide(place))

    def text(self, line: int, place: int) -> str:
        """What stands on a line in a column."""
        return str(self._lines.index(line, place).data())

    @property
    def chosen(self) -> str:
        """The name on the line that is chosen; "" where none is."""
        rows = self.selectionModel().selectedRows()
        return self.text(rows[0].row(), 0) if rows else ""
