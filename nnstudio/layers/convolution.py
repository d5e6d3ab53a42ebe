"""Convolutions: learned filters that slide over a signal, an image or a volume."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, check_window, each, listed, shown
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
_SYNONYMS = ("convolution", "filter", "kernel", "cnn", "feature map")


def filters_param() -> Any:
    return param(32, min=1, title="Filters", help="how many filters are learned; each gives one channel")


def _kernel(axes: int, unit: str) -> Any:
    return param(3, axes=axes, min=1, title="Kernel", unit=unit, help="how far each filter reaches")


def _stride(axes: int, unit: str) -> Any:
    return param(1, axes=axes, min=1, title="Stride", unit=unit, help="how far the filter moves at each step")


def _padding(axes: int, unit: str) -> Any:
    return param(
        0, choices=("same", "valid"), axes=axes, min=0, title="Padding", unit=unit,
        help="how much is added around the edge; same keeps the size (at stride 1), valid adds nothing",
    )  # fmt: skip


def dilation_param(axes: int) -> Any:
    return param(1, axes=axes, min=1, title="Dilation", help="distance between the points that a filter looks at")


def groups_param() -> Any:
    return param(
        1, min=1, title="Groups",
        help="channels are split into so many groups that do not see each other; "
        "as many as there are channels makes it depthwise",
    )  # fmt: skip


def bias_param() -> Any:
    return param(True, title="Bias", help="add a learned offset to each channel")


def _mode() -> Any:
    return param(
        "zeros", choices=PADDING_MODES, title="Edge",
        help="what the padding is filled with: zeros, the mirrored image, the nearest value, or the other side",
    )  # fmt: skip


def check_groups(groups: int, channels: int, filters: int) -> None:
    for count, what in ((channels, "its input's channels"), (filters, "its filters")):
        if count % groups:
            divisors = [n for n in range(1, min(channels, filters) + 1) if not channels % n and not filters % n]
            raise BuildError(
                f"cannot split {what} ({count}) into {groups} groups",
                f"set its groups to one of {listed(divisors)}",
            )


def _padding_of(layer: Any, axes: int) -> Size:
    """The padding in numbers. BuildError where ``same`` would have to pad the two sides differently."""
    if layer.padding == "valid":
        return 0
    if layer.padding != "same":
        padding: Size = layer.padding
        return padding
    kernel, dilation = each(layer.kernel_size, axes), each(layer.dilation, axes)
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(each_total % 2 for each_total in total):
        raise BuildError(
            f"cannot pad both sides alike for a kernel of {shown(kernel)}",
            "make the kernel odd, such as 3 or 5, or give the padding as a number",
        )
    halves = tuple(each_total // 2 for each_total in total)
    return halves[0] if len(set(halves)) == 1 else halves


def _check_edge(mode: str, padding: Size, input: TensorType) -> None:
    sizes = input.sizes[2:]
    for size, p in zip(sizes, each(padding, len(sizes)), strict=True):
        most = size if mode == "circular" else size - 1 if isinstance(size, int) else size
        if mode in ("reflect", "circular") and isinstance(most, int) and p > most:
            raise BuildError(
                f"cannot fill a padding of {p} in {mode} fashion from an input of {shown(sizes)}",
                f"pad by at most {most}, or fill the edge with zeros",
            )


def _convolution(layer: Any, axes: int, input: TensorType) -> Call:
    padding = _padding_of(layer, axes)
    check_groups(layer.groups, input["C"], layer.out_channels)
    check_window(input, layer.kernel_size, padding, layer.dilation)
    _check_edge(layer.padding_mode, padding, input)
    return Call(
        f"torch.nn.Conv{axes}d", input["C"], layer.out_channels, kernel_size=layer.kernel_size, stride=layer.stride,
        padding=padding, dilation=layer.dilation, groups=layer.groups, bias=layer.bias,
        padding_mode=layer.padding_mode,
    )  # fmt: skip


@layer(
    family="Convolution",
    icon="conv1d",
    telling=("out_channels", "kernel_size"),
    synonyms=(*_SYNONYMS, "temporal", "signal", "audio"),
)
class Conv1d(Weighted):
    r"""Slide learned filters along a signal.

    Use it for sound, sensors, time series and text as characters: a filter finds the same pattern wherever it
    occurs. The axes are channel, then time; put a Permute before it where they come the other way round.

    ```math
    y_{c',t} = b_{c'} + \sum_c \sum_k W_{c',c,k}\; x_{c,\,s t + d k - p}
    ```

    Here s is the stride, d the dilation and p the padding.

    Shapes: `N×C×T` (channel, time) becomes `N×C'×T'` with C' filters and `T' = ⌊(T + 2p − d(k − 1) − 1) / s⌋ + 1`.

    Source: Waibel et al., "Phoneme recognition using time-delay neural networks" (1989); PyTorch `torch.nn.Conv1d`.
    """

    input = Port("N C T")
    output = Port("N C' T'")

    out_channels: int = filters_param()
    kernel_size: Size = _kernel(1, "steps")
    stride: Size = _stride(1, "steps")
    padding: str | Size = _padding(1, "steps")
    dilation: Size = dilation_param(1)
    groups: int = groups_param()
    bias: bool = bias_param()
    padding_mode: str = _mode()

    def build(self, input: TensorType) -> Call:
        return _convolution(self, 1, input)


@layer(
    family="Convolution",
    icon="conv2d",
    telling=("out_channels", "kernel_size"),
    synonyms=(*_SYNONYMS, "image", "depthwise"),
)
class Conv2d(Weighted):
    r"""Slide learned filters over an image.

    Use it wherever pictures come in: early filters learn edges, later ones textures and parts. Follow it with a
    normalisation and an activation, and shrink the picture with a pooling or a stride of 2 now and then.

    ```math
    y_{c',h,w} = b_{c'} + \sum_c \sum_i \sum_j W_{c',c,i,j}\; x_{c,\,s h + d i - p,\,s w + d j - p}
    ```

    Here s is the stride, d the dilation and p the padding.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C'×H'×W'` with C' filters and
    `H' = ⌊(H + 2p − d(k − 1) − 1) / s⌋ + 1`, W' likewise.

    Source: LeCun et al., "Gradient-based learning applied to document recognition" (1998), section II; PyTorch
    `torch.nn.Conv2d`.
    """

    input = Port("N C H W")
    output = Port("N C' H' W'")

    out_channels: int = filters_param()
    kernel_size: Size = _kernel(2, "px")
    stride: Size = _stride(2, "px")
    padding: str | Size = _padding(2, "px")
    dilation: Size = dilation_param(2)
    groups: int = groups_param()
    bias: bool = bias_param()
    padding_mode: str = _mode()

    def build(self, input: TensorType) -> Call:
        return _convolution(self, 2, input)


@layer(
    family="Convolution",
    icon="conv3d",
    telling=("out_channels", "kernel_size"),
    synonyms=(*_SYNONYMS, "volume", "video", "voxel"),
)
class Conv3d(Weighted):
    r"""Slide learned filters through a volume.

    Use it for scans and short films, where depth or time is a third direction. It costs as many times more than
    Conv2d as the kernel is deep.

    ```math
    y_{c',z,h,w} = b_{c'} + \sum_c \sum_{i,j,k} W_{c',c,i,j,k}\; x_{c,\,s z + d i - p,\,s h + d j - p,\,s w + d k - p}
    ```

    Here s is the stride, d the dilation and p the padding.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C'×D'×H'×W'` with C' filters and
    `D' = ⌊(D + 2p − d(k − 1) − 1) / s⌋ + 1`, H' and W' likewise.

    Source: Tran et al., "Learning spatiotemporal features with 3D convolutional networks" (2015), section 3; PyTorch
    `torch.nn.Conv3d`.
    """

    input = Port("N C D H W")
    output = Port("N C' D' H' W'")

    out_channels: int = filters_param()
    kernel_size: Size = _kernel(3, "px")
    stride: Size = _stride(3, "px")
    padding: str | Size = _padding(3, "px")
    dilation: Size = dilation_param(3)
    groups: int = groups_param()
    bias: bool = bias_param()
    padding_mode: str = _mode()

    def build(self, input: TensorType) -> Call:
        return _convolution(self, 3, input)
