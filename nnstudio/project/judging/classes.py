"""Figures of classes: which are taken for which, how precisely each is found, how far probabilities can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.steps.tokenizing import SPECIAL
from nnstudio.project.judging.judge import Judged

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


#: Cells of a matrix up to which all of them are counted, by torchmetrics; beyond, those that occur.
CELLS = 10_000
#: Rows times cells that are counted at once: where deterministic algorithms are asked for, as they may be in the whole
#: process while something is trained, torchmetrics lays every row beside every cell.
_AT_ONCE = 2**21


@dataclass(frozen=True, eq=False)
class Confusion:
    """Which classes were taken for which. Only pairs that occur are kept: of a vocabulary the whole matrix would not
    fit into memory.

    classes: their names, (C,); codes: of the classes, (C,). true, said: of each pair that occurs its places among the
    classes, ascending, (K,); times: how many rows (for places: places) it has, (K,).
    """

    classes: tuple[str, ...]
    codes: Codes
    true: Codes
    said: Codes
    times: Codes

    def _sums(self, places: Codes, times: Codes) -> Codes:
        return np.bincount(places, weights=times, minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def occurs(self) -> Codes:
        """How often each class is the true one, (C,)."""
        return self._sums(self.true, self.times)

    @cached_property
    def named(self) -> Codes:
        """How often each class was said, (C,)."""
        return self._sums(self.said, self.times)

    @cached_property
    def hits(self) -> Codes:
        """How often each class was said rightly, (C,)."""
        same = self.true == self.said
        return self._sums(self.true[same], self.times[same])

    def among(self, places: Sequence[int]) -> Codes:
        """Counts of these classes alone: the true ones down, what they were taken for across (P, P)."""
        at = np.full(len(self.classes), -1)
        at[np.asarray(places, np.int64)] = np.arange(len(places))
        kept = (at[self.true] >= 0) & (at[self.said] >= 0)
        counts = np.zeros((len(places), len(places)), np.int64)
        counts[at[self.true[kept]], at[self.said[kept]]] = self.times[kept]
        return counts

    def taken_for(self, place: int) -> list[tuple[int, int]]:
        """What one class was taken for, and how often each."""
        own = slice(*np.searchsorted(self.true, (place, place + 1)))
        return list(zip(self.said[own].tolist(), self.times[own].tolist(), strict=True))

    def errors(self, most: int) -> list[tuple[int, int, int]]:
        """The most frequent pairs of different classes: true, said, how often."""
        wrong = np.flatnonzero(self.true != self.said)
        order = wrong[np.argsort(-self.times[wrong], kind="stable")[:most]]
        return [(int(self.true[at]), int(self.said[at]), int(self.times[at])) for at in order]


def confusion(judged: Judged) -> Confusion:
    """Counts by true and predicted class. Places that do not count are left out, and so are signs that only stand
    around a text (``<pad>``) where there are none."""
    classes = judged.classes
    target, predicted = judged.target.reshape(-1), judged.predicted.reshape(-1)
    known, size = target >= 0, len(classes)
    target, predicted = target[known].astype(np.int64), predicted[known].astype(np.int64)
    if size * size <= CELLS:
        counts = _counted(target, predicted, size).reshape(-1)
        pairs = np.flatnonzero(counts)
        times = counts[pairs]
    else:
        pairs, times = np.unique(target * size + predicted, return_counts=True)
    true, said = np.divmod(pairs.astype(np.int64), max(1, size))
    met = np.zeros(size, np.bool_)
    met[true] = met[said] = True
    kept = np.array([code for code, name in enumerate(classes) if met[code] or name not in SPECIAL], np.int64)
    at = np.zeros(size, np.int64)
    at[kept] = np.arange(len(kept))
    names = tuple(classes[code] for code in kept.tolist())
    return Confusion(names, kept, at[true], at[said], times.astype(np.int64))


def _counted(target: Codes, predicted: Codes, size: int) -> Codes:
    """How often each class was taken for each, (size, size): the true ones down."""
    import torch
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    counts, some = np.zeros((size, size), np.int64), max(1, _AT_ONCE // max(1, size * size))
    for start in range(0, len(target), some):
        said, true = (torch.from_numpy(codes[start : start + some]) for codes in (predicted, target))
        counts += multiclass_confusion_matrix(said, true, size, validate_args=False).numpy()
    return counts


def behind(judged: Judged, true: int, predicted: int) -> Codes:
    """Places of the rows behind a cell of the confusion matrix, the greatest loss first."""
    cell = (judged.target == true) & (judged.predicted == predicted)
    found = cell.reshape(len(cell), -1).any(axis=1)
    return np.array([place for place in judged.worst.tolist() if found[place]], dtype=np.int64)


@dataclass(frozen=True)
class ClassFigures:
    """How one class is found: NaN where nothing was taken for it (precision) or it does not occur (recall).

    ``iou``: intersection over union, what is right of all that is or was taken for this class.
    """

    name: str
    count: int
    precision: float
    recall: float
    f1: float
    iou: float


def by_class(matrix: Confusion) -> list[ClassFigures]:
    """Figures of each class, in the order of the classes."""
    sums = zip(matrix.classes, matrix.hits.tolist(), matrix.occurs.tolist(), matrix.named.tolist(), strict=True)
    return [
        ClassFigures(
            name, is_, _share(hits, said), _share(hits, is_), _share(2 * hits, is_ + said),
            _share(hits, is_ + said - hits),
        )
        for name, hits, is_, said in sums
    ]  # fmt: skip


def accuracy(matrix: Confusion) -> float:
    """The share that is right."""
    return _share(int(matrix.hits.sum()), int(matrix.times.sum()))


def mean_of(figures: Sequence[ClassFigures], name: str) -> float:
    """The mean of a figure over the classes that have it (macro)."""
    values = [value for each in figures if (value := float(getattr(each, name))) == value]
    return float(np.mean(values)) if values else math.nan


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether what is said with 80 % certainty is right four times of five.

    edges: of the bins, (B + 1,). counts, certainty, right: rows of each bin, their mean probability, and the share of
    them that is right, (B,), NaN in empty bins. error: the expected calibration error, the mean distance between the
    last two, weighted by rows (Naeini et al., "Obtaining well calibrated probabilities", 2015).
    """

    edges: Floats
    counts: Codes
    certainty: Floats
    right: Floats
    error: float


def calibration(judged: Judged, bins: int = 10, code: int = -1) -> Calibration:
    """Of the most probable class of each row, or of one class's probability (``code``), in bins of equal width."""
    known = judged.counted
    shares, target = np.asarray(judged.shares, np.float64)[known], judged.target[known]
    certainty = shares.max(axis=1) if code < 0 else shares[:, code]
    hits = target == (judged.predicted[known] if code < 0 else code)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.ceil(certainty * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, weights=certainty, minlength=bins) / counts
        right = np.bincount(place, weights=hits.astype(np.float64), minlength=bins) / counts
    apart = np.where(counts > 0, np.abs(mean - right), 0.0)
    error = float((apart * counts).sum() / max(1, counts.sum()))
    return Calibration(edges, counts.astype(np.int64), mean, right, error)
