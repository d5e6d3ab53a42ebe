"""Copies of the run's good state: in memory, to go back to where numbers go bad, and on disk, to resume from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter, thread_time
from typing import Any

from nnstudio.train.checkpoints import About
from nnstudio.train.clock import Clock
from nnstudio.train.events import CheckpointSaved, Diagnosis, Event
from nnstudio.train.origin import Origin
from nnstudio.train.run_folder import RunFolder
from nnstudio.train.state import Moment, NotFiniteError, State

#: Seconds between checkpoints at the end of an epoch, and within one.
CHECKPOINTS, WITHIN_EPOCH = 10.0, 60.0
#: The first one comes sooner, so that a short run that is killed can be gone on with too.
FIRST = 2.0
#: Seconds between copies in memory.
MOMENTS = 2.0
#: A copy that takes a second keeps the next one this many seconds away.
SPACING = 400.0


class Keeper:
    """Keeps what a run can go back to. ``good``: the last moment at which all numbers were finite."""

    def __init__(self, state: State, clock: Clock, folder: RunFolder | None, origin: Origin) -> None:
        self.state, self.clock, self.folder, self.origin = state, clock, folder, origin
        self.good: Moment | None = None
        #: the plan with which the run began
        self.given: Mapping[str, Any] = state.plan.to_json()
        self._best: tuple[Moment, About] | None = None
        self._next_moment = self._next_hold = 0.0
        self._next_last, self._next_best = clock.now() + FIRST, clock.now() + CHECKPOINTS

    def follow(self, state: State, origin: Origin) -> None:
        """The run goes on with another network."""
        self.state, self.origin, self._best = state, origin, None
        self.remember()

    def keep_up(self, ended: bool, best: bool = False) -> Iterator[Event]:
        """Make the copies that are due. All losses must have been fetched. ``ended``: an epoch has just ended, and
        ``best``: better than those before."""
        if best:
            self._hold()
        if perf_counter() >= self._next_moment:
            self.remember()
        if self.folder is None:
            return
        if self.clock.now() >= self._next_last + (0.0 if ended else WITHIN_EPOCH - CHECKPOINTS):
            yield from self.checkpoint()
        if self.clock.now() >= self._next_best:
            yield from self._save_best()

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

    def checkpoint(self, kind: str = "last") -> Iterator[Event]:
        """Write a checkpoint, where the run keeps any. Where that fails it says so, and training goes on."""
        if self.folder is None:
            return
        start = self.clock.now()
        moment = self.remember()
        yield from self._save(moment, self._about(moment), kind)
        now = self.clock.now()
        self._next_last = now + max(CHECKPOINTS, SPACING * (now - start))

    def finish(self) -> Iterator[Event]:
        """The run ends: write what is to be found afterwards."""
        yield from self._save_best()
        yield from self.checkpoint()

    def _hold(self) -> None:
        """Keep the moment of the best epoch until it is time to write it, unless such come too fast to be copied."""
        start, self._best = thread_time(), None
        if self.folder is None or self.state.plan.phases or perf_counter() < self._next_hold:
            return
        moment = self.remember()
        self._best = (moment, self._about(moment))
        self._next_hold = perf_counter() + SPACING * (thread_time() - start)  # whatever else the machine does

    def _save_best(self) -> Iterator[Event]:
        if self._best is not None:
            start, (moment, about), self._best = self.clock.now(), self._best, None
            yield from self._save(moment, about, "best")
            now = self.clock.now()
            self._next_best = now + max(CHECKPOINTS, SPACING * (now - start))

    def _about(self, moment: Moment) -> About:
        assert self.folder is not None
        state, origin, place = self.state, self.origin, moment.progress
        return About(
            run=self.folder.run, plan=state.plan.to_json(), later=state.later.to_json() if state.later else None,
            given=self.given, network=origin.network, parent=origin.parent, parent_step=origin.parent_step,
            **{name: place[name] for name in ("epoch", "batch", "step", "loss", "best_epoch", "seconds")},
        )  # fmt: skip

    def _save(self, moment: Moment, about: About, kind: str) -> Iterator[Event]:
        assert self.folder is not None
        where: dict[str, Any] = {"step": self.state.progress.step, "time": self.clock.now()}
        try:
            path = self.folder.add(moment, about, kind)
        except OSError as error:
            yield Diagnosis(
                **where, code="checkpoint-failed", message=f"The checkpoint could not be written: {error}",
                hint="make room on the disk or choose another folder; training goes on",
            )  # fmt: skip
        else:
            yield CheckpointSaved(**where, path=str(path), epoch=about.epoch, kind=kind)

    @property
    def keeps_best(self) -> bool:
        """Whether the best epoch's weights are those to end with (`Plan.keeps_best`)."""
        return self.state.plan.keeps_best and bool(self.state.best)

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
