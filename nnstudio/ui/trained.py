"""The trained network, compiled anew: what is exported and evaluated in the window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstudio.graph import Network
from nnstudio.layers import TensorType
from nnstudio.project.tensors import Weights

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled


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
    from nnstudio.compile.lower import compile_network
    from nnstudio.project.weights import apply_weights

    compiled = compile_network(network, fields, seed)
    if weights is None:
        return Trained(compiled, "This network has not been trained: its weights are as they start.")
    now = {old: network.nodes[id].name for id, old in names.items() if id in network.nodes}
    split = {key: key.partition(".") for key in weights}
    renamed = {f"{now.get(node, node)}.{part}": weights[key] for key, (node, _, part) in split.items()}
    return Trained(compiled, " ".join(apply_weights(compiled, renamed)))
