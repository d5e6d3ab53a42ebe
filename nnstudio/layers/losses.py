"""Losses for classes: what training makes small. Each compares a prediction with its target and gives one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.scores import classes_of
from nnstudio.layers.types import TensorType


@dataclass(frozen=True, kw_only=True)
class Loss(Layer):
    """Base of losses: the mean over all entries, with a weight in the total."""

    loss = Port("", help="the mean over the batch, or the sum")

    weight: float = param(
        1.0, title="Weight", help="how much this loss counts in the total, which is the weighted sum of all losses"
    )
    reduction: str = param(
        "mean", choices=("mean", "sum"), title="Take", help="take the mean over all entries, or their sum"
    )


def class_weights_param(what: str = "class") -> Any:
    return param(
        None, kind="floats", exclusive_min=0.0, title=f"{what.capitalize()} weights",
        help=f"how much each {what} counts, such as 1, 1, 5 where the third is rare; left empty, all alike",
    )  # fmt: skip


def ignore_param() -> Any:
    return param(None, kind="int", title="Ignore", help="a class code that does not count, such as that of padding")


def check_weights(weights: tuple[float, ...] | None, count: int, name: str = "class weights") -> None:
    """Refuse a list of weights that has not one for each class. BuildError."""
    if weights is not None and len(weights) != count:
        raise BuildError(
            f"has {len(weights)} {name} for {count} class{'' if count == 1 else 'es'}",
            f"give it {count} numbers, one for each class, or leave them out",
        )


def check_classes(prediction: TensorType, target: TensorType, ignored: int | None = None) -> None:
    """Refuse scores that are fewer than the classes, and codes that torch does not take. BuildError.

    ignored: a code that does not count; where it is the last one, no score is needed for it.
    """
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
    classes = classes_of(target, ignored)
    if classes is not None and scores < classes:
        raise BuildError(
            f"gets {scores} score{'' if scores == 1 else 's'} but the target has {classes} classes",
            f"give the last Linear {classes} outputs",
        )
    if scores == 1:
        raise BuildError("gets 1 score, and needs one for each class", "give the last Linear an output for each class")


def _of_classes(layer: Any, name: str, **options: Any) -> Call:
    """torch's module; ours where classes have weights or one is ignored."""
    if layer.class_weights is None and layer.ignore_index is None:
        return Call(f"torch.nn.{name}", **options)
    if layer.ignore_index is not None:
        options["ignore_index"] = layer.ignore_index
    return Call(f"nnstudio.nn.{name}", layer.class_weights, **options)


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("classification", "softmax loss", "log loss", "negative log likelihood", "categorical", "imbalanced"),
)  # fmt: skip
class CrossEntropyLoss(Loss):
    r"""Compare class scores with the right class: how surprised is the network by the truth?

    Use it for classification. Feed it raw scores, one for each class, without a Softmax. For sequences the scores
    come as sample, class, time: put a Permute before it.

    ```math
    \ell = -w_y \ln \frac{e^{x_y}}{\sum_c e^{x_c}}
    ```

    Here y is the right class and w its weight. The mean is over samples and places, by their weights.

    Shapes: scores `N×C×*` (class after the batch) and codes `N×*` give one number.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990); label
    smoothing: Szegedy et al., "Rethinking the Inception architecture" (2015), section 7; PyTorch
    `torch.nn.CrossEntropyLoss`.
    """

    prediction = Port("N C *", help="a score for each class")
    target = Port("N *", dtype="int", help="the code of the right class")

    label_smoothing: float = param(
        0.0, min=0.0, max=1.0, title="Label smoothing",
        help="share of certainty that is spread over the other classes; 0.1 keeps a network from being too sure",
    )  # fmt: skip
    class_weights: tuple[float, ...] | None = class_weights_param()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        check_classes(prediction, target, self.ignore_index)
        check_weights(self.class_weights, prediction["C"])
        return _of_classes(self, "CrossEntropyLoss", label_smoothing=self.label_smoothing, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("negative log likelihood", "classification", "imbalanced"))
class NLLLoss(Loss):
    r"""Compare log probabilities with the right class.

    Use it behind a LogSoftmax; the two together are CrossEntropyLoss.

    ```math
    \ell = -w_y\, x_y
    ```

    Here y is the right class and w its weight. The mean is over samples and places, by their weights.

    Shapes: log probabilities `N×C×*` (class after the batch) and codes `N×*` give one number.

    Source: PyTorch `torch.nn.NLLLoss`.
    """

    prediction = Port("N C *", help="a log probability for each class")
    target = Port("N *", dtype="int", help="the code of the right class")

    class_weights: tuple[float, ...] | None = class_weights_param()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        check_classes(prediction, target, self.ignore_index)
        check_weights(self.class_weights, prediction["C"])
        return _of_classes(self, "NLLLoss", reduction=self.reduction)


def check_yes_or_no(prediction: TensorType, target: TensorType, *weights: tuple[tuple[float, ...] | None, str]) -> None:
    """Refuse what is not one score for each yes or no, and weights that are not one for each label. BuildError."""
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
    last = prediction.sizes[-1] if prediction.rank > 1 else 1
    for numbers, name in weights:
        check_weights(numbers, last if isinstance(last, int) else 1, name)


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("binary cross entropy", "logistic", "yes no", "multi-label", "sigmoid", "bce", "imbalanced"),
)  # fmt: skip
class BCEWithLogitsLoss(Loss):
    r"""Compare yes-or-no scores with the truth.

    Use it for two classes with a single score, and where several labels can be true at once. Feed it raw scores,
    without a Sigmoid. The target is 0 or 1, a probability, or a class code of two classes.

    ```math
    \ell = -w \big( p\, y \ln \sigma(x) + (1 - y) \ln (1 - \sigma(x)) \big)
    ```

    Here w is the class weight and p the weight of yes. The mean is over all entries.

    Shapes: scores `N×*` and a target of the same sizes, or without a last axis of size 1, give one number.

    Source: PyTorch `torch.nn.BCEWithLogitsLoss`.
    """

    prediction = Port("N *", help="a score: above 0 means yes")
    target = Port("N *", dtype="number", help="1 for yes, 0 for no")

    class_weights: tuple[float, ...] | None = class_weights_param("label")
    pos_weight: tuple[float, ...] | None = param(
        None, kind="floats", exclusive_min=0.0, title="Weight of yes",
        help="how much yes counts for each label, such as 9 where nine of ten are no; left empty, as much as no",
    )  # fmt: skip

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        weights = ((self.class_weights, "label weights"), (self.pos_weight, "weights of yes"))
        check_yes_or_no(prediction, target, *weights)
        alike = prediction.sizes == target.sizes and prediction.dtype == target.dtype
        if alike and self.class_weights is None and self.pos_weight is None:
            return Call("torch.nn.BCEWithLogitsLoss", reduction=self.reduction)
        return Call(
            "nnstudio.nn.BCEWithLogitsLoss", self.class_weights, pos_weight=self.pos_weight, reduction=self.reduction
        )


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("binary cross entropy", "yes no", "multi-label", "bce", "autoencoder", "gan"),
)  # fmt: skip
class BCELoss(Loss):
    r"""Compare yes-or-no probabilities with the truth.

    Use it where what comes in is a probability already, behind a Sigmoid; otherwise BCEWithLogitsLoss is more exact.

    ```math
    \ell = -w \big( y \ln x + (1 - y) \ln (1 - x) \big)
    ```

    Here w is the weight of the label. Logarithms are cut off at −100. The mean is over all entries.

    Shapes: probabilities `N×*` and a target of the same sizes, or without a last axis of size 1, give one number.

    Source: PyTorch `torch.nn.BCELoss`.
    """

    prediction = Port("N *", help="a probability from 0 to 1", within=(0.0, 1.0))
    target = Port("N *", dtype="number", help="1 for yes, 0 for no", within=(0.0, 1.0))

    class_weights: tuple[float, ...] | None = class_weights_param("label")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        check_yes_or_no(prediction, target, (self.class_weights, "label weights"))
        return Call("nnstudio.nn.BCELoss", self.class_weights, reduction=self.reduction)


def _check_codes_of(prediction: TensorType, target: TensorType) -> None:
    check_codes(target, "class codes")
    if target.classes is not None and prediction["C"] < target.classes:
        raise BuildError(
            f"gets {prediction['C']} scores but the target has {target.classes} classes",
            f"give the last Linear {target.classes} outputs",
        )


@layer(family="Losses", icon="loss", role="loss", synonyms=("hinge", "svm", "multiclass hinge", "classification"))
class MultiMarginLoss(Loss):
    r"""Push the right class's score above all others by a margin.

    Use it for classification as support vector machines do it: what is right by the margin costs nothing.

    ```math
    \ell = \frac{1}{C} \sum_{c \ne y} w_y \max(0,\; m - x_y + x_c)^p
    ```

    Here y is the right class, m the margin and p the power.

    Shapes: scores `N×C` (class) and codes `N` give one number.

    Source: Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines" (2001),
    section 3; PyTorch `torch.nn.MultiMarginLoss`.
    """

    prediction = Port("N C", help="a score for each class")
    target = Port("N", dtype="int", help="the code of the right class")

    p: int = param(1, min=1, max=2, title="Power", help="1 for a straight line, 2 for its square")
    margin: float = param(1.0, title="Margin", help="by how much the right score should be above the others")
    class_weights: tuple[float, ...] | None = class_weights_param()

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        _check_codes_of(prediction, target)
        check_weights(self.class_weights, prediction["C"])
        options = {"p": self.p, "margin": self.margin, "reduction": self.reduction}
        if self.class_weights is None:
            return Call("torch.nn.MultiMarginLoss", **options)
        return Call("nnstudio.nn.MultiMarginLoss", self.class_weights, **options)


@layer(family="Losses", icon="loss", role="loss", synonyms=("hinge", "multi-label", "ranking", "tags"))
class MultiLabelMarginLoss(Loss):
    r"""Push the scores of all right classes above those of all wrong ones by a margin of 1.

    Use it where several classes are right at once and the target lists their codes, filled up with −1.

    ```math
    \ell = \frac{1}{C} \sum_{y \in Y} \sum_{c \notin Y} \max(0,\; 1 - x_y + x_c)
    ```

    Here Y are the right classes.

    Shapes: scores `N×C` (class) and a list of codes `N×C`, filled up with −1, give one number.

    Source: Elisseeff and Weston, "A kernel method for multi-labelled classification" (2001), section 3; PyTorch
    `torch.nn.MultiLabelMarginLoss`.
    """

    prediction = Port("N C", help="a score for each class")
    target = Port("N C", dtype="int", help="the codes of the right classes, filled up with −1")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        _check_codes_of(prediction, target)
        return Call("torch.nn.MultiLabelMarginLoss", reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("multi-label", "binary cross entropy", "tags", "logistic"))
class MultiLabelSoftMarginLoss(Loss):
    r"""Compare a yes-or-no score for each class with the truth, the mean over the classes.

    Use it where several classes can be right at once; it is BCEWithLogitsLoss with a weight for each class.

    ```math
    \ell = -\frac{1}{C} \sum_c w_c \big( y_c \ln \sigma(x_c) + (1 - y_c) \ln (1 - \sigma(x_c)) \big)
    ```

    Shapes: scores `N×C` (class) and a target `N×C` of 0 and 1 give one number.

    Source: PyTorch `torch.nn.MultiLabelSoftMarginLoss`.
    """

    prediction = Port("N C", help="a score for each class: above 0 means yes")
    target = Port("N C", dtype="number", help="1 for yes, 0 for no", within=(0.0, 1.0))

    class_weights: tuple[float, ...] | None = class_weights_param()

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        if target.classes is not None and target.classes > 2:
            raise BuildError(f"is for yes or no, but its target has {target.classes} classes",
                             "give it 1 for yes and 0 for no, or use CrossEntropyLoss")  # fmt: skip
        check_weights(self.class_weights, prediction["C"])
        return Call("nnstudio.nn.MultiLabelSoftMarginLoss", self.class_weights, reduction=self.reduction)
