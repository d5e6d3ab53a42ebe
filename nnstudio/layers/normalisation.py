"""Normalisation: activations brought to a common scale, so that deep networks learn."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import fixed
from nnstudio.layers.types import TensorType


def _eps(default: float = 1e-5) -> Any:
    return param(
        default, min=1e-12, max=1.0, title="Epsilon", help="added to the variance so that nothing divides by 0"
    )


def _momentum() -> Any:
    return param(
        0.1, min=0.0, max=1.0, title="Momentum",
        help="how fast the running mean and variance, which are used for predictions, follow the batches",
    )  # fmt: skip


def _affine() -> Any:
    return param(True, title="Scale and shift", help="learn a scale and an offset for each channel")


@layer(family="Normalisation", icon="batchnorm", synonyms=("batch normalization", "bn", "normalize"))
class BatchNorm1d(Layer):
    """Bring each feature to mean 0 and variance 1 over the batch.

    Put it between a Linear or Conv1d and the activation: learning is faster and less touchy about the learning
    rate. It needs batches of more than one sample, and uses running figures when predicting.

    Formula: `y = γ (x − E[x]) / √(Var[x] + ε) + β`, mean and variance over the batch (and time).

    Source: Ioffe and Szegedy, "Batch normalization" (2015); PyTorch `torch.nn.BatchNorm1d`.
    """

    input = Port("N C *")
    output = Port("N C *")

    eps: float = _eps()
    momentum: float = _momentum()
    affine: bool = _affine()

    def build(self, input: TensorType) -> Call:
        if input.rank > 3:
            raise BuildError(
                f"needs vectors or signals (channel, time); it is fed {input.per_sample()}",
                "use BatchNorm2d for images" if input.rank == 4 else "put a Flatten before it",
            )
        return Call(
            "torch.nn.BatchNorm1d", fixed(input.axes[1].size, "channel"), eps=self.eps, momentum=self.momentum,
            affine=self.affine,
        )  # fmt: skip


@layer(family="Normalisation", icon="batchnorm", synonyms=("batch normalization", "bn", "normalize"))
class BatchNorm2d(Layer):
    """Bring each channel of the images to mean 0 and variance 1 over the batch.

    Put it between a Conv2d and its activation. It needs batches of more than one value for each channel, and uses
    running figures when predicting.

    Formula: `y = γ (x − E[x]) / √(Var[x] + ε) + β`, mean and variance over batch, height and width.

    Source: Ioffe and Szegedy, "Batch normalization" (2015); PyTorch `torch.nn.BatchNorm2d`.
    """

    input = Port("N C H W")
    output = Port("N C H W")

    eps: float = _eps()
    momentum: float = _momentum()
    affine: bool = _affine()

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.BatchNorm2d", input["C"], eps=self.eps, momentum=self.momentum, affine=self.affine)


def _last_sizes(input: TensorType, axes: int) -> tuple[int, ...]:
    if axes > input.rank - 1:
        raise BuildError(
            f"is to normalise the last {axes} axes, but its input {input.per_sample()} has {input.rank - 1}",
            f"set its axes to at most {input.rank - 1}" if input.rank > 1 else "feed it something with more axes",
        )
    return tuple(fixed(axis.size, axis.name) for axis in input.axes[-axes:])


def _axes() -> Any:
    return param(1, min=1, max=8, title="Axes", help="how many of the last axes are normalised together")


@layer(family="Normalisation", icon="layernorm", synonyms=("layer normalization", "ln", "normalize", "transformer"))
class LayerNorm(Layer):
    """Bring each sample's features to mean 0 and variance 1, each sample by itself.

    The usual choice in transformers and recurrent networks: it does not depend on the batch and does the same when
    training and when predicting.

    Formula: `y = γ (x − E[x]) / √(Var[x] + ε) + β`, mean and variance over the last axes.

    Source: Ba et al., "Layer normalization" (2016); PyTorch `torch.nn.LayerNorm`.
    """

    input = Port("N *")
    output = Port("N *")

    axes: int = _axes()
    eps: float = _eps()
    elementwise_affine: bool = param(True, title="Scale and shift", help="learn a scale and an offset for each feature")

    def build(self, input: TensorType) -> Call:
        sizes = _last_sizes(input, self.axes)
        return Call("torch.nn.LayerNorm", sizes, eps=self.eps, elementwise_affine=self.elementwise_affine)


@layer(family="Normalisation", icon="layernorm", synonyms=("root mean square", "normalize", "transformer", "llama"))
class RMSNorm(Layer):
    """Divide each sample's features by their root mean square.

    LayerNorm without the mean: as good in large transformers, and a little cheaper.

    Formula: `y = γ x / √(mean(x²) + ε)`, the mean over the last axes.

    Source: Zhang and Sennrich, "Root mean square layer normalization" (2019); PyTorch `torch.nn.RMSNorm`.
    """

    input = Port("N *")
    output = Port("N *")

    axes: int = _axes()
    eps: float = _eps(1e-6)
    elementwise_affine: bool = param(True, title="Scale", help="learn a scale for each feature")

    def build(self, input: TensorType) -> Call:
        sizes = _last_sizes(input, self.axes)
        return Call("torch.nn.RMSNorm", sizes, eps=self.eps, elementwise_affine=self.elementwise_affine)


@layer(
    family="Normalisation", icon="groupnorm", telling=("num_groups",),
    synonyms=("group normalization", "gn", "instance norm", "normalize"),
)  # fmt: skip
class GroupNorm(Layer):
    """Bring groups of channels to mean 0 and variance 1, each sample by itself.

    Use it on images where batches are too small for BatchNorm2d. One group normalises all channels together; as
    many groups as channels is instance normalisation.

    Formula: `y = γ (x − E[x]) / √(Var[x] + ε) + β`, mean and variance over the channels of a group and all places.

    Source: Wu and He, "Group normalization" (2018); PyTorch `torch.nn.GroupNorm`.
    """

    input = Port("N C *")
    output = Port("N C *")

    num_groups: int = param(1, min=1, title="Groups", help="how many groups the channels are split into")
    eps: float = _eps()
    affine: bool = _affine()

    def build(self, input: TensorType) -> Call:
        channels = fixed(input.axes[1].size, "channel")
        if channels % self.num_groups:
            divisors = [n for n in range(1, channels + 1) if channels % n == 0]
            raise BuildError(
                f"cannot split {channels} channels into {self.num_groups} groups",
                f"set its groups to one of {', '.join(map(str, divisors[:8]))}",
            )
        return Call("torch.nn.GroupNorm", self.num_groups, channels, eps=self.eps, affine=self.affine)
