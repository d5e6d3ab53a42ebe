"""What a run does when something is asked of it: stand still, do a step, change, write a checkpoint, end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nnstudio.train import changing
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import Diagnosis, Event, NetworkChanged, PlanChanged, RunPaused, RunResumed, RunStarted
from nnstudio.train.failures import failed
from nnstudio.train.replanning import replan

if TYPE_CHECKING:
    from nnstudio.compile.carrying import Carried
    from nnstudio.train.control import NewNetwork
    from nnstudio.train.trainer import Trainer


class Answers:
    """Answers a trainer's control. ``again``: something was changed, so that the epoch's steps are to be made anew."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._control = trainer, trainer.control
        self.again = False
        self._announced = self._standing = False

    def answer(self, before_step: bool = True) -> Iterator[Event]:
        """Do what the control asks; comes back when a step is to be done, something changed, or the run is to end.

        A single step that is asked for at the end of an epoch is the next epoch's first (not ``before_step``).
        """
        control, trainer = self._control, self._trainer
        while control.pending:
            if control.stopping:
                trainer.reason = "stopped"
                return
            yield from self._changes()
            if control.take_checkpoint():
                trainer.losses.fetch()
                yield from trainer.keeper.checkpoint("hand")
            if self.again:
                return
            if control.step_waits and not before_step:
                trainer.clock.go_on()
                break
            if control.take_step():
                trainer.clock.go_on()
                self._announced = False
                trainer.pace.hurry()
                break
            if control.paused:
                yield from self._stand()
                continue
            if self._standing:
                yield from self._go_on()
            control.settle()
        trainer.begin_segment()

    def next_epoch(self) -> Iterator[Event]:
        """An epoch is about to begin: what was to change with it changes."""
        state = self._trainer.state
        later, state.later = state.later, None
        if later is not None:
            yield from self._taken(changing.Change(later, later))

    def take_plan(self, values: Mapping[str, Any]) -> Iterator[Event]:
        """Change values of the plan; a Diagnosis where that cannot be done."""
        state = self._trainer.state
        try:
            change = changing.change(state.plan, values, at_start=not state.progress.batch, later=state.later)
        except TrainingError as refused:
            yield self._refused("plan-not-changed", refused.message, refused.hint)
        else:
            yield from self._taken(change)

    def _stand(self) -> Iterator[Event]:
        """Stand still until the control has something new."""
        trainer = self._trainer
        if not self._announced:
            trainer.losses.fetch()
            yield from trainer.send()
            self._announced = self._standing = True
            trainer.clock.stand()
            yield RunPaused(**trainer.at())
        self._control.wait()

    def _go_on(self) -> Iterator[Event]:
        trainer = self._trainer
        trainer.clock.go_on()
        self._announced = self._standing = False
        trainer.losses.begin()
        trainer.pace.began(perf_counter())
        yield RunResumed(**trainer.at())

    def _changes(self) -> Iterator[Event]:
        """Changes of the plan and of the network, as of the step that has just been done."""
        values, network = self._control.take_plan(), self._control.take_network()
        if not values and network is None:
            return
        self._trainer.losses.fetch()
        yield from self._trainer.send()
        if values:
            yield from self.take_plan(values)
        if network is not None:
            yield from self._take_network(network)

    def _taken(self, change: changing.Change) -> Iterator[Event]:
        """Go on by another plan; a Diagnosis where it does not fit the network."""
        trainer = self._trainer
        state, before, steps = trainer.state, trainer.state.plan, trainer.batches.steps_per_epoch
        if change.now != before:
            self.again = True
            try:
                replan(state, change.now)
            except TrainingError as refused:
                yield self._refused("plan-not-changed", refused.message, refused.hint, refused.node)
                return
            trainer.follow_plan()
            was, now = changing.difference(before, change.now)
            yield PlanChanged(**trainer.at(), before=was, after=now)
            if trainer.batches.steps_per_epoch != steps or before.phases != change.now.phases:
                yield self._started()
            trainer.keeper.remember()
        state.later = change.later if change.later != change.now else None

    def _take_network(self, wanted: NewNetwork) -> Iterator[Event]:
        """Go on with another network, or stand still with the one that is there."""
        trainer = self._trainer
        self.again = True
        try:
            carried = self._with_network(wanted)
        except Exception as error:  # whatever is wrong with the new network, the old one is still there
            trainer.state.tracks.leave()
            self._control.pause()
            told = failed(error, trainer.state.plan.batch_size, 0, 0.0)
            yield self._refused("network-not-changed", told.message, told.hint, told.node)
            return
        by_state: dict[str, list[str]] = {"kept": [], "grown": [], "cut": [], "fresh": []}
        for part in carried.parts:
            for key, what in part.weights.items():
                by_state[what].append(key)
        yield NetworkChanged(
            **trainer.at(), kept=tuple(by_state["kept"]), cut=(*by_state["grown"], *by_state["cut"]),
            fresh=tuple(by_state["fresh"]),
        )  # fmt: skip
        yield self._started()

    def _started(self) -> RunStarted:
        """What the run is now; that it stands still, if it does, is told again."""
        self._announced = False
        return self._trainer.started()

    def _with_network(self, wanted: NewNetwork) -> Carried:
        trainer = self._trainer
        compiled = wanted.make()
        network = wanted.network() if callable(wanted.network) else wanted.network
        trainer.state.tracks.leave()
        return trainer.follow_network(compiled, replace(trainer.origin, network=network))

    def _refused(self, code: str, message: str, hint: str = "", node: str = "") -> Diagnosis:
        return Diagnosis(**self._trainer.at(), code=code, message=message, hint=hint, node=node)
