"""What is odd about data, a line each with the buttons that mend it; worked out in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from nnstudio.ui.background import Background, Job
from nnstudio.ui.parts import button, empty, label, row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.findings import DataCure, Finding

log = logging.getLogger(__name__)
NOTHING = "Nothing odd was found: no column tells the target, no row stands in two splits, no outliers."


class FindingsView(QScrollArea):
    """Findings of a data set. ``take`` is called with the cure that the person chose; ``found`` tells how many there
    are, once they are known."""

    found = Signal(int)

    def __init__(
        self, background: Background, take: Callable[[DataCure], object], *, nothing: str = NOTHING,
        offered: Callable[[DataCure], bool] = lambda cure: cure.network is None, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        """``take``: does a cure; ``offered``: whether it can be done now."""
        super().__init__(parent)
        self._background, self._take, self._nothing, self._offered = background, take, nothing, offered
        self._job: Job | None = None
        self.findings: tuple[Finding, ...] = ()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("What is odd about the data")
        inside = QWidget()
        inside.setProperty("role", "scrolled")
        self._lines = QVBoxLayout(inside)
        self._lines.setContentsMargins(16, 4, 16, 8)
        self._lines.setSpacing(8)
        self.setWidget(inside)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Look at another data set, and show what is odd when that is known."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._show(())
        if dataset is None:
            return

        def work(job: Job) -> tuple[Finding, ...]:
            from nnstudio.data.findings import findings

            return findings(dataset, lambda: not job.cancelled)

        self._say("Looking at the data …")
        self._job = self._background.run(work, self._known, self._failed, name="findings")

    def _failed(self, error: BaseException) -> None:
        log.error("the data could not be looked at", exc_info=error)
        self._job = None
        self._say("The data could not be looked at; the log says why.")

    def _known(self, findings: tuple[Finding, ...]) -> None:
        self._job = None
        self._show(findings)
        if not findings:
            self._say(self._nothing)
        self.found.emit(len(findings))

    def _say(self, text: str) -> None:
        empty(self._lines)
        if text:
            self._lines.addWidget(label(text, "muted", wrap=True))
        self._lines.addStretch()

    def _show(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        empty(self._lines)
        for finding in findings:
            text = label(f"{finding.message}.", wrap=True)
            cures = [self._button(cure) for cure in finding.cures if self._offered(cure)]
            line = row(text, *cures, spacing=8)
            line.setStretch(0, 1)
            self._lines.addLayout(line)
        self._lines.addStretch()

    def show_again(self) -> None:
        """Offer what can be done now: the network is another."""
        if self.findings:
            self._show(self.findings)

    def _button(self, cure: DataCure) -> QWidget:
        made = button(cure.title, lambda: self._take(cure))
        made.setToolTip(cure.explains)
        return made
