"""Pictures that are moved about at random while training."""

from __future__ import annotations

import torch


class RandomAffine(torch.nn.Module):
    """Turns (degrees), shifts (share of the edge) and resizes (share) each picture of N×C×H×W at random while training,
    and mirrors half of them where ``mirror``; what comes in from outside is zero. When predicting it does nothing."""

    def __init__(self, degrees: float = 10.0, shift: float = 0.1, zoom: float = 0.1, mirror: bool = False) -> None:
        super().__init__()
        self.degrees, self.shift, self.zoom, self.mirror = degrees, shift, zoom, mirror

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return input
        count, height, width = input.shape[0], input.shape[2], input.shape[3]
        drawn = torch.rand(5, count, device=input.device, dtype=input.dtype) * 2 - 1
        angle, size = drawn[0] * (self.degrees * torch.pi / 180), 1 + drawn[1] * self.zoom
        turned = torch.stack([angle.cos(), -angle.sin() * height / width, drawn[2] * 2 * self.shift,
                              angle.sin() * width / height, angle.cos(), drawn[3] * 2 * self.shift])  # fmt: skip
        scale = torch.stack([size, size, torch.ones_like(size)] * 2)
        if self.mirror:
            sides = torch.where(drawn[4] < 0, -1.0, 1.0).to(input.dtype)
            scale = scale * torch.stack([sides, torch.ones_like(sides), torch.ones_like(sides)] * 2)
        places = torch.nn.functional.affine_grid(
            (turned * scale).t().reshape(count, 2, 3), list(input.shape), align_corners=False
        )
        return torch.nn.functional.grid_sample(input, places, align_corners=False)
