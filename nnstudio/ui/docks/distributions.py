"""Histograms made ready to be drawn: as shapes on a common axis, and as an image over time. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.events import Histogram

Array = NDArray[Any]
Range = tuple[float, float]

#: A bin that stands out more than this over the rest (the zeros of a ReLU, mostly) is cut, so that the rest is seen.
SPIKE = 2.2
#: Values a bin from which on a histogram is drawn as it was counted.
PLENTY = 40


def outline(histogram: Histogram) -> tuple[Array, Array]:
    """The shape of a histogram: places and heights, from 0 to 1, of a spike to 1.2; both (bins + 2,)."""
    counts = np.asarray(histogram.counts, dtype=np.float64)
    bins = max(1, len(counts))
    width = (histogram.high - histogram.low) / bins or 1e-9
    at = histogram.low + width * (np.arange(-1, bins + 1) + 0.5)
    at[0], at[-1] = histogram.low, max(histogram.high, histogram.low + width)
    if not counts.any():
        return at, np.zeros(bins + 2)
    counts = _settled(counts)
    order = np.sort(counts)
    rest = order[-2] if bins > 1 and order[-2] > 0 else order[-1]
    scale = min(order[-1], max(SPIKE * rest / 1.2, rest))
    return at, np.concatenate(([0.0], np.minimum(counts / scale, 1.2), [0.0]))


def _settled(counts: Array) -> Array:
    """Counts with the noise of few values taken out; one bin that stands out (zeros, mostly) stays as it is."""
    if counts.sum() >= PLENTY * len(counts) or len(counts) < 8:
        return counts
    spike = int(np.argmax(counts))
    stands_out = counts[spike] > 3 * np.max(np.delete(counts, spike))
    smooth = np.where(np.arange(len(counts)) == spike, 0.0, counts) if stands_out else counts
    for _ in range(2):
        smooth = np.convolve(smooth, (0.25, 0.5, 0.25), mode="same")
    if stands_out:
        smooth[:spike][counts[:spike] == 0] = 0.0  # nothing is smeared to where there was nothing
        smooth[spike] = counts[spike]
    return smooth


def quantile_range(histogram: Histogram, tail: float = 0.008) -> tuple[float, float]:
    """Between which values all but a small share at either end lies."""
    counts = np.asarray(histogram.counts, dtype=np.float64)
    total = counts.sum()
    if not total:
        return histogram.low, histogram.high
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    cumulated = np.concatenate(([0.0], np.cumsum(counts))) / total
    first = max(0, int(np.searchsorted(cumulated, tail, side="right")) - 1)
    last = min(len(counts), int(np.searchsorted(cumulated, 1 - tail)))
    return float(edges[first]), float(edges[last])


def common_range(histograms: Iterable[Histogram], before: Range | None = None) -> Range:
    """A range in which all of them can be drawn. It grows at once and shrinks only when much too wide, so that an axis
    that follows it is calm. (−1, 1) for none."""
    return calm_range([quantile_range(histogram) for histogram in histograms], before)


def calm_range(parts: Iterable[Range], before: Range | None = None) -> Range:
    """As :func:`common_range`, for ranges."""
    parts = [(low, high) for low, high in parts if np.isfinite(low) and np.isfinite(high)]
    if not parts:
        return before or (-1.0, 1.0)
    low, high = min(part[0] for part in parts), max(part[1] for part in parts)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    span = high - low
    if before is not None and before[0] <= low and before[1] >= high and before[1] - before[0] <= 1.8 * span:
        return before
    return low - 0.04 * span, high + 0.04 * span


class Strip:
    """The distributions of one layer over time, as an image. What was worked out for a step is kept."""

    def __init__(self, rows: int = 96) -> None:
        self.rows = rows
        self.range: Range = (-1.0, 1.0)
        self._ranges: dict[float, Range] = {}
        self._shares: dict[float, Array] = {}

    def image(self, steps: Array, histograms: Sequence[Histogram], columns: int) -> Array:
        """Shares, shape (rows, columns): the first row is the least value of ``range``, columns are evenly spaced from
        the first step to the last, and each shows the histogram that was the newest there.

        Each column is scaled to its own greatest share and raised to the power of 0.7, so that tails are seen.
        """
        if not len(histograms):
            return np.zeros((self.rows, 0))
        known = self._ranges
        pairs = list(zip(steps.tolist(), histograms, strict=True))
        self._ranges = {step: known.get(step) or quantile_range(histogram) for step, histogram in pairs}
        fitting = calm_range(self._ranges.values(), self.range if self._shares else None)
        if fitting != self.range:
            self.range, self._shares = fitting, {}
        edges, kept = np.linspace(*self.range, self.rows + 1), self._shares
        self._shares = {step: kept[step] if step in kept else _shares(each, edges) for step, each in pairs}
        at = np.linspace(steps[0], steps[-1], columns)
        newest = np.clip(np.searchsorted(steps, at, side="right") - 1, 0, len(histograms) - 1)
        stacked: Array = np.stack([self._shares[step] for step, _ in pairs], axis=1)
        return stacked[:, newest]


def _shares(histogram: Histogram, edges: Array) -> Array:
    """The shares between ``edges`` relative to the greatest, with tails lifted."""
    counts = np.asarray(histogram.counts, dtype=np.float64)
    total = counts.sum()
    if not total:
        return np.zeros(len(edges) - 1)
    own = np.linspace(histogram.low, max(histogram.high, histogram.low + 1e-9), len(counts) + 1)
    cumulated = np.concatenate(([0.0], np.cumsum(counts))) / total
    shares: Array = np.diff(np.interp(edges, own, cumulated, left=0.0, right=1.0))
    greatest = np.sort(shares)[-2:].mean() if len(shares) > 1 else shares.max()
    return np.minimum(shares / max(greatest, 1e-12), 1.0) ** 0.7
