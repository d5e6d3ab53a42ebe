"""Losses of two networks that play against each other, and of scores that should keep off a border."""

from __future__ import annotations

import torch
from torch.nn import functional


class DiscriminatorLoss(torch.nn.Module):
    """How badly scores tell real from made-up samples.

    real, fake: N×* scores. kind: ``logistic`` (``softplus(x) − t x`` with t = 1 − ``smoothing`` for real ones, 0 for
    others), ``hinge`` (``max(0, 1 − x)``, ``max(0, 1 + x)``), ``wasserstein`` (``−x``, ``x``) or ``least squares``
    (``(x − 1)²``, ``x²``); the means of both are added.
    """

    def __init__(self, kind: str = "logistic", smoothing: float = 0.0, reduction: str = "mean") -> None:
        super().__init__()
        self.kind, self.smoothing, self.reduction = kind, smoothing, reduction

    def forward(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        if self.kind == "hinge":
            good, bad = functional.relu(1 - real), functional.relu(1 + fake)
        elif self.kind == "wasserstein":
            good, bad = -real, fake
        elif self.kind == "least squares":
            good, bad = (real - 1).square(), fake.square()
        else:
            good, bad = functional.softplus(real) - (1 - self.smoothing) * real, functional.softplus(fake)
        return good.mean() + bad.mean() if self.reduction == "mean" else good.sum() + bad.sum()


class GeneratorLoss(torch.nn.Module):
    """How badly made-up samples pass for real ones. fake: N×* scores. kind: as of :class:`DiscriminatorLoss`."""

    def __init__(self, kind: str = "logistic", reduction: str = "mean") -> None:
        super().__init__()
        self.kind, self.reduction = kind, reduction

    def forward(self, fake: torch.Tensor) -> torch.Tensor:
        if self.kind in ("hinge", "wasserstein"):
            loss = -fake
        elif self.kind == "least squares":
            loss = (fake - 1).square()
        else:
            loss = functional.softplus(-fake)
        return loss.mean() if self.reduction == "mean" else loss.sum()


class HingeLoss(torch.nn.Module):
    """``max(0, m − y x)^p`` with y 1 where the target is above 0, else −1.

    prediction: ``*s`` or ``*s × 1`` scores; target: ``*s``, any number type.
    """

    def __init__(self, margin: float = 1.0, p: int = 1, reduction: str = "mean") -> None:
        super().__init__()
        self.margin, self.p, self.reduction = margin, p, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        scores = prediction.reshape(target.shape)
        short = functional.relu(self.margin - torch.where(target > 0, scores, -scores))
        loss = short if self.p == 1 else short.square()
        return loss.mean() if self.reduction == "mean" else loss.sum()
