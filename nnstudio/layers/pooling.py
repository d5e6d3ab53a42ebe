"""Pooling by the largest value, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, check_window, each, shown
from nnstudio.layers.types import TensorType

MAX = ("pooling", "downsample", "subsample", "maximum")
INDICES_HELP = "where each largest value was found, as MaxUnpool takes it"


def kernel_param(axes: int, unit: str) -> Any:
    return param(2, axes=axes, min=1, title="Window", unit=unit, help="how many places become one")


def stride_param(axes: int, unit: str) -> Any:
    return param(
        None, kind="size", axes=axes, min=1, title="Stride", unit=unit,
        help="how far the window moves at each step; left empty, by its own size, so that windows do not overlap",
    )  # fmt: skip


def padding_param(axes: int, unit: str) -> Any:
    return param(0, axes=axes, min=0, title="Padding", unit=unit, help="how much is added around the edge")


def partial_param() -> Any:
    return param(False, title="Partial windows", help="keep windows at the end that are not full")


def indices_param() -> Any:
    return param(False, title="Indices", help="also say where each largest value was found, for a MaxUnpool")


def check_padding(kernel_size: Size, padding: Size, axes: int) -> None:
    """Refuse a padding of more than half the window, of which nothing but padding would be seen. BuildError."""
    kernel, paddings = each(kernel_size, axes), each(padding, axes)
    for k, p in zip(kernel, paddings, strict=True):
        if 2 * p > k:
            raise BuildError(
                f"has a padding of {shown(paddings)}, more than half its window of {shown(kernel)}",
                f"pad by at most {k // 2}",
            )


def _check_seen(layer: Any, axes: int, input: TensorType) -> None:
    """Refuse a window whose places, spread by its dilation, all lie in the padding (its maximum is −∞). BuildError."""
    kernels, paddings, dilations = (each(size, axes) for size in (layer.kernel_size, layer.padding, layer.dilation))
    strides = kernels if layer.stride is None else each(layer.stride, axes)
    for size, k, s, p, d in zip(input.sizes[2:], kernels, strides, paddings, dilations, strict=True):
        for start in range(-p, 0, s):  # windows that start further on have their first place inside
            if isinstance(size, int) and not any(0 <= start + d * place < size for place in range(k)):
                raise BuildError(
                    f"has windows that see nothing but padding: its places are {d} apart and its input is "
                    f"{shown(input.sizes[2:])}",
                    "make the dilation smaller, or pad less",
                )


def stride_of(layer: Any) -> dict[str, Any]:
    """The stride where it is set; torch takes the window's size otherwise."""
    return {} if layer.stride is None else {"stride": layer.stride}


@dataclass(frozen=True, kw_only=True)
class Found(Layer):
    """Base of poolings that can also say where they found each value."""

    output = Port("N C *")
    indices = Port("N C *", dtype="int", help=INDICES_HELP)

    return_indices: bool = indices_param()

    def changed_ports(self) -> Mapping[str, Port | None]:
        return {} if self.return_indices else {"indices": None}


def _max_pool(layer: Any, axes: int, input: TensorType) -> Call:
    check_padding(layer.kernel_size, layer.padding, axes)
    check_window(input, layer.kernel_size, layer.padding, layer.dilation)
    _check_seen(layer, axes, input)
    return Call(
        f"torch.nn.MaxPool{axes}d", layer.kernel_size, **stride_of(layer), padding=layer.padding,
        dilation=layer.dilation, return_indices=layer.return_indices, ceil_mode=layer.ceil_mode,
    )  # fmt: skip


@layer(family="Pooling", telling=("kernel_size",), synonyms=MAX)
class MaxPool1d(Found):
    r"""Keep the largest value of each window of a signal.

    Use it after a Conv1d to shorten the signal while keeping what fired most strongly.

    ```math
    y_{c,t} = \max_{k} x_{c,\; s t + d k - p}
    ```

    Here s is the stride, d the dilation and p the padding (which never wins).

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with
    `T' = ⌊(T + 2p − d(k − 1) − 1) / s⌋ + 1`.

    Source: PyTorch `torch.nn.MaxPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")
    indices = Port("N C T'", dtype="int", help=INDICES_HELP)

    kernel_size: Size = kernel_param(1, "steps")
    stride: Size | None = stride_param(1, "steps")
    padding: Size = padding_param(1, "steps")
    dilation: Size = param(1, axes=1, min=1, title="Dilation", help="distance between the places of a window")
    ceil_mode: bool = partial_param()

    def build(self, input: TensorType) -> Call:
        return _max_pool(self, 1, input)


@layer(family="Pooling", telling=("kernel_size",), synonyms=MAX)
class MaxPool2d(Found):
    r"""Keep the largest value of each window of an image.

    Use it to halve a picture after a Conv2d: what a filter found stays, where exactly it found it fades.

    ```math
    y_{c,h,w} = \max_{i,j} x_{c,\; s h + d i - p,\; s w + d j - p}
    ```

    Here s is the stride, d the dilation and p the padding (which never wins).

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with
    `H' = ⌊(H + 2p − d(k − 1) − 1) / s⌋ + 1`, W' likewise.

    Source: Riesenhuber and Poggio, "Hierarchical models of object recognition in cortex" (1999); PyTorch
    `torch.nn.MaxPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")
    indices = Port("N C H' W'", dtype="int", help=INDICES_HELP)

    kernel_size: Size = kernel_param(2, "px")
    stride: Size | None = stride_param(2, "px")
    padding: Size = padding_param(2, "px")
    dilation: Size = param(1, axes=2, min=1, title="Dilation", help="distance between the places of a window")
    ceil_mode: bool = partial_param()

    def build(self, input: TensorType) -> Call:
        return _max_pool(self, 2, input)


@layer(family="Pooling", telling=("kernel_size",), synonyms=MAX)
class MaxPool3d(Found):
    r"""Keep the largest value of each window of a volume.

    Use it after a Conv3d to halve a scan or film while keeping what fired most strongly.

    ```math
    y_{c,z,h,w} = \max_{i,j,k} x_{c,\; s z + d i - p,\; s h + d j - p,\; s w + d k - p}
    ```

    Here s is the stride, d the dilation and p the padding (which never wins).

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` with
    `D' = ⌊(D + 2p − d(k − 1) − 1) / s⌋ + 1`, H' and W' likewise.

    Source: PyTorch `torch.nn.MaxPool3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")
    indices = Port("N C D' H' W'", dtype="int", help=INDICES_HELP)

    kernel_size: Size = kernel_param(3, "px")
    stride: Size | None = stride_param(3, "px")
    padding: Size = padding_param(3, "px")
    dilation: Size = param(1, axes=3, min=1, title="Dilation", help="distance between the places of a window")
    ceil_mode: bool = partial_param()

    def build(self, input: TensorType) -> Call:
        return _max_pool(self, 3, input)
