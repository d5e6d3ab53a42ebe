"""Shape: the same numbers on other axes, and larger pictures from smaller ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Call, Function
from nnstudio.layers.checks import Size
from nnstudio.layers.types import TensorType


@layer(family="Shape", icon="flatten", synonyms=("vector", "unroll", "reshape"))
class Flatten(Layer):
    """Lay the axes of each sample end to end: an image becomes a vector.

    Put it between the convolutions and the first Linear of a classifier.

    Formula: `y[n, (c·H + h)·W + w] = x[n, c, h, w]`.

    Source: PyTorch `torch.flatten`.
    """

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    start_dim: int = param(1, min=1, title="From axis", help="the first axis that is joined; 1 comes after the batch")
    end_dim: int = param(-1, min=-8, title="To axis", help="the last axis that is joined; -1 is the last")

    def build(self, input: TensorType) -> Function:
        last = input.rank - 1
        end = self.end_dim + input.rank if self.end_dim < 0 else self.end_dim
        if last < 1:
            raise BuildError(
                "has nothing to join: it is fed one number a sample", "leave it out, or use a Reshape to 1"
            )
        if not self.start_dim <= end <= last:
            raise BuildError(
                f"is to join axes {self.start_dim} to {self.end_dim}, but its input {input.per_sample()} has axes 1 to "
                f"{last}",
                f"choose axes from 1 to {last}, or -1 for the last",
            )
        if self.end_dim == -1:
            return Function("torch.flatten", Arg("input"), self.start_dim)
        return Function("torch.flatten", Arg("input"), self.start_dim, self.end_dim)


@layer(family="Shape", icon="reshape", telling=("shape",), synonyms=("view", "unflatten", "fold"))
class Reshape(Layer):
    """Give each sample other sizes with the same numbers in the same order.

    Use it to make a picture of a vector (1, 28, 28 of 784) or a sequence of a picture. One size may be −1: it is
    worked out from the others.

    Formula: `y.shape = N × sizes`, values in row-major order.

    Source: PyTorch `torch.reshape`.
    """

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    shape: tuple[int, ...] = param((-1,), min=-1, title="Sizes", help="the sizes of one sample; one may be -1")

    def build(self, input: TensorType) -> Function:
        count = input.numel_per_sample()
        if count is None:
            raise BuildError(f"needs fixed sizes, but its input is {input.per_sample()}", "give the input fixed sizes")
        wanted = "×".join(map(str, self.shape)) or "one number"
        if 0 in self.shape or self.shape.count(-1) > 1:
            raise BuildError(f"cannot give a sample the sizes {wanted}", "use sizes of at least 1, and -1 at most once")
        known = math.prod(size for size in self.shape if size > 0)
        if -1 in self.shape:
            if count % known:
                raise BuildError(
                    f"cannot split {count} numbers ({input.per_sample()}) into {wanted}: {count} is no multiple of "
                    f"{known}",
                    f"choose sizes whose product divides {count}",
                )
        elif known != count:
            raise BuildError(
                f"cannot make {wanted} ({known} numbers) of {input.per_sample()} ({count} numbers)",
                f"choose sizes whose product is {count}",
            )
        sizes = tuple(count // known if size == -1 else size for size in self.shape)
        return Function("torch.reshape", Arg("input"), (-1, *sizes))


@layer(family="Shape", icon="permute", telling=("order",), synonyms=("transpose", "swap axes", "move axis"))
class Permute(Layer):
    """Put the axes of each sample in another order.

    Use it where two layers want their axes the other way round: Conv1d takes channel before time, LSTM time before
    features. The batch stays first.

    Formula: `y[n, i_{p₁}, i_{p₂}, …] = x[n, i₁, i₂, …]` for the order p.

    Source: PyTorch `torch.permute`.
    """

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    order: tuple[int, ...] = param(
        (2, 1), min=1, title="Order", help="the axes in their new order, 1 being the first after the batch"
    )

    def build(self, input: TensorType) -> Function:
        axes = list(range(1, input.rank))
        if sorted(self.order) != axes:
            example = ", ".join(map(str, reversed(axes)))
            raise BuildError(
                f"is given the order {', '.join(map(str, self.order)) or 'of nothing'}, but its input "
                f"{input.per_sample()} has {len(axes)} {'axis' if len(axes) == 1 else 'axes'}",
                f"name each axis from 1 to {len(axes)} once, such as {example}" if len(axes) > 1 else "leave it out",
            )
        return Function("torch.permute", Arg("input"), (0, *self.order))

    def _told(self, name: str) -> str:
        return ", ".join(map(str, self.order))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        labels = inputs["input"].labels
        return {"output": tuple(labels[place] for place in (0, *self.order))}


@layer(
    family="Shape", icon="upsample", telling=("scale_factor",),
    synonyms=("resize", "enlarge", "interpolate", "unpooling", "decoder"),
)  # fmt: skip
class Upsample(Layer):
    """Enlarge an image by a whole factor, without weights.

    Use it in decoders and generators, with a Conv2d behind it: together they make no checkerboard, as a
    ConvTranspose2d can.

    Formula: nearest: `y[c, h, w] = x[c, ⌊h/s⌋, ⌊w/s⌋]`; bilinear and bicubic interpolate.

    Source: Odena et al., "Deconvolution and checkerboard artifacts" (2016); PyTorch `torch.nn.Upsample`.
    """

    input = Port("N C H W")
    output = Port("N C H' W'")

    scale_factor: Size = param(2, axes=2, min=1, title="Factor", help="how many times larger it becomes")
    mode: str = param(
        "nearest", choices=("nearest", "bilinear", "bicubic"), title="Between pixels",
        help="nearest repeats pixels; bilinear and bicubic blend them",
    )  # fmt: skip

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Upsample", scale_factor=self.scale_factor, mode=self.mode)
