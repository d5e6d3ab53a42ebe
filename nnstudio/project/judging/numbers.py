"""Figures of numbers: how far predictions lie from what was right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.judging.judge import Judged

Floats = NDArray[np.float64]
#: Pixels that are looked at one by one, of all pictures together; an odd number, so that they lie in all columns.
PIXELS = 19_997


@dataclass(frozen=True)
class NumberFigures:
    """bias: the mean error (prediction − target). absolute, root: mean absolute and root mean squared error. r2: the
    share of the target's variance that is explained, of all numbers together; NaN where it does not vary or is not
    kept."""

    count: int
    bias: float
    absolute: float
    root: float
    r2: float


def number_figures(judged: Judged, places: NDArray[np.int64] | None = None) -> NumberFigures:
    """Figures of all rows, or of these."""
    chosen = slice(None) if places is None else places
    absolute, squared = judged.absolute[chosen], judged.squared[chosen]
    if not len(absolute):
        return NumberFigures(0, *(math.nan,) * 4)
    target, predicted = judged.target[chosen], judged.predicted[chosen]
    bias = float((predicted - target).mean()) if target.size else math.nan
    root = math.sqrt(float(squared.mean()))
    return NumberFigures(len(absolute), bias, float(absolute.mean()), root, r2(target, predicted))


def r2(target: Floats, predicted: Floats) -> float:
    """1 − (squared errors / squared distances from each column's mean), the columns added up."""
    if len(target) < 2 or not target.size:
        return math.nan
    spread = float(((target - target.mean(axis=0)) ** 2).sum())
    return 1 - float(((predicted - target) ** 2).sum()) / spread if spread else math.nan


def residuals(judged: Judged, cells: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Predictions and errors (prediction − target) of these numbers, counted row by row."""
    predicted = np.asarray(judged.predicted.reshape(-1)[cells], np.float64)
    return predicted, predicted - judged.target.reshape(-1)[cells]


def cells(judged: Judged, column: int = 0) -> NDArray[np.int64]:
    """Where one number of each row is, counted row by row; of pictures where some of all pixels are."""
    rows, width = judged.target.shape
    if not judged.subject.painted:
        return np.asarray(np.arange(rows, dtype=np.int64) * width + column)
    total = rows * width
    found: NDArray[np.int64] = np.unique(np.linspace(0, total - 1, min(total, PIXELS)).astype(np.int64))
    return found


def error_histogram(errors: Floats, bins: int = 40) -> tuple[Floats, NDArray[np.int64]]:
    """Edges (bins + 1,) around 0, the same on both sides, and counts (bins,); what lies far out (beyond the 99.5 %
    quantile of sizes) is counted in the last bins."""
    good = errors[np.isfinite(errors)]
    reach = float(np.quantile(np.abs(good), 0.995)) if good.size else 1.0
    reach = reach or 1.0
    counts, edges = np.histogram(np.clip(good, -reach, reach), bins=bins, range=(-reach, reach))
    return edges, counts.astype(np.int64)
