"""Reads a session's data in the background when the project names other data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from nnstudio.ui.background import Job

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)


class DataLoading:
    """Keeps ``dataset``, ``data_error`` and ``data_job`` of a session as its reference says."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self, *, again: bool = False) -> None:
        """Read what the project names, unless it is there; ``again``: also then."""
        session = self._session
        reference = session.reference
        if session.data_job is not None:
            session.data_job.cancel()
            session.data_job = None
        if not again and session.dataset is not None and reference == session.dataset.reference:
            return
        session.data_error = ""
        if reference is None:
            self._take(None)
            return
        base = session.path.parent if session.path else None

        def work(job: Job) -> Dataset:
            from nnstudio.data import open_data

            return open_data(reference, base, progress=job.report)

        session.data_job = session.background.run(work, self._take, self._failed, name="data")
        session.data_changed.emit()

    def _take(self, dataset: Dataset | None) -> None:
        session = self._session
        session.data_job = None
        session.dataset = dataset
        if dataset is not None and dataset.warnings:
            session.notice.emit("warning", dataset.warnings[0])
        session.data_changed.emit()
        session.resolve()

    def _failed(self, error: BaseException) -> None:
        from nnstudio.data import DataError

        session = self._session
        session.data_job = None
        session.dataset = None
        expected = isinstance(error, DataError)
        if not expected:
            log.error("the data could not be read", exc_info=error)
        session.data_error = str(error) if expected else f"The data could not be read: {error}; the log has the details"
        session.notice.emit("error", session.data_error)
        session.data_changed.emit()
        session.resolve()
