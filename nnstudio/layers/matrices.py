"""Matrices: products of whole rows and columns, distances and similarities."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nnstudio.layers.axes import axis_param
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Function
from nnstudio.layers.checks import fixed, place_of
from nnstudio.layers.disagreement import example
from nnstudio.layers.types import Size, TensorType


@layer(
    family="Matrices", icon="matmul",
    synonyms=("matrix product", "matrix multiplication", "bmm", "batched matmul", "attention scores", "dot"),
)  # fmt: skip
class MatMul(Layer):
    r"""Multiply two inputs as matrices, sample by sample.

    Use it to build attention by hand: queries times transposed keys give scores, weights times values the result.
    The right input is transposed first where that is chosen.

    ```math
    y_{n,i,j} = \sum_{k} \mathrm{left}_{n,i,k} \, \mathrm{right}_{n,k,j}
    ```

    Shapes: `N×*×R×K` and `N×*×K×Q` (row, column) become `N×*×R×Q`; with the right one transposed, `N×*×R×K` and
    `N×*×Q×K` do.

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
                f"right {inner} {side}{example(left.sizes[-1], inner)}",
                switch if left.sizes[-1] == swapped else "make these two sizes the same",
            )
        if self.transpose_right:
            return Function("torch.matmul", Arg("left"), Function("torch.transpose", Arg("right"), -2, -1))
        return Function("torch.matmul", Arg("left"), Arg("right"))


@layer(
    family="Matrices", icon="einsum", telling=("pattern",),
    synonyms=("einstein sum", "einstein summation", "tensor contraction", "tensordot", "index notation"),
)  # fmt: skip
class Einsum(Layer):
    r"""Multiply and sum its inputs as a pattern of letters says.

    Use it for products that no other layer has. Each input has a letter for each of its axes, the first for the batch;
    letters that are missing behind the arrow are summed over. `nik,nkj->nij` is a product of matrices, `ni,nj->nij` an
    outer product, `nhid,nhjd->nhij` attention scores; `...` stands for all other axes.

    ```math
    y_{\mathrm{out}} = \sum_{\text{letters not in out}} \; \prod_k \, (x_k)_{\mathrm{in}_k}
    ```

    Shapes: as the pattern says: `nik,nkj->nij` makes `N×I×J` of `N×I×K` and `N×K×J` (row, column).

    Source: PyTorch `torch.einsum`.
    """

    input = Port("N *", many=True, help="as many as the pattern has terms before its arrow")
    output = Port("N *")

    pattern: str = param(
        "n...,n...->n...", help="a letter for each axis: terms with commas, ->, the axes of the result"
    )

    def build(self, input: tuple[TensorType, ...]) -> Function:
        terms, result = self._parsed()
        if len(terms) != len(input):
            raise BuildError(
                f"has a pattern for {len(terms)} inputs ({self.pattern}) but is fed {len(input)}",
                "wire as many layers as the pattern has terms before its arrow",
            )
        sizes: dict[str, Size] = {}
        spread: list[tuple[Size, ...]] = []
        for term, type in zip(terms, input, strict=True):
            self._bind(term, type, sizes, spread)
        self._check_spread(spread)
        first = terms[0][0]
        if input[0].has_batch and (not result.startswith(first) or not all(term.startswith(first) for term in terms)):
            raise BuildError(
                f"has a pattern that does not keep the samples apart: {self.pattern}",
                f"begin each term and the result with the batch's letter, {first}",
            )
        args = (Arg("input", place) for place in range(len(input)))
        return Function("torch.einsum", f"{','.join(terms)}->{result}", *args)

    def _parsed(self) -> tuple[list[str], str]:
        """The terms and the result. BuildError where the pattern cannot be read."""
        text = self.pattern.replace(" ", "")
        term = r"[A-Za-z]+(?:\.\.\.)?[A-Za-z]*"
        if not re.fullmatch(rf"{term}(?:,{term})*->{term}", text):
            raise BuildError(
                f"has a pattern that cannot be read: {self.pattern!r}",
                "write letters for the axes of each input, an arrow and those of the result, such as nik,nkj->nij",
            )
        before, _, result = text.partition("->")
        terms = before.split(",")
        letters = result.replace(".", "")
        unknown = sorted(set(letters) - set(before))
        if unknown or len(set(letters)) < len(letters) or ("." in result) != ("." in before):
            raise BuildError(
                f"has a result {result} that does not follow from {before}",
                "name each axis of the result once, and take it from the inputs",
            )
        return terms, result

    @staticmethod
    def _bind(term: str, type: TensorType, sizes: dict[str, Size], spread: list[tuple[Size, ...]]) -> None:
        head, dots, tail = term.partition("...")
        count = len(head) + len(tail)
        if type.rank < count or (not dots and type.rank != count):
            least = "at least " if dots else ""
            raise BuildError(
                f"has a term {term} for {least}{count} axes, the batch among them, but is fed {type.per_sample()} "
                f"({type.rank} axes)",
                "write a letter for each axis, the first for the batch",
            )
        cut = type.rank - len(tail)
        for letter, size in zip(head + tail, (*type.sizes[: len(head)], *type.sizes[cut:]), strict=True):
            known = sizes.setdefault(letter, size)
            if known != size:
                raise BuildError(
                    f"has the letter {letter} for axes of different sizes ({known} and {size}){example(known, size)}",
                    "give axes of different sizes different letters",
                )
        spread.append(type.sizes[len(head) : cut])

    @staticmethod
    def _check_spread(spread: list[tuple[Size, ...]]) -> None:
        for place in range(1, max(map(len, spread)) + 1):
            found = {sizes[-place] for sizes in spread if place <= len(sizes)} - {1}
            if len(found) > 1:
                shown = " and ".join(sorted(map(str, found)))
                raise BuildError(f"has ... for axes of different sizes ({shown})", "write letters for these axes")

    def output_labels(self, inputs: Mapping[str, tuple[TensorType, ...]]) -> Mapping[str, tuple[str, ...]]:
        terms, result = self._parsed()
        named: dict[str, str] = {}
        middle: tuple[str, ...] = ()
        for term, type in zip(terms, inputs["input"], strict=True):
            head, _, tail = term.partition("...")
            cut = type.rank - len(tail)
            for letter, label in zip(head + tail, (*type.labels[: len(head)], *type.labels[cut:]), strict=True):
                named.setdefault(letter, label)
            middle = max(middle, type.labels[len(head) : cut], key=len)
        head, dots, tail = result.partition("...")
        inside = middle if dots else ()
        return {"output": (*(named[letter] for letter in head), *inside, *(named[letter] for letter in tail))}

    def _told(self, name: str) -> str:
        return self.pattern if len(self.pattern) <= 20 else f"{self.pattern[:19]}…"


@layer(
    family="Matrices", icon="outer", synonyms=("tensor product", "bilinear pooling", "pairwise product", "kronecker")
)
class OuterProduct(Layer):
    r"""Multiply every number of one vector by every number of another.

    Use it to let two descriptions meet in all pairs, as in bilinear pooling.

    ```math
    y_{n,i,j} = \mathrm{left}_{n,i} \; \mathrm{right}_{n,j}
    ```

    Shapes: `N×R` and `N×Q` (feature) become `N×R×Q` (row, column).

    Source: Lin et al., "Bilinear CNN models for fine-grained visual recognition" (2015); PyTorch `torch.outer`.
    """

    left = Port("N R", help="gives the rows")
    right = Port("N Q", help="gives the columns")
    output = Port("N R Q")

    def build(self, left: TensorType, right: TensorType) -> Function:
        rows = Function("torch.unsqueeze", Arg("left"), 2)
        return Function("operator.mul", rows, Function("torch.unsqueeze", Arg("right"), 1))


@layer(family="Matrices", icon="dot", synonyms=("inner product", "dot", "scalar product", "two tower", "score"))
class DotProduct(Layer):
    r"""Multiply two inputs and sum along the last axis.

    Use it to score how well two descriptions go together, as in recommendation by two towers.

    ```math
    y_{n,\dots} = \sum_{i} \mathrm{left}_{n,\dots,i} \; \mathrm{right}_{n,\dots,i}
    ```

    Shapes: two `N×*×F` (feature last) of the same sizes become `N×*`.

    Source: PyTorch `torch.linalg.vecdot`.
    """

    left = Port("N *s F")
    right = Port("N *s F")
    output = Port("N *s")

    def build(self, left: TensorType, right: TensorType) -> Function:
        return Function("torch.sum", Function("operator.mul", Arg("left"), Arg("right")), -1)


@layer(family="Matrices", icon="cross", synonyms=("vector product", "normal vector", "3d geometry"))
class CrossProduct(Layer):
    r"""Make of two vectors in space the one at right angles to both.

    Use it for normals and rotations in geometry. The last axis of both inputs has three numbers.

    ```math
    y = \mathrm{left} \times \mathrm{right} \qquad y_1 = a_2 b_3 - a_3 b_2,\;\; y_2 = a_3 b_1 - a_1 b_3,\;\;
    y_3 = a_1 b_2 - a_2 b_1
    ```

    Shapes: two `N×*×3` (coordinate last) of the same sizes become `N×*×3`.

    Source: PyTorch `torch.cross`.
    """

    left = Port("N *s 3", help="vectors of three numbers, a")
    right = Port("N *s 3", help="vectors of three numbers, b")
    output = Port("N *s 3")

    def build(self, left: TensorType, right: TensorType) -> Function:
        return Function("torch.cross", Arg("left"), Arg("right"), dim=-1)


@layer(
    family="Matrices", icon="distance", telling=("measure",),
    synonyms=("cdist", "pairwise distance matrix", "euclidean", "manhattan", "nearest neighbour", "prototypes"),
)  # fmt: skip
class DistanceMatrix(Layer):
    r"""Measure how far every row of one input is from every row of another.

    Use it for prototypes, clusters and point clouds.

    ```math
    y_{n,i,j} = \left\lVert \mathrm{left}_{n,i} - \mathrm{right}_{n,j} \right\rVert_p
    ```

    Shapes: `N×R×F` and `N×Q×F` (row, feature) become `N×R×Q`: a row for each of the left, a column for each of the
    right.

    Source: Snell et al., "Prototypical networks for few-shot learning" (2017); PyTorch `torch.cdist`.
    """

    left = Port("N R F", help="rows of features; they give the rows of the matrix")
    right = Port("N Q F", help="rows of features; they give its columns")
    output = Port("N R Q")

    measure: str = param(
        "euclidean", choices=("euclidean", "manhattan"),
        help="euclidean: the straight line (p = 2); manhattan: along the axes (p = 1)",
    )  # fmt: skip

    def build(self, left: TensorType, right: TensorType) -> Function:
        return Function("torch.cdist", Arg("left"), Arg("right"), p=2.0 if self.measure == "euclidean" else 1.0)


@layer(
    family="Matrices", icon="similarity",
    synonyms=("cosine similarity matrix", "contrastive", "clip", "pairwise similarity", "affinity", "simclr"),
)  # fmt: skip
class SimilarityMatrix(Layer):
    r"""Measure how alike every row of one input is to every row of another, from −1 to 1.

    Use it for contrastive learning and for retrieval: 1 means the same direction, 0 nothing in common.

    ```math
    y_{n,i,j} = \frac{\mathrm{left}_{n,i} \cdot \mathrm{right}_{n,j}}
    {\lVert \mathrm{left}_{n,i} \rVert \, \lVert \mathrm{right}_{n,j} \rVert}
    ```

    Shapes: `N×R×F` and `N×Q×F` (row, feature) become `N×R×Q`: a row for each of the left, a column for each of the
    right.

    Source: Chen et al., "A simple framework for contrastive learning of visual representations" (2020).
    """

    left = Port("N R F", help="rows of features; they give the rows of the matrix")
    right = Port("N Q F", help="rows of features; they give its columns")
    output = Port("N R Q")

    def build(self, left: TensorType, right: TensorType) -> Function:
        first, second = (
            Function("torch.nn.functional.normalize", Arg(port), p=2.0, dim=-1, eps=1e-6) for port in ("left", "right")
        )
        return Function("torch.matmul", first, Function("torch.transpose", second, -2, -1))


@layer(
    family="Matrices", icon="normalize", telling=("measure",),
    synonyms=("l2 norm", "l2 normalise", "normalise", "unit vector", "unit length", "f.normalize"),
)  # fmt: skip
class Normalize(Layer):
    r"""Bring vectors to length one.

    Use it before comparing embeddings by their direction, as in face recognition and contrastive learning. Nothing is
    learned; BatchNorm and LayerNorm also centre and scale.

    ```math
    y = \frac{x}{\max\!\left( \lVert x \rVert_p ,\; 10^{-6} \right)}
    ```

    Shapes: any axes after the batch, such as `N×F` (feature), which stay.

    Source: Schroff et al., "FaceNet" (2015); PyTorch `torch.nn.functional.normalize`.
    """

    input = Port("N *")
    output = Port("N *")

    axis: int = axis_param(-1, "that holds the vectors")
    measure: str = param("L2", choices=("L2", "L1"), help="L2: root of the sum of squares; L1: sum of the sizes")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="normalise")
        p = 2.0 if self.measure == "L2" else 1.0
        return Function("torch.nn.functional.normalize", Arg("input"), p=p, dim=place, eps=1e-6)


@layer(family="Matrices", icon="diagonal", telling=("offset",), synonyms=("diag", "main diagonal"))
class Diagonal(Layer):
    r"""Take the diagonal of each matrix.

    Use it to read variances off a covariance, or the pairs that belong together off a similarity matrix.

    ```math
    y_{n,\dots,i} = x_{n,\dots,\,i,\; i + \mathrm{offset}}
    ```

    Shapes: `N×*×R×Q` (row, column) becomes `N×*×K`, K being the smaller of R and Q, or less where an offset makes the
    diagonal end earlier.

    Source: PyTorch `torch.diagonal`.
    """

    input = Port("N *s R Q")
    output = Port("N *s K'")

    offset: int = param(0, min=-1024, max=1024, help="0 is the main diagonal; above it 1, 2, …; below it -1, -2, …")

    def build(self, input: TensorType) -> Function:
        rows, columns = input.sizes[-2:]
        if self.offset or rows != columns:
            high, wide = fixed(rows, "number of rows"), fixed(columns, "number of columns")
            if not -high < self.offset < wide:
                raise BuildError(
                    f"has an offset of {self.offset}, outside the matrix of its input {input.per_sample()}",
                    "choose an offset smaller than the matrix, 0 for the main diagonal",
                )
        return Function("torch.diagonal", Arg("input"), offset=self.offset, dim1=-2, dim2=-1)
