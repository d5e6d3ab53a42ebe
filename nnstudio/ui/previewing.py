"""The preview of an edit that has not been done: worked out in the background, the newest wish first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from nnstudio.graph.edits import Edit
from nnstudio.ui.background import Background, Job

if TYPE_CHECKING:
    from nnstudio.compile.previewing import Preview
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)


class Previewing(QObject):
    """Works out what an edit of the open scope would do, and hands it to the session's ``previewed``."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._background = Background(self)
        self._wanted: Edit | None = None
        self._job: Job | None = None
        #: what is shown
        self.shown: Preview | None = None
        session.changed.connect(lambda _: self.ask(None))
        session.scope_changed.connect(lambda: self.ask(None))

    def ask(self, edit: Edit | None) -> None:
        """Work out this edit, in place of any that was wanted before; None: show no preview."""
        self._wanted = edit
        if edit is None:
            if self._job is not None:
                self._job.cancel()
                self._job = None
            self._show(None)
        elif self._job is None:
            self._next()

    @property
    def busy(self) -> bool:
        """Whether a preview is being worked out."""
        return self._job is not None

    def shut_down(self) -> None:
        """Work nothing out any more."""
        self.ask(None)
        self._background.shut_down()

    def _show(self, preview: Preview | None) -> None:
        if preview is not self.shown:
            self.shown = preview
            self._session.previewed.emit(preview)

    def _next(self) -> None:
        session, edit = self._session, self._wanted
        whole, scope = session.whole, session.scope
        if edit is None or whole is None:
            return
        self._wanted = None

        def work(_: Job) -> Preview | None:
            from nnstudio.compile.mending.placing import again_in, opened
            from nnstudio.compile.previewing import preview

            inside = opened(whole, scope.block, scope.path)
            return preview(inside, edit, again_in(whole, scope.block, scope.path)) if inside is not None else None

        def done(made: Preview | None) -> None:
            self._job = None
            if self._wanted is None:
                self._show(made)
            else:
                self._next()

        def failed(error: BaseException) -> None:
            log.error("an edit could not be previewed", exc_info=error)
            done(None)

        self._job = self._background.run(work, done, failed, name="preview")
