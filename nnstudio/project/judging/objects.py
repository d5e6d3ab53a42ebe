"""Objects that were found beside those that are there: boxes by class, outlined objects by their pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.judging.judge import Judged

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]
#: A found object counts where it overlaps a true one of its class by this much (intersection over union).
OVERLAP = 0.5
#: Recalls at which precision is read (Lin et al., "Microsoft COCO", 2014).
RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class ObjectFigures:
    """How well the objects of one class are found. count: true ones; found, made_up: objects that are right, and that
    are none. average_precision: read at 101 recalls; NaN where there is no true one or no score."""

    name: str
    count: int
    found: int
    made_up: int
    average_precision: float

    @property
    def missed(self) -> int:
        """True objects that were not found."""
        return self.count - self.found

    @property
    def recall(self) -> float:
        """The share of the true objects that was found; NaN where there is none."""
        return self.found / self.count if self.count else math.nan

    @property
    def precision(self) -> float:
        """The share of what was found that is right; NaN where nothing was."""
        told = self.found + self.made_up
        return self.found / told if told else math.nan


@dataclass(frozen=True, eq=False)
class Matched:
    """By row: true objects, those that were found, and those that were made up, int64 (N,)."""

    count: Codes
    found: Codes
    made_up: Codes


def matched_boxes(predicted: NDArray[np.floating], target: NDArray[np.floating], overlap: float = OVERLAP) -> Flags:
    """Which boxes are right, bool N×K, of predicted N×K×6 (centre, size, class, score) and target N×M×5; a class of −1
    is no box. Best first, a box is right where it overlaps a true one of its class that no better one has."""
    boxes, true = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    shared = _overlaps(boxes, true)
    alike = np.rint(boxes[:, :, None, 4]) == np.rint(true[:, None, :, 4])
    shared *= alike & (true[:, None, :, 4] > -0.5)
    free, right, every = np.ones(true.shape[:2]), np.zeros(boxes.shape[:2], bool), np.arange(len(boxes))
    for places in np.argsort(-boxes[:, :, 5], axis=1, kind="stable").T:  # of all rows at once, from the best box on
        open_ = shared[every, places] * free
        which = open_.argmax(axis=1)
        most = open_[every, which]
        hit = (most >= overlap) & (most > 0)
        free[every[hit], which[hit]] = 0.0
        right[every, places] = hit
    return right


def _overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union of N×K and N×M boxes: N×K×M."""
    first, second = one[:, :, None, :4], other[:, None, :, :4]
    low = np.maximum(first[..., :2] - first[..., 2:] / 2, second[..., :2] - second[..., 2:] / 2)
    up = np.minimum(first[..., :2] + first[..., 2:] / 2, second[..., :2] + second[..., 2:] / 2)
    shared = np.clip(up - low, 0, None).prod(axis=3)
    union = first[..., 2:].prod(axis=3) + second[..., 2:].prod(axis=3) - shared
    found: Floats = shared / np.maximum(union, 1e-12)
    return found


def matched(judged: Judged) -> Matched:
    """How many objects of each row were found."""
    if judged.kind == "boxes":
        right = matched_boxes(judged.predicted, judged.target)
        told = judged.predicted[:, :, 4] > -0.5
        count, found = (judged.target[:, :, 4] > -0.5).sum(axis=1), right.sum(axis=1)
        return Matched(count, found, (told & ~right).sum(axis=1))
    rows = [_outlined(said, true) for said, true in zip(judged.predicted, judged.target, strict=True)]
    count, found, made_up = np.array(rows, np.int64).reshape(-1, 3).T
    return Matched(count, found, made_up)


def _outlined(said: Codes, true: Codes) -> tuple[int, int, int]:
    """True objects of a row, those found (by more than half of what both cover) and those made up, from the number of
    each pixel's object."""
    said, true = np.maximum(said.reshape(-1), 0), np.maximum(true.reshape(-1), 0)
    wide = int(true.max(initial=0)) + 1
    cells = np.bincount(said * wide + true, minlength=(int(said.max(initial=0)) + 1) * wide).reshape(-1, wide)
    areas, of_true, shared = cells.sum(axis=1)[1:], cells.sum(axis=0)[1:], cells[1:, 1:]
    found = int((shared > OVERLAP * (areas[:, None] + of_true[None] - shared)).sum())
    return int((of_true > 0).sum()), found, int((areas > 0).sum()) - found


def by_object(judged: Judged) -> list[ObjectFigures]:
    """The figures of each class that there is, in the order of the classes; of outlined objects, of all together."""
    if judged.kind == "objects":
        all_of = matched(judged)
        count, hits, wrong = (int(part.sum()) for part in (all_of.count, all_of.found, all_of.made_up))
        return [ObjectFigures("object", count, hits, wrong, math.nan)]
    right = matched_boxes(judged.predicted, judged.target).reshape(-1)
    said, scores = (judged.predicted[:, :, at].reshape(-1) for at in (4, 5))
    true, names = np.rint(judged.target[:, :, 4].reshape(-1)), judged.subject.classes
    made = []
    for code in sorted({int(code) for code in (*np.unique(true), *np.unique(np.rint(said))) if code >= 0}):
        own, there = np.rint(said) == code, int((true == code).sum())
        name = names[code] if code < len(names) else str(code)
        good = int(right[own].sum())
        precision = average_precision(scores[own], right[own], there)
        made.append(ObjectFigures(name, there, good, int(own.sum()) - good, precision))
    return made


def average_precision(scores: NDArray[np.floating], right: Flags, count: int) -> float:
    """Precision over recall of one class, read at 101 recalls; NaN where there is no true object."""
    if not count:
        return math.nan
    if not len(scores):
        return 0.0
    hits = right[np.argsort(-np.asarray(scores, np.float64), kind="stable")].cumsum().astype(np.float64)
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    places = np.searchsorted(hits / count, RECALLS)
    return float(np.append(precision, 0.0)[places].mean())


def mean_average_precision(figures: list[ObjectFigures]) -> float:
    """The mean over the classes that have true objects; NaN where there is none."""
    known = [each.average_precision for each in figures if not math.isnan(each.average_precision)]
    return float(np.mean(known)) if known else math.nan
