"""The torch module of Snake."""

import torch


class Snake(torch.nn.Module):
    """``x + sin²(a·x) / a`` with a learned ``a`` for each channel; x: (batch, channel, …)."""

    def __init__(self, channels: int, frequency: float = 1.0) -> None:
        super().__init__()
        self.frequency = torch.nn.Parameter(torch.full((channels,), frequency))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.frequency.view(-1, *[1] * (x.dim() - 2)).clamp(min=1e-3)
        return x + torch.sin(a * x) ** 2 / a
