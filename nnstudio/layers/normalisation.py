"""Normalisation over the batch, or over each channel of each sample."""

from __future__ import annotations

import math
from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import fixed
from nnstudio.layers.types import TensorType

_BATCH = ("batch normalization", "bn", "normalize", "batchnorm")
_INSTANCE = ("instance normalization", "in", "normalize", "style transfer", "contrast normalization")


def eps_param(default: float | None = 1e-5) -> Any:
    return param(
        default, kind="float", min=1e-12, max=1.0, title="Epsilon",
        help="added to the variance so that nothing divides by 0",
    )  # fmt: skip


def _momentum() -> Any:
    return param(
        0.1, min=0.0, max=1.0, optional=True, title="Momentum",
        help="how fast the running mean and variance, which are used for predictions, follow the batches; left empty, "
        "they are the mean of all batches",
    )  # fmt: skip


def affine_param(default: bool = True) -> Any:
    return param(default, title="Scale and shift", help="learn a scale for each channel, and an offset")


def offset_param(affine: str = "affine") -> Any:
    return param(True, title="Offset", help="learn an offset as well as the scale", when=(affine, (True,)))


def _track(default: bool) -> Any:
    return param(
        default, title="Running figures",
        help="keep a running mean and variance and use them for predictions; off, each batch is normalised by itself",
    )  # fmt: skip


def _normalised(kind: str, layer: Any, channels: int) -> Call:
    return Call(
        f"torch.nn.{kind}", channels, eps=layer.eps, momentum=layer.momentum, affine=layer.affine,
        track_running_stats=layer.track_running_stats, bias=layer.bias,
    )  # fmt: skip


def _check_places(input: TensorType) -> None:
    """Refuse samples whose channels have one value each, of which nothing would be left."""
    sizes = [size for size in input.sizes[2:] if isinstance(size, int)]
    if len(sizes) == input.rank - 2 and math.prod(sizes) == 1:
        raise BuildError("has one value for each channel, which minus its mean is 0",
                         "put it where channels have more values, or use LayerNorm")  # fmt: skip


class _OverBatch(Layer):
    """What layers have in common that normalise over the batch."""

    def mixes(self) -> str:
        return "works out mean and variance over the batch"


class _OverPlaces(Layer):
    """What layers have in common that normalise each sample by itself, but may keep running figures of all."""

    def mixes(self) -> str:
        return "keeps running figures of the batches" if getattr(self, "track_running_stats", False) else ""


@layer(family="Normalisation", synonyms=_BATCH)
class BatchNorm1d(_OverBatch):
    r"""Bring each feature to mean 0 and variance 1 over the batch.

    Put it between a Linear or Conv1d and the activation: learning is faster and less touchy about the learning
    rate. It needs batches of more than one sample, and uses running figures when predicting.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over the batch (and time).

    Shapes: `N×C` (feature) or `N×C×T` (channel, time), which stays.

    Source: Ioffe and Szegedy, "Batch normalization" (2015), algorithm 1; PyTorch `torch.nn.BatchNorm1d`.
    """

    input = Port("N C *")
    output = Port("N C *")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param()
    bias: bool = offset_param()
    track_running_stats: bool = _track(True)

    def build(self, input: TensorType) -> Call:
        if input.rank > 3:
            raise BuildError(
                f"needs vectors or signals (channel, time); it is fed {input.per_sample()}",
                "use BatchNorm2d for images" if input.rank == 4 else "put a Flatten before it",
            )
        return _normalised("BatchNorm1d", self, fixed(input.axes[1].size, "channel"))


@layer(family="Normalisation", synonyms=_BATCH)
class BatchNorm2d(_OverBatch):
    r"""Bring each channel of the images to mean 0 and variance 1 over the batch.

    Put it between a Conv2d and its activation. It needs batches of more than one value for each channel, and uses
    running figures when predicting.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over batch, height and width.

    Shapes: `N×C×H×W` (channel, height, width), which stays.

    Source: Ioffe and Szegedy, "Batch normalization" (2015), section 3.2; PyTorch `torch.nn.BatchNorm2d`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param()
    bias: bool = offset_param()
    track_running_stats: bool = _track(True)

    def build(self, input: TensorType) -> Call:
        return _normalised("BatchNorm2d", self, input["C"])


@layer(family="Normalisation", synonyms=_BATCH)
class BatchNorm3d(_OverBatch):
    r"""Bring each channel of the volumes to mean 0 and variance 1 over the batch.

    Put it between a Conv3d and its activation. It needs batches of more than one value for each channel, and uses
    running figures when predicting.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over batch, depth, height and width.

    Shapes: `N×C×D×H×W` (channel, depth, height, width), which stays.

    Source: Ioffe and Szegedy, "Batch normalization" (2015), section 3.2; PyTorch `torch.nn.BatchNorm3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D H W")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param()
    bias: bool = offset_param()
    track_running_stats: bool = _track(True)

    def build(self, input: TensorType) -> Call:
        return _normalised("BatchNorm3d", self, input["C"])


@layer(family="Normalisation", synonyms=(*_BATCH, "distributed", "multi-gpu", "synchronized"))
class SyncBatchNorm(_OverBatch):
    r"""Bring each channel to mean 0 and variance 1 over the batches of all processes together.

    Use it in place of BatchNorm where training runs on several GPUs and each has few samples. In one process it is
    BatchNorm for signals, images and volumes alike.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over the batches of all processes and all places.

    Shapes: `N×C×*` (channel first), which stays.

    Source: Peng et al., "MegDet: a large mini-batch object detector" (2017), section 3.3; PyTorch
    `torch.nn.SyncBatchNorm`.
    """

    input = Port("N C *")
    output = Port("N C *")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param()
    bias: bool = offset_param()
    track_running_stats: bool = _track(True)

    def build(self, input: TensorType) -> Call:
        return _normalised("SyncBatchNorm", self, fixed(input.axes[1].size, "channel"))


@layer(family="Normalisation", synonyms=_INSTANCE)
class InstanceNorm1d(_OverPlaces):
    r"""Bring each channel of each of the signals to mean 0 and variance 1 by itself.

    Use it where the loudness of each recording should not count.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over time, for each sample and channel.

    Shapes: `N×C×T` (channel, time), which stays.

    Source: Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization" (2016), equation 2;
    PyTorch `torch.nn.InstanceNorm1d`.
    """

    input = Port("N C T")
    output = Port("N C T")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param(False)
    bias: bool = offset_param()
    track_running_stats: bool = _track(False)

    def build(self, input: TensorType) -> Call:
        _check_places(input)
        return _normalised("InstanceNorm1d", self, input["C"])


@layer(family="Normalisation", synonyms=_INSTANCE)
class InstanceNorm2d(_OverPlaces):
    r"""Bring each channel of each of the images to mean 0 and variance 1 by itself.

    Use it in style transfer and image generation, where the contrast of each picture should not count.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over height and width, for each sample and channel.

    Shapes: `N×C×H×W` (channel, height, width), which stays.

    Source: Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization" (2016), equation 2;
    PyTorch `torch.nn.InstanceNorm2d`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param(False)
    bias: bool = offset_param()
    track_running_stats: bool = _track(False)

    def build(self, input: TensorType) -> Call:
        _check_places(input)
        return _normalised("InstanceNorm2d", self, input["C"])


@layer(family="Normalisation", synonyms=_INSTANCE)
class InstanceNorm3d(_OverPlaces):
    r"""Bring each channel of each of the volumes to mean 0 and variance 1 by itself.

    Use it on scans whose brightness differs from one to the next.

    ```math
    y = \gamma\, \frac{x - \operatorname{E}[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}} + \beta
    ```

    Mean and variance are over depth, height and width, for each sample and channel.

    Shapes: `N×C×D×H×W` (channel, depth, height, width), which stays.

    Source: Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization" (2016), equation 2;
    PyTorch `torch.nn.InstanceNorm3d`.
    """

    input = Port("N C D H W")
    output = Port("N C D H W")

    eps: float = eps_param()
    momentum: float | None = _momentum()
    affine: bool = affine_param(False)
    bias: bool = offset_param()
    track_running_stats: bool = _track(False)

    def build(self, input: TensorType) -> Call:
        _check_places(input)
        return _normalised("InstanceNorm3d", self, input["C"])
