"""Objects that were found beside those that are there: boxes by class, outlined objects by their pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.judging.judge import Judged

Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]
#: A found object counts where it overlaps a true one of its class by this much (intersection over union).
OVERLAP = 0.5


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


def right_boxes(predicted: NDArray[np.floating], target: NDArray[np.floating]) -> Flags:
    """Which boxes are right, bool N×K, of predicted N×K×6 and target N×M×5, as MeanAveragePrecision counts them."""
    import torch

    from nnstudio.nn.metrics_detection import matched_boxes

    boxes, true = (torch.as_tensor(np.asarray(part, np.float64)) for part in (predicted, target))
    return np.asarray(matched_boxes(boxes, true, OVERLAP).numpy())


def matched(judged: Judged) -> Matched:
    """How many objects of each row were found."""
    if judged.kind == "boxes":
        right = right_boxes(judged.predicted, judged.target)
        told = judged.predicted[:, :, 4] > -0.5
        count, found = (judged.target[:, :, 4] > -0.5).sum(axis=1), right.sum(axis=1)
        return Matched(count, found, (told & ~right).sum(axis=1))
    import torch

    from nnstudio.nn.metrics_detection import matched_objects

    said, true = (torch.as_tensor(np.asarray(part, np.int64)) for part in (judged.predicted, judged.target))
    return Matched(*(np.asarray(part.numpy()) for part in matched_objects(said, true, OVERLAP)))


def by_object(judged: Judged) -> list[ObjectFigures]:
    """The figures of each class that there is, in the order of the classes; of outlined objects, of all together."""
    if judged.kind == "objects":
        all_of = matched(judged)
        count, hits, wrong = (int(part.sum()) for part in (all_of.count, all_of.found, all_of.made_up))
        return [ObjectFigures("object", count, hits, wrong, math.nan)]
    from nnstudio.nn.metrics_detection import average_precisions

    precisions = average_precisions(judged.predicted, judged.target, OVERLAP)
    right = right_boxes(judged.predicted, judged.target).reshape(-1)
    said = judged.predicted[:, :, 4].reshape(-1)
    true, names = np.rint(judged.target[:, :, 4].reshape(-1)), judged.subject.classes
    made = []
    for code in sorted({int(code) for code in (*np.unique(true), *np.unique(np.rint(said))) if code >= 0}):
        own, there = np.rint(said) == code, int((true == code).sum())
        name = names[code] if code < len(names) else str(code)
        good = int(right[own].sum())
        made.append(ObjectFigures(name, there, good, int(own.sum()) - good, precisions.get(code, math.nan)))
    return made


def mean_average_precision(figures: list[ObjectFigures]) -> float:
    """The mean over the classes that have true objects; NaN where there is none."""
    known = [each.average_precision for each in figures if not math.isnan(each.average_precision)]
    return float(np.mean(known)) if known else math.nan
