"""Activations: the bend between linear layers, without which depth would be of no use."""

from __future__ import annotations

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import fixed, place_of
from nnstudio.layers.types import TensorType


@layer(family="Activation", icon="relu", synonyms=("rectifier", "rectified linear", "activation", "nonlinearity"))
class ReLU(Layer):
    """Let positive values through and set negative ones to zero.

    The first choice between layers: cheap, and its gradient does not fade with depth. Start the layer before it
    with He weights.

    Formula: `y = max(0, x)`.

    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010); PyTorch
    `torch.nn.ReLU`.
    """

    input = Port("*")
    output = Port("*")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.ReLU")


@layer(family="Activation", icon="leakyrelu", telling=("negative_slope",), synonyms=("leaky rectifier", "lrelu"))
class LeakyReLU(Layer):
    """Let positive values through and a little of the negative ones.

    Use it where ReLU units die (always zero), and in the discriminator of a GAN.

    Formula: `y = x` where x ≥ 0, else `slope · x`.

    Source: Maas et al., "Rectifier nonlinearities improve neural network acoustic models" (2013); PyTorch
    `torch.nn.LeakyReLU`.
    """

    input = Port("*")
    output = Port("*")

    negative_slope: float = param(0.01, min=0.0, max=1.0, title="Slope", help="how much of a negative value is kept")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.LeakyReLU", self.negative_slope)


@layer(family="Activation", icon="prelu", synonyms=("parametric rectifier", "learned slope"))
class PReLU(Layer):
    """Let positive values through and a learned share of the negative ones.

    A LeakyReLU that finds its own slope, one for all channels or one for each.

    Formula: `y = x` where x ≥ 0, else `a · x` with a learned.

    Source: He et al., "Delving deep into rectifiers" (2015); PyTorch `torch.nn.PReLU`.
    """

    input = Port("N *")
    output = Port("N *")

    per_channel: bool = param(False, title="One for each channel", help="learn a slope for each channel")
    init: float = param(0.25, title="Start", help="the slope before training")

    def build(self, input: TensorType) -> Call:
        count = 1
        if self.per_channel:
            count = fixed(input.axes[place_of(1, input, what="scale")].size, "channel")
        return Call("torch.nn.PReLU", count, init=self.init)


@layer(family="Activation", icon="elu", telling=("alpha",), synonyms=("exponential linear",))
class ELU(Layer):
    """Let positive values through and bend negative ones smoothly towards −alpha.

    Its mean is nearer to zero than ReLU's, which can stand in for normalisation in small networks.

    Formula: `y = x` where x > 0, else `α (eˣ − 1)`.

    Source: Clevert et al., "Fast and accurate deep network learning by exponential linear units" (2015); PyTorch
    `torch.nn.ELU`.
    """

    input = Port("*")
    output = Port("*")

    alpha: float = param(1.0, exclusive_min=0.0, title="Alpha", help="how far down negative values can go")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.ELU", self.alpha)


@layer(family="Activation", icon="gelu", synonyms=("gaussian error linear", "transformer"))
class GELU(Layer):
    """Let each value through by how likely a normal random number lies below it.

    The usual choice in transformers: a smooth ReLU.

    Formula: `y = x Φ(x)`, with Φ the cumulative normal distribution.

    Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016); PyTorch `torch.nn.GELU`.
    """

    input = Port("*")
    output = Port("*")

    approximate: str = param(
        "none", choices=("none", "tanh"), title="Approximate", help="none is exact; tanh is what GPT-2 uses"
    )

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.GELU", approximate=self.approximate)


@layer(family="Activation", icon="silu", synonyms=("swish", "sigmoid linear"))
class SiLU(Layer):
    """Let each value through by its own sigmoid.

    A smooth ReLU, also called swish, that often does a little better in deep networks of images.

    Formula: `y = x σ(x)`.

    Source: Elfwing et al., "Sigmoid-weighted linear units" (2017); PyTorch `torch.nn.SiLU`.
    """

    input = Port("*")
    output = Port("*")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.SiLU")


@layer(family="Activation", icon="sigmoid", synonyms=("logistic", "squash", "probability"))
class Sigmoid(Layer):
    """Squash each value to between 0 and 1.

    Use it for gates and for pictures that end between 0 and 1. Between many layers its gradient fades. Leave it out
    before BCEWithLogitsLoss, which has it built in.

    Formula: `y = 1 / (1 + e⁻ˣ)`.

    Source: Rumelhart et al., "Learning representations by back-propagating errors" (1986); PyTorch
    `torch.nn.Sigmoid`.
    """

    input = Port("*")
    output = Port("*")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Sigmoid")


@layer(family="Activation", icon="tanh", synonyms=("hyperbolic tangent", "squash"))
class Tanh(Layer):
    """Squash each value to between −1 and 1.

    Use it in small and recurrent networks, and at the end of a generator whose pictures lie between −1 and 1.

    Formula: `y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)`.

    Source: LeCun et al., "Efficient backprop" (1998); PyTorch `torch.nn.Tanh`.
    """

    input = Port("*")
    output = Port("*")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Tanh")


@layer(family="Activation", icon="softmax", synonyms=("probabilities", "normalised exponential", "attention weights"))
class Softmax(Layer):
    """Turn scores into probabilities that add up to 1 along an axis.

    Use it to read probabilities and for attention. Leave it out before CrossEntropyLoss, which has it built in.

    Formula: `y_i = e^{x_i} / Σ_j e^{x_j}`.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990); PyTorch
    `torch.nn.Softmax`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = param(-1, title="Axis", help="along which values add up to 1: -1 is the last, 1 the channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softmax", dim=place_of(self.axis, input, what="normalise"))


@layer(family="Activation", icon="softmax", synonyms=("log probabilities",))
class LogSoftmax(Layer):
    """Turn scores into the logarithms of probabilities along an axis.

    Use it before NLLLoss; the two together are CrossEntropyLoss.

    Formula: `y_i = x_i − log Σ_j e^{x_j}`.

    Source: PyTorch `torch.nn.LogSoftmax`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = param(-1, title="Axis", help="along which probabilities add up to 1: -1 is the last, 1 the channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.LogSoftmax", dim=place_of(self.axis, input, what="normalise"))
