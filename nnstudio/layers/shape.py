"""Shape: the same numbers on other axes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnstudio.layers.axes import axis_param, dropped, inserted
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import place_of
from nnstudio.layers.joining import new_place
from nnstudio.layers.types import TensorType


@layer(family="Shape", icon="flatten", synonyms=("vector", "unroll", "reshape"))
class Flatten(Layer):
    r"""Lay the axes of each sample end to end: an image becomes a vector.

    Put it between the convolutions and the first Linear of a classifier.

    ```math
    y_{n,\; (c H + h) W + w} = x_{n,c,h,w}
    ```

    Shapes: the axes that are joined become one of their product: `N×C×H×W` (channel, height, width) becomes
    `N×(C·H·W)`.

    Source: PyTorch `torch.flatten`.
    """

    keeps_codes = True

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
    r"""Give each sample other sizes with the same numbers in the same order.

    Use it to make a picture of a vector (1, 28, 28 of 784) or a sequence of a picture. One size may be −1: it is
    worked out from the others.

    ```math
    y_{n,\; j_1, \dots, j_k} = x_{n,\; i_1, \dots, i_m} \quad \text{in row-major order}
    ```

    Shapes: `N×*` becomes `N×` the sizes, whose product stays: `N×784` (feature) with 1, 28, 28 becomes `N×1×28×28`
    (channel, height, width).

    Source: PyTorch `torch.reshape`.
    """

    keeps_codes = True

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


@layer(family="Shape", icon="permute", telling=("order",), synonyms=("transpose", "reorder axes", "move axis"))
class Permute(Layer):
    r"""Put the axes of each sample in another order.

    Use it where two layers want their axes the other way round: Conv1d takes channel before time, LSTM time before
    features. The batch stays first.

    ```math
    y_{n,\; i_{p_1},\, i_{p_2},\, \dots} = x_{n,\; i_1,\, i_2,\, \dots} \quad \text{for the order } p
    ```

    Shapes: the same sizes in another order: `N×C×T` (channel, time) becomes `N×T×C` with 2, 1.

    Source: PyTorch `torch.permute`.
    """

    keeps_codes = True

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
    family="Shape", icon="transpose", telling=("first", "second"), synonyms=("swap axes", "swap two axes", "mT", ".T")
)
class Transpose(Layer):
    r"""Exchange two axes of each sample.

    Use it between layers that want channel and time the other way round. Permute orders all axes at once.

    ```math
    y_{n,\dots,\,j,\dots,\,i,\dots} = x_{n,\dots,\,i,\dots,\,j,\dots}
    ```

    Shapes: two sizes change places: `N×C×T` (channel, time) becomes `N×T×C`.

    Source: PyTorch `torch.transpose`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    first: int = param(1, min=-8, max=8, title="First axis", help="one of the two: 1 comes after the batch, -1 is last")
    second: int = param(-1, min=-8, max=8, title="Second axis", help="the other of the two")

    def _places(self, input: TensorType) -> tuple[int, int]:
        return place_of(self.first, input, what="exchange"), place_of(self.second, input, what="exchange")

    def build(self, input: TensorType) -> Function:
        first, second = self._places(input)
        return Function("torch.transpose", Arg("input"), first, second)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        labels = list(inputs["input"].labels)
        first, second = self._places(inputs["input"])
        labels[first], labels[second] = labels[second], labels[first]
        return {"output": tuple(labels)}


@layer(family="Shape", icon="squeeze", telling=("axis",), synonyms=("remove axis", "drop axis", "remove size 1"))
class Squeeze(Layer):
    r"""Take away an axis of size 1.

    Use it where a layer leaves an axis that holds nothing more, as a Linear with one output.

    ```math
    y_{n,\dots} = x_{n,\dots,\,1,\,\dots}
    ```

    Shapes: an axis of size 1 is gone: `N×T×1` (time, feature) becomes `N×T`.

    Source: PyTorch `torch.squeeze`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    axis: int = axis_param(-1, "that is taken away; its size must be 1")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="take away")
        if input.sizes[place] != 1:
            raise BuildError(
                f"can take away an axis of size 1 alone; axis {self.axis} of {input.per_sample()} has "
                f"{input.sizes[place]}",
                "choose an axis of size 1, or use Select to keep one place of it",
            )
        return Function("torch.squeeze", Arg("input"), place)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return dropped(inputs["input"], (place_of(self.axis, inputs["input"], what="take away"),))


@layer(
    family="Shape",
    icon="unsqueeze",
    telling=("axis",),
    synonyms=("add axis", "expand dims", "new axis of size 1", "none"),
)
class Unsqueeze(Layer):
    r"""Add an axis of size 1.

    Use it to give a vector the axes of a picture or sequence, so that it spreads over one in an Add or Multiply.

    ```math
    y_{n,\dots,\,1,\,\dots} = x_{n,\dots}
    ```

    Shapes: an axis of size 1 is new: `N×F` (feature) becomes `N×1×F` at 1 and `N×F×1` at −1.

    Source: PyTorch `torch.unsqueeze`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    axis: int = param(1, min=-8, max=8, title="Axis", help="where the new axis stands: 1 is after the batch, -1 last")

    def build(self, input: TensorType) -> Function:
        return Function("torch.unsqueeze", Arg("input"), new_place(self.axis, input))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return inserted(inputs["input"], new_place(self.axis, inputs["input"]))


@layer(family="Shape", icon="expand", telling=("size",), synonyms=("broadcast", "broadcast to", "spread"))
class Expand(Layer):
    r"""Repeat an axis of size 1 without using memory for it.

    Use it to spread one description over all steps or places. Repeat copies axes of any size.

    ```math
    y_{\dots,\,i,\,\dots} = x_{\dots,\,1,\,\dots} \qquad i = 1, \dots, \mathrm{size}
    ```

    Shapes: the axis of size 1 gets the size: `N×1×F` (time, feature) becomes `N×T×F` with the axis 1 and the size
    T.

    Source: PyTorch `torch.Tensor.expand`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    axis: int = axis_param(-1, "that is repeated; its size must be 1")
    size: int = param(2, min=1, max=1_000_000, help="how often it is repeated")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="repeat")
        if input.sizes[place] != 1:
            raise BuildError(
                f"can repeat an axis of size 1 alone; axis {self.axis} of {input.per_sample()} has "
                f"{input.sizes[place]}",
                "choose an axis of size 1, put an Unsqueeze before it, or use Repeat",
            )
        sizes = tuple(self.size if at == place else -1 for at in range(input.rank))
        return Function("torch.broadcast_to", Arg("input"), sizes)


@layer(family="Shape", icon="repeat", telling=("times",), synonyms=("tile", "copy", "duplicate", "repeat vector"))
class Repeat(Layer):
    r"""Lay copies of an axis end to end, or repeat each of its places.

    Use it to enlarge without weights, or to give every step of a decoder the same description.

    ```math
    y_{\dots,\,i,\,\dots} = x_{\dots,\; i \bmod s,\; \dots} \quad\text{or}\quad
    y_{\dots,\,i,\,\dots} = x_{\dots,\; \lfloor i / \mathrm{times} \rfloor,\; \dots}
    ```

    Shapes: the axis becomes r times as long: `N×T×F` (time, feature) becomes `N×rT×F` along the axis 1, repeated r
    times.

    Source: PyTorch `torch.tile` and `torch.repeat_interleave`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    axis: int = axis_param(-1, "that is repeated")
    times: int = param(2, min=1, max=1_000_000, help="how many copies there are")
    order: str = param(
        "whole", choices=("whole", "each"), help="whole: copies of all of it, 1 2 1 2; each: of each place, 1 1 2 2"
    )

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="repeat")
        if self.order == "each":
            return Function("torch.repeat_interleave", Arg("input"), self.times, dim=place)
        return Function("torch.tile", Arg("input"), tuple(self.times if at == place else 1 for at in range(input.rank)))


@layer(family="Shape", icon="roll", telling=("shift",), synonyms=("shift", "cyclic shift", "shifted window", "swin"))
class Roll(Layer):
    r"""Move everything along an axis; what falls off the end comes in at the beginning.

    Use it for shifted windows, as in Swin transformers, and for augmentation of what is periodic.

    ```math
    y_{\dots,\,i,\,\dots} = x_{\dots,\; (i - \mathrm{shift}) \bmod s,\; \dots}
    ```

    Shapes: any axes after the batch, such as `N×C×H×W` (channel, height, width), which stay.

    Source: Liu et al., "Swin transformer" (2021); PyTorch `torch.roll`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    shift: int = param(1, help="how many places it moves; back where it is negative")
    axis: int = axis_param(-1, "along which it moves")

    def build(self, input: TensorType) -> Function:
        return Function("torch.roll", Arg("input"), self.shift, place_of(self.axis, input, what="move along"))


@layer(family="Shape", icon="flip", telling=("axis",), synonyms=("reverse", "mirror", "backwards"))
class Flip(Layer):
    r"""Turn an axis round.

    Use it to read a sequence backwards, or to mirror a picture.

    ```math
    y_{\dots,\,i,\,\dots} = x_{\dots,\; s - 1 - i,\; \dots}
    ```

    Shapes: any axes after the batch, such as `N×C×H×W` (channel, height, width), which stay.

    Source: PyTorch `torch.flip`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    axis: int = axis_param(-1, "that is turned round")

    def build(self, input: TensorType) -> Function:
        return Function("torch.flip", Arg("input"), (place_of(self.axis, input, what="turn round"),))
