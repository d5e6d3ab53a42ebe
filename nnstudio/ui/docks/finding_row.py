"""One finding as a row of the problems panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnstudio.graph.problems import Fix
from nnstudio.ui import theme
from nnstudio.ui.docks.findings import Finding
from nnstudio.ui.fix_buttons import fix_widgets
from nnstudio.ui.parts import label, show_if

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


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
        show_if(self.hint, finding.hint)
        self.setAccessibleName(f"{finding.severity}: {name} {finding.message}")
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.name, 0, Qt.AlignmentFlag.AlignTop)
        first.addWidget(self.message, 1)
        show_if(self.name, name)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addLayout(first)
        text.addWidget(self.hint)
        self.text = text
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

    def mend(self, place: int) -> None:
        """Do the fix at this place among those that are offered; nothing where there is none."""
        if place < len(self.fixes):
            self._session.mending.apply(self.fixes[place])

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
        if mends or 0 <= number < len(self.buttons if not self.fixes else self.fixes):
            self.mend(0 if mends else number)
        elif enter or event.key() == Qt.Key.Key_Space:
            self.chosen.emit()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.left.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)
