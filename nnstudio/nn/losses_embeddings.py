"""Losses that draw embeddings of one kind together and push others apart."""

from __future__ import annotations

import torch
from torch.nn import functional


class ContrastiveLoss(torch.nn.Module):
    """``y d² + (1 − y) max(0, m − d)²`` of distances d and y, 1 for pairs that belong together, else 0.

    prediction: ``*s`` or ``*s × 1``; target: ``*s``, any number type.
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__()
        self.margin, self.reduction = margin, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        distance = prediction.reshape(target.shape)
        together = target.to(distance.dtype)
        apart = (self.margin - distance).clamp(min=0)
        loss = together * distance.square() + (1 - together) * apart.square()
        return loss.mean() if self.reduction == "mean" else loss.sum()


class BatchTripletLoss(torch.nn.Module):
    """``max(0, d(a, p) − d(a, n) + m)`` for each sample of a batch with the farthest p of its class and the nearest n
    of another; softplus in place of max where ``soft`` is on.

    prediction: N×F; target: N class codes. The mean is over the samples that have both; zero where none has.
    """

    def __init__(self, margin: float = 0.2, soft: bool = False, reduction: str = "mean") -> None:
        super().__init__()
        self.margin, self.soft, self.reduction = margin, soft, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        distance = torch.cdist(prediction, prediction, compute_mode="donot_use_mm_for_euclid_dist")
        same = target.unsqueeze(0) == target.unsqueeze(1)
        itself = torch.eye(len(target), dtype=torch.bool, device=target.device)
        others, apart = same & ~itself, ~same
        far = torch.where(others, distance, torch.zeros_like(distance)).amax(1)
        near = torch.where(apart, distance, torch.full_like(distance, 1e9)).amin(1)
        gap = far - near
        loss = functional.softplus(gap) if self.soft else functional.relu(gap + self.margin)
        counts = others.any(1) & apart.any(1)
        total = torch.where(counts, loss, torch.zeros_like(loss)).sum()
        return total / counts.sum().clamp(min=1) if self.reduction == "mean" else total


class NTXentLoss(torch.nn.Module):
    """Cross-entropy over cosines of two views, of which row i of one belongs to row i of the other.

    left, right: N×F. Each row of either looks for its partner among all rows of the other view, and where ``within`` is
    on also among those of its own.
    """

    def __init__(self, temperature: float = 0.1, within: bool = True, reduction: str = "mean") -> None:
        super().__init__()
        self.temperature, self.within, self.reduction = temperature, within, reduction

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        left, right = functional.normalize(left, dim=-1), functional.normalize(right, dim=-1)
        count = left.shape[0]
        partner = torch.arange(count, device=left.device)
        if self.within:
            both = torch.cat((left, right))
            itself = torch.eye(2 * count, dtype=torch.bool, device=left.device)
            alike = (both @ both.T / self.temperature).masked_fill(itself, -1e9)
            return functional.cross_entropy(alike, torch.cat((partner + count, partner)), reduction=self.reduction)
        alike = left @ right.T / self.temperature
        there = functional.cross_entropy(alike, partner, reduction=self.reduction)
        return (there + functional.cross_entropy(alike.T, partner, reduction=self.reduction)) / 2
