"""Pooling to a chosen size, whatever the size of the input."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, each, fixed, shown
from nnstudio.layers.pooling import INDICES_HELP, MAX, Found, kernel_param
from nnstudio.layers.pooling_average import AVERAGE
from nnstudio.layers.types import TensorType

_GLOBAL_MEAN = (*AVERAGE, "global average", "gap", "adaptive")
_GLOBAL_MAX = (*MAX, "global maximum", "adaptive")
_FRACTIONAL = (*MAX, "random", "stochastic", "fractional")


def _target(default: int, axes: int, unit: str) -> Any:
    return param(default, axes=axes, min=1, title="Size", unit=unit, help="the size that comes out, whatever goes in")


def _ratio_size(axes: int, unit: str) -> Any:
    return param(
        None, kind="size", axes=axes, min=1, title="Size", unit=unit,
        help="the size that comes out; left empty, it follows from the ratio",
    )  # fmt: skip


def _ratio() -> Any:
    return param(
        0.7,
        min=0.01,
        max=0.99,
        title="Ratio",
        help="the size that comes out as a share of the input's",
    )


def _adaptive(kind: str, layer: Any, axes: int, **more: Any) -> Call:
    return Call(f"torch.nn.Adaptive{kind}Pool{axes}d", layer.output_size, **more)


def _fractional(layer: Any, axes: int, input: TensorType) -> Call:
    sizes = tuple(fixed(axis.size, axis.name) for axis in input.axes[2:])
    wanted = each(layer.output_size or 0, axes)
    if layer.output_size is None:
        wanted = tuple(int(size * layer.output_ratio) for size in sizes)
    kernel = each(layer.kernel_size, axes)
    for size, out, k in zip(sizes, wanted, kernel, strict=True):
        most = size - k + 1 - (axes == 3)  # torch wants one place more of volumes
        if not 1 <= out <= most:
            raise BuildError(
                f"cannot make {shown(wanted)} of {shown(sizes)} with a window of {shown(kernel)}",
                f"choose a size from 1 to {max(most, 1)}, or a smaller window",
            )
    asked = {"output_ratio": layer.output_ratio} if layer.output_size is None else {"output_size": layer.output_size}
    return Call(
        f"nnstudio.nn.FractionalMaxPool{axes}d", layer.kernel_size, **asked, return_indices=layer.return_indices
    )


@layer(family="Pooling", telling=("output_size",), synonyms=_GLOBAL_MEAN)
class AdaptiveAvgPool1d(Layer):
    r"""Average a signal down to a chosen length, whatever its own.

    Use it at the end of a network on signals: with length 1 each channel becomes one number.

    ```math
    y_{c,i} = \operatorname{mean}_m\, x_{c,m}, \qquad \lfloor i\,T/T' \rfloor \le m < \lceil (i+1)\,T/T' \rceil
    ```

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` of the chosen size.

    Source: PyTorch `torch.nn.AdaptiveAvgPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    output_size: Size = _target(1, 1, "steps")

    def build(self, input: TensorType) -> Call:
        return _adaptive("Avg", self, 1)


@layer(family="Pooling", telling=("output_size",), synonyms=_GLOBAL_MEAN)
class AdaptiveAvgPool2d(Layer):
    r"""Average an image down to a chosen size, whatever its own.

    Use it before the last Linear: with size 1 each channel becomes one number, so that a Linear can follow pictures
    of any size.

    ```math
    y_{c,i} = \operatorname{mean}_m\, x_{c,m}, \qquad \lfloor i\,H/H' \rfloor \le m < \lceil (i+1)\,H/H' \rceil
    ```

    This is along the height; the width likewise.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` of the chosen size.

    Source: Lin et al., "Network in network" (2013), section 3.2; PyTorch `torch.nn.AdaptiveAvgPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    output_size: Size = _target(1, 2, "px")

    def build(self, input: TensorType) -> Call:
        return _adaptive("Avg", self, 2)


@layer(family="Pooling", telling=("output_size",), synonyms=_GLOBAL_MEAN)
class AdaptiveAvgPool3d(Layer):
    r"""Average a volume down to a chosen size, whatever its own.

    Use it at the end of a network on scans or films: with size 1 each channel becomes one number.

    ```math
    y_{c,i} = \operatorname{mean}_m\, x_{c,m}, \qquad \lfloor i\,D/D' \rfloor \le m < \lceil (i+1)\,D/D' \rceil
    ```

    This is along the depth; height and width likewise.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` of the chosen size.

    Source: PyTorch `torch.nn.AdaptiveAvgPool3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    output_size: Size = _target(1, 3, "px")

    def build(self, input: TensorType) -> Call:
        return _adaptive("Avg", self, 3)


@layer(family="Pooling", telling=("output_size",), synonyms=_GLOBAL_MAX)
class AdaptiveMaxPool1d(Found):
    r"""Keep the largest values of a signal at a chosen length, whatever its own.

    Use it where it matters that a pattern occurs, not how often: with length 1 each channel says whether its filter
    found it anywhere.

    ```math
    y_{c,i} = \max_m\, x_{c,m}, \qquad \lfloor i\,T/T' \rfloor \le m < \lceil (i+1)\,T/T' \rceil
    ```

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` of the chosen size.

    Source: PyTorch `torch.nn.AdaptiveMaxPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")
    indices = Port("N C T'", dtype="int", help=INDICES_HELP)

    output_size: Size = _target(1, 1, "steps")

    def build(self, input: TensorType) -> Call:
        return _adaptive("Max", self, 1, return_indices=self.return_indices)


@layer(family="Pooling", telling=("output_size",), synonyms=_GLOBAL_MAX)
class AdaptiveMaxPool2d(Found):
    r"""Keep the largest values of an image at a chosen size, whatever its own.

    Use it where it matters that a pattern occurs, not how often: with size 1 each channel says whether its filter
    found it anywhere.

    ```math
    y_{c,i} = \max_m\, x_{c,m}, \qquad \lfloor i\,H/H' \rfloor \le m < \lceil (i+1)\,H/H' \rceil
    ```

    This is along the height; the width likewise.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` of the chosen size.

    Source: PyTorch `torch.nn.AdaptiveMaxPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")
    indices = Port("N C H' W'", dtype="int", help=INDICES_HELP)

    output_size: Size = _target(1, 2, "px")

    def build(self, input: TensorType) -> Call:
        return _adaptive("Max", self, 2, return_indices=self.return_indices)


@layer(family="Pooling", telling=("output_size",), synonyms=_GLOBAL_MAX)
class AdaptiveMaxPool3d(Found):
    r"""Keep the largest values of a volume at a chosen size, whatever its own.

    Use it where it matters that a pattern occurs, not how often: with size 1 each channel says whether its filter
    found it anywhere.

    ```math
    y_{c,i} = \max_m\, x_{c,m}, \qquad \lfloor i\,D/D' \rfloor \le m < \lceil (i+1)\,D/D' \rceil
    ```

    This is along the depth; height and width likewise.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` of the chosen size.

    Source: PyTorch `torch.nn.AdaptiveMaxPool3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")
    indices = Port("N C D' H' W'", dtype="int", help=INDICES_HELP)

    output_size: Size = _target(1, 3, "px")

    def build(self, input: TensorType) -> Call:
        return _adaptive("Max", self, 3, return_indices=self.return_indices)


@layer(family="Pooling", telling=("kernel_size",), synonyms=_FRACTIONAL)
class FractionalMaxPool2d(Found):
    r"""Keep the largest value of windows of an image that lie at random, shrinking it by any ratio.

    Use it to shrink more gently than by half. The windows are drawn anew at each training step, which works against
    learning by heart; when predicting they lie still.

    ```math
    y_{c,i} = \max_{0 \le m < k} x_{c,\,a_i + m}, \qquad a_i = \lceil \alpha (i + u) \rceil - \lceil \alpha u \rceil
    ```

    Here k is the window, α about 1/ratio and u random from 0 to 1, for each axis by itself.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` of the chosen size or ratio.

    Source: Graham, "Fractional max-pooling" (2014), section 2; PyTorch `torch.nn.FractionalMaxPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")
    indices = Port("N C H' W'", dtype="int", help=INDICES_HELP)

    kernel_size: Size = kernel_param(2, "px")
    output_size: Size | None = _ratio_size(2, "px")
    output_ratio: float = _ratio()

    def build(self, input: TensorType) -> Call:
        return _fractional(self, 2, input)


@layer(family="Pooling", telling=("kernel_size",), synonyms=_FRACTIONAL)
class FractionalMaxPool3d(Found):
    r"""Keep the largest value of windows of a volume that lie at random, shrinking it by any ratio.

    Use it to shrink more gently than by half. The windows are drawn anew at each training step, which works against
    learning by heart; when predicting they lie still.

    ```math
    y_{c,i} = \max_{0 \le m < k} x_{c,\,a_i + m}, \qquad a_i = \lceil \alpha (i + u) \rceil - \lceil \alpha u \rceil
    ```

    Here k is the window, α about 1/ratio and u random from 0 to 1, for each axis by itself.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` of the chosen size or ratio.

    Source: Graham, "Fractional max-pooling" (2014), section 2; PyTorch `torch.nn.FractionalMaxPool3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")
    indices = Port("N C D' H' W'", dtype="int", help=INDICES_HELP)

    kernel_size: Size = kernel_param(3, "px")
    output_size: Size | None = _ratio_size(3, "px")
    output_ratio: float = _ratio()

    def build(self, input: TensorType) -> Call:
        return _fractional(self, 3, input)
