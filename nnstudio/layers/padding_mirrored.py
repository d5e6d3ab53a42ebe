"""Padding from what is there: mirrored, repeated, or from the other side."""

from __future__ import annotations

from nnstudio.layers.base import Layer, Port, layer
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size
from nnstudio.layers.padding import PADDING, padded, padding_param
from nnstudio.layers.types import TensorType


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "mirror"))
class ReflectionPad1d(Layer):
    r"""Add an edge that mirrors the signal, without the outermost value itself.

    Use it where a seam at the edge would show: style transfer, restoration, sound.

    ```math
    y_{c,t} = x_{c,r(t - l)}, \qquad r(i) = \min(|i|,\; 2(n - 1) - |i|)
    ```

    Here l is the padding at the left, n the size of the axis.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = T + left + right`.

    Source: PyTorch `torch.nn.ReflectionPad1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    padding: Size = padding_param(1, "steps")

    def build(self, input: TensorType) -> Call:
        return padded("Reflection", self, input, most=1)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "mirror"))
class ReflectionPad2d(Layer):
    r"""Add an edge that mirrors the image, without the outermost value itself.

    Use it where a seam at the edge would show: style transfer, restoration, sound.

    ```math
    y_{c,h,w} = x_{c,r(h - t),r(w - l)}, \qquad r(i) = \min(|i|,\; 2(n - 1) - |i|)
    ```

    Here l and t are the padding at the left and the top, n the size of the axis.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = H + top + bottom` and
    `W' = W + left + right`.

    Source: PyTorch `torch.nn.ReflectionPad2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    padding: Size = padding_param(2, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Reflection", self, input, most=1)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "mirror"))
class ReflectionPad3d(Layer):
    r"""Add an edge that mirrors the volume, without the outermost value itself.

    Use it where a seam at the edge would show: style transfer, restoration, sound.

    ```math
    y_{c,z,h,w} = x_{c,r(z - f),r(h - t),r(w - l)}, \qquad r(i) = \min(|i|,\; 2(n - 1) - |i|)
    ```

    Here l, t and f are the padding at the left, the top and the front, n the size of the axis.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'`, each longer by its two sides.

    Source: PyTorch `torch.nn.ReflectionPad3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    padding: Size = padding_param(3, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Reflection", self, input, most=1)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "nearest", "repeat", "clamp to edge"))
class ReplicationPad1d(Layer):
    r"""Add an edge that repeats the outermost value of the signal.

    Use it where values go on beyond the edge much as they end there.

    ```math
    y_{c,t} = x_{c,r(t - l)}, \qquad r(i) = \min(\max(i, 0), n - 1)
    ```

    Here l is the padding at the left, n the size of the axis.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = T + left + right`.

    Source: PyTorch `torch.nn.ReplicationPad1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    padding: Size = padding_param(1, "steps")

    def build(self, input: TensorType) -> Call:
        return padded("Replication", self, input)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "nearest", "repeat", "clamp to edge"))
class ReplicationPad2d(Layer):
    r"""Add an edge that repeats the outermost value of the image.

    Use it where values go on beyond the edge much as they end there.

    ```math
    y_{c,h,w} = x_{c,r(h - t),r(w - l)}, \qquad r(i) = \min(\max(i, 0), n - 1)
    ```

    Here l and t are the padding at the left and the top, n the size of the axis.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = H + top + bottom` and
    `W' = W + left + right`.

    Source: PyTorch `torch.nn.ReplicationPad2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    padding: Size = padding_param(2, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Replication", self, input)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "nearest", "repeat", "clamp to edge"))
class ReplicationPad3d(Layer):
    r"""Add an edge that repeats the outermost value of the volume.

    Use it where values go on beyond the edge much as they end there.

    ```math
    y_{c,z,h,w} = x_{c,r(z - f),r(h - t),r(w - l)}, \qquad r(i) = \min(\max(i, 0), n - 1)
    ```

    Here l, t and f are the padding at the left, the top and the front, n the size of the axis.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'`, each longer by its two sides.

    Source: PyTorch `torch.nn.ReplicationPad3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    padding: Size = padding_param(3, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Replication", self, input)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "wrap around", "periodic", "torus"))
class CircularPad1d(Layer):
    r"""Add an edge from the opposite side of the signal, as if it went round.

    Use it for what is periodic: panoramas, angles, a day's hours, fields on a torus.

    ```math
    y_{c,t} = x_{c,r(t - l)}, \qquad r(i) = i \bmod n
    ```

    Here l is the padding at the left, n the size of the axis.

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = T + left + right`.

    Source: PyTorch `torch.nn.CircularPad1d`.
    """

    input = Port("N C T")
    output = Port("N C T'")

    padding: Size = padding_param(1, "steps")

    def build(self, input: TensorType) -> Call:
        return padded("Circular", self, input, most=0)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "wrap around", "periodic", "torus"))
class CircularPad2d(Layer):
    r"""Add an edge from the opposite side of the image, as if it went round.

    Use it for what is periodic: panoramas, angles, a day's hours, fields on a torus.

    ```math
    y_{c,h,w} = x_{c,r(h - t),r(w - l)}, \qquad r(i) = i \bmod n
    ```

    Here l and t are the padding at the left and the top, n the size of the axis.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = H + top + bottom` and
    `W' = W + left + right`.

    Source: PyTorch `torch.nn.CircularPad2d`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    padding: Size = padding_param(2, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Circular", self, input, most=0)


@layer(family="Padding and resizing", telling=("padding",), synonyms=(*PADDING, "wrap around", "periodic", "torus"))
class CircularPad3d(Layer):
    r"""Add an edge from the opposite side of the volume, as if it went round.

    Use it for what is periodic: panoramas, angles, a day's hours, fields on a torus.

    ```math
    y_{c,z,h,w} = x_{c,r(z - f),r(h - t),r(w - l)}, \qquad r(i) = i \bmod n
    ```

    Here l, t and f are the padding at the left, the top and the front, n the size of the axis.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'`, each longer by its two sides.

    Source: PyTorch `torch.nn.CircularPad3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D' H' W'")

    padding: Size = padding_param(3, "px")

    def build(self, input: TensorType) -> Call:
        return padded("Circular", self, input, most=0)
