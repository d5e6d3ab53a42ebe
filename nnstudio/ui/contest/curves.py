"""What the plots of a contest draw, worked out from two histories: points and ranges. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.history import History

Array = NDArray[np.float64]
#: Points of a curve that are drawn at most, and the share of the steps over which a curve is smoothed.
POINTS, SMOOTHED = 600, 1 / 40


@dataclass(frozen=True)
class Curve:
    """epochs: where each point is, in epochs that are done. raw and mean: the loss there, and its mean over the last
    steps. Shapes (n,)."""

    epochs: Array
    raw: Array
    mean: Array


def loss_curve(history: History) -> Curve:
    """The loss of every step since a side began."""
    started = history.started
    if started is None:
        return Curve(np.empty(0), np.empty(0), np.empty(0))
    first = min(started.step, len(history.losses))
    losses = np.asarray(history.losses[first:], np.float64)
    epochs = (started.step + 1 + np.arange(len(losses))) / max(1, started.steps_per_epoch)
    window = max(1, int(len(losses) * SMOOTHED))
    mean = _mean(losses, window)
    keep = slice(None, None, max(1, len(losses) // POINTS))
    return Curve(epochs[keep], losses[keep], mean[keep])


def between(one: Curve, other: Curve) -> tuple[Array, Array]:
    """Epochs, and how much higher the second's loss is than the first's there; as far as both have come."""
    if not len(one.epochs) or not len(other.epochs):
        return np.empty(0), np.empty(0)
    low, high = max(one.epochs[0], other.epochs[0]), min(one.epochs[-1], other.epochs[-1])
    at = one.epochs[(one.epochs >= low) & (one.epochs <= high)]
    return at, np.interp(at, other.epochs, other.mean) - np.interp(at, one.epochs, one.mean)


def _mean(values: Array, window: int) -> Array:
    """The mean over the last ``window`` values at each (fewer at the beginning)."""
    total = np.cumsum(np.concatenate([[0.0], np.nan_to_num(values)]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (total[ends] - total[starts]) / (ends - starts)


def figures(history: History) -> dict[str, float]:
    """What came of a side so far, by what it is called: the last figures of both splits."""
    found: dict[str, float] = {}
    curve = loss_curve(history)
    if len(curve.mean):
        found["training loss"] = float(curve.mean[-1])
    for epoch in history.epochs[-1:]:
        for name in dict.fromkeys(("loss", *epoch.training, *epoch.validation)):
            if name in epoch.training and name != "loss":
                found[f"training {name}"] = epoch.training[name]
            if name in epoch.validation:
                found[f"validation {name}"] = epoch.validation[name]
    if history.privacy:
        found["privacy ε"] = history.privacy[-1].epsilon
    if history.started is not None:
        found["trained numbers"] = float(history.started.parameters)
        steps = history.step - history.started.step
        if steps and history.time:
            found["milliseconds a step"] = 1000.0 * history.time / steps
    return found
