"""Pooling where torch's own draws numbers when predicting, gives no number, or does not ask for a size by example."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


class FractionalMaxPool2d(torch.nn.FractionalMaxPool2d):
    """torch.nn.FractionalMaxPool2d whose regions are drawn while training alone: predictions do not change by chance.

    input: N×C×H×W. Gives N×C×H'×W', and the indices of the maxima where they are asked for.
    """

    def forward(self, input: torch.Tensor) -> Any:
        samples = None if self.training else input.new_full((*input.shape[:2], 2), 0.5)
        pool: Any = functional.fractional_max_pool2d_with_indices
        output, indices = pool(input, self.kernel_size, self.output_size, self.output_ratio, _random_samples=samples)
        return (output, indices) if self.return_indices else output


class FractionalMaxPool3d(torch.nn.FractionalMaxPool3d):
    """torch.nn.FractionalMaxPool3d whose regions are drawn while training alone: predictions do not change by chance.

    input: N×C×D×H×W. Gives N×C×D'×H'×W', and the indices of the maxima where they are asked for.
    """

    def forward(self, input: torch.Tensor) -> Any:
        samples = None if self.training else input.new_full((*input.shape[:2], 3), 0.5)
        pool: Any = functional.fractional_max_pool3d_with_indices
        output, indices = pool(input, self.kernel_size, self.output_size, self.output_ratio, _random_samples=samples)
        return (output, indices) if self.return_indices else output


class LPPool1d(torch.nn.LPPool1d):
    """torch.nn.LPPool1d of the absolute values, as a norm has them: torch's own is not a number for odd powers."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input.abs())


class LPPool2d(torch.nn.LPPool2d):
    """torch.nn.LPPool2d of the absolute values, as a norm has them: torch's own is not a number for odd powers."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input.abs())


class LPPool3d(torch.nn.LPPool3d):
    """torch.nn.LPPool3d of the absolute values, as a norm has them: torch's own is not a number for odd powers."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input.abs())


class MaxUnpool1d(torch.nn.MaxUnpool1d):
    """torch.nn.MaxUnpool1d that takes the size to come back to from a tensor of that size, ``like`` (N×C×T)."""

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, indices: torch.Tensor, like: torch.Tensor | None = None
    ) -> torch.Tensor:
        return super().forward(input, indices, None if like is None else list(like.shape[2:]))


class MaxUnpool2d(torch.nn.MaxUnpool2d):
    """torch.nn.MaxUnpool2d that takes the size to come back to from a tensor of that size, ``like`` (N×C×H×W)."""

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, indices: torch.Tensor, like: torch.Tensor | None = None
    ) -> torch.Tensor:
        return super().forward(input, indices, None if like is None else list(like.shape[2:]))


class MaxUnpool3d(torch.nn.MaxUnpool3d):
    """torch.nn.MaxUnpool3d that takes the size to come back to from a tensor of that size, ``like`` (N×C×D×H×W)."""

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, indices: torch.Tensor, like: torch.Tensor | None = None
    ) -> torch.Tensor:
        return super().forward(input, indices, None if like is None else list(like.shape[2:]))
