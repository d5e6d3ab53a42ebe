"""Losses that take targets as data has them."""

from __future__ import annotations

import torch


class BCEWithLogitsLoss(torch.nn.BCEWithLogitsLoss):
    """Binary cross-entropy whose target may be whole numbers (class codes 0 and 1) and lack a last axis of size 1.

    prediction: ``*s`` or ``*s × 1``, real; target: ``*s``, any number type. Gives a scalar.
    """

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(prediction, target.to(prediction.dtype).reshape(prediction.shape))
