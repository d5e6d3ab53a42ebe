"""Metrics that follow from how often each class was taken for each: counts on the device, and for calibration sums.

Batches are counted here, since torchmetrics' own counting waits for the device; what follows from the counts is
torchmetrics' (``metrics.of_sums``).
"""

from __future__ import annotations

import math
from typing import Any

import torch

from nnstudio.nn.metrics import counted, of_sums


class Confusion(torch.nn.Module):
    """Base: how often each true class (row) was predicted as each class (column), C×C whole numbers.

    prediction: scores N×C×*s, or N×*s×C where ``axis`` is −1, or with ``classes`` 2 and a ``threshold`` one score for
    each entry; target: N×*s class codes, or 1 for yes and 0 for no. Codes that are no class do not count.
    """

    def __init__(
        self, classes: int, *, axis: int = 1, threshold: float | None = None, ignore_index: int | None = None
    ) -> None:
        super().__init__()
        self._classes, self._axis, self._threshold, self._ignored = classes, axis, threshold, ignore_index
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.counts: torch.Tensor | None = None

    def update(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None) -> None:
        """Take in a batch. Nothing waits for the device."""
        with torch.no_grad():
            if self._threshold is not None:
                found, codes = (prediction.reshape(target.shape) > self._threshold).long(), (target > 0.5).long()
            else:
                found, codes = prediction.argmax(self._axis), target.long()
            kept = (codes >= 0) & (codes < self._classes)
            told = counted(target, padding, self._ignored, target.dim())
            kept = kept if told is None else kept & told
            cells = self._classes * self._classes
            place = torch.where(kept, codes * self._classes + found, cells).flatten()
            counts = torch.zeros(cells + 1, dtype=torch.int64, device=place.device)
            counts.scatter_add_(0, place, torch.ones_like(place))
            counts = counts[:cells].reshape(self._classes, self._classes)
            self.counts = counts if self.counts is None else self.counts + counts

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where nothing counted."""
        if self.counts is None:
            return math.nan
        counts = self.counts.cpu().double()
        return self.figure(counts) if counts.sum() else math.nan

    def figure(self, counts: torch.Tensor) -> float:
        """The metric of C×C counts (float64, on the CPU), of which at least one is not 0."""
        raise NotImplementedError


class _OfClasses(Confusion):
    """A share for each class, and a mean of them: ``macro`` over the classes that occur, ``weighted`` by how often they
    do, ``micro`` of all counts together, or ``one class`` alone. What has nothing to be a share of is 0."""

    #: The class of torchmetrics that makes the share of the counts.
    share: str

    def __init__(self, classes: int, *, average: str = "macro", code: int = 1, **options: Any) -> None:
        super().__init__(classes, **options)
        self._average, self._code = average, code

    def figure(self, counts: torch.Tensor) -> float:
        from torchmetrics import classification

        one = self._average == "one class"
        made = getattr(classification, self.share)
        metric = made(self._classes, average="none" if one else self._average, validate_args=False)
        hits, found, true = counts.diagonal(), counts.sum(0), counts.sum(1)
        parts = {"tp": hits, "fp": found - hits, "fn": true - hits, "tn": counts.sum() - found - true + hits}
        if self._average == "micro":
            parts = {name: part.sum() for name, part in parts.items()}
        figure = of_sums(metric, **parts)
        return float(figure[self._code] if one else figure)


class Precision(_OfClasses):
    """Of what was predicted as a class, the share that is of it; 0 where nothing was."""

    share = "MulticlassPrecision"


class Recall(_OfClasses):
    """Of what is of a class, the share that was predicted as it; 0 where nothing is."""

    share = "MulticlassRecall"


class F1(_OfClasses):
    """The harmonic mean of precision and recall, ``2 · hits / (found + true)``."""

    share = "MulticlassF1Score"


class MeanIoU(Confusion):
    """Intersection over union of each class, the mean over the classes that occur; without class 0 where
    ``background`` is off."""

    def __init__(self, classes: int, *, background: bool = True, **options: Any) -> None:
        super().__init__(classes, **options)
        self._first = 0 if background else 1

    def figure(self, counts: torch.Tensor) -> float:
        from torchmetrics.classification import MulticlassJaccardIndex

        each = of_sums(MulticlassJaccardIndex(self._classes, average="none", validate_args=False), confmat=counts)
        occurs = (counts.sum(0) + counts.sum(1) > 0)[self._first :]
        return float(each[self._first :][occurs].mean()) if occurs.any() else math.nan


class MatthewsCorrelation(Confusion):
    """How far predictions and truth go together over all cells, from −1 to 1 (Gorodkin, 2004, equation 8); 0 where all
    are predicted, or are, of one class.

    Worked out here in double precision: torchmetrics does it in single precision, where ``s² − Σ t²`` says nothing of
    a class that is one in a million."""

    def figure(self, counts: torch.Tensor) -> float:
        found, true, total = counts.sum(0), counts.sum(1), counts.sum()
        together = counts.diagonal().sum() * total - (found * true).sum()
        apart = (total**2 - (found**2).sum()) * (total**2 - (true**2).sum())
        return float(together / apart.sqrt()) if apart > 0 else 0.0


class CalibrationError(torch.nn.Module):
    """By how much certainty and truth differ: the mean over ``bins`` of equal width, weighted by how much lies in each.

    prediction, target: as for :class:`Confusion`. For classes the certainty is that of the best, and true whether it is
    right; for yes or no it is the probability of yes.
    """

    def __init__(
        self,
        bins: int = 15,
        *,
        axis: int | None = 1,
        probabilities: bool = False,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__()
        self._bins, self._axis, self._ready, self._ignored = bins, axis, probabilities, ignore_index
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.sums: torch.Tensor | None = None

    def update(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None) -> None:
        """Take in a batch. Nothing waits for the device."""
        with torch.no_grad():
            if self._axis is None:
                scores = prediction.reshape(target.shape)
                sure, true = scores if self._ready else scores.sigmoid(), target > 0.5
            else:
                scores = prediction if self._ready else prediction.softmax(self._axis)
                sure, best = scores.max(self._axis)
                true = best == target
            kept = counted(target, padding, self._ignored, target.dim())
            kept = torch.ones_like(true) if kept is None else kept.expand(true.shape)
            precise = torch.float32 if sure.device.type == "mps" else torch.float64
            columns = torch.stack((kept.to(precise), sure * kept, (true & kept).to(precise))).flatten(1)
            edges = torch.linspace(0, 1, self._bins + 1, device=sure.device, dtype=sure.dtype)
            place = (torch.bucketize(sure.flatten().contiguous(), edges, right=True) - 1).clamp(0, self._bins - 1)
            sums = torch.zeros(3, self._bins, dtype=precise, device=sure.device)
            sums.scatter_add_(1, place.expand(3, -1), columns)
            self.sums = sums if self.sums is None else self.sums + sums

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where nothing counted."""
        if self.sums is None:
            return math.nan
        counts, sure, true = self.sums.cpu()
        return float((sure - true).abs().sum() / counts.sum()) if counts.sum() else math.nan
