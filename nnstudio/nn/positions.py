"""Where in a sequence something stands, and how a picture becomes a sequence."""

from __future__ import annotations

import torch


def turned(input: torch.Tensor, base: float) -> torch.Tensor:
    """Each pair of features (one of the first half, one of the second) of N×*×T×F turned by t / base^(2i/F), for the
    step t and the pair i (Su et al., 2021, section 3.2)."""
    steps, features = input.shape[-2:]
    place = torch.arange(steps, device=input.device, dtype=torch.float32).unsqueeze(1)
    even = torch.arange(0, features, 2, device=input.device, dtype=torch.float32)
    angle = place * base ** (-even / features)
    cos, sin = angle.cos().to(input.dtype), angle.sin().to(input.dtype)
    first, second = input.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class PositionalEncoding(torch.nn.Module):
    """Adds sines and cosines of the position, of wavelengths from 2π to 2π · base, to N×T×F."""

    def __init__(self, base: float = 10000.0) -> None:
        super().__init__()
        self.base = base

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        steps, features = input.shape[-2:]
        place = torch.arange(steps, device=input.device, dtype=torch.float32).unsqueeze(1)
        even = torch.arange(0, features, 2, device=input.device, dtype=torch.float32)
        angle = place * self.base ** (-even / features)
        table = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)[:, :features]
        return input + table.to(input.dtype)


class LearnedPositions(torch.nn.Module):
    """Adds a learned vector for each position to N×T×F; T is at most ``length``. Starts as normal(0, 0.02)."""

    def __init__(self, length: int, features: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(length, features))
        torch.nn.init.normal_(self.weight, std=0.02)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return input + self.weight[: input.shape[1]]


class RotaryEncoding(torch.nn.Module):
    """Turns each pair of features (one of the first half, one of the second) of N×*×T×F by an angle that grows with
    the position."""

    def __init__(self, base: float = 10000.0) -> None:
        super().__init__()
        self.base = base

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return turned(input, self.base)


class PatchEmbedding(torch.nn.Module):
    """Cuts images N×C×H×W into patches and weighs each into a vector: N×T×F, row by row."""

    def __init__(self, channels: int, features: int, patch_size: int | tuple[int, int], bias: bool = True) -> None:
        super().__init__()
        self.projection = torch.nn.Conv2d(channels, features, patch_size, stride=patch_size, bias=bias)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        patches: torch.Tensor = self.projection(input)
        return patches.flatten(2).transpose(1, 2)


class ClassToken(torch.nn.Module):
    """Puts a learned vector before the first step of N×T×F: N×(T + 1)×F. Starts as normal(0, 0.02)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.token = torch.nn.Parameter(torch.empty(1, 1, features))
        torch.nn.init.normal_(self.token, std=0.02)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return torch.cat((self.token.expand(input.shape[0], -1, -1), input), dim=1)
