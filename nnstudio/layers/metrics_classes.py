"""Metrics for classes that tell more than how many are right: of rare classes, over all thresholds, of certainty."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.metrics import ignore_param, probabilities_param
from nnstudio.layers.scores import PADDING_HELP, check_padding, class_axis, is_yes_or_no
from nnstudio.layers.types import TensorType

_RARE = ("imbalanced", "rare", "classification", "confusion")


def _prediction() -> Port:
    return Port("N *", help="a score for each class, or a single one for yes or no")


def _target() -> Port:
    return Port("N *", dtype="number", help="the code of the right class, or 1 for yes and 0 for no")


def _padding() -> Port:
    return Port("N *", dtype="bool", optional=True, help=PADDING_HELP)


def _threshold() -> Any:
    return param(
        0.0, title="Threshold", help="for a single score: above it means yes; 0 for raw scores, 0.5 behind a Sigmoid"
    )


class _OfClasses(Layer):
    """Base of figures that each class has, of which a mean is taken."""

    prediction = _prediction()
    target = _target()
    padding = _padding()

    average: str = param(
        "macro", choices=("macro", "micro", "weighted", "one class"), title="Take",
        help="the mean over the classes, all decisions together, the mean by how often classes occur, or one class",
    )  # fmt: skip
    code: int = param(
        1, min=0, title="Class", help="the code of the class that is looked at", when=("average", ("one class",))
    )
    threshold: float = _threshold()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        """For yes or no the figure is that of yes."""
        check_padding(padding, target)
        name = f"nnstudio.nn.{self.type_name()}"
        ignored = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        if is_yes_or_no(prediction, target, self.ignore_index):
            return Call(name, 2, average="one class", threshold=self.threshold, **ignored)
        axis = class_axis(prediction, target, self.ignore_index)
        classes = prediction.sizes[axis]
        assert isinstance(classes, int)
        if self.average == "one class" and self.code >= classes:
            raise BuildError(f"looks at class {self.code} of {classes}", f"choose a class from 0 to {classes - 1}")
        return Call(name, classes, average=self.average, code=self.code, axis=axis, **ignored)


@layer(family="Metrics", icon="metric", role="metric", telling=("average",), synonyms=(*_RARE, "f-score", "dice"))
class F1(_OfClasses):
    r"""Weigh how much of a class is found against how much of what is found is right.

    Use it where classes are of different size: a network that never says the rare one has a high accuracy and a low
    F1. For yes or no it is the F1 of yes.

    ```math
    F_1 = \frac{2\, TP}{2\, TP + FP + FN}
    ```

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: van Rijsbergen, "Information retrieval" (1979), chapter 7; scikit-learn, `f1_score`.
    """


@layer(family="Metrics", icon="metric", role="metric", telling=("average",), synonyms=(*_RARE, "false alarms"))
class Precision(_OfClasses):
    r"""Say which share of what was predicted as a class is of it.

    Use it where false alarms cost much. For yes or no it is the precision of yes.

    ```math
    \frac{TP}{TP + FP}
    ```

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: scikit-learn, `precision_score`.
    """


@layer(family="Metrics", icon="metric", role="metric", telling=("average",), synonyms=(*_RARE, "sensitivity", "found"))
class Recall(_OfClasses):
    r"""Say which share of what is of a class was predicted as it.

    Use it where missing one costs much. For yes or no it is the recall of yes.

    ```math
    \frac{TP}{TP + FN}
    ```

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: scikit-learn, `recall_score`.
    """


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=("segmentation", "intersection over union", "jaccard", "overlap", "mask", "miou"),
)  # fmt: skip
class MeanIoU(Layer):
    r"""Say how well areas overlap: what is in both, divided by what is in either, the mean over the classes.

    Use it for semantic segmentation, as its usual figure. Classes that neither occur nor are predicted do not
    count.

    ```math
    \frac{1}{C} \sum_c \frac{TP_c}{TP_c + FP_c + FN_c}
    ```

    Shapes: scores `N×C×H×W` (class after the batch) and codes `N×H×W`, or two of the same sizes for yes or no, give
    one number.

    Source: Everingham et al., "The Pascal visual object classes challenge" (2010), section 4.3; scikit-learn,
    `jaccard_score`.
    """

    prediction = _prediction()
    target = _target()
    padding = _padding()

    background: bool = param(True, title="Background", help="count class 0, which often is the background, as well")
    threshold: float = _threshold()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        options: dict[str, Any] = {"background": self.background}
        if self.ignore_index is not None:
            options["ignore_index"] = self.ignore_index
        if is_yes_or_no(prediction, target, self.ignore_index):
            return Call("nnstudio.nn.MeanIoU", 2, threshold=self.threshold, **options)
        axis = class_axis(prediction, target, self.ignore_index)
        return Call("nnstudio.nn.MeanIoU", prediction.sizes[axis], axis=axis, **options)


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=("confusion matrix", "confusion", "ConfusionMatrix", "mcc", "phi", "imbalanced", "correlation"),
)  # fmt: skip
class MatthewsCorrelation(Layer):
    r"""Say in one number how good a confusion matrix is: 1 for all right, 0 for guessing, −1 for all wrong.

    Use it where classes are of different size: it is high only where every class is mostly found and mostly rightly
    named. The matrix itself, with the samples behind each cell, stands in *Evaluate* and is printed by
    `nnstudio evaluate PROJECT --confusion`.

    ```math
    \frac{c\, s - \sum_k p_k\, t_k}{\sqrt{(s^2 - \sum_k p_k^2)\, (s^2 - \sum_k t_k^2)}}
    ```

    Here c of s samples are right, and class k is predicted for p_k and true for t_k of them.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient" (2004), equation 8;
    scikit-learn, `matthews_corrcoef`.
    """

    prediction = _prediction()
    target = _target()
    padding = _padding()

    threshold: float = _threshold()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        ignored = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        if is_yes_or_no(prediction, target, self.ignore_index):
            return Call("nnstudio.nn.MatthewsCorrelation", 2, threshold=self.threshold, **ignored)
        axis = class_axis(prediction, target, self.ignore_index)
        return Call("nnstudio.nn.MatthewsCorrelation", prediction.sizes[axis], axis=axis, **ignored)


class _Certain(Layer):
    """Base of figures of how sure a network is."""

    prediction = _prediction()
    target = _target()
    padding = _padding()

    probabilities: bool = probabilities_param()
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        single = is_yes_or_no(prediction, target, self.ignore_index)
        axis = None if single else class_axis(prediction, target, self.ignore_index)
        if axis is not None and prediction.sizes[axis] == 1:
            raise BuildError("gets 1 score, and needs one for each class", "give the last Linear an output for each")
        ignored = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        name = f"nnstudio.nn.{self.type_name()}"
        return Call(name, axis=axis, probabilities=self.probabilities, **self._own(), **ignored)

    def _own(self) -> dict[str, Any]:
        return {}


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=(*_RARE, "auc", "area under the curve", "roc", "ranking", "anomaly", "c-statistic"),
)  # fmt: skip
class ROCAUC(_Certain):
    r"""Say how likely a sample of a class has a higher score than one that is not of it.

    Use it where a class is rare, or before a threshold is chosen. It looks at the order of the scores alone, so
    that it does not depend on a threshold, nor on how rare a class is. 0.5 is guessing, 1 perfect. With several
    classes each is compared with all others, and the mean is taken.

    ```math
    P(x_{yes} > x_{no}) + \tfrac12 P(x_{yes} = x_{no})
    ```

    All predictions are kept until the end of a pass.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: Fawcett, "An introduction to ROC analysis" (2006); TorchMetrics, `binary_auroc`.
    """


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=(*_RARE, "area under the precision-recall curve", "auprc", "fraud", "retrieval"),
)  # fmt: skip
class AveragePrecision(_Certain):
    r"""Average the precision over all shares of a class that can be found.

    Use it where yes is rare: unlike ROCAUC it shows how many false alarms come with what is found. Guessing gives the
    share of yes. With several classes each is compared with all others, and the mean is taken.

    ```math
    \sum_n (R_n - R_{n-1})\, P_n
    ```

    Here P and R are precision and recall at the n-th threshold. All predictions are kept until the end of a pass.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: scikit-learn, `average_precision_score`; TorchMetrics, `binary_average_precision`.
    """


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=("ece", "calibration", "certainty", "reliability", "overconfident", "expected calibration error"),
)  # fmt: skip
class CalibrationError(_Certain):
    r"""Say by how much the network is surer than it is right, or less sure.

    Use it where it matters how sure a prediction is: it is 0 where of all predictions made with 80 % certainty 80 %
    are right, and so on. Samples are sorted into bins by how sure the network is.

    ```math
    \sum_b \frac{n_b}{n} \left| \text{right}_b - \text{sure}_b \right|
    ```

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: Guo et al., "On calibration of modern neural networks" (2017), section 2; TorchMetrics, `calibration_error`.
    """

    bins: int = param(15, min=1, title="Bins", help="into how many steps certainty is divided")

    def _own(self) -> dict[str, Any]:
        return {"bins": self.bins}
