"""Lockstep: several runs side by side in one thread, on the same batches and seeds, so that what differs between them
comes from what differs in their networks and plans alone.

Sides take turns of some steps; the one that has seen fewer samples goes next. Each has random state of its own, so a
side's figures are those that it would have by itself. So has a private side its own secret: noise that two models share
could be taken out again by whoever has both.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nnstudio.train import failures
from nnstudio.train.augmenting import augmenting_of
from nnstudio.train.batches import Batches, Data, Rows
from nnstudio.train.clock import Clock
from nnstudio.train.control import Control
from nnstudio.train.environment import (
    TrainingError,
    choose_device,
    described,
    environment,
    seed_of,
    threads_of,
)
from nnstudio.train.evaluate import evaluate_rows
from nnstudio.train.events import EpochEnded, Event, RunFailed, RunFinished, RunPaused, RunResumed, RunStarted
from nnstudio.train.figures import Figures
from nnstudio.train.losses import Losses
from nnstudio.train.origin import Origin
from nnstudio.train.plan import Plan
from nnstudio.train.private import batches_of, spent, without_secret
from nnstudio.train.state import Moment, NotFiniteError, State
from nnstudio.train.stepping import Stepper

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

#: Steps that a side does before the others have their turn.
TURN = 4
#: Seconds between Steps events of a side, and between looks at its layers.
SENDING, LOOKS = 0.1, 0.5


@dataclass(frozen=True)
class Side:
    """One of the runs. data: where it learns from other data than the others (differently scaled, say).

    moment: where it begins; None: at the beginning, with the weights that ``compiled`` has. was: the network and the
    plan of that moment, where they are others; then weights and what the optimizer remembers go over as far as they
    fit.
    origin: the network that is trained, and the run that it was forked from.
    """

    compiled: Compiled
    plan: Plan
    data: Data | None = None
    moment: Moment | None = None
    was: tuple[Compiled, Plan] | None = None
    origin: Origin = field(default_factory=Origin)
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])


def lockstep(
    sides: Mapping[str, Side], data: Data, *, steps: int | None = None, control: Control | None = None
) -> Iterator[tuple[str, Event]]:
    """Run all sides to their plans' ends, or the first for ``steps`` steps and the others for as many samples, and
    yield what happens with the side's name.

    A side whose numbers go bad ends with a RunFailed and the others go on; so does one that cannot begin. The weights
    of each side's ``compiled`` change meanwhile; at the end they are the last ones. ``control`` pauses, resumes and
    stops all sides. The device and the threads are those of the first side's plan.
    """
    control = control or Control()
    first = next(iter(sides.values()))
    device = choose_device(first.plan.device)
    with environment(first.plan, device):
        samples = steps * first.plan.batch_size if steps is not None else None
        runners = [_Runner(name, side, side.data or data, samples, device, control) for name, side in sides.items()]
        going = list(runners)
        try:
            while going:
                yield from _answer(control, runners)
                runner = min(going, key=lambda each: each.seen)
                yield from ((runner.name, event) for event in runner.turn())
                going = [each for each in going if not each.ended]
        finally:
            for runner in runners:
                runner.leave()


def _answer(control: Control, runners: list[_Runner]) -> Iterator[tuple[str, Event]]:
    """Stand still while the control asks for it."""
    if not control.pending:
        return
    standing = False
    while control.paused and not control.stopping and not control.take_step():
        if not standing:
            standing = True
            for runner in runners:
                runner.clock.stand()
                yield runner.name, RunPaused(**runner.at())
        control.take_checkpoint()
        control.wait()
    for runner in runners if standing else ():
        runner.clock.go_on()
        yield runner.name, RunResumed(**runner.at())
    control.settle()


class _Runner:
    """One side as it runs."""

    def __init__(
        self, name: str, side: Side, data: Data, samples: int | None, device: torch.device, control: Control
    ) -> None:
        self.name, self.side, self.device, self.control = name, side, device, control
        self.steps = -(-samples // side.plan.batch_size) if samples is not None else None
        self.ended = False
        self.seen = 0
        self.clock = Clock()
        self.state: State | None = None
        self._data = data
        self._events = self._run()
        self._random: torch.Tensor | None = None

    def at(self) -> dict[str, Any]:
        """Step and time, as events have them."""
        return {"step": self.state.progress.step if self.state is not None else 0, "time": self.clock.now()}

    def turn(self) -> Iterator[Event]:
        """Some steps with the side's own random state."""
        import torch

        before = torch.get_rng_state()
        if self._random is None:
            torch.manual_seed(seed_of(self.side.plan.seed, "torch"))
        else:
            torch.set_rng_state(self._random)
        self.clock.go_on()
        told: list[Event] = []
        try:
            for _ in range(TURN):
                event = next(self._events)
                while event is not None:
                    told.append(event)
                    event = next(self._events)
        except StopIteration:
            self.ended = True
        except Exception as error:
            self.ended = True
            told.append(failures.failed(error, self.side.plan.batch_size, **self.at()))
        self._random = torch.get_rng_state()
        torch.set_rng_state(before)
        self.clock.stand()
        return iter(told)

    def leave(self) -> None:
        """Give the weights back as they are: all wanting gradients, in evaluation mode."""
        if self.state is not None:
            self.state.tracks.leave()
            self.side.compiled.training.eval()

    def _run(self) -> Iterator[Event | None]:
        """Events, and None after each step."""
        side, plan = self.side, self.side.plan
        state = self.state = State(side.compiled, plan, self.device)
        begin = _begin(state, side)
        inputs = side.compiled.inputs
        augmenting = augmenting_of(self._data, inputs, side.compiled)
        rows = Rows(inputs, self._data.arrays("train"), self._data.count("train"), self.device, augmenting)
        batches = batches_of(state, rows)
        watched = self._data.count("validation")
        validation = (
            Rows(side.compiled.inputs, self._data.arrays("validation"), watched, self.device) if watched else None
        )
        losses = Losses(state)
        stepper = Stepper(side.compiled, state, losses, batches.steps_per_epoch)
        last = plan.epochs * batches.steps_per_epoch
        last = last if self.steps is None else begin + self.steps
        yield self._started(stepper, batches, last, rows.rows, watched)
        yield from self._spent(state, rows.rows, last)
        side.compiled.train()
        losses.begin()
        try:
            while state.progress.step < last and not self.control.stopping:
                yield from self._epoch(stepper, batches, last)
                yield from self._epoch_ended(stepper, batches, validation)
                yield from self._spent(state, rows.rows, last)
        except NotFiniteError as bad:
            event = losses.event(0, 0.0, **self.at())
            if event is not None:
                yield event
            yield RunFailed(
                **self.at(), message=f"The loss is no longer a finite number: it went bad at step {bad.step}",
                hint="lower the learning rate or clip the gradient",
            )  # fmt: skip
            return
        reason = "stopped" if self.control.stopping else "completed"
        progress = state.progress
        yield RunFinished(
            **self.at(), reason=reason, epochs=progress.epoch, best_epoch=progress.best_epoch, seconds=self.clock.now()
        )

    def _spent(self, state: State, rows: int, last: int) -> Iterator[Event]:
        """What a private side has given away."""
        yield from spent(state, rows, max(0, last - state.progress.step), **self.at())

    def _started(self, stepper: Stepper, batches: Batches, last: int, rows: int, watched: int) -> RunStarted:
        compiled, plan, state = self.side.compiled, self.side.plan, stepper.state
        each = batches.steps_per_epoch
        return RunStarted(
            **self.at(), run=self.side.run, device=self.device.type, threads=threads_of(plan),
            epochs=max(1, -(-last // each)), steps_per_epoch=each, batch_size=plan.batch_size,
            samples={"train": rows, "validation": watched, "test": self._data.count("test")},
            nodes={id: compiled.name(id) for id in compiled.resolution.order}, trained=stepper.trained,
            losses=compiled.losses, metrics=compiled.metrics,
            parameters=sum(parameter.numel() for parameter in state.parameters), plan=plan.to_json(),
            environment=described(self.device), phases=state.tracks.names, network=self.side.origin.network,
            parent=self.side.origin.parent, parent_step=state.progress.step if self.side.origin.parent else 0,
        )  # fmt: skip

    def _epoch(self, stepper: Stepper, batches: Batches, last: int) -> Iterator[Event | None]:
        """The rest of an epoch, or as much of it as is to be done."""
        progress, losses = stepper.state.progress, stepper.losses
        step = stepper.plain()
        next_send, next_look = perf_counter() + SENDING, perf_counter() + LOOKS
        for batch, size in zip(
            batches.epoch(progress.epoch, progress.batch), batches.sizes[progress.batch :], strict=True
        ):
            stepper.state.tracks.enter(stepper.state.track)
            if perf_counter() >= next_look and stepper.look_now():
                yield from stepper.look(batch, self.at)
                next_look = perf_counter() + LOOKS
            else:
                step(batch)
            self.seen += size
            if perf_counter() >= next_send:
                yield from self._send(losses, last)
                next_send = perf_counter() + SENDING
            yield None
            if progress.step >= last or self.control.stopping:
                break
        yield from self._send(losses, last)

    def _send(self, losses: Losses, last: int) -> Iterator[Event]:
        losses.fetch()
        left = max(0, last - losses.state.progress.step)
        event = losses.event(left, 0.0, **self.at(), epoch=losses.state.progress.epoch + 1)
        if event is not None:
            yield event

    def _epoch_ended(self, stepper: Stepper, batches: Batches, validation: Rows | None) -> Iterator[Event]:
        """The figures of an epoch, or of the part of it that was done."""
        state, progress, plan = stepper.state, stepper.state.progress, self.side.plan
        done = progress.batch == batches.steps_per_epoch
        if not state.losses:
            return
        sizes = batches.sizes[progress.batch - len(state.losses) : progress.batch]
        training, phases = state.epoch_figures(sizes)
        figures: Figures = {}
        if validation is not None:
            figures, _ = evaluate_rows(self.side.compiled, validation, plan.batch_size)
        rate, number = stepper.rate(max(0, progress.step - 1)), progress.epoch + 1
        if done:
            progress.epoch, progress.batch = progress.epoch + 1, 0
        loss = figures.get("loss", training["loss"])
        state.plateau = state.plateau.after(loss, plan)
        best = progress.best_loss is None or loss < progress.best_loss
        if best:
            progress.best_loss, progress.best_epoch = loss, number
        state.forget_epoch()
        yield EpochEnded(
            **self.at(), epoch=number, training=training, validation=figures, learning_rate=rate,
            seconds=self.clock.now(), best=best, phases=phases,
        )  # fmt: skip


def _begin(state: State, side: Side) -> int:
    """Put a side where its moment says; the step at which it begins."""
    if side.moment is None:
        return 0
    moment = side.moment if side.plan.repeatable else without_secret(side.moment)
    if side.was is None:
        state.restore(moment)
    else:
        from nnstudio.train.taking_over import take_over

        compiled, plan = side.was
        if side.plan.private and not plan.private:
            raise TrainingError(
                "Private training cannot begin with weights that were trained without privacy: they tell of their rows",
                "compare versions from the beginning, or turn private training off",
            )
        old = State(compiled, plan, state.device)
        old.restore(moment)
        old.forget_epoch()
        take_over(state, old)
        if not side.plan.private:
            state.secret = None
        old.tracks.leave()
        state.progress.batch = old.progress.batch * plan.batch_size // side.plan.batch_size
    state.forget_epoch()  # the figures of a forked epoch are of the steps since
    return state.progress.step
