"""Selection: some numbers out of many, by place, by index or by size."""

from __future__ import annotations

from collections.abc import Mapping

from nnstudio.layers.axes import axis_param, dropped
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import check_codes, fixed, place_of
from nnstudio.layers.types import Symbol, TensorType


@layer(
    family="Selection", icon="slice", telling=("start", "end"),
    synonyms=("crop", "narrow", "range", "subarray", "cut out", "first steps", "strided"),
)  # fmt: skip
class Slice(Layer):
    r"""Keep a stretch of an axis.

    Use it to crop, to drop the first or last step of a sequence, or to take every second one.

    ```math
    y_{\dots,\,i,\,\dots} = x_{\dots,\; \mathrm{start} + i \cdot \mathrm{step},\; \dots}
    ```

    Shapes: the axis becomes shorter: `N×T×F` (time, feature) becomes `N×T'×F` with `T' = ⌈(end − start) / step⌉`.

    Source: PyTorch indexing `x[:, start:end:step]`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    start: int = param(0, help="the first place that is kept, counted from 0; from the end where it is negative")
    end: int | None = param(
        None, kind="int", optional=True, help="the place before which it ends; left empty, up to the end"
    )
    step: int = param(1, min=1, help="2 keeps every second place")
    axis: int = axis_param(1, "of which a stretch is kept")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="cut")
        size = input.sizes[place]
        if isinstance(size, int) and not range(*slice(self.start, self.end, self.step).indices(size)):
            raise BuildError(
                f"would keep nothing of axis {self.axis}, which has {size}: from {self.start} to "
                f"{'the end' if self.end is None else self.end}",
                f"choose a stretch within 0 to {size}",
            )
        if isinstance(size, Symbol) and self.step > 1:
            fixed(size, "size of an axis of which every second place is kept")
        kept = slice(self.start, self.end, self.step if self.step > 1 else None)
        return Function("operator.getitem", Arg("input"), (*[slice(None)] * place, kept))

    def _told(self, name: str) -> str:
        return "end" if name == "end" and self.end is None else str(getattr(self, name))


@layer(
    family="Selection", icon="select", telling=("index",),
    synonyms=("pick one", "last step", "class token", "cls", "take one", "squeeze index"),
)  # fmt: skip
class Select(Layer):
    r"""Keep one place of an axis; the axis goes.

    Use it to read the last step of a sequence (index −1) or the class token of a transformer (index 0).

    ```math
    y_{\dots} = x_{\dots,\,\mathrm{index},\,\dots}
    ```

    Shapes: the axis is gone: `N×T×F` (time, feature) becomes `N×F`.

    Source: PyTorch `torch.select`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    index: int = param(-1, help="the place that is kept, counted from 0; -1 is the last")
    axis: int = axis_param(1, "of which one place is kept")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="pick from")
        size = input.sizes[place]
        if isinstance(size, int) and not -size <= self.index < size:
            raise BuildError(
                f"is to pick place {self.index} of axis {self.axis}, which has {size}",
                f"choose a place from 0 to {size - 1}, or -1 for the last",
            )
        return Function("torch.select", Arg("input"), place, self.index)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return dropped(inputs["input"], (place_of(self.axis, inputs["input"], what="pick from"),))


@layer(
    family="Selection", icon="indexselect", telling=("indices",),
    synonyms=("pick several", "reorder channels", "take", "choose columns", "subset", "index list"),
)  # fmt: skip
class IndexSelect(Layer):
    r"""Keep the listed places of an axis, in the order of the list.

    Use it to choose or reorder columns or channels. A place may be listed twice.

    ```math
    y_{\dots,\,k,\,\dots} = x_{\dots,\; \mathrm{indices}_k,\; \dots}
    ```

    Shapes: the axis has as many places as there are indices, k: `N×C×T` (channel, time) becomes `N×k×T`.

    Source: PyTorch `torch.index_select`.
    """

    keeps_codes = True

    input = Port("N *", dtype="any")
    output = Port("N *", dtype="any")

    indices: tuple[int, ...] = param((0,), min=0, help="the places that are kept, counted from 0")
    axis: int = axis_param(1, "of which places are kept")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="pick from")
        if not self.indices:
            raise BuildError("keeps no place at all", "list the places to keep, counted from 0")
        size = input.sizes[place]
        if isinstance(size, int) and max(self.indices) >= size:
            raise BuildError(
                f"is to pick place {max(self.indices)} of axis {self.axis}, which has {size}",
                f"list places from 0 to {size - 1}",
            )
        return Function("operator.getitem", Arg("input"), (*[slice(None)] * place, self.indices))

    def _told(self, name: str) -> str:
        return ", ".join(map(str, self.indices)) if len(self.indices) < 6 else f"{len(self.indices)} places"


@layer(
    family="Selection", icon="gather", telling=("axis",),
    synonyms=("look up", "take along axis", "index by tensor", "pick by index", "q value of action"),
)  # fmt: skip
class Gather(Layer):
    r"""Pick numbers along an axis by indices that another layer or the data gives.

    Use it to read the value of the action that was taken, or to put rows in a given order. Input and index have the
    same number of axes; the index has the sizes of the result.

    ```math
    y_{\dots,\,i,\,\dots} = x_{\dots,\; \mathrm{index}_{\dots,\,i,\,\dots},\; \dots}
    ```

    Shapes: the result has the sizes of the index: `N×A` (action) and an index `N×1` give `N×1`.

    Source: PyTorch `torch.gather`.
    """

    input = Port("N *", dtype="number", help="what is picked from")
    index = Port("N *", dtype="int", help="which place of the axis, counted from 0, for each number of the result")
    output = Port("N *", dtype="number")

    axis: int = axis_param(-1, "along which numbers are picked")

    def build(self, input: TensorType, index: TensorType) -> Function:
        check_codes(index, "indices")
        if input.rank != index.rank:
            raise BuildError(
                f"gets an input {input.per_sample()} and an index {index.per_sample()} with different numbers of axes",
                "give them the same number of axes, with an Unsqueeze or Reshape",
            )
        place = place_of(self.axis, input, what="pick along")
        for at, (size, wanted) in enumerate(zip(input.sizes, index.sizes, strict=True)):
            fits = isinstance(size, int) and isinstance(wanted, int) and wanted <= size
            if at != place and size != wanted and not fits:
                raise BuildError(
                    f"gets an index {index.per_sample()} that is larger than its input {input.per_sample()}",
                    "make the index at most as large along every axis but the one that is picked along",
                )
        size = input.sizes[place]
        if index.classes and isinstance(size, int) and index.classes > size:
            raise BuildError(
                f"gets indices from 0 to {index.classes - 1} for an axis of {size}", "make the axis larger"
            )
        return Function("torch.gather", Arg("input"), place, Arg("index"))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return {"output": inputs["input"].labels}


@layer(family="Selection", icon="topk", telling=("k",), synonyms=("largest k", "top-k", "best", "k max", "routing"))
class TopK(Layer):
    r"""Keep the k largest numbers along an axis, and say where they stood.

    Use it for routing among experts, for k-max pooling, or to show the best guesses. The first output holds the
    numbers, largest first; the second their places.

    ```math
    \mathrm{numbers}_{1 \dots k} = \text{the } k \text{ largest } x_i \qquad
    \mathrm{numbers}_j = x_{\mathrm{indices}_j}
    ```

    Shapes: the axis keeps k places: `N×F` (feature) becomes numbers `N×k` and indices `N×k`.

    Source: PyTorch `torch.topk`.
    """

    input = Port("N *", dtype="number")
    numbers = Port("N *", dtype="number", help="the numbers, the largest first")
    indices = Port("N *", dtype="int", help="where they stood, counted from 0")

    k: int = param(1, min=1, title="How many", help="k: how many are kept")
    smallest: bool = param(False, help="keep the smallest instead, the smallest first")
    axis: int = axis_param(-1, "along which they are compared")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="compare along")
        size = input.sizes[place]
        if isinstance(size, int) and self.k > size:
            raise BuildError(
                f"is to keep {self.k} along axis {self.axis}, which has {size}", f"choose k from 1 to {size}"
            )
        more = {"largest": False} if self.smallest else {}
        return Function("torch.topk", Arg("input"), self.k, dim=place, **more)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return dict.fromkeys(("numbers", "indices"), inputs["input"].labels)


@layer(family="Selection", icon="sort", telling=("axis",), synonyms=("order", "rank", "argsort", "ascending"))
class Sort(Layer):
    r"""Put the numbers along an axis in order, and say where they stood.

    Use it where only the distribution of values counts, not their places.

    ```math
    \mathrm{numbers}_1 \le \mathrm{numbers}_2 \le \dots \qquad \mathrm{numbers}_k = x_{\mathrm{indices}_k}
    ```

    Shapes: any axes after the batch, which stay, twice: `N×F` (feature) becomes numbers `N×F` and indices `N×F`.

    Source: PyTorch `torch.sort`.
    """

    input = Port("N *", dtype="number")
    numbers = Port("N *", dtype="number", help="the numbers in order")
    indices = Port("N *", dtype="int", help="where they stood, counted from 0")

    descending: bool = param(False, help="the largest first")
    axis: int = axis_param(-1, "along which they are ordered")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="order along")
        return Function("torch.sort", Arg("input"), dim=place, **({"descending": True} if self.descending else {}))

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        return dict.fromkeys(("numbers", "indices"), inputs["input"].labels)
