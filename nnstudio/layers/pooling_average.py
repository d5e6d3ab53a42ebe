"""Pooling by the mean and by norms."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, check_window, each
from nnstudio.layers.pooling import check_padding, kernel_param, padding_param, partial_param, stride_of, stride_param
from nnstudio.layers.types import TensorType

AVERAGE = ("pooling", "downsample", "subsample", "mean", "average", "average pooling")
_NORM = ("pooling", "downsample", "power average", "lp", "l2 pooling", "norm")


def _count_edge() -> Any:
    return param(True, title="Count padding", help="count the zeros of the padding in the mean")


def _divisor() -> Any:
    return param(
        None, kind="int", min=1, title="Divide by", help="divides the sum; left empty, the number of places of a window"
    )


def _power() -> Any:
    return param(
        2.0, min=1.0, max=16.0, title="Power", help="1 sums absolute values; the larger, the nearer to the maximum"
    )


def _average_pool(layer: Any, axes: int, input: TensorType, **more: Any) -> Call:
    check_padding(layer.kernel_size, layer.padding, axes)
    check_window(input, layer.kernel_size, layer.padding)
    return Call(
        f"torch.nn.AvgPool{axes}d", layer.kernel_size, **stride_of(layer), padding=layer.padding,
        ceil_mode=layer.ceil_mode, count_include_pad=layer.count_include_pad, **more,
    )  # fmt: skip


def _norm_pool(layer: Any, axes: int, input: TensorType) -> Call:
    check_window(input, layer.kernel_size)
    kernel = each(layer.kernel_size, 1)[0] if axes == 1 else layer.kernel_size  # torch multiplies by it
    return Call(f"nnstudio.nn.LPPool{axes}d", layer.norm_type, kernel, **stride_of(layer), ceil_mode=layer.ceil_mode)


@layer(family="Pooling", telling=("kernel_size",), synonyms=AVERAGE)
class AvgPool1d(Layer):
    r"""Average each window of a signal.

    Use it to shorten and smooth a signal.

    ```math
    y_{c,t} = \frac{1}{k} \sum_{k} x_{c,\; s t + k - p}
    ```

    Here k is the window, s the stride and p the padding.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = ⌊(T + 2p − k) / s⌋ + 1`.

    Source: PyTorch `torch.nn.AvgPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    kernel_size: Size = kernel_param(1, "steps")
    stride: Size | None = stride_param(1, "steps")
    padding: Size = padding_param(1, "steps")
    ceil_mode: bool = partial_param()
    count_include_pad: bool = _count_edge()

    def build(self, input: TensorType) -> Call:
        return _average_pool(self, 1, input)


@layer(family="Pooling", telling=("kernel_size",), synonyms=AVERAGE)
class AvgPool2d(Layer):
    r"""Average each window of an image.

    Use it to halve a picture where everything in a window counts, not only the strongest.

    ```math
    y_{c,h,w} = \frac{1}{k^2} \sum_{i,j} x_{c,\; s h + i - p,\; s w + j - p}
    ```

    Here k is the window, s the stride and p the padding.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = ⌊(H + 2p − k) / s⌋ + 1`, W' likewise.

    Source: LeCun et al., "Gradient-based learning applied to document recognition" (1998), section II; PyTorch
    `torch.nn.AvgPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    kernel_size: Size = kernel_param(2, "px")
    stride: Size | None = stride_param(2, "px")
    padding: Size = padding_param(2, "px")
    ceil_mode: bool = partial_param()
    count_include_pad: bool = _count_edge()
    divisor_override: int | None = _divisor()

    def build(self, input: TensorType) -> Call:
        return _average_pool(self, 2, input, divisor_override=self.divisor_override)


@layer(family="Pooling", telling=("kernel_size",), synonyms=AVERAGE)
class AvgPool3d(Layer):
    r"""Average each window of a volume.

    Use it to halve a scan or film where everything in a window counts, not only the strongest.

    ```math
    y_{c,z,h,w} = \frac{1}{k^3} \sum_{i,j,k} x_{c,\; s z + i - p,\; s h + j - p,\; s w + k - p}
    ```

    Here k is the window, s the stride and p the padding.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` with `D' = ⌊(D + 2p − k) / s⌋ + 1`, H'
    and W' likewise.

    Source: PyTorch `torch.nn.AvgPool3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    kernel_size: Size = kernel_param(3, "px")
    stride: Size | None = stride_param(3, "px")
    padding: Size = padding_param(3, "px")
    ceil_mode: bool = partial_param()
    count_include_pad: bool = _count_edge()
    divisor_override: int | None = _divisor()

    def build(self, input: TensorType) -> Call:
        return _average_pool(self, 3, input, divisor_override=self.divisor_override)


@layer(family="Pooling", telling=("norm_type", "kernel_size"), synonyms=_NORM)
class LPPool1d(Layer):
    r"""Take the norm of each window of a signal: between the sum and the maximum.

    Use it where the mean washes out too much and the maximum listens to one value alone.

    ```math
    y_{c,t} = \Big( \sum_{k} |x_{c,\; s t + k}|^{q} \Big)^{1/q}
    ```

    Here q is the power and s the stride.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = ⌊(T − k) / s⌋ + 1`.

    Source: Sermanet et al., "Convolutional neural networks applied to house numbers digit classification" (2012),
    section 2.2; PyTorch `torch.nn.LPPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    norm_type: float = _power()
    kernel_size: Size = kernel_param(1, "steps")
    stride: Size | None = stride_param(1, "steps")
    ceil_mode: bool = partial_param()

    def build(self, input: TensorType) -> Call:
        return _norm_pool(self, 1, input)


@layer(family="Pooling", telling=("norm_type", "kernel_size"), synonyms=_NORM)
class LPPool2d(Layer):
    r"""Take the norm of each window of an image: between the sum and the maximum.

    Use it where the mean washes out too much and the maximum listens to one value alone.

    ```math
    y_{c,h,w} = \Big( \sum_{i,j} |x_{c,\; s h + i,\; s w + j}|^{q} \Big)^{1/q}
    ```

    Here q is the power and s the stride.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = ⌊(H − k) / s⌋ + 1`, W' likewise.

    Source: Sermanet et al., "Convolutional neural networks applied to house numbers digit classification" (2012),
    section 2.2; PyTorch `torch.nn.LPPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    norm_type: float = _power()
    kernel_size: Size = kernel_param(2, "px")
    stride: Size | None = stride_param(2, "px")
    ceil_mode: bool = partial_param()

    def build(self, input: TensorType) -> Call:
        return _norm_pool(self, 2, input)


@layer(family="Pooling", telling=("norm_type", "kernel_size"), synonyms=_NORM)
class LPPool3d(Layer):
    r"""Take the norm of each window of a volume: between the sum and the maximum.

    Use it where the mean washes out too much and the maximum listens to one value alone.

    ```math
    y_{c,z,h,w} = \Big( \sum_{i,j,k} |x_{c,\; s z + i,\; s h + j,\; s w + k}|^{q} \Big)^{1/q}
    ```

    Here q is the power and s the stride.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` with `D' = ⌊(D − k) / s⌋ + 1`, H' and
    W' likewise.

    Source: Sermanet et al., "Convolutional neural networks applied to house numbers digit classification" (2012),
    section 2.2; PyTorch `torch.nn.LPPool3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    norm_type: float = _power()
    kernel_size: Size = kernel_param(3, "px")
    stride: Size | None = stride_param(3, "px")
    ceil_mode: bool = partial_param()

    def build(self, input: TensorType) -> Call:
        return _norm_pool(self, 3, input)
