"""A loss in which some samples count more than others."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class SampleWeighted(nn.Module):
    """Another loss with each sample's part in it multiplied by the sample's weight: ``Σ wₙ Sₙ / M`` where that one is
    the mean ``Σ Sₙ / M`` over the M entries that count, of which sample n has the sum Sₙ; where all weights are 1, the
    same number. A long sequence so counts as often as it has steps, weighed or not. Of areas the part is each sample's
    own overlap.

    weights: (N, 1), of which 1 is usual. What else it is fed goes to the other loss, whose arguments have one entry a
    sample on their first axis.
    """

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, weights: torch.Tensor, *fed: Any) -> torch.Tensor:
        weights = weights.reshape(-1)
        each = self._at_once(fed, len(weights))
        if each is None:
            each = self._one_by_one(fed, len(weights))
        whole, total = self.loss(*fed).detach(), each.detach().sum()
        scale = torch.where(total == 0, torch.ones_like(total), whole / total)
        return (each * weights).sum() * scale

    def _at_once(self, fed: tuple[Any, ...], count: int) -> torch.Tensor | None:
        """Each sample's part of the loss, (count,), up to one factor for all; None where the loss does not tell it."""
        if not isinstance(self.loss, nn.modules.loss._Loss) or self._divides():
            return None
        each = self._reduced("none", fed)
        return each.reshape(count, -1).sum(1) if each.dim() and len(each) == count else None

    def _one_by_one(self, fed: tuple[Any, ...], count: int) -> torch.Tensor:
        rows = [tuple(_row(value, row) for value in fed) for row in range(count)]
        sums = hasattr(self.loss, "reduction") and not self._divides()
        return torch.stack([self._reduced("sum", row) if sums else self.loss(*row) for row in rows])

    def _divides(self) -> bool:
        """Whether the loss divides each sample's part by a number of its own: that of CTC by the target's length."""
        return isinstance(self.loss, nn.CTCLoss) and self.loss.reduction == "mean"

    def _reduced(self, reduction: str, fed: tuple[Any, ...]) -> torch.Tensor:
        """The loss, taken in another way."""
        loss: Any = self.loss
        before, loss.reduction = loss.reduction, reduction
        try:
            made: torch.Tensor = loss(*fed)
        finally:
            loss.reduction = before
        return made


def _row(value: Any, row: int) -> Any:
    """One sample of what a loss is fed."""
    if isinstance(value, tuple):
        return tuple(_row(each, row) for each in value)
    return value[row : row + 1] if isinstance(value, torch.Tensor) else value
