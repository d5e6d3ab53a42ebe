"""The recorder: a thread that writes a run's events to the database, so that neither the trainer nor the window waits
for the disk."""

from __future__ import annotations

import threading
from pathlib import Path

from nnstudio.runs.database import RunDatabase, RunsError
from nnstudio.train.events import Event, RunStarted
from nnstudio.train.stream import EventStream

#: Seconds between transactions.
INTERVAL = 0.25


class Recorder:
    """Writes events in the background: ``Worker(…, also=(recorder.put,))``.

    ``error`` is a sentence where writing failed (a full disk); the run then goes on unrecorded.
    """

    def __init__(self, path: Path) -> None:
        self.error = ""
        self._begun = False
        self._path, self._stream, self._closing = Path(path), EventStream(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Add an event. Never blocks. What comes before a RunStarted has no run to be recorded under."""
        self._begun = self._begun or isinstance(event, RunStarted)
        if self._begun and not self.error:
            self._stream.put(event)

    def close(self, timeout: float | None = 10.0) -> bool:
        """Write what waits and end; whether that was done within so many seconds."""
        self._closing.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            with RunDatabase(self._path) as database:
                closing = False
                while not closing:
                    closing = self._closing.wait(INTERVAL)
                    waiting = self._stream.drain()
                    if waiting:
                        database.write_all(waiting)
        except RunsError as error:
            self.error = str(error)
