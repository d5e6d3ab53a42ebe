"""Networks whose weights are as if they were trained, and edits of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from nnstudio.compile.carrying import Carried, carry
from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network, edits
from nnstudio.graph.edits import Edit
from nnstudio.layers import TensorType

FIELDS = {
    "image": TensorType.of("N C H W", "N", 2, 8, 8),
    "vector": TensorType.of("N F", "N", 6),
    "series": TensorType.of("N T F", "N", 5, 3),
    "label": TensorType.of("N", "N", dtype="int64", classes=4),
}


def weights(compiled: Compiled) -> dict[str, Any]:
    return {key: value.detach().numpy().copy() for key, value in compiled.training.state_dict().items()}


def trained(network: Network) -> dict[str, Any]:
    """Weights as if trained: other ones than any start gives."""
    made = weights(compile_network(network, FIELDS, 1))
    drawn = np.random.default_rng(7)
    return {
        key: np.abs(drawn.normal(size=value.shape)).astype(value.dtype) if value.dtype == np.float32 else value
        for key, value in made.items()
    }


def edited(network: Network, old: Mapping[str, Any], edit: Edit) -> tuple[Compiled, Carried]:
    """The network after an edit, with what could be carried over."""
    compiled = compile_network(edit(network), FIELDS, 2)
    return compiled, carry(compiled, old, resolve(network, FIELDS))


def answers(compiled: Compiled, given: Mapping[str, torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        found = compiled.model.eval()(**given)
    return found if isinstance(found, torch.Tensor) else next(iter(found.values()))


def answers_before(network: Network, old: Mapping[str, Any]) -> torch.Tensor:
    return answers(edited(network, old, edits.chain())[0], inputs(network))


def set_of(network: Network, name: str, **values: Any) -> Edit:
    return edits.set_params(network.named(name).id, **values)


def inputs(network: Network) -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(3)
    field = network.of_role("input")[0].name
    return {field: torch.randn(FIELDS[field].shape({"N": 9}), generator=drawn)}
