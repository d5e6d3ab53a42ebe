"""Who looks at whom: the weights of attention, also where torch's fast ways do not give them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


def attention_map(module: nn.Module, args: Sequence[Any]) -> tuple[torch.Tensor | None, Any]:
    """Run a module on its arguments and give the attention of the first row, heads × queries × keys, and its result.

    The heads of several layers follow one another in the order in which they run; maps that are smaller than the
    largest are filled up with zeros. (None, None), and the module is not run, where it does not attend.
    """
    from torch import nn as modules

    from nnstudio.nn import MultiheadAttention, ScaledDotProductAttention

    if isinstance(module, ScaledDotProductAttention):
        return _scaled(module, *args), module(*args)
    if isinstance(module, MultiheadAttention):
        twin = copy.copy(module)  # the same weights
        twin.need_weights, twin.average = True, False
        _, weights = twin(*args)
        return weights[0], module(*args)
    inner = [each for each in module.modules() if isinstance(each, modules.MultiheadAttention)]
    if not inner:
        return None, None
    seen: list[torch.Tensor] = []
    with _telling(inner, seen):
        made = module(*args)
    return (_joined(seen), made) if seen else (None, made)


def _scaled(
    module: Any, query: torch.Tensor, key: torch.Tensor, _: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """softmax(q kᵀ · scale) of the first row (Vaswani et al., 2017, section 3.2.1); what stands before the steps counts
    as heads."""
    from nnstudio.nn.attention import later

    scale = module.scale if module.scale is not None else query.shape[-1] ** -0.5
    scores = query[0] @ key[0].transpose(-2, -1) * scale
    hidden = later(query, key) if module.causal else None
    if mask is not None:
        hidden = mask[0] if hidden is None else mask[0] | hidden
    if hidden is not None:
        scores = scores.masked_fill(hidden, float("-inf"))
    weights = scores.softmax(-1).nan_to_num()  # a step that may look at nothing
    found: torch.Tensor = weights.reshape(-1, *weights.shape[-2:])
    return found


@contextmanager
def _telling(inner: Sequence[nn.MultiheadAttention], seen: list[torch.Tensor]) -> Iterator[None]:
    """While this lasts, these put the weights of each head into ``seen`` when they are called. Hooks also keep torch's
    transformers from their fast way, which has no weights."""

    def asked(_: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**kwargs, "need_weights": True, "average_attn_weights": False}

    def told(_module: Any, _args: Any, result: Any) -> None:
        if result[1] is not None:
            seen.append(result[1] if result[1].dim() == 3 else result[1][0])

    hooks = [each.register_forward_pre_hook(asked, with_kwargs=True) for each in inner]
    hooks += [each.register_forward_hook(told) for each in inner]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _joined(seen: Sequence[torch.Tensor]) -> torch.Tensor:
    import torch
    from torch.nn import functional

    queries, keys = (max(each.shape[side] for each in seen) for side in (-2, -1))
    return torch.cat([functional.pad(each, (0, keys - each.shape[-1], 0, queries - each.shape[-2])) for each in seen])
