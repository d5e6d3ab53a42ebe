"""Learning-rate schedules: pure functions from the step to the rate. Imports no torch.

``rate(plan, steps_per_epoch, step)`` depends on nothing else, so it needs no state that could be lost; what depends on
the losses (reduce on plateau) is a value, :class:`Plateau`, whose ``scale`` the trainer multiplies in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from nnstudio.train.plan import Plan

#: One cycle: share of the steps that rises, how far below the top it begins, how far below the beginning it ends.
CYCLE_RISE, CYCLE_START, CYCLE_END = 0.3, 25.0, 1e4
#: Progress smaller than this share of the best loss does not count for the plateau.
PLATEAU_THRESHOLD = 1e-4


def schedule(plan: Plan, steps_per_epoch: int) -> Callable[[int], float]:
    """The learning rate at each step (counted from 0), a plateau's scale not included.

    step: the rate times ``factor`` after every ``step_epochs`` epochs. cosine: half a cosine from the rate down to
    ``final_rate`` of it (Loshchilov and Hutter, "SGDR", 2017, without restarts). warm-up: rises linearly for
    ``warmup_epochs``, then stays. one-cycle: Smith and Topin, "Super-convergence" (2018), with the shares of
    ``torch.optim.lr_scheduler.OneCycleLR``.
    """
    top, total = plan.learning_rate, plan.epochs * steps_per_epoch
    match plan.schedule:
        case "step":
            drop = plan.step_epochs * steps_per_epoch
            return lambda step: top * plan.factor ** (step // drop)
        case "cosine":
            low = top * plan.final_rate
            return lambda step: _between(top, low, step / total)
        case "warm-up":
            rise = max(1.0, plan.warmup_epochs * steps_per_epoch)
            return lambda step: top * min(1.0, (step + 1) / rise)
        case "one-cycle":
            return _one_cycle(top, total)
        case _:
            return lambda _: top


def changes(plan: Plan) -> bool:
    """Whether the rate changes between the steps of an epoch or from epoch to epoch by the step alone."""
    return plan.schedule not in ("constant", "reduce on plateau")


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * min(1.0, share))) / 2.0


def _one_cycle(top: float, total: int) -> Callable[[int], float]:
    first = top / CYCLE_START
    last = first / CYCLE_END
    peak, end = CYCLE_RISE * total - 1.0, total - 1.0

    def rate(step: int) -> float:
        if step <= peak:
            return _between(first, top, step / peak if peak > 0 else 1.0)
        peaked = max(peak, 0.0)
        return _between(top, last, (step - peaked) / (end - peaked) if end > peaked else 1.0)

    return rate


@dataclass(frozen=True, slots=True)
class Plateau:
    """Reduce on plateau: after ``plateau_epochs`` epochs without progress, ``scale`` is multiplied by ``factor``."""

    best: float = math.inf
    waited: int = 0
    scale: float = 1.0

    def after(self, loss: float, plan: Plan) -> Plateau:
        """The plateau after an epoch that ended with this (validation) loss."""
        if plan.schedule != "reduce on plateau":
            return self
        if math.isinf(self.best) or loss < self.best - PLATEAU_THRESHOLD * abs(self.best):
            return replace(self, best=loss, waited=0)
        if self.waited + 1 >= plan.plateau_epochs:
            return replace(self, waited=0, scale=self.scale * plan.factor)
        return replace(self, waited=self.waited + 1)
