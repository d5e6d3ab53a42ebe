"""The way back from pooling by the largest value."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, each
from nnstudio.layers.pooling import kernel_param, padding_param, stride_of, stride_param
from nnstudio.layers.types import TensorType

_UNPOOL = ("unpooling", "upsampling", "decoder", "segnet", "switches")
_LIKE_HELP = "a tensor of the size to come back to, such as what was pooled"


def _check_like(input: TensorType, like: TensorType | None, *window: tuple[int, ...]) -> None:
    """Refuse a size to come back to that pooling would not make this input of: torch takes what is a stride near."""
    for size, wanted, k, s, p in zip(input.sizes[2:], like.sizes[2:] if like else (), *window, strict=False):
        if isinstance(size, int) and isinstance(wanted, int):
            usual = (size - 1) * s - 2 * p + k
            if not usual - s < wanted < usual + s:
                raise BuildError(
                    f"is to come back to a size of {wanted}, which its window of {k} at stride {s} cannot have made "
                    f"{size} of",
                    f"wire what was pooled to its port like: a size from {max(usual - s + 1, 1)} to {usual + s - 1}",
                )


def _unpool(layer: Any, axes: int, input: TensorType, indices: TensorType, like: TensorType | None) -> Call:
    if indices.classes is not None:
        raise BuildError("needs the indices of a MaxPool; it is fed class codes", "wire the indices of a MaxPool to it")
    kernel, padding = each(layer.kernel_size, axes), each(layer.padding, axes)
    stride = kernel if layer.stride is None else each(layer.stride, axes)
    for size, k, s, p in zip(input.sizes[2:], kernel, stride, padding, strict=True):
        if isinstance(size, int) and (size - 1) * s - 2 * p + k < 1:
            raise BuildError(
                f"would cut {2 * p} from a size of {(size - 1) * s + k}, which leaves nothing",
                f"set its padding to at most {((size - 1) * s + k - 1) // 2}",
            )
    _check_like(input, like, kernel, stride, padding)
    return Call(f"nnstudio.nn.MaxUnpool{axes}d", layer.kernel_size, **stride_of(layer), padding=layer.padding)


@layer(family="Pooling", telling=("kernel_size",), synonyms=_UNPOOL)
class MaxUnpool1d(Layer):
    r"""Put the values of a pooled signal back to where they were found, and zeros elsewhere.

    Use it in a decoder, fed with the indices of the MaxPool1d of the encoder (switch them on there).

    ```math
    y_{c,m} = \begin{cases} x_{c,t} & m = \text{index}_{c,t} \\ 0 & \text{elsewhere} \end{cases}
    ```

    Shapes: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = (T − 1)s − 2p + k`;
    or the size of `like` where that is wired.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2013), section 2.1; PyTorch
    `torch.nn.MaxUnpool1d`.
    """

    input = Port("N C T")
    indices = Port("N C T", dtype="int", help="where each value was found, from a MaxPool1d")
    like = Port("N C P", optional=True, help=_LIKE_HELP)
    output = Port("N C T'")

    kernel_size: Size = kernel_param(1, "steps")
    stride: Size | None = stride_param(1, "steps")
    padding: Size = padding_param(1, "steps")

    def build(self, input: TensorType, indices: TensorType, like: TensorType | None) -> Call:
        return _unpool(self, 1, input, indices, like)


@layer(family="Pooling", telling=("kernel_size",), synonyms=_UNPOOL)
class MaxUnpool2d(Layer):
    r"""Put the values of a pooled image back to where they were found, and zeros elsewhere.

    Use it in a decoder, fed with the indices of the MaxPool2d of the encoder (switch them on there).

    ```math
    y_{c,m} = \begin{cases} x_{c,h,w} & m = \text{index}_{c,h,w} \\ 0 & \text{elsewhere} \end{cases}
    ```

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H'×W'` with `H' = (H − 1)s − 2p + k`, W' likewise;
    or the size of `like` where that is wired.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2013), section 2.1; PyTorch
    `torch.nn.MaxUnpool2d`.
    """

    input = Port("N C H W")
    indices = Port("N C H W", dtype="int", help="where each value was found, from a MaxPool2d")
    like = Port("N C P Q", optional=True, help=_LIKE_HELP)
    output = Port("N C H' W'")

    kernel_size: Size = kernel_param(2, "px")
    stride: Size | None = stride_param(2, "px")
    padding: Size = padding_param(2, "px")

    def build(self, input: TensorType, indices: TensorType, like: TensorType | None) -> Call:
        return _unpool(self, 2, input, indices, like)


@layer(family="Pooling", telling=("kernel_size",), synonyms=_UNPOOL)
class MaxUnpool3d(Layer):
    r"""Put the values of a pooled volume back to where they were found, and zeros elsewhere.

    Use it in a decoder, fed with the indices of the MaxPool3d of the encoder (switch them on there).

    ```math
    y_{c,m} = \begin{cases} x_{c,z,h,w} & m = \text{index}_{c,z,h,w} \\ 0 & \text{elsewhere} \end{cases}
    ```

    Shapes: `N×C×D×H×W` (channel, depth, height, width) becomes `N×C×D'×H'×W'` with `D' = (D − 1)s − 2p + k`, H' and
    W' likewise;
    or the size of `like` where that is wired.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2013), section 2.1; PyTorch
    `torch.nn.MaxUnpool3d`.
    """

    input = Port("N C D H W")
    indices = Port("N C D H W", dtype="int", help="where each value was found, from a MaxPool3d")
    like = Port("N C P Q R", optional=True, help=_LIKE_HELP)
    output = Port("N C D' H' W'")

    kernel_size: Size = kernel_param(3, "px")
    stride: Size | None = stride_param(3, "px")
    padding: Size = padding_param(3, "px")

    def build(self, input: TensorType, indices: TensorType, like: TensorType | None) -> Call:
        return _unpool(self, 3, input, indices, like)
