"""The trained network: weights out of a compiled network, and into one that is compiled anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnstudio.graph import Network
from nnstudio.layers import TensorType

if TYPE_CHECKING:
    import numpy as np

    from nnstudio.compile.lower import Compiled

    Weights = Mapping[str, np.ndarray[Any, Any]]


def weights_of(compiled: Compiled) -> dict[str, np.ndarray[Any, Any]]:
    """Every weight and buffer as a NumPy array, by its state-dict key ``<node name>.<torch name>``."""
    state = compiled.training.state_dict()
    return {name: value.detach().cpu().numpy().copy() for name, value in state.items()}


@dataclass(frozen=True)
class Trained:
    """A compiled network with the weights that fitted. ``note``: a sentence where not all of it is trained."""

    compiled: Compiled
    note: str = ""


def compiled_with(
    network: Network, fields: Mapping[str, TensorType], seed: int, weights: Weights | None, names: Mapping[str, str]
) -> Trained:
    """Compile a network and put in the weights, where name and shape fit.

    Args:
        names: what each node (by id) was called when the weights were trained, so that renamed nodes keep theirs.

    Raises:
        CompileError: the network has problems.
    """
    import torch

    from nnstudio.compile.lower import compile_network

    compiled = compile_network(network, fields, seed)
    state = compiled.training.state_dict()
    renamed = {node.name: names.get(id, node.name) for id, node in network.nodes.items()}
    taken = 0
    for key, value in state.items():
        name, _, rest = key.partition(".")
        saved = (weights or {}).get(f"{renamed.get(name, name)}.{rest}")
        if saved is not None and tuple(saved.shape) == tuple(value.shape):
            with torch.no_grad():
                value.copy_(torch.from_numpy(saved.copy()))
            taken += 1
    if taken == len(state):
        return Trained(compiled)
    if not taken:
        return Trained(compiled, "this network has not been trained: its weights are as they start")
    return Trained(compiled, f"{len(state) - taken} of {len(state)} tensors are not trained: the network was changed")
