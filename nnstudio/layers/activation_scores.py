"""Activations along an axis: scores against one another, and gates."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import place_of
from nnstudio.layers.types import TensorType


@layer(
    family="Activation",
    synonyms=("activation", "probabilities", "normalised exponential", "attention weights", "boltzmann"),
)
class Softmax(Layer):
    r"""Turn scores into probabilities that add up to 1 along an axis.

    Use it to read probabilities and for attention. Leave it out before CrossEntropyLoss, which has it built in.

    ```math
    y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}
    ```

    Shapes: `N×*`, which stays.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990); PyTorch
    `torch.nn.Softmax`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = param(-1, title="Axis", help="along which values add up to 1: -1 is the last, 1 the channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softmax", dim=place_of(self.axis, input, what="normalise"))


@layer(family="Activation", synonyms=("activation", "probabilities", "pixel", "segmentation"))
class Softmax2d(Layer):
    r"""Turn the channels at each pixel into probabilities that add up to 1.

    Use it to read which class each pixel of a segmentation belongs to. It is Softmax along axis 1 of images.

    ```math
    y_{c,h,w} = \frac{e^{x_{c,h,w}}}{\sum_k e^{x_{k,h,w}}}
    ```

    Shapes: `N×C×H×W` (channel, height, width), which stays.

    Source: PyTorch `torch.nn.Softmax2d`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softmax2d")


@layer(family="Activation", synonyms=("activation", "log probabilities", "classification"))
class LogSoftmax(Layer):
    r"""Turn scores into the logarithms of probabilities along an axis.

    Use it before NLLLoss; the two together are CrossEntropyLoss.

    ```math
    y_i = x_i - \ln \sum_j e^{x_j}
    ```

    Shapes: `N×*`, which stays.

    Source: PyTorch `torch.nn.LogSoftmax`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = param(-1, title="Axis", help="along which probabilities add up to 1: -1 is the last, 1 the channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.LogSoftmax", dim=place_of(self.axis, input, what="normalise"))


@layer(family="Activation", synonyms=("activation", "probabilities", "energy", "boltzmann"))
class Softmin(Layer):
    r"""Turn costs into probabilities along an axis: the smallest cost gets the most.

    Use it where small is good: energies, distances, errors.

    ```math
    y_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}}
    ```

    Shapes: `N×*`, which stays.

    Source: PyTorch `torch.nn.Softmin`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = param(-1, title="Axis", help="along which values add up to 1: -1 is the last, 1 the channel")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Softmin", dim=place_of(self.axis, input, what="normalise"))


@layer(family="Activation", synonyms=("activation", "gated linear unit", "gate", "swiglu"))
class GLU(Layer):
    r"""Let one half of the values through as far as the other half says.

    Put it behind a Linear or convolution with twice as many outputs as are wanted: one half is what, the other how
    much.

    ```math
    y = a \cdot \sigma(b)
    ```

    Here a and b are the first and the second half of the input along the axis.

    Shapes: `N×*`; the axis, whose size must be even, becomes half as long.

    Source: Dauphin et al., "Language modeling with gated convolutional networks" (2016), section 2; PyTorch
    `torch.nn.GLU`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = param(-1, title="Axis", help="along which the values are halved: -1 is the last, 1 the channel")

    def build(self, input: TensorType) -> Call:
        place = place_of(self.axis, input, what="halve")
        size = input.axes[place].size
        if isinstance(size, int) and size % 2:
            raise BuildError(
                f"cannot halve {input.axes[place].name} of size {size}",
                f"give the layer before it an even number of outputs, such as {size + 1}",
            )
        return Call("torch.nn.GLU", dim=place)
