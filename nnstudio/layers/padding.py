"""Padding: an edge around a signal, an image or a volume."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, each, shown
from nnstudio.layers.types import TensorType

PADDING = ("pad", "border", "margin", "edge")
_ORDER = {1: "left, right", 2: "left, right, top, bottom", 3: "left, right, top, bottom, front, back"}


def padding_param(axes: int, unit: str) -> Any:
    return param(
        1, axes=2 * axes, min=0, title="Padding", unit=unit,
        help=f"how much is added: one number for every side, or {_ORDER[axes]}",
    )  # fmt: skip


def padded(kind: str, layer: Any, input: TensorType, *values: float, most: int | None = None) -> Call:
    """The module, after a look at how far the sides can reach: ``most`` less than the size, or any number."""
    axes = input.rank - 2
    sides = each(layer.padding, 2 * axes)
    for place, size in enumerate(reversed(input.sizes[2:])):
        longest = max(sides[2 * place : 2 * place + 2])
        if most is not None and isinstance(size, int) and longest > size - most:
            raise BuildError(
                f"cannot fill a padding of {longest} from an input of {shown(input.sizes[2:])}",
                f"pad by at most {size - most}, or fill with zeros",
            )
    return Call(f"torch.nn.{kind}Pad{axes}d", layer.padding, *values)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "fill", "value"))
class ConstantPad1d(Layer):
    r"""Add an edge of one value around a signal.

    Use it where what lies outside has a known value, such as the darkest grey or silence.

    ```math
    y_{c,t} = \begin{cases} x_{c,t - l} & \text{inside} \\ v & \text{outside} \end{cases}
    ```

    Here l is the padding at the left, v the value.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = T + left + right`.

    Source: PyTorch `torch.nn.ConstantPad1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    padding: Size = padding_param(1, "steps")
    value: float = param(0.0, title="Value", help="what the edge is filled with")

    def build(self, input: TensorType) -> Call:
        return padded("Constant", self, input, self.value)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "fill", "value"))
class ConstantPad2d(Layer):
    r"""Add an edge of one value around an image.

    Use it where what lies outside has a known value, such as the darkest grey or silence.

    ```math
    y_{c,h,w} = \begin{cases} x_{c,h - t,w - l} & \text{inside} \\ v & \text{outside} \end{cases}
    ```

    Here l and t are the padding at the left and the top, v the value.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = H + top + bottom` and
    `W' = W + left + right`.

    Source: PyTorch `torch.nn.ConstantPad2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    padding: Size = padding_param(2, "px")
    value: float = param(0.0, title="Value", help="what the edge is filled with")

    def build(self, input: TensorType) -> Call:
        return padded("Constant", self, input, self.value)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "fill", "value"))
class ConstantPad3d(Layer):
    r"""Add an edge of one value around a volume.

    Use it where what lies outside has a known value, such as the darkest grey or silence.

    ```math
    y_{c,z,h,w} = \begin{cases} x_{c,z - f,h - t,w - l} & \text{inside} \\ v & \text{outside} \end{cases}
    ```

    Here l, t and f are the padding at the left, the top and the front, v the value.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'`, each longer by its two sides.

    Source: PyTorch `torch.nn.ConstantPad3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    padding: Size = padding_param(3, "px")
    value: float = param(0.0, title="Value", help="what the edge is filled with")

    def build(self, input: TensorType) -> Call:
        return padded("Constant", self, input, self.value)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "zero padding"))
class ZeroPad1d(Layer):
    r"""Add an edge of zeros around a signal.

    Use it to pad the sides differently, as convolutions cannot, or before a layer that does not pad.

    ```math
    y_{c,t} = \begin{cases} x_{c,t - l} & \text{inside} \\ 0 & \text{outside} \end{cases}
    ```

    Here l is the padding at the left.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = T + left + right`.

    Source: PyTorch `torch.nn.ZeroPad1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    padding: Size = padding_param(1, "steps")

    def build(self, input: TensorType) -> Call:
        return padded("Zero", self, input)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "zero padding"))
class ZeroPad2d(Layer):
    r"""Add an edge of zeros around an image.

    Use it to pad the sides differently, as convolutions cannot, or before a layer that does not pad.

    ```math
    y_{c,h,w} = \begin{cases} x_{c,h - t,w - l} & \text{inside} \\ 0 & \text{outside} \end{cases}
    ```

    Here l and t are the padding at the left and the top.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = H + top + bottom` and
    `W' = W + left + right`.

    Source: PyTorch `torch.nn.ZeroPad2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    padding: Size = padding_param(2, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Zero", self, input)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "zero padding"))
class ZeroPad3d(Layer):
    r"""Add an edge of zeros around a volume.

    Use it to pad the sides differently, as convolutions cannot, or before a layer that does not pad.

    ```math
    y_{c,z,h,w} = \begin{cases} x_{c,z - f,h - t,w - l} & \text{inside} \\ 0 & \text{outside} \end{cases}
    ```

    Here l, t and f are the padding at the left, the top and the front.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'`, each longer by its two sides.

    Source: PyTorch `torch.nn.ZeroPad3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    padding: Size = padding_param(3, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Zero", self, input)
