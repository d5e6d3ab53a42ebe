"""Modules and functions that say the same in a form that torch.export and ONNX take.

- `torch.nn.MaxPool1d` is traced for the one length that it is traced with; as a picture of height 1 it is not.
- `torch.nn.RReLU` has no ONNX form; when predicting it is a LeakyReLU.
- `torch.nn.AdaptiveMaxPool2d` has no ONNX form; with the sizes of the picture known it is a few plain ones.
- The loop of `nnstudio.nn.PeakBoxes` would be written out box by box, which takes a second a box; a Scan is a loop.
- `torch.cdist` and `torch.cumprod` have no ONNX form; spread against each other, the numbers have.
"""

from __future__ import annotations

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from nnstudio.nn import PeakBoxes


class MaxPool1d(nn.Module):
    """`torch.nn.MaxPool1d` by two-dimensional pooling; N×C×T in and out."""

    def __init__(self, pool: nn.MaxPool1d) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding, self.dilation = (
            value[0] if isinstance(value, tuple) else value
            for value in (pool.kernel_size, pool.stride, pool.padding, pool.dilation)
        )
        self.ceil_mode = pool.ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        pooled = functional.max_pool2d(
            input.unsqueeze(-2), (1, self.kernel), (1, self.stride), (0, self.padding), (1, self.dilation),
            self.ceil_mode,
        )  # fmt: skip
        return pooled.squeeze(-2)


class AdaptiveMaxPool2d(nn.Module):
    """`torch.nn.AdaptiveMaxPool2d` where height and width are fixed: each output is the maximum over its window,
    from ``⌊i·H/H'⌋`` to ``⌈(i+1)·H/H'⌉``. N×C×H×W in, N×C×H'×W' out."""

    def __init__(self, pool: nn.AdaptiveMaxPool2d) -> None:
        super().__init__()
        size = pool.output_size
        self.size = size if isinstance(size, tuple) else (size, size)

    def forward(self, input: Tensor) -> Tensor:
        rows, columns = (
            [(place * length // count, -(-(place + 1) * length // count)) for place in range(count)]
            for length, count in zip(input.shape[-2:], [out or 1 for out in self.size], strict=True)
        )
        lines = [
            torch.stack([input[..., top:bottom, left:right].amax((-2, -1)) for left, right in columns], -1)
            for top, bottom in rows
        ]
        return torch.stack(lines, -2)


class ScannedBoxes(PeakBoxes):
    """`nnstudio.nn.PeakBoxes` whose loop is one operation, as a scan over the boxes."""

    def staying(self, again: Tensor) -> Tensor:
        from torch._higher_order_ops.scan import scan

        later = again.triu(1).float().movedim(1, 0)
        own = torch.eye(len(later), device=again.device).unsqueeze(1).expand_as(later).contiguous()

        def step(kept: Tensor, box: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            row, itself = box
            stays = (kept * itself).sum(1, keepdim=True)
            return kept * (1 - row * stays), stays.clone()

        kept: Tensor = scan(step, torch.ones_like(later[0]), (later, own))[0]
        return kept > 0.5


def distances(left: Tensor, right: Tensor, p: float = 2.0) -> Tensor:
    """`torch.cdist`; …×R×F and …×Q×F in, …×R×Q out."""
    apart = left.unsqueeze(-2) - right.unsqueeze(-3)
    return apart.abs().sum(-1) if p == 1.0 else torch.linalg.vector_norm(apart, p, -1)


def running_product(input: Tensor, dim: int) -> Tensor:
    """`torch.cumprod`: each place is the product of a row in which later places count as one."""
    last = input.movedim(dim, -1)
    count = last.shape[-1]
    kept = torch.ones(count, count, dtype=torch.bool, device=input.device).tril()
    rows = torch.where(kept, last.unsqueeze(-2), torch.ones_like(last).unsqueeze(-2))
    return rows.prod(-1).movedim(-1, dim)


_FUNCTIONS = {torch.cdist: distances, torch.cumprod: running_product}


def substitute(model: nn.Module, *, scans: bool = False) -> nn.Module:
    """Put the substitutes in their places, in the model itself; it is a copy that is made for one export. scans:
    whether loops become scans, which ONNX has."""
    for name, module in list(model.named_modules()):
        if type(module) is nn.MaxPool1d and not module.return_indices:
            model.set_submodule(name, MaxPool1d(module))
        elif type(module) is nn.RReLU:  # when predicting its slope is the middle one
            model.set_submodule(name, nn.LeakyReLU((module.lower + module.upper) / 2))
        elif type(module) is nn.AdaptiveMaxPool2d and not module.return_indices:
            model.set_submodule(name, AdaptiveMaxPool2d(module))
        elif type(module) is PeakBoxes and scans:
            model.set_submodule(name, ScannedBoxes(module.most, module.overlap, module.least))
    if isinstance(model, fx.GraphModule):
        for node in model.graph.nodes:
            if node.op == "call_function" and node.target in _FUNCTIONS:
                node.target = _FUNCTIONS[node.target]
        model.recompile()
    return model
