"""A loss in which some samples count more than others."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class SampleWeighted(nn.Module):
    """Another loss with each sample's share in it multiplied by the sample's weight: ``Σ wₙ lₙ / N`` where that one is
    the mean ``Σ lₙ / N`` of the samples' own losses; where all weights are 1, the same number.

    weights: (N, 1), of which 1 is usual. What else it is fed goes to the other loss, whose arguments have one entry a
    sample on their first axis.
    """

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, weights: torch.Tensor, *fed: Any) -> torch.Tensor:
        weights = weights.reshape(-1)
        each = self._at_once(fed, len(weights))
        if each is not None:
            whole = self.loss(*fed)
            total = each.detach().sum()
            scale = torch.where(total == 0, torch.ones_like(total), whole.detach() / total)
            return (each * weights).sum() * scale
        own = torch.stack([self.loss(*(_row(value, row) for value in fed)) for row in range(len(weights))])
        together = (own * weights).sum()
        return together if getattr(self.loss, "reduction", "mean") == "sum" else together / len(weights)

    def _at_once(self, fed: tuple[Any, ...], count: int) -> torch.Tensor | None:
        """Each sample's part of the loss, (count,), up to one factor for all; None where the loss does not tell it."""
        loss: Any = self.loss
        if not isinstance(loss, nn.modules.loss._Loss):
            return None
        before, loss.reduction = loss.reduction, "none"
        try:
            each: torch.Tensor = loss(*fed)
        finally:
            loss.reduction = before
        return each.reshape(count, -1).sum(1) if each.dim() and len(each) == count else None


def _row(value: Any, row: int) -> Any:
    """One sample of what a loss is fed."""
    if isinstance(value, tuple):
        return tuple(_row(each, row) for each in value)
    return value[row : row + 1] if isinstance(value, torch.Tensor) else value
