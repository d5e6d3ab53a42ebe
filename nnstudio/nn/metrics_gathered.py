"""Metrics that need all predictions at once: they are kept on the device until ``compute`` asks torchmetrics.

torchmetrics takes longer to import than the rest of the start, so that it is imported when a figure is worked out.
"""

from __future__ import annotations

import math

import torch

from nnstudio.nn.metrics import counted


class Gathered(torch.nn.Module):
    """Base: keeps what it is fed as lists of tensors, ``predictions`` and ``targets``, a row for each entry.

    prediction: N×C×*s, or N×*s×C where ``axis`` is −1, or where it is None one number for each entry of the target;
    target: N×*s.
    """

    def __init__(self, axis: int | None = 1, ignore_index: int | None = None) -> None:
        super().__init__()
        self._axis, self._ignored = axis, ignore_index
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.predictions: list[torch.Tensor] = []
        self.targets: list[torch.Tensor] = []

    def update(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None) -> None:
        """Take in a batch."""
        prediction, target = prediction.detach(), target.detach()
        kept = counted(target, padding, self._ignored, target.dim())
        if self._axis is None:
            rows = prediction.reshape(-1)
        else:
            rows = prediction.movedim(self._axis, -1).reshape(-1, prediction.shape[self._axis])
        codes = target.reshape(-1)
        if kept is not None:
            kept = kept.expand(target.shape).reshape(-1)
            rows, codes = rows[kept], codes[kept]
        self.predictions.append(rows)
        self.targets.append(codes)

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is none."""
        if not self.predictions:
            return math.nan
        with torch.no_grad():
            return self.figure(torch.cat(self.predictions), torch.cat(self.targets))

    def figure(self, prediction: torch.Tensor, target: torch.Tensor) -> float:
        """The metric of all entries: prediction M or M×C, target M."""
        raise NotImplementedError


def _ranks(scores: torch.Tensor) -> torch.Tensor:
    """Scores of any range as numbers from 0 to 1 in the same order, which torchmetrics takes as they are."""
    places = torch.unique(scores, return_inverse=True)[1]
    precise = torch.float32 if scores.device.type == "mps" else torch.float64
    ranks: torch.Tensor = places.to(precise) / places.max().clamp(min=1)
    return ranks


class _ByThreshold(Gathered):
    """Base of figures over all thresholds: for yes or no, else each class against the others and the mean of those that
    occur (and are not all)."""

    def __init__(self, axis: int | None = 1, *, probabilities: bool = False, ignore_index: int | None = None) -> None:
        super().__init__(axis, ignore_index)
        self._ready = probabilities

    def figure(self, prediction: torch.Tensor, target: torch.Tensor) -> float:
        if prediction.dim() == 1:
            return self._one(prediction, target > 0.5)
        if prediction.shape[1] == 2:
            return self._one(prediction[:, 1] - prediction[:, 0], target == 1)
        shares = prediction if self._ready else prediction.double().softmax(1)
        found = [self._one(shares[:, code], target == code) for code in range(prediction.shape[1])]
        known = [figure for figure in found if not math.isnan(figure)]
        return sum(known) / len(known) if known else math.nan

    def _one(self, scores: torch.Tensor, yes: torch.Tensor) -> float:
        if not yes.any() or yes.all() or scores.isnan().any():
            return math.nan
        return self.of(_ranks(scores), yes.long())

    def of(self, scores: torch.Tensor, yes: torch.Tensor) -> float:
        """The figure of scores from 0 to 1 and ones and zeros, of which there are both."""
        raise NotImplementedError


class ROCAUC(_ByThreshold):
    """How likely a yes has a higher score than a no: the area under the ROC curve."""

    def of(self, scores: torch.Tensor, yes: torch.Tensor) -> float:
        from torchmetrics.functional.classification import binary_auroc

        return float(binary_auroc(scores, yes, validate_args=False))


class AveragePrecision(_ByThreshold):
    """Precision averaged over recall: ``Σ (Rₙ − Rₙ₋₁) Pₙ``."""

    def of(self, scores: torch.Tensor, yes: torch.Tensor) -> float:
        from torchmetrics.functional.classification import binary_average_precision

        return float(binary_average_precision(scores, yes, validate_args=False))


class EqualErrorRate(_ByThreshold):
    """The rate of error at the threshold where as large a share of the pairs that belong together is refused as of the
    others is let pass.

    prediction: a distance for each pair, or a likeness; target: 1 for pairs that belong together, else 0 or −1.
    """

    def __init__(self, distance: bool = True) -> None:
        super().__init__(None)
        self._distance = distance

    def of(self, scores: torch.Tensor, yes: torch.Tensor) -> float:
        return equal_error(scores if self._distance else 1 - scores, yes > 0)[1]


def equal_error(distances: torch.Tensor, same: torch.Tensor) -> tuple[float, float]:
    """The distance up to which two are taken for the same so that as large a share of the same is refused as of others
    is let pass, and that share; NaN where there are not pairs of both kinds. distances: N; same: N, bool."""
    if not same.any() or same.all() or distances.isnan().any():
        return math.nan, math.nan
    from torchmetrics.functional.classification import binary_roc

    near = 1 - _ranks(distances)
    passed, found, least = binary_roc(near, same.long(), validate_args=False)
    missed = 1 - found
    at = int((passed - missed).abs().argmin())
    taken = distances[near >= least[at]]
    limit = float(taken.max()) if len(taken) else float(distances.min())
    return limit, float(passed[at] + missed[at]) / 2


class RecallAtK(Gathered):
    """Share of the samples that have one of their own class among their ``k`` nearest, themselves left out.

    prediction: N×F vectors; target: N class codes. Samples that are the only ones of their class do not count.
    """

    _AT_ONCE = 1 << 22

    def __init__(self, k: int = 1, distance: str = "cosine") -> None:
        super().__init__(1)
        self._nearest, self._distance = k, distance

    def figure(self, prediction: torch.Tensor, target: torch.Tensor) -> float:
        vectors = prediction.float()
        if self._distance == "cosine":
            vectors = torch.nn.functional.normalize(vectors, dim=1)
        _, places, sizes = torch.unique(target, return_inverse=True, return_counts=True)
        asked = sizes[places] > 1
        count = len(vectors)
        if not asked.any():
            return math.nan
        hits = torch.zeros(count, dtype=torch.bool, device=vectors.device)
        rows = max(1, self._AT_ONCE // count)
        for first in range(0, count, rows):
            some = vectors[first : first + rows]
            near = some @ vectors.T if self._distance == "cosine" else -torch.cdist(some, vectors)
            own = torch.arange(first, first + len(some), device=vectors.device)
            near[torch.arange(len(some), device=vectors.device), own] = -math.inf
            best = near.topk(min(self._nearest, count - 1), 1).indices
            hits[first : first + rows] = (target[best] == target[own].unsqueeze(1)).any(1)
        return float(hits[asked].double().mean())
