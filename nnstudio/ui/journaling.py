"""Unsaved work is written to the journal while a person works, and offered back after a crash."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, QObject, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from nnstudio.project.journal import Journal, Recovered
from nnstudio.ui.background import Job

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
#: Work is written when nothing was edited for so long.
REST_MS = 1500


class Journaling(QObject):
    """Keeps the journal of one session. Writing happens in the background, one at a time.

    ``restored``: work of an earlier window is shown again.
    """

    restored = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.journal = Journal()
        self._job: Job | None = None
        self._written: object = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(self.write)
        session.project_changed.connect(self._follow)

    def _follow(self) -> None:
        if self._session.document.modified:
            if self._session.sheet is not self._written:
                self._timer.start()
        else:
            self._timer.stop()
            if self._written is not None and self._job is None:
                self._written = None
                self.journal.clear()

    def write(self) -> None:
        """Write the present work, unless it is being written."""
        session, journal = self._session, self.journal
        if self._job is not None or not session.document.modified:
            return
        sheet, path, title = session.sheet, session.path, session.title
        self._written = sheet

        def work(_: Job) -> None:
            journal.write(sheet, path, title)

        self._job = session.background.run(work, self._done, self._failed, name="journal")

    def _done(self, _: object) -> None:
        self._job = None
        self._follow()

    def _failed(self, error: BaseException) -> None:
        self._job = None
        log.warning("unsaved work could not be kept: %s", error)

    def offer(self, parent: QWidget) -> None:
        """Ask about unsaved work of a window that ended badly, where there is any; the newest first."""
        found = self.journal.offer()
        if not found:
            return
        work = found[0]
        when = QLocale().toString(QDateTime.fromSecsSinceEpoch(int(work.time)), QLocale.FormatType.ShortFormat)
        box = QMessageBox(parent)
        box.setObjectName("recover")
        box.setText(f"NN Studio ended without saving {work.title or 'a project'}.")
        box.setInformativeText(f"Its last edit was at {when}. What was trained must be trained again.")
        restore = box.addButton("Restore", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(restore)
        box.setEscapeButton(box.addButton("Later", QMessageBox.ButtonRole.RejectRole))

        def answered() -> None:
            pressed = box.clickedButton()
            if pressed is restore:
                self._restore(work)
            elif pressed is discard:
                self.journal.discard(work)
                QTimer.singleShot(0, self, lambda: self.offer(parent))
            box.deleteLater()

        box.finished.connect(answered)
        box.open()

    def _restore(self, work: Recovered) -> None:
        self._session.files.restore(work)
        self.journal.discard(work)
        self.write()
        self.restored.emit()

    def shut_down(self) -> None:
        """The window closes in an orderly way: its work was saved or is not wanted."""
        self._timer.stop()
        self._session.background.wait(10.0, wanted=lambda: self._job is not None)
        self.journal.close()
