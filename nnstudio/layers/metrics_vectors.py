"""Metrics for embeddings, pairs and sequences of codes."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.metrics import ignore_param
from nnstudio.layers.scores import PADDING_HELP, check_padding, class_axis
from nnstudio.layers.types import TensorType

_EMBEDDING = ("metric learning", "embedding", "similarity", "nearest neighbours")


@layer(family="Metrics", icon="metric", role="metric", telling=("k",), synonyms=(*_EMBEDDING, "retrieval", "search"))
class RecallAtK(Layer):
    r"""Say how often one of the same class is among the nearest vectors.

    Use it where a network learns embeddings in which likeness is nearness: similar pictures, faces, voices. Every
    sample is looked for among all others of the pass; those that are alone in their class do not count.

    ```math
    \frac{1}{n} \sum_i \big[ \exists\, j \in \text{nearest}_k(i): y_j = y_i \big]
    ```

    All vectors are kept until the end of a pass.

    Shapes: vectors `N×F` (feature) and codes `N` give one number.

    Source: Musgrave et al., "A metric learning reality check" (2020), section 2; Jégou et al., "Product quantization
    for nearest neighbor search" (2011).
    """

    prediction = Port("N F", help="a vector for each sample")
    target = Port("N", dtype="int", help="the code of its class")

    k: int = param(1, min=1, title="Nearest", help="how many of the nearest are looked at")
    distance: str = param(
        "cosine", choices=("cosine", "euclidean"), title="Near", help="what is near: a small angle or a small distance"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.RecallAtK", k=self.k, distance=self.distance)


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=(*_EMBEDDING, "verification", "eer", "faces", "speaker", "biometric", "siamese"),
)  # fmt: skip
class EqualErrorRate(Layer):
    r"""Find the threshold at which as many right pairs are refused as wrong ones are let pass, and say how many.

    Use it for verification: is this the same face, the same voice? Feed it a distance for each pair (or a likeness)
    and 1 for pairs that belong together, 0 for others.

    ```math
    \text{FPR}(t) = \text{FNR}(t)
    ```

    All predictions are kept until the end of a pass.

    Shapes: two `N×*` of the same sizes, or a distance with one more axis of size 1, give one number.

    Source: Maio et al., "FVC2000: fingerprint verification competition" (2002), section 4; TorchMetrics, `binary_roc`.
    """

    prediction = Port("N *", help="a distance, or a likeness")
    target = Port("N *", dtype="number", help="1 for pairs that belong together, 0 or −1 for others")

    measure: str = param(
        "distance", choices=("distance", "likeness"), title="Fed with",
        help="what comes in: a distance, small where a pair belongs together, or a likeness, large there",
    )  # fmt: skip

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        if prediction.sizes not in (target.sizes, (*target.sizes, 1)):
            raise BuildError(
                f"gets {prediction.per_sample()} for a target {target.per_sample()}",
                "feed it one distance for each pair, such as a PairwiseDistance gives",
            )
        return Call("nnstudio.nn.EqualErrorRate", distance=self.measure == "distance")


@layer(family="Metrics", icon="metric", role="metric", synonyms=("language model", "surprise", "text", "cross-entropy"))
class Perplexity(Layer):
    r"""Say among how many equally likely codes the network seems to choose.

    Use it for language models: 1 knows every next token, and as many as there are tokens is guessing. It is e to
    the cross-entropy.

    ```math
    \exp\Big( -\frac{1}{n} \sum_i \ln p_{i, y_i} \Big)
    ```

    Shapes: scores `N×C×*` (code after the batch) or `N×*×C` and codes `N×*` give one number.

    Source: Jelinek et al., "Perplexity – a measure of the difficulty of speech recognition tasks" (1977);
    TorchMetrics, `perplexity`.
    """

    prediction = Port("N *", help="a raw score for each code")
    target = Port("N *", dtype="int", help="the right code")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)

    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        check_codes(target, "codes")
        ignored = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        return Call("nnstudio.nn.Perplexity", axis=class_axis(prediction, target, self.ignore_index), **ignored)
