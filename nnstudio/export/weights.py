"""Weights alone, as safetensors."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch

from nnstudio.export.errors import ExportError
from nnstudio.export.frozen import Frozen


def write(frozen: Frozen, path: Path) -> None:
    """Write every weight and buffer by ``"<node name>.<torch's name>"``."""
    path.write_bytes(safetensors.torch.save(frozen.state(), {"format": "pt"}))


def read_back(frozen: Frozen, path: Path) -> int:
    """How many tensors the file holds. ExportError where one is not what was written, bit for bit."""
    state, read = frozen.state(), safetensors.torch.load(path.read_bytes())
    for name in state.keys() | read.keys():
        if name not in state or name not in read or not same(state[name], read[name]):
            raise ExportError(f"the weights of {name} read back from {path.name} are not those that were written.")
    return len(read)


def same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether two tensors are equal; NaN equals NaN."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    return bool(torch.equal(left, right)) or bool(torch.allclose(left, right, rtol=0, atol=0, equal_nan=True))
