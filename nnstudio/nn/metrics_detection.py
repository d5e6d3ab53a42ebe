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
        order = boxes[:, :, 5].argsort(dim=1, descending=True, stable=True)
        boxes = boxes.gather(1, order.unsqueeze(2).expand_as(boxes))
        alike = boxes[:, :, None, 4].round() == true[:, None, :, 4].round()
        shared = _overlaps(boxes, true) * (alike & (true[:, None, :, 4] > -0.5))
        free, right = torch.ones_like(true[:, :, 0]), []
        for place in range(boxes.shape[1]):  # all samples at once, from the best box on
            most, which = (shared[:, place] * free).max(1)
            hit = (most >= self._overlap) & (most > 0)
            free = free.scatter(
                1, which.unsqueeze(1), torch.where(hit, 0.0, free.gather(1, which.unsqueeze(1))[:, 0])[:, None]
            )
            right.append(hit.float())
        told = torch.stack([boxes[:, :, 4], boxes[:, :, 5], torch.stack(right, 1)], 2).reshape(-1, 3)
        self.found.append(told[told[:, 0] > -0.5])
        codes = true[:, :, 4].reshape(-1)
        self.true.append(codes[codes > -0.5].round())

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is no true box."""
        if not self.true:
            return math.nan
        found, true = torch.cat(self.found), torch.cat(self.true)
        figures = [
            _precision(found[found[:, 0].round() == code], int((true == code).sum()))
            for code in sorted(set(true.tolist()))
        ]
        return sum(figures) / len(figures) if figures else math.nan


def _overlaps(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Intersection over union of N×K and N×M boxes: N×K×M."""
    first, second = one[:, :, None, :4], other[:, None, :, :4]
    low = torch.maximum(first[..., :2] - first[..., 2:] / 2, second[..., :2] - second[..., 2:] / 2)
    up = torch.minimum(first[..., :2] + first[..., 2:] / 2, second[..., :2] + second[..., 2:] / 2)
    shared = (up - low).clamp(min=0).prod(3)
    union = first[..., 2:].prod(3) + second[..., 2:].prod(3) - shared
    return shared / union.clamp(min=1e-12)


def _precision(found: torch.Tensor, count: int) -> float:
    """Average precision of one class: found M×3 (class, score, right), count true ones."""
    right = found[found[:, 1].argsort(descending=True, stable=True), 2].double().cumsum(0)
    if not len(right):
        return 0.0
    precision = right / torch.arange(1, len(right) + 1, device=right.device)
    precision = precision.flip(0).cummax(0)[0].flip(0)
    recall = right / count
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
        found, true = prediction.detach().flatten(1).long().clamp(min=0), target.detach().flatten(1).long().clamp(min=0)
        rows, columns = int(found.max()) + 1, int(true.max()) + 1
        sample = torch.arange(len(found), device=found.device).unsqueeze(1)
        pairs = ((sample * rows + found) * columns + true).flatten()
        counts = torch.bincount(pairs, minlength=len(found) * rows * columns).reshape(len(found), rows, columns)
        areas, true_areas = counts.sum(2)[:, 1:], counts.sum(1)[:, 1:]
        shared = counts[:, 1:, 1:]
        union = areas.unsqueeze(2) + true_areas.unsqueeze(1) - shared
        right = int((shared > self._overlap * union).sum())
        self.right += right
        self.wrong += int((areas > 0).sum()) - right
        self.missed += int((true_areas > 0).sum()) - right

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is no object."""
        total = self.right + self.wrong + self.missed
        return self.right / total if total else math.nan
