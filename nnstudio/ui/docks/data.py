"""The data panel: what the network learns from, as rows, pictures and distributions; what columns are; the split."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QProgressBar, QStackedLayout, QStackedWidget, QTabBar, QWidget

from nnstudio.ui.data_augment import AugmentPage
from nnstudio.ui.data_findings import FindingsView
from nnstudio.ui.data_steps import StepsPage
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.data_columns import ColumnsView, missing_values
from nnstudio.ui.docks.data_fields import FieldsPage
from nnstudio.ui.docks.data_pictures import PicturesView, picture_field
from nnstudio.ui.docks.data_repair import DataRepair
from nnstudio.ui.docks.data_rows import SPLIT_TITLES, RowsView
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.live import Live
from nnstudio.ui.parts import ElidedLabel, button, column, label, row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.findings import DataCure
    from nnstudio.ui.session import Session

NONE = ("No data yet", "Choose what the network learns from: its rows, pictures and distributions are shown here.")
PAGES = ("Pictures", "Rows", "Distributions", "Columns and split", "Preparation", "Augmentation", "Findings")
#: Reading that takes longer than this, in milliseconds, shows how far it is; so often is looked for first rows.
PATIENCE, LOOK = 400, 60


def summary(dataset: Dataset) -> str:
    """A data set in one line: ``1,797 rows · 1,257 training · 270 validation · 270 test · no values missing``."""
    parts = [numbers.count(dataset.total, "row")]
    parts += [f"{dataset.count(split):,} {title}" for split, (title, _) in SPLIT_TITLES.items()]
    missing = missing_values(dataset)
    parts.append(f"{numbers.count(missing, 'value')} missing" if missing else "no values missing")
    return " · ".join(parts)


class DataPanel(Live):
    """The data of the session, or an invitation to choose some."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._shown: Dataset | None = None
        self._search: Any = None
        self._told: set[int] = set()
        self.title, self.summary = label("", "heading"), ElidedLabel("", "faint")
        self.warning = ElidedLabel("", "problem")
        self.change = button("Change data …", self.choose, "quiet")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self._patience = QTimer(self)
        self._patience.setInterval(LOOK)
        self._looks = 0
        self._patience.timeout.connect(self._show_progress)
        self.rows, self.pictures = RowsView(), PicturesView()
        self.columns, self.fields = ColumnsView(session), FieldsPage(session)
        self.steps, self.augment = StepsPage(session), AugmentPage(session.background)
        self.augment.records.edited.connect(self._augmented)
        self.findings = FindingsView(session.background, self._mend, offered=self._offered)
        self.findings.found.connect(self._count_findings)
        self.views = (self.pictures, self.rows, self.columns, self.fields, self.steps, self.augment, self.findings)
        self.tabs, self.pages = QTabBar(), QStackedWidget()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for title, page in zip(PAGES, self.views, strict=True):
            self.tabs.addTab(title)
            self.pages.addWidget(page)
        self.tabs.currentChanged.connect(self._show_page)
        self.filled = QWidget()
        head = row(self.tabs, self.title, self.summary, self.change, spacing=12, margins=(16, 0, 8, 4))
        head.setStretch(2, 1)
        warned = row(self.warning, margins=(16, 0, 16, 4))
        self.filled.setLayout(column(head, self.bar, warned, self.pages, spacing=0))
        self.empty = EmptyState(*NONE, "Choose data …", self.choose)
        self.repair = DataRepair(session)
        home = QWidget()
        self.setLayout(column(self.repair, home, spacing=0))
        self.layout().setStretch(1, 1)  # type: ignore[attr-defined]
        self.stack = QStackedLayout(home)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.filled)
        session.data_changed.connect(self.refresh_soon)
        session.changed.connect(self.refresh_soon)

    def choose(self) -> None:
        """Ask the person which data to use."""
        from nnstudio.ui.data_dialog import choose_data

        choose_data(self.session, self.window())

    def _mend(self, cure: DataCure) -> None:
        """Do a cure of a finding, as a step that can be undone."""
        reference = self.session.reference
        if cure.network is not None:
            self.session.do(cure.title, cure.network)
            self.findings.show_again()
        elif reference is not None:
            self.session.do(cure.title, data=cure.change(reference).with_(types={}))

    def _offered(self, cure: DataCure) -> bool:
        """Whether a cure can be done: one of the network where it changes that."""
        network = self.session.network
        return cure.network is None or cure.network(network) is not network

    def _augmented(self, text: str, records: tuple[Any, ...], key: Hashable) -> None:
        """Augment otherwise, as a step that can be undone."""
        if self.session.reference is not None:
            self.session.do(text, merge_key=key, data=self.session.reference.with_(augment=records))

    def _count_findings(self, count: int) -> None:
        self.tabs.setTabText(len(PAGES) - 1, f"{PAGES[-1]} ({count})" if count else PAGES[-1])

    def refresh(self) -> None:
        session = self.session
        reading = session.data_job is not None
        dataset = session.dataset or (session.data_job.early if session.data_job is not None else None)
        self._wait(reading)
        self.repair.refresh()
        wrong = session.data_error and session.reference is not None and session.reference.steps
        if dataset is None and wrong and self._shown is not None:  # the steps stay, so that they can be mended
            dataset = self._shown
            self.warning.setText(session.data_error)
            self.warning.show()
        if dataset is None or session.reference is None:
            self._show_nothing(reading)
            return
        self.stack.setCurrentWidget(self.filled)
        if dataset is not self._shown:
            self._show(dataset)
        self.fields.show_split(session.reference)
        self.steps.show_reference(session.reference, session.data_error)
        self.augment.show_reference(session.reference)

    def _show_nothing(self, reading: bool) -> None:
        error = self.session.data_error
        if reading:
            self.empty.say("Reading the data", "Its rows, pictures and distributions are shown here in a moment.")
        elif error:
            self.empty.say("The data cannot be used", error)
        else:
            self.empty.say(*NONE)
        self.empty.button.setVisible(not reading)
        self.stack.setCurrentWidget(self.empty)
        if self._shown is not None:
            self._shown = None
            for page in self.views:
                page.show_dataset(None)

    def _show(self, dataset: Dataset) -> None:
        first = self._shown is None
        self._shown = dataset
        self.title.setText(dataset.title)
        self.summary.setText(summary(dataset))
        self._warn(dataset)
        self._look_through(dataset)
        self._show_tabs(dataset, first)

    def _look_through(self, dataset: Dataset) -> None:
        """Find files that cannot be read in the background, where that was not done at once."""
        if self._search is not None:
            self._search.cancel()
        if not dataset.is_unsure or dataset is not self.session.dataset:
            return
        work = lambda job: dataset.look_through(lambda: job.cancelled)  # noqa: E731
        known = len(dataset.warnings)

        def told(_: object) -> None:
            if dataset is self._shown and len(dataset.warnings) > known:
                self._warn(dataset)

        self._search = self.session.background.run(work, told, lambda _: None, name="look through")

    def _warn(self, dataset: Dataset) -> None:
        warnings = dataset.warnings
        more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        self.warning.setText(f"{warnings[0]}{more}" if warnings else "")
        self.warning.setVisible(bool(warnings))
        self.title.setToolTip("\n".join(warnings))

    def _show_tabs(self, dataset: Dataset, first: bool) -> None:
        pictured = bool(picture_field(dataset))
        self.tabs.setTabVisible(0, pictured)
        if first or (not pictured and self.tabs.currentIndex() == 0):
            self.tabs.setCurrentIndex(0 if pictured else 1)
        self._told.clear()
        self._show_page(self.tabs.currentIndex())
        whole = dataset is self.session.dataset
        self.tabs.setTabVisible(len(PAGES) - 1, whole)  # first rows are not judged
        self._count_findings(0)
        if whole and len(PAGES) - 1 not in self._told:
            self._told.add(len(PAGES) - 1)
            self.findings.show_dataset(dataset)

    def _show_page(self, place: int) -> None:
        """Bring a page to the front; it takes the data when it is first seen with it."""
        self.pages.setCurrentIndex(place)
        if self._shown is not None and place not in self._told:
            self._told.add(place)
            self.views[place].show_dataset(self._shown)

    def _wait(self, reading: bool) -> None:
        if reading and not self._patience.isActive():
            self._looks = 0
            self._patience.start()
        elif not reading:
            self._patience.stop()
            self.bar.hide()

    def _show_progress(self) -> None:
        job = self.session.data_job
        if job is None:
            self._wait(False)
            return
        if job.early is not None and self._shown is None:
            self.refresh()
        self._looks += 1
        if self._looks * LOOK < PATIENCE:
            return
        self.repair.refresh()
        share = job.progress[0]
        self.bar.setValue(round(1000 * share))
        self.bar.show()
        if self.stack.currentWidget() is self.empty:
            self.empty.say("Reading the data", f"{numbers.share(share)} is read.")
