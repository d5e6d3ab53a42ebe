"""Arithmetic: where branches of a network meet."""

from __future__ import annotations

from collections.abc import Sequence

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import place_of
from nnstudio.layers.types import TensorType


def _check_several(inputs: Sequence[TensorType]) -> None:
    if len(inputs) < 2:
        raise BuildError("needs at least two inputs; it is fed one", "wire another layer to it")


def _check_broadcast(types: Sequence[TensorType]) -> None:
    """Refuse sizes that neither agree nor are 1, axes aligned at the end."""
    for place in range(1, max(type.rank for type in types) + 1):
        sizes = {type.sizes[-place] for type in types if place <= type.rank} - {1}
        if len(sizes) > 1:
            raise BuildError(
                f"gets sizes that do not go together: {', '.join(type.per_sample() for type in types)}",
                "make them the same (an axis of size 1 is repeated as needed)",
            )


def _folded(operator: str, count: int) -> Function:
    folded = Function(operator, Arg("input", 0), Arg("input", 1))
    for place in range(2, count):
        folded = Function(operator, folded, Arg("input", place))
    return folded


@layer(family="Arithmetic", icon="add", synonyms=("sum", "plus", "residual", "skip connection", "shortcut"))
class Add(Layer):
    """Add its inputs, number by number.

    Use it for residual connections: what a block puts out is added to what went in, so that gradients have a
    short way back.

    Formula: `y = x₁ + x₂ + …`. Sizes must agree; an axis of size 1 is repeated.

    Source: He et al., "Deep residual learning for image recognition" (2015).
    """

    input = Port("*", dtype="number", many=True)
    output = Port("*", dtype="number")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        _check_several(input)
        _check_broadcast(input)
        return _folded("operator.add", len(input))


@layer(family="Arithmetic", icon="multiply", synonyms=("product", "times", "gate", "mask", "hadamard"))
class Multiply(Layer):
    """Multiply its inputs, number by number.

    Use it for gates: one branch, often behind a Sigmoid, says how much of the other passes.

    Formula: `y = x₁ · x₂ · …`, elementwise. Sizes must agree; an axis of size 1 is repeated.

    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997), for gating.
    """

    input = Port("*", dtype="number", many=True)
    output = Port("*", dtype="number")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        _check_several(input)
        _check_broadcast(input)
        return _folded("operator.mul", len(input))


@layer(family="Arithmetic", icon="subtract", synonyms=("minus", "difference"))
class Subtract(Layer):
    """Subtract one input from another, number by number.

    Use it to compare two branches, such as the embeddings of two pictures.

    Formula: `y = left − right`. Sizes must agree; an axis of size 1 is repeated.
    """

    left = Port("*", dtype="number", help="what is subtracted from")
    right = Port("*", dtype="number", help="what is subtracted")
    output = Port("*", dtype="number")

    def build(self, left: TensorType, right: TensorType) -> Function:
        _check_broadcast((left, right))
        return Function("operator.sub", Arg("left"), Arg("right"))


@layer(family="Arithmetic", icon="concatenate", synonyms=("concat", "cat", "join", "merge", "stack", "skip connection"))
class Concatenate(Layer):
    """Join its inputs along an axis.

    Use it to put features from several branches side by side, as U-Net and DenseNet do with channels.

    Formula: `y = [x₁, x₂, …]` along the axis; the other sizes must agree.

    Source: Huang et al., "Densely connected convolutional networks" (2016); PyTorch `torch.cat`.
    """

    input = Port("N *", dtype="any", many=True)
    output = Port("N *", dtype="any")

    axis: int = param(1, title="Axis", help="along which they are joined: 1 is the first after the batch, -1 the last")

    def build(self, input: tuple[TensorType, ...]) -> Function:
        _check_several(input)
        sizes = ", ".join(type.per_sample() for type in input)
        if len({type.rank for type in input}) > 1:
            raise BuildError(
                f"gets inputs with different numbers of axes: {sizes}", "put a Flatten or Reshape before it"
            )
        place = place_of(self.axis, input[0], what="join")
        if len({(*type.sizes[:place], *type.sizes[place + 1 :]) for type in input}) > 1:
            raise BuildError(
                f"gets {sizes}, which differ in more than the axis {self.axis} along which they are joined",
                "make the other sizes the same, or join along another axis",
            )
        return Function("torch.cat", tuple(Arg("input", index) for index in range(len(input))), dim=place)


@layer(family="Arithmetic", icon="matmul", synonyms=("matrix product", "dot product", "bmm", "attention", "similarity"))
class MatMul(Layer):
    """Multiply two inputs as matrices, sample by sample.

    Use it to build attention by hand: queries times transposed keys give scores, weights times values the result.

    Formula: `y[n, i, j] = Σ_k left[n, i, k] · right[n, k, j]`, the right one transposed first where that is chosen.

    Source: Vaswani et al., "Attention is all you need" (2017); PyTorch `torch.matmul`.
    """

    left = Port("N *s R K", help="the left matrix: rows × inner size")
    right = Port("N *s P Q", help="the right matrix: inner size × columns")
    output = Port("N *s R Q")

    transpose_right: bool = param(
        False, title="Transpose right", help="swap the last two axes of the right input first, as in attention scores"
    )

    def build(self, left: TensorType, right: TensorType) -> Function:
        inner = right.sizes[-1 if self.transpose_right else -2]
        if left.sizes[-1] != inner:
            side = "columns" if self.transpose_right else "rows"
            swapped = right.sizes[-2 if self.transpose_right else -1]
            switch = f"turn transpose right {'off' if self.transpose_right else 'on'}"
            raise BuildError(
                f"cannot multiply {left.per_sample()} by {right.per_sample()}: left has {left.sizes[-1]} columns, "
                f"right {inner} {side}",
                switch if left.sizes[-1] == swapped else "make these two sizes the same",
            )
        if self.transpose_right:
            return Function("torch.matmul", Arg("left"), Function("torch.transpose", Arg("right"), -2, -1))
        return Function("torch.matmul", Arg("left"), Arg("right"))
