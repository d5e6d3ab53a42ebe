"""Comparison and logic: yes and no, number by number, for masks and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from nnstudio.layers.axes import broadcast_labels, check_broadcast, check_several
from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.types import TensorType


class Compared(Layer):
    """Base of comparisons of an input with another, or with a number."""

    function: ClassVar[str]

    left = Port("*", dtype="number")
    right = Port("*", dtype="number", optional=True, help="what it is compared with; instead of the set number")
    output = Port("*", dtype="bool")

    value: float = param(0.0, help="what it is compared with, where nothing is wired to right")

    def build(self, left: TensorType, right: TensorType | None) -> Function:
        if right is None:
            return Function(self.function, Arg("left"), self.value)
        check_broadcast((left, right))
        return Function(self.function, Arg("left"), Arg("right"))

    def output_labels(self, inputs: Mapping[str, TensorType | None]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels([type for type in inputs.values() if type is not None])


class Joined(Layer):
    """Base of logic on two or more inputs."""

    function: ClassVar[str]

    input = Port("*", dtype="bool", many=True, help="two or more conditions")
    output = Port("*", dtype="bool")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        check_several(input)
        check_broadcast(input)
        folded = Function(self.function, Arg("input", 0), Arg("input", 1))
        for place in range(2, len(input)):
            folded = Function(self.function, folded, Arg("input", place))
        return folded

    def output_labels(self, inputs: Mapping[str, tuple[TensorType, ...]]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels(inputs["input"])


@layer(family="Comparison and logic", icon="equal", telling=("value",), synonyms=("==", "same", "equals", "is token"))
class Equal(Compared):
    r"""Say where two inputs, or an input and a number, are the same.

    Use it to find padding: token ids that equal 0. No gradient passes.

    ```math
    y = [\,\mathrm{left} = \mathrm{right}\,]
    ```

    Shapes: two inputs of the same sizes, or of size 1 where an axis is repeated, or one and a number: `N×C×H×W`
    (channel, height, width) and `N×C×1×1` give yes or no, `N×C×H×W`.

    Source: PyTorch `torch.eq`.
    """

    function = "torch.eq"


@layer(family="Comparison and logic", icon="notequal", telling=("value",), synonyms=("!=", "different", "padding mask"))
class NotEqual(Compared):
    r"""Say where two inputs, or an input and a number, differ.

    Use it to find what is no padding. No gradient passes.

    ```math
    y = [\,\mathrm{left} \ne \mathrm{right}\,]
    ```

    Shapes: two inputs of the same sizes, or of size 1 where an axis is repeated, or one and a number: `N×C×H×W`
    (channel, height, width) and `N×C×1×1` give yes or no, `N×C×H×W`.

    Source: PyTorch `torch.ne`.
    """

    function = "torch.ne"


@layer(family="Comparison and logic", icon="less", telling=("value",), synonyms=("<", "smaller than", "below"))
class Less(Compared):
    r"""Say where an input is less than another, or than a number.

    Use it for conditions of Where and MaskedFill. No gradient passes.

    ```math
    y = [\,\mathrm{left} < \mathrm{right}\,]
    ```

    Shapes: two inputs of the same sizes, or of size 1 where an axis is repeated, or one and a number: `N×C×H×W`
    (channel, height, width) and `N×C×1×1` give yes or no, `N×C×H×W`.

    Source: PyTorch `torch.lt`.
    """

    function = "torch.lt"


@layer(family="Comparison and logic", icon="lessequal", telling=("value",), synonyms=("<=", "at most", "≤"))
class LessEqual(Compared):
    r"""Say where an input is at most another, or a number.

    Use it for conditions of Where and MaskedFill. No gradient passes.

    ```math
    y = [\,\mathrm{left} \le \mathrm{right}\,]
    ```

    Shapes: two inputs of the same sizes, or of size 1 where an axis is repeated, or one and a number: `N×C×H×W`
    (channel, height, width) and `N×C×1×1` give yes or no, `N×C×H×W`.

    Source: PyTorch `torch.le`.
    """

    function = "torch.le"


@layer(
    family="Comparison and logic", icon="greater", telling=("value",),
    synonyms=(">", "more than", "above", "step function", "heaviside"),
)  # fmt: skip
class Greater(Compared):
    r"""Say where an input is greater than another, or than a number.

    Use it to make a decision of a score. No gradient passes.

    ```math
    y = [\,\mathrm{left} > \mathrm{right}\,]
    ```

    Shapes: two inputs of the same sizes, or of size 1 where an axis is repeated, or one and a number: `N×C×H×W`
    (channel, height, width) and `N×C×1×1` give yes or no, `N×C×H×W`.

    Source: PyTorch `torch.gt`.
    """

    function = "torch.gt"


@layer(family="Comparison and logic", icon="greaterequal", telling=("value",), synonyms=(">=", "at least", "≥"))
class GreaterEqual(Compared):
    r"""Say where an input is at least another, or a number.

    Use it for conditions of Where and MaskedFill. No gradient passes.

    ```math
    y = [\,\mathrm{left} \ge \mathrm{right}\,]
    ```

    Shapes: two inputs of the same sizes, or of size 1 where an axis is repeated, or one and a number: `N×C×H×W`
    (channel, height, width) and `N×C×1×1` give yes or no, `N×C×H×W`.

    Source: PyTorch `torch.ge`.
    """

    function = "torch.ge"


@layer(family="Comparison and logic", icon="and", synonyms=("logical and", "both", "conjunction", "&"))
class And(Joined):
    r"""Say where all of its inputs hold.

    Use it to combine masks: what is neither padding nor in the future.

    ```math
    y = x_1 \wedge x_2 \wedge \dots
    ```

    Shapes: yes or no of the same sizes, or of size 1 where an axis is repeated: `N×T×T` (row, column) and `N×1×T`
    give `N×T×T`.

    Source: PyTorch `torch.logical_and`.
    """

    function = "torch.logical_and"


@layer(family="Comparison and logic", icon="or", synonyms=("logical or", "either", "disjunction", "|"))
class Or(Joined):
    r"""Say where at least one of its inputs holds.

    Use it to combine masks of what is to be hidden.

    ```math
    y = x_1 \vee x_2 \vee \dots
    ```

    Shapes: yes or no of the same sizes, or of size 1 where an axis is repeated: `N×T×T` (row, column) and `N×1×T`
    give `N×T×T`.

    Source: PyTorch `torch.logical_or`.
    """

    function = "torch.logical_or"


@layer(family="Comparison and logic", icon="xor", synonyms=("exclusive or", "differs", "parity"))
class Xor(Joined):
    r"""Say where an odd number of its inputs holds; of two, where they differ.

    Use it to find where two masks disagree.

    ```math
    y = x_1 \oplus x_2 \oplus \dots
    ```

    Shapes: yes or no of the same sizes, or of size 1 where an axis is repeated: `N×T×T` (row, column) and `N×1×T`
    give `N×T×T`.

    Source: PyTorch `torch.logical_xor`.
    """

    function = "torch.logical_xor"


@layer(family="Comparison and logic", icon="not", synonyms=("logical not", "negation", "invert mask", "complement"))
class Not(Layer):
    r"""Say where its input does not hold.

    Use it to turn a mask of what is kept into one of what is hidden.

    ```math
    y = \neg x
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.logical_not`.
    """

    input = Port("*", dtype="bool")
    output = Port("*", dtype="bool")

    def build(self, input: TensorType) -> Function:
        return Function("torch.logical_not", Arg("input"))
