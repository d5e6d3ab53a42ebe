"""Copies of the run's good state: in memory, to go back to where numbers go bad, and on disk, to resume from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from nnstudio.train import checkpoints as disk
from nnstudio.train.clock import Clock
from nnstudio.train.events import CheckpointSaved, Diagnosis, Event
from nnstudio.train.plan import Plan
from nnstudio.train.state import Moment, NotFiniteError, State

#: Seconds between checkpoints at the end of an epoch, and within one.
CHECKPOINTS, WITHIN_EPOCH = 10.0, 60.0
#: Seconds between copies in memory.
MOMENTS = 1.0
#: A copy that takes a second keeps the next one this many seconds away.
SPACING = 50.0


class Keeper:
    """Keeps what a run can go back to. ``good``: the last moment at which all numbers were finite."""

    def __init__(self, state: State, plan: Plan, clock: Clock, folder: Path | None, run: str) -> None:
        self.state, self.plan, self.clock, self.folder, self.run = state, plan, clock, folder, run
        self.good: Moment | None = None
        self._next_moment, self._next_checkpoint = 0.0, clock.now() + CHECKPOINTS

    def keep_up(self, ended: bool) -> Iterator[Event]:
        """Make the copies that are due. All losses must have been fetched. ``ended``: an epoch has just ended."""
        if perf_counter() >= self._next_moment:
            self.remember()
        due = self._next_checkpoint + (0.0 if ended else WITHIN_EPOCH - CHECKPOINTS)
        if self.folder is not None and self.clock.now() >= due:
            yield from self.checkpoint()

    def remember(self) -> Moment:
        """Copy everything in memory. NotFiniteError where a weight is not finite."""
        start, state = perf_counter(), self.state
        if not state.finite():
            raise NotFiniteError(state.progress.step)
        state.progress.seconds = self.clock.now()
        self.good = state.capture()
        now = perf_counter()
        self._next_moment = now + max(MOMENTS, SPACING * (now - start))
        return self.good

    def checkpoint(self) -> Iterator[Event]:
        """Write a checkpoint, where the run keeps any. Where that fails it says so, and training goes on."""
        if self.folder is None:
            return
        start = self.clock.now()
        where: dict[str, Any] = {"step": self.state.progress.step, "time": self.clock.now()}
        try:
            path = disk.save(self.folder, self.remember(), self.plan, self.run)
        except OSError as error:
            yield Diagnosis(
                **where, code="checkpoint-failed", message=f"The checkpoint could not be written: {error}",
                hint="make room on the disk or choose another folder; training goes on",
            )  # fmt: skip
        else:
            yield CheckpointSaved(**where, path=str(path), epoch=self.state.progress.epoch, kind="last")
        now = self.clock.now()
        self._next_checkpoint = now + max(CHECKPOINTS, SPACING * (now - start))

    @property
    def keeps_best(self) -> bool:
        """Whether the best epoch's weights are those to end with (`Plan.keeps_best`)."""
        return self.plan.keeps_best and bool(self.state.best)

    def settle(self) -> int:
        """At the end: give the model the weights to keep, and return the epoch that they are of."""
        if self.keeps_best:
            self.state.put_back(self.state.best)
            return self.state.progress.best_epoch
        return self.state.progress.epoch

    def rescue(self) -> None:
        """After a failure: give the model the best weights, else the last that are known to be good."""
        if self.keeps_best:
            self.state.put_back(self.state.best)
        elif self.good is not None:
            self.state.put_back({name: self.good.tensors[f"model.{name}"] for name in self.state.weights})
