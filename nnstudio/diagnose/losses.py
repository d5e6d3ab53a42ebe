"""What a loss is for answers that are known without a network: the best constant, or a simple model's. NumPy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.layers import AnyLayer

Array = NDArray[Any]


def constant_loss(layer: AnyLayer, target: Array) -> float | None:
    """The least mean loss of an answer that is the same for every row; None where it is not known for this loss."""
    kind = layer.type_name()
    if getattr(layer, "reduction", "mean") != "mean":
        return None
    if kind in ("CrossEntropyLoss", "NLLLoss", "BCEWithLogitsLoss", "BCELoss"):
        if getattr(layer, "pos_weight", None) is not None or getattr(layer, "ignore_index", None) is not None:
            return None
        return _surprise(layer, target)
    middle = _MIDDLES.get(kind)
    if middle is None or target.dtype.kind not in "fiu":
        return None
    flat = target.reshape(len(target), -1).astype(np.float64)
    return float(_error(layer, flat - middle(flat)).mean())


def loss_of(layer: AnyLayer, answers: Array, target: Array) -> float | None:
    """The mean loss of answers: probabilities of classes, shape (rows, classes), or numbers, as the target."""
    kind = layer.type_name()
    if getattr(layer, "reduction", "mean") != "mean":
        return None
    if target.ndim == 1:
        if kind not in ("CrossEntropyLoss", "NLLLoss", "BCEWithLogitsLoss", "BCELoss"):
            return None
        if getattr(layer, "class_weights", None) is not None or getattr(layer, "pos_weight", None) is not None:
            return None
        chosen = answers[np.arange(len(target)), target]
        return float(-np.log(np.maximum(chosen, 1e-7)).mean())
    return float(_error(layer, answers - target).mean()) if kind in _MIDDLES else None


def _surprise(layer: AnyLayer, target: Array) -> float | None:
    """The entropy of the target, in nats."""
    weights = getattr(layer, "class_weights", None)
    if target.dtype.kind in "iu":
        counts = np.bincount(target[target >= 0].ravel()).astype(np.float64)
        if weights is not None:
            if len(weights) < len(counts):
                return None
            counts *= np.asarray(weights[: len(counts)])
        shares = counts / counts.sum() if counts.sum() else counts
        smoothing = float(getattr(layer, "label_smoothing", 0.0))
        shares = (1 - smoothing) * shares + smoothing / max(1, len(shares))
        shares = shares[shares > 0]
        return float(-(shares * np.log(shares)).sum())
    if weights is not None or target.min(initial=0) < 0 or target.max(initial=0) > 1:
        return None
    yes = np.clip(target.reshape(len(target), -1).astype(np.float64).mean(axis=0), 1e-9, 1 - 1e-9)
    return float(-(yes * np.log(yes) + (1 - yes) * np.log(1 - yes)).mean())


def _error(layer: AnyLayer, off: Array) -> Array:
    """The loss of each number that is so far off."""
    size = np.abs(off)
    match layer.type_name():
        case "L1Loss":
            return size
        case "SmoothL1Loss":
            beta = float(getattr(layer, "beta", 1.0))
            return np.where(size < beta, 0.5 * size**2 / max(beta, 1e-12), size - 0.5 * beta)
        case "HuberLoss":
            delta = float(getattr(layer, "delta", 1.0))
            return np.where(size < delta, 0.5 * size**2, delta * (size - 0.5 * delta))
        case _:
            return size**2


def _mean(values: Array) -> Array:
    return np.asarray(values.mean(axis=0))


def _median(values: Array) -> Array:
    return np.asarray(np.median(values, axis=0))


_MIDDLES: Mapping[str, Callable[[Array], Array]] = {
    "MSELoss": _mean, "L1Loss": _median, "SmoothL1Loss": _median, "HuberLoss": _median,
}  # fmt: skip
