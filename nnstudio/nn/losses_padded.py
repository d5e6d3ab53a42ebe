"""Losses of sequences that are filled up to one length, and losses of numbers that are not symmetric."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from nnstudio.nn.losses import codes_that_count


class SequenceCrossEntropyLoss(torch.nn.Module):
    """Cross-entropy at each step, without those that fill up.

    prediction: N×*s×C scores; target: N×*s codes; padding: N×*s, true where a step fills up. Steps whose code is
    ``ignore_index`` do not count either. Zero where none counts.
    """

    weights: torch.Tensor | None

    def __init__(
        self,
        ignore_index: int | None = 0,
        *,
        label_smoothing: float = 0.0,
        class_weights: Sequence[float] | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.ignore_index, self.label_smoothing, self.reduction = ignore_index, label_smoothing, reduction
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.register_buffer("weights", weights, persistent=False)

    def forward(
        self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None
    ) -> torch.Tensor:
        codes = self._codes(target, padding)
        loss = functional.cross_entropy(
            prediction.reshape(-1, prediction.shape[-1]), codes, self.weights, ignore_index=-100,
            label_smoothing=self.label_smoothing, reduction=self.reduction,
        )  # fmt: skip
        return torch.where((codes != -100).any(), loss, prediction.sum() * 0)

    def counted(
        self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Over how much a loss that is a mean is that: steps that count, each as much as its code weighs."""
        return codes_that_count(self._codes(target, padding), -100, self.weights)

    def _codes(self, target: torch.Tensor, padding: torch.Tensor | None) -> torch.Tensor:
        """All codes, −100 where one does not count."""
        if padding is not None:
            padding = padding.reshape(*padding.shape, *(1,) * (target.dim() - padding.dim()))
            target = target.masked_fill(padding, -100)
        if self.ignore_index is not None:
            target = target.masked_fill(target == self.ignore_index, -100)
        return target.reshape(-1)


class MaskedLoss(torch.nn.Module):
    """A loss of numbers, without what fills up.

    kind: ``squared``, ``absolute``, ``smooth`` (with ``beta``) or ``huber`` (with ``beta`` as delta).
    prediction, target: N×*s; padding: their first axes, true where they fill up.
    """

    def __init__(self, kind: str = "squared", beta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__()
        self.kind, self.beta, self.reduction = kind, beta, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        kept = self._kept(target, padding)
        target = torch.where(kept, target, prediction.detach())  # where it may be no number
        if self.kind == "squared":
            loss = functional.mse_loss(prediction, target, reduction="none")
        elif self.kind == "absolute":
            loss = functional.l1_loss(prediction, target, reduction="none")
        elif self.kind == "smooth":
            loss = functional.smooth_l1_loss(prediction, target, reduction="none", beta=self.beta)
        else:
            loss = functional.huber_loss(prediction, target, reduction="none", delta=self.beta)
        total = torch.where(kept, loss, torch.zeros_like(loss)).sum()
        return total / kept.sum().clamp(min=1) if self.reduction == "mean" else total

    def counted(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        """Over how much a loss that is a mean is that: the numbers that do not fill up."""
        return self._kept(target, padding).sum()

    def _kept(self, target: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        return ~padding.reshape(*padding.shape, *(1,) * (target.dim() - padding.dim())).expand(target.shape)


class QuantileLoss(torch.nn.Module):
    """``max(q d, (q − 1) d)`` with ``d = y − x``, for each of some quantiles q.

    prediction: of the target's sizes, or with several quantiles of one more axis, a place for each; target: ``*s``.
    """

    quantiles: torch.Tensor

    def __init__(self, quantiles: Sequence[float] = (0.5,), reduction: str = "mean") -> None:
        super().__init__()
        self.reduction, self.several = reduction, len(quantiles) > 1
        self.register_buffer("quantiles", torch.tensor(quantiles), persistent=False)

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        missing = (target.unsqueeze(-1) if self.several else target) - prediction
        loss = torch.maximum(self.quantiles * missing, (self.quantiles - 1) * missing)
        return loss.mean() if self.reduction == "mean" else loss.sum()


class KLNormalLoss(torch.nn.Module):
    """The divergence of normal distributions from the standard one, ``½ Σ (μ² + σ² − 1 − ln σ²)``.

    mean, log_variance: N×*s. reduction: ``batchmean`` sums over a sample and takes the mean over the batch.
    """

    def __init__(self, reduction: str = "batchmean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        each = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        if self.reduction == "mean":
            return each.mean()
        return each.sum() / mean.shape[0] if self.reduction == "batchmean" else each.sum()
