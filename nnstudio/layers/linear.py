"""Linear and bilinear layers, and embeddings."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType


@layer(
    family="Linear",
    icon="linear",
    telling=("out_features",),
    synonyms=("dense", "fully connected", "fc", "affine", "perceptron"),
)
class Linear(Weighted):
    """Weigh every input feature for each output: a fully connected layer.

    Use it on vectors: at the end of a classifier, in a multilayer perceptron, or on the last axis of a sequence.

    Formula: `y = x Wᵀ + b`, with W of shape out_features × in_features.

    Source: Rosenblatt, "The perceptron" (1958); PyTorch `torch.nn.Linear`.
    """

    input = Port("N * F")
    output = Port("N * F'")

    out_features: int = param(32, min=1, title="Outputs", help="how many numbers come out for each sample")
    bias: bool = param(True, title="Bias", help="add a learned offset to each output")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Linear", input.last(), self.out_features, bias=self.bias)


@layer(family="Linear", icon="bilinear", telling=("out_features",), synonyms=("two inputs", "interaction", "tensor"))
class Bilinear(Weighted):
    """Weigh every product of a feature of one input with a feature of another.

    Use it where two vectors matter together, such as a question and a fact. It has left × right × outputs weights,
    so keep the two inputs small.

    Formula: `y_k = x₁ᵀ W_k x₂ + b_k`.

    Source: PyTorch `torch.nn.Bilinear`; Tenenbaum and Freeman, "Separating style and content with bilinear models"
    (2000).
    """

    left = Port("N *s F", help="the first vector")
    right = Port("N *s G", help="the second vector")
    output = Port("N *s F'")

    out_features: int = param(32, min=1, title="Outputs", help="how many numbers come out for each sample")
    bias: bool = param(True, title="Bias", help="add a learned offset to each output")

    def build(self, left: TensorType, right: TensorType) -> Call:
        return Call("torch.nn.Bilinear", left.last(), right.last(), self.out_features, bias=self.bias)


@layer(
    family="Linear",
    icon="embedding",
    telling=("embedding_dim",),
    synonyms=("lookup", "token", "word vector", "category", "one-hot"),
)
class Embedding(Weighted):
    """Look up a learned vector for each code: a word, a character, a category.

    Put it behind an input of codes (0, 1, 2, …). It does the same as a Linear on one-hot vectors, only faster.

    Formula: `y = W[x]`, with W of shape codes × embedding_dim.

    Source: Bengio et al., "A neural probabilistic language model" (2003); PyTorch `torch.nn.Embedding`.
    """

    input = Port("N *", dtype="int", help="codes from 0")
    output = Port("N * E")

    embedding_dim: int = param(32, min=1, title="Vector", help="how many numbers stand for each code")
    num_embeddings: int = param(
        None, kind="int", min=1, title="Codes",
        help="how many different codes there are; left empty, it is taken from the data",
    )  # fmt: skip

    def build(self, input: TensorType) -> Call:
        check_codes(input, "codes", ("int64", "int32"))
        codes = self.num_embeddings or input.classes
        if codes is None:
            raise BuildError("does not know how many different codes there are", "set its parameter Codes")
        if input.classes is not None and codes < input.classes:
            raise BuildError(
                f"has vectors for {codes} codes but its input has {input.classes}",
                f"set its parameter Codes to {input.classes}, or leave it empty",
            )
        return Call("torch.nn.Embedding", codes, self.embedding_dim)
