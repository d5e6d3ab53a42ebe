"""The problems panel: what is wrong with the network or with its training, where, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from nnstudio.diagnose.titles import PAGE, title
from nnstudio.ui.docks.diagnosis_card import DiagnosisCard
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.finding_row import FindingRow
from nnstudio.ui.docks.findings import Finding, findings, summary
from nnstudio.ui.docks.live import Live
from nnstudio.ui.fix_buttons import fixes_now
from nnstudio.ui.parts import ElidedLabel, label
from nnstudio.ui.scope import WHOLE

if TYPE_CHECKING:
    from nnstudio.compile.previewing import Preview
    from nnstudio.diagnose.cures import Cure
    from nnstudio.ui.session import Session

#: Rows that are shown at most; the rest is counted.
MOST = 200
#: Fixes are looked for in so many rows.
ASKED = 40


class ProblemsPanel(Live):
    """Problems of the network and diagnoses of the run, worst first. A click selects the node; a fix is one click."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.rows: list[FindingRow] = []
        self._shown: list[tuple[Finding, str]] | None = None
        self.heading, self.more = label("", "heading"), label("", "muted")
        self.foretold = ElidedLabel("", "muted")
        self._inside = QWidget()
        self._inside.setProperty("role", "scrolled")
        self._list = QVBoxLayout(self._inside)
        self._list.setContentsMargins(4, 0, 4, 8)
        self._list.setSpacing(0)
        self._list.addWidget(self.more)
        self._list.addStretch()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Problems")
        scroll.setWidget(self._inside)
        self._scroll = scroll
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        self.heading.setContentsMargins(16, 0, 16, 0)
        head = QHBoxLayout()
        head.addWidget(self.heading)
        head.addWidget(self.foretold, 1)
        head.setContentsMargins(0, 0, 16, 0)
        column.addLayout(head)
        column.addWidget(scroll, 1)
        self.empty = EmptyState(*NONE)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        for signal in (session.resolved, session.changed, session.events_arrived, session.run_changed):
            signal.connect(self.refresh_soon)
        session.mending.found.connect(self._offer)
        session.doctoring.found.connect(self.refresh_soon)
        session.previewed.connect(self._foretell)

    def restyle(self) -> None:
        for row in self.rows:
            row.restyle()

    def refresh(self) -> None:
        nodes = self.session.network.nodes
        shown = [(f, nodes[f.node].name if f.node in nodes else "") for f in findings(self.session)]
        self.empty.say(*WAITING if self.session.resolution is None else NONE)
        if shown == self._shown:
            self._offer()
            return
        self._shown = shown
        found = [finding for finding, _ in shown]
        self.heading.setText(summary(found))
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = [self._row(finding, name) for finding, name in shown[:MOST]]
        self.more.setText(f"and {len(shown) - MOST:,} more")
        self.more.setVisible(len(shown) > MOST)
        self.stack.setCurrentIndex(1 if found else 0)
        self._offer()

    def _offer(self) -> None:
        """Offer the fixes that are known; those of the first rows are looked for first."""
        for row in reversed(self.rows[:ASKED]):
            if row.finding.problem is not None:
                row.show_fixes(fixes_now(self.session, row.finding.problem))
            elif isinstance(row, DiagnosisCard):
                row.show_cures(self.session.doctoring.cures(row.diagnosis))

    def _foretell(self, preview: Preview | None) -> None:
        self.foretold.setText(f"→  {preview.sentence()}" if preview is not None else "")

    def _row(self, finding: Finding, name: str) -> FindingRow:
        if finding.diagnosis is not None:
            card = DiagnosisCard(self.session, finding, name, self._inside)
            card.asked.connect(lambda: self._explain(finding))
            card.revealed.connect(self._reveal)
            card.tried.connect(self._try)
            row: FindingRow = card
        else:
            row = FindingRow(self.session, finding, name, self._inside)
        row.chosen.connect(lambda: self.choose(finding))
        row.left.connect(lambda step: self._step(row, step))
        self._list.insertWidget(self._list.indexOf(self.more), row)
        return row

    def _try(self, cure: Cure) -> None:
        """Fork the run, with and without a cure, and let a person compare before they decide."""
        from nnstudio.ui.contest.commands import try_cure

        try_cure(self.session, cure, lambda: self.session.doctoring.apply(cure), self)

    def _step(self, row: FindingRow, step: int) -> None:
        place = self.rows.index(row) + step
        if 0 <= place < len(self.rows):
            self.rows[place].setFocus(Qt.FocusReason.TabFocusReason)
            self._scroll.ensureWidgetVisible(self.rows[place])

    def choose(self, finding: Finding) -> None:
        """Select the node that a finding is about and have the canvas show it."""
        self._reveal(finding.node)

    def _reveal(self, id: str) -> None:
        """Show a node, named as in events: inside the block that is open, or the block of the whole that it is in."""
        session = self.session
        inner = id.removeprefix(session.scope.prefix).split("/")[0]
        if inner not in session.network.nodes or not id.startswith(session.scope.prefix):
            inner = id.split("/")[0]
            if inner in session.sheet.network.nodes and inner not in session.network.nodes:
                session.open_scope(WHOLE)
        if inner in session.network.nodes:
            session.reveal(inner)

    def _explain(self, finding: Finding) -> None:
        """Open the help at the page of a diagnosis."""
        from nnstudio.ui.help import show_help

        assert finding.diagnosis is not None
        show_help(self.window(), page=PAGE, section=title(finding.diagnosis.code))


NONE = ("No problems", "What is wrong with the network or with its training is listed here, with what mends it.")
WAITING = ("Looking for problems", "The network is being worked out; what is wrong with it is listed here.")
