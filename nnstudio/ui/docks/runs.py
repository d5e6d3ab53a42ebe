"""The runs panel: every run of the project in a table, beside the curves of those that are chosen and what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSize, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStackedLayout,
    QTableView,
    QToolButton,
    QWidget,
)

from nnstudio.compile.figures import memory_text
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.live import Live
from nnstudio.ui.docks.loss import LossPlot
from nnstudio.ui.docks.runs_details import RunDetails
from nnstudio.ui.docks.runs_model import RunsModel
from nnstudio.ui.parts import ElidedLabel, column, row
from nnstudio.ui.run_commands import RUN_ROWS, RunActions

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

Flags = QItemSelectionModel.SelectionFlag
#: From this width on, in pixels, table, curves and differences stand side by side.
WIDE = 1150
EMPTY = ("No runs yet", "Every training run of this project is listed here with its figures, its plan and its network.")


class RunTable(QTableView):
    """The table. Enter shows a run, Space lays it over the curves, F2 edits, Delete deletes."""

    def __init__(self, model: RunsModel, actions: RunActions) -> None:
        super().__init__()
        self._rows, self._actions = model, actions
        self.setModel(model)
        self.setAccessibleName("Runs")
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setIconSize(QSize(10, 10))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setSortIndicatorClearable(True)
        head.setStretchLastSection(False)
        self.fit_text()

    def fit_text(self) -> None:
        """Make rows and columns as large as the text wants them."""
        self.setFont(theme.ui_font(12))
        self.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        for place, each in enumerate(self._rows.columns):
            self.setColumnWidth(place, theme.scaled(each.width))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        commands: Mapping[int, Callable[[], object]] = {
            Qt.Key.Key_Return: self._actions.show, Qt.Key.Key_Enter: self._actions.show,
            Qt.Key.Key_Space: self._actions.overlay, Qt.Key.Key_Delete: self._actions.delete,
        }  # fmt: skip
        if event.key() in commands and not event.modifiers():
            commands[event.key()]()
            return
        if event.key() == Qt.Key.Key_F2 and not event.modifiers():
            self.edit_cell()
            return
        super().keyPressEvent(event)

    def edit_cell(self) -> None:
        """Edit the present cell where it can be edited, else the name of the run."""
        index = self.currentIndex()
        if index.isValid() and not self._rows.columns[index.column()].edits:
            index = index.siblingAtColumn(0)
            self.setCurrentIndex(index)
        if index.isValid():
            self.edit(index)


class RunsPanel(Live):
    """Table, curves and differences; an invitation while there are no runs."""

    pace = 100

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.runs = session.runs
        self.actions_of = RunActions(session, self)
        self.model = RunsModel(self.runs)
        self.model.setParent(self)
        self.table = RunTable(self.model, self.actions_of)
        self.plot, self.details = LossPlot(session), RunDetails(session)
        self._following = False
        self._watching = False
        self._build_head()
        left = QWidget()
        left.setLayout(column(self._head, self.table, spacing=6, margins=(16, 6, 4, 6)))
        self.folding = Folding(
            [("Runs", left, 6), ("Curves", self.plot, 4), ("Differences", self.details, 3)], wide=WIDE
        )
        self.empty = EmptyState(*EMPTY, "Start training", session.start)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.folding)
        self.table.selectionModel().selectionChanged.connect(self._choose)
        self.model.modelReset.connect(self._laid_out)
        self.table.doubleClicked.connect(lambda index: self._double_clicked(index.column()))
        self.table.customContextMenuRequested.connect(self._offer)
        self.plot.frame.failed.connect(lambda sentence: session.notice.emit("error", sentence))
        self.plot.frame.saved.connect(lambda path: session.notice.emit("info", f"Saved {path}"))
        for signal in (self.runs.changed, session.run_changed):
            signal.connect(self.refresh_soon)

    def _build_head(self) -> None:
        self.summary = ElidedLabel("", "heading")
        self.undo = tool("Undo", "Take the runs that were deleted last out of the bin, where they stay for a week")
        self.undo.clicked.connect(self.actions_of.undelete)
        self.undo.hide()
        self.buttons = {}
        for id in ("show_run", "overlay_runs", "restore_run", "delete_runs"):
            each = next(one for one in RUN_ROWS if one.id == id)
            made = tool(each.short, each.tip)
            made.clicked.connect(lambda _=False, each=each: each.do(self.actions_of))
            self.buttons[id] = made
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter runs by any word")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(80)
        self.filter.setMaximumWidth(130)
        self.filter.textChanged.connect(self.model.filter)
        self.more = tool("⋯", "More for runs")
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(lambda: self.actions_of.fill(self.menu))
        self.more.setMenu(self.menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._head = row(self.summary, self.undo, *self.buttons.values(), self.filter, self.more, spacing=6)
        self._head.setStretch(0, 1)

    # what is shown

    def refresh(self) -> None:
        runs = self.runs
        self.stack.setCurrentWidget(self.folding if runs.records or runs.binned or runs.error else self.empty)
        self.empty.button.setEnabled(self.session.run_state == "idle")
        self.model.refresh()
        size = sum(runs.sizes.values())
        count = len(runs.records)
        text = numbers.count(count, "run") + (f" · {memory_text(size)}" if size else "")
        gone = len(runs.deleted)
        self.undo.setVisible(gone > 0)
        if gone:
            text = f"{numbers.count(gone, 'run')} deleted"
        self.summary.setText(runs.error or text)
        for id, button in self.buttons.items():
            each = next(one for one in RUN_ROWS if one.id == id)
            button.setEnabled(each.can(self.actions_of))
        self.plot.refresh_soon()

    def restyle(self) -> None:
        self.table.fit_text()

    def _laid_out(self) -> None:
        """Rows came, went or changed places: those that were chosen stay so."""
        self._following = True
        self.table.fit_text()
        chosen = QItemSelection()
        for id in self.runs.chosen:
            place = self.model.place(id)
            if place is not None:
                chosen.select(self.model.index(place, 0), self.model.index(place, len(self.model.columns) - 1))
        self.table.selectionModel().select(chosen, Flags.ClearAndSelect)
        self._following = False

    def _choose(self, *_: object) -> None:
        if self._following:
            return
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        self.runs.chosen = tuple(self.model.shown[place].id for place in rows)
        self.runs.changed.emit()

    def _double_clicked(self, place: int) -> None:
        if self.model.columns[place].edits in ("tags", "note"):
            self.table.edit_cell()
        else:
            self.actions_of.show()

    def _offer(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.actions_of.fill(menu)
        menu.popup(self.table.viewport().mapToGlobal(at))

    # while it is seen, what others write is looked for

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._watch(False)

    def _watch(self, on: bool) -> None:
        if on != self._watching:
            self._watching = on
            self.runs.watch(on)

    @property
    def choices(self) -> dict[str, object]:
        return self.plot.choices

    def choose_again(self, choices: Mapping[str, object]) -> None:
        self.plot.choose_again(choices)
