"""Fixes of the problems that are shown, looked for in the background: each is tried before it is offered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.graph import Fix, Problem
from nnstudio.ui.background import Background, Job

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
#: Typing goes on for so long before the search begins.
_PATIENCE_MS = 120


class Mending(QObject):
    """Knows the fixes of the session's problems. ``found``: those of another problem are known."""

    found = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._known: dict[Problem, tuple[Fix, ...]] = {}
        self._waiting: list[Problem] = []
        self._job: Job | None = None
        self._background = Background(self)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._next)
        session.resolved.connect(self._forget)
        session.changed.connect(self._forget)
        session.scope_changed.connect(self._forget)

    def fixes(self, problem: Problem) -> tuple[Fix, ...] | None:
        """The fixes of a problem of the session's resolution, best first; None while they are being looked for."""
        known = self._known.get(problem)
        if known is None and self._session.whole is not None:
            if problem in self._waiting:
                self._waiting.remove(problem)
            self._waiting.append(problem)  # what was asked for last comes first
            if self._job is None and not self._patience.isActive():
                self._patience.start()
        return known

    def apply(self, fix: Fix) -> bool:
        """Do a fix, as one step that can be undone. Whether anything changed."""
        self._session.preview(None)
        return self._session.do(fix.title, fix.edit)

    @property
    def busy(self) -> bool:
        """Whether fixes are still being looked for."""
        return self._job is not None or bool(self._waiting)

    def shut_down(self) -> None:
        """Look for nothing any more."""
        self._forget()
        self._patience.stop()
        self._background.shut_down()

    def _forget(self, _: object = None) -> None:
        self._known.clear()
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _next(self) -> None:
        session = self._session
        whole, scope = session.whole, session.scope
        if self._job is not None or not self._waiting or whole is None:
            return
        problem = self._waiting.pop()

        def work(job: Job) -> tuple[Fix, ...]:
            from nnstudio.compile.mending.placing import fixes_of

            return fixes_of(whole, problem, scope.block, scope.path, lambda: not job.cancelled)

        def done(fixes: tuple[Fix, ...]) -> None:
            self._job = None
            self._known[problem] = fixes
            self.found.emit()
            self._next()

        def failed(error: BaseException) -> None:
            log.error("the fixes of a problem could not be worked out", exc_info=error)
            done(())

        self._job = self._background.run(work, done, failed, name="mending")
