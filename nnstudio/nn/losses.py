"""Losses that take weights as numbers and targets as data has them. What they keep of the weights is no part of the
state dict: it follows from the parameters of the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional


def _tensor(numbers: Sequence[float] | None) -> torch.Tensor | None:
    return None if numbers is None else torch.tensor(numbers)


def _keep(module: torch.nn.Module, **buffers: torch.Tensor | None) -> None:
    """Hold tensors in a module that moves with it from device to device and is not saved."""
    for name, tensor in buffers.items():
        module.register_buffer(name, tensor, persistent=False)


def _or_nothing(loss: torch.Tensor, scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """``loss``, or zero (of which the gradient is zero) where nothing counts."""
    return torch.where(counts.any(), loss, scores.sum() * 0)


def codes_that_count(target: torch.Tensor, ignored: int | None, weights: torch.Tensor | None = None) -> torch.Tensor:
    """How many of these codes count, each as much as its class weighs; of shares of classes all do. A scalar."""
    if target.is_floating_point():
        return target.new_tensor(target.numel())
    counts = torch.ones_like(target) if ignored is None else target != ignored
    return counts.sum() if weights is None else (weights[target.where(counts.bool(), 0)] * counts).sum()


class CrossEntropyLoss(torch.nn.CrossEntropyLoss):
    """Cross-entropy with a weight for each class, and zero for a batch of which every target is ignored.

    prediction: N×C×*s scores; target: N×*s class codes. Gives a scalar.
    """

    def __init__(self, class_weights: Sequence[float] | None = None, **options: Any) -> None:
        super().__init__(**options)
        _keep(self, weight=_tensor(class_weights))

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if prediction.dim() > 2 and self.reduction == "mean" and not target.is_floating_point():
            rows = prediction.movedim(1, -1)
            if rows.is_contiguous():  # as a Permute behind a Linear layer leaves them
                return self._of_rows(rows.flatten(0, -2), target.flatten())
        return _or_nothing(super().forward(prediction, target), prediction, target != self.ignore_index)

    def _of_rows(self, scores: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """The mean over scores M×C and codes M, of which the classes lie side by side in memory: three times as fast
        as across them, with no pass over the scores for the case that nothing counts."""
        total = functional.cross_entropy(
            scores, codes, self.weight, ignore_index=self.ignore_index, reduction="sum",
            label_smoothing=self.label_smoothing,
        )  # fmt: skip
        counts = codes != self.ignore_index
        if self.weight is None:
            return total / counts.sum().clamp_min(1)
        return total / (self.weight[codes.where(counts, 0)] * counts).sum().clamp_min(torch.finfo(scores.dtype).tiny)

    def counted(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Over how much a loss that is a mean is that: targets that count, each as much as its class weighs."""
        return codes_that_count(target, self.ignore_index, self.weight)


class NLLLoss(torch.nn.NLLLoss):
    """Negative log likelihood with a weight for each class, and zero for a batch of which every target is ignored.

    prediction: N×C×*s log probabilities; target: N×*s class codes. Gives a scalar.
    """

    def __init__(self, class_weights: Sequence[float] | None = None, **options: Any) -> None:
        super().__init__(**options)
        _keep(self, weight=_tensor(class_weights))

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return _or_nothing(super().forward(prediction, target), prediction, target != self.ignore_index)

    def counted(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """As :meth:`CrossEntropyLoss.counted`."""
        return codes_that_count(target, self.ignore_index, self.weight)


class BCEWithLogitsLoss(torch.nn.BCEWithLogitsLoss):
    """Binary cross-entropy whose target may be whole numbers (class codes 0 and 1) and lack a last axis of size 1.

    prediction: ``*s`` or ``*s × 1``, real; target: ``*s``, any number type. Weights are along the last axis of the
    prediction. Gives a scalar.
    """

    def __init__(
        self,
        class_weights: Sequence[float] | None = None,
        pos_weight: Sequence[float] | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        _keep(self, weight=_tensor(class_weights), pos_weight=_tensor(pos_weight))

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(prediction, target.to(prediction.dtype).reshape(prediction.shape))


class BCELoss(torch.nn.BCELoss):
    """Binary cross-entropy of probabilities, with targets as :class:`BCEWithLogitsLoss` takes them."""

    def __init__(self, class_weights: Sequence[float] | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        _keep(self, weight=_tensor(class_weights))

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(prediction, target.to(prediction.dtype).reshape(prediction.shape))


class MultiMarginLoss(torch.nn.MultiMarginLoss):
    """torch.nn.MultiMarginLoss with its class weights as numbers."""

    def __init__(self, class_weights: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        _keep(self, weight=_tensor(class_weights))


class MultiLabelSoftMarginLoss(torch.nn.MultiLabelSoftMarginLoss):
    """torch.nn.MultiLabelSoftMarginLoss with its class weights as numbers and targets of any number type."""

    def __init__(self, class_weights: Sequence[float] | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        _keep(self, weight=_tensor(class_weights))

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(prediction, target.to(prediction.dtype))


class GaussianNLLLoss(torch.nn.Module):
    """``½ (log v + (x − y)² / v)`` with v the variance, at least ``eps``, and ½ log 2π more where it is ``full``.

    The same as torch.nn.GaussianNLLLoss, which waits for the device at every step to see whether a variance is
    negative; here a negative variance counts as ``eps``.
    """

    def __init__(self, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__()
        self.full, self.eps, self.reduction = full, eps, reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
        floor = variance + (variance.detach().clamp(min=self.eps) - variance.detach())  # gradient as if not clamped
        loss = 0.5 * (floor.log() + (prediction - target).square() / floor)
        if self.full:
            loss = loss + 0.5 * math.log(2 * math.pi)
        return loss.mean() if self.reduction == "mean" else loss.sum()


class KLDivLoss(torch.nn.KLDivLoss):
    """torch.nn.KLDivLoss, without a warning where the mean over all entries is what was asked for."""

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.reduction != "mean":
            return super().forward(prediction, target)
        return functional.kl_div(prediction, target, reduction="none", log_target=self.log_target).mean()


class SoftMarginLoss(torch.nn.Module):
    """``ln(1 + e^(−y x))``, of which a gradient also goes to the target (torch's own refuses one that asks for it)."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        loss = functional.softplus(-target * prediction)
        return loss.mean() if self.reduction == "mean" else loss.sum()


class CTCLoss(torch.nn.CTCLoss):
    """Connectionist temporal classification with the batch first.

    prediction: N×T×C log probabilities; target: N×S codes, filled up with the blank. Lengths: N whole numbers, of which
    more than there are steps is all steps; without them all steps of the prediction count, and what of the target is
    not blank. Gives a scalar.
    """

    def forward(
        self,
        prediction: torch.Tensor,
        target: torch.Tensor,
        prediction_lengths: torch.Tensor | None = None,
        target_lengths: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if prediction.is_meta:  # lengths are read as numbers, which the meta device has not
            return prediction.sum()
        samples, steps = prediction.shape[:2]
        if prediction_lengths is None:
            prediction_lengths = torch.full((samples,), steps, dtype=torch.long, device=prediction.device)
        if target_lengths is None:
            target_lengths = (target != self.blank).sum(1)
        read, said = prediction_lengths.clamp(0, steps), target_lengths.clamp(0, target.shape[1])
        return super().forward(prediction.transpose(0, 1), target, read, said)


class TripletMarginWithDistanceLoss(torch.nn.Module):
    """Triplet loss by a distance that is chosen by name: euclidean, squared euclidean, manhattan or cosine.

    anchor, positive, negative: N×*s×F. Gives a scalar.
    """

    def __init__(
        self, distance: str = "cosine", margin: float = 1.0, swap: bool = False, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.distance, self.margin, self.swap, self.reduction = distance, margin, swap, reduction

    def between(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """The distance along the last axis."""
        match self.distance:
            case "cosine":
                return 1 - functional.cosine_similarity(one, other, dim=-1)
            case "squared euclidean":
                return (one - other).square().sum(-1)
            case "manhattan":
                return functional.pairwise_distance(one, other, p=1.0)
        return functional.pairwise_distance(one, other)

    def forward(self, anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
        return functional.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.between, margin=self.margin, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip
