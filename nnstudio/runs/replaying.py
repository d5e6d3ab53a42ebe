"""An old run as a History, and one that is being written followed: by this process or by another."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from nnstudio.runs.database import RunDatabase
from nnstudio.runs.errors import RunsError
from nnstudio.runs.losses import LOSS, PART, RATE
from nnstudio.runs.writing import MOST
from nnstudio.train.events import (
    Diagnosis,
    EpochEnded,
    Event,
    FlightRecorded,
    Floats,
    Forecasted,
    Insides,
    RunFailed,
    RunFinished,
    RunStarted,
    Samples,
    Steps,
)
from nnstudio.train.history import EPOCHS_KEPT, History
from nnstudio.train.series import BLOCK, Series
from nnstudio.train.snapshots import KEPT

#: Of these a History shows the latest alone, or so many as it has room for.
_FEW: Mapping[str, int] = {Samples.__name__: 1, Insides.__name__: 32}
#: What was said of a run is not said of those that were forked from it.
_OWN = (Diagnosis, FlightRecorded, Forecasted, RunFailed, RunFinished)


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
        with self._database.reading():
            history, self._number = self._read(self.run, None, frozenset())
            record = self._database.record(self.run)
        self._measure(history, record.measured if record is not None else {})
        self.history = history
        return history

    def _read(self, run: str, until: int | None, forks: frozenset[str]) -> tuple[History, int]:
        """A run's history, and the number of its last event. A run that was forked from another begins with what that
        one was until then, as far as it is there still. until: the step at which another was forked from this one;
        forks: those that have been come through."""
        told = self._told(run)
        begun = [event for _, event in told if isinstance(event, RunStarted)]
        if not begun:
            raise RunsError("This run is not in the database any more; it may have been deleted elsewhere")
        history, parent = History(), begun[0].parent
        if parent and parent not in forks | {run}:
            with contextlib.suppress(RunsError):
                history, _ = self._read(parent, begun[0].parent_step, forks | {run})
        events = [event for _, event in told]
        if until is not None:
            events = [event for event in events if event.step <= until and not isinstance(event, _OWN)]
        last = max((place for place, event in enumerate(events) if isinstance(event, RunStarted)), default=-1)
        for event in events[: last + 1]:
            history.feed(event)
        self._read_steps(history, run)
        for event in events[last + 1 :]:
            history.feed(event)
        if until is not None:
            for series in (history.losses, history.learning_rates, *history.parts.values()):
                if len(series) > until:
                    series.place(until, np.empty(0, np.float32))
        return history, max(number for number, _ in told)

    def _read_steps(self, history: History, run: str) -> None:
        """Put the losses of a run behind those that the history has already."""
        curves = {LOSS: history.losses, RATE: history.learning_rates}
        curves |= {PART + id: series for id, series in history.parts.items()}
        for name, cells in self._database.curves(run).items():
            curves.setdefault(name, Series()).go_on(cells, partial(self._block, run, name))
        parts = {name.removeprefix(PART): each for name, each in curves.items() if name.startswith(PART)}
        history.restore(curves[LOSS], curves[RATE], parts)
        for event in self._database.latest_steps(run, len(history.losses)):
            history.feed(event)

    def _told(self, run: str) -> list[tuple[int, Event]]:
        """What a History can hold of the run, in its order."""
        database = self._database
        found: dict[int, Event] = {}
        most = {kind.__name__: _FEW.get(kind.__name__, KEPT) for kind in MOST} | {EpochEnded.__name__: EPOCHS_KEPT}
        for kind in database.kinds(run):
            found.update(database.told(run, kind=kind, most=most.get(kind, 0)))
        found.update(database.best_epoch(run))
        return sorted(found.items())

    def _block(self, run: str, name: str, number: int) -> Floats:
        try:
            return self._database.block(run, name, number)
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
