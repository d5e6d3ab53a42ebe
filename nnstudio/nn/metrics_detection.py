"""Figures of found objects: boxes and areas that are compared with the true ones."""

from __future__ import annotations

import contextlib
import io
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

#: Of each sample its boxes.
Samples = Sequence[NDArray[Any]] | NDArray[Any]
#: What COCO's evaluation prints is caught; two threads must not do that at once.
_catching = threading.Lock()


class MeanAveragePrecision(torch.nn.Module):
    """The mean over the classes of the average precision of boxes, read at 101 recalls: COCO's own evaluation, by
    torchmetrics' backend for it.

    prediction: N×K×6 (centre, size, class, score), target: N×K'×5; a class of −1 is no box. Best first, a box is right
    where it overlaps a true one of its class, that no better one has, by at least ``overlap`` (intersection over
    union).
    """

    def __init__(self, overlap: float = 0.5) -> None:
        super().__init__()
        self._overlap = overlap
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.found: list[torch.Tensor] = []
        self.true: list[torch.Tensor] = []

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Take in a batch."""
        self.found.append(prediction.detach().float())
        self.true.append(target.detach().float())

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is no true box."""
        figures = average_precisions(_by_sample(self.found), _by_sample(self.true), self._overlap)
        return sum(figures.values()) / len(figures) if figures else math.nan


def average_precisions(found: Samples, true: Samples, overlap: float) -> dict[int, float]:
    """The average precision of each class that has a true box, by its code. Of each sample the boxes found, (K, 6), and
    the true ones, (M, 5), as MeanAveragePrecision takes them."""
    from torchmetrics.detection.helpers import CocoBackend

    right, told = (_annotations(samples) for samples in (true, found))
    codes = sorted({each["category_id"] for each in right})
    if not told or not codes:
        return dict.fromkeys(codes, 0.0)
    backend: Any = CocoBackend("pycocotools")
    with _catching, contextlib.redirect_stdout(io.StringIO()):
        sides = []
        for annotations in (right, told):
            side = backend.coco()
            side.dataset = {
                "images": [{"id": at} for at in range(len(true))], "annotations": annotations,
                "categories": [{"id": code} for code in codes],
            }  # fmt: skip
            side.createIndex()
            sides.append(side)
        evaluation = backend.cocoeval(*sides, iouType="bbox")
        evaluation.params.iouThrs = np.array([overlap])
        evaluation.params.maxDets = [max(map(len, found))]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0.0, math.inf]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"]  # overlaps × recalls × classes × areas × limits
    return {code: float(precision[0, :, at, 0, 0].mean()) for at, code in enumerate(codes)}


def _by_sample(batches: list[torch.Tensor]) -> list[NDArray[Any]]:
    return [rows for batch in batches for rows in batch.cpu().numpy()]


def _annotations(samples: Samples) -> list[dict[str, Any]]:
    """The boxes of all samples as COCO writes them: with their left upper corners; numbered from 1. Those of a network
    that went astray, with numbers that are none, are left out: they would overlap everything."""
    made: list[dict[str, Any]] = []
    for image, rows in enumerate(samples):
        for x, y, width, height, code, *score in rows[(rows[:, 4] > -0.5) & np.isfinite(rows).all(1)].tolist():
            box = [x - width / 2, y - height / 2, width, height]
            made.append({
                "id": len(made) + 1, "image_id": image, "category_id": round(code), "bbox": box,
                "area": width * height, "iscrowd": 0, "score": score[0] if score else 1.0,
            })  # fmt: skip
    return made


def matched_boxes(boxes: torch.Tensor, true: torch.Tensor, overlap: float) -> torch.Tensor:
    """Which boxes are right, bool N×K, of N×K×6 (centre, size, class, score) and true N×M×5; a class of −1 is no box.
    Best first, a box is right where it overlaps a true one of its class, that no better one has, by so much."""
    if not true.shape[1]:
        return torch.zeros_like(boxes[:, :, 0], dtype=torch.bool)
    order = boxes[:, :, 5].argsort(dim=1, descending=True, stable=True)
    sorted_ = boxes.gather(1, order.unsqueeze(2).expand_as(boxes))
    alike = sorted_[:, :, None, 4].round() == true[:, None, :, 4].round()
    shared = _overlaps(sorted_, true) * (alike & (true[:, None, :, 4] > -0.5))
    free, right = torch.ones_like(true[:, :, 0]), torch.zeros_like(boxes[:, :, 0], dtype=torch.bool)
    for place in range(boxes.shape[1]):  # all samples at once, from the best box on
        most, which = (shared[:, place] * free).max(1, keepdim=True)
        hit = (most >= overlap) & (most > 0)
        free = free.scatter(1, which, torch.where(hit, 0.0, free.gather(1, which)))
        right.scatter_(1, order[:, place : place + 1], hit)
    return right


def matched_objects(prediction: torch.Tensor, target: torch.Tensor, overlap: float) -> tuple[torch.Tensor, ...]:
    """Of each sample the number of true objects, of those found and of those made up, int64 (N,), from the number of
    each pixel's object, N×H×W, 0 for background. One is found where more than ``overlap`` of what both cover is
    shared."""
    found, true = prediction.flatten(1).long().clamp(min=0), target.flatten(1).long().clamp(min=0)
    rows, columns = int(found.max()) + 1, int(true.max()) + 1
    sample = torch.arange(len(found), device=found.device).unsqueeze(1)
    pairs = ((sample * rows + found) * columns + true).flatten()
    counts = torch.bincount(pairs, minlength=len(found) * rows * columns).reshape(len(found), rows, columns)
    areas, true_areas, shared = counts.sum(2)[:, 1:], counts.sum(1)[:, 1:], counts[:, 1:, 1:]
    union = areas.unsqueeze(2) + true_areas.unsqueeze(1) - shared
    right = (shared > overlap * union).sum((1, 2))
    return (true_areas > 0).sum(1), right, (areas > 0).sum(1) - right


def _overlaps(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Intersection over union of N×K and N×M boxes: N×K×M."""
    first, second = one[:, :, None, :4], other[:, None, :, :4]
    low = torch.maximum(first[..., :2] - first[..., 2:] / 2, second[..., :2] - second[..., 2:] / 2)
    up = torch.minimum(first[..., :2] + first[..., 2:] / 2, second[..., :2] + second[..., 2:] / 2)
    shared = (up - low).clamp(min=0).prod(3)
    union = first[..., 2:].prod(3) + second[..., 2:].prod(3) - shared
    return shared / union.clamp(min=1e-12)


class InstancePrecision(torch.nn.Module):
    """Objects found, divided by objects found, missed and made up: ``TP / (TP + FP + FN)``.

    prediction, target: N×H×W, the number of each pixel's object, 0 for background. One is found where its overlap with
    a true one is more than ``overlap``, at least 0.5, so that none can be found twice.
    """

    def __init__(self, overlap: float = 0.5) -> None:
        super().__init__()
        self._overlap = overlap
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.right, self.wrong, self.missed = 0, 0, 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Take in a batch."""
        count, right, wrong = (int(part.sum()) for part in matched_objects(prediction, target, self._overlap))
        self.right += right
        self.wrong += wrong
        self.missed += count - right

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is no object."""
        total = self.right + self.wrong + self.missed
        return self.right / total if total else math.nan
