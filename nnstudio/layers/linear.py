"""Linear layers and embeddings."""

from __future__ import annotations

from nnstudio.layers.base import Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType


@layer(
    family="Linear",
    icon="linear",
    telling=("out_features",),
    synonyms=("dense", "fully connected", "fc", "affine", "perceptron"),
)
class Linear(Weighted):
    """Weigh every input feature for each output: a fully connected layer.

    Use it on vectors: at the end of a classifier, in a multilayer perceptron, or on the last axis of a sequence.

    Formula: `y = x Wᵀ + b`, with W of shape out_features × in_features.

    Source: Rosenblatt, "The perceptron" (1958); PyTorch `torch.nn.Linear`.
    """

    input = Port("N * F")
    output = Port("N * F'")

    out_features: int = param(32, min=1, title="Outputs", help="how many numbers come out for each sample")
    bias: bool = param(True, help="add a learned offset to each output")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Linear", input.last(), self.out_features, bias=self.bias)
