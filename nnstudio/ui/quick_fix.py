"""Quick fix: the fixes of the selected node's problems (or of the first problem there is) in a menu under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu, QWidget

from nnstudio.graph import Problem
from nnstudio.ui.fix_buttons import fill_menu
from nnstudio.ui.parts import capital

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView
    from nnstudio.ui.session import Session


def problems_here(session: Session) -> tuple[Problem, ...]:
    """Problems of the selected nodes; where nothing is selected, the first that there is."""
    resolution = session.resolution
    if resolution is None:
        return ()
    if session.selection:
        return tuple(problem for problem in resolution.problems if problem.node in session.selection)
    return tuple(resolution.problems[:1])


class FixMenu(QMenu):
    """Fixes of some problems. It says that they are being looked for until they are known, and deletes itself."""

    def __init__(self, session: Session, problems: tuple[Problem, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._problems = session, problems
        self._known: tuple[object, ...] | None = None
        self.setObjectName("fix_menu")
        self.setToolTipsVisible(True)
        self.setAccessibleName("Fixes")
        session.mending.found.connect(self.fill)
        self.aboutToHide.connect(self.deleteLater)
        self.fill()

    def fill(self) -> None:
        """Put in what is known by now."""
        known = tuple(self._session.mending.fixes(problem) for problem in self._problems)
        if known == self._known:
            return
        self._known = known
        self.clear()
        for problem, fixes in zip(self._problems, known, strict=True):
            self.addSection(_short(capital(problem.message, self._session.network.by_name)))
            if fixes:
                fill_menu(self, self._session, fixes, numbered=len(self._problems) == 1)
            else:
                waits = "Looking for what mends it …" if fixes is None else "Nothing mends it at one click"
                self.addAction(waits).setEnabled(False)
        if self.isVisible():
            self.adjustSize()
            first = next((action for action in self.actions() if action.isEnabled() and not action.isSeparator()), None)
            if first is not None and self.activeAction() is None:
                self.setActiveAction(first)


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def quick_fix(session: Session, canvas: CanvasView) -> FixMenu | None:
    """Offer fixes on the canvas, under the node that they are for; where nothing is wrong, a notice says so."""
    problems = problems_here(session)
    if not problems:
        where = "here" if session.selection else "in this network"
        session.notice.emit("info", f"Nothing is wrong {where}")
        return None
    id = problems[0].node
    if not session.selection:
        session.reveal(id)
    view = canvas.viewport()
    under = canvas.mapFromScene(canvas.canvas.content_rect([id]).bottomLeft()) + QPoint(0, 4)
    at = under if view.rect().contains(under) else view.rect().center()
    menu = FixMenu(session, problems, canvas)
    menu.popup(view.mapToGlobal(at))
    return menu
