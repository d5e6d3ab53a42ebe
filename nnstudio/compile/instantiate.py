"""Making modules and functions of a layer's `Call` and `Function`, from an allow-list of names."""

from __future__ import annotations

import functools
import importlib
import operator
import pkgutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.layers import Call, Init, Layer

if TYPE_CHECKING:
    from torch import nn

#: Plain functions that a layer may name, by the package that holds them. None of them draws random numbers, changes
#: its arguments or reaches out of the tensors that it is given.
ALLOWED = {
    "operator": frozenset("add sub mul truediv neg matmul getitem pow".split()),
    "torch": frozenset(
        """cat stack split chunk unbind reshape unflatten permute flatten unsqueeze squeeze transpose broadcast_to tile
        repeat_interleave roll flip add sub mul div neg abs sign pow remainder square sqrt rsqrt reciprocal exp
        expm1 log log1p sin cos tan asin acos atan sinh cosh erf floor ceil round trunc frac clamp maximum minimum
        lerp matmul bmm einsum cdist cross diagonal outer sum mean prod amax amin var std logsumexp argmax argmin
        cumsum cumprod any all count_nonzero topk sort eq ne lt le gt ge logical_and logical_or logical_xor
        logical_not where masked_fill narrow select index_select gather triu tril full_like ones_like zeros_like
        isfinite softmax log_softmax relu sigmoid tanh detach clone""".split()
    ),
    "torch.linalg": frozenset({"vector_norm"}),
    "torch.nn.functional": frozenset({"normalize", "one_hot", "pad", "interpolate", "softmax", "cosine_similarity"}),
    "torch.Tensor": frozenset({"float", "double", "half", "bfloat16", "long", "int", "bool"}),
}  # fmt: skip


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


@functools.cache
def function(target: str) -> Callable[..., Any]:
    """The function that a `Function` names. NotAllowedError where it is not on the list."""
    package, _, name = target.rpartition(".")
    if name in ALLOWED.get(package, ()):
        holder = operator if package == "operator" else pkgutil.resolve_name(package)
        found: Callable[..., Any] = getattr(holder, name)
        return found
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
