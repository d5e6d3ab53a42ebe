"""Pictures brought to the size of others."""

from __future__ import annotations

import torch


class InterpolateLike(torch.nn.Module):
    """Pictures N×C×H×W at the height and width of others N×…×H′×W′, of which only the sizes count.

    mode: as of `torch.nn.functional.interpolate`.
    """

    def __init__(self, mode: str = "bilinear") -> None:
        super().__init__()
        self.mode = mode

    def forward(self, input: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(input, size=(like.shape[-2], like.shape[-1]), mode=self.mode)

    def extra_repr(self) -> str:
        return f"mode={self.mode!r}"
