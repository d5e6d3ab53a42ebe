"""Metrics: figures that a person reads to see how good the network is. Nothing is trained on them."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.scores import PADDING_HELP, check_padding, class_axis, is_yes_or_no
from nnstudio.layers.types import TensorType


def ignore_param() -> Any:
    return param(None, kind="int", title="Ignore", help="a class code that does not count, such as that of padding")


def probabilities_param() -> Any:
    return param(
        False, title="Probabilities",
        help="what comes in are probabilities already, behind a Softmax or a Sigmoid; else raw scores",
    )  # fmt: skip


@layer(family="Metrics", icon="metric", role="metric", synonyms=("correct", "hit rate", "classification", "top-k"))
class Accuracy(Layer):
    r"""Count which share of the predictions is right.

    Use it for classification. For classes, feed it the scores and the class codes; for yes or no, a single score,
    which means yes above the threshold. Where one class is rare, look at more than this figure.

    ```math
    \frac{\text{number right}}{\text{number of predictions}}
    ```

    Right is where the true class has the largest score, or one of the k largest.

    Shapes: scores `N×C×*` (class after the batch) or `N×*×C` and codes `N×*`, or two of the same sizes, give one
    number.

    Source: scikit-learn, `accuracy_score` and `top_k_accuracy_score`.
    """

    prediction = Port("N *", help="a score for each class, or a single one for yes or no")
    target = Port("N *", dtype="number", help="the code of the right class, or 1 for yes and 0 for no")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)

    top_k: int = param(1, min=1, title="Best", help="right where the true class is among so many best scores")
    threshold: float = param(
        0.0, title="Threshold",
        help="for a single score: above it means yes; 0 for raw scores, 0.5 behind a Sigmoid",
    )  # fmt: skip
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        """Which of the two it is follows from the sizes: a score for each class has one axis more than its target."""
        check_padding(padding, target)
        ignored = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        if is_yes_or_no(prediction, target, self.ignore_index):
            return Call("nnstudio.nn.BinaryAccuracy", threshold=self.threshold, **ignored)
        axis = class_axis(prediction, target, self.ignore_index)
        scores = prediction.sizes[axis]
        assert isinstance(scores, int)
        if self.top_k > scores:
            raise BuildError(
                f"is to look at the {self.top_k} best of {scores} scores", f"set its parameter Best to at most {scores}"
            )
        return Call("nnstudio.nn.Accuracy", top_k=self.top_k, **({} if axis == 1 else {"axis": axis}), **ignored)


@layer(family="Metrics", icon="metric", role="metric", synonyms=("mean absolute error", "l1", "regression"))
class MAE(Layer):
    r"""Say by how much the prediction is off on average.

    Use it where numbers are predicted and an error counts as much as it is large. It has the unit of the target as
    the network sees it: of a standardised target, its standard deviations.

    ```math
    \frac{1}{n} \sum_i |x_i - y_i|
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: scikit-learn, `mean_absolute_error`.
    """

    prediction = Port("*s")
    target = Port("*s")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        return Call("nnstudio.nn.MAE")


@layer(family="Metrics", icon="metric", role="metric", synonyms=("root mean squared error", "mse", "regression"))
class RMSE(Layer):
    r"""Say by how much the prediction is off, large errors counting more.

    Use it where numbers are predicted and one large error is worse than many small ones. It has the unit of the
    target as the network sees it: of a standardised target, its standard deviations.

    ```math
    \sqrt{\frac{1}{n} \sum_i (x_i - y_i)^2}
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: scikit-learn, `root_mean_squared_error`.
    """

    prediction = Port("*s")
    target = Port("*s")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        return Call("nnstudio.nn.RMSE")


@layer(
    family="Metrics", icon="metric", role="metric", synonyms=("r squared", "coefficient of determination", "explained")
)
class R2(Layer):
    r"""Say which share of the target's variance the prediction explains.

    Use it to compare predictions of numbers whatever their unit: 1 is perfect, 0 as good as always predicting the
    mean, below 0 worse. With several numbers a sample it is the mean over them.

    ```math
    1 - \frac{\sum_i (y_i - x_i)^2}{\sum_i (y_i - \bar y)^2}
    ```

    Shapes: two `N×*` of the same sizes give one number.

    Source: Wright, "Correlation and causation" (1921); scikit-learn, `r2_score`.
    """

    prediction = Port("N *s")
    target = Port("N *s")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.R2")
