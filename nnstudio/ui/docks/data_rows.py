"""The rows of a data set as they stand in the file, fetched as they come into sight, each with the split it is in."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.numbers import cut

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: Rows that are fetched at once, and how many such blocks are kept.
BLOCK, KEPT = 128, 24
#: What each split is called, and the token of its colour.
SPLIT_TITLES = {"train": ("training", "training"), "validation": ("validation", "validation"), "test": ("test", "good")}
Index = QModelIndex | QPersistentModelIndex


def splits_of(dataset: Dataset) -> np.ndarray:
    """For each row of the file the place of its split among SPLIT_TITLES, −1 where it is in none; shape (rows,)."""
    places = np.full(dataset.total, -1, dtype=np.int8)
    for place, split in enumerate(SPLIT_TITLES):
        places[dataset.indices(split)] = place
    return places


class RowsModel(QAbstractTableModel):
    """Number, split and raw values of each row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dataset: Dataset | None = None
        self._names: list[str] = []
        self._splits = np.empty(0, dtype=np.int8)
        self._blocks: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show another data set."""
        self.beginResetModel()
        self._dataset, self._blocks = dataset, OrderedDict()
        self._names = list(dataset.columns) if dataset is not None else []
        self._splits = splits_of(dataset) if dataset is not None else np.empty(0, dtype=np.int8)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self._dataset is None else self._dataset.total

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self._dataset is None else 2 + len(self._names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or self._dataset is None:
            return None
        name = self._names[section - 2] if section >= 2 else ("row", "split")[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return cut(name, 28)
        if role == Qt.ItemDataRole.ToolTipRole and section >= 2:
            column = self._dataset.columns[name]
            return f"{name}: {column.kind}, {column.role}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def _alignment(self, section: int) -> Qt.AlignmentFlag:
        number = section == 0 or (section >= 2 and self._kind(section) == "number")
        side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def _kind(self, section: int) -> str:
        return self._dataset.columns[self._names[section - 2]].kind if self._dataset is not None else ""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, section = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        if role == Qt.ItemDataRole.DisplayRole:
            if section == 0:
                return f"{row:,}"
            return self._split(row)[0] if section == 1 else self._cells(row)[section - 2]
        if role == Qt.ItemDataRole.ForegroundRole:
            tokens = theme.current()
            if section == 0:
                return QColor(tokens.muted)
            return QColor(getattr(tokens, self._split(row)[1])) if section == 1 else QColor(tokens.text)
        return None

    def _split(self, row: int) -> tuple[str, str]:
        place = int(self._splits[row])
        return list(SPLIT_TITLES.values())[place] if place >= 0 else ("left out", "faint")

    def _cells(self, row: int) -> tuple[str, ...]:
        block = row // BLOCK
        if block not in self._blocks:
            assert self._dataset is not None
            self._blocks[block] = self._dataset.cells(block * BLOCK, (block + 1) * BLOCK)
            if len(self._blocks) > KEPT:
                self._blocks.popitem(last=False)
        return self._blocks[block][row % BLOCK]


class RowsView(QTableView):
    """The table of rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = RowsModel(self)
        self.setModel(self.rows)
        self.setShowGrid(False)
        self.setFont(theme.mono_font(11))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(22)
        self.horizontalHeader().setHighlightSections(False)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show another data set; columns are as wide as their first rows need."""
        self.rows.show_dataset(dataset)
        metrics = self.fontMetrics()
        for section in range(min(self.rows.columnCount(), 200)):
            shown = [self.rows.headerData(section, Qt.Orientation.Horizontal)]
            shown += [self.rows.data(self.rows.index(row, section)) for row in range(min(20, self.rows.rowCount()))]
            self.setColumnWidth(section, min(260, max(48, max(map(metrics.horizontalAdvance, shown)) + 26)))
