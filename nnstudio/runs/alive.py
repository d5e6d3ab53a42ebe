"""Whether a run is being written, here or by another process: its writer holds a lock that the system takes from a
process that dies."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from nnstudio.locking import locked

#: How often to try again where someone just looks whether the run is being written.
_TRIES, _PAUSE = 50, 0.01


def _file(database: Path, run: str) -> Path:
    return database.with_name(f"{database.stem}-{quote(run, safe='')[:100]}.writing")


class Writing:
    """Says, as long as it is open, that a run is being written."""

    def __init__(self, database: Path, run: str) -> None:
        self._path = _file(database, run)
        self._lock: BinaryIO | None = None
        for _ in range(_TRIES):
            try:
                opened = self._path.open("ab")
            except OSError:  # the run is recorded all the same
                return
            if locked(opened):
                self._lock = opened
                return
            opened.close()
            time.sleep(_PAUSE)

    def close(self) -> None:
        """The run is written no longer."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            with contextlib.suppress(OSError):
                self._path.unlink()


def is_written(database: Path, run: str) -> bool:
    """Whether a process that is alive writes this run."""
    path = _file(database, run)
    try:
        with path.open("rb+") as opened:
            if not locked(opened):
                return True
    except OSError:
        return False
    with contextlib.suppress(OSError):  # its process was killed
        path.unlink()
    return False
