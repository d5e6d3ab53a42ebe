"""A trained model made ready: a copy on the CPU, in evaluation mode, with samples and its answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nnstudio.compile.lower import Compiled, InputSpec
from nnstudio.compile.resolve import Resolution
from nnstudio.export import proof


@dataclass(frozen=True)
class Frozen:
    """What every format is written from.

    tried: an array for each input, in the order of the model's inputs; answers: one for each of ``outputs`` (names of
    the output nodes); real: whether the samples are of the data.
    """

    model: torch.nn.Module
    resolution: Resolution
    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    tried: tuple[np.ndarray, ...]
    answers: tuple[np.ndarray, ...]
    samples: int
    real: bool

    @property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        """The samples as tensors."""
        return tuple(torch.from_numpy(array) for array in self.tried)

    def state(self) -> dict[str, torch.Tensor]:
        """Weights and buffers by ``"<node name>.<torch's name>"``, each whole in itself."""
        return {name: tensor.detach().clone().contiguous() for name, tensor in self.model.state_dict().items()}

    @property
    def traced(self) -> tuple[torch.Tensor, ...]:
        """Three samples to trace the model with: fewer than are tried, so that a fixed batch would be found out."""
        return tuple(tensor[torch.arange(3) % len(tensor)] for tensor in self.tensors)

    def dynamic_shapes(self, others: Any) -> tuple[dict[int, Any], ...]:
        """For torch.export: the axes of each input that may have any size. The batch is one; ``others`` (a Dim, or
        None for fixed) is said of the rest, such as the length of a sequence."""
        batch = torch.export.Dim("batch")
        shapes = []
        for spec in self.inputs:
            free = [place for place, axis in enumerate(spec.type.axes) if not isinstance(axis.size, int)]
            named = {place: batch if spec.type.axes[place].label == "N" else others for place in free}
            shapes.append({place: dim for place, dim in named.items() if dim is not None})
        return tuple(shapes)


def freeze(model: torch.nn.Module, compiled: Compiled, samples: Mapping[str, np.ndarray] | None) -> Frozen:
    """Take a copy of ``compiled.model`` and try it on samples."""
    model = model.to("cpu").eval().requires_grad_(False)
    tried, real = proof.chosen(compiled.model_inputs, samples)
    outputs = tuple(compiled.name(id) for id in compiled.outputs)
    with torch.no_grad():
        answers = arrays(model(*map(torch.from_numpy, tried)))
    count = len(tried[0]) if tried else 1
    return Frozen(model, compiled.resolution, compiled.model_inputs, outputs, tuple(tried), answers, count, real)


def arrays(result: Any) -> tuple[np.ndarray, ...]:
    """What a model puts out as arrays: a tensor, or a dict of them in the order of the outputs."""
    tensors = result.values() if isinstance(result, dict) else (result,)
    return tuple(tensor.detach().cpu().numpy() for tensor in tensors)
