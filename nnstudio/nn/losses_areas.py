"""Losses of areas and of rare classes. Scores are N×C×*s, or N×*s×C where ``axis`` is −1, with class codes N×*s; where
``axis`` is None there is one score for each entry of a target of ones and zeros."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from nnstudio.nn.losses import codes_that_count


class FocalLoss(torch.nn.Module):
    """``−w (1 − p)^γ ln p`` with p the probability of what is true; the mean is over the entries that count."""

    weights: torch.Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        *,
        axis: int | None = 1,
        class_weights: Sequence[float] | None = None,
        ignore_index: int | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.gamma, self.axis, self.ignore_index, self.reduction = gamma, axis, ignore_index, reduction
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.axis is None:
            scores = prediction.reshape(target.shape)
            known = target if self.ignore_index is None else target.masked_fill(target == self.ignore_index, 0)
            true = known.to(scores.dtype)
            surprise = functional.binary_cross_entropy_with_logits(scores, true, reduction="none")
            weights = None if self.weights is None else self.weights[0] * (1 - true) + self.weights[1] * true
            chance = torch.exp(-surprise)
        else:
            scores = prediction.movedim(self.axis, 1)
            known = target.clamp(0, scores.shape[1] - 1)  # an ignored code may lie outside
            surprise = -scores.log_softmax(1).gather(1, known.unsqueeze(1)).squeeze(1)
            weights = None if self.weights is None else self.weights[known]
            chance = torch.exp(-surprise)
        loss = (1 - chance).clamp(min=1e-12) ** self.gamma * surprise
        loss = loss if weights is None else weights * loss
        if self.ignore_index is None:
            return loss.mean() if self.reduction == "mean" else loss.sum()
        kept = target != self.ignore_index
        total = torch.where(kept, loss, torch.zeros_like(loss)).sum()
        return total / kept.sum().clamp(min=1) if self.reduction == "mean" else total

    def counted(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Over how much a loss that is a mean is that: the entries that count."""
        return codes_that_count(target, self.ignore_index)


class OverlapLoss(torch.nn.Module):
    """One minus the overlap of predicted and true areas, by class over the whole batch, the mean over the classes.

    kind: ``dice``, ``(2 Σpt + s) / (Σp + Σt + s)``, or ``jaccard``, ``(Σpt + s) / (Σp + Σt − Σpt + s)``. s: ``smooth``.
    Class 0 is left out where ``background`` is off.
    """

    def __init__(
        self,
        kind: str = "dice",
        *,
        axis: int | None = 1,
        smooth: float = 1.0,
        background: bool = True,
        ignore_index: int | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.kind, self.axis, self.smooth, self.first = kind, axis, smooth, 0 if background else 1
        self.ignore_index, self.reduction = ignore_index, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.axis is None:
            shares = prediction.reshape(target.shape).sigmoid().reshape(1, -1)
            true = target.to(shares.dtype).reshape(1, -1)
        else:
            shares = prediction.movedim(self.axis, 1).softmax(1).transpose(0, 1).flatten(1)
            codes = target.flatten()
            true = (codes == torch.arange(len(shares), device=codes.device).unsqueeze(1)).to(shares.dtype)
            shares, true = shares[self.first :], true[self.first :]
        if self.ignore_index is not None:
            kept = (target.flatten() != self.ignore_index).to(shares.dtype)
            shares, true = shares * kept, true * kept
        both, all_ = (shares * true).sum(1), shares.sum(1) + true.sum(1)
        if self.kind == "dice":
            overlap = (2 * both + self.smooth) / (all_ + self.smooth)
        else:
            overlap = (both + self.smooth) / (all_ - both + self.smooth)
        return (1 - overlap).mean() if self.reduction == "mean" else (1 - overlap).sum()
