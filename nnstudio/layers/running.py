"""Sums and products that run along an axis."""

from __future__ import annotations

from typing import ClassVar

from nnstudio.layers.axes import axis_param
from nnstudio.layers.base import Layer, Port, layer
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import place_of
from nnstudio.layers.types import TensorType


class Running(Layer):
    """Base of sums and products that run along an axis."""

    function: ClassVar[str]

    input = Port("N *", dtype="number")
    output = Port("N *", dtype="number")

    axis: int = axis_param(-1, "along which it runs")

    def build(self, input: TensorType) -> Function:
        return Function(self.function, Arg("input"), place_of(self.axis, input, what="run along"))


@layer(family="Reduction", icon="cumsum", telling=("axis",), synonyms=("cumulative sum", "running total", "integrate"))
class CumSum(Running):
    r"""Add up along an axis, keeping every sum on the way.

    Use it to turn steps into positions, or probabilities into a distribution function.

    ```math
    y_i = \sum_{j \le i} x_j
    ```

    Shapes: any axes after the batch, such as `N×T×F` (time, feature), which stay.

    Source: PyTorch `torch.cumsum`.
    """

    function = "torch.cumsum"


@layer(
    family="Reduction", icon="cumprod", telling=("axis",), synonyms=("cumulative product", "running product", "decay")
)
class CumProd(Running):
    r"""Multiply along an axis, keeping every product on the way.

    Use it for what is left after each step, as light along a ray.

    ```math
    y_i = \prod_{j \le i} x_j
    ```

    Shapes: any axes after the batch, such as `N×T×F` (time, feature), which stay.

    Source: Mildenhall et al., "NeRF" (2020), for transmittance; PyTorch `torch.cumprod`.
    """

    function = "torch.cumprod"
