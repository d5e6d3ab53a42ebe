"""Selection by masks: numbers of one input or another, and numbers that are hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from nnstudio.layers.axes import broadcast_labels, check_broadcast
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.types import TensorType


@layer(family="Selection", icon="where", synonyms=("if else", "choose by mask", "conditional", "ternary", "switch"))
class Where(Layer):
    r"""Take numbers of one input where a condition holds, of another elsewhere.

    Use it to combine two branches by a mask. Without a second input, the set number counts where the condition does not
    hold.

    ```math
    y = \begin{cases} \mathrm{first} & \text{where the condition holds} \\
    \mathrm{second} & \text{elsewhere} \end{cases}
    ```

    Shapes: a condition and inputs of the same sizes, or of size 1 where an axis is repeated: `N×1×H×W` (channel,
    height, width) and twice `N×C×H×W` give `N×C×H×W`.

    Source: PyTorch `torch.where`.
    """

    condition = Port("*", dtype="bool", help="yes and no, from a comparison, say")
    first = Port("*", dtype="number", help="what counts where it is yes")
    second = Port("*", dtype="number", optional=True, help="what counts where it is no; instead of the set number")
    output = Port("*", dtype="number")

    value: float = param(0.0, help="what counts where the condition does not hold and no second input is wired")

    def build(self, condition: TensorType, first: TensorType, second: TensorType | None) -> Function:
        check_broadcast([type for type in (condition, first, second) if type is not None])
        otherwise = self.value if second is None else Arg("second")
        return Function("torch.where", Arg("condition"), Arg("first"), otherwise)

    def output_labels(self, inputs: Mapping[str, TensorType | None]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels([type for type in inputs.values() if type is not None])


@layer(
    family="Selection", icon="maskedfill", telling=("value",),
    synonyms=("mask", "attention mask", "padding mask", "fill", "masking"),
)  # fmt: skip
class MaskedFill(Layer):
    r"""Put a number wherever a mask says yes.

    Use it to hide padding from an attention: fill its scores with a very negative number before the Softmax.

    ```math
    y = \begin{cases} \mathrm{value} & \text{where the mask holds} \\ x & \text{elsewhere} \end{cases}
    ```

    Shapes: those of the input, which stay; the mask has the same sizes, or 1 where it is repeated: `N×T×T` (row,
    column) and a mask `N×1×T` give `N×T×T`.

    Source: PyTorch `torch.masked_fill`.
    """

    input = Port("*")
    mask = Port("*", dtype="bool", help="yes where the number is put; spread over the input where its size is 1")
    output = Port("*")

    value: float = param(-1e9, help="the number that is put where the mask holds")

    def build(self, input: TensorType, mask: TensorType) -> Function:
        check_broadcast((input, mask))
        larger = mask.rank > input.rank or any(
            input.sizes[-at] == 1 != mask.sizes[-at] for at in range(1, mask.rank + 1) if mask.rank <= input.rank
        )
        if larger:
            raise BuildError(
                f"gets a mask {mask.per_sample()} that is larger than its input {input.per_sample()}",
                "use a mask of the input's sizes, or with an axis of size 1 that is repeated",
            )
        return Function("torch.masked_fill", Arg("input"), Arg("mask"), self.value)


@layer(
    family="Selection", icon="causalmask", telling=("value",),
    synonyms=("autoregressive mask", "look ahead mask", "decoder mask", "future mask", "subsequent mask"),
)  # fmt: skip
class CausalMask(Layer):
    r"""Hide from each step all later ones: fill attention scores above the diagonal.

    Use it between the scores (queries × keys) and the Softmax of a model that writes one token after another.

    ```math
    y_{i,j} = \begin{cases} x_{i,j} & j \le i \\ \mathrm{value} & j > i \end{cases}
    ```

    Shapes: `N×*×R×K` (row, column), which stays: a row for each step that looks, a column for each that is looked
    at.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.2.3.
    """

    input = Port("N *s R K", help="scores: queries × keys")
    output = Port("N *s R K")

    value: float = param(-1e9, help="what is put in place of later steps")

    def build(self, input: TensorType) -> Function:
        ones = Function("torch.ones_like", Arg("input"))
        later = Function("torch.triu", ones, 1)
        return Function("torch.masked_fill", Arg("input"), Function("torch.gt", later, 0), self.value)


class _Triangle(Layer):
    """Base of what keeps one side of a diagonal."""

    function: ClassVar[str]

    input = Port("N *s R Q", dtype="number")
    output = Port("N *s R Q", dtype="number")

    diagonal: int = param(0, min=-1024, max=1024, help="0: the main diagonal; above it 1, 2, …; below it -1, -2, …")

    def build(self, input: TensorType) -> Function:
        return Function(self.function, Arg("input"), *([self.diagonal] if self.diagonal else []))


@layer(family="Selection", icon="triu", telling=("diagonal",), synonyms=("upper triangle", "upper triangular"))
class Triu(_Triangle):
    r"""Keep the upper right of each matrix, and put 0 below the diagonal.

    Use it for masks, and for pairs of which each should count once.

    ```math
    y_{i,j} = \begin{cases} x_{i,j} & j - i \ge \mathrm{diagonal} \\ 0 & \text{otherwise} \end{cases}
    ```

    Shapes: `N×*×R×Q` (row, column), which stays.

    Source: PyTorch `torch.triu`.
    """

    function = "torch.triu"


@layer(
    family="Selection", icon="tril", telling=("diagonal",), synonyms=("lower triangle", "lower triangular", "causal")
)
class Tril(_Triangle):
    r"""Keep the lower left of each matrix, and put 0 above the diagonal.

    Use it for weights by which a step sees itself and earlier ones only, and for Cholesky factors.

    ```math
    y_{i,j} = \begin{cases} x_{i,j} & j - i \le \mathrm{diagonal} \\ 0 & \text{otherwise} \end{cases}
    ```

    Shapes: `N×*×R×Q` (row, column), which stays.

    Source: PyTorch `torch.tril`.
    """

    function = "torch.tril"
