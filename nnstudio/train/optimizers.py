"""Optimizers from the plan, and what is done to gradients before they step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.train.environment import TrainingError
from nnstudio.train.phases import Group, selected
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

#: Devices on which torch has one fused kernel for a whole step (measured on the CPU: 2 to 3 times faster than foreach).
FUSED = {
    "SGD": ("cpu", "cuda", "mps"),
    "Adam": ("cpu", "cuda", "mps"),
    "AdamW": ("cpu", "cuda", "mps"),
    "Adagrad": ("cpu",),
}
#: Where torch keeps the form of a function that its compiler does not look into.
_HIDDEN = "__dynamo_disable"


#: A group of the plan and the parameters that are in it.
Rated = Sequence[tuple[Group, "list[torch.nn.Parameter]"]]


def rated(groups: Sequence[Group], compiled: Compiled, parameters: Sequence[torch.nn.Parameter]) -> Rated:
    """Which of the parameters are in which of the plan's groups: in that which names their node most closely."""
    nearest: dict[int, tuple[int, int]] = {}
    for place, group in enumerate(groups):
        for named in group.nodes:
            for node in selected((named,), compiled.modules):
                for parameter in compiled.modules[node].parameters():
                    nearest[id(parameter)] = max((len(named), place), nearest.get(id(parameter), (0, 0)))
    return [
        (group, [p for p in parameters if id(p) in nearest and nearest[id(p)][1] == place])
        for place, group in enumerate(groups)
    ]


def make_optimizer(plan: Plan, parameters: Sequence[torch.nn.Parameter], groups: Rated = ()) -> torch.optim.Optimizer:
    """The plan's optimizer over these parameters, in torch's fastest form for their device.

    Each of its groups has its ``factor``, which the learning rate is multiplied by.

    Weight decay is L2 (added to the gradient), decoupled for AdamW (Loshchilov and Hutter, 2019).
    TrainingError where there is nothing to train.
    """
    import torch

    _leave_the_compiler_out()
    if not parameters:
        raise TrainingError(
            "There is nothing to train: no layer that the losses depend on has weights",
            "put a layer with weights, such as Linear, between the input and the loss",
        )
    options: dict[str, Any] = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if plan.optimizer in ("Adam", "AdamW"):
        options["betas"] = (plan.beta1, plan.beta2)
    elif plan.optimizer in ("SGD", "RMSprop"):
        options["momentum"] = plan.momentum
    if plan.optimizer == "SGD":
        options["nesterov"] = plan.nesterov and plan.momentum > 0
    device = parameters[0].device.type
    real = all(parameter.is_floating_point() for parameter in parameters)
    if real and device in FUSED.get(plan.optimizer, ()):
        options["fused"] = True
    else:
        options["foreach"] = True
    elsewhere = {id(parameter) for _, members in groups for parameter in members}
    parts: list[dict[str, Any]] = [{"params": [p for p in parameters if id(p) not in elsewhere], "factor": 1.0}]
    for group, members in groups:
        decay = plan.weight_decay if group.weight_decay is None else group.weight_decay
        parts.append({"params": members, "factor": group.learning_rate, "weight_decay": decay})
    parts = [part for part in parts if part["params"]]
    made: torch.optim.Optimizer = getattr(torch.optim, plan.optimizer)(parts, **options)
    return made


def _leave_the_compiler_out() -> None:
    """Keep torch's optimizers from importing torch's compiler at their first use.

    Some of their methods do so (1.4 s, of which a run of the y = 4x project has five) only to be hidden from it. Where
    it has not been imported, these methods are told that they are hidden already; `torch.compile` of a module is not
    touched by that.
    """
    import torch

    if "torch._dynamo" in sys.modules:
        return
    for method in vars(torch.optim.Optimizer).values():
        hidden = getattr(method, "__wrapped__", None)
        if hidden is not None and not hasattr(hidden, _HIDDEN):
            setattr(hidden, _HIDDEN, hidden)


def gradient_work(plan: Plan) -> Callable[[Sequence[torch.nn.Parameter]], None] | None:
    """What is done to the gradients between backward and the step: the L1 penalty's gradient is added, then the
    whole gradient is clipped to ``clip_norm`` (Pascanu et al., 2013). None where the plan asks for neither."""
    if not plan.l1 and not plan.clip_norm:
        return None
    import torch

    def work(parameters: Sequence[torch.nn.Parameter]) -> None:
        pairs = [(p, p.grad) for p in parameters if p.grad is not None]
        if plan.l1 and pairs:
            with torch.no_grad():
                signs = torch._foreach_sign([p for p, _ in pairs])
                torch._foreach_add_([grad for _, grad in pairs], signs, alpha=plan.l1)
        if plan.clip_norm:
            torch.nn.utils.clip_grad_norm_([p for p, _ in pairs], plan.clip_norm, foreach=True)

    return work
