"""Selection: some numbers out of many, by place, by index, by size or by a mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from nnstudio.layers.axes import axis_param, broadcast_labels, check_broadcast, dropped
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


@layer(family="Selection", icon="where", synonyms=("if else", "choose by mask", "conditional", "ternary", "switch"))
class Where(Layer):
    r"""Take numbers of one input where a condition holds, of another elsewhere.

    Use it to combine two branches by a mask. Without a second input, the set number counts where the condition does not
    hold.

    ```math
    y = \begin{cases} \mathrm{first} & \text{where the condition holds} \\
    \mathrm{second} & \text{elsewhere} \end{cases}
    ```

    Source: PyTorch `torch.where`.
    """

    condition = Port("*", dtype="bool", help="yes and no, from a comparison, say")
    first = Port("*", dtype="number", help="what counts where it is yes")
    second = Port("*", dtype="number", optional=True, help="what counts where it is no; instead of the set number")
    output = Port("*", dtype="number")

    value: float = param(0.0, help="what counts where the condition does not hold and no second input is wired")

    def build(self, condition: TensorType, first: TensorType, second: TensorType | None) -> Function:
        check_broadcast([type for type in (condition, first, second) if type is not None])
        otherwise = self.value if second is None else Arg("second")
        return Function("torch.where", Arg("condition"), Arg("first"), otherwise)

    def output_labels(self, inputs: Mapping[str, TensorType | None]) -> Mapping[str, tuple[str, ...]]:
        return broadcast_labels([type for type in inputs.values() if type is not None])


@layer(
    family="Selection", icon="maskedfill", telling=("value",),
    synonyms=("mask", "attention mask", "padding mask", "fill", "masking"),
)  # fmt: skip
class MaskedFill(Layer):
    r"""Put a number wherever a mask says yes.

    Use it to hide padding from an attention: fill its scores with a very negative number before the Softmax.

    ```math
    y = \begin{cases} \mathrm{value} & \text{where the mask holds} \\ x & \text{elsewhere} \end{cases}
    ```

    Source: PyTorch `torch.masked_fill`.
    """

    input = Port("*")
    mask = Port("*", dtype="bool", help="yes where the number is put; spread over the input where its size is 1")
    output = Port("*")

    value: float = param(-1e9, help="the number that is put where the mask holds")

    def build(self, input: TensorType, mask: TensorType) -> Function:
        check_broadcast((input, mask))
        larger = mask.rank > input.rank or any(
            input.sizes[-at] == 1 != mask.sizes[-at] for at in range(1, mask.rank + 1) if mask.rank <= input.rank
        )
        if larger:
            raise BuildError(
                f"gets a mask {mask.per_sample()} that is larger than its input {input.per_sample()}",
                "use a mask of the input's sizes, or with an axis of size 1 that is repeated",
            )
        return Function("torch.masked_fill", Arg("input"), Arg("mask"), self.value)


@layer(
    family="Selection", icon="causalmask", telling=("value",),
    synonyms=("autoregressive mask", "look ahead mask", "decoder mask", "future mask", "subsequent mask"),
)  # fmt: skip
class CausalMask(Layer):
    r"""Hide from each step all later ones: fill attention scores above the diagonal.

    Use it between the scores (queries × keys) and the Softmax of a model that writes one token after another.

    ```math
    y_{i,j} = \begin{cases} x_{i,j} & j \le i \\ \mathrm{value} & j > i \end{cases}
    ```

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.2.3.
    """

    input = Port("N *s R K", help="scores: queries × keys")
    output = Port("N *s R K")

    value: float = param(-1e9, help="what is put in place of later steps")

    def build(self, input: TensorType) -> Function:
        ones = Function("torch.ones_like", Arg("input"))
        later = Function("torch.triu", ones, 1)
        return Function("torch.masked_fill", Arg("input"), Function("torch.gt", later, 0), self.value)


class _Triangle(Layer):
    """Base of what keeps one side of a diagonal."""

    function: ClassVar[str]

    input = Port("N *s R Q", dtype="number")
    output = Port("N *s R Q", dtype="number")

    diagonal: int = param(0, min=-1024, max=1024, help="0: the main diagonal; above it 1, 2, …; below it -1, -2, …")

    def build(self, input: TensorType) -> Function:
        return Function(self.function, Arg("input"), *([self.diagonal] if self.diagonal else []))


@layer(family="Selection", icon="triu", telling=("diagonal",), synonyms=("upper triangle", "upper triangular"))
class Triu(_Triangle):
    r"""Keep the upper right of each matrix, and put 0 below the diagonal.

    Use it for masks, and for pairs of which each should count once.

    ```math
    y_{i,j} = \begin{cases} x_{i,j} & j - i \ge \mathrm{diagonal} \\ 0 & \text{otherwise} \end{cases}
    ```

    Source: PyTorch `torch.triu`.
    """

    function = "torch.triu"


@layer(
    family="Selection", icon="tril", telling=("diagonal",), synonyms=("lower triangle", "lower triangular", "causal")
)
class Tril(_Triangle):
    r"""Keep the lower left of each matrix, and put 0 above the diagonal.

    Use it for weights by which a step sees itself and earlier ones only, and for Cholesky factors.

    ```math
    y_{i,j} = \begin{cases} x_{i,j} & j - i \le \mathrm{diagonal} \\ 0 & \text{otherwise} \end{cases}
    ```

    Source: PyTorch `torch.tril`.
    """

    function = "torch.tril"
