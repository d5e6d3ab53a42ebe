"""Steps of a sequence as samples of their own, and back."""

from __future__ import annotations

import torch


class UnfoldTime(torch.nn.Module):
    """Samples of N·T as sequences of T: (N·T)×* and like N×T×*, of which only the sizes count, give N×T×*."""

    def forward(self, input: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        return input.reshape(like.shape[0], like.shape[1], *input.shape[1:])
