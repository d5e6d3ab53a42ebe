"""Finding objects: boxes at the peaks of a map of scores, pixels gathered around them, and the losses that train both.

Boxes are shares of the picture, x and y of the centre, width and height, then the class's code, −1 where there is none.
"""

from __future__ import annotations

import torch
from torch.nn import functional


class PeakBoxes(torch.nn.Module):
    """The boxes at the peaks of a map of scores, best first. From the best on, each leaves out those of its class that
    overlap it by more than ``overlap`` (intersection over union); one that is left out leaves out none.

    scores: N×C×H×W, raw; shape: N×4×H×W, from the middle of a cell to the middle of the box (in cells), and the
    logarithm of width and height in cells. Gives N×K×6, a box, its class and its score from 0 to 1; where there are
    fewer than K, zeros with the class −1. K is ``most``, or all cells of all classes where those are fewer.
    """

    def __init__(self, most: int = 20, overlap: float = 0.5, least: float = 0.1) -> None:
        super().__init__()
        self.most, self.overlap, self.least = most, overlap, least

    def forward(self, scores: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
        classes, height, width = scores.shape[1], scores.shape[2], scores.shape[3]
        peaks = scores.sigmoid() * (functional.max_pool2d(scores, 3, 1, 1) == scores)
        best, place = peaks.flatten(1).topk(min(self.most, classes * height * width))
        code, cell = place // (height * width), place % (height * width)
        x, y, wide, high = shape.flatten(2).gather(2, cell.unsqueeze(1).expand(-1, 4, -1)).unbind(1)
        x, y = (x + cell % width + 0.5) / width, (y + cell // width + 0.5) / height
        wide, high = wide.clamp(max=12.0).exp() / width, high.clamp(max=12.0).exp() / height
        corners = torch.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], 2)
        low = torch.maximum(corners[:, :, None, :2], corners[:, None, :, :2])
        up = torch.minimum(corners[:, :, None, 2:], corners[:, None, :, 2:])
        shared = (up - low).clamp(min=0).prod(3)
        area = wide * high
        union = (area[:, :, None] + area[:, None, :] - shared).clamp(min=1e-12)
        again = (shared > self.overlap * union) & (code[:, :, None] == code[:, None, :])
        kept = self.staying(again) & (best >= self.least)
        found = torch.stack([x, y, wide, high, code.to(x.dtype), best], 2)
        nothing = torch.zeros_like(found)
        nothing[:, :, 4] = -1.0
        return torch.where(kept.unsqueeze(2), found, nothing)

    def staying(self, again: torch.Tensor) -> torch.Tensor:
        """Which of K boxes, best first, stay: bool N×K, of bool N×K×K that says which two are of one object. All
        samples at once, box by box."""
        later = again.triu(1)
        kept = torch.ones_like(again[:, 0])
        for place in range(again.shape[1] - 1):
            kept = kept & ~(later[:, place] & kept[:, place : place + 1])
        return kept


class HeatmapLoss(torch.nn.Module):
    """Focal loss of a map of scores, N×C×H×W raw, against bumps around the centres of the true boxes, N×K×5.

    A bump is 1 at the cell that holds the centre and falls off with ``spread`` × the size of the box, at least 0.4
    cells. Summed over cells and classes; the mean is over the boxes.
    """

    def __init__(self, spread: float = 0.12, reduction: str = "mean") -> None:
        super().__init__()
        self.spread, self.reduction = spread, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        samples, classes, height, width = prediction.shape
        x, y, wide, high, code = target.to(prediction.dtype).unbind(2)
        there = (code > -0.5) & (code < classes - 0.5)
        across = _bump(x, wide * self.spread, width)
        down = _bump(y, high * self.spread, height)
        bumps = (down.unsqueeze(3) * across.unsqueeze(2)).flatten(2) * there.unsqueeze(2)
        row = code.round().long().clamp(0, classes - 1).unsqueeze(2).expand(-1, -1, height * width)
        true = bumps.new_zeros(samples, classes, height * width).scatter_reduce(1, row, bumps, "amax")
        scores = prediction.flatten(2)
        share = scores.sigmoid()
        hit = -((1 - share) ** 2) * functional.logsigmoid(scores)
        miss = -((1 - true) ** 4) * share**2 * functional.logsigmoid(-scores)
        loss = torch.where(true > 0.999, hit, miss).sum()
        return loss / there.sum().clamp(min=1) if self.reduction == "mean" else loss


def _bump(centre: torch.Tensor, spread: torch.Tensor, cells: int) -> torch.Tensor:
    """exp(−d²/2s²) along an axis of so many cells, d from the cell that holds the centre: N×K becomes N×K×cells."""
    own = (centre * cells).floor().clamp(0, cells - 1).unsqueeze(2)
    distance = torch.arange(cells, device=centre.device, dtype=centre.dtype) - own
    return torch.exp(-0.5 * (distance / (spread.unsqueeze(2) * cells).clamp(min=0.4)) ** 2)


class BoxLoss(torch.nn.Module):
    """Smooth L1 between the shape that is predicted for the cells around each true centre, N×4×H×W, and the true one,
    of boxes N×K×5. Cells count whose middle is at most ``reach`` cells from the centre, each way; the mean is over
    them."""

    def __init__(self, reach: float = 1.5, reduction: str = "mean") -> None:
        super().__init__()
        self.reach, self.reduction = reach, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        height, width = prediction.shape[2:]
        x, y, wide, high, code = target.to(prediction.dtype).unbind(2)
        across = (x * width).unsqueeze(2) - _middles(width, x)
        down = (y * height).unsqueeze(2) - _middles(height, y)
        near = (down.abs() <= self.reach).unsqueeze(3) & (across.abs() <= self.reach).unsqueeze(2)
        near = near & (code > -0.5)[:, :, None, None]
        size = (-1, -1, height, width)
        true = torch.stack([
            across.unsqueeze(2).expand(size), down.unsqueeze(3).expand(size),
            (wide * width).clamp(min=1e-2).log()[:, :, None, None].expand(size),
            (high * height).clamp(min=1e-2).log()[:, :, None, None].expand(size),
        ], 2)  # fmt: skip
        wrong = functional.smooth_l1_loss(prediction.unsqueeze(1).expand_as(true), true, reduction="none").sum(2)
        loss = torch.where(near, wrong, torch.zeros_like(wrong)).sum()
        return loss / near.sum().clamp(min=1) if self.reduction == "mean" else loss


def _middles(cells: int, like: torch.Tensor) -> torch.Tensor:
    return torch.arange(cells, device=like.device, dtype=like.dtype) + 0.5


class OffsetLoss(torch.nn.Module):
    """Smooth L1 between the way from each pixel of an object to the middle of that object's box, in pixels, N×2×H×W
    (across, down), and the true one; target: N×H×W, the number of each pixel's object, 0 for background. The mean is
    over the pixels of objects. ``most``: numbers from this one on do not count."""

    def __init__(self, most: int = 256, reduction: str = "mean") -> None:
        super().__init__()
        self.most, self.reduction = most, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        samples, height, width = target.shape
        across = torch.arange(width, device=target.device, dtype=prediction.dtype).repeat(height)
        down = torch.arange(height, device=target.device, dtype=prediction.dtype).repeat_interleave(width)
        places = torch.stack([across, down]).expand(samples, 2, -1)
        own = torch.where((target > 0) & (target < self.most), target, 0).flatten(1)
        index = own.unsqueeze(1).expand(-1, 2, -1)
        room = places.new_zeros(samples, 2, self.most)
        last = room.scatter_reduce(2, index, places, "amax", include_self=False)
        first = room.scatter_reduce(2, index, places, "amin", include_self=False)
        true = ((first + last) / 2).gather(2, index) - places
        wrong = functional.smooth_l1_loss(prediction.flatten(2), true, reduction="none").sum(1)
        loss = torch.where(own > 0, wrong, torch.zeros_like(wrong)).sum()
        return loss / (own > 0).sum().clamp(min=1) if self.reduction == "mean" else loss


class GroupPixels(torch.nn.Module):
    """The number of the object that each pixel belongs to, N×H×W whole numbers, 0 for background.

    foreground: N×1×H×W, a raw score; scores: N×C×h×w, raw, whose peaks (over all classes) are the middles of objects;
    offset: N×2×H×W, from each pixel to the middle of its object, in pixels. A pixel of the foreground belongs to the
    peak that is nearest to where its offset points. Up to ``most`` peaks of at least ``least`` (0 to 1) are used.
    """

    def __init__(self, most: int = 20, least: float = 0.3) -> None:
        super().__init__()
        self.most, self.least = most, least

    def forward(self, foreground: torch.Tensor, scores: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        height, width = offset.shape[2:]
        down, across = height / scores.shape[2], width / scores.shape[3]
        best = scores.amax(1, keepdim=True)
        peaks = (best.sigmoid() * (functional.max_pool2d(best, 3, 1, 1) == best)).flatten(1)
        score, cell = peaks.topk(min(self.most, peaks.shape[1]))
        x = (cell % scores.shape[3] + 0.5) * across - 0.5
        y = (cell // scores.shape[3] + 0.5) * down - 0.5
        to_x = offset[:, 0] + torch.arange(width, device=offset.device, dtype=offset.dtype)
        to_y = offset[:, 1] + torch.arange(height, device=offset.device, dtype=offset.dtype).unsqueeze(1)
        away = (to_x.unsqueeze(1) - x[:, :, None, None]) ** 2 + (to_y.unsqueeze(1) - y[:, :, None, None]) ** 2
        away = torch.where((score >= self.least)[:, :, None, None], away, torch.full_like(away, float("inf")))
        nearest = away.argmin(1) + 1
        found = (foreground[:, 0] > 0) & (score[:, :1] >= self.least).unsqueeze(2)
        return torch.where(found, nearest, torch.zeros_like(nearest))
