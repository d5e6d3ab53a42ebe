"""Short ways to what torch does many times a second: the same kernels with the same numbers, without the checks and the
bookkeeping around them that a plain step needs none of."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import fx, nn

#: Updates the weights of a group, from their gradients.
Kernel = Callable[[list[Any]], None]


def update_of(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """The optimizer's step without what torch wraps around it for its profiler, its hooks and its compiler (which that
    imports: 1.4 s), and for fused Adam, AdamW and SGD without gathering the optimizer's state anew for each step.

    No step hooks are used here, and the arithmetic is the same.
    """
    import torch

    raw = inspect.unwrap(type(optimizer).step)
    prepare = _PREPARED.get(type(optimizer).__name__)
    prepared: list[tuple[list[torch.Tensor], Kernel]] = []
    known: Any = None

    def step() -> None:
        nonlocal prepared, known
        with torch.no_grad():
            if prepared and optimizer.state is known:
                found = [[parameter.grad for parameter in parameters] for parameters, _ in prepared]
                if not any(gradient is None for gradients in found for gradient in gradients):
                    for (_, kernel), gradients in zip(prepared, found, strict=True):
                        kernel(gradients)
                    return
            raw(optimizer)
            if optimizer.state is not known and prepare is not None:  # the first step, or the state was put back
                made = [(group["params"], prepare(optimizer, group)) for group in optimizer.param_groups]
                ready = [(parameters, kernel) for parameters, kernel in made if kernel is not None]
                prepared, known = ready if len(ready) == len(made) else [], optimizer.state

    return step


def backward_on(device: torch.device) -> Callable[[torch.Tensor], None]:
    """``total.backward()`` for a float32 scalar on this device, straight into torch's engine; any other goes the long
    way."""
    import torch

    engine = getattr(torch.autograd.Variable, "_execution_engine", None)
    one = torch.ones((), device=device)

    def backward(total: torch.Tensor) -> None:
        if engine is None or total.dtype is not torch.float32 or total.dim():
            total.backward()  # type: ignore[no-untyped-call]
        else:
            engine.run_backward((total,), (one,), False, False, (), allow_unreachable=True, accumulate_grad=True)

    return backward


def _adam(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> Kernel | None:
    """A group's update by Adam or AdamW. None where the group is not one for a single kernel."""
    import torch

    params = group["params"]
    if not _alike(params) or not group["fused"] or group["amsgrad"] or group["differentiable"]:
        return None
    states = [optimizer.state.get(parameter) for parameter in params]
    if not all(states):
        return None
    means, squares, steps = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))  # type: ignore[index]
    kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_

    def update(grads: list[Any]) -> None:
        beta1, beta2 = group["betas"]
        torch._foreach_add_(steps, 1)
        kernel(
            params, grads, means, squares, [], steps, amsgrad=False, lr=group["lr"], beta1=beta1, beta2=beta2,
            weight_decay=group["weight_decay"], eps=group["eps"], maximize=group["maximize"],
        )  # fmt: skip

    return update


def _sgd(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> Kernel | None:
    """As :func:`_adam`, for SGD."""
    import torch

    params = group["params"]
    if not _alike(params) or not group["fused"] or group["differentiable"]:
        return None
    buffers: list[torch.Tensor] = []
    if group["momentum"]:
        found = [optimizer.state.get(parameter, {}).get("momentum_buffer") for parameter in params]
        if any(buffer is None for buffer in found):
            return None
        buffers = found

    def update(grads: list[Any]) -> None:
        torch._fused_sgd_(
            params, grads, buffers, weight_decay=group["weight_decay"], momentum=group["momentum"], lr=group["lr"],
            dampening=group["dampening"], nesterov=group["nesterov"], maximize=group["maximize"], is_first_step=False,
        )  # fmt: skip

    return update


_PREPARED = {"Adam": _adam, "AdamW": _adam, "SGD": _sgd}


def _alike(parameters: list[torch.Tensor]) -> bool:
    """Whether one kernel can take all of them at once."""
    return len({(parameter.device, parameter.dtype) for parameter in parameters}) == 1


def forward_of(module: fx.GraphModule) -> Callable[..., Any]:
    """``module.forward`` with each submodule's own ``forward`` called straight, past the machinery for hooks; those
    that have hooks are called as ever. Good as long as no submodule is exchanged."""
    from torch import fx, nn

    graph = fx.Graph()
    copies: dict[Any, Any] = {}
    straight: dict[Any, Any] = {}
    for node in module.graph.nodes:
        copy = copies[node] = graph.node_copy(node, copies.__getitem__)
        if node.op == "call_module":
            inner = module.get_submodule(node.target)
            if type(inner).__call__ is nn.Module.__call__ and not _hooked(inner):
                copy.op, copy.target = "call_function", _stand_in(len(straight))
                straight[copy.target] = inner.forward
    written = graph.python_code("self")
    names = {name: straight.get(value, value) if callable(value) else value for name, value in written.globals.items()}
    exec(compile(written.src, f"<{type(module).__name__}>", "exec"), names)
    return types.MethodType(names["forward"], module)


def _stand_in(number: int) -> Callable[..., Any]:
    """A function whose name is written into the code, where another's is put in its place."""

    def stand_in() -> None: ...

    stand_in.__name__ = f"module_{number}"
    return stand_in


def _hooked(module: nn.Module) -> bool:
    """Whether anything but ``forward`` happens when a module is called."""
    from torch.nn.modules import module as machinery

    kinds = ("forward_pre_hooks", "forward_hooks", "backward_hooks", "backward_pre_hooks")
    own = any(getattr(module, f"_{kind}") for kind in kinds)
    return own or any(getattr(machinery, f"_global_{kind}") for kind in kinds)
