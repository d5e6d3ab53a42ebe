"""Linear and bilinear layers, and what passes through unchanged."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType


@layer(
    family="Linear", telling=("out_features",),
    synonyms=("dense", "fully connected", "fc", "affine", "perceptron", "projection"),
)  # fmt: skip
class Linear(Weighted):
    r"""Weigh every input feature for each output: a fully connected layer.

    Use it on vectors: at the end of a classifier, in a multilayer perceptron, or on the last axis of a sequence.

    ```math
    y = W x + b
    ```

    Here W has a row for each output.

    Shapes: `N×*×F` (feature last) becomes `N×*×F'` with F' outputs.

    Source: Rosenblatt, "The perceptron" (1958); PyTorch `torch.nn.Linear`.
    """

    input = Port("N * F")
    output = Port("N * F'")

    out_features: int = param(32, min=1, title="Outputs", help="how many numbers come out for each sample")
    bias: bool = param(True, title="Bias", help="add a learned offset to each output")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Linear", input.last(), self.out_features, bias=self.bias)


@layer(family="Linear", telling=("out_features",), synonyms=("two inputs", "interaction", "tensor", "dense"))
class Bilinear(Weighted):
    r"""Weigh every product of a feature of one input with a feature of another.

    Use it where two vectors matter together, such as a question and a fact. It has left × right × outputs weights,
    so keep the two inputs small.

    ```math
    y_k = a^{\top} W_k\, b + c_k
    ```

    Here a and b are the two inputs and c the bias.

    Shapes: `N×*×F` and `N×*×G` (feature last) become `N×*×F'` with F' outputs.

    Source: Tenenbaum and Freeman, "Separating style and content with bilinear models" (2000), section 2; PyTorch
    `torch.nn.Bilinear`.
    """

    left = Port("N *s F", help="the first vector")
    right = Port("N *s G", help="the second vector")
    output = Port("N *s F'")

    out_features: int = param(32, min=1, title="Outputs", help="how many numbers come out for each sample")
    bias: bool = param(True, title="Bias", help="add a learned offset to each output")

    def build(self, left: TensorType, right: TensorType) -> Call:
        return Call("torch.nn.Bilinear", left.last(), right.last(), self.out_features, bias=self.bias)


@layer(family="Linear", synonyms=("pass through", "nothing", "no operation", "skip connection", "junction"))
class Identity(Layer):
    r"""Let everything through unchanged.

    Use it as a named point to wire to, as the empty branch of a residual block, or in place of a layer that is tried
    without.

    ```math
    y = x
    ```

    Shapes: any axes, such as `N×C×H×W` (channel, height, width), which stay.

    Source: PyTorch `torch.nn.Identity`.
    """

    keeps_codes = True

    input = Port("*", dtype="any")
    output = Port("*", dtype="any")

    def build(self, input: TensorType) -> Call:
        return Call("torch.nn.Identity")


@layer(
    family="Linear", telling=("n_classes",),
    synonyms=("hierarchical softmax", "large vocabulary", "language model", "adaptive softmax", "many classes"),
)  # fmt: skip
class AdaptiveLogSoftmax(Layer):
    r"""Give log probabilities of very many classes, with fewer weights for the rare ones.

    Use it at the end of a language model in place of Linear and LogSoftmax, with NLLLoss behind it. Classes must be
    numbered from the most frequent to the rarest. Those before the first cut get a score each; each later group
    shares one score there and has a smaller projection of its own.

    ```math
    \ln p(c) = \ln p(\text{group of } c) + \ln p(c \mid \text{group of } c)
    ```

    Shapes: `N×F` (feature) becomes `N×C` with a log probability for each class.

    Source: Grave et al., "Efficient softmax approximation for GPUs" (2016), section 4; PyTorch
    `torch.nn.AdaptiveLogSoftmaxWithLoss`.
    """

    input = Port("N F")
    output = Port("N C")

    n_classes: int = param(1000, min=2, title="Classes", help="how many classes there are")
    cutoffs: tuple[int, ...] = param(
        (100,), min=1, title="Cuts", help="the first class of each group of rarer classes, rising: 100, 500"
    )
    div_value: float = param(
        4.0, min=1.0, max=64.0, title="Shrink by", help="each group's projection is so many times smaller"
    )
    head_bias: bool = param(False, title="Bias", help="add a learned offset to the scores of the frequent classes")

    def build(self, input: TensorType) -> Call:
        rising = all(one < other for one, other in zip(self.cutoffs, self.cutoffs[1:], strict=False))
        if not self.cutoffs or not rising or self.cutoffs[-1] >= self.n_classes:
            shown = ", ".join(map(str, self.cutoffs)) or "none"
            raise BuildError(
                f"has the cuts {shown} for {self.n_classes} classes",
                f"give it rising cuts from 1 to {self.n_classes - 1}",
            )
        features, most = input["F"], len(self.cutoffs)
        if features // self.div_value**most < 1:
            raise BuildError(
                f"shrinks {features} features {self.div_value:g} times for each of {most} groups, which leaves none",
                "use fewer cuts, shrink by less, or feed it more features",
            )
        return Call(
            "nnstudio.nn.AdaptiveLogSoftmax", features, self.n_classes, self.cutoffs, div_value=self.div_value,
            head_bias=self.head_bias,
        )  # fmt: skip
