"""The network panel: every node with what it costs, as a table, and bars of where parameters and time go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QItemSelectionRange, QModelIndex, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStackedLayout,
    QTableView,
    QToolButton,
    QWidget,
)

from nnstudio.atomic import replacing
from nnstudio.compile.figures import count_text, memory_text, seconds_text
from nnstudio.ui import theme
from nnstudio.ui.background import Job
from nnstudio.ui.costing import Costing
from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.cost_bars import Share, ShareBar
from nnstudio.ui.docks.cost_shares import MOST, cut_up
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.live import Live
from nnstudio.ui.docks.network_model import Layout, NetworkModel
from nnstudio.ui.docks.network_rows import COLUMNS, Row, as_text
from nnstudio.ui.parts import ElidedLabel, column, label, row
from nnstudio.ui.scope import WHOLE

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

Flags = QItemSelectionModel.SelectionFlag
#: What the parts of a bar are.
BY = ("by layer", "by family")
WIDTHS = (210, 150, 120, 100, 110, 90, 90, 80)
#: More rows than this are laid out in the background.
MANY = 1000
EMPTY = ("Nothing drawn yet", "What every layer costs is listed here. Drag a layer onto the canvas, or press Ctrl+L.")
WAITING = ("Working it out", "What every layer costs is being worked out.")


class Table(QTableView):
    """Rows of the network. A click on a block's mark, or Right and Left, opens and folds it."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__()
        self._rows = model
        self.setModel(model)
        self.setAccessibleName("Network")
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setIconSize(QSize(9, 9))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setSortIndicatorClearable(True)
        head.setStretchLastSection(True)
        self.fit_text()

    def fit_text(self) -> None:
        """Make rows and columns as large as the text wants them."""
        self.setFont(theme.ui_font(12))
        self.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        for place, width in enumerate(WIDTHS):
            self.setColumnWidth(place, theme.scaled(width))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() == 0:
            depth = self._rows.shown[index.row()][1]
            mark = 28 + 4 * self.fontMetrics().horizontalAdvance(" ") * depth
            near = abs(event.position().x() - self.columnViewportPosition(0) - mark - 2) <= 10
            if near and self._rows.toggle(index.row()):
                return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and index.isValid() and not event.modifiers():
            place = index.row()
            if self._rows.toggle(place, event.key() == Qt.Key.Key_Right):
                self.setCurrentIndex(self._rows.index(place, 0))
                return
        super().keyPressEvent(event)


class NetworkPanel(Live):
    """The whole network as a table, in step with the canvas, and where its parameters and its time go."""

    pace = 100

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.costing = Costing.of(session)
        self.model = NetworkModel()
        self.model.setParent(self)
        self.table = Table(self.model)
        self._following = False
        self._job: Job | None = None  # which lays very many rows out
        self._shown: tuple[object, ...] = ()
        self._cut: dict[str, _Cut] = {}
        self._build_head()
        self._build_bars()
        filled = QWidget()
        filled.setLayout(column(self._head, self._bars, self.table, spacing=6, margins=(16, 6, 12, 6)))
        self.empty = EmptyState(*WAITING)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        self.model.modelReset.connect(self._show_selection)
        self.table.selectionModel().selectionChanged.connect(self._choose)
        self.table.doubleClicked.connect(lambda index: self._reveal(self.model.shown[index.row()][0].id))
        session.selection_changed.connect(self.refresh_soon)
        for signal in (session.resolved, session.changed, session.scope_changed, self.costing.changed):
            signal.connect(self.refresh_soon)

    def _build_head(self) -> None:
        self.summary = ElidedLabel("", "heading")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name or type")
        self.filter.setAccessibleName("Filter by name or type")
        self.filter.setClearButtonEnabled(True)
        self.filter.setFixedWidth(200)
        self.filter.textChanged.connect(self.model.filter)
        self.measure = tool("Measure time", "Run each layer on this machine and see how long it takes")
        self.measure.clicked.connect(self.costing.measure)
        self.by = Choice("What the parts of the bars are")
        self.by.offer(BY)
        self.by.show_index(0)
        self.by.chosen.connect(lambda _: self._show_bars())
        more = tool("⋯", "More for this table")
        menu = QMenu(self)
        menu.addAction("Copy table", lambda: self._copy("\t"))
        menu.addAction("Copy as CSV", lambda: self._copy(","))
        menu.addSeparator()
        menu.addAction("Save as CSV …", self._save)
        more.setMenu(menu)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = menu
        self._head = row(self.summary, self.measure, self.by, self.filter, more, spacing=8)
        self._head.setStretch(0, 1)

    def _build_bars(self) -> None:
        self.parameters, self.time = ShareBar(), ShareBar()
        self.time_label = label("Time", "muted")
        self.time_label.setToolTip("")
        for bar in (self.parameters, self.time):
            bar.chosen.connect(self._choose_ids)
        self._bars = row(label("Parameters", "muted"), self.parameters, self.time_label, self.time, spacing=8)
        self._bars.setStretch(1, 1)
        self._bars.setStretch(3, 1)

    # what is shown

    def refresh(self) -> None:
        if not self.session.sheet.network.nodes:
            self.empty.say(*EMPTY)
            self.stack.setCurrentIndex(0)
            return
        self.costing.ask()
        costs = self.costing.costs
        if costs is None:
            self.empty.say(*WAITING)
            self.stack.setCurrentIndex(0)
            return
        self.stack.setCurrentIndex(1)
        shown = (costs, self.costing.timing, theme.current().name)
        if not _same(shown, self._shown):
            if len(self.costing.rows) > MANY:
                self._show_later(shown)
                return
            self._shown = shown
            self._show_costs(self._prepare()())
        self._show_measuring()
        self._show_selection()
        self._show_bars()

    def restyle(self) -> None:
        self.table.fit_text()

    def _show_later(self, shown: tuple[object, ...]) -> None:
        """Have very many rows laid out in the background, and show them then."""
        if self._job is not None:
            return
        prepare = self._prepare()

        def done(prepared: _Prepared) -> None:
            self._job = None
            if _same(shown, (self.costing.costs, self.costing.timing, theme.current().name)):
                self._shown = shown
                self._show_costs(prepared)
            self.refresh_soon()

        def failed(error: BaseException) -> None:
            self._job = None
            raise error

        self._job = self.session.background.run(lambda _: prepare(), done, failed, name="rows")

    def _prepare(self) -> Callable[[], _Prepared]:
        """A function that works out what is shown of the present costs, in whatever thread calls it."""
        costs, timing, rows = self.costing.costs, self.costing.timing, self.costing.rows
        assert costs is not None
        total = Row("", "Total", "", "", None, costs.total)
        total.seconds = timing.total if timing is not None else None
        seconds = timing.seconds if timing is not None else {}
        by, tokens = self.by.index, theme.current().name
        whats = ("parameters", "time" if timing is not None else "multiply_adds")
        lay_out = self.model.laying_out(rows, total)

        def prepared() -> _Prepared:
            _put_times(rows, seconds)
            cut = {what: ((costs, timing, by, tokens), cut_up(rows, what, by)) for what in whats}
            return _Prepared(rows, total, lay_out(), cut)

        return prepared

    def _show_costs(self, prepared: _Prepared) -> None:
        costs = self.costing.costs
        assert costs is not None
        self._cut.update(prepared.cut)
        self.model.show_rows(prepared.rows, prepared.total, prepared.layout)
        figures = costs.total
        least = "" if figures.known else "at least "
        batch = costs.regime.batch_size
        self.summary.setText(
            f"{least}{count_text(figures.parameters)} parameters · {count_text(figures.multiply_adds)} multiply–adds a "
            f"sample · {memory_text(figures.training_memory)} to train and {memory_text(figures.prediction_memory)} to "
            f"predict a batch of {batch:,}"
        )

    def _show_measuring(self) -> None:
        timing, busy = self.costing.timing, self.costing.measuring is not None
        self.measure.setText("Measuring …" if busy else "Measure again" if timing is not None else "Measure time")
        self.measure.setEnabled(not busy)
        if timing is not None:
            self.time_label.setText("Time")
            self.time_label.setToolTip(
                f"Measured on this machine ({timing.device}): a forward pass of {timing.samples:,} samples takes "
                f"{seconds_text(timing.total)}"
            )
        else:
            self.time_label.setText("Time, by multiply–adds")
            self.time_label.setToolTip(
                "Estimated: each layer's share of the multiply–adds. Measure time to know better"
            )

    def _show_bars(self) -> None:
        marked = frozenset(row.id for row in self._chosen_rows())
        self.parameters.show_shares(self._shares("parameters"), marked)
        self.time.show_shares(self._shares("time" if self.costing.timing is not None else "multiply_adds"), marked)

    def _shares(self, what: str) -> list[Share]:
        known = (self.costing.costs, self.costing.timing, self.by.index, theme.current().name)
        if not _same(self._cut.get(what, ((), []))[0], known):
            self._cut[what] = (known, cut_up(self.costing.rows, what, self.by.index))
        return self._cut[what][1]

    # selection, in step both ways

    def _chosen_rows(self) -> list[Row]:
        prefix = self.session.scope.prefix
        places = (self.model.place(prefix + id) for id in self.session.selection)
        return [self.model.shown[place][0] for place in places if place is not None]

    def _show_selection(self) -> None:
        if self._following:
            return
        prefix = self.session.scope.prefix
        found = (self.model.place(prefix + id) for id in self.session.selection)
        places = sorted(place for place in found if place is not None)
        runs = _runs(places)
        ranges: list[QItemSelectionRange] = list(self.table.selectionModel().selection())  # type: ignore[call-overload]
        present = sorted((each.top(), each.bottom()) for each in ranges)
        if runs == present:
            return
        self._following = True
        chosen = QItemSelection()
        for first, last in runs:
            chosen.select(self.model.index(first, 0), self.model.index(last, len(COLUMNS) - 1))
        self.table.selectionModel().select(chosen, Flags.ClearAndSelect)
        if places and not any(first <= place <= last for first, last in present for place in places[:MOST]):
            self.table.scrollTo(self.model.index(places[0], 0))
        self._following = False

    def _choose(self, *_: object) -> None:
        if self._following:
            return
        indexes: list[QModelIndex] = self.table.selectionModel().selectedRows()
        self._choose_ids(self.model.shown[index.row()][0].id for index in indexes)

    def _choose_ids(self, ids: Iterable[str]) -> None:
        """Select these rows' nodes on the canvas: of those inside a block that is not open, the block."""
        prefix = self.session.scope.prefix
        wanted = [id for id in ids if id]
        if prefix and not all(id.startswith(prefix) for id in wanted):
            self.session.open_scope(WHOLE)
            prefix = ""
        self._following = True
        self.session.select(id.removeprefix(prefix).partition("/")[0] for id in wanted)
        self._following = False
        self.refresh_soon()

    def _reveal(self, id: str) -> None:
        if id:
            self._choose_ids([id])
            self.session.reveal(id.removeprefix(self.session.scope.prefix).partition("/")[0])

    # out of the window

    def _copy(self, separator: str) -> None:
        QGuiApplication.clipboard().setText(as_text(self.model.rows(), separator))
        self.session.notice.emit("info", f"{len(self.model.rows()):,} rows are on the clipboard.")

    def _save(self) -> None:
        start = f"{self.session.title}-network.csv"
        name, _ = QFileDialog.getSaveFileName(self, "Save table", start, "CSV (*.csv)")
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(".csv")
        try:
            with replacing(path) as file:
                file.write(as_text(self.model.rows(), ",").encode())
        except OSError as error:
            reason = error.strerror or error
            self.session.notice.emit("error", f"{path.name} was not written: {reason}. Choose another place.")
        else:
            self.session.notice.emit("info", f"Wrote {path.name}.")


#: The parts of a bar, and what they depend on.
_Cut = tuple[tuple[object, ...], list[Share]]


class _Prepared(NamedTuple):
    """What is shown of a network's costs: the rows, their total, how they are laid out, and the parts of the bars."""

    rows: list[Row]
    total: Row
    layout: Layout
    cut: Mapping[str, _Cut]


def _same(first: tuple[object, ...], second: tuple[object, ...]) -> bool:
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))


def _put_times(rows: Iterable[Row], seconds: Mapping[str, float]) -> None:
    for each in rows:
        each.seconds = seconds.get(each.id)
        _put_times(each.parts, seconds)


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Neighbouring places together: first and last of each run."""
    if not places:
        return []
    cuts = [at for at, (a, b) in enumerate(pairwise(places), 1) if b != a + 1]
    starts, ends = [0, *cuts], [*cuts, len(places)]
    return [(places[start], places[end - 1]) for start, end in zip(starts, ends, strict=True)]
