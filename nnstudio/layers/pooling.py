"""Pooling: one number for each window, so that what comes after sees more at once."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, check_window, each, shown
from nnstudio.layers.types import TensorType

_MAX = ("pooling", "downsample", "subsample", "maximum")
_AVERAGE = ("pooling", "downsample", "subsample", "mean", "average")


def _kernel(axes: int, unit: str) -> Any:
    return param(2, axes=axes, min=1, title="Window", unit=unit, help="how many places become one")


def _stride(axes: int, unit: str) -> Any:
    return param(
        None, kind="size", axes=axes, min=1, title="Stride", unit=unit,
        help="how far the window moves at each step; left empty, by its own size, so that windows do not overlap",
    )  # fmt: skip


def _padding(axes: int, unit: str) -> Any:
    return param(0, axes=axes, min=0, title="Padding", unit=unit, help="how much is added around the edge")


def _partial() -> Any:
    return param(False, title="Partial windows", help="keep windows at the end that are not full")


def _target(default: int, axes: int, unit: str) -> Any:
    return param(default, axes=axes, min=1, title="Size", unit=unit, help="the size that comes out, whatever goes in")


def _pool(kind: str, layer: Any, input: TensorType) -> Call:
    axes = input.rank - 2
    kernel, padding = each(layer.kernel_size, axes), each(layer.padding, axes)
    for k, p in zip(kernel, padding, strict=True):
        if 2 * p > k:
            raise BuildError(
                f"has a padding of {shown(padding)}, more than half its window of {shown(kernel)}",
                f"pad by at most {k // 2}",
            )
    check_window(input, layer.kernel_size, layer.padding)
    extra = {} if layer.stride is None else {"stride": layer.stride}
    return Call(
        f"torch.nn.{kind}Pool{axes}d", layer.kernel_size, **extra, padding=layer.padding, ceil_mode=layer.ceil_mode
    )


@layer(family="Pooling", icon="maxpool1d", telling=("kernel_size",), synonyms=_MAX)
class MaxPool1d(Layer):
    """Keep the largest value of each window along a signal.

    Use it after a Conv1d to shorten the signal while keeping what fired most strongly.

    Formula: `y[c, t] = max_k x[c, stride·t + k]`.

    Source: PyTorch `torch.nn.MaxPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    kernel_size: Size = _kernel(1, "steps")
    stride: Size | None = _stride(1, "steps")
    padding: Size = _padding(1, "steps")
    ceil_mode: bool = _partial()

    def build(self, input: TensorType) -> Call:
        return _pool("Max", self, input)


@layer(family="Pooling", icon="maxpool2d", telling=("kernel_size",), synonyms=_MAX)
class MaxPool2d(Layer):
    """Keep the largest value of each window of an image.

    The usual way to halve a picture after a Conv2d: what a filter found stays, where exactly it found it fades.

    Formula: `y[c, h, w] = max_{i, j} x[c, stride·h + i, stride·w + j]`.

    Source: Riesenhuber and Poggio, "Hierarchical models of object recognition in cortex" (1999); PyTorch
    `torch.nn.MaxPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    kernel_size: Size = _kernel(2, "px")
    stride: Size | None = _stride(2, "px")
    padding: Size = _padding(2, "px")
    ceil_mode: bool = _partial()

    def build(self, input: TensorType) -> Call:
        return _pool("Max", self, input)


@layer(family="Pooling", icon="avgpool1d", telling=("kernel_size",), synonyms=_AVERAGE)
class AvgPool1d(Layer):
    """Average each window along a signal.

    Use it to shorten and smooth a signal.

    Formula: `y[c, t] = (1/k) Σ_k x[c, stride·t + k]`.

    Source: PyTorch `torch.nn.AvgPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    kernel_size: Size = _kernel(1, "steps")
    stride: Size | None = _stride(1, "steps")
    padding: Size = _padding(1, "steps")
    ceil_mode: bool = _partial()

    def build(self, input: TensorType) -> Call:
        return _pool("Avg", self, input)


@layer(family="Pooling", icon="avgpool2d", telling=("kernel_size",), synonyms=_AVERAGE)
class AvgPool2d(Layer):
    """Average each window of an image.

    Use it to halve a picture where everything in a window counts, not only the strongest.

    Formula: `y[c, h, w] = (1/k²) Σ_{i, j} x[c, stride·h + i, stride·w + j]`.

    Source: LeCun et al., "Gradient-based learning applied to document recognition" (1998); PyTorch
    `torch.nn.AvgPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    kernel_size: Size = _kernel(2, "px")
    stride: Size | None = _stride(2, "px")
    padding: Size = _padding(2, "px")
    ceil_mode: bool = _partial()

    def build(self, input: TensorType) -> Call:
        return _pool("Avg", self, input)


@layer(
    family="Pooling", icon="adaptiveavgpool1d", telling=("output_size",), synonyms=(*_AVERAGE, "global average", "gap")
)
class AdaptiveAvgPool1d(Layer):
    """Average a signal down to a chosen length, whatever its own.

    With length 1 each channel becomes one number: the end of a network on signals.

    Formula: output step i averages the steps from `⌊i·T/T'⌋` to `⌈(i + 1)·T/T'⌉`.

    Source: PyTorch `torch.nn.AdaptiveAvgPool1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    output_size: Size = _target(1, 1, "steps")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.AdaptiveAvgPool1d", self.output_size)


@layer(
    family="Pooling", icon="adaptiveavgpool2d", telling=("output_size",), synonyms=(*_AVERAGE, "global average", "gap")
)
class AdaptiveAvgPool2d(Layer):
    """Average an image down to a chosen size, whatever its own.

    With size 1 each channel becomes one number, so that a Linear can follow pictures of any size.

    Formula: output row i averages the rows from `⌊i·H/H'⌋` to `⌈(i + 1)·H/H'⌉`; columns likewise.

    Source: Lin et al., "Network in network" (2013); PyTorch `torch.nn.AdaptiveAvgPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    output_size: Size = _target(1, 2, "px")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.AdaptiveAvgPool2d", self.output_size)


@layer(family="Pooling", icon="adaptivemaxpool2d", telling=("output_size",), synonyms=(*_MAX, "global maximum"))
class AdaptiveMaxPool2d(Layer):
    """Keep the largest values of an image at a chosen size, whatever its own.

    With size 1 each channel becomes one number: did this filter find its pattern anywhere?

    Formula: output row i is the maximum over the rows from `⌊i·H/H'⌋` to `⌈(i + 1)·H/H'⌉`; columns likewise.

    Source: PyTorch `torch.nn.AdaptiveMaxPool2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    output_size: Size = _target(1, 2, "px")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.AdaptiveMaxPool2d", self.output_size)
