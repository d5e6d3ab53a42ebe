"""Reads a session's data in the background when the project names other data."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.data.errors import DataError, MissingDataError
from nnstudio.ui.background import Job

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.reference import DataReference
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
STOPPED = "Reading the data was stopped; read it again, or choose other data"


class StoppedError(Exception):
    """The person no longer wants the data that is being read."""


def reporting(job: Job) -> Callable[[float], None]:
    """Progress for reading data that ends when the job is cancelled."""

    def progress(share: float) -> None:
        if job.cancelled:
            raise StoppedError
        job.report(share)

    return progress


def early(job: Job) -> Callable[[Dataset], None]:
    """Takes the first rows of data that is being read."""

    def first(dataset: Dataset) -> None:
        job.early = dataset

    return first


_SPLITS = (("train", "to train on"), ("validation", "to validate"), ("test", "to test"))


def counted(dataset: Dataset) -> str:
    """How much data there is: ``1,500 rows · 9 columns · 1,050 to train on · 225 to validate · 225 to test``."""
    parts = [f"{dataset.total:,} rows", f"{len(dataset.columns):,} columns" if dataset.is_table else ""]
    parts += [f"{dataset.count(split):,} {what}" for split, what in _SPLITS if dataset.count(split)]
    return " · ".join(filter(None, parts))


class DataLoading:
    """Keeps ``dataset``, ``data_error`` and ``data_job`` of a session as its reference says.

    lost: whether the file is not where it was. found: where it was found again, None while it was not. other: a file
    that the person showed and that holds other data.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._search: Job | None = None
        self._brought: Dataset | None = None
        self.lost = False
        self.found: Path | None = None
        self.other: Path | None = None

    def bring(self, dataset: Dataset) -> None:
        """Say that this was read already: where the project names it next, it is taken and not read again."""
        if dataset.reference != self._session.reference:  # else nothing will be read, and it would only be kept
            self._brought = dataset

    def load(self, *, again: bool = False) -> None:
        """Read what the project names, unless it is there; ``again``: also then."""
        session = self._session
        reference = session.reference
        brought, self._brought = self._brought, None
        self._forget()
        if session.data_job is not None:
            session.data_job.cancel()
            session.data_job = None
        if not again and session.dataset is not None and reference == session.dataset.reference:
            return
        session.data_error = ""
        if session.run_state != "idle":
            session.notice.emit(
                "info", "The run goes on with the data that it began with; stop it and start again to train on this"
            )
        if reference is None:
            self._take(None)
            return
        if not again and brought is not None and brought.reference == reference:
            self._take(brought, told=True)
            return
        known = session.dataset
        if not again and known is not None and reference.reads_as(known.reference):
            session.dataset = known.augmented(reference.augment)
            session.data_changed.emit()
            return
        base = self.base

        def work(job: Job) -> Dataset:
            from nnstudio.data import open_data

            return open_data(reference, base, progress=reporting(job), first=early(job))

        session.data_job = session.background.run(work, self._take, self._failed, name="data")
        session.data_changed.emit()

    @property
    def base(self) -> Path | None:
        """The folder from which paths of data count."""
        return self._session.path.parent if self._session.path else None

    def stop(self) -> None:
        """Give up reading; what was there before stays."""
        session = self._session
        if session.data_job is None:
            return
        session.data_job.cancel()
        session.data_job = None
        session.data_error = STOPPED
        session.data_changed.emit()

    def look_at(self, path: Path) -> None:
        """Take a file that the person shows for the lost one, if it is; else remember it as ``other``."""
        from nnstudio.data.finding import is_it

        reference = self._session.reference
        if reference is None:
            return

        def shown(same: bool) -> None:
            self.other = None if same else path
            if same:
                self.use(path)
            self._session.data_changed.emit()

        self._session.background.run(lambda _: is_it(reference, path), shown, self._unreadable, name="find data")

    def _unreadable(self, error: BaseException) -> None:
        self._session.notice.emit("error", f"The file cannot be read ({error}); choose another")

    def use(self, path: Path) -> None:
        """Read the data from another place: the same file where it is now, or another in its stead."""
        reference = self._session.reference
        if reference is None:
            return
        same = path != self.other
        moved = self._moved(reference, path)
        if same:
            self._session.do("Find the data", data=moved)
        else:
            self._session.do("Use other data", data=moved.with_(sha256=""))

    def _moved(self, reference: DataReference, path: Path) -> DataReference:
        return reference.with_(source=reference.file(path, self.base).source)

    def use_changed(self) -> None:
        """Take the file as it is now for the data of the project."""
        session = self._session
        if session.dataset is not None:
            session.do("Use the data as it is now", data=session.dataset.reference)
            session.reload_data()

    def _forget(self) -> None:
        if self._search is not None:
            self._search.cancel()
        self._search, self.lost, self.found, self.other = None, False, None, None

    def _take(self, dataset: Dataset | None, *, told: bool = False) -> None:
        """``told``: the person has seen what is odd about it already."""
        session = self._session
        session.data_job = None
        session.dataset = dataset
        if dataset is not None and dataset.warnings and not told:
            session.notice.emit("warning", dataset.warnings[0])
        session.data_changed.emit()
        session.resolve()

    def _failed(self, error: BaseException) -> None:
        session = self._session
        session.data_job = None
        session.dataset = None
        expected = isinstance(error, DataError)
        if not expected:
            log.error("the data could not be read", exc_info=error)
        session.data_error = str(error) if expected else f"The data could not be read: {error}; the log has the details"
        session.notice.emit("error", session.data_error)
        if isinstance(error, MissingDataError):
            self._look_for_it()
        session.data_changed.emit()
        session.resolve()

    def _look_for_it(self) -> None:
        """Look for the file near the project, in the background."""
        from nnstudio.data.finding import found_again

        self.lost = True
        reference, base = self._session.reference, self.base
        if reference is None:
            return

        def found(path: Path | None) -> None:
            self._search, self.found = None, path
            self._session.data_changed.emit()

        self._search = self._session.background.run(
            lambda job: found_again(reference, base, lambda: not job.cancelled), found, lambda _: None, name="find data"
        )
