"""What rules need to know of layers: which bend, which have weights, which let no gradient through."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnstudio.graph import Network, Node
from nnstudio.layers import Layer
from nnstudio.layers.initialisation import Weighted
from nnstudio.train.events import Histogram

#: Layer types that put out zero for all that is small enough.
RECTIFIERS = frozenset({"ReLU", "ReLU6", "Threshold", "Hardshrink", "Softshrink"})
#: Layer types with bounds at which they are flat, and these bounds.
BOUNDED: Mapping[str, tuple[float, float]] = {
    "Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "Hardtanh": (-1.0, 1.0), "Hardsigmoid": (0.0, 1.0),
    "Softsign": (-1.0, 1.0),
}  # fmt: skip
#: Layer types from whose output no gradient goes back.
HALTING = frozenset(
    """StopGradient ArgMax ArgMin Sign Floor Ceil Round Equal NotEqual Less LessEqual Greater GreaterEqual And Or Xor
    Not Any All OneHot""".split()
)
#: Layer types of batch normalisation.
BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"})
#: Layers that change the shape or nothing of what they pass on.
PASSING = frozenset({"Flatten", "Reshape", "Identity", "Squeeze", "Unsqueeze", "Permute", "Transpose", "Unflatten"})
_WEIGHTED_FAMILIES = frozenset({"Linear", "Convolution", "Recurrent"})
_WEIGHTLESS = frozenset({"Identity", "TiedEmbedding", "TiedLinear"})


def family(node: Node | None) -> str:
    """The family of a node's layer; "" where it is not known."""
    return node.layer.family.title if node is not None and isinstance(node.layer, Layer) else ""


def has_weights(node: Node | None) -> bool:
    """Whether a layer has weights that are trained."""
    if node is None or node.layer.type_name() in _WEIGHTLESS:
        return False
    return isinstance(node.layer, Weighted) or family(node) in _WEIGHTED_FAMILIES


def hidden(network: Network, id: str) -> bool:
    """Whether what a node puts out goes on to a layer with weights."""
    return any(other != id and has_weights(network.nodes[other]) for other in network.descendants([id]))


def saturation(look: Histogram, kind: str) -> float:
    """The share of values near a bound: as it was counted, else as the histogram's outermost bins tell."""
    if look.saturated or kind not in BOUNDED:
        return look.saturated
    low, high = BOUNDED[kind]
    total = float(np.sum(look.counts))
    if not total or look.high <= look.low:
        return 0.0
    edges = np.linspace(look.low, look.high, len(look.counts) + 1)
    near = 0.01 * (high - low)
    outside = (edges[1:] <= low + near) | (edges[:-1] >= high - near)
    return float(look.counts[outside].sum()) / total
