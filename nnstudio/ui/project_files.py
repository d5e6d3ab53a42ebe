"""The project's file as the window sees it: new, open, save and the journal, none of which holds the window up."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from nnstudio.project.project import rebased
from nnstudio.project.sheet import Sheet
from nnstudio.ui import thumbnail
from nnstudio.ui.background import Job

if TYPE_CHECKING:
    from nnstudio.data.fitted import Fitted
    from nnstudio.project.files import Loaded
    from nnstudio.project.gallery import Template
    from nnstudio.project.journal import Recovered
    from nnstudio.project.tensors import Weights
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
SUFFIX = ".nnstudio"


def _moved(sheet: Sheet, old: Path | None, new: Path) -> Sheet:
    """The sheet with a path to its data that leads to the same file from where the project now is."""
    data = rebased(sheet.data, old, new)
    return sheet if data is sheet.data else dataclasses.replace(sheet, data=data)


def _stamp(path: Path) -> tuple[int, int] | None:
    """When a file was last written, and its size; None where it is not there."""
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size


class ProjectFiles(QObject):
    """Where the session's project lies, and reading and writing it in the background. ``opening`` tells what is being
    read, "" when that is over."""

    opening = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.path: Path | None = None
        self.job: Job | None = None
        self._reads = False
        self._title = ""
        self._stamp: tuple[int, int] | None = None

    @property
    def changed_elsewhere(self) -> bool:
        """Whether the project's file was written by another window or program since it was read or written here."""
        now = _stamp(self.path) if self.path is not None else None
        return now is not None and self._stamp is not None and now != self._stamp

    @property
    def title(self) -> str:
        """The file's name without its ending, or what a new project is called."""
        return self.path.stem if self.path is not None else self._title or "Untitled"

    def new(self, sheet: Sheet | None = None, title: str = "") -> None:
        """Begin a new project, empty or from this sheet."""
        self._show(sheet or Sheet(), None, title, None)

    def _show(
        self, sheet: Sheet, path: Path | None, title: str, weights: Weights | None, *, fitted: Fitted | None = None,
        modified: bool = False,
    ) -> None:  # fmt: skip
        self.path, self._title, self._stamp = path, title, None
        self._session.training.forget(weights, sheet.network, fitted)
        self._session.replace_sheet(sheet, modified=modified)
        self._session.run_changed.emit()
        self._session.events_arrived.emit([])

    def open(self, path: Path, then: Callable[[], object] | None = None) -> None:
        """Read a project file and show it; ``then`` is called when it is there."""
        self._open(Path(path), Path(path), "", Path(path).stem, then)

    def open_template(self, template: Template, then: Callable[[], object] | None = None) -> None:
        """Show a copy of a project of the gallery, which has no file of its own yet."""
        self._open(template.path, None, template.id, template.title, then)

    def _open(
        self, path: Path, own: Path | None, title: str, called: str, then: Callable[[], object] | None
    ) -> None:  # fmt: skip
        """``called``: what it is called while it is read. Another one that is being read is given up."""
        before = self._session.sheet
        if self.job is not None and self._reads:
            self.job.cancel()
            self.job = None

        def work(_: Job) -> tuple[Loaded, tuple[int, int] | None]:
            from nnstudio.project.files import load

            stamp = _stamp(path)
            return load(path), stamp

        def done(found: tuple[Loaded, tuple[int, int] | None]) -> None:
            self.job = None
            if self._session.sheet is not before:
                self.opening.emit("")
                told = f"{called} was not opened, since {self.title} was changed meanwhile; save it and open it again"
                self._session.notice.emit("warning", told)
                return
            loaded, stamp = found
            self._show(loaded.sheet, own, title, loaded.weights, fitted=loaded.fitted)
            self._stamp = stamp if own is not None else None
            for note in loaded.notes:
                self._session.notice.emit("warning", note)
            if then is not None:
                then()
            self.opening.emit("")

        if self._start(work, done, "open"):
            self._reads = True
            self.opening.emit(called)

    def save(self, path: Path | None = None, then: Callable[[], object] | None = None) -> None:
        """Write the project; edits may go on meanwhile. ``then`` is called when it is on disk.

        Where it moves to another folder, a relative path to its data is made to lead to the same file.
        """
        target = Path(path) if path is not None else self.path
        if target is None:
            self._session.notice.emit("warning", "This project has no file yet; choose one with Save as")
            return
        session = self._session
        sheet = session.sheet
        moved = functools.partial(_moved, old=self.path, new=target)
        written = moved(self._remembering_types(sheet))
        weights, fitted = session.training.saved(sheet.network), session.training.fitted
        picture = thumbnail.png(sheet.network, sheet.view) if sheet.network.nodes else None

        def work(_: Job) -> tuple[int, int] | None:
            from nnstudio.project.files import save

            save(target, written, weights, picture, fitted)
            return _stamp(target)

        def done(stamp: tuple[int, int] | None) -> None:
            self.job = None
            self.path, self._stamp = target, stamp
            session.document.mark_saved(sheet)
            session.document.restate(moved)
            session.training.unsaved_weights = False
            session.project_changed.emit()
            session.notice.emit("info", f"Saved {target.name}")
            if then is not None:
                then()

        if self._start(work, done, "save"):
            self._reads = False

    def restore(self, work: Recovered) -> None:
        """Show work that the journal kept; it counts as not saved."""
        self._show(work.sheet, work.path, work.title, None, modified=True)

    def discard(self) -> None:
        """The person does not want what has not been saved."""
        self._session.document.mark_saved()
        self._session.training.unsaved_weights = False
        self._session.project_changed.emit()

    def _remembering_types(self, sheet: Sheet) -> Sheet:
        """The sheet with what was learned about its data (types, checksum), so that it resolves without the data."""
        dataset = self._session.dataset
        if dataset is None or sheet.data is None or sheet.data.source != dataset.reference.source:
            return sheet
        reference = sheet.data.with_(sha256=dataset.reference.sha256, types=dict(dataset.types))
        return dataclasses.replace(sheet, data=reference)

    def _start(self, work: Callable[[Job], Any], done: Callable[[Any], object], name: str) -> bool:
        if self.job is not None:
            self._session.notice.emit("warning", "A file is still being read or written; try again in a moment")
            return False
        self.job = self._session.background.run(work, done, self._failed, name=name)
        return True

    def _failed(self, error: BaseException) -> None:
        from nnstudio.project.files import ProjectError

        self.job = None
        self.opening.emit("")
        if isinstance(error, ProjectError):
            message = str(error)
        elif isinstance(error, OSError):
            message = f"{error.strerror or error}: {error.filename or ''}; choose another place or free some space"
        else:
            log.error("a project file could not be read or written", exc_info=error)
            message = f"The file could not be read or written: {error}; the log has the details"
        self._session.notice.emit("error", message)

    def shut_down(self) -> None:
        """Wait for what is being written."""
        self._session.background.wait(30.0, wanted=lambda: self.job is not None)
