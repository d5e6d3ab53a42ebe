"""The table of the network as a Qt model: sorted, filtered, blocks folded or open. Only rows in sight are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from nnstudio.ui import theme
from nnstudio.ui.docks.network_rows import COLUMNS, Row, each_row

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()
#: In front of a block's name, folded and open; the space of as many in front of what is inside.
FOLDED, OPEN, INDENT = "▸ ", "▾ ", "    "


class Layout(NamedTuple):
    """The rows as they are shown, each with its depth, and where each is by id; ``of``: what that depends on."""

    of: tuple[object, ...]
    shown: list[tuple[Row, int]]
    places: dict[str, int]


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

    def show_rows(self, tree: Sequence[Row], total: Row | None, layout: Layout | None = None) -> None:
        """Show these rows in place of those before; ``layout``: as they were laid out, where it holds still."""
        self._tree, self._total = tree, total
        self._lay_out(layout)

    def laying_out(self, tree: Sequence[Row], total: Row | None) -> Callable[[], Layout]:
        """A function that lays these rows out as the model shows its rows now, in whatever thread calls it."""
        arrangement = self._arrangement()
        opened, wanted, by = frozenset(self._opened), self._filter, self._sorted

        def lay_out() -> Layout:
            shown: list[tuple[Row, int]] = []
            _add(tree, 0, shown, opened, wanted, by)
            places = {row.id: place for place, (row, _) in enumerate(shown)}
            if total is not None and shown:
                shown.append((total, 0))
            return Layout(arrangement, shown, places)

        return lay_out

    def _arrangement(self) -> tuple[object, ...]:
        return frozenset(self._opened), self._filter, self._sorted

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

    def _lay_out(self, layout: Layout | None = None) -> None:
        if layout is None or layout.of != self._arrangement():
            layout = self.laying_out(self._tree, self._total)()
        self.beginResetModel()
        self.shown, self._places = layout.shown, layout.places
        self.endResetModel()

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


def _add(
    rows: Iterable[Row], depth: int, shown: list[tuple[Row, int]], opened: frozenset[str], wanted: str,
    by: tuple[int, bool] | None,
) -> None:  # fmt: skip
    """Lay rows out, and those inside blocks that are open: those that ``wanted`` is found in, in the order of a column
    and falling, or as they come."""
    if wanted:
        rows = [row for row in rows if any(wanted in each.found for each in each_row((row,)))]
    if by is not None:
        column, falling = by
        key: Callable[[Row], Any] = COLUMNS[column].key
        rows = sorted(rows, key=key, reverse=falling)
    for row in rows:
        shown.append((row, depth))
        if row.parts and (row.id in opened or (wanted and wanted not in row.found)):
            _add(row.parts, depth + 1, shown, opened, wanted, by)
