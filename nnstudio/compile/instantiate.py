"""Making modules and functions of a layer's `Call` and `Function`, from an allow-list of names."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.layers import Call, Init, Layer

if TYPE_CHECKING:
    from torch import nn

#: Plain functions that a layer may name.
OPERATORS = frozenset({"add", "sub", "mul", "truediv", "neg", "matmul", "getitem", "pow"})
FUNCTIONS = frozenset(
    """cat stack reshape permute flatten matmul bmm add sub mul div sum mean amax amin abs exp log sqrt square clamp
    unsqueeze squeeze transpose detach softmax log_softmax relu sigmoid tanh where maximum minimum einsum roll flip""".split()
)


class NotAllowedError(ValueError):
    """A layer names something that may not be called."""


def allowed_packages(layer: Layer | None) -> tuple[str, ...]:
    """Packages whose modules a layer may name: torch's, ours, and for a plugin's layer the plugin's own."""
    own = type(layer).__module__.partition(".")[0] if layer is not None else "nnstudio"
    return ("torch.nn", "nnstudio.nn") if own == "nnstudio" else ("torch.nn", "nnstudio.nn", own)


def module_class(target: str, layer: Layer | None = None) -> type[nn.Module]:
    """The class that a `Call` names. NotAllowedError where it is not on the list or not a module."""
    from torch import nn

    package, _, name = target.rpartition(".")
    allowed = any(package == root or package.startswith(f"{root}.") for root in allowed_packages(layer))
    found = getattr(importlib.import_module(package), name, None) if allowed else None
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise NotAllowedError(f"{target} is not a module that a layer may use")
    return found


def function(target: str) -> Callable[..., Any]:
    """The function that a `Function` names. NotAllowedError where it is not on the list."""
    import torch

    package, _, name = target.rpartition(".")
    if package == "operator" and name in OPERATORS:
        found: Callable[..., Any] = getattr(operator, name)
        return found
    if package == "torch" and name in FUNCTIONS:
        named: Callable[..., Any] = getattr(torch, name)
        return named
    raise NotAllowedError(f"{target} is not a function that a layer may use")


def make_module(call: Call, initialisers: Sequence[Init] = (), layer: Layer | None = None) -> nn.Module:
    """Instantiate a module on the default device and start its weights."""
    module = module_class(call.target, layer)(*call.args, **call.keywords)
    for init in initialisers:
        apply_init(module, init)
    return module


def apply_init(module: nn.Module, init: Init) -> None:
    """Apply an initialiser in place to every parameter whose own name begins with ``init.matching``."""
    from torch import nn

    package, _, name = init.target.rpartition(".")
    if package != "torch.nn.init" or not name.endswith("_"):
        raise NotAllowedError(f"{init.target} is not an initialiser")
    start = getattr(nn.init, name)
    for path, parameter in module.named_parameters():
        if path.rpartition(".")[2].startswith(init.matching):
            start(parameter, **dict(init.kwargs))
