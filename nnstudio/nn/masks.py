"""Sequences of different length, filled up to one: which steps count, and what becomes of those that do."""

from __future__ import annotations

import torch


class LengthMask(torch.nn.Module):
    """True behind the end of each sequence: lengths N, like N×T×*, gives N×T."""

    def forward(self, lengths: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        return torch.arange(like.shape[1], device=lengths.device) >= lengths.unsqueeze(1)


class MaskedPool(torch.nn.Module):
    """The mean, sum or maximum over the steps of N×T×F that count, or the last of them: N×F.

    padding: N×T, true where a step does not count. Zeros where none does.
    """

    def __init__(self, kind: str = "mean") -> None:
        super().__init__()
        self.kind = kind

    def forward(self, input: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        kept = ~padding.unsqueeze(-1)
        counts = kept.sum(1)
        if self.kind == "max":
            most = input.masked_fill(~kept, torch.finfo(input.dtype).min).amax(1)
            return torch.where(counts > 0, most, torch.zeros_like(most))
        if self.kind == "last":
            places = torch.arange(input.shape[1], device=input.device)
            last = torch.where(padding, -1, places).amax(1, keepdim=True)
            kept = (places == last).unsqueeze(-1)
        total = torch.where(kept, input, torch.zeros_like(input)).sum(1)
        return total / counts.clamp(min=1) if self.kind == "mean" else total


class FlipSequence(torch.nn.Module):
    """Turns the steps of N×T×F that count round and leaves the others, which stand at the end, where they are.

    padding: N×T, true where a step does not count.
    """

    def forward(self, input: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        places = torch.arange(input.shape[1], device=input.device).expand(padding.shape)
        lengths = (~padding).sum(1, keepdim=True)
        order = torch.where(places < lengths, lengths - 1 - places, places)
        return input.gather(1, order.unsqueeze(-1).expand(input.shape))
