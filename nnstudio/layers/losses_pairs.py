"""Losses on pairs, triplets and rankings, and on sequences that are not aligned."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.losses import Loss
from nnstudio.layers.types import TensorType

_EMBEDDING = ("metric learning", "siamese", "similarity", "contrastive", "embedding")


def _margin(default: float, help: str) -> Any:
    return param(default, title="Margin", help=help)


def _swap() -> Any:
    return param(False, title="Swap", help="measure from the positive to the negative where that is the harder pair")


@layer(family="Losses on pairs", icon="loss", role="loss", synonyms=("logistic", "two classes", "binary"))
class SoftMarginLoss(Loss):
    r"""Compare scores with a target of 1 or −1, as logistic regression does.

    Use it for two classes that are coded as 1 and −1; for 1 and 0 use BCEWithLogitsLoss.

    ```math
    \ell = \ln(1 + e^{-y x})
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: PyTorch `torch.nn.SoftMarginLoss`.
    """

    prediction = Port("*s", help="a score: above 0 means 1")
    target = Port("*s", help="1 or −1", within=(-1.0, 1.0))

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.SoftMarginLoss", reduction=self.reduction)


@layer(family="Losses on pairs", icon="loss", role="loss", telling=("margin",), synonyms=(*_EMBEDDING, "hinge"))
class HingeEmbeddingLoss(Loss):
    r"""Make distances small for pairs that belong together and larger than a margin for others.

    Use it behind PairwiseDistance, with 1 as target for pairs that belong together and −1 for those that do not.

    ```math
    \ell = \begin{cases} x & y = 1 \\ \max(0,\; m - x) & y = -1 \end{cases}
    ```

    Here m is the margin.

    Shapes: distances and targets of the same sizes, such as `N×K` (column), give one number.

    Source: Hadsell et al., "Dimensionality reduction by learning an invariant mapping" (2006), section 2; PyTorch
    `torch.nn.HingeEmbeddingLoss`.
    """

    prediction = Port("*s", help="a distance")
    target = Port("*s", dtype="number", help="1 for pairs that belong together, −1 for others", within=(-1.0, 1.0))

    margin: float = _margin(1.0, "how far apart pairs should be that do not belong together")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.HingeEmbeddingLoss", margin=self.margin, reduction=self.reduction)


@layer(
    family="Losses on pairs", icon="loss", role="loss", telling=("margin",), synonyms=(*_EMBEDDING, "cosine", "angle")
)
class CosineEmbeddingLoss(Loss):
    r"""Turn vectors that belong together into the same direction, and others apart.

    Use it to learn embeddings that are compared by angle, with 1 as target for pairs that belong together and −1 for
    those that do not.

    ```math
    \ell = \begin{cases} 1 - \cos(a, b) & y = 1 \\ \max(0,\; \cos(a, b) - m) & y = -1 \end{cases}
    ```

    Here m is the margin.

    Shapes: two `N×F` (feature) and targets `N` give one number.

    Source: PyTorch `torch.nn.CosineEmbeddingLoss`.
    """

    left = Port("N F", help="the first vectors")
    right = Port("N F", help="the second vectors")
    target = Port("N", dtype="number", help="1 for pairs that belong together, −1 for others", within=(-1.0, 1.0))

    margin: float = param(
        0.0, min=-1.0, max=1.0, title="Margin", help="the cosine below which pairs that do not belong together may be"
    )

    def build(self, left: TensorType, right: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.CosineEmbeddingLoss", margin=self.margin, reduction=self.reduction)


@layer(
    family="Losses on pairs",
    icon="loss",
    role="loss",
    telling=("margin",),
    synonyms=("ranking", "preference", "pairwise", "order"),
)
class MarginRankingLoss(Loss):
    r"""Put two scores in the right order, apart by a margin.

    Use it to rank: documents by relevance, answers by preference. The target is 1 where the first should be higher,
    −1 where the second should.

    ```math
    \ell = \max(0,\; -y\,(a - b) + m)
    ```

    Here m is the margin.

    Shapes: two scores and a target of the same sizes, such as `N`, give one number.

    Source: Herbrich et al., "Support vector learning for ordinal regression" (1999), section 3; PyTorch
    `torch.nn.MarginRankingLoss`.
    """

    left = Port("*s", help="the first scores")
    right = Port("*s", help="the second scores")
    target = Port(
        "*s", dtype="number", help="1 where the first should be higher, −1 where the second", within=(-1.0, 1.0)
    )

    margin: float = _margin(0.0, "by how much the scores should differ")

    def build(self, left: TensorType, right: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.MarginRankingLoss", margin=self.margin, reduction=self.reduction)


@layer(
    family="Losses on pairs",
    icon="loss",
    role="loss",
    telling=("margin",),
    synonyms=(*_EMBEDDING, "triplet", "facenet"),
)
class TripletMarginLoss(Loss):
    r"""Draw an anchor nearer to a sample of its kind than to one of another kind, by a margin.

    Use it to learn embeddings in which distance means likeness: faces, signatures, products. Share one network for
    all three inputs.

    ```math
    \ell = \max(0,\; \lVert a - p \rVert_q - \lVert a - n \rVert_q + m)
    ```

    Here a, p and n are anchor, positive and negative, q is the power and m the margin.

    Shapes: three `N×*×F` (feature) of the same sizes give one number.

    Source: Schroff et al., "FaceNet" (2015), section 3.1; swap: Balntas et al., "Learning local feature descriptors
    with triplets and shallow convolutional neural networks" (2016); PyTorch `torch.nn.TripletMarginLoss`.
    """

    anchor = Port("N *s F", help="what is compared")
    positive = Port("N *s F", help="one of its kind")
    negative = Port("N *s F", help="one of another kind")

    margin: float = param(1.0, exclusive_min=0.0, title="Margin", help="by how much nearer its own kind should be")
    p: float = param(2.0, min=1.0, max=16.0, title="Power", help="2 is the straight line, 1 the way along the axes")
    swap: bool = _swap()
    eps: float = param(1e-6, min=1e-12, max=1.0, title="Epsilon", help="added so that the gradient at 0 is a number")

    def build(self, anchor: TensorType, positive: TensorType, negative: TensorType) -> Call:
        return Call(
            "torch.nn.TripletMarginLoss", margin=self.margin, p=self.p, eps=self.eps, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip


@layer(
    family="Losses on pairs", icon="loss", role="loss",
    synonyms=(*_EMBEDDING, "triplet", "cosine distance"),
)  # fmt: skip
class TripletMarginWithDistanceLoss(Loss):
    r"""Draw an anchor nearer to a sample of its kind than to one of another, by a distance of your choice.

    Use it in place of TripletMarginLoss for embeddings that are compared by angle, or by another distance.

    ```math
    \ell = \max(0,\; d(a, p) - d(a, n) + m)
    ```

    Here a, p and n are anchor, positive and negative, d is the distance and m the margin.

    Shapes: three `N×*×F` (feature) of the same sizes give one number.

    Source: Schroff et al., "FaceNet" (2015), section 3.1; PyTorch `torch.nn.TripletMarginWithDistanceLoss`.
    """

    anchor = Port("N *s F", help="what is compared")
    positive = Port("N *s F", help="one of its kind")
    negative = Port("N *s F", help="one of another kind")

    distance_function: str = param(
        "cosine", choices=("cosine", "euclidean", "squared euclidean", "manhattan"), title="Distance",
        help="how the distance of two vectors is measured; cosine is 1 − the cosine of their angle",
    )  # fmt: skip
    margin: float = param(1.0, exclusive_min=0.0, title="Margin", help="by how much nearer its own kind should be")
    swap: bool = _swap()

    def build(self, anchor: TensorType, positive: TensorType, negative: TensorType) -> Call:
        return Call(
            "nnstudio.nn.TripletMarginWithDistanceLoss", self.distance_function, margin=self.margin, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip


@layer(
    family="Losses on pairs", icon="loss", role="loss",
    synonyms=("connectionist temporal classification", "speech", "handwriting", "alignment", "ocr", "asr"),
)  # fmt: skip
class CTCLoss(Loss):
    r"""Compare a sequence of scores with a shorter sequence of codes, wherever in time each code falls.

    Use it for speech and handwriting, where it is known what was said and not when. Feed it log probabilities, behind a
    LogSoftmax, with one class more than there are codes: the blank.

    ```math
    \ell = -\ln \sum_{\pi \to y} \prod_t e^{x_{t, \pi_t}}
    ```

    The sum is over all ways to stretch the target y over the steps with blanks and repeats.

    Shapes: log probabilities `N×T×C` (time, class) and codes `N×S`, filled up with the blank, give one number. Where
    samples differ in length, wire how long each is, `N` whole numbers.

    Source: Graves et al., "Connectionist temporal classification" (2006), section 4; PyTorch `torch.nn.CTCLoss`.
    """

    prediction = Port("N T C", help="a log probability for each class at each step")
    target = Port("N S", dtype="int", help="the codes in their order, filled up with the blank")
    prediction_lengths = Port("N", dtype="int", optional=True, help="how many steps count; not wired, all")
    target_lengths = Port("N", dtype="int", optional=True, help="how many codes count; not wired, all but blanks")

    blank: int = param(0, min=0, title="Blank", help="the class that stands for nothing")
    zero_infinity: bool = param(
        False, title="Leave out impossible", help="count samples whose target does not fit into their steps as 0"
    )

    def build(
        self,
        prediction: TensorType,
        target: TensorType,
        prediction_lengths: TensorType | None,
        target_lengths: TensorType | None,
    ) -> Call:
        check_codes(target, "codes", ("int64", "int32"))
        classes = prediction["C"]
        if self.blank >= classes:
            raise BuildError(
                f"has {self.blank} as blank, and its classes go from 0 to {classes - 1}",
                f"choose a blank from 0 to {classes - 1}",
            )
        if target.classes is not None and classes < target.classes:
            raise BuildError(
                f"gets {classes} scores but the target has {target.classes} codes",
                f"give the last Linear {target.classes} outputs",
            )
        steps, codes = prediction.sizes[1], target.sizes[1]
        if isinstance(steps, int) and isinstance(codes, int) and codes > steps:
            raise BuildError(f"cannot fit {codes} codes into {steps} steps", "shrink the sequence less before it")
        return Call("nnstudio.nn.CTCLoss", blank=self.blank, zero_infinity=self.zero_infinity, reduction=self.reduction)
