"""How near two inputs are to each other."""

from __future__ import annotations

from collections.abc import Mapping

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import place_of
from nnstudio.layers.types import TensorType

_SYNONYMS = ("similarity", "distance", "siamese", "compare", "metric learning")


@layer(family="Matrices", synonyms=(*_SYNONYMS, "cosine", "angle", "correlation"))
class CosineSimilarity(Layer):
    r"""Compare the directions of two vectors: 1 is the same, 0 at a right angle, −1 opposite.

    Use it to compare embeddings, where how long they are does not matter.

    ```math
    y = \frac{a \cdot b}{\max(\lVert a \rVert\,\lVert b \rVert, \varepsilon)}
    ```

    Shapes: two `N×*` of the same sizes become one without the axis along which they are compared.

    Source: PyTorch `torch.nn.CosineSimilarity`.
    """

    left = Port("N *s", help="the first vectors")
    right = Port("N *s", help="the second vectors")
    output = Port("*")

    axis: int = param(-1, title="Axis", help="along which the vectors lie: -1 is the last, 1 the channel")
    eps: float = param(1e-8, min=1e-12, max=1.0, title="Epsilon", help="the least that is divided by")

    def build(self, left: TensorType, right: TensorType) -> Call:
        return Call("torch.nn.CosineSimilarity", dim=place_of(self.axis, left, what="compare"), eps=self.eps)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        place = place_of(self.axis, inputs["left"], what="compare")
        return {"output": tuple(label for at, label in enumerate(inputs["left"].labels) if at != place)}


@layer(family="Matrices", telling=("p",), synonyms=(*_SYNONYMS, "euclidean", "norm", "l2", "manhattan"))
class PairwiseDistance(Layer):
    r"""Measure how far two vectors are apart.

    Use it to compare embeddings, and before HingeEmbeddingLoss to draw pairs together or push them apart.

    ```math
    y = \Big( \sum_i |a_i - b_i + \varepsilon|^{p} \Big)^{1/p}
    ```

    Shapes: two `N×*×F` of the same sizes become one without the last axis, or with one of size 1.

    Source: PyTorch `torch.nn.PairwiseDistance`.
    """

    left = Port("N *s F", help="the first vectors")
    right = Port("N *s F", help="the second vectors")
    output = Port("*")

    p: float = param(2.0, min=1.0, max=16.0, title="Power", help="2 is the straight line, 1 the way along the axes")
    eps: float = param(1e-6, min=1e-12, max=1.0, title="Epsilon", help="added so that the gradient at 0 is a number")
    keepdim: bool = param(False, title="Keep axis", help="keep the last axis with size 1")

    def build(self, left: TensorType, right: TensorType) -> Call:
        return Call("torch.nn.PairwiseDistance", p=self.p, eps=self.eps, keepdim=self.keepdim)

    def output_labels(self, inputs: Mapping[str, TensorType]) -> Mapping[str, tuple[str, ...]]:
        labels = inputs["left"].labels
        return {"output": labels if self.keepdim else labels[:-1]}
