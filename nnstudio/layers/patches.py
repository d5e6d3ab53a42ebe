"""Pictures cut into patches and put together again, and channels moved into space and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, check_window, each, fixed, listed, place_of, shown
from nnstudio.layers.types import TensorType


@layer(family="Shape", telling=("kernel_size",), synonyms=("im2col", "patches", "sliding window", "unfold"))
class Unfold(Layer):
    r"""Cut every window out of an image and lay it out as a column.

    Use it to work on patches by hand: local attention, or a convolution as a matrix product.

    ```math
    y_{(c\,k_h + i)\,k_w + j,\;l} = x_{c,\;s u + d i - p,\;s v + d j - p}, \qquad l = u\,L_w + v
    ```

    Here k is the kernel, s the stride, d the dilation, p the padding and L_w the number of windows in a row.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×(C·k·k)×L` (channel, patch).

    Source: PyTorch `torch.nn.Unfold`.
    """

    input = Port("N C H W")
    output = Port("N C' B")

    kernel_size: Size = param(3, axes=2, min=1, title="Window", unit="px", help="how large each patch is")
    stride: Size = param(1, axes=2, min=1, title="Stride", unit="px", help="how far the window moves at each step")
    padding: Size = param(0, axes=2, min=0, title="Padding", unit="px", help="zeros that are added around the edge")
    dilation: Size = param(1, axes=2, min=1, title="Dilation", help="distance between the points of a window")

    def build(self, input: TensorType) -> Call:
        check_window(input, self.kernel_size, self.padding, self.dilation)
        return Call(
            "torch.nn.Unfold", self.kernel_size, dilation=self.dilation, padding=self.padding, stride=self.stride
        )


@layer(family="Shape", telling=("output_size",), synonyms=("col2im", "patches", "overlap add", "reassemble"))
class Fold(Layer):
    r"""Put columns of patches together to an image, adding where patches overlap.

    Use it as the way back from Unfold with the same window, stride, padding and dilation. Where windows overlap the
    sum comes out, not the mean.

    ```math
    y_{c,h,w} = \sum_{s u + d i - p = h} \; \sum_{s v + d j - p = w} x_{(c\,k_h + i)\,k_w + j,\;u L_w + v}
    ```

    Here k is the kernel, s the stride, d the dilation, p the padding and L_w the number of windows in a row.

    Shapes: `N×(C·k·k)×L` (channel, patch) becomes `N×C×H'×W'` of the chosen size.

    Source: PyTorch `torch.nn.Fold`.
    """

    input = Port("N C B")
    output = Port("N C' H' W'")

    output_size: Size = param(8, axes=2, min=1, title="Size", unit="px", help="height and width of the image")
    kernel_size: Size = param(3, axes=2, min=1, title="Window", unit="px", help="how large each patch is")
    stride: Size = param(1, axes=2, min=1, title="Stride", unit="px", help="how far the window moves at each step")
    padding: Size = param(0, axes=2, min=0, title="Padding", unit="px", help="what was added around the edge")
    dilation: Size = param(1, axes=2, min=1, title="Dilation", help="distance between the points of a window")

    def build(self, input: TensorType) -> Call:
        kernel = each(self.kernel_size, 2)
        area = math.prod(kernel)
        if input["C"] % area:
            raise BuildError(
                f"has windows of {shown(kernel)}, {area} numbers, and its input has {input['C']} channels",
                f"feed it a multiple of {area} channels",
            )
        counts = self._windows()
        patches = input.axes[2].size
        if min(counts) < 1:
            raise BuildError(
                f"has windows that do not fit into {shown(each(self.output_size, 2))}",
                "make its size larger or its window smaller",
            )
        if isinstance(patches, int) and patches != math.prod(counts):
            raise BuildError(
                f"puts {shown(counts)} = {math.prod(counts)} windows together, and its input has {patches} patches",
                "choose the size that went into the Unfold",
            )
        return Call(
            "torch.nn.Fold", self.output_size, self.kernel_size, dilation=self.dilation, padding=self.padding,
            stride=self.stride,
        )  # fmt: skip

    def _windows(self) -> tuple[int, ...]:
        """How many windows there are along the height and the width."""
        sizes = (self.output_size, self.kernel_size, self.stride, self.padding, self.dilation)
        return tuple(
            (size + 2 * p - d * (k - 1) - 1) // s + 1
            for size, k, s, p, d in zip(*(each(value, 2) for value in sizes), strict=True)
        )


@layer(
    family="Padding and resizing", telling=("upscale_factor",),
    synonyms=("depth to space", "sub-pixel convolution", "super-resolution", "upsampling"),
)  # fmt: skip
class PixelShuffle(Layer):
    r"""Move channels into space: the image grows, and has fewer channels.

    Use it behind a Conv2d to enlarge pictures without the checkerboard of transposed convolutions.

    ```math
    y_{c,\,r h + i,\,r w + j} = x_{c r^2 + r i + j,\,h,\,w}
    ```

    Here r is the factor.

    Shapes: `N×(C·r²)×H×W` (channel, height, width) becomes `N×C×(H·r)×(W·r)`.

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network" (2016), section 2.2; PyTorch `torch.nn.PixelShuffle`.
    """

    input = Port("N C H W")
    output = Port("N C' H' W'")

    upscale_factor: int = param(2, min=1, title="Factor", help="how many times larger the image becomes")

    def build(self, input: TensorType) -> Call:
        square = self.upscale_factor**2
        if input["C"] % square:
            raise BuildError(
                f"needs a multiple of {square} channels to grow {self.upscale_factor} times; it is fed {input['C']}",
                f"give the layer before it {square * math.ceil(input['C'] / square)} channels",
            )
        return Call("torch.nn.PixelShuffle", self.upscale_factor)


@layer(
    family="Padding and resizing",
    telling=("downscale_factor",),
    synonyms=("space to depth", "reorganise", "downsampling", "focus"),
)
class PixelUnshuffle(Layer):
    r"""Move space into channels: the image shrinks, and nothing is lost.

    Use it at the start of a network to work on a smaller image with all its pixels. The way back is PixelShuffle.

    ```math
    y_{c r^2 + r i + j,\,h,\,w} = x_{c,\,r h + i,\,r w + j}
    ```

    Here r is the factor.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×(C·r²)×(H/r)×(W/r)`; r must divide H and W.

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network" (2016), section 2.2; PyTorch `torch.nn.PixelUnshuffle`.
    """

    input = Port("N C H W")
    output = Port("N C' H' W'")

    downscale_factor: int = param(2, min=1, title="Factor", help="how many times smaller the image becomes")

    def build(self, input: TensorType) -> Call:
        for axis in input.axes[2:]:
            if isinstance(axis.size, int) and axis.size % self.downscale_factor:
                raise BuildError(
                    f"cannot shrink {axis.name} {axis.size} by {self.downscale_factor}, which does not divide it",
                    "choose a factor that divides height and width, or put a ZeroPad2d before it",
                )
        return Call("torch.nn.PixelUnshuffle", self.downscale_factor)


@layer(family="Shape", telling=("groups",), synonyms=("shufflenet", "mix channels", "group convolution", "permute"))
class ChannelShuffle(Layer):
    r"""Deal the channels out anew so that each group gets some of every group before.

    Use it between convolutions in groups, which do not see each other's channels, as ShuffleNet does.

    ```math
    y_{j g + i} = x_{i\,C/g + j}
    ```

    Here g is the number of groups.

    Shapes: `N×C×*` (channel first) with at least one more axis, which stays; g must divide C.

    Source: Zhang et al., "ShuffleNet" (2017), section 3.1; PyTorch `torch.nn.ChannelShuffle`.
    """

    input = Port("N C *")
    output = Port("N C *")

    groups: int = param(2, min=1, title="Groups", help="how many groups the channels are in")

    def build(self, input: TensorType) -> Call:
        if input.rank < 3:
            raise BuildError("needs channels with more than one value each; it is fed a vector",
                             "put it between convolutions")  # fmt: skip
        if input["C"] % self.groups:
            divisors = [n for n in range(1, input["C"] + 1) if input["C"] % n == 0]
            raise BuildError(
                f"cannot deal {input['C']} channels out to {self.groups} groups",
                f"set its groups to one of {listed(divisors)}",
            )
        return Call("torch.nn.ChannelShuffle", self.groups)


@layer(family="Shape", telling=("unflattened_size",), synonyms=("split axis", "reshape", "view", "heads", "unroll"))
class Unflatten(Layer):
    r"""Split one axis into several.

    Use it to share features among heads or groups, or to make an image of a vector; the way back is Flatten.

    ```math
    y_{\dots,\,i,\,j,\,\dots} = x_{\dots,\; i\,n_2 + j,\; \dots}
    ```

    Here the axis is split into n₁ × n₂.

    Shapes: `N×*`; the axis becomes the sizes that are given, whose product is its size.

    Source: PyTorch `torch.nn.Unflatten`.
    """

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    axis: int = param(
        -1, min=-8, max=8, title="Axis", help="which is split: 1 is the first after the batch, -1 the last"
    )
    unflattened_size: tuple[int, ...] = param(
        (2, -1), min=-1, title="Into", help="the sizes that it is split into; one may be -1"
    )

    def build(self, input: TensorType) -> Call:
        place = place_of(self.axis, input, what="split")
        size, sizes = fixed(input.axes[place].size, input.axes[place].name), self.unflattened_size
        known = math.prod(each for each in sizes if each > 0)
        shown_sizes = shown(sizes) or "nothing"
        if not sizes or 0 in sizes or sizes.count(-1) > 1:
            raise BuildError(f"cannot split an axis into {shown_sizes}", "use sizes of at least 1, and -1 at most once")
        if size % known or (-1 not in sizes and known != size):
            raise BuildError(
                f"cannot split an axis of {size} into {shown_sizes}", f"choose sizes whose product is {size}"
            )
        return Call("torch.nn.Unflatten", place, tuple(size // known if each == -1 else each for each in sizes))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        labels, place = inputs["input"].labels, place_of(self.axis, inputs["input"], what="split")
        return {"output": (*labels[:place], *("",) * len(self.unflattened_size), *labels[place + 1 :])}
