"""Constants and types: tensors that do not depend on numbers, and numbers in another form."""

from __future__ import annotations

from collections.abc import Mapping

from nnstudio.layers.axes import axis_param, inserted
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import check_codes, place_of
from nnstudio.layers.types import TensorType

_METHODS = {
    "float32": "float", "float64": "double", "float16": "half", "bfloat16": "bfloat16", "int64": "long",
    "int32": "int", "bool": "bool",
}  # fmt: skip


@layer(
    family="Constants and types", icon="constant", telling=("value",),
    synonyms=("fill", "zeros", "ones", "bias", "zeros_like", "ones_like", "full", "number"),
)  # fmt: skip
class Constant(Layer):
    r"""Give one number wherever its input has one.

    Use it where a layer needs a second input that is the same everywhere: zeros for a first state, ones for a mask or
    for the label "real" of a discriminator. Only the sizes of its input count.

    ```math
    y = c \cdot \mathbf{1}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.full_like`.
    """

    input = Port("*")
    output = Port("*")

    value: float = param(0.0, help="the number")

    def build(self, input: TensorType) -> Function:
        return Function("torch.full_like", Function("torch.detach", Arg("input")), self.value)


@layer(
    family="Constants and types", icon="positions", telling=("axis",),
    synonyms=("arange", "range", "position ids", "indices of steps", "position", "counter", "time index"),
)  # fmt: skip
class Positions(Layer):
    r"""Count along an axis: 0, 1, 2, … for each sample.

    Use it before an Embedding to give a transformer the positions of its tokens, whatever the length.

    ```math
    y_{n,t} = t \qquad t = 0, 1, 2, \dots
    ```

    Shapes: `N×*` becomes `N×T`, T being the size of the axis: `N×T×F` (time, feature) becomes `N×T` along the axis
    1.

    Source: PyTorch `torch.arange`.
    """

    input = Port("N *", dtype="any", help="only its sizes count")
    output = Port("N T", dtype="int")

    axis: int = axis_param(1, "along which is counted")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="count along")
        one = Arg("input")
        for other in range(input.rank - 1, 0, -1):
            if other != place:
                one = Function("torch.select", one, other, 0)  # type: ignore[assignment]
        ones = Function("torch.ones_like", Function("torch.Tensor.long", one))
        return Function("operator.sub", Function("torch.cumsum", ones, 1), 1)


@layer(
    family="Constants and types", icon="cast", telling=("dtype",),
    synonyms=("to float", "to int", "convert type", "dtype", "astype", "type", "mask to number", "half precision"),
)  # fmt: skip
class Cast(Layer):
    r"""Give the same numbers as another type.

    Use it to make numbers (0 and 1) of a mask, real numbers of whole ones, or whole numbers (cut towards 0) of real
    ones. A gradient passes between real types only.

    ```math
    y = x \quad \text{as another type}
    ```

    Shapes: any axes, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.Tensor.to`.
    """

    input = Port("*", dtype="any")
    output = Port("*", dtype="any")

    dtype: str = param("float32", choices=tuple(_METHODS), title="Type", help="what the numbers become")

    def build(self, input: TensorType) -> Function:
        return Function(f"torch.Tensor.{_METHODS[self.dtype]}", Arg("input"))


@layer(
    family="Constants and types", icon="onehot", telling=("classes",),
    synonyms=("one-hot", "dummy variables", "indicator", "categorical encoding", "encode classes"),
)  # fmt: skip
class OneHot(Layer):
    r"""Turn class codes into vectors with a one at the place of the class.

    Use it to feed a class to a network that takes numbers, such as a conditional generator. For many classes use an
    Embedding, which learns a vector for each.

    ```math
    y_{n,\dots,k} = [\, x_{n,\dots} = k \,]
    ```

    Shapes: codes `N×*` become `N×*×K` for K classes: `N×T` (time) becomes `N×T×K`.

    Source: PyTorch `torch.nn.functional.one_hot`.
    """

    input = Port("N *", dtype="int", help="class codes, from 0")
    output = Port("N * K'")

    classes: int | None = param(
        None, kind="int", optional=True, min=1, max=100_000,
        help="how many classes there are; left empty, as many as the data says",
    )  # fmt: skip

    def build(self, input: TensorType) -> Function:
        check_codes(input, "class codes")
        count = self.classes or input.classes
        if count is None:
            raise BuildError("does not know how many classes there are", "set classes")
        if input.classes and input.classes > count:
            raise BuildError(
                f"has {count} classes, but its input has codes from 0 to {input.classes - 1}",
                f"set classes to {input.classes}, or leave it empty",
            )
        codes = Function("torch.nn.functional.one_hot", Arg("input"), num_classes=count)
        return Function("torch.Tensor.float", codes)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return inserted(inputs["input"], inputs["input"].rank)

    def _told(self, name: str) -> str:
        return f"{self.classes} classes" if self.classes else ""
