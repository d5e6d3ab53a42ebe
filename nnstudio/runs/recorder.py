"""The recorder: a thread that writes a run's events to the database, so that neither the trainer nor the window waits
for the disk."""

from __future__ import annotations

import atexit
import queue
import threading
from pathlib import Path

from nnstudio.runs.alive import Writing
from nnstudio.runs.database import RunDatabase
from nnstudio.runs.errors import RunsError
from nnstudio.train.events import Event, RunFailed, RunFinished, RunStarted
from nnstudio.train.stream import EventStream

#: Seconds between transactions; the beginning and the end of a run do not wait.
INTERVAL = 0.5


class Recorder:
    """Writes events in the background: ``Worker(…, also=(recorder.put,))``.

    ``error`` is a sentence where writing failed (a full disk); the run then goes on unrecorded. Others can tell from
    the run's lock that it is being written, until this is closed or its process is no more.
    """

    def __init__(self, path: Path) -> None:
        self.error = ""
        self._run = ""
        self._path, self._stream, self._closing = Path(path), EventStream(), threading.Event()
        self._soon = threading.Event()
        self._networks: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._writing: Writing | None = None
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # else the end of a run is lost where the window is closed upon it

    def put(self, event: Event) -> None:
        """Add an event. Never blocks. What comes before a RunStarted has no run to be recorded under."""
        if isinstance(event, RunStarted):
            self._run = event.run
        if self._run and not self.error:
            self._stream.put(event)
            if isinstance(event, RunStarted | RunFinished | RunFailed):
                self._soon.set()

    def keep(self, hash: str, content: bytes) -> None:
        """Keep the drawing of a network (`project.drawings`), before or while it is trained."""
        self._networks.put((hash, content))

    def close(self, timeout: float | None = 10.0) -> bool:
        """Write what waits and end; whether that was done within so many seconds."""
        self._closing.set()
        self._soon.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            with RunDatabase(self._path) as database:
                database.empty_bin()
                closing = False
                while not closing:
                    self._soon.wait(INTERVAL)
                    self._soon.clear()
                    closing = self._closing.is_set()
                    self._write(database)
                if self._writing is not None:
                    database.settle()
        except RunsError as error:
            self.error = str(error)
        finally:
            if self._writing is not None:
                self._writing.close()
            atexit.unregister(self.close)

    def _write(self, database: RunDatabase) -> None:
        while not self._networks.empty():
            database.keep_network(*self._networks.get())
        waiting = self._stream.drain()
        if waiting:
            if self._writing is None:
                self._writing = Writing(self._path, self._run)
            database.write_all(waiting)
