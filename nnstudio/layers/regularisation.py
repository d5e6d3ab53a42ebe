"""Regularisation: making it harder to learn the training samples by heart."""

from __future__ import annotations

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType


@layer(family="Regularisation", icon="dropout", telling=("p",), synonyms=("regularization", "overfitting", "drop"))
class Dropout(Layer):
    """Set a random share of the values to zero while training.

    Put it behind an activation where the network learns its training samples by heart. It does nothing when
    predicting; while training, what is left is scaled up so that the sum stays the same on average.

    Formula: `y = m x / (1 − p)`, with m = 0 with probability p, else 1.

    Source: Srivastava et al., "Dropout" (2014); PyTorch `torch.nn.Dropout`.
    """

    input = Port("*")
    output = Port("*")

    p: float = param(0.5, min=0.0, max=1.0, title="Share dropped", help="probability that a value is set to zero")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Dropout", self.p)


@layer(
    family="Regularisation", icon="dropout", telling=("p",),
    synonyms=("regularization", "overfitting", "spatial dropout", "channel"),
)  # fmt: skip
class Dropout2d(Layer):
    """Set a random share of the channels of each image to zero while training.

    Use it instead of Dropout between convolutions, where neighbouring pixels tell each other what was dropped.

    Formula: `y[c] = m[c] x[c] / (1 − p)`, with m[c] = 0 with probability p, else 1.

    Source: Tompson et al., "Efficient object localization using convolutional networks" (2015); PyTorch
    `torch.nn.Dropout2d`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    p: float = param(0.5, min=0.0, max=1.0, title="Share dropped", help="probability that a channel is set to zero")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Dropout2d", self.p)
