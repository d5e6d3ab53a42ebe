"""How sure a figure is: 95 % confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The normal distribution's quantile for 95 %.
Z = 1.959964


@dataclass(frozen=True)
class Interval:
    """A figure with the range in which it lies with 95 % confidence; all NaN where it cannot be worked out."""

    value: float
    low: float
    high: float

    def overlaps(self, other: Interval) -> bool:
        """Whether two ranges have something in common."""
        return self.low <= other.high and other.low <= self.high


NONE = Interval(math.nan, math.nan, math.nan)


def of_share(hits: int, count: int) -> Interval:
    """Of a share, by Wilson, "Probable inference" (1927)."""
    if not count:
        return NONE
    p, zz = hits / count, Z * Z
    middle = (p + zz / (2 * count)) / (1 + zz / count)
    reach = Z / (1 + zz / count) * math.sqrt(p * (1 - p) / count + zz / (4 * count * count))
    low, high = middle - reach if hits else 0.0, middle + reach if hits < count else 1.0  # not almost, by rounding
    return Interval(p, max(0.0, low), min(1.0, high))


def of_mean(values: NDArray[np.float64]) -> Interval:
    """Of a mean, from the standard error; no range for a single value."""
    values = np.asarray(values, np.float64)
    if not len(values):
        return NONE
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, math.nan, math.nan)
    reach = Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def of_area(area: float, positives: int, negatives: int) -> Interval:
    """Of the area under a ROC curve, by Hanley and McNeil, "The meaning and use of the area under a ROC" (1982)."""
    if not positives or not negatives or area != area:
        return NONE
    first, second = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (first - area**2) + (negatives - 1) * (second - area**2)
    reach = Z * math.sqrt(max(0.0, spread) / (positives * negatives))
    return Interval(area, max(0.0, area - reach), min(1.0, area + reach))
