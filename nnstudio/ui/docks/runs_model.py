"""The table of runs as a Qt model: sorted, filtered, with the plan values that tell them apart."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from nnstudio.compile.figures import memory_text
from nnstudio.project.compared import plan_text, plan_title
from nnstudio.runs.records import best_of
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.run_curves import run_color
from nnstudio.ui.run_bar import duration

if TYPE_CHECKING:
    from nnstudio.runs import RunRecord
    from nnstudio.ui.runs import Runs

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()
#: So many figures of the best epoch have a column.
FIGURES = 3
#: Plan values that say how a run is done and not what it does.
_BESIDES = ("watching", "threads", "device", "epochs")


@dataclass(frozen=True)
class Column:
    """One column: its title and width, what it shows of a run and by what it is sorted. edits: what can be typed."""

    title: str
    help: str
    text: Callable[[RunRecord], str]
    key: Callable[[RunRecord], Any]
    width: int
    number: bool = False
    figure: str = ""
    edits: str = ""


class RunsModel(QAbstractTableModel):
    """Rows in the order in which they are shown. The box of the first column lays a run over the curves."""

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self._runs = runs
        self._filter = ""
        self._sorted: tuple[int, bool] | None = None
        self._bests: dict[str, str] = {}
        self._differs: dict[str, str] = {}
        self._icons: dict[tuple[str, bool], QIcon] = {}
        self.shown: list[RunRecord] = []
        self.columns = self._columns(())

    # what is shown

    def refresh(self) -> None:
        """Take the records of the session's runs."""
        records = self._runs.records
        columns = self._columns(figures_of(records))
        self._bests = {
            c.figure: best.id for c in columns if c.figure and (best := best_of(records, c.figure)) and len(records) > 1
        }
        self._differs = differing(records)
        shown = self._arranged(records, columns)
        alike = [c.title for c in columns] == [c.title for c in self.columns]
        if alike and [record.id for record in shown] == [record.id for record in self.shown]:
            self.shown = shown
            if shown:
                self.dataChanged.emit(self.index(0, 0), self.index(len(shown) - 1, len(columns) - 1))
            return
        self.beginResetModel()
        self.columns, self.shown = columns, shown
        self.endResetModel()

    def filter(self, text: str) -> None:
        """Show only runs that have all of these words in what is shown of them."""
        self._filter = text.strip().lower()
        self.refresh()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self.refresh()

    def place(self, id: str) -> int | None:
        """The row of a run; None where it is not shown."""
        return next((row for row, record in enumerate(self.shown) if record.id == id), None)

    def differs(self, record: RunRecord) -> str:
        """The plan values of a run that not all runs have, as a text."""
        return self._differs.get(record.id, "")

    def _arranged(self, records: Sequence[RunRecord], columns: Sequence[Column]) -> list[RunRecord]:
        words = self._filter.split()
        found = [r for r in records if all(word in self._searched(r, columns) for word in words)]
        if self._sorted is not None and self._sorted[0] < len(columns):
            column, falling = self._sorted
            found.sort(key=columns[column].key, reverse=falling)
        return found

    def _searched(self, record: RunRecord, columns: Sequence[Column]) -> str:
        return " ".join((record.id, record.reason, *(column.text(record) for column in columns))).lower()

    def _columns(self, figures: Sequence[str]) -> list[Column]:
        sizes = self._runs.sizes
        shown = [
            Column(name, f"The best epoch’s {name}; the best of all runs is bold",
                   lambda r, name=name: _figure(r.best.get(name)), lambda r, name=name: _last(r.best.get(name)), 84,
                   True, figure=name)
            for name in figures
        ]  # fmt: skip
        return [
            Column("Run", "Name; the box lays the run over the curves. F2 renames", lambda r: r.title,
                   lambda r: (not r.name, r.name.lower(), r.number), 150, edits="name"),
            Column("Outcome", "How it ended", lambda r: r.state, lambda r: r.state, 96),
            Column("Epochs", "Epochs done, of those planned", _epochs, lambda r: r.epochs, 88, True),
            *shown,
            Column("Plan", "The plan values that not all runs have", self.differs, self.differs, 190),
            Column("Started", "When it began", started_text, lambda r: r.started, 104),
            Column("Time", "How long it trained", lambda r: duration(r.seconds), lambda r: r.seconds, 72, True),
            Column("Tags", "Words to find it by, with commas between them; F2 edits", lambda r: ", ".join(r.tags),
                   lambda r: r.tags, 90, edits="tags"),
            Column("Note", "A note; F2 edits", lambda r: r.note, lambda r: r.note.lower(), 130, edits="note"),
            Column("Size", "Room on the disk", lambda r: memory_text(sizes[r.id]) if r.id in sizes else "",
                   lambda r: sizes.get(r.id, 0), 72, True),
        ]  # fmt: skip

    # what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == 0:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if self.columns[index.column()].edits:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.shown):
            return None
        record, column = self.shown[index.row()], self.columns[index.column()]
        match role:
            case Role.DisplayRole:
                return column.text(record)
            case Role.EditRole:
                return record.name if column.edits == "name" else column.text(record)
            case Role.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
            case Role.CheckStateRole if index.column() == 0:
                return Qt.CheckState.Checked if record.id in self._runs.overlaid else Qt.CheckState.Unchecked
            case Role.DecorationRole if index.column() == 0:
                return self._mark(record)
            case Role.ForegroundRole:
                return self._ink(record, column)
            case Role.FontRole if self._bests.get(column.figure) == record.id or self._is_shown(record, index):
                return theme.ui_font(12, QFont.Weight.DemiBold.value)
            case Role.ToolTipRole:
                return self._tip(record, column)
            case Role.AccessibleTextRole:
                return self._spoken(record, column, index)
        return None

    def _is_shown(self, record: RunRecord, index: Index) -> bool:
        return index.column() == 0 and record.id == (self._runs.shown or self._runs.live)

    def _ink(self, record: RunRecord, column: Column) -> QColor | None:
        tokens = theme.current()
        if column.title == "Outcome":
            kinds = {"failed": tokens.problem, "interrupted": tokens.problem, "running": tokens.good}
            return QColor(kinds.get(record.state, tokens.muted))
        return QColor(tokens.muted) if column.title in ("Started", "Plan", "Size") else None

    def _mark(self, record: RunRecord) -> QIcon:
        """A disc in the colour of the run's curves; a ring for the run that all panels show."""
        opened = self._runs.opened(record.id)
        color = run_color(opened.place) if opened is not None and opened.place >= 0 else ""
        key = (color, record.id == (self._runs.shown or self._runs.live))
        if key[1]:
            color = theme.current().training
        if (color, key[1]) not in self._icons:
            self._icons[color, key[1]] = _disc(color, ring=key[1])
        return self._icons[color, key[1]]

    def _tip(self, record: RunRecord, column: Column) -> str:
        if column.title == "Outcome" and record.reason:
            return record.reason
        text = column.text(record)
        return f"{text}\n{column.help}" if len(text) > 12 else column.help

    def _spoken(self, record: RunRecord, column: Column, index: Index) -> str:
        text = column.text(record) or "none"
        if index.column():
            best = ", best of all" if self._bests.get(column.figure) == record.id else ""
            return f"{column.title} {text}{best}"
        laid = ", laid over the curves" if record.id in self._runs.overlaid else ""
        return f"{text}{laid}{', shown' if self._is_shown(record, index) else ''}"

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        record, column = self.shown[index.row()], self.columns[index.column()]
        if role == Role.CheckStateRole and index.column() == 0:
            self._runs.overlay([record.id], on=Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role != Role.EditRole or not column.edits:
            return False
        text = " ".join(str(value).split()) if column.edits != "note" else str(value).strip()
        if column.edits == "tags":
            self._runs.describe(record.id, tags=[tag for part in text.split(",") if (tag := part.strip())])
        else:
            self._runs.describe(record.id, **{column.edits: text})
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Role.DisplayRole:
            return column.title[:1].upper() + column.title[1:].replace("_", " ")
        if role == Role.ToolTipRole:
            return f"{column.help}. Click to sort"
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


def figures_of(records: Sequence[RunRecord]) -> list[str]:
    """The figures that most runs have, the loss first."""
    counted: dict[str, int] = {}
    for record in records:
        for name in record.best:
            counted[name] = counted.get(name, 0) + 1
    order = sorted(counted, key=lambda name: (name != "loss", -counted[name]))
    return order[:FIGURES]


def differing(records: Sequence[RunRecord]) -> dict[str, str]:
    """By id, the plan values that not all runs have."""
    names = dict.fromkeys(name for record in records for name in record.plan if name not in _BESIDES)
    apart = [name for name in names if len({plan_text(record.plan.get(name)) for record in records}) > 1]
    return {
        record.id: ", ".join(f"{plan_title(name).lower()} {plan_text(record.plan.get(name))}" for name in apart)
        for record in records
    }


def started_text(record: RunRecord) -> str:
    """When a run began: the time of today, else the day as well."""
    began, now = time.localtime(record.started), time.localtime()
    if began[:3] == now[:3]:
        return time.strftime("%H:%M:%S", began)
    return time.strftime("%d %b %H:%M" if began[0] == now[0] else "%d %b %Y", began)


def _epochs(record: RunRecord) -> str:
    return (
        f"{record.epochs} of {record.epochs_planned}" if record.epochs < record.epochs_planned else str(record.epochs)
    )


def _figure(value: float | None) -> str:
    return "" if value is None else numbers.figure(value)


def _last(value: float | None) -> float:
    return math.inf if value is None or value != value else value


def _disc(color: str, *, ring: bool) -> QIcon:
    picture = QPixmap(20, 20)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    if color:
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawEllipse(1, 1, 8, 8)
        if ring:
            painter.setBrush(QColor(theme.current().panel))
            painter.drawEllipse(3, 3, 4, 4)
        painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # else Qt tints it
    return icon
