"""Metrics as modules: ``update(prediction, target)`` for each batch, ``compute()`` at the end, ``reset()`` before.

What they keep are sums on the device of what they are fed; nothing is fetched before ``compute``. Where sequences are
filled up, ``update`` also takes a padding: N×*p, true where an entry does not count.
"""

from __future__ import annotations

import math
from typing import Any

import torch


def _sum(values: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    """The sum in double precision, where the device has it: sums over many batches lose digits in float32."""
    values = values if values.device.type == "mps" else values.double()
    return values.sum() if dim is None else values.sum(dim)


def counted(
    target: torch.Tensor, padding: torch.Tensor | None, ignore_index: int | None, axes: int
) -> torch.Tensor | None:
    """Which entries count, with as many axes as asked for (the last of size 1 where they are not told); None: all."""
    kept = None if ignore_index is None else target != ignore_index
    if padding is not None:
        shown = ~padding.reshape(*padding.shape, *(1,) * ((axes if kept is None else kept.dim()) - padding.dim()))
        kept = shown if kept is None else shown & kept
    return kept


def of_sums(metric: Any, **sums: torch.Tensor) -> torch.Tensor:
    """What a metric of torchmetrics, made anew, says of sums that were gathered without it: its states, by name."""
    metric.merge_state(sums)
    figure: torch.Tensor = type(metric).compute(metric)  # the object's own warns that it was not updated
    return figure


class Metric(torch.nn.Module):
    """Base of metrics that are a mean: a sum on the device, and how many entries it is of."""

    def __init__(self, ignore_index: int | None = None) -> None:
        super().__init__()
        self._ignored = ignore_index
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.total: Any = 0.0
        self.count: Any = 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None) -> None:
        """Take in a batch. Nothing waits for the device."""
        with torch.no_grad():
            entries = self.entries(prediction.detach(), target.detach())
            kept = counted(target, padding, self._ignored, entries.dim())
            if kept is None:
                self.total, self.count = self.total + _sum(entries), self.count + entries.numel()
            else:
                kept = kept.expand(entries.shape)
                self.total = self.total + _sum(torch.where(kept, entries, torch.zeros_like(entries)))
                self.count = self.count + kept.sum()

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """One value for each entry, of which the metric is the mean."""
        raise NotImplementedError

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was none."""
        count = int(self.count)
        return float(self.total) / count if count else math.nan


class Accuracy(Metric):
    """Share of entries whose true class is among the ``top_k`` largest scores.

    prediction: scores N×C×*s, or N×*s×C where ``axis`` is −1; target: N×*s class codes.
    """

    def __init__(self, top_k: int = 1, axis: int = 1, ignore_index: int | None = None) -> None:
        super().__init__(ignore_index)
        self._best, self._axis = top_k, axis

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self._best == 1:
            return prediction.argmax(self._axis) == target
        found = prediction.topk(self._best, self._axis).indices == target.unsqueeze(self._axis)
        return found.any(self._axis)


class BinaryAccuracy(Metric):
    """Share of entries where the score is above ``threshold`` and the target above one half, or neither.

    prediction: as many entries as target, any number type.
    """

    def __init__(self, threshold: float = 0.0, ignore_index: int | None = None) -> None:
        super().__init__(ignore_index)
        self._threshold = threshold

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction.reshape(target.shape) > self._threshold) == (target > 0.5)


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


class Perplexity(Metric):
    """``e`` to the mean surprise, in nats, at the right codes.

    prediction: scores N×C×*s, or N×*s×C where ``axis`` is −1; target: N×*s codes.
    """

    def __init__(self, axis: int = 1, ignore_index: int | None = None) -> None:
        super().__init__(ignore_index)
        self._axis = axis

    def entries(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        scores = prediction.movedim(self._axis, 1)
        known = target.clamp(0, scores.shape[1] - 1)  # an ignored code may lie outside
        return torch.nn.functional.cross_entropy(scores, known, reduction="none")

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was none, infinite where it is huge."""
        mean = super().compute()
        return math.exp(mean) if mean < 700 or math.isnan(mean) else math.inf


#: torchmetrics takes squares below 1e-4 for none; R² is the same at any scale, so squares are made to sum up to this.
_LARGE = 1e8
_LEAST = 1e-300


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
            if not len(target):
                return
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
        from torchmetrics.regression import R2Score

        squares, sums, errors = (part.cpu().double() for part in (self.squares, self.sum, self.errors))
        scale = _LARGE / squares.clamp(min=_LEAST)
        return float(
            of_sums(
                R2Score(), sum_squared_error=squares * scale, sum_error=sums * scale.sqrt(), residual=errors * scale,
                total=torch.tensor(self.count),
            )
        )  # fmt: skip
