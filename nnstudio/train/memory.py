"""How much memory a plan takes for each weight. Imports no torch."""

from __future__ import annotations

from nnstudio.train.plan import Plan


def optimizer_numbers(plan: Plan) -> int:
    """How many numbers the plan's optimizer keeps for each weight: momentum, means of gradients and their squares.
    Where phases have optimizers of their own, the one that keeps most counts."""
    if plan.phases:
        return max(optimizer_numbers(plan.of_phase(phase).with_(phases=())) for phase in plan.phases)
    match plan.optimizer:
        case "SGD":
            return int(plan.momentum > 0)
        case "RMSprop":
            return 1 + int(plan.momentum > 0)
        case "Adagrad":
            return 1
        case _:
            return 2


def spare_copies(plan: Plan) -> int:
    """How many copies of all weights training keeps besides: those of the best epoch."""
    return int(plan.keeps_best)
