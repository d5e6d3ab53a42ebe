"""Losses for rare classes and for areas that should overlap."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.losses import Loss, check_weights, class_weights_param, ignore_param
from nnstudio.layers.scores import class_axis, is_yes_or_no
from nnstudio.layers.types import TensorType

_AREAS = ("segmentation", "mask", "overlap", "imbalanced", "u-net", "medical")


def _axis(prediction: TensorType, target: TensorType, ignored: int | None) -> int | None:
    """Where the classes lie; None for yes or no. BuildError where there is one class alone."""
    if is_yes_or_no(prediction, target, ignored):
        return None
    axis = class_axis(prediction, target, ignored)
    if prediction.sizes[axis] == 1:
        raise BuildError("gets 1 score, and needs one for each class", "give the last layer an output for each class")
    return axis


@layer(
    family="Losses", icon="loss", role="loss", telling=("gamma",),
    synonyms=("imbalanced", "rare", "object detection", "retinanet", "hard examples", "classification"),
)  # fmt: skip
class FocalLoss(Loss):
    r"""Compare scores with the right class, and hardly count what is easy.

    Use it where most is of one class and soon right: objects against background, fraud. What the network is sure of and
    right about counts less the larger gamma is; 0 is cross-entropy.

    ```math
    \ell = -w_y\, (1 - p_y)^{\gamma} \ln p_y
    ```

    Here p is the probability of what is right, y, and w its weight. The mean is over all entries that count.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes for yes or no,
    give one number.

    Source: Lin et al., "Focal loss for dense object detection" (2017), equations 4 and 5.
    """

    prediction = Port("N *", help="a raw score for each class, or a single one for yes or no")
    target = Port("N *", dtype="number", help="the code of the right class, or 1 for yes and 0 for no")

    gamma: float = param(2.0, min=0.0, title="Gamma", help="how much less counts what is easy")
    class_weights: tuple[float, ...] | None = class_weights_param()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        axis = _axis(prediction, target, self.ignore_index)
        if axis is None:
            check_weights(self.class_weights, 2)
        else:
            check_codes(target, "class codes", ("int64", "int32"))
            scores = prediction.sizes[axis]
            assert isinstance(scores, int)
            check_weights(self.class_weights, scores)
        return Call(
            "nnstudio.nn.FocalLoss", self.gamma, axis=axis, class_weights=self.class_weights,
            ignore_index=self.ignore_index, reduction=self.reduction,
        )  # fmt: skip


class _OverlapLoss(Loss):
    """Base of losses of areas."""

    prediction = Port("N *", help="a raw score for each class, or a single one for yes or no")
    target = Port("N *", dtype="number", help="the code of the right class, or 1 for yes and 0 for no")

    smooth: float = param(
        1.0, exclusive_min=0.0, title="Smooth", help="added above and below, so that small areas do not jump"
    )
    background: bool = param(True, title="Background", help="count class 0, which often is the background, as well")
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        kind = "dice" if self.type_name() == "DiceLoss" else "jaccard"
        axis = _axis(prediction, target, self.ignore_index)
        return Call(
            "nnstudio.nn.OverlapLoss", kind, axis=axis, smooth=self.smooth,
            background=self.background or axis is None, ignore_index=self.ignore_index, reduction=self.reduction,
        )  # fmt: skip


@layer(family="Losses", icon="loss", role="loss", synonyms=(*_AREAS, "f1", "sørensen"))
class DiceLoss(_OverlapLoss):
    r"""Make predicted and true areas overlap: twice what is in both, divided by the sum of the two.

    Use it for segmentation where areas are small beside the background; it does not depend on how much is background.
    Often drawn together with cross-entropy, which trains more steadily at first.

    ```math
    \ell = 1 - \frac{1}{C} \sum_c \frac{2 \sum_i p_{ci}\, t_{ci} + s}{\sum_i p_{ci} + \sum_i t_{ci} + s}
    ```

    Here p are the probabilities of the scores, t is 1 where a class is true, and the sums go over the whole batch.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes for yes or no,
    give one number.

    Source: Milletari et al., "V-Net" (2016), section 3; Sudre et al., "Generalised Dice overlap" (2017).
    """


@layer(family="Losses", icon="loss", role="loss", synonyms=(*_AREAS, "iou", "intersection over union"))
class JaccardLoss(_OverlapLoss):
    r"""Make predicted and true areas overlap: what is in both, divided by what is in either.

    Use it like DiceLoss, with more weight on areas that overlap little; it is one minus a soft MeanIoU.

    ```math
    \ell = 1 - \frac{1}{C} \sum_c \frac{\sum_i p_{ci}\, t_{ci} + s}{\sum_i (p_{ci} + t_{ci} - p_{ci}\, t_{ci}) + s}
    ```

    Here p are the probabilities of the scores, t is 1 where a class is true, and the sums go over the whole batch.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes for yes or no,
    give one number.

    Source: Rahman and Wang, "Optimizing intersection-over-union in deep neural networks for image segmentation" (2016),
    section 3.
    """
