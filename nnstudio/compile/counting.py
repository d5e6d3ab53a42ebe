"""Multiply–adds of torch's own operations: the products that are summed in matrix products and convolutions.

torch's counter of floating-point operations has formulas for most of them (2 for each multiply–add); those that it
lacks stand here. Additions, activations, normalisation and pooling are not counted, as in most papers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry

_aten = torch.ops.aten


def _bilinear(args: tuple[Any, ...]) -> int:
    """``torch.bilinear``: each product of left × right features, for each row and output."""
    left, weight, _ = args[:3]
    return int(math.prod(left.shape[:-1]) * math.prod(weight.shape))


def _attention(args: tuple[Any, ...]) -> int:
    """Scaled dot products: scores N×h×L×S, then times the values."""
    query, key, value = args[:3]
    *batch, length, width = query.shape
    return int(math.prod(batch) * length * key.shape[-2] * (width + value.shape[-1]))


def _lstm(args: tuple[Any, ...]) -> int:
    """One layer and direction of an LSTM by oneDNN, input T×N×F: four gates of what comes in and of the state."""
    steps, batch = args[0].shape[:2]
    return int(steps * batch * (args[1].numel() + args[2].numel()))


#: Those that torch's counter lacks. ``mv(matrix, vector)``, ``addmv(input, matrix, vector)``, ``dot(a, b)``.
_OURS: Mapping[Any, Callable[[tuple[Any, ...]], int]] = {
    _aten.dot: lambda args: int(args[0].numel()),
    _aten.mv: lambda args: int(args[0].numel()),
    _aten.addmv: lambda args: int(args[1].numel()),
    _aten._trilinear: _bilinear,
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    _aten.mkldnn_rnn_layer: _lstm,
}


def counted(operation: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> int:
    """Multiply–adds of one call of an operation (an ``OpOverloadPacket``); 0 for what is not counted."""
    ours = _OURS.get(operation)
    if ours is not None:
        return ours(args)
    formula = flop_registry.get(operation)
    return int(formula(*args, **kwargs, out_val=result)) // 2 if formula is not None else 0
