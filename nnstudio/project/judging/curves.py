"""One class against the rest at every threshold: ROC, precision–recall, and what a threshold gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.judging.intervals import Interval, of_area
from nnstudio.project.judging.judge import Judged

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class At:
    """What a threshold gives: rows whose probability reaches it are taken for the class. Counts of rows that are it and
    were taken for it, are not and were, are and were not, are not and were not."""

    threshold: float
    hits: int
    false_alarms: int
    missed: int
    passed: int

    @property
    def precision(self) -> float:
        """Of what was taken for the class, the share that is it; NaN where nothing was."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Of what is the class, the share that was found: the true positive rate."""
        return _share(self.hits, self.hits + self.missed)

    @property
    def false_rate(self) -> float:
        """Of what is not the class, the share that was taken for it: the false positive rate."""
        return _share(self.false_alarms, self.false_alarms + self.passed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.missed)

    @property
    def accuracy(self) -> float:
        """The share of all rows that is on the right side."""
        return _share(self.hits + self.passed, self.hits + self.false_alarms + self.missed + self.passed)


@dataclass(frozen=True, eq=False)
class Curves:
    """One class against the rest. thresholds fall from above the greatest probability; the others have an entry for
    each: how many rows of the class and of the rest reach it. positives, negatives: of all rows."""

    code: int
    thresholds: Floats
    hits: NDArray[np.int64]
    false_alarms: NDArray[np.int64]
    positives: int
    negatives: int

    @property
    def recall(self) -> Floats:
        """The true positive rate at each threshold; NaN where no row is of the class."""
        return self.hits / self.positives if self.positives else np.full(len(self.hits), np.nan)

    @property
    def false_rate(self) -> Floats:
        """The false positive rate at each threshold."""
        return self.false_alarms / self.negatives if self.negatives else np.full(len(self.hits), np.nan)

    @property
    def precision(self) -> Floats:
        """The precision at each threshold; 1 where nothing reaches it."""
        said = self.hits + self.false_alarms
        return np.where(said > 0, self.hits / np.maximum(said, 1), 1.0)

    @property
    def area(self) -> Interval:
        """The area under the ROC curve."""
        if not self.positives or not self.negatives:
            return of_area(math.nan, 0, 0)
        heights = (self.recall[1:] + self.recall[:-1]) / 2
        return of_area(float((np.diff(self.false_rate) * heights).sum()), self.positives, self.negatives)

    @property
    def average_precision(self) -> float:
        """Precision at each threshold, weighted by the recall that it adds (as scikit-learn's)."""
        if not self.positives:
            return math.nan
        return float((np.diff(self.recall) * self.precision[1:]).sum())

    def at(self, threshold: float) -> At:
        """What a threshold gives."""
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        hits, alarms = (int(self.hits[place]), int(self.false_alarms[place])) if place >= 0 else (0, 0)
        return At(threshold, hits, alarms, self.positives - hits, self.negatives - alarms)

    def best(self) -> float:
        """The threshold with the greatest F1."""
        said = np.maximum(self.hits + self.false_alarms + self.positives, 1)
        return float(min(1.0, self.thresholds[int(np.argmax(2 * self.hits / said))]))


def curves(judged: Judged, code: int) -> Curves:
    """The curves of one class of ``judged`` (kind ``classes``); one that the network has no score for, since it does
    not count in the loss, is never predicted."""
    scored = code < judged.shares.shape[1]
    shares = np.asarray(judged.shares[:, code], np.float64) if scored else np.zeros(len(judged.target))
    return curves_of(shares[judged.counted], judged.target[judged.counted] == code, code)


def curves_of(shares: Floats, positive: NDArray[np.bool_], code: int = 1) -> Curves:
    """Curves for probabilities (N,) and whether each row is of the class (N,)."""
    order = np.argsort(-shares, kind="stable")
    shares, positive = shares[order], np.asarray(positive, bool)[order]
    last = np.append(np.flatnonzero(np.diff(shares)), len(shares) - 1) if len(shares) else np.zeros(0, np.int64)
    hits = np.cumsum(positive)[last]
    alarms = last + 1 - hits
    return Curves(
        code, np.append(np.inf, shares[last]), np.append(0, hits).astype(np.int64),
        np.append(0, alarms).astype(np.int64), int(positive.sum()), int((~positive).sum()),
    )  # fmt: skip


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
