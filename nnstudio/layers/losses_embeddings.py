"""Losses by which embeddings are learned from pairs, from classes, and from two views of the same."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.losses import Loss
from nnstudio.layers.types import TensorType

_EMBEDDING = ("metric learning", "similarity", "embedding")


@layer(
    family="Losses on pairs", icon="loss", role="loss", telling=("margin",),
    synonyms=(*_EMBEDDING, "siamese", "pairs", "verification", "faces"),
)  # fmt: skip
class ContrastiveLoss(Loss):
    r"""Make distances small for pairs that belong together, and at least a margin for others.

    Use it behind a PairwiseDistance of two embeddings of one shared network: is this the same face, the same voice?

    ```math
    \ell = y\, d^2 + (1 - y) \max(0,\; m - d)^2
    ```

    Here y is 1 for pairs that belong together, d their distance and m the margin.

    Shapes: distances `N×*` and a target of the same sizes, or without a last axis of size 1, give one number.

    Source: Hadsell et al., "Dimensionality reduction by learning an invariant mapping" (2006), equation 4.
    """

    prediction = Port("N *", help="a distance")
    target = Port("N *", dtype="number", help="1 for pairs that belong together, 0 for others", within=(0.0, 1.0))

    margin: float = param(1.0, exclusive_min=0.0, title="Margin", help="how far apart others should be")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        if prediction.sizes not in (target.sizes, (*target.sizes, 1)):
            raise BuildError(
                f"gets {prediction.per_sample()} for a target {target.per_sample()}",
                "feed it one distance for each pair, such as a PairwiseDistance gives",
            )
        return Call("nnstudio.nn.ContrastiveLoss", margin=self.margin, reduction=self.reduction)


@layer(
    family="Losses on pairs", icon="loss", role="loss", telling=("margin",),
    synonyms=(*_EMBEDDING, "triplet", "batch hard", "mining", "facenet", "search"),
)  # fmt: skip
class BatchTripletLoss(Loss):
    r"""Draw each sample nearer to its own class than to any other, by the hardest triplets of the batch.

    Use it to learn embeddings from class codes alone: of each batch it takes, for every sample, the farthest of its own
    class and the nearest of another. It needs batches in which classes occur more than once.

    ```math
    \ell = \max\big(0,\; \max_{p:\, y_p = y_a} d(a, p) - \min_{n:\, y_n \ne y_a} d(a, n) + m\big)
    ```

    Here d is the distance of embeddings and m the margin; soft: ln(1 + e^…) without a margin.

    Shapes: vectors `N×F` (feature) and codes `N` give one number.

    Source: Hermans et al., "In defense of the triplet loss for person re-identification" (2017), section 2.
    """

    prediction = Port("N F", help="a vector for each sample")
    target = Port("N", dtype="int", help="the code of its class")

    margin: float = param(
        0.2, exclusive_min=0.0, title="Margin", help="by how much nearer its own class should be",
        when=("soft", (False,)),
    )  # fmt: skip
    soft: bool = param(False, title="Soft", help="always draw a little, by a smooth bend in place of the margin")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.BatchTripletLoss", margin=self.margin, soft=self.soft, reduction=self.reduction)

    def mixes(self) -> str:
        return "compares each sample with the others of its batch"


@layer(
    family="Losses on pairs", icon="loss", role="loss", telling=("temperature",),
    synonyms=(*_EMBEDDING, "infonce", "simclr", "clip", "contrastive", "self-supervised", "two towers"),
)  # fmt: skip
class NTXentLoss(Loss):
    r"""Have each sample find its other view among all samples of the batch.

    Use it to learn without labels: feed it the embeddings of two views of the same samples (two augmentations, a
    picture and its text). Row i of one belongs to row i of the other. The larger the batch, the harder and the better.

    ```math
    \ell = -\ln \frac{e^{\cos(a_i, b_i) / \tau}}{\sum_j e^{\cos(a_i, b_j) / \tau}}
    ```

    With rivals of its own view, the sum also goes over the other samples of that view, as in SimCLR; without, it is
    InfoNCE as in CLIP. The mean is over both directions.

    Shapes: two `N×F` (feature) give one number.

    Source: Chen et al., "A simple framework for contrastive learning of visual representations" (2020), section 2.1;
    van den Oord et al., "Representation learning with contrastive predictive coding" (2018), equation 4.
    """

    left = Port("N F", help="the embeddings of one view")
    right = Port("N F", help="those of the other, in the same order")

    temperature: float = param(0.1, min=0.001, title="Temperature", help="the smaller, the more near rivals count")
    within: bool = param(True, title="Rivals of its own view", help="look among the samples of its own view as well")

    def build(self, left: TensorType, right: TensorType) -> Call:
        return Call(
            "nnstudio.nn.NTXentLoss", temperature=self.temperature, within=self.within, reduction=self.reduction
        )

    def mixes(self) -> str:
        return "compares each sample with the others of its batch"
