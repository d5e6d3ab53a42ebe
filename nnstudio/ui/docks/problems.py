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

from nnstudio.graph.problems import Fix
from nnstudio.train.events import RunFailed
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.live import Live
from nnstudio.ui.parts import label

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Rows that are shown at most; the rest is counted.
MOST = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the network, a diagnosis or a failure of the run, as one row. severity: ``error`` or ``warning``."""

    severity: str
    node: str
    message: str
    hint: str
    fixes: tuple[Fix, ...] = ()
    source: str = ""


def findings(session: Session) -> list[Finding]:
    """All that is wrong: errors before warnings, in each the run's failure before the network's problems before
    diagnoses."""
    found: list[Finding] = []
    history, resolution = session.history, session.resolution
    if isinstance(history.ended, RunFailed):
        failure = history.ended
        found.append(Finding("error", failure.node, failure.message, failure.hint, source="run"))
    if resolution is not None:
        found += [Finding(p.severity, p.node, p.message, p.hint, p.fixes) for p in resolution.problems]
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
    """One finding: a dot by severity, node and message, hint, and a button for each fix. ``chosen``: it was clicked."""

    chosen = Signal()
    fixed = Signal(object)

    def __init__(self, finding: Finding, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
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
        self.buttons = [self._button(fix) for fix in finding.fixes]
        for button in self.buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.restyle()

    def _button(self, fix: Fix) -> QPushButton:
        button = QPushButton(fix.title)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # it goes with the problem: a click leaves the focus where it is
        button.setToolTip("Mend it (can be undone)")
        button.clicked.connect(lambda: self.fixed.emit(fix))
        return button

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
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)


class ProblemsPanel(Live):
    """Problems of the network and diagnoses of the run, worst first. A click selects the node; a fix is one click."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.rows: list[FindingRow] = []
        self._shown: list[tuple[Finding, str]] | None = None
        self.heading, self.more = label("", "heading"), label("", "muted")
        self._inside = QWidget()
        self._inside.setProperty("role", "scrolled")
        self._list = QVBoxLayout(self._inside)
        self._list.setContentsMargins(4, 0, 4, 8)
        self._list.setSpacing(0)
        self._list.addWidget(self.more)
        self._list.addStretch()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._inside)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        self.heading.setContentsMargins(16, 0, 16, 0)
        column.addWidget(self.heading)
        column.addWidget(scroll, 1)
        self.empty = EmptyState(*NONE)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        for signal in (session.resolved, session.changed, session.events_arrived, session.run_changed):
            signal.connect(self.refresh_soon)

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

    def _row(self, finding: Finding, name: str) -> FindingRow:
        row = FindingRow(finding, name, self._inside)
        row.chosen.connect(lambda: self.choose(finding))
        row.fixed.connect(lambda fix: self.session.do(fix.title, fix.edit))
        self._list.insertWidget(self._list.indexOf(self.more), row)
        return row

    def choose(self, finding: Finding) -> None:
        """Select the node that a finding is about and have the canvas show it."""
        if finding.node in self.session.network.nodes:
            self.session.reveal(finding.node)


NONE = ("No problems", "What is wrong with the network or with its training is listed here, with what mends it.")
WAITING = ("Looking for problems", "The network is being worked out; what is wrong with it is listed here.")
