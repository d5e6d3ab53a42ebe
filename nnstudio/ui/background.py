"""Work in background threads whose results come back to the window's thread.

Plain daemon threads and a polling timer (DESIGN 10: a QThread that is still running when it is deleted aborts the
process, and queued signals pile up).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QTimer

log = logging.getLogger(__name__)
_POLL_MS = 15


class Job:
    """One piece of work under way. ``progress`` and ``cancelled`` are for the work, ``cancel`` for the window."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._progress = (0.0, "")
        self.early: Any = None  # a part of the result that is there already
        self.done = False

    @property
    def cancelled(self) -> bool:
        """Whether the person no longer wants the result."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Say that the result is no longer wanted: neither callback is called, work that asks stops early."""
        self._cancelled.set()

    def report(self, share: float, text: str = "") -> None:
        """From the work: how far it is, from 0 to 1."""
        self._progress = (share, text)

    @property
    def progress(self) -> tuple[float, str]:
        """What was reported last."""
        return self._progress


class Background(QObject):
    """Runs functions in threads of their own and hands results back on the window's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._results: queue.SimpleQueue[tuple[Job, Callable[..., object], Any]] = queue.SimpleQueue()
        self._threads: dict[Job, threading.Thread] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def run(
        self,
        work: Callable[[Job], Any],
        done: Callable[[Any], object],
        failed: Callable[[BaseException], object],
        *,
        name: str = "work",
    ) -> Job:
        """Call ``work(job)`` in a thread, then ``done(result)`` or ``failed(error)`` here."""
        job = Job()

        def target() -> None:
            try:
                result: Any = work(job)
                callback: Callable[[Any], object] = done
            except BaseException as error:
                error.__traceback__ = None if isinstance(error, MemoryError) else error.__traceback__
                result, callback = error, failed
            self._results.put((job, callback, result))

        thread = threading.Thread(target=target, name=f"nnstudio {name}", daemon=True)
        self._threads[job] = thread
        thread.start()
        self._timer.start()
        return job

    @property
    def busy(self) -> bool:
        """Whether any work is under way."""
        return bool(self._threads)

    def _poll(self) -> None:
        while not self._results.empty():
            job, callback, result = self._results.get()
            self._threads.pop(job).join()
            job.done = True
            if not self._threads:
                self._timer.stop()
            if not job.cancelled:
                callback(result)

    def wait(self, seconds: float = 30.0, *, wanted: Callable[[], bool] | None = None) -> bool:
        """Until all work is done (or ``wanted`` no longer holds), with the window alive. False after ``seconds``."""
        until = time.monotonic() + seconds
        while self.busy and (wanted is None or wanted()):
            if time.monotonic() > until:
                return False
            pump(20)
        return True

    def shut_down(self) -> None:
        """Forget all work: nothing is called back any more. Threads end by themselves."""
        for job in self._threads:
            job.cancel()
        self.wait(5.0)
        self._timer.stop()


def pump(milliseconds: int) -> None:
    """Let the window handle events for this long."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
