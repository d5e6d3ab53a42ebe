"""The problems panel: what is wrong with the network or with its training, where, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from nnstudio.graph.problems import Fix, Problem
from nnstudio.train.events import RunFailed
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.live import Live
from nnstudio.ui.fix_buttons import fix_widgets, fixes_now
from nnstudio.ui.parts import ElidedLabel, label

if TYPE_CHECKING:
    from nnstudio.compile.previewing import Preview
    from nnstudio.ui.session import Session

#: Rows that are shown at most; the rest is counted.
MOST = 200
#: Fixes are looked for in so many rows.
ASKED = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the network, a diagnosis or a failure of the run, as one row. severity: ``error`` or ``warning``."""

    severity: str
    node: str
    message: str
    hint: str
    problem: Problem | None = None
    source: str = ""


def findings(session: Session) -> list[Finding]:
    """All that is wrong: errors before warnings, in each the run's failure before the network's problems (those that
    stand first in the flow before what may follow from them) before diagnoses."""
    found: list[Finding] = []
    history, resolution = session.history, session.resolution
    if isinstance(history.ended, RunFailed):
        failure = history.ended
        found.append(Finding("error", failure.node, failure.message, failure.hint, source="run"))
    if resolution is not None:
        order = {id: place for place, id in enumerate(getattr(resolution, "order", ()))}
        flow = sorted(resolution.problems, key=lambda problem: order.get(problem.path or problem.node, len(order)))
        found += [Finding(p.severity, p.node, p.message, p.hint, p) for p in flow]
    found += [Finding("warning", d.node, d.message, d.hint, source="run") for d in history.diagnoses]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.severity != "error")


def summary(found: list[Finding]) -> str:
    """How many there are: ``2 errors, 1 warning``."""
    errors = sum(finding.severity == "error" for finding in found)
    parts = [(errors, "error"), (len(found) - errors, "warning")]
    return ", ".join(numbers.count(number, word) for number, word in parts if number)


def _sentence(text: str, name: str) -> str:
    """With a capital, but for the name of the node at its beginning, which is written as it is."""
    return text if name and text.startswith(name) else text[:1].upper() + text[1:]


class FindingRow(QFrame):
    """One finding: a dot by severity, node and message, hint, a button for the best fix and one for the others.

    ``chosen``: it was clicked. Enter chooses it, Alt+Enter or Ctrl+. does the best fix, a number that fix; up and down
    go to the neighbours (``left``, with −1 or 1).
    """

    chosen = Signal()
    left = Signal(int)

    def __init__(self, session: Session, finding: Finding, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self.finding = session, finding
        self.fixes: tuple[Fix, ...] = ()
        self.setObjectName("finding")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.dot = QLabel("●")
        self.name = label(name, "strong")
        self.message = label(_sentence(finding.message, name), wrap=True)
        self.hint = label(_sentence(finding.hint, name), "muted", wrap=True)
        self.hint.setVisible(bool(finding.hint))
        self.setAccessibleName(f"{finding.severity}: {name} {finding.message}")
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.name, 0, Qt.AlignmentFlag.AlignTop)
        first.addWidget(self.message, 1)
        self.name.setVisible(bool(name))
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addLayout(first)
        text.addWidget(self.hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(10)
        row.addWidget(self.dot, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        self.buttons: list[QPushButton] = []
        self._row = row
        self.restyle()

    def show_fixes(self, fixes: tuple[Fix, ...]) -> None:
        """Offer these."""
        if fixes == self.fixes:
            return
        self.fixes = fixes
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = fix_widgets(self._session, fixes, self)
        for button in self.buttons:
            self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        tokens = theme.current()
        color = tokens.problem if self.finding.severity == "error" else tokens.validation
        self.dot.setStyleSheet(f"color: {color}; font-size: 10px; padding-top: 2px;")
        self.setStyleSheet(
            f"#finding {{ border: 1px solid transparent; border-radius: 6px; }}"
            f"#finding:hover {{ background: {tokens.raised}; }} #finding:focus {{ border-color: {tokens.accent}; }}"
        )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        mends = (enter and event.modifiers() & Qt.KeyboardModifier.AltModifier) or (
            event.key() == Qt.Key.Key_Period and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        )
        number = event.key() - Qt.Key.Key_1
        if mends or 0 <= number < len(self.fixes):
            place = 0 if mends else number
            if place < len(self.fixes):
                self._session.mending.apply(self.fixes[place])
        elif enter or event.key() == Qt.Key.Key_Space:
            self.chosen.emit()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.left.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)


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
        session.previewed.connect(self._foretell)

    def restyle(self) -> None:
        for row in self.rows:
            row.restyle()

    def refresh(self) -> None:
        nodes = self.session.network.nodes
        shown = [(f, nodes[f.node].name if f.node in nodes else "") for f in findings(self.session)]
        self.empty.say(*WAITING if self.session.resolution is None else NONE)
        if shown == self._shown:
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

    def _foretell(self, preview: Preview | None) -> None:
        self.foretold.setText(f"→  {preview.sentence()}" if preview is not None else "")

    def _row(self, finding: Finding, name: str) -> FindingRow:
        row = FindingRow(self.session, finding, name, self._inside)
        row.chosen.connect(lambda: self.choose(finding))
        row.left.connect(lambda step: self._step(row, step))
        self._list.insertWidget(self._list.indexOf(self.more), row)
        return row

    def _step(self, row: FindingRow, step: int) -> None:
        place = self.rows.index(row) + step
        if 0 <= place < len(self.rows):
            self.rows[place].setFocus(Qt.FocusReason.TabFocusReason)
            self._scroll.ensureWidgetVisible(self.rows[place])

    def choose(self, finding: Finding) -> None:
        """Select the node that a finding is about and have the canvas show it."""
        if finding.node in self.session.network.nodes:
            self.session.reveal(finding.node)


NONE = ("No problems", "What is wrong with the network or with its training is listed here, with what mends it.")
WAITING = ("Looking for problems", "The network is being worked out; what is wrong with it is listed here.")
