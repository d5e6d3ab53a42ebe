"""Weighing channels, and waves as pictures of their pitch."""

from __future__ import annotations

import math

import torch
from torch.nn import functional


class SqueezeExcitation(torch.nn.Module):
    """Multiplies each channel of N×C×*s by a number from 0 to 1 that follows from the means of all."""

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        inner = max(1, channels // ratio)
        self.squeeze = torch.nn.Linear(channels, inner)
        self.excite = torch.nn.Linear(inner, channels)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        means = input.flatten(2).mean(2) if input.dim() > 2 else input
        weights: torch.Tensor = self.excite(functional.relu(self.squeeze(means))).sigmoid()
        return input * weights.reshape(*weights.shape, *(1,) * (input.dim() - 2))


class MelSpectrogram(torch.nn.Module):
    """How loud each band of pitch is over time: N×C×T becomes N×C×M×T', a Hann window of ``window`` numbers moved by
    ``hop``, over T with half a window of zeros at both ends.

    The bands overlap as triangles that are evenly spaced on the mel scale from ``low`` to ``high`` Hz. Where ``log`` is
    on, the logarithm of the power. The transform is a convolution with sines and cosines, which every device and format
    knows.
    """

    waves: torch.Tensor
    bands: torch.Tensor

    def __init__(
        self, rate: int, window: int = 400, hop: int = 160, mels: int = 40, low: float = 0.0, high: float = 8000.0,
        log: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.window, self.hop, self.log = window, hop, log
        count = window // 2 + 1
        time = torch.arange(window, dtype=torch.float64)
        hann = 0.5 - 0.5 * torch.cos(2 * math.pi * time / window) if window > 1 else torch.ones(1, dtype=torch.float64)
        angle = 2 * math.pi * torch.arange(count, dtype=torch.float64).unsqueeze(1) * time / window
        waves = torch.cat((torch.cos(angle), torch.sin(angle))) * hann
        edges = torch.linspace(_mel(low), _mel(high), mels + 2, dtype=torch.float64)
        edges = 700 * (10 ** (edges / 2595) - 1)
        pitch = torch.arange(count, dtype=torch.float64) * rate / window
        up = (pitch - edges[:-2, None]) / (edges[1:-1] - edges[:-2]).unsqueeze(1)
        down = (edges[2:, None] - pitch) / (edges[2:] - edges[1:-1]).unsqueeze(1)
        self.register_buffer("waves", waves.float().unsqueeze(1), persistent=False)
        self.register_buffer("bands", torch.minimum(up, down).clamp(min=0).float(), persistent=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        single = input.reshape(-1, 1, input.shape[2])
        parts = functional.conv1d(single, self.waves, stride=self.hop, padding=self.window // 2)
        real, imaginary = parts.chunk(2, dim=1)
        power = self.bands @ (real.square() + imaginary.square())
        power = (power + 1e-6).log() if self.log else power
        return power.reshape(-1, input.shape[1], *power.shape[1:])


def _mel(pitch: float) -> float:
    """Pitch in Hz on the mel scale (O'Shaughnessy, "Speech communication" (1987))."""
    return 2595 * math.log10(1 + pitch / 700)
