"""An embedding whose table is used again to score the codes (tied weights), as language models have it."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer
from nnstudio.layers.call import Arg, Call, Function
from nnstudio.layers.embedding import Embedding, table_size
from nnstudio.layers.types import TensorType


@layer(
    family="Linear", telling=("embedding_dim",),
    synonyms=("tied embedding", "weight tying", "word vectors", "token embedding", "wte", "shared embedding"),
)  # fmt: skip
class TiedEmbedding(Embedding):
    r"""Look up a learned vector for each code, and hand out the whole table too.

    Put it at the beginning of a language model and wire its table to a TiedLinear at the end: one set of vectors then
    both reads the words and scores them.

    ```math
    y = W_{x}, \qquad \mathrm{table} = W
    ```

    Here W has a row for each code.

    Shapes: `N×*` of codes becomes `N×*×E` (embedding), and a table of `V×E` for V codes.

    Source: Press and Wolf, "Using the output embedding to improve language models" (2016), section 2.
    """

    input = Port("N *", dtype="int", help="codes from 0")
    output = Port("N * E")
    table = Port("V E", help="the vectors of all codes")

    def build(self, input: TensorType) -> Call:
        return Call(
            "nnstudio.nn.TiedEmbedding", table_size(self, input), self.embedding_dim, padding_idx=self.padding_idx,
            max_norm=self.max_norm, norm_type=self.norm_type, scale_grad_by_freq=self.scale_grad_by_freq,
        )  # fmt: skip


@layer(
    family="Linear", synonyms=("unembedding", "language model head", "lm head", "output embedding", "tied output"),
)  # fmt: skip
class TiedLinear(Layer):
    r"""Score every code by its likeness to a vector, with the table of a TiedEmbedding.

    Use it at the end of a language model. It is a Linear without weights of its own; see TiedEmbedding.

    ```math
    y = x\, W^{\top}
    ```

    Here W is the table.

    Shapes: `N×*×E` and a table of `V×E` become `N×*×V` scores.

    Source: Press and Wolf, "Using the output embedding to improve language models" (2016), section 2.
    """

    input = Port("N * E", help="the vectors to score")
    table = Port("V E", help="the table of a TiedEmbedding")
    output = Port("N * V")

    def build(self, input: TensorType, table: TensorType) -> Function:
        if input.last() != table.last():
            raise BuildError(
                f"is fed vectors of {input.last()}, and the table has vectors of {table.last()}",
                "put a Linear before it that makes them as wide as the table's",
            )
        return Function("torch.matmul", Arg("input"), Function("torch.transpose", Arg("table"), 0, 1))
