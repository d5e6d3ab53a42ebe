"""Sampling that gradients pass through."""

from __future__ import annotations

import torch


class Reparameterise(torch.nn.Module):
    """A sample of a normal distribution while training, its mean when predicting. mean, log_variance: N×*s."""

    def forward(self, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return mean
        return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


class StochasticDepth(torch.nn.Module):
    """Sets whole samples of N×* to zero with probability ``p`` while training; the others are scaled by 1/(1 − p)."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0.0:
            return input
        kept = torch.rand(input.shape[0], *(1,) * (input.dim() - 1), device=input.device) >= self.p
        return input * kept / max(1 - self.p, 1e-6)
