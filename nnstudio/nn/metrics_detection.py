"""Figures of found objects: boxes and areas that are compared with the true ones."""

from __future__ import annotations

import math

import torch


class MeanAveragePrecision(torch.nn.Module):
    """The mean over the classes of the average precision of boxes, read at 101 recalls as COCO does.

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
        """Take in a batch: of each found box class, score and whether it is right; of each true one its class."""
        boxes, true = prediction.detach().float(), target.detach().float()
        right = matched_boxes(boxes, true, self._overlap).float()
        told = torch.stack([boxes[:, :, 4], boxes[:, :, 5], right], 2).reshape(-1, 3)
        self.found.append(told[told[:, 0] > -0.5])
        codes = true[:, :, 4].reshape(-1)
        self.true.append(codes[codes > -0.5].round())

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is no true box."""
        if not self.true:
            return math.nan
        found, true = torch.cat(self.found), torch.cat(self.true)
        figures = []
        for code in sorted(set(true.tolist())):
            own = found[found[:, 0].round() == code]
            figures.append(average_precision(own[:, 1], own[:, 2], int((true == code).sum())))
        return sum(figures) / len(figures) if figures else math.nan


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


def average_precision(scores: torch.Tensor, right: torch.Tensor, count: int) -> float:
    """Precision over recall of one class, read at 101 recalls: of found boxes the scores (M,) and whether each is right
    (M,), and the number of true ones, at least one."""
    hits = right[scores.argsort(descending=True, stable=True)].double().cumsum(0)
    if not len(hits):
        return 0.0
    precision = hits / torch.arange(1, len(hits) + 1, device=hits.device)
    precision = precision.flip(0).cummax(0)[0].flip(0)
    recall = hits / count
    places = torch.searchsorted(
        recall.contiguous(), torch.linspace(0, 1, 101, dtype=recall.dtype, device=recall.device)
    )
    padded = torch.cat([precision, precision.new_zeros(1)])
    return float(padded[places].mean())


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
