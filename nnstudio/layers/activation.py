"""Activations that let large values through: the bend between linear layers, without which depth would be of no use."""

from __future__ import annotations

from dataclasses import dataclass

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import fixed, place_of
from nnstudio.layers.types import TensorType

RECTIFIER = ("activation", "nonlinearity", "rectifier")


@dataclass(frozen=True, kw_only=True)
class Elementwise(Layer):
    """Base of layers that change each number by itself."""

    input = Port("*")
    output = Port("*")


@layer(family="Activation", synonyms=(*RECTIFIER, "rectified linear"))
class ReLU(Elementwise):
    r"""Let positive values through and set negative ones to zero.

    Use it first of all between layers: cheap, and its gradient does not fade with depth. Start the layer before it
    with He weights.

    ```math
    y = \max(0, x)
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010), section 2; PyTorch
    `torch.nn.ReLU`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.ReLU")


@layer(family="Activation", synonyms=(*RECTIFIER, "mobile", "clipped relu"))
class ReLU6(Elementwise):
    r"""Let values from 0 to 6 through and cut off what is beyond.

    Use it in small networks for phones (MobileNet), whose numbers are later rounded to few bits.

    ```math
    y = \min(\max(0, x), 6)
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010), section 2; PyTorch `torch.nn.ReLU6`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.ReLU6")


@layer(family="Activation", telling=("negative_slope",), synonyms=(*RECTIFIER, "leaky rectifier", "lrelu"))
class LeakyReLU(Elementwise):
    r"""Let positive values through and a little of the negative ones.

    Use it where ReLU units die (always zero), and in the discriminator of a GAN.

    ```math
    y = \begin{cases} x & x \ge 0 \\ s\,x & x < 0 \end{cases}
    ```

    Here s is the slope.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Maas et al., "Rectifier nonlinearities improve neural network acoustic models" (2013), section 2; PyTorch
    `torch.nn.LeakyReLU`.
    """

    negative_slope: float = param(0.01, min=0.0, max=1.0, title="Slope", help="how much of a negative value is kept")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.LeakyReLU", self.negative_slope)


@layer(family="Activation", synonyms=(*RECTIFIER, "parametric rectifier", "learned slope"))
class PReLU(Layer):
    r"""Let positive values through and a learned share of the negative ones.

    Use it as a LeakyReLU that finds its own slope, one for all channels or one for each.

    ```math
    y = \begin{cases} x & x \ge 0 \\ a\,x & x < 0 \end{cases}
    ```

    Here a is learned.

    Shapes: `N×*`, which stays; a slope for each channel counts along the axis after the batch.

    Source: He et al., "Delving deep into rectifiers" (2015), section 2.1; PyTorch `torch.nn.PReLU`.
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


@layer(family="Activation", telling=("lower", "upper"), synonyms=(*RECTIFIER, "randomized rectifier", "random slope"))
class RReLU(Elementwise):
    r"""Let positive values through and a random share of the negative ones.

    Use it where a network learns by heart: it is a LeakyReLU whose slope is drawn anew for each number while
    training; when predicting the slope is the middle of the range.

    ```math
    y = \begin{cases} x & x \ge 0 \\ a\,x & x < 0 \end{cases} \qquad a \sim U(l, u)
    ```

    Here l and u are the lowest and highest slope.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Xu et al., "Empirical evaluation of rectified activations in convolutional network" (2015), section 2.4;
    PyTorch `torch.nn.RReLU`.
    """

    lower: float = param(0.125, min=0.0, max=1.0, title="Lowest slope", help="the least share that is kept")
    upper: float = param(1 / 3, min=0.0, max=1.0, title="Highest slope", help="the largest share that is kept")

    def build(self, input: TensorType) -> Call:
        if self.lower > self.upper:
            raise BuildError(
                f"has a lowest slope of {self.lower:g}, above its highest of {self.upper:g}",
                f"set its lowest slope to at most {self.upper:g}",
            )
        return Call("torch.nn.RReLU", self.lower, self.upper)

    def _told(self, name: str) -> str:
        return f"{getattr(self, name):.3g}"


@layer(family="Activation", telling=("alpha",), synonyms=(*RECTIFIER, "exponential linear"))
class ELU(Elementwise):
    r"""Let positive values through and bend negative ones smoothly towards −alpha.

    Use it in small networks in place of a normalisation: its mean is nearer to zero than ReLU's.

    ```math
    y = \begin{cases} x & x > 0 \\ \alpha\,(e^{x} - 1) & x \le 0 \end{cases}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Clevert et al., "Fast and accurate deep network learning by exponential linear units" (2015), section 3;
    PyTorch `torch.nn.ELU`.
    """

    alpha: float = param(1.0, exclusive_min=0.0, title="Alpha", help="how far down negative values can go")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.ELU", self.alpha)


@layer(family="Activation", telling=("alpha",), synonyms=(*RECTIFIER, "continuously differentiable exponential linear"))
class CELU(Elementwise):
    r"""Let positive values through and bend negative ones towards −alpha, without a kink for any alpha.

    Use it for ELU where alpha is not 1: its slope at zero is always 1.

    ```math
    y = \max(0, x) + \min(0, \alpha\,(e^{x / \alpha} - 1))
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Barron, "Continuously differentiable exponential linear units" (2017); PyTorch `torch.nn.CELU`.
    """

    alpha: float = param(1.0, min=0.01, title="Alpha", help="how far down negative values can go")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.CELU", self.alpha)


@layer(family="Activation", synonyms=(*RECTIFIER, "self-normalizing", "snn", "scaled exponential linear"))
class SELU(Elementwise):
    r"""Scale an ELU so that values keep mean 0 and variance 1 from layer to layer.

    Use it in deep networks of Linear layers without normalisation, with weights of a normal start and AlphaDropout in
    place of Dropout.

    ```math
    y = s \begin{cases} x & x > 0 \\ \alpha\,(e^{x} - 1) & x \le 0 \end{cases}
    ```

    Here α = 1.6733 and s = 1.0507 make mean 0 and variance 1 a fixed point.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Klambauer et al., "Self-normalizing neural networks" (2017), equation 2; PyTorch `torch.nn.SELU`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.SELU")


@layer(family="Activation", synonyms=("activation", "gaussian error linear", "transformer", "bert", "gpt"))
class GELU(Elementwise):
    r"""Let each value through by how likely a normal random number lies below it.

    Use it in transformers, where it is the usual choice: a smooth ReLU.

    ```math
    y = x\,\Phi(x) = \frac{x}{2} \left(1 + \operatorname{erf}\frac{x}{\sqrt 2}\right)
    ```

    Here Φ is the cumulative normal distribution.

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016), section 2; PyTorch `torch.nn.GELU`.
    """

    approximate: str = param(
        "none", choices=("none", "tanh"), title="Approximate", help="none is exact; tanh is what GPT-2 uses"
    )

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.GELU", approximate=self.approximate)


@layer(family="Activation", synonyms=("activation", "swish", "sigmoid linear", "efficientnet"))
class SiLU(Elementwise):
    r"""Let each value through by its own sigmoid.

    Use it in deep networks of images, where this smooth ReLU, also called swish, often does a little better.

    ```math
    y = x\,\sigma(x) = \frac{x}{1 + e^{-x}}
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Elfwing et al., "Sigmoid-weighted linear units" (2017), section 2; PyTorch `torch.nn.SiLU`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.SiLU")


@layer(family="Activation", synonyms=("activation", "self-regularized", "yolo"))
class Mish(Elementwise):
    r"""Let each value through by the tanh of its softplus: smooth, with a dip below zero.

    Use it in place of SiLU in networks of images; detectors such as YOLOv4 have it.

    ```math
    y = x \tanh(\ln(1 + e^{x}))
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Misra, "Mish: a self regularized non-monotonic activation function" (2019), section 2; PyTorch
    `torch.nn.Mish`.
    """

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Mish")


@layer(family="Activation", synonyms=(*RECTIFIER, "smooth relu", "positive", "variance"))
class Softplus(Elementwise):
    r"""Turn each value into a positive one by a smooth ReLU.

    Use it where a result must be positive: a variance, a rate, a distance.

    ```math
    y = \frac{1}{\beta} \ln(1 + e^{\beta x})
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Dugas et al., "Incorporating second-order functional knowledge for better option pricing" (2000), section 3;
    PyTorch `torch.nn.Softplus`.
    """

    beta: float = param(1.0, min=0.01, title="Beta", help="how sharp the bend is; the larger, the nearer to ReLU")
    threshold: float = param(
        20.0, min=0.0, title="Linear from", help="beta times the value from which on the value itself comes out"
    )

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softplus", self.beta, self.threshold)
