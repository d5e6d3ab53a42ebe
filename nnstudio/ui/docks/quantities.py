"""What is told of each layer as one number: now, and over time. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnstudio.train.events import Histogram
    from nnstudio.train.history import History
    from nnstudio.train.snapshots import Snapshot

Series = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What bars and lines show: its names, and how a history tells it.

    name: in a choice. title: over a plot with all layers. note: its formula or unit. latest: the values at a moment, by
    node id. series: steps and values of a node. peak: the greatest value of a node so far. log: it is drawn on a log
    axis. share: it goes from 0 to 1. usual: between which values it lies where all is well, and around which one.
    missing: why there may be none.
    """

    name: str
    title: str
    note: str
    latest: Callable[[Snapshot], Mapping[str, float]]
    series: Callable[[History, str], Series]
    peak: Callable[[History, str], float]
    log: bool = True
    share: bool = False
    usual: tuple[float, float, float] | None = None
    missing: str = ""


def _greatest(series: Callable[[History, str], Series]) -> Callable[[History, str], float]:
    """The greatest finite value of a series."""

    def greatest(history: History, node: str) -> float:
        values = series(history, node)[1]
        good = values[np.isfinite(values)]
        return float(good.max()) if len(good) else float("nan")

    return greatest


def _greatest_ratio(history: History, node: str) -> float:
    values = np.append(history.ratio_history(node)[1], history.ratios.get(node, np.nan))
    good = values[np.isfinite(values)]
    return float(good.max()) if len(good) else float("nan")


GRADIENT = Quantity(
    "Gradient",
    "Gradient magnitude by layer",
    "log scale, ‖∇w‖₂",
    lambda snapshot: snapshot.gradients,
    lambda history, node: history.gradient_history(node),
    lambda history, node: history.peaks.get(node, float("nan")),
)
RATIO = Quantity(
    "Update ÷ weight",
    "Update ÷ weight by layer",
    "log scale, ‖Δw‖₂ ÷ ‖w‖₂",
    lambda snapshot: snapshot.ratios,
    lambda history, node: history.ratio_history(node),
    _greatest_ratio,
    usual=(1e-4, 1e-3, 1e-2),
    missing="not measured for so many parameters",
)
SIGNAL = Quantity(
    "Signal ÷ noise",
    "Gradient's signal ÷ noise by layer",
    "log scale, ‖mean ∇w‖₂ ÷ ‖std ∇w‖₂",
    lambda snapshot: snapshot.signal,
    lambda history, node: history.signal_history(node),
    _greatest(lambda history, node: history.signal_history(node)),
    missing="known after some batches",
)
GRADIENTS = (GRADIENT, RATIO, SIGNAL)


def _figure(get: Callable[[Histogram], float]) -> Callable[[History, str], Series]:
    """Steps and one figure of a node's activations over time."""

    def series(history: History, node: str) -> Series:
        pairs = zip(history.activation_steps, history.activation_history(node), strict=True)
        seen = [(step, get(histogram)) for step, histogram in pairs if histogram is not None]
        return np.array([step for step, _ in seen], np.int64), np.array([value for _, value in seen], np.float64)

    return series


def _of_activations(name: str, note: str, get: Callable[[Histogram], float], *, share: bool = False) -> Quantity:
    series = _figure(get)
    return Quantity(
        name, f"{name} by layer", note,
        lambda snapshot: {id: get(histogram) for id, histogram in snapshot.activations.items()},
        series, _greatest(series), log=False, share=share,
    )  # fmt: skip


ACTIVATIONS = (
    _of_activations("Mean", "of all values of a layer", lambda histogram: histogram.mean),
    _of_activations("Spread", "standard deviation of a layer's values", lambda histogram: histogram.std),
    _of_activations("Zeros", "share of values that are exactly 0", lambda histogram: histogram.zeros, share=True),
    _of_activations(
        "Saturated", "share within 1 % of the activation's bounds", lambda histogram: histogram.saturated, share=True
    ),
    _of_activations(
        "Dead units", "share of units that were 0 for the whole batch", lambda histogram: histogram.dead, share=True
    ),
)
