"""The trainer: epochs, steps and what happens between them."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstudio.train import failures
from nnstudio.train.answers import Answers
from nnstudio.train.augmenting import augmenting_of
from nnstudio.train.batches import Batch, Data, Rows
from nnstudio.train.changing import changed
from nnstudio.train.clock import Clock, busy_clock
from nnstudio.train.control import Control
from nnstudio.train.environment import TrainingError, described, threads_of
from nnstudio.train.evaluate import evaluate_rows
from nnstudio.train.events import (
    Diagnosis,
    EpochEnded,
    Event,
    RunFinished,
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
from nnstudio.train.private import batches_of, spent
from nnstudio.train.replay import find_culprit
from nnstudio.train.run_folder import RunFolder
from nnstudio.train.state import Moment, NotFiniteError, State
from nnstudio.train.stepping import Stepper
from nnstudio.train.taking_over import take_over
from nnstudio.train.watching import Watcher
from nnstudio.train.written import figures_of_writing

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.carrying import Carried
    from nnstudio.compile.lower import Compiled

#: Seconds between Steps events, and between Samples events.
SENDING, SAMPLES = 0.06, 0.5
#: Seconds between PrivacySpent events within an epoch.
PRIVACY = 0.5
#: Share of the time that Steps events may take: where it is not enough they come more rarely, but for so many seconds.
TELLING, SLOWEST = 0.002, 0.25


class Trainer:
    """One run. Use :func:`nnstudio.train.loop.run`, which also sets up its surroundings and catches its failures."""

    def __init__(
        self,
        compiled: Compiled,
        data: Data,
        plan: Plan,
        control: Control,
        device: torch.device,
        folder: RunFolder | None,
        run: str,
        origin: Origin | None = None,
    ) -> None:
        """``folder``: where its checkpoints are written."""
        self.data, self.control, self.device, self.run = data, control, device, run
        self.counts = {split: data.count(split) for split in ("train", "validation", "test")}
        if not self.counts["train"]:
            raise TrainingError("There are no rows to train on", "give the training split a share of the data")
        self.memory = MemoryWatch(device)
        self._take(compiled, State(_trainable(compiled), plan, device))
        self.clock, self.pace = Clock(), Pace(plan.watching, busy_clock(device.type))
        self.watcher = Watcher(self.pace, control, data, device)
        self.origin = origin or Origin()
        self.keeper = Keeper(self.state, self.clock, folder, self.origin)
        self.answers = Answers(self)
        self.reason = ""
        self._next_send = self._next_samples = self._next_privacy = self._mark = 0.0
        self._mark_step = 0

    @property
    def plan(self) -> Plan:
        """The plan as it holds now."""
        return self.state.plan

    def _take(self, compiled: Compiled, state: State) -> None:
        """Train this network, whose state this is."""
        data, device, watched = self.data, self.device, self.counts["validation"]
        augmenting = augmenting_of(data, compiled.inputs, compiled)
        rows = Rows(compiled.inputs, data.arrays("train"), self.counts["train"], device, augmenting)
        validation = Rows(compiled.inputs, data.arrays("validation"), watched, device) if watched else None
        self.compiled, self.state, self.validation = compiled, state, validation
        self.losses = Losses(state)
        self.batches = batches_of(state, rows)
        self.stepper = Stepper(compiled, state, self.losses, self.batches.steps_per_epoch)

    def follow_plan(self) -> None:
        """The state has another plan."""
        plan = self.plan
        if self.batches.batch_size != plan.batch_size or plan.private:
            self.batches = batches_of(self.state, self.batches.source)
        self.stepper = Stepper(self.compiled, self.state, self.losses, self.batches.steps_per_epoch)
        self.pace.allow(plan.watching)

    def follow_network(self, compiled: Compiled, origin: Origin) -> Carried:
        """Go on with another network, which takes over what still fits. TrainingError, and what compiling and making
        an optimizer raise, where it cannot be; then all is as it was."""
        state = State(_trainable(compiled), self.plan, self.device)
        carried = take_over(state, self.state)
        self._take(compiled, state)
        self.origin = origin
        self.compiled.train()
        self.losses.begin()
        self.keeper.follow(state, origin)
        return carried

    def events(
        self, moment: Moment | None = None, later: Plan | None = None, wanted: Plan | None = None
    ) -> Iterator[Event]:
        """The whole run, or all of it after a moment.

        later: what the plan was to become with the next epoch. wanted: a plan to go on with.
        """
        changes = list(self._restored(moment, later, wanted)) if moment is not None else []
        yield self.started()
        yield from self.spent()
        yield from changes
        yield from self._warnings()
        self.compiled.train()
        self.losses.begin()
        self.pace.began(perf_counter())
        self.begin_segment()
        try:
            self.keeper.remember()
            while (yield from self._goes_on()):
                yield from self._epoch()
            self.losses.fetch()
            yield from self.send()
            yield from self.keeper.finish()
        except NotFiniteError as bad:
            step = bad.step
        else:
            self.compiled.training.eval()
            yield from self.spent()
            yield self._finished()
            return
        yield from self.send()
        yield from self._explained(step)

    def _restored(self, moment: Moment, later: Plan | None, wanted: Plan | None) -> Iterator[Event]:
        """Be where the run was; then change what is wanted to be other than it was."""
        self.state.restore(moment)
        self.state.later = later
        self.clock = self.keeper.clock = Clock(self.state.progress.seconds)
        if wanted is not None:
            values = {name: getattr(wanted, name) for name in changed(later or self.plan, wanted)}
            yield from self.answers.take_plan(values)

    def started(self) -> RunStarted:
        """What the run is, as of now."""
        compiled, state = self.compiled, self.state
        return RunStarted(
            **self.at(), run=self.run, device=self.device.type, threads=threads_of(self.plan),
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
                **self.at(), code="fewer-rows-than-batch",
                message=f"There are {rows} rows to train on, fewer than the batch size of {size}: each epoch is one "
                f"step on all {rows}",
                hint=f"choose a batch size of at most {max(1, rows // 2)} for more steps an epoch",
            )  # fmt: skip

        if self.plan.private and self.plan.delta >= 1.0 / rows:
            yield Diagnosis(
                **self.at(), code="delta-too-large",
                message=f"A δ of {self.plan.delta:g} promises little to {rows:,} rows: one row in {rows:,} could be "
                "given away whole within it",
                hint=f"choose a δ well below one over the rows, such as {10 ** math.floor(math.log10(0.3 / rows)):g}",
            )  # fmt: skip

    def _finished(self) -> RunFinished:
        best = self.keeper.settle()
        return RunFinished(
            **self.at(), reason=self.reason or "completed", epochs=self.state.progress.epoch, best_epoch=best,
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

    def _goes_on(self) -> Generator[Event, None, bool]:
        """Between two epochs: answer what is asked, also at the end of the last; whether another is to be trained."""
        self.answers.again = True
        while self.control.pending and self.answers.again:
            self.answers.again = False
            yield from self.answers.answer(before_step=False)
        if not self.reason and not self.state.progress.batch:
            yield from self.answers.next_epoch()
        return self._more()

    def _more(self) -> bool:
        """Whether another epoch is to be trained."""
        plan, progress = self.plan, self.state.progress
        if progress.epoch >= plan.epochs and not progress.batch:  # one that was begun is done to its end
            return False
        if plan.early_stopping and progress.waited >= plan.patience:
            self.reason = "early stopping"
        return not self.reason

    # An epoch.

    def _epoch(self) -> Iterator[Event]:
        began, answers = self.clock.now(), self.answers
        answers.again = True
        while answers.again and not self.reason:
            answers.again = False
            yield from self._steps()
        if not self.reason:
            yield from self._epoch_ended(began)
            self.begin_segment()

    def _steps(self) -> Iterator[Event]:
        """The steps that are left of an epoch, unless something is changed meanwhile."""
        progress, control, pace, answers = self.state.progress, self.control, self.pace, self.answers
        step, last = self.stepper.plain(), self._last_batch()
        for batch in self.batches.epoch(progress.epoch, progress.batch):
            if control.pending:
                yield from answers.answer()
                if self.reason or answers.again:
                    return
            if progress.batch == last:  # what is seen in the end is what came of it, however short the run was
                pace.hurry()
            now = perf_counter()
            if now >= pace.next and (wanted := self.watcher.due(self.stepper, now)):
                yield from self._look(batch, wanted)
            else:
                step(batch)
            if now >= self._next_send:
                self.losses.fetch()
                told = self.pace.clock()
                yield from self.send()
                if now >= self._next_privacy:
                    self._next_privacy = now + PRIVACY
                    yield from self.spent()
                self._next_send = now + min(
                    SLOWEST, max(SENDING, self.pace.apart(self.pace.clock() - told, TELLING, now))
                )
                yield from self.keeper.keep_up(ended=False)
                self.begin_segment()
        self.losses.fetch()
        self._end_segment()
        if control.pending:
            yield from answers.answer(before_step=False)

    def _last_batch(self) -> int:
        """Which batch of this epoch is the last of the run, from 0; −1 where another epoch follows."""
        final = self.state.progress.epoch + 1 >= self.plan.epochs
        return self.batches.steps_per_epoch - 1 if final else -1

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
                yield from self._told(Samples(**self.at(), indices=np.arange(shown), outputs=samples))
            validation |= self._written()
        rate = self.stepper.rate(max(0, progress.step - 1))
        progress.epoch, progress.batch = progress.epoch + 1, 0
        best = self._judge(validation.get("loss", training["loss"]))
        state.forget_epoch()
        if state.secret is not None:
            yield from self.spent()
        yield from self._told(EpochEnded(
            **self.at(), epoch=progress.epoch, training=training, validation=validation, learning_rate=rate,
            seconds=self.clock.now() - began, best=best, phases=phases,
        ))  # fmt: skip
        yield from self.keeper.keep_up(ended=True, best=best)
        if self._more():
            self.control.epoch_done()

    def _written(self) -> Figures:
        """Figures of what the network writes for some validation rows, at the pace that the plan says."""
        plan, done = self.plan, self.state.progress.epoch + 1
        if not plan.writing_epochs or (done % plan.writing_epochs and done < plan.epochs):
            return {}
        return figures_of_writing(self.compiled, self.data, "validation", plan.writing_rows)

    def _judge(self, loss: float) -> bool:
        """Whether the epoch is the best so far; then its weights are kept."""
        state, progress, plan = self.state, self.state.progress, self.plan
        progress.loss = loss if math.isfinite(loss) else None
        state.plateau = state.plateau.after(loss, plan)
        if math.isfinite(loss) and (progress.best_loss is None or loss < progress.best_loss):
            progress.best_loss, progress.best_epoch, progress.waited = loss, progress.epoch, 0
            if plan.keeps_best:
                state.keep_best()
            return True
        progress.waited += 1
        return False

    # Steps and what is between them.

    def at(self) -> dict[str, Any]:
        """When an event is."""
        return {"step": self.state.progress.step, "time": self.clock.now()}

    def _look(self, batch: Batch, wanted: tuple[str, ...]) -> Iterator[Event]:
        """A step that is looked at by these instruments."""
        self._end_segment()
        found = self.watcher.look(self.stepper, wanted, batch, self.at)
        start = self.pace.clock()
        yield from found
        self.pace.sent(self.begin_segment() - start)

    def _told(self, event: Event) -> Iterator[Event]:
        """An event between epochs; what telling it takes is what watching costs."""
        start = self.pace.clock()
        yield event
        self.pace.sent(self.pace.clock() - start)

    def send(self) -> Iterator[Event]:
        """A Steps event for the losses that were fetched."""
        began, now = self._end_segment(), perf_counter()
        self.watcher.heed(now)
        self._next_send = now + SENDING
        self.memory.look()
        progress, epochs = self.state.progress, self.plan.epochs
        left = max(0, epochs * self.batches.steps_per_epoch - progress.step)
        event = self.losses.event(left, self.pace.share, **self.at(), epoch=min(progress.epoch + 1, epochs))
        if event is not None:
            yield event
            self.pace.sent(self.begin_segment() - began)

    def spent(self) -> Iterator[Event]:
        """What private training has given away until now; nothing where it is not private."""
        left = max(0, self.plan.epochs * self.batches.steps_per_epoch - self.state.progress.step)
        yield from spent(self.state, self.batches.source.rows, left, **self.at())

    def begin_segment(self) -> float:
        """Plain steps begin now, by the pace's clock."""
        self._mark, self._mark_step = self.pace.clock(), self.state.progress.step
        return self._mark

    def _end_segment(self) -> float:
        """Tell the pace how long the plain steps since the segment began took."""
        now = self.pace.clock()
        self.pace.stepped(now - self._mark, self.state.progress.step - self._mark_step)
        self._mark, self._mark_step = now, self.state.progress.step
        return now


def _trainable(compiled: Compiled) -> Compiled:
    if not compiled.losses:
        raise TrainingError("There is nothing to minimise: the network has no loss", "add a loss, such as MSELoss")
    return compiled
