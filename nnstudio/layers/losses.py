"""Losses: what training makes small. Each compares a prediction with its target and gives one number."""

from __future__ import annotations

from dataclasses import dataclass

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.types import TensorType


@dataclass(frozen=True, kw_only=True)
class Loss(Layer):
    """Base of losses: the mean over all entries, with a weight in the total."""

    loss = Port("", help="the mean over the batch")

    weight: float = param(
        1.0, title="Weight", help="how much this loss counts in the total, which is the weighted sum of all losses"
    )


def check_classes(prediction: TensorType, target: TensorType) -> None:
    """Refuse scores that are fewer than the classes, and codes that torch does not take. BuildError."""
    check_codes(target, "class codes")
    if prediction.sizes[2:] != target.sizes[1:]:
        last = prediction.rank - 1
        if last > 1 and prediction.sizes[1:last] == target.sizes[1:]:
            order = ", ".join(map(str, (last, *range(1, last))))
            raise BuildError(
                f"gets scores {prediction.per_sample()} with the classes last; they must come right after the batch",
                f"put a Permute with the order {order} before it",
            )
        raise BuildError(
            f"gets scores {prediction.per_sample()} for a target {target.per_sample()}; without the classes the sizes "
            "must be the same",
            "give it a score for each class, and one class code wherever there are scores",
        )
    scores = prediction["C"]
    if target.classes is not None and scores < target.classes:
        raise BuildError(
            f"gets {scores} score{'' if scores == 1 else 's'} but the target has {target.classes} classes",
            f"give the last Linear {target.classes} outputs",
        )
    if scores == 1:
        raise BuildError("gets 1 score, and needs one for each class", "give the last Linear an output for each class")


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("classification", "softmax loss", "log loss", "negative log likelihood", "categorical"),
)  # fmt: skip
class CrossEntropyLoss(Loss):
    """Compare class scores with the right class: how surprised is the network by the truth?

    The loss for classification. Feed it raw scores, one for each class, without a Softmax. For sequences the scores
    come as sample, class, time: put a Permute before it.

    Formula: `−log(e^{x_y} / Σ_c e^{x_c})`, the mean over samples (and places).

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990); label
    smoothing: Szegedy et al., "Rethinking the Inception architecture" (2015); PyTorch `torch.nn.CrossEntropyLoss`.
    """

    prediction = Port("N C *", help="a score for each class")
    target = Port("N *", dtype="int", help="the code of the right class")

    label_smoothing: float = param(
        0.0, min=0.0, max=1.0, title="Label smoothing",
        help="share of certainty that is spread over the other classes; 0.1 keeps a network from being too sure",
    )  # fmt: skip

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        check_classes(prediction, target)
        return Call("torch.nn.CrossEntropyLoss", label_smoothing=self.label_smoothing)


@layer(family="Losses", icon="loss", role="loss", synonyms=("negative log likelihood", "classification"))
class NLLLoss(Loss):
    """Compare log probabilities with the right class.

    Use it behind a LogSoftmax; the two together are CrossEntropyLoss.

    Formula: `−x_y`, the mean over samples (and places).

    Source: PyTorch `torch.nn.NLLLoss`.
    """

    prediction = Port("N C *", help="a log probability for each class")
    target = Port("N *", dtype="int", help="the code of the right class")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        check_classes(prediction, target)
        return Call("torch.nn.NLLLoss")


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("binary cross entropy", "logistic", "yes no", "multi-label", "sigmoid", "bce"),
)  # fmt: skip
class BCEWithLogitsLoss(Loss):
    """Compare yes-or-no scores with the truth.

    Use it for two classes with a single score, and where several labels can be true at once. Feed it raw scores,
    without a Sigmoid. The target is 0 or 1, a probability, or a class code of two classes.

    Formula: `−(y log σ(x) + (1 − y) log(1 − σ(x)))`, the mean over all entries.

    Source: PyTorch `torch.nn.BCEWithLogitsLoss`.
    """

    prediction = Port("N *", help="a score: above 0 means yes")
    target = Port("N *", dtype="number", help="1 for yes, 0 for no")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        if target.classes is not None and target.classes > 2:
            raise BuildError(
                f"is for yes or no, but its target has {target.classes} classes", "use CrossEntropyLoss instead"
            )
        if prediction.sizes not in (target.sizes, (*target.sizes, 1)):
            raise BuildError(
                f"gets {prediction.per_sample()} as prediction but {target.per_sample()} as target",
                "give the last Linear 1 output, or use CrossEntropyLoss" if target.is_int and target.rank == 1
                else "make them the same size",
            )  # fmt: skip
        if prediction.sizes == target.sizes and prediction.dtype == target.dtype:
            return Call("torch.nn.BCEWithLogitsLoss")
        return Call("nnstudio.nn.BCEWithLogitsLoss")


@layer(family="Losses", icon="loss", role="loss", synonyms=("mean squared error", "l2", "least squares", "regression"))
class MSELoss(Loss):
    """Average the squared difference between prediction and target.

    The loss for predicting numbers and rebuilding pictures. Large errors count much more than small ones.

    Formula: `mean((x − y)²)`.

    Source: Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes" (1805); PyTorch
    `torch.nn.MSELoss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.MSELoss")


@layer(family="Losses", icon="loss", role="loss", synonyms=("mean absolute error", "mae", "robust", "regression"))
class L1Loss(Loss):
    """Average the absolute difference between prediction and target.

    Use it where a few targets are far off: it is less drawn by them than MSELoss, and predicts the median.

    Formula: `mean(|x − y|)`.

    Source: PyTorch `torch.nn.L1Loss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.L1Loss")


@layer(family="Losses", icon="loss", role="loss", telling=("beta",), synonyms=("huber", "robust", "regression"))
class SmoothL1Loss(Loss):
    """Square small differences and take large ones as they are.

    Between MSELoss and L1Loss: smooth near the target, calm about outliers. Usual for boxes in object detection.

    Formula: `d²/(2β)` where `d = |x − y| < β`, else `d − β/2`; the mean over all entries.

    Source: Girshick, "Fast R-CNN" (2015); PyTorch `torch.nn.SmoothL1Loss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    beta: float = param(
        1.0, exclusive_min=0.0, title="Beta", help="the difference from which on it is no longer squared"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.SmoothL1Loss", beta=self.beta)
