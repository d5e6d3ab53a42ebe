"""Metrics as modules: ``update(prediction, target)`` for each batch, ``compute()`` at the end, ``reset()`` before.

What they keep are sums on the device of what they are fed; nothing is fetched before ``compute``.
"""

from __future__ import annotations

import math
from typing import Any

import torch


def _sum(values: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    """The sum in double precision, where the device has it: sums over many batches lose digits in float32."""
    values = values if values.device.type == "mps" else values.double()
    return values.sum() if dim is None else values.sum(dim)


class Metric(torch.nn.Module):
    """Base of metrics that are a mean: a sum on the device, and how many entries it is of."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.total: Any = 0.0
        self.count = 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Take in a batch. Nothing waits for the device."""
        with torch.no_grad():
            entries = self.entries(prediction.detach(), target.detach())
            self.total = self.total + _sum(entries)
        self.count += entries.numel()

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """One value for each entry, of which the metric is the mean."""
        raise NotImplementedError

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was none."""
        return float(self.total) / self.count if self.count else math.nan


class Accuracy(Metric):
    """Share of entries whose true class is among the ``top_k`` largest scores.

    prediction: N×C×*s scores; target: N×*s class codes.
    """

    def __init__(self, top_k: int = 1) -> None:
        super().__init__()
        self.top_k = top_k

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.top_k == 1:
            return prediction.argmax(1) == target
        return (prediction.topk(self.top_k, 1).indices == target.unsqueeze(1)).any(1)


class BinaryAccuracy(Metric):
    """Share of entries where the score is above ``threshold`` and the target above one half, or neither.

    prediction: as many entries as target, any number type.
    """

    def __init__(self, threshold: float = 0.0) -> None:
        super().__init__()
        self.threshold = threshold

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction.reshape(target.shape) > self.threshold) == (target > 0.5)


class MAE(Metric):
    """Mean absolute error: ``mean(|x − y|)``."""

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target).abs()


class RMSE(Metric):
    """Root mean squared error: ``√mean((x − y)²)``."""

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target).square()

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was none."""
        return math.sqrt(mean) if math.isfinite(mean := super().compute()) else mean


class R2(torch.nn.Module):
    """Coefficient of determination, ``1 − Σ(y − x)² / Σ(y − ȳ)²``, the mean over the numbers of a sample.

    prediction, target: N×*s. Targets are summed as differences from the first batch's mean, which loses no digits
    where they are large and near to one another. A target that never varies counts 1 where it is met exactly, else 0,
    as in scikit-learn's ``r2_score``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.origin: torch.Tensor | None = None
        self.sum: Any = 0.0
        self.squares: Any = 0.0
        self.errors: Any = 0.0
        self.count = 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Take in a batch. Nothing waits for the device."""
        with torch.no_grad():
            prediction, target = prediction.detach(), target.detach()
            if self.origin is None:
                self.origin = target.mean(0)
            shifted = target - self.origin
            self.sum = self.sum + _sum(shifted, 0)
            self.squares = self.squares + _sum(shifted.square(), 0)
            self.errors = self.errors + _sum((target - prediction).square(), 0)
        self.count += target.shape[0]

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there were fewer than two samples."""
        if self.count < 2:
            return math.nan
        total = self.squares - self.sum * self.sum / self.count
        flat = torch.where(self.errors > 0, 0.0, 1.0).to(total.dtype)
        varies = total > 1e-12 * (self.squares + self.sum.abs())
        share = torch.where(varies, 1 - self.errors / torch.where(varies, total, torch.ones_like(total)), flat)
        return float(share.mean())
