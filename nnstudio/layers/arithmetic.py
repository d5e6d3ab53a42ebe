"""Arithmetic: where branches of a network meet, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from nnstudio.layers.axes import broadcast_labels, check_broadcast, check_several
from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.types import TensorType

#: Below it a number counts as this, where a power or a logarithm of it is not defined.
SMALLEST = 1e-6


class Folded(Layer):
    """Base of operations on two or more inputs, applied from the first to the last."""

    function: ClassVar[str]

    input = Port("*", dtype="number", many=True, help="two or more, of sizes that go together")
    output = Port("*", dtype="number")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        check_several(input)
        check_broadcast(input)
        folded = Function(self.function, Arg("input", 0), Arg("input", 1))
        for place in range(2, len(input)):
            folded = Function(self.function, folded, Arg("input", place))
        return folded

    def output_labels(self, inputs: Mapping[str, tuple[TensorType, ...]]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels(inputs["input"])


class Paired(Layer):
    """Base of operations on a left and a right input."""

    function: ClassVar[str]

    left = Port("*", dtype="float")
    right = Port("*", dtype="float")
    output = Port("*", dtype="float")

    def build(self, left: TensorType, right: TensorType) -> Function:
        check_broadcast((left, right))
        return Function(self.function, Arg("left"), Arg("right"))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels(tuple(inputs.values()))


@layer(
    family="Arithmetic", icon="add",
    synonyms=("skip", "skip connection", "residual", "shortcut", "sum of two", "plus", "elementwise add", "eltwise"),
)  # fmt: skip
class Add(Folded):
    r"""Add its inputs, number by number.

    Use it for residual connections: what a block puts out is added to what went in, so that gradients have a
    short way back. Sizes must agree; an axis of size 1 is repeated.

    ```math
    y = x_1 + x_2 + \dots
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: He et al., "Deep residual learning for image recognition" (2015); PyTorch `torch.add`.
    """

    function = "operator.add"


@layer(
    family="Arithmetic", icon="multiply",
    synonyms=("product of two", "times", "gate", "gating", "hadamard", "elementwise product", "mul"),
)  # fmt: skip
class Multiply(Folded):
    r"""Multiply its inputs, number by number.

    Use it for gates: one branch, often behind a Sigmoid, says how much of the other passes. Sizes must agree; an
    axis of size 1 is repeated.

    ```math
    y = x_1 \odot x_2 \odot \dots
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997), for gating; PyTorch `torch.mul`.
    """

    function = "operator.mul"


@layer(family="Arithmetic", icon="maximum", synonyms=("elementwise max", "larger", "maxout", "union"))
class Maximum(Folded):
    r"""Keep the largest of its inputs, number by number.

    Use it to merge branches so that the strongest answer counts, as maxout does. (Max reduces an axis of one input.)

    ```math
    y = \max(x_1, x_2, \dots)
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: Goodfellow et al., "Maxout networks" (2013); PyTorch `torch.maximum`.
    """

    function = "torch.maximum"


@layer(family="Arithmetic", icon="minimum", synonyms=("elementwise min", "smaller", "intersection"))
class Minimum(Folded):
    r"""Keep the smallest of its inputs, number by number.

    Use it where the most careful of several estimates counts, as the twin critics of TD3. (Min reduces an axis of
    one input.)

    ```math
    y = \min(x_1, x_2, \dots)
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: Fujimoto et al., "Addressing function approximation error in actor-critic methods" (2018); PyTorch
    `torch.minimum`.
    """

    function = "torch.minimum"


@layer(family="Arithmetic", icon="subtract", synonyms=("minus", "difference", "sub"))
class Subtract(Paired):
    r"""Subtract one input from another, number by number.

    Use it to compare two branches, such as the embeddings of two pictures. Sizes must agree; an axis of size 1 is
    repeated.

    ```math
    y = \mathrm{left} - \mathrm{right}
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: PyTorch `torch.sub`.
    """

    function = "operator.sub"

    left = Port("*", dtype="number", help="what is subtracted from")
    right = Port("*", dtype="number", help="what is subtracted")
    output = Port("*", dtype="number")


@layer(family="Arithmetic", icon="divide", synonyms=("quotient", "ratio", "div", "over"))
class Divide(Paired):
    r"""Divide one input by another, number by number.

    Use it to normalise by something that the network works out, such as a sum of weights. A divisor of 0 gives an
    infinite result: add a small number to it (Scale) where it can be 0.

    ```math
    y = \frac{\mathrm{left}}{\mathrm{right}}
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: PyTorch `torch.div`.
    """

    function = "operator.truediv"

    left = Port("*", help="what is divided")
    right = Port("*", help="by which it is divided")


@layer(family="Arithmetic", icon="remainder", synonyms=("modulo", "mod", "wrap", "%"))
class Remainder(Paired):
    r"""Keep what is left over when one input is divided by another.

    Use it for angles, phases and other quantities that come round again. The result has the sign of the divisor.

    ```math
    y = \mathrm{left} - \mathrm{right} \cdot \left\lfloor \frac{\mathrm{left}}{\mathrm{right}} \right\rfloor
    ```

    Shapes: inputs of the same sizes, or of size 1 where an axis is repeated: `N×C×H×W` (channel, height, width) and
    `N×C×1×1` give `N×C×H×W`.

    Source: PyTorch `torch.remainder`.
    """

    function = "torch.remainder"

    left = Port("*", help="what is divided")
    right = Port("*", help="by which it is divided")


@layer(
    family="Arithmetic", icon="scale", telling=("factor", "offset"),
    synonyms=("multiply by constant", "add constant", "shift", "temperature", "linear function"),
)  # fmt: skip
class Scale(Layer):
    r"""Multiply by a number and add another, both fixed.

    Use it to bring values into a range, for the temperature of attention scores (factor 1/√d), or to add a small
    number before a division. Nothing is learned here; a Linear or a normalisation learns its factors.

    ```math
    y = a \cdot x + b
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.mul` and `torch.add`.
    """

    input = Port("*")
    output = Port("*")

    factor: float = param(1.0, help="by which every number is multiplied")
    offset: float = param(0.0, help="what is added to every number")

    def build(self, input: TensorType) -> Function:
        scaled = Function("operator.mul", Arg("input"), self.factor)
        return Function("operator.add", scaled, self.offset) if self.offset else scaled


@layer(family="Arithmetic", icon="power", telling=("exponent",), synonyms=("pow", "exponent", "gem", "gamma"))
class Power(Layer):
    r"""Raise every number to a power.

    Use it for generalised-mean pooling or to sharpen weights. For an exponent that is not whole, numbers below
    0.000001 count as that, since the power of a negative number is not real.

    ```math
    y = x^{p}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.pow`; Radenović et al., "Fine-tuning CNN image retrieval with no human annotation" (2018),
    for generalised-mean pooling.
    """

    input = Port("*")
    output = Port("*")

    exponent: float = param(2.0, help="the power to which every number is raised")

    def build(self, input: TensorType) -> Function:
        if self.exponent.is_integer():
            return Function("torch.pow", Arg("input"), self.exponent)
        return Function("torch.pow", Function("torch.clamp", Arg("input"), min=SMALLEST), self.exponent)


@layer(
    family="Arithmetic", icon="lerp", telling=("share",),
    synonyms=("interpolate between", "blend", "mix", "linear interpolation", "mixup"),
)  # fmt: skip
class Lerp(Layer):
    r"""Blend two inputs: so much of the one, the rest of the other.

    Use it for gates that mix an old and a new value, as a GRU does. The share is fixed, or comes from a third input,
    often behind a Sigmoid.

    ```math
    y = (1 - w) \cdot \mathrm{start} + w \cdot \mathrm{end}
    ```

    Shapes: start, end and weight of the same sizes, or of size 1 where an axis is repeated: twice `N×C×H×W`
    (channel, height, width) and a weight `N×1×H×W` give `N×C×H×W`.

    Source: PyTorch `torch.lerp`.
    """

    start = Port("*", help="what comes out where the share is 0")
    end = Port("*", help="what comes out where the share is 1")
    weight = Port("*", optional=True, help="the share of end, number by number; instead of the fixed one")
    output = Port("*")

    share: float = param(0.5, help="the share of end, where no weight is wired")

    def build(self, start: TensorType, end: TensorType, weight: TensorType | None) -> Function:
        check_broadcast([type for type in (start, end, weight) if type is not None])
        return Function("torch.lerp", Arg("start"), Arg("end"), self.share if weight is None else Arg("weight"))

    def output_labels(self, inputs: Mapping[str, TensorType | None]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels([type for type in inputs.values() if type is not None])
