"""Learned vectors for codes: words, characters, categories."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType

_SYNONYMS = ("lookup", "token", "word vector", "category", "one-hot", "word vectors", "lookup table")


def _vector() -> Any:
    return param(32, min=1, title="Vector", help="how many numbers stand for each code")


def _codes() -> Any:
    return param(
        None, kind="int", min=1, title="Codes",
        help="how many different codes there are; left empty, it is taken from the data",
    )  # fmt: skip


def _padding() -> Any:
    return param(
        None, kind="int", min=0, title="Padding code",
        help="a code that fills up short sequences: its vector learns nothing, and is zero by the default start",
    )  # fmt: skip


def _max_norm() -> Any:
    return param(
        None, kind="float", exclusive_min=0.0, title="Longest", help="vectors that are longer are shortened to this"
    )


def _norm_type() -> Any:
    return param(2.0, min=1.0, max=16.0, title="Power", help="the norm by which the length is measured; 2 is usual")


def _by_frequency() -> Any:
    return param(False, title="By frequency", help="divide each code's gradient by how often it occurs in the batch")


def table_size(layer: Any, input: TensorType) -> int:
    """How many codes there are vectors for. BuildError where that is not known or too few."""
    check_codes(input, "codes", ("int64", "int32"))
    codes = layer.num_embeddings or input.classes
    if codes is None:
        raise BuildError("does not know how many different codes there are", "set its parameter Codes")
    if input.classes is not None and codes < input.classes:
        raise BuildError(
            f"has vectors for {codes} codes but its input has {input.classes}",
            f"set its parameter Codes to {input.classes}, or leave it empty",
        )
    if layer.padding_idx is not None and layer.padding_idx >= codes:
        raise BuildError(
            f"has {layer.padding_idx} as padding code, and its codes go from 0 to {codes - 1}",
            f"choose a padding code from 0 to {codes - 1}, or more codes",
        )
    return int(codes)


class Table(Weighted):
    """What tables of vectors have in common."""

    def mixes(self) -> str:
        longest = getattr(self, "max_norm", None) is not None
        return "shortens the vectors of the codes that occur in the batch" if longest else ""


@layer(family="Linear", telling=("embedding_dim",), synonyms=_SYNONYMS)
class Embedding(Table):
    r"""Look up a learned vector for each code: a word, a character, a category.

    Put it behind an input of codes (0, 1, 2, …). It does the same as a Linear on one-hot vectors, only faster.

    ```math
    y = W_{x}
    ```

    Here W has a row for each code.

    Shapes: `N×*` of codes becomes `N×*×E` (embedding).

    Source: Bengio et al., "A neural probabilistic language model" (2003), section 2; PyTorch `torch.nn.Embedding`.
    """

    input = Port("N *", dtype="int", help="codes from 0")
    output = Port("N * E")

    embedding_dim: int = _vector()
    num_embeddings: int = _codes()
    padding_idx: int | None = _padding()
    max_norm: float | None = _max_norm()
    norm_type: float = _norm_type()
    scale_grad_by_freq: bool = _by_frequency()

    def build(self, input: TensorType) -> Call:
        return Call(
            "torch.nn.Embedding", table_size(self, input), self.embedding_dim, padding_idx=self.padding_idx,
            max_norm=self.max_norm, norm_type=self.norm_type, scale_grad_by_freq=self.scale_grad_by_freq,
        )  # fmt: skip


@layer(family="Linear", telling=("embedding_dim", "mode"), synonyms=(*_SYNONYMS, "bag of words", "fasttext", "tags"))
class EmbeddingBag(Table):
    r"""Look up a learned vector for each code of a set and take their mean, sum or maximum.

    Use it for bags of words, tags or categories, where order does not matter: it is Embedding and a mean in one.

    ```math
    y = \operatorname{mean}_t\; w_t\, W_{x_t}
    ```

    Here W has a row for each code and w is 1, or what comes in at `weights` (for the sum alone).

    Shapes: `N×T` of codes becomes `N×E` (embedding).

    Source: Joulin et al., "Bag of tricks for efficient text classification" (2016), section 2; PyTorch
    `torch.nn.EmbeddingBag`.
    """

    input = Port("N T", dtype="int", help="codes from 0")
    weights = Port("N T", optional=True, help="how much each code counts, for the sum")
    output = Port("N E")

    embedding_dim: int = _vector()
    mode: str = param("mean", choices=("mean", "sum", "max"), title="Take", help="what is made of the vectors of a set")
    num_embeddings: int = _codes()
    padding_idx: int | None = _padding()
    max_norm: float | None = _max_norm()
    norm_type: float = _norm_type()
    scale_grad_by_freq: bool = _by_frequency()

    def build(self, input: TensorType, weights: TensorType | None) -> Call:
        codes = table_size(self, input)
        if weights is not None and self.mode != "sum":
            raise BuildError(
                f"is fed weights, which count in a sum alone, and takes the {self.mode}",
                "set its parameter Take to sum, or remove the wire to weights",
            )
        if self.mode == "max" and self.scale_grad_by_freq:
            raise BuildError("cannot divide gradients by frequency where it takes the max",
                             "switch its parameter By frequency off, or take the mean or the sum")  # fmt: skip
        return Call(
            "nnstudio.nn.EmbeddingBag", codes, self.embedding_dim, mode=self.mode, padding_idx=self.padding_idx,
            max_norm=self.max_norm, norm_type=self.norm_type, scale_grad_by_freq=self.scale_grad_by_freq,
        )  # fmt: skip
