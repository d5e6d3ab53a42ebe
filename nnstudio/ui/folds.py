"""Cross-validation in the window: how many folds, how far it is, and a table of what each fold gave."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QProgressBar,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from nnstudio.compile.figures import duration_text
from nnstudio.train.control import Control
from nnstudio.train.events import Event, RunStarted
from nnstudio.train.privacy import told
from nnstudio.ui.actions import Action
from nnstudio.ui.background import Background, Job
from nnstudio.ui.docks import numbers
from nnstudio.ui.parts import button, capital, column, label, row

if TYPE_CHECKING:
    from nnstudio.project.crossing import CrossValidation, Fold
    from nnstudio.ui.session import Session
    from nnstudio.ui.window import MainWindow

log = logging.getLogger(__name__)
WHAT = (
    "The network is trained once for each fold, from new weights, on the rows of all other folds, and judged by the "
    "rows of that one. How far the figures lie apart says how much of one figure is luck. The test rows and the "
    "project's weights stay untouched."
)


class FoldsDialog(QDialog):
    """Trains in the background; closing it ends that."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Cross-validate")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 460)
        self._session, self._background = session, Background(self)
        self._job: Job | None = None
        self._control = Control()
        self._folds: list[Fold] = []
        self._began = 0.0
        self.folds = QSpinBox()
        self.folds.setRange(2, 50)
        self.folds.setValue(5)
        self.folds.setAccessibleName("Folds")
        self.start = button("Start", self._start, "primary")
        self.start.setObjectName("start_folds")
        self.stop = button("Stop", self._stop)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.left = label("", "muted")
        self.table = QTableWidget(0, 0)
        self.table.setAccessibleName("What each fold gave")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        head = row(label("Folds"), self.folds, self.start, self.stop, 1, self.left, spacing=10)
        self.setLayout(
            column(label(WHAT, "muted", wrap=True), head, self.bar, self.table, spacing=12, margins=(18, 16, 18, 16))
        )
        self._watch = QTimer(self)
        self._watch.setInterval(100)
        self._watch.timeout.connect(self._look)
        self._busy(False)

    def _busy(self, on: bool) -> None:
        self.start.setEnabled(not on)
        self.folds.setEnabled(not on)
        self.stop.setVisible(on)
        self.bar.setVisible(on)

    def _start(self) -> None:
        session, folds = self._session, self.folds.value()
        dataset, network, plan = session.dataset, session.sheet.network, session.sheet.plan
        if dataset is None:
            self.left.setText("Choose data first.")
            return
        self._control, self._folds, self._began = Control(), [], time.monotonic()
        control, found = self._control, self._folds

        def work(job: Job) -> CrossValidation:
            from nnstudio.project.crossing import cross_validate
            from nnstudio.ui.loading import load_torch

            load_torch()
            steps = 1

            def progress(number: int, event: Event) -> None:
                nonlocal steps
                if isinstance(event, RunStarted):
                    steps = max(1, event.epochs * event.steps_per_epoch)
                job.report((number - 1 + min(1.0, event.step / steps)) / folds)

            return cross_validate(network, plan, dataset, folds, control, progress, found.append)

        self._show(folds)
        self._busy(True)
        self._watch.start()
        self._job = self._background.run(work, self._done, self._failed, name="folds")

    def _look(self) -> None:
        """Show how far it is and the folds that are done."""
        if self._job is None:
            return
        share = self._job.progress[0]
        self.bar.setValue(round(1000 * share))
        if share > 0.02:
            seconds = (time.monotonic() - self._began) * (1.0 - share) / share
            self.left.setText(f"{duration_text(seconds)} left")
        self._show(self.folds.value())

    def _show(self, asked: int) -> None:
        from nnstudio.project.crossing import CrossValidation

        found = CrossValidation(tuple(self._folds), asked)
        names = found.names
        self.table.setColumnCount(2 + len(names))
        self.table.setHorizontalHeaderLabels(["Fold", "Rows", *(capital(name) for name in names)])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        lines = [
            (str(fold.number), f"{fold.rows:,}", *(numbers.figure(fold.figures[name]) for name in names))
            for fold in found.folds
        ]
        if lines:
            mean, deviation = found.mean, found.deviation
            spread = (f"{numbers.figure(mean[name])} ± {numbers.figure(deviation[name])}" for name in names)
            lines.append(("Mean", "", *spread))
        self.table.setRowCount(len(lines))
        for at, line in enumerate(lines):
            for place, text in enumerate(line):
                item = QTableWidgetItem(text)
                font = item.font()
                font.setBold(at == len(found.folds))
                item.setFont(font)
                self.table.setItem(at, place, item)

    def _done(self, found: CrossValidation) -> None:
        self._ended()
        stopped = len(found.folds) < found.asked
        ended = f"Stopped after {len(found.folds)} of {found.asked} folds" if stopped else "Done"
        given = f"; all together {told(*found.spent)} for any one row" if found.spent is not None else ""
        self.left.setText(ended + given)

    def _failed(self, error: BaseException) -> None:
        self._ended()
        log.warning("cross-validation failed", exc_info=error)
        self.left.setText(capital(str(error)))

    def _ended(self) -> None:
        self._job = None
        self._watch.stop()
        self._busy(False)
        self._show(self.folds.value())

    def _stop(self) -> None:
        self._control.stop()
        self.left.setText("Stopping …")

    def done(self, result: int) -> None:
        """Close; what is still trained is ended."""
        self._watch.stop()
        self._control.stop()
        self._background.shut_down()
        super().done(result)


def folds_commands(window: MainWindow) -> Iterable[Action]:
    """Cross-validation of the drawing, with its plan and data."""
    session = window.session

    def begin() -> None:
        FoldsDialog(session, window).open()

    yield Action(
        "cross_validate", "Cross-validate …", begin, (), "", "Training",
        "Train once for each of some folds of the data, and see how far the figures lie apart",
        enabled_when=lambda: window.in_workspace and session.run_state == "idle" and session.dataset is not None,
        words="k-fold folds validation variance spread",
    )  # fmt: skip
