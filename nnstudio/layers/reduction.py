"""Reduction: many numbers become one, along chosen axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Anything
from typing import ClassVar

from nnstudio.layers.axes import axes_param, axis_param, dropped, places
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import place_of
from nnstudio.layers.types import TensorType


def _keepdim() -> Anything:
    return param(False, title="Keep axes", help="keep the axes with size 1, so that the result spreads over the input")


class Reduced(Layer):
    """Base of reductions of one axis or several."""

    function: ClassVar[str]

    input = Port("N *")
    output = Port("N *")

    axes: tuple[int, ...] = axes_param()
    keepdim: bool = _keepdim()

    def build(self, input: TensorType) -> Function:
        return Function(self.function, Arg("input"), places(self.axes, input, what="gather up"), **self._more(input))

    def _more(self, input: TensorType) -> dict[str, Anything]:
        return {"keepdim": True} if self.keepdim else {}

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        input = inputs["input"]
        return dropped(input, () if self.keepdim else places(self.axes, input, what="gather up"))

    def _told(self, name: str) -> str:
        return ", ".join(map(str, self.axes)) or "all axes"


class ReducedOne(Layer):
    """Base of reductions of one axis."""

    function: ClassVar[str]

    input = Port("N *", dtype="number")
    output = Port("N *", dtype="number")

    axis: int = axis_param(-1, "that is gathered up")
    keepdim: bool = _keepdim()

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="gather up")
        return Function(self.function, Arg("input"), place, **({"keepdim": True} if self.keepdim else {}))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        input = inputs["input"]
        return dropped(input, () if self.keepdim else (place_of(self.axis, input, what="gather up"),))


@layer(family="Reduction", icon="sum", telling=("axes",), synonyms=("reduce sum", "total", "add up", "sum pooling"))
class Sum(Reduced):
    r"""Add up all numbers along axes of a sample.

    Use it to pool where more should count for more, as over the nodes of a graph. Of yes and no it counts the yes.

    ```math
    y = \sum_{i} x_i
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: PyTorch `torch.sum`.
    """

    function = "torch.sum"

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="number")


@layer(
    family="Reduction", icon="mean", telling=("axes",),
    synonyms=("average", "reduce mean"),
)  # fmt: skip
class Mean(Reduced):
    r"""Take the mean along axes of a sample.

    Use it to make one vector of a sequence or of a picture, whatever its length or size.

    ```math
    y = \frac{1}{n} \sum_{i=1}^{n} x_i
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: PyTorch `torch.mean`.
    """

    function = "torch.mean"


@layer(family="Reduction", icon="reducemax", telling=("axes",), synonyms=("reduce max", "largest"))
class Max(Reduced):
    r"""Keep the largest number along axes of a sample.

    Use it to ask whether something is anywhere in a sequence or picture. (Maximum compares several inputs.)

    ```math
    y = \max_{i} x_i
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: Qi et al., "PointNet" (2016), for pooling over sets; PyTorch `torch.amax`.
    """

    function = "torch.amax"

    input = Port("N *", dtype="number")
    output = Port("N *", dtype="number")


@layer(family="Reduction", icon="reducemin", telling=("axes",), synonyms=("reduce min", "smallest", "nearest"))
class Min(Reduced):
    r"""Keep the smallest number along axes of a sample.

    Use it for the nearest of several distances. (Minimum compares several inputs.)

    ```math
    y = \min_{i} x_i
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: PyTorch `torch.amin`.
    """

    function = "torch.amin"

    input = Port("N *", dtype="number")
    output = Port("N *", dtype="number")


@layer(family="Reduction", icon="product", telling=("axis",), synonyms=("prod", "reduce product", "multiply all"))
class Product(ReducedOne):
    r"""Multiply all numbers along an axis of a sample.

    Use it to join independent probabilities. For many of them add their logarithms instead, which cannot underflow.

    ```math
    y = \prod_{i} x_i
    ```

    Shapes: the axis is gone, or stays with size 1 where it is kept: `N×T×F` (time, feature) becomes `N×T` along the
    last axis.

    Source: PyTorch `torch.prod`.
    """

    function = "torch.prod"


class _Spread(Reduced):
    """Base of variance and standard deviation."""

    unbiased: bool = param(False, help="divide by n − 1 rather than n, as for a sample of a larger population")

    def _more(self, input: TensorType) -> dict[str, Anything]:
        sizes = [input.sizes[place] for place in places(self.axes, input, what="gather up")]
        if self.unbiased and all(size == 1 for size in sizes):
            raise BuildError("would divide by zero: it is to gather up one number", "turn unbiased off")
        return {"correction": int(self.unbiased), **super()._more(input)}


@layer(family="Reduction", icon="variance", telling=("axes",), synonyms=("var", "spread", "second moment"))
class Variance(_Spread):
    r"""Take the variance along axes of a sample: the mean square of how far numbers are from their mean.

    Use it to describe textures, or for a normalisation of your own.

    ```math
    y = \frac{1}{n} \sum_{i=1}^{n} (x_i - \bar{x})^{2}
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: PyTorch `torch.var`.
    """

    function = "torch.var"


@layer(
    family="Reduction",
    icon="std",
    telling=("axes",),
    synonyms=("std", "sigma", "spread", "minibatch statistics pooling"),
)
class StandardDeviation(_Spread):
    r"""Take the standard deviation along axes of a sample.

    Use it together with Mean to pool a sequence into its statistics, as for speakers' voices.

    ```math
    y = \sqrt{\frac{1}{n} \sum_{i=1}^{n} (x_i - \bar{x})^{2}}
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: Snyder et al., "X-vectors" (2018), for statistics pooling; PyTorch `torch.std`.
    """

    function = "torch.std"


@layer(
    family="Reduction", icon="norm", telling=("measure",),
    synonyms=("l2 norm of", "length", "magnitude", "euclidean norm", "l1"),
)  # fmt: skip
class Norm(Reduced):
    r"""Take the length of vectors.

    Use it to see how strong a description is, or to penalise it.

    ```math
    \lVert x \rVert_p = \left( \sum_{i} \lvert x_i \rvert^{p} \right)^{1/p}
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: PyTorch `torch.linalg.vector_norm`.
    """

    measure: str = param(
        "L2", choices=("L2", "L1", "largest"),
        help="L2: root of the sum of squares; L1: sum of the sizes; largest: the largest size",
    )  # fmt: skip

    def build(self, input: TensorType) -> Function:
        order = {"L2": 2.0, "L1": 1.0, "largest": float("inf")}[self.measure]
        found = places(self.axes, input, what="gather up")
        return Function("torch.linalg.vector_norm", Arg("input"), order, found, **self._more(input))

    def _told(self, name: str) -> str:
        return self.measure


@layer(
    family="Reduction",
    icon="logsumexp",
    telling=("axes",),
    synonyms=("soft maximum", "log sum exp", "partition", "lse"),
)
class LogSumExp(Reduced):
    r"""Take the logarithm of the sum of exponentials: a smooth maximum.

    Use it to add probabilities that are kept as logarithms, without overflow.

    ```math
    y = \ln \sum_{i} e^{x_i}
    ```

    Shapes: the axes are gone, or stay with size 1 where they are kept: `N×T×F` (time, feature) becomes `N×T` along
    the last axis, `N` along all.

    Source: PyTorch `torch.logsumexp`.
    """

    function = "torch.logsumexp"


@layer(family="Reduction", icon="argmax", telling=("axis",), synonyms=("index of maximum", "predicted class", "winner"))
class ArgMax(ReducedOne):
    r"""Say where along an axis the largest number stands, counted from 0.

    Use it to turn class scores into a class. No gradient passes.

    ```math
    y = \operatorname{arg\,max}_{i} \; x_i
    ```

    Shapes: the axis is gone, or stays with size 1 where it is kept: `N×T×F` (time, feature) becomes `N×T` along the
    last axis.

    Source: PyTorch `torch.argmax`.
    """

    function = "torch.argmax"

    output = Port("N *", dtype="int")


@layer(family="Reduction", icon="argmin", telling=("axis",), synonyms=("index of minimum", "nearest index"))
class ArgMin(ReducedOne):
    r"""Say where along an axis the smallest number stands, counted from 0.

    Use it to find the nearest of several prototypes, as in vector quantisation. No gradient passes.

    ```math
    y = \operatorname{arg\,min}_{i} \; x_i
    ```

    Shapes: the axis is gone, or stays with size 1 where it is kept: `N×T×F` (time, feature) becomes `N×T` along the
    last axis.

    Source: van den Oord et al., "Neural discrete representation learning" (2017); PyTorch `torch.argmin`.
    """

    function = "torch.argmin"

    output = Port("N *", dtype="int")


class _Truth(ReducedOne):
    """Base of Any and All."""

    input = Port("N *", dtype="any", help="yes and no; of numbers, all but 0 are yes")
    output = Port("N *", dtype="bool")


@layer(family="Reduction", icon="any", telling=("axis",), synonyms=("exists", "or along", "at least one"))
class Any(_Truth):
    r"""Say whether anything along an axis is true.

    Use it on comparisons, to find rows in which something happens.

    ```math
    y = \bigvee_{i} x_i
    ```

    Shapes: the axis is gone, or stays with size 1 where it is kept: `N×T×F` (time, feature) becomes `N×T` along the
    last axis.

    Source: PyTorch `torch.any`.
    """

    function = "torch.any"


@layer(family="Reduction", icon="all", telling=("axis",), synonyms=("every", "and along", "for all"))
class All(_Truth):
    r"""Say whether everything along an axis is true.

    Use it on comparisons, to find rows in which all is as it should be.

    ```math
    y = \bigwedge_{i} x_i
    ```

    Shapes: the axis is gone, or stays with size 1 where it is kept: `N×T×F` (time, feature) becomes `N×T` along the
    last axis.

    Source: PyTorch `torch.all`.
    """

    function = "torch.all"
