"""One step of training, made into a function once: it runs thousands of times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nnstudio.train import schedules
from nnstudio.train.batches import Batch
from nnstudio.train.events import Activations, Event, Gradients
from nnstudio.train.figures import Objective
from nnstudio.train.losses import Losses
from nnstudio.train.optimizers import gradient_work, plain_step
from nnstudio.train.plan import Plan
from nnstudio.train.probes import Norms, histograms
from nnstudio.train.state import State

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

Finish = Callable[["dict[str, torch.Tensor]", "torch.Tensor"], None]


class Stepper:
    """Steps of a run, plain and looked at. Both do the same arithmetic."""

    def __init__(self, compiled: Compiled, state: State, plan: Plan, losses: Losses, steps_per_epoch: int) -> None:
        self.compiled, self.state, self.plan, self.losses = compiled, state, plan, losses
        self.objective, self.norms = Objective(compiled), Norms(compiled)
        self.schedule = schedules.schedule(plan, steps_per_epoch)
        self.work = gradient_work(plan)

    def rate(self, step: int) -> float:
        """The learning rate of a step, as the plateau stands now."""
        return self.schedule(step) * self.state.progress.plateau[2]

    def plain(self) -> Callable[[Batch], None]:
        """A step as a function, good for one epoch (the plateau may change after it)."""
        forward, total_of, finish = self.compiled.training.forward, self.objective.total, self.finisher()

        def step(batch: Batch) -> None:
            out = forward(*batch)
            total = total_of(out)
            total.backward()  # type: ignore[no-untyped-call]
            finish(out, total)

        return step

    def finisher(self) -> Finish:
        """What follows after backward: the optimizer's step, and the figures put aside on the device."""
        state, plan = self.state, self.plan
        update, progress, rates, waiting = self.updater(), state.progress, self.losses.rates, self.losses.waiting
        add = state.metrics.add if self.compiled.metrics else None
        parts = tuple(self.losses.waiting_parts.items())
        changing, groups, rate = schedules.changes(plan), state.optimizer.param_groups, self.rate
        now = rate(progress.step)
        for group in groups:
            group["lr"] = now

        def finish(out: dict[str, torch.Tensor], total: torch.Tensor) -> None:
            nonlocal now
            if changing:
                now = rate(progress.step)
                for group in groups:
                    group["lr"] = now
            update()
            rates.append(now)
            waiting.append(total.detach())
            for id, values in parts:
                values.append(out[id].detach())
            if add is not None:
                add(out)
            progress.step += 1
            progress.batch += 1

        return finish

    def updater(self) -> Callable[[], None]:
        """From gradients to new weights: L1, clipping, the optimizer; then the gradients are dropped."""
        parameters, update, work = self.state.parameters, plain_step(self.state.optimizer), self.work

        def step() -> None:
            if work is not None:
                work(parameters)
            update()
            for parameter in parameters:
                parameter.grad = None

        return step

    def update_again(self) -> None:
        """The update of a step that is done again, at the rate that it had."""
        for group in self.state.optimizer.param_groups:
            group["lr"] = self.rate(self.state.progress.step)
        self.updater()()

    def look(self, batch: Batch, at: Callable[[], dict[str, Any]]) -> Iterator[Event]:
        """A step that is looked at: Activations and Gradients. ``at`` gives an event's step and time."""
        before = self.norms.before()
        out, activations = self.compiled.observed.forward(*batch)
        total = self.objective.total(out)
        total.backward()  # type: ignore[no-untyped-call]
        gradients = self.norms.gradients()
        self.finisher()(out, total)
        where = at()
        yield Activations(**where, layers=histograms(activations))
        found, weights, updates = self.norms.measure(gradients, before)
        yield Gradients(**where, gradients=found, weights=weights, updates=updates)
