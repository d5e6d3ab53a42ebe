"""An old run as a History, and one that is being written followed: by this process or by another."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from nnstudio.runs.database import RunDatabase
from nnstudio.runs.errors import RunsError
from nnstudio.runs.losses import LOSS, PART, RATE
from nnstudio.runs.writing import MOST
from nnstudio.train.events import EpochEnded, Event, Floats, Insides, RunStarted, Samples, Steps
from nnstudio.train.history import EPOCHS_KEPT, KEPT, History
from nnstudio.train.series import BLOCK, Series

#: Of these a History shows the latest alone.
_LATEST = (Insides, Samples)


class Replay:
    """A run as its database has it. ``history`` shows it as it was when :meth:`load` or :meth:`follow` was called last.

    What is read of a run of millions of steps is summaries; its single steps are read when a plot comes near them. May
    be loaded in one thread and used in another; it keeps its file open until :meth:`close`.
    """

    def __init__(self, path: Path, run: str) -> None:
        """RunsError where the file cannot be read."""
        self.run = run
        self.history = History()
        self._database = RunDatabase(path)
        self._number = 0

    def close(self) -> None:
        """Close the file: nothing more is read, and single steps far back are no longer known."""
        self._database.close()

    def load(self) -> History:
        """Read the run anew, into another History. RunsError where it is not there, or cannot be read."""
        database, history = self._database, History()
        with database.reading():
            told = self._told()
            if not any(isinstance(event, RunStarted) for _, event in told):
                raise RunsError("This run is not in the database any more; it may have been deleted elsewhere")
            last = max(place for place, (_, event) in enumerate(told) if isinstance(event, RunStarted))
            for _, event in told[: last + 1]:
                history.feed(event)
            curves = {
                name: Series.stored(cells, partial(self._block, name))
                for name, cells in database.curves(self.run).items()
            }
            parts = {name.removeprefix(PART): each for name, each in curves.items() if name.startswith(PART)}
            history.restore(curves.get(LOSS, Series()), curves.get(RATE, Series()), parts)
            for event in database.latest_steps(self.run, len(history.losses)):
                history.feed(event)
            for _, event in told[last + 1 :]:
                history.feed(event)
            record = database.record(self.run)
        self._number = max((number for number, _ in told), default=0)
        self._measure(history, record.measured if record is not None else {})
        self.history = history
        return history

    def _told(self) -> list[tuple[int, Event]]:
        """What a History can hold of the run, in its order."""
        database = self._database
        found: dict[int, Event] = {}
        most = {kind.__name__: 1 if kind in _LATEST else KEPT for kind in MOST} | {EpochEnded.__name__: EPOCHS_KEPT}
        for kind in database.kinds(self.run):
            found.update(database.told(self.run, kind=kind, most=most.get(kind, 0)))
        found.update(database.best_epoch(self.run))
        return sorted(found.items())

    def _block(self, name: str, number: int) -> Floats:
        try:
            return self._database.block(self.run, name, number)
        except RunsError:  # the file is gone while a plot shows it
            return np.full(BLOCK, np.nan, np.float32)

    def _measure(self, history: History, measured: object) -> None:
        if isinstance(measured, dict) and measured:
            known = {
                name: float(measured.get(name) or 0.0) for name in ("steps_per_second", "seconds_left", "watching")
            }
            history.steps_per_second, history.watching = known["steps_per_second"], known["watching"]
            history.seconds_left = 0.0 if history.ended is not None else known["seconds_left"]

    def follow(self) -> tuple[list[Event], bool]:
        """What has been written since; it is not fed to the history yet (that is for the thread that shows it).

        The second is True where the run went back to an earlier step: then :meth:`load` reads it anew.
        """
        database = self._database
        with database.reading():
            told = database.told(self.run, self._number)
            steps: list[Steps] = database.latest_steps(self.run, len(self.history.losses))
        if any(isinstance(event, RunStarted) for _, event in told):
            return [], True
        self._number = max((number for number, _ in told), default=self._number)
        return [*steps, *(event for _, event in told)], False

    @property
    def is_written(self) -> bool:
        """Whether a process that is alive writes the run."""
        record = self._database.record(self.run)
        return record is not None and record.written


def load(path: Path, run: str) -> History:
    """An old run's history. RunsError where it is not there, or cannot be read."""
    return Replay(path, run).load()
