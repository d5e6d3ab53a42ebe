"""Transposed convolutions: learned filters by which a signal, an image or a volume grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call, Init
from nnstudio.layers.checks import Size, each
from nnstudio.layers.convolution import bias_param, check_groups, dilation_param, filters_param, groups_param
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType

_SYNONYMS = ("deconvolution", "transposed convolution", "upsampling", "decoder", "fractionally strided", "upconv")


def _kernel(axes: int, unit: str) -> Any:
    return param(2, axes=axes, min=1, title="Kernel", unit=unit, help="how far each filter reaches")


def _stride(axes: int, unit: str) -> Any:
    return param(2, axes=axes, min=1, title="Stride", unit=unit, help="how many times the input grows")


def _padding(axes: int, unit: str) -> Any:
    return param(0, axes=axes, min=0, title="Padding", unit=unit, help="how much is cut from each edge")


def _extra(axes: int, unit: str) -> Any:
    return param(
        0, axes=axes, min=0, title="Extra edge", unit=unit,
        help="added to the size on one side, to tell apart sizes that a stride makes alike",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Transposed(Weighted):
    """Base of transposed convolutions."""

    def initialise(self) -> tuple[Init, ...]:
        # the weight is in × out × k × k, so what comes in is torch's fan_out
        return tuple(
            Init(init.target, init.matching, **{**dict(init.kwargs), "mode": "fan_out"})
            if "kaiming" in init.target
            else init
            for init in super().initialise()
        )


def _transposed(layer: Any, axes: int, input: TensorType) -> Call:
    check_groups(layer.groups, input["C"], layer.out_channels)
    kernel, stride, padding, extra, dilation = (
        each(size, axes)
        for size in (layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation)
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
        f"torch.nn.ConvTranspose{axes}d", input["C"], layer.out_channels, kernel_size=layer.kernel_size,
        stride=layer.stride, padding=layer.padding, output_padding=layer.output_padding, groups=layer.groups,
        bias=layer.bias, dilation=layer.dilation,
    )  # fmt: skip


@layer(family="Convolution", telling=("out_channels", "kernel_size"), synonyms=(*_SYNONYMS, "signal", "audio"))
class ConvTranspose1d(_Transposed):
    r"""Spread each step of a signal through learned filters, so that the signal grows.

    Use it in decoders and generators of sound and time series. With kernel 2 and stride 2 it doubles the length.

    ```math
    y_{c',t} = b_{c'} + \sum_c \sum_{s u + d k - p = t} W_{c,c',k}\; x_{c,u}
    ```

    Here s is the stride, d the dilation and p the padding: the transpose (gradient) of Conv1d.

    Shapes: `N×C×T` (channel, time) becomes `N×C'×T'` with `T' = (T − 1)s − 2p + d(k − 1) + extra edge + 1`.

    Source: Zeiler et al., "Deconvolutional networks" (2010), section 3; PyTorch `torch.nn.ConvTranspose1d`.
    """

    input = Port("N C T")
    output = Port("N C' T'")

    out_channels: int = filters_param()
    kernel_size: Size = _kernel(1, "steps")
    stride: Size = _stride(1, "steps")
    padding: Size = _padding(1, "steps")
    output_padding: Size = _extra(1, "steps")
    dilation: Size = dilation_param(1)
    groups: int = groups_param()
    bias: bool = bias_param()

    def build(self, input: TensorType) -> Call:
        return _transposed(self, 1, input)


@layer(family="Convolution", telling=("out_channels", "kernel_size"), synonyms=(*_SYNONYMS, "image", "segmentation"))
class ConvTranspose2d(_Transposed):
    r"""Spread each point of an image through learned filters, so that the image grows.

    Use it in decoders, generators and segmentation. With kernel 2 and stride 2 it doubles the size; a kernel that
    the stride does not divide leaves a checkerboard, which Upsample and Conv2d avoid.

    ```math
    y_{c',h,w} = b_{c'} + \sum_c \sum_{s u + d i - p = h} \sum_{s v + d j - p = w} W_{c,c',i,j}\; x_{c,u,v}
    ```

    Here s is the stride, d the dilation and p the padding: the transpose (gradient) of Conv2d.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C'×H'×W'` with
    `H' = (H − 1)s − 2p + d(k − 1) + extra edge + 1`, W' likewise.

    Source: Zeiler et al., "Deconvolutional networks" (2010), section 3; Odena et al., "Deconvolution and checkerboard
    artifacts" (2016); PyTorch `torch.nn.ConvTranspose2d`.
    """

    input = Port("N C H W")
    output = Port("N C' H' W'")

    out_channels: int = filters_param()
    kernel_size: Size = _kernel(2, "px")
    stride: Size = _stride(2, "px")
    padding: Size = _padding(2, "px")
    output_padding: Size = _extra(2, "px")
    dilation: Size = dilation_param(2)
    groups: int = groups_param()
    bias: bool = bias_param()

    def build(self, input: TensorType) -> Call:
        return _transposed(self, 2, input)


@layer(family="Convolution", telling=("out_channels", "kernel_size"), synonyms=(*_SYNONYMS, "volume", "video", "voxel"))
class ConvTranspose3d(_Transposed):
    r"""Spread each point of a volume through learned filters, so that the volume grows.

    Use it in decoders of scans and films. With kernel 2 and stride 2 it doubles depth, height and width.

    ```math
    y_{c',z,h,w} = b_{c'} + \sum_c \sum_{s a + d i - p = z} \sum_{s u + d j - p = h} \sum_{s v + d k - p = w}
    W_{c,c',i,j,k}\; x_{c,a,u,v}
    ```

    Here s is the stride, d the dilation and p the padding: the transpose (gradient) of Conv3d.

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C'×D'×H'×W'` with
    `D' = (D − 1)s − 2p + d(k − 1) + extra edge + 1`, H' and W' likewise.

    Source: Zeiler et al., "Deconvolutional networks" (2010), section 3; PyTorch `torch.nn.ConvTranspose3d`.
    """

    input = Port("N C D H W")
    output = Port("N C' D' H' W'")

    out_channels: int = filters_param()
    kernel_size: Size = _kernel(3, "px")
    stride: Size = _stride(3, "px")
    padding: Size = _padding(3, "px")
    output_padding: Size = _extra(3, "px")
    dilation: Size = dilation_param(3)
    groups: int = groups_param()
    bias: bool = bias_param()

    def build(self, input: TensorType) -> Call:
        return _transposed(self, 3, input)
