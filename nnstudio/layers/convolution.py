"""Convolutions: learned filters that slide over a signal, an image or a volume."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call, Init
from nnstudio.layers.checks import Size, check_window, each, shown
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
_SYNONYMS = ("convolution", "filter", "kernel", "cnn", "feature map")


def _filters() -> Any:
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


def _dilation(axes: int) -> Any:
    return param(1, axes=axes, min=1, title="Dilation", help="distance between the points that a filter looks at")


def _groups() -> Any:
    return param(
        1, min=1, title="Groups",
        help="channels are split into so many groups that do not see each other; "
        "as many as there are channels makes it depthwise",
    )  # fmt: skip


def _bias() -> Any:
    return param(True, title="Bias", help="add a learned offset to each channel")


def _mode() -> Any:
    return param(
        "zeros", choices=PADDING_MODES, title="Edge",
        help="what the padding is filled with: zeros, the mirrored image, the nearest value, or the other side",
    )  # fmt: skip


def _check_groups(groups: int, channels: int, filters: int) -> None:
    for count, what in ((channels, "its input's channels"), (filters, "its filters")):
        if count % groups:
            divisors = [n for n in range(1, min(channels, filters) + 1) if not channels % n and not filters % n]
            raise BuildError(
                f"cannot split {what} ({count}) into {groups} groups",
                f"set its groups to one of {', '.join(map(str, divisors[:8]))}",
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
    _check_groups(layer.groups, input["C"], layer.out_channels)
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
    """Slide learned filters along a signal.

    Use it for sound, sensors, time series and text as characters: a filter finds the same pattern wherever it
    occurs. The axes are channel, then time; put a Permute before it where they come the other way round.

    Formula: `y[c', t] = b[c'] + Σ_c Σ_k W[c', c, k] · x[c, stride·t + dilation·k − padding]`.

    Source: Waibel et al., "Phoneme recognition using time-delay neural networks" (1989); PyTorch `torch.nn.Conv1d`.
    """

    input = Port("N C T")
    output = Port("N C' T'")

    out_channels: int = _filters()
    kernel_size: Size = _kernel(1, "steps")
    stride: Size = _stride(1, "steps")
    padding: str | Size = _padding(1, "steps")
    dilation: Size = _dilation(1)
    groups: int = _groups()
    bias: bool = _bias()
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
    """Slide learned filters over an image.

    The workhorse for pictures: early filters learn edges, later ones textures and parts. Follow it with a
    normalisation and an activation, and shrink the picture with a pooling or a stride of 2 now and then.

    Formula: `y[c', h, w] = b[c'] + Σ_c Σ_i Σ_j W[c', c, i, j] · x[c, s·h + d·i − p, s·w + d·j − p]` with stride s,
    dilation d and padding p. Size: `H' = ⌊(H + 2p − d(k − 1) − 1) / s⌋ + 1`.

    Source: LeCun et al., "Gradient-based learning applied to document recognition" (1998); PyTorch
    `torch.nn.Conv2d`.
    """

    input = Port("N C H W")
    output = Port("N C' H' W'")

    out_channels: int = _filters()
    kernel_size: Size = _kernel(2, "px")
    stride: Size = _stride(2, "px")
    padding: str | Size = _padding(2, "px")
    dilation: Size = _dilation(2)
    groups: int = _groups()
    bias: bool = _bias()
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
    """Slide learned filters through a volume.

    Use it for scans and short films, where depth or time is a third direction. It costs as many times more than
    Conv2d as the kernel is deep.

    Formula: `y[c', z, h, w] = b[c'] + Σ_c Σ_i Σ_j Σ_k W[c', c, i, j, k] · x[c, s·z + d·i − p, s·h + d·j − p,
    s·w + d·k − p]` with stride s, dilation d and padding p.

    Source: Tran et al., "Learning spatiotemporal features with 3D convolutional networks" (2015); PyTorch
    `torch.nn.Conv3d`.
    """

    input = Port("N C D H W")
    output = Port("N C' D' H' W'")

    out_channels: int = _filters()
    kernel_size: Size = _kernel(3, "px")
    stride: Size = _stride(3, "px")
    padding: str | Size = _padding(3, "px")
    dilation: Size = _dilation(3)
    groups: int = _groups()
    bias: bool = _bias()
    padding_mode: str = _mode()

    def build(self, input: TensorType) -> Call:
        return _convolution(self, 3, input)


@layer(
    family="Convolution",
    icon="convtranspose2d",
    telling=("out_channels", "kernel_size"),
    synonyms=("deconvolution", "transposed convolution", "upsampling", "decoder", "fractionally strided"),
)
class ConvTranspose2d(Weighted):
    """Spread each point of an image through learned filters, so that the image grows.

    Use it in decoders, generators and segmentation. With kernel 2 and stride 2 it doubles the size; a kernel that
    the stride does not divide leaves a checkerboard, which Upsample and Conv2d avoid.

    Formula: the transpose (gradient) of Conv2d. Size: `H' = (H − 1)·s − 2p + d(k − 1) + output padding + 1`.

    Source: Zeiler et al., "Deconvolutional networks" (2010); Odena et al., "Deconvolution and checkerboard
    artifacts" (2016); PyTorch `torch.nn.ConvTranspose2d`.
    """

    input = Port("N C H W")
    output = Port("N C' H' W'")

    out_channels: int = _filters()
    kernel_size: Size = param(2, axes=2, min=1, title="Kernel", unit="px", help="how far each filter reaches")
    stride: Size = param(2, axes=2, min=1, title="Stride", unit="px", help="how many times the image grows")
    padding: Size = param(0, axes=2, min=0, title="Padding", unit="px", help="how much is cut from each edge")
    output_padding: Size = param(
        0, axes=2, min=0, title="Extra edge", unit="px",
        help="added to the size on one side, to tell apart sizes that a stride makes alike",
    )  # fmt: skip
    dilation: Size = _dilation(2)
    groups: int = _groups()
    bias: bool = _bias()

    def build(self, input: TensorType) -> Call:
        _check_groups(self.groups, input["C"], self.out_channels)
        kernel, stride, padding, extra, dilation = (
            each(size, 2) for size in (self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation)
        )
        for e, s, d in zip(extra, stride, dilation, strict=True):
            if e >= max(s, d):
                raise BuildError(
                    f"has an extra edge of {e}, which must be smaller than its stride or dilation ({max(s, d)})",
                    f"set its extra edge to at most {max(s, d) - 1}",
                )
        for place, size in enumerate(input.sizes[2:]):
            if not isinstance(size, int):
                continue
            grown = (size - 1) * stride[place] + dilation[place] * (kernel[place] - 1) + extra[place] + 1
            if grown - 2 * padding[place] < 1:
                raise BuildError(
                    f"would cut {2 * padding[place]} from a size of {grown}, which leaves nothing",
                    f"pad by at most {(grown - 1) // 2}",
                )
        return Call(
            "torch.nn.ConvTranspose2d", input["C"], self.out_channels, kernel_size=self.kernel_size,
            stride=self.stride, padding=self.padding, output_padding=self.output_padding, groups=self.groups,
            bias=self.bias, dilation=self.dilation,
        )  # fmt: skip

    def initialise(self) -> tuple[Init, ...]:
        # the weight is in × out × k × k, so what comes in is torch's fan_out
        return tuple(
            Init(init.target, init.matching, **{**dict(init.kwargs), "mode": "fan_out"})
            if "kaiming" in init.target
            else init
            for init in super().initialise()
        )
