"""Joining and splitting: several tensors become one, and one becomes several."""

from __future__ import annotations

from collections.abc import Mapping

from nnstudio.layers.axes import axis_param, check_several, dropped
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import fixed, place_of
from nnstudio.layers.disagreement import apart
from nnstudio.layers.types import TensorType

#: So many outputs can one layer have.
MOST_PARTS = 64


class Parts(Layer):
    """Base of layers whose number of outputs follows from a parameter: ``part1``, ``part2``, …"""

    input = Port("N *", dtype="any")
    part1 = Port("N *", dtype="any", help="there is one for each part")
    part2 = Port("N *", dtype="any", help="and so on")

    @property
    def count(self) -> int:
        """How many outputs there are."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        super().__post_init__()
        ports = {f"part{number}": Port("N *", dtype="any") for number in range(1, self.count + 1)}
        object.__setattr__(self, "outputs", ports)

    def same_labels(self, input: TensorType) -> Mapping[str, tuple[str, ...]]:
        """Labels of the outputs where they are those of the input."""
        return dict.fromkeys(self.outputs, input.labels)


@layer(
    family="Joining and splitting", icon="concatenate", telling=("axis",),
    synonyms=("concat", "cat", "join", "merge", "skip connection", "append", "dense connection"),
)  # fmt: skip
class Concatenate(Layer):
    r"""Join its inputs along an axis.

    Use it to put features from several branches side by side, as U-Net and DenseNet do with channels. The sizes of the
    other axes must agree.

    ```math
    y = \left[\, x_1,\; x_2,\; \dots \,\right] \quad \text{along the axis}
    ```

    Shapes: all sizes are the same but along the axis, where they add up: `N×C₁×H×W` and `N×C₂×H×W` (channel,
    height, width) become `N×(C₁ + C₂)×H×W`.

    Source: Huang et al., "Densely connected convolutional networks" (2016); PyTorch `torch.cat`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any", many=True)
    output = Port("N *", dtype="any")

    axis: int = param(1, title="Axis", help="along which they are joined: 1 is the first after the batch, -1 the last")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        check_several(input)
        sizes = ", ".join(type.per_sample() for type in input)
        if len({type.rank for type in input}) > 1:
            raise BuildError(
                f"gets inputs with different numbers of axes: {sizes}", "put a Flatten or Reshape before it"
            )
        place = place_of(self.axis, input[0], what="join")
        told = apart(input, along=place)
        if told:
            raise BuildError(
                f"gets {sizes}, which differ in more than the axis {self.axis} along which they are joined: {told}",
                "make the other sizes the same, or join along another axis",
            )
        return Function("torch.cat", tuple(Arg("input", index) for index in range(len(input))), dim=place)


@layer(
    family="Joining and splitting", icon="stack", telling=("axis",),
    synonyms=("pile", "new axis", "pack", "combine into one"),
)  # fmt: skip
class Stack(Layer):
    r"""Put its inputs side by side along a new axis.

    Use it to gather what several branches say, one after another, before a Sum, Max or attention over them. All inputs
    must have the same sizes.

    ```math
    y_{n,\,k,\,\dots} = (x_k)_{n,\,\dots}
    ```

    Shapes: k inputs of the same sizes get a new axis: `N×F` (feature) becomes `N×k×F` at 1 and `N×F×k` at −1.

    Source: PyTorch `torch.stack`.
    """

    keeps_codes = True

    input = Port("N *s", dtype="any", many=True)
    output = Port("N *", dtype="any")

    axis: int = param(1, min=-8, max=8, title="Axis", help="where the new axis stands: 1 is after the batch, -1 last")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        check_several(input)
        place = self._place(input[0])
        return Function("torch.stack", tuple(Arg("input", index) for index in range(len(input))), dim=place)

    def _place(self, input: TensorType) -> int:
        return new_place(self.axis, input)

    def output_labels(self, inputs: Mapping[str, tuple[TensorType, ...]]) -> Mapping[str, tuple[str, ...]]:
        labels, place = inputs["input"][0].labels, self._place(inputs["input"][0])
        return {"output": (*labels[:place], "", *labels[place:])}


def new_place(axis: int, input: TensorType) -> int:
    """The place (1 to rank) of an axis that is new, counted from the end where it is negative. BuildError."""
    place = axis + input.rank + 1 if axis < 0 else axis
    if not 1 <= place <= input.rank:
        raise BuildError(
            f"is to put a new axis at {axis}, but with it {input.per_sample()} has axes 1 to {input.rank}",
            f"choose a place from 1 to {input.rank}, or -1 for the last",
        )
    return place


@layer(
    family="Joining and splitting", icon="split", telling=("sizes",),
    synonyms=("split by sizes", "partition", "slice into", "separate", "divide channels", "qkv"),
)  # fmt: skip
class Split(Parts):
    r"""Cut its input along an axis into parts of given sizes, an output for each.

    Use it to take apart what one layer worked out at once: queries, keys and values, or mean and log-variance. The
    sizes must add up to the axis; one may be −1 and takes what the others leave.

    ```math
    y_k = x_{\dots,\; s_1 + \dots + s_{k-1} \,:\, s_1 + \dots + s_k,\; \dots}
    ```

    Shapes: the axis is cut into the sizes, which add up to it: `N×C×T` (channel, time) becomes `N×C₁×T`, `N×C₂×T`
    and so on.

    Source: PyTorch `torch.split`.
    """

    keeps_codes = True

    sizes: tuple[int, ...] = param((1, -1), min=-1, help="the size of each part; one may be -1: what the others leave")
    axis: int = axis_param(1, "which is cut")

    @property
    def count(self) -> int:
        return min(len(self.sizes), MOST_PARTS)

    def build(self, input: TensorType) -> Function:
        if not 2 <= len(self.sizes) <= MOST_PARTS:
            raise BuildError(f"is to give {len(self.sizes)} parts", f"give from 2 to {MOST_PARTS} sizes")
        if 0 in self.sizes or self.sizes.count(-1) > 1:
            shown = ", ".join(map(str, self.sizes))
            raise BuildError(f"cannot give parts of the sizes {shown}", "use sizes of at least 1, and -1 at most once")
        place = place_of(self.axis, input, what="cut")
        whole = fixed(input.sizes[place], "size of the axis that is cut")
        known = sum(size for size in self.sizes if size > 0)
        rest = whole - known
        if (rest < 1) if -1 in self.sizes else rest:
            needed = f"{known} and at least one more" if -1 in self.sizes else f"{known}"
            raise BuildError(
                f"needs {needed} on axis {self.axis} for parts of {', '.join(map(str, self.sizes))}; its input "
                f"{input.per_sample()} has {whole}",
                f"choose sizes that add up to {whole}",
            )
        sizes = tuple(rest if size == -1 else size for size in self.sizes)
        return Function("torch.split", Arg("input"), sizes, dim=place)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return self.same_labels(inputs["input"])


@layer(
    family="Joining and splitting", icon="chunk", telling=("parts",),
    synonyms=("split equally", "split in half", "halves", "glu", "channel split"),
)  # fmt: skip
class Chunk(Parts):
    r"""Cut its input along an axis into equal parts, an output for each.

    Use it where each branch gets the same share of the channels, as in ShuffleNet or a gated unit.

    ```math
    y_k = x_{\dots,\; (k-1) s \,:\, k s,\; \dots} \qquad s = \frac{\text{size of the axis}}{\text{parts}}
    ```

    Shapes: the axis is cut into k equal parts: `N×C×H×W` (channel, height, width) becomes k times `N×(C / k)×H×W`.

    Source: Ma et al., "ShuffleNet V2" (2018); PyTorch `torch.chunk`.
    """

    keeps_codes = True

    parts: int = param(2, min=2, max=MOST_PARTS, help="how many parts there are, each with an output")
    axis: int = axis_param(1, "which is cut")

    @property
    def count(self) -> int:
        return self.parts

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="cut")
        whole = fixed(input.sizes[place], "size of the axis that is cut")
        if whole % self.parts:
            divisors = [n for n in range(2, min(whole, MOST_PARTS) + 1) if not whole % n]
            offered = f"choose {' or '.join(map(str, divisors[:4]))} parts" if divisors else "feed it a larger axis"
            raise BuildError(f"cannot cut {whole} into {self.parts} equal parts", f"{offered}, or use Split with sizes")
        return Function("torch.chunk", Arg("input"), self.parts, dim=place)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return self.same_labels(inputs["input"])


@layer(
    family="Joining and splitting", icon="unbind", telling=("parts",), synonyms=("unstack", "take apart", "unpack axis")
)
class Unbind(Parts):
    r"""Take an axis apart: an output for each place along it, without that axis.

    Use it to undo a Stack, or to treat each step, channel or head by itself. There are as many outputs as the axis has
    places.

    ```math
    (y_k)_{n,\,\dots} = x_{n,\,k,\,\dots}
    ```

    Shapes: the axis is gone: `N×k×F` (step, feature) becomes k times `N×F`.

    Source: PyTorch `torch.unbind`.
    """

    keeps_codes = True

    parts: int = param(2, min=2, max=MOST_PARTS, help="the size of the axis: there are so many outputs")
    axis: int = axis_param(1, "which is taken apart")

    @property
    def count(self) -> int:
        return self.parts

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="take apart")
        whole = fixed(input.sizes[place], "size of the axis that is taken apart")
        if whole != self.parts:
            possible = 2 <= whole <= MOST_PARTS
            raise BuildError(
                f"has {self.parts} outputs, but axis {self.axis} of its input {input.per_sample()} has {whole}",
                f"set parts to {whole}" if possible else "choose another axis, or use Split",
            )
        return Function("torch.unbind", Arg("input"), dim=place)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        place = place_of(self.axis, inputs["input"], what="take apart")
        return dict.fromkeys(self.outputs, dropped(inputs["input"], (place,))["output"])
