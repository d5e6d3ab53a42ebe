"""The trainer: epochs, steps and what happens between them."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstudio.train import checkpoints as disk
from nnstudio.train import failures
from nnstudio.train.batches import Batch, Batches, Data, Rows
from nnstudio.train.clock import Clock
from nnstudio.train.control import Control
from nnstudio.train.environment import TrainingError, described, threads_of
from nnstudio.train.evaluate import evaluate_rows
from nnstudio.train.events import (
    Diagnosis,
    EpochEnded,
    Event,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Samples,
)
from nnstudio.train.figures import Figures
from nnstudio.train.keeping import Keeper
from nnstudio.train.losses import Losses
from nnstudio.train.memory import MemoryWatch
from nnstudio.train.origin import Origin
from nnstudio.train.pace import Pace
from nnstudio.train.plan import Plan
from nnstudio.train.replay import find_culprit
from nnstudio.train.state import NotFiniteError, State
from nnstudio.train.stepping import Stepper
from nnstudio.train.watching import Watcher

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

#: Seconds between Steps events, and between Samples events.
SENDING, SAMPLES = 0.04, 0.5


class Trainer:
    """One run. Use :func:`nnstudio.train.loop.run`, which also sets up its surroundings and catches its failures."""

    def __init__(
        self,
        compiled: Compiled,
        data: Data,
        plan: Plan,
        control: Control,
        device: torch.device,
        checkpoints: Path | None,
        run: str,
        origin: Origin | None = None,
    ) -> None:
        if not compiled.losses:
            raise TrainingError("There is nothing to minimise: the network has no loss", "add a loss, such as MSELoss")
        self.compiled, self.plan, self.control, self.device, self.run = compiled, plan, control, device, run
        self.counts = {split: data.count(split) for split in ("train", "validation", "test")}
        if not self.counts["train"]:
            raise TrainingError("There are no rows to train on", "give the training split a share of the data")
        self.memory = MemoryWatch(device)
        self.state = State(compiled, plan, device)
        rows = Rows(compiled.inputs, data.arrays("train"), self.counts["train"], device)
        self.batches = Batches(rows, plan.batch_size, plan.seed)
        watched = self.counts["validation"]
        self.validation = Rows(compiled.inputs, data.arrays("validation"), watched, device) if watched else None
        self.losses = Losses(self.state)
        self.stepper = Stepper(compiled, self.state, self.losses, self.batches.steps_per_epoch)
        self.clock, self.pace = Clock(), Pace(plan.watching)
        self.watcher = Watcher(self.pace, control, data, device)
        self.keeper = Keeper(self.state, plan, self.clock, checkpoints, run)
        self.origin = origin or Origin()
        self.reason = ""
        self._announced = self._standing = False
        self._next_send = self._next_samples = self._mark = 0.0
        self._mark_step = 0

    def events(self, resume: bool) -> Iterator[Event]:
        """The whole run."""
        if resume:
            self._restore()
        self.run = self.keeper.run = self.run or uuid.uuid4().hex[:12]
        yield self._started()
        yield from self._warnings()
        self.compiled.train()
        self.losses.begin()
        self.pace.began(perf_counter())
        self._begin_segment()
        try:
            self.keeper.remember()
            while self._more():
                yield from self._epoch()
            self.losses.fetch()
            yield from self._send()
            yield from self.keeper.checkpoint()
        except NotFiniteError as bad:
            step = bad.step
        else:
            self.compiled.training.eval()
            yield self._finished()
            return
        yield from self._send()
        yield from self._explained(step)

    def _restore(self) -> None:
        folder = self.keeper.folder
        if folder is None:
            raise TrainingError("No folder of checkpoints was given to go on from", "name the project's folder")
        moment, run = disk.load(folder, self.plan)
        self.state.restore(moment)
        self.run = self.run or run
        self.clock = Clock(self.state.progress.seconds)
        self.keeper = Keeper(self.state, self.plan, self.clock, folder, self.run)

    def _started(self) -> RunStarted:
        compiled, state = self.compiled, self.state
        return RunStarted(
            **self._at(), run=self.run, device=self.device.type, threads=threads_of(self.plan),
            epochs=self.plan.epochs, steps_per_epoch=self.batches.steps_per_epoch, batch_size=self.plan.batch_size,
            samples=self.counts, nodes={id: compiled.name(id) for id in compiled.resolution.order},
            trained=self.stepper.trained, losses=compiled.losses, metrics=compiled.metrics,
            parameters=sum(parameter.numel() for parameter in state.parameters), plan=self.plan.to_json(),
            environment=described(self.device), phases=state.tracks.names, network=self.origin.network,
            parent=self.origin.parent, parent_step=self.origin.parent_step,
        )  # fmt: skip

    def _warnings(self) -> Iterator[Event]:
        rows, size = self.counts["train"], self.plan.batch_size
        if rows < size:
            yield Diagnosis(
                **self._at(), code="fewer-rows-than-batch",
                message=f"There are {rows} rows to train on, fewer than the batch size of {size}: each epoch is one "
                f"step on all {rows}",
                hint=f"choose a batch size of at most {max(1, rows // 2)} for more steps an epoch",
            )  # fmt: skip

    def _finished(self) -> RunFinished:
        best = self.keeper.settle()
        return RunFinished(
            **self._at(), reason=self.reason or "completed", epochs=self.state.progress.epoch, best_epoch=best,
            seconds=self.clock.now(), memory=self.memory.most,
        )  # fmt: skip

    def _explained(self, step: int) -> Iterator[Event]:
        """Find out where it went bad, and keep the last good weights."""
        time = self.clock.now()
        moment = self.keeper.good or self.state.capture()  # where the weights were bad from the start
        best = self.state.best  # the repeated steps begin with the moment's
        found = find_culprit(
            self.state, self.batches, moment, step, self.stepper.update_again, lambda: self.control.stopping
        )
        self.state.best = best
        self.keeper.rescue()
        self.compiled.training.eval()
        if found.steps:
            yield found.event(time)
        yield failures.went_bad(found.culprit, self.compiled, time)

    def _more(self) -> bool:
        """Whether another epoch is to be trained."""
        plan, progress = self.plan, self.state.progress
        if progress.epoch >= plan.epochs:
            return False
        if plan.early_stopping and progress.waited >= plan.patience:
            self.reason = "early stopping"
        return not self.reason

    # An epoch.

    def _epoch(self) -> Iterator[Event]:
        progress, control, pace = self.state.progress, self.control, self.pace
        step, began = self.stepper.plain(), self.clock.now()
        for batch in self.batches.epoch(progress.epoch, progress.batch):
            if control.pending:
                yield from self._answer()
                if self.reason:
                    return
            now = perf_counter()
            if now >= pace.next and (wanted := self.watcher.due(self.stepper, now)):
                yield from self._look(batch, wanted)
            else:
                step(batch)
            if now >= self._next_send:
                self.losses.fetch()
                yield from self._send()
                yield from self.keeper.keep_up(ended=False)
                self._begin_segment()
        self.losses.fetch()
        self._end_segment()
        if control.pending:
            yield from self._answer(before_step=False)
        if not self.reason:
            yield from self._epoch_ended(began)
            self._begin_segment()

    def _epoch_ended(self, began: float) -> Iterator[Event]:
        state, progress = self.state, self.state.progress
        training, phases = state.epoch_figures(self.batches.sizes)
        validation: Figures = {}
        if self.validation is not None:
            validation, samples = evaluate_rows(
                self.compiled, self.validation, self.plan.batch_size, lambda: self.control.stopping
            )
            if not validation:
                self.reason = "stopped"
                return
            if samples and perf_counter() >= self._next_samples:
                self._next_samples = perf_counter() + SAMPLES
                shown = len(next(iter(samples.values())))
                yield Samples(**self._at(), indices=np.arange(shown), outputs=samples)
        rate = self.stepper.rate(max(0, progress.step - 1))
        progress.epoch, progress.batch = progress.epoch + 1, 0
        best = self._judge(validation.get("loss", training["loss"]))
        state.forget_epoch()
        yield EpochEnded(
            **self._at(), epoch=progress.epoch, training=training, validation=validation, learning_rate=rate,
            seconds=self.clock.now() - began, best=best, phases=phases,
        )  # fmt: skip
        yield from self.keeper.keep_up(ended=True)

    def _judge(self, loss: float) -> bool:
        """Whether the epoch is the best so far; then its weights are kept."""
        state, progress, plan = self.state, self.state.progress, self.plan
        state.plateau = state.plateau.after(loss, plan)
        if math.isfinite(loss) and (progress.best_loss is None or loss < progress.best_loss):
            progress.best_loss, progress.best_epoch, progress.waited = loss, progress.epoch, 0
            if plan.keeps_best:
                state.keep_best()
            return True
        progress.waited += 1
        return False

    # Steps and what is between them.

    def _at(self) -> dict[str, Any]:
        return {"step": self.state.progress.step, "time": self.clock.now()}

    def _look(self, batch: Batch, wanted: tuple[str, ...]) -> Iterator[Event]:
        """A step that is looked at by these instruments."""
        self._end_segment()
        found = self.watcher.look(self.stepper, wanted, batch, self._at)
        start = perf_counter()
        yield from found
        now = self._begin_segment()
        self.pace.sent(now - start, now)

    def _send(self) -> Iterator[Event]:
        """A Steps event for the losses that were fetched."""
        now = self._end_segment()
        self.watcher.heed(now)
        self._next_send = now + SENDING
        self.memory.look()
        progress, epochs = self.state.progress, self.plan.epochs
        left = max(0, epochs * self.batches.steps_per_epoch - progress.step)
        event = self.losses.event(left, self.pace.share, **self._at(), epoch=min(progress.epoch + 1, epochs))
        if event is not None:
            yield event
            after = self._begin_segment()
            self.pace.sent(after - now, after)

    def _begin_segment(self) -> float:
        """Plain steps begin now."""
        self._mark, self._mark_step = perf_counter(), self.state.progress.step
        return self._mark

    def _end_segment(self) -> float:
        """Tell the pace how long the plain steps since the segment began took."""
        now = perf_counter()
        self.pace.stepped(now - self._mark, self.state.progress.step - self._mark_step)
        self._mark, self._mark_step = now, self.state.progress.step
        return now

    def _answer(self, before_step: bool = True) -> Iterator[Event]:
        """Do what the control asks; comes back when a step is to be done or the run is to end.

        A single step that is asked for at the end of an epoch is the next epoch's first (not ``before_step``).
        """
        control = self.control
        while control.pending:
            if control.stopping:
                self.reason = "stopped"
                return
            if control.take_checkpoint():
                self.losses.fetch()
                yield from self.keeper.checkpoint()
            if control.step_waits and not before_step:
                self.clock.go_on()
                break
            if control.take_step():
                self.clock.go_on()
                self._announced = False
                self.pace.hurry()
                break
            if control.paused:
                yield from self._stand()
                continue
            if self._standing:
                yield from self._go_on()
            control.settle()
        self._begin_segment()

    def _stand(self) -> Iterator[Event]:
        """Stand still until the control has something new."""
        if not self._announced:
            self.losses.fetch()
            yield from self._send()
            self._announced = self._standing = True
            self.clock.stand()
            yield RunPaused(**self._at())
        self.control.wait()

    def _go_on(self) -> Iterator[Event]:
        self.clock.go_on()
        self._announced = self._standing = False
        self.losses.begin()
        self.pace.began(perf_counter())
        yield RunResumed(**self._at())
