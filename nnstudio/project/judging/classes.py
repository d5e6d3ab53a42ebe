"""Figures of classes: which are taken for which, how precisely each is found, how far probabilities can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.steps.tokenizing import SPECIAL
from nnstudio.project.judging.judge import Judged

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Confusion:
    """counts: how many rows (for places: places) of each true class (down) were taken for each (across), (C, C).
    codes: of the classes, (C,)."""

    classes: tuple[str, ...]
    counts: Codes
    codes: Codes


def confusion(judged: Judged) -> Confusion:
    """Counts by true and predicted class. Places that do not count are left out, and so are signs that only stand
    around a text (``<pad>``) where there are none."""
    classes = judged.classes
    target, predicted = judged.target.reshape(-1), judged.predicted.reshape(-1)
    known = target >= 0
    size = len(classes)
    cells = np.bincount(target[known] * size + predicted[known], minlength=size * size)
    counts = cells.reshape(size, size).astype(np.int64)
    met = counts.sum(axis=0) + counts.sum(axis=1) > 0
    kept = np.array([code for code, name in enumerate(classes) if met[code] or name not in SPECIAL], np.int64)
    return Confusion(tuple(classes[code] for code in kept), counts[np.ix_(kept, kept)], kept)


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
    found, counts = [], matrix.counts
    for code, name in enumerate(matrix.classes):
        hits, is_, said = int(counts[code, code]), int(counts[code].sum()), int(counts[:, code].sum())
        f1 = _share(2 * hits, is_ + said)
        found.append(
            ClassFigures(name, is_, _share(hits, said), _share(hits, is_), f1, _share(hits, is_ + said - hits))
        )
    return found


def accuracy(matrix: Confusion) -> float:
    """The share that is right."""
    return _share(int(np.trace(matrix.counts)), int(matrix.counts.sum()))


def mean_of(figures: list[ClassFigures], name: str) -> float:
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
    shares = np.asarray(judged.shares, np.float64)
    certainty = shares.max(axis=1) if code < 0 else shares[:, code]
    hits = judged.right if code < 0 else judged.target == code
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.ceil(certainty * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, weights=certainty, minlength=bins) / counts
        right = np.bincount(place, weights=hits.astype(np.float64), minlength=bins) / counts
    apart = np.where(counts > 0, np.abs(mean - right), 0.0)
    error = float((apart * counts).sum() / max(1, counts.sum()))
    return Calibration(edges, counts.astype(np.int64), mean, right, error)
