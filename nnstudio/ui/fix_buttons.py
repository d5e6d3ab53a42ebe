"""Fixes to press: a button for the best, a menu for the others. Pointing at one previews it on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QEnterEvent, QFocusEvent, QHideEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from nnstudio.graph import Fix, Problem

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


#: The code of what keeps a plan from being private.
PRIVATE = "private"


def fixes_now(session: Session, problem: Problem) -> tuple[Fix, ...]:
    """The fixes to offer for a problem: those that were tried, or those at hand until they are."""
    if problem.code == PRIVATE:  # the network by itself is right
        return problem.fixes
    known = session.mending.fixes(problem)
    return problem.fixes if known is None else known


def detail(fix: Fix) -> str:
    """What a fix costs and leaves, for a tooltip."""
    parts = [f"{fix.parameters:+,} parameters".replace("-", "−")] if fix.parameters else []
    if fix.leaves:
        parts.append(f"{fix.leaves} {'error is' if fix.leaves == 1 else 'errors are'} left")
    return f"Mend it (can be undone){': ' if parts else ''}{', '.join(parts)}"


class FixButton(QPushButton):
    """Does ``fix``, also one that is put in its place later. While the pointer or the focus is on it, the canvas shows
    what it would do."""

    def __init__(self, session: Session, fix: Fix, parent: QWidget | None = None) -> None:
        super().__init__(fix.title.replace("&", "&&"), parent)
        self._session, self.fix = session, fix
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # it goes with the problem: a click leaves the focus where it is
        self.setToolTip(detail(fix))
        self.setAccessibleName(f"Fix: {fix.title}")
        self.clicked.connect(lambda: session.mending.apply(self.fix))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._session.preview(self.fix.edit)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._session.preview(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._session.preview(self.fix.edit)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._session.preview(None)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.underMouse() or self.hasFocus():
            self._session.preview(None)


def fill_menu(menu: QMenu, session: Session, fixes: Sequence[Fix], *, numbered: bool = False) -> None:
    """Put fixes into a menu: choosing one does it, pointing at one previews it."""
    from nnstudio.compile.figures import count_text  # here: the window opens without the compiler

    for place, fix in enumerate(fixes, 1):
        title = fix.title.replace("&", "&&")
        growth = f"\t{'+' if fix.parameters > 0 else '−'}{count_text(abs(fix.parameters))}" if fix.parameters else ""
        action = menu.addAction(f"&{place} {title}{growth}" if numbered and place < 10 else f"{title}{growth}")
        action.setToolTip(detail(fix))
        action.setProperty("fix", fix.title)
        action.triggered.connect(lambda _=False, fix=fix: session.mending.apply(fix))
        action.hovered.connect(lambda fix=fix: session.preview(fix.edit))
    menu.aboutToHide.connect(lambda: session.preview(None))


def fix_widgets(session: Session, fixes: Sequence[Fix], parent: QWidget | None = None) -> list[QPushButton]:
    """A button for the best fix and, where there are more, one that opens the others."""
    if not fixes:
        return []
    first = FixButton(session, fixes[0], parent)
    if len(fixes) == 1:
        return [first]
    more = QPushButton(f"{len(fixes) - 1} more", parent)
    more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    more.setToolTip("Other fixes, the better ones first")
    menu = QMenu(more)
    menu.setToolTipsVisible(True)
    fill_menu(menu, session, fixes[1:])
    more.setMenu(menu)
    more.setProperty("opens", True)
    return [first, more]
