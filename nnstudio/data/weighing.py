"""Classes that are rarer counting more in the losses of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnstudio.graph import Network
from nnstudio.graph.edits import set_params


def even_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """A weight for each class, the inverse of its share: 1 for those of an even share and those never seen."""
    even = sum(counts) / max(1, sum(count > 0 for count in counts))
    return tuple(float(f"{even / count:.3g}") if count else 1.0 for count in counts)


def weighed(network: Network, fields: Sequence[str], counts: Sequence[int]) -> Network:
    """The network with each loss whose target is one of these fields weighing the classes so that each has the same
    say; those that weigh them already, or cannot, stay. counts: rows by class."""
    for node in network.of_role("loss"):
        layer: Any = node.layer
        targets = [wire.source for wire in network.incoming.get(node.id, ()) if wire.input == "target"]
        if not any(getattr(network.nodes[id].layer, "field", None) in fields for id in targets):
            continue
        params = getattr(layer, "params", {})
        if any(getattr(layer, name, None) is not None for name in ("class_weights", "pos_weight")):
            continue
        if "pos_weight" in params and len(counts) == 2 and all(counts):
            network = set_params(node.id, pos_weight=(float(f"{counts[0] / counts[1]:.3g}"),))(network)
        elif "class_weights" in params and "pos_weight" not in params:
            network = set_params(node.id, class_weights=even_weights(counts))(network)
    return network
