"""Normalisation of each sample by itself, over features, groups of channels, or neighbouring channels."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import fixed, listed
from nnstudio.layers.normalisation import affine_param, eps_param, offset_param
from nnstudio.layers.types import TensorType


def _last_sizes(input: TensorType, axes: int) -> tuple[int, ...]:
    if axes > input.rank - 1:
        raise BuildError(
            f"is to normalise the last {axes} axes, but its input {input.per_sample()} has {input.rank - 1}",
            f"set its axes to at most {input.rank - 1}" if input.rank > 1 else "feed it something with more axes",
        )
    return tuple(fixed(axis.size, axis.name) for axis in input.axes[-axes:])


def _axes() -> Any:
    return param(1, min=1, max=8, title="Axes", help="how many of the last axes are normalised together")


@layer(family="Normalisation", synonyms=("layer normalization", "ln", "normalize", "transformer"))
class LayerNorm(Layer):
    r"""Bring each sample's features to mean 0 and variance 1, each sample by itself.

    Use it in transformers and recurrent networks: it does not depend on the batch and does the same when training
    and when predicting.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over the last axes.

    Shapes: `N×*`, which stays.

    Source: Ba et al., "Layer normalization" (2016), section 3; PyTorch `torch.nn.LayerNorm`.
    """

    input = Port("N *")
    output = Port("N *")

    axes: int = _axes()
    eps: float = eps_param()
    elementwise_affine: bool = param(True, title="Scale and shift", help="learn a scale and an offset")
    bias: bool = offset_param("elementwise_affine")

    def build(self, input: TensorType) -> Call:
        sizes = _last_sizes(input, self.axes)
        return Call(
            "torch.nn.LayerNorm", sizes, eps=self.eps, elementwise_affine=self.elementwise_affine, bias=self.bias
        )


@layer(family="Normalisation", synonyms=("root mean square", "normalize", "transformer", "llama"))
class RMSNorm(Layer):
    r"""Divide each sample's features by their root mean square.

    Use it in place of LayerNorm in large transformers: without the mean it is as good there, and a little cheaper.

    ```math
    y = \gamma\, \frac{x}{\sqrt{\operatorname{mean}(x^2) + \varepsilon}}
    ```

    The mean is over the last axes.

    Shapes: `N×*`, which stays.

    Source: Zhang and Sennrich, "Root mean square layer normalization" (2019), section 4; PyTorch `torch.nn.RMSNorm`.
    """

    input = Port("N *")
    output = Port("N *")

    axes: int = _axes()
    eps: float | None = param(
        1e-6, min=1e-12, max=1.0, optional=True, title="Epsilon",
        help="added to the mean square so that nothing divides by 0; left empty, the least number of the input's type",
    )  # fmt: skip
    elementwise_affine: bool = param(True, title="Scale", help="learn a scale for each feature")

    def build(self, input: TensorType) -> Call:
        sizes = _last_sizes(input, self.axes)
        return Call("torch.nn.RMSNorm", sizes, eps=self.eps, elementwise_affine=self.elementwise_affine)


@layer(
    family="Normalisation", telling=("num_groups",),
    synonyms=("group normalization", "gn", "instance norm", "normalize"),
)  # fmt: skip
class GroupNorm(Layer):
    r"""Bring groups of channels to mean 0 and variance 1, each sample by itself.

    Use it on images where batches are too small for BatchNorm2d. One group normalises all channels together; as
    many groups as channels is instance normalisation.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over the channels of a group and all places.

    Shapes: `N×C×*` (channel first), which stays; the groups must divide C.

    Source: Wu and He, "Group normalization" (2018), section 3; PyTorch `torch.nn.GroupNorm`.
    """

    input = Port("N C *")
    output = Port("N C *")

    num_groups: int = param(1, min=1, title="Groups", help="how many groups the channels are split into")
    eps: float = eps_param()
    affine: bool = affine_param()
    bias: bool = offset_param()

    def build(self, input: TensorType) -> Call:
        channels = fixed(input.axes[1].size, "channel")
        if channels % self.num_groups:
            divisors = [n for n in range(1, channels + 1) if channels % n == 0]
            raise BuildError(
                f"cannot split {channels} channels into {self.num_groups} groups",
                f"set its groups to one of {listed(divisors)}",
            )
        return Call("torch.nn.GroupNorm", self.num_groups, channels, eps=self.eps, affine=self.affine, bias=self.bias)


@layer(family="Normalisation", telling=("size",), synonyms=("lrn", "alexnet", "lateral inhibition", "normalize"))
class LocalResponseNorm(Layer):
    r"""Divide each value by the strength of the channels beside it.

    What AlexNet had before batch normalisation: strong channels hold their neighbours down. Use it to draw networks of
    that time.

    ```math
    y_c = x_c \Big( k + \frac{\alpha}{n} \sum_{|c' - c| \le n/2} x_{c'}^2 \Big)^{-\beta}
    ```

    Here n is the size.

    Shapes: `N×C×*` (channel first) with at least one more axis, which stays.

    Source: Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012), section 3.3;
    PyTorch `torch.nn.LocalResponseNorm`.
    """

    input = Port("N C *")
    output = Port("N C *")

    size: int = param(5, min=1, title="Size", help="how many channels beside one another count")
    alpha: float = param(1e-4, min=0.0, title="Alpha", help="how strongly they count")
    beta: float = param(0.75, min=0.0, title="Beta", help="the power of the divisor")
    k: float = param(1.0, min=0.01, title="Offset", help="what is added, so that nothing divides by 0")

    def build(self, input: TensorType) -> Call:
        if input.rank < 3:
            raise BuildError("needs channels with more than one value each; it is fed a vector",
                             "put it behind a convolution")  # fmt: skip
        return Call("torch.nn.LocalResponseNorm", self.size, alpha=self.alpha, beta=self.beta, k=self.k)
