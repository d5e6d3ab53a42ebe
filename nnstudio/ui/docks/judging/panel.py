"""The panel "Evaluate": a trained network judged on a split of the data, a page for each way of looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QStackedLayout, QStackedWidget, QTabBar, QWidget

from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.data_rows import SPLIT_TITLES
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.frame import PlotFrame
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.attacking import AttackPage
from nnstudio.ui.docks.judging.calibration import CalibrationPage
from nnstudio.ui.docks.judging.confusion import ConfusionPage
from nnstudio.ui.docks.judging.explaining import ExplainPage
from nnstudio.ui.docks.judging.objects import ObjectsPage
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.residuals import ResidualsPage
from nnstudio.ui.docks.judging.slicing import SlicesPage
from nnstudio.ui.docks.judging.thresholds import CurvesPage
from nnstudio.ui.docks.judging.worst import PositionsPage, WorstPage
from nnstudio.ui.docks.live import SNAPSHOTS, Live
from nnstudio.ui.parts import ElidedLabel, column, row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnstudio.project.judging.judge import Judged
    from nnstudio.ui.session import Session

PAGES: dict[str, type[Page]] = {
    kind.title: kind for kind in (
        ConfusionPage, ObjectsPage, CurvesPage, CalibrationPage, ResidualsPage, PositionsPage, WorstPage, SlicesPage,
        AttackPage, ExplainPage,
    )
}  # fmt: skip


class JudgingPanel(Live):
    """Pages of what was judged; before there is anything to judge, what to do for it."""

    pace = SNAPSHOTS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.assessing = Assessing(session, self)
        self.wished = ""
        self._built: dict[str, Page] = {}
        self.tabs, self.stacked = QTabBar(), QStackedWidget()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)  # a bold title needs more room
        self.tabs.setAccessibleName("Ways of looking at the answers")
        for title in PAGES:
            self.tabs.addTab(title)
        self.tabs.currentChanged.connect(self._show_page)
        self.split, self.output = Choice("Which rows are judged"), Choice("Which output is judged")
        self.split.chosen.connect(self._choose_split)
        self.output.chosen.connect(lambda index: self.assessing.choose(self.assessing.split, self.output.items[index]))
        self.summary = ElidedLabel("", "faint")
        self._make_progress()
        filled = QWidget()
        head = row(self.tabs, self.summary, self.output, self.split, spacing=8, margins=(16, 0, 8, 2))
        head.setStretch(0, 1)
        self.summary.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)  # it gives way to the tabs
        filled.setLayout(column(head, self.stacked, spacing=0))
        filled.layout().setStretch(1, 1)
        self.filled = filled
        self.empty = EmptyState("", "", "Start training", self._help)
        inside = QWidget()
        self.stack = QStackedLayout(inside)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        self.setLayout(column(self.progress, inside, spacing=0))
        self.layout().setStretch(1, 1)  # type: ignore[call-overload]
        self.assessing.changed.connect(self.refresh_soon)
        self.assessing.progressed.connect(self._progressed)
        for signal in (session.run_changed, session.data_changed, session.resolved):
            signal.connect(self.refresh_soon)

    def _make_progress(self) -> None:
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How far the evaluation is")
        self.how = ElidedLabel("", "faint")
        self.how.setMinimumWidth(200)
        cancel = tool("Cancel", "Give up what is being worked out")
        cancel.clicked.connect(self._cancel)
        self.cancel = cancel
        self.progress = QWidget()
        layout = row(self.bar, self.how, cancel, spacing=10, margins=(16, 2, 8, 0))
        layout.setStretch(0, 1)
        self.progress.setLayout(layout)
        self.progress.hide()

    # --- choosing -----------------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.page_of(tuple(PAGES)[self.tabs.currentIndex()])

    def page_of(self, title: str) -> Page:
        """The page of this title, built where it has not been yet."""
        if title not in self._built:
            page = self._built[title] = PAGES[title](self.assessing)
            page.explained.connect(self.explain)
            for frame in page.findChildren(PlotFrame):
                frame.failed.connect(lambda sentence: self.session.notice.emit("error", sentence))
                frame.saved.connect(lambda path: self.session.notice.emit("info", f"Saved {path}"))
            self.stacked.addWidget(page)
        return self._built[title]

    def show_page(self, title: str) -> None:
        """Show a page, as soon as there is anything to judge."""
        self.wished = title
        self.refresh_soon()

    def explain(self, place: int) -> None:
        """Explain the answer to a row of what was judged."""
        page = self.page_of(ExplainPage.title)
        assert isinstance(page, ExplainPage)
        page.judged = self.assessing.judged
        self.tabs.setCurrentIndex(tuple(PAGES).index(ExplainPage.title))
        page.explain(place)

    def _choose_split(self, index: int) -> None:
        self.assessing.choose(self.assessing.splits()[index], self.assessing.name)
        self.chose.emit()

    @property
    def choices(self) -> dict[str, object]:
        return {"split": self.assessing.split, "page": tuple(PAGES)[self.tabs.currentIndex()]}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        if choices.get("split") in SPLIT_TITLES:
            self.assessing.split = str(choices["split"])
        if choices.get("page") in PAGES:
            self.tabs.setCurrentIndex(tuple(PAGES).index(str(choices["page"])))

    def _help(self) -> None:
        """What the button of the empty state does."""
        session = self.session
        if self.assessing.error:
            self.assessing.error = ""
            self.assessing.ask()
        elif session.run_state == "running":
            session.pause()
        elif session.dataset is None:
            from nnstudio.ui.data_dialog import choose_data

            choose_data(session, self.window())
        else:
            session.start()

    def _cancel(self) -> None:
        waited = self.assessing.judged is None
        self.assessing.cancel()
        if waited:
            self.assessing.error = "It was cancelled before the network had answered all rows."
        self.refresh_soon()

    # --- drawing ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        self.assessing.wake(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        if self.assessing.busy:
            self.page.judged = None  # what it waits for is given up: it is drawn anew when it comes into sight
            self.refresh_soon()
        self.assessing.wake(False)
        super().hideEvent(event)

    def restyle(self) -> None:
        for page in self._built.values():
            page.restyle()

    def refresh(self) -> None:
        assessing = self.assessing
        judged = assessing.judged
        if judged is None:
            self._invite()
            return
        titles = list(PAGES)
        suits = [page.suits(judged) for page in PAGES.values()]
        for place, suited in enumerate(suits):
            self.tabs.setTabVisible(place, suited)
        if self.wished in titles and suits[titles.index(self.wished)]:
            self.tabs.setCurrentIndex(titles.index(self.wished))
        elif not suits[self.tabs.currentIndex()]:
            self.tabs.setCurrentIndex(suits.index(True))
        self.wished = ""
        splits = assessing.splits()
        self.split.offer([SPLIT_TITLES[split][0].capitalize() for split in splits])
        self.split.show_index(splits.index(judged.split))
        names = assessing.names()
        self.output.offer(names if len(names) > 1 else [])
        self.output.show_index(names.index(judged.subject.name) if len(names) > 1 else -1)
        by = f"as {self._judge_of(judged)} compares them · " if judged.subject.beyond else ""
        self.summary.setText(f"{by}{len(judged.rows):,} rows of {assessing.session.dataset.title}")
        self.stack.setCurrentWidget(self.filled)
        self.stacked.setCurrentWidget(self.page)
        self.page.show_judged(judged)

    def _judge_of(self, judged: Judged) -> str:
        """The name of the loss or metric by which it was judged."""
        judge = self.assessing.judge
        return judge.compiled.network.nodes[judged.subject.judge].name if judge is not None else judged.subject.name

    def _show_page(self, place: int) -> None:
        judged = self.assessing.judged
        if judged is not None and self.page.suits(judged):
            self.stacked.setCurrentWidget(self.page)
            self.page.show_judged(judged)
        self.chose.emit()

    def _invite(self) -> None:
        session, assessing = self.session, self.assessing
        button = ""
        if session.dataset is None:
            reading = session.data_job is not None
            title = "The data is being read" if reading else "No data yet"
            text = session.data_error or "A network is judged on rows of the data that it was not trained on."
            button = "" if reading else "Choose data …"
        elif session.run_state in ("running", "starting", "stopping"):
            title, text = "The network is being trained", "Pause or stop the run to judge the network as it is then."
            button = "Pause"
        elif not assessing.ready:
            title = "Nothing to judge yet"
            text = "Train the network, then its answers are shown here: what it takes for what, how sure it can be "
            text += "trusted, where it is worst, what fools it, and why it says what it says."
            button = "Start training"
        elif assessing.error:
            title, text, button = "The network cannot be judged", assessing.error, "Try again"
        else:
            title, text = "The network is being asked", "Its answers are shown here in a moment."
        self.empty.say(title, text)
        self.empty.button.setText(button)
        self.empty.button.setVisible(bool(button))
        self.stack.setCurrentWidget(self.empty)

    def _progressed(self, share: float, text: str) -> None:
        self.progress.setVisible(share >= 0)
        if share >= 0:
            self.bar.setValue(round(1000 * share))
            self.how.setText(text)
