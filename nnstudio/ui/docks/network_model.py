"""The table of the network as a Qt model: sorted, filtered, blocks folded or open. Only rows in sight are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from nnstudio.ui import theme
from nnstudio.ui.docks.network_rows import COLUMNS, Row, each_row

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()
#: In front of a block's name, folded and open; the space of as many in front of what is inside.
FOLDED, OPEN, INDENT = "▸ ", "▾ ", "    "


class NetworkModel(QAbstractTableModel):
    """Rows in the order in which they are shown; the last is the total, wherever it is sorted."""

    def __init__(self) -> None:
        super().__init__()
        self._tree: Sequence[Row] = ()
        self._total: Row | None = None
        self._opened: set[str] = set()
        self._filter = ""
        self._sorted: tuple[int, bool] | None = None
        self.shown: list[tuple[Row, int]] = []
        self._places: dict[str, int] = {}

    def show_rows(self, tree: Sequence[Row], total: Row | None) -> None:
        """Show these rows in place of those before."""
        self._tree, self._total = tree, total
        self._lay_out()

    def filter(self, text: str) -> None:
        """Show only rows whose name or type has this in it, and the blocks that they are in."""
        self._filter = text.strip().lower()
        self._lay_out()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self._lay_out()

    def toggle(self, place: int, open: bool | None = None) -> bool:
        """Open the block of a row, or fold it. False where there is nothing to do."""
        row, _ = self.shown[place]
        if not row.parts or open == (row.id in self._opened):
            return False
        self._opened ^= {row.id}
        self._lay_out()
        return True

    def place(self, id: str) -> int | None:
        """Where a row is; None where it is not shown."""
        return self._places.get(id)

    def rows(self) -> list[Row]:
        """All rows that are shown, without the total."""
        return [row for row, _ in self.shown if row is not self._total]

    def _lay_out(self) -> None:
        self.beginResetModel()
        shown: list[tuple[Row, int]] = []
        self._add(self._tree, 0, shown)
        self._places = {row.id: place for place, (row, _) in enumerate(shown)}
        if self._total is not None and shown:
            shown.append((self._total, 0))
        self.shown = shown
        self.endResetModel()

    def _add(self, rows: Iterable[Row], depth: int, shown: list[tuple[Row, int]]) -> None:
        wanted = self._filter
        if wanted:
            rows = [row for row in rows if any(wanted in each.found for each in each_row((row,)))]
        if self._sorted is not None:
            column, falling = self._sorted
            key: Callable[[Row], Any] = COLUMNS[column].key
            rows = sorted(rows, key=key, reverse=falling)
        for row in rows:
            shown.append((row, depth))
            if row.parts and (row.id in self._opened or (wanted and wanted not in row.found)):
                self._add(row.parts, depth + 1, shown)

    # what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.shown):
            return None
        row, depth = self.shown[index.row()]
        column = COLUMNS[index.column()]
        if role == Role.DisplayRole:
            return self._name(row, depth) if index.column() == 0 else column.text(row)
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Role.DecorationRole and index.column() == 0 and row.family is not None:
            return theme.family_color(row)
        if role == Role.ForegroundRole and index.column() in (1, 2):
            return QColor(theme.current().muted)
        if role == Role.FontRole and row is self._total:
            return theme.ui_font(12, QFont.Weight.DemiBold.value)
        if role == Role.ToolTipRole:
            return f"{row.name}: {column.help.lower()}"
        if role == Role.AccessibleTextRole:
            return f"{column.title} {column.text(row) or 'none'}" if index.column() else row.name
        return None

    def _name(self, row: Row, depth: int) -> str:
        mark = "" if not row.parts else OPEN if self._is_open(row) else FOLDED
        return f"{INDENT * depth}{mark}{row.name}"

    def _is_open(self, row: Row) -> bool:
        return row.id in self._opened or bool(self._filter and self._filter not in row.found)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Role.DisplayRole:
            return column.title
        if role == Role.ToolTipRole:
            return f"{column.help}. Click to sort"
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None
