"""Losses for numbers."""

from __future__ import annotations

from nnstudio.layers.base import Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.losses import Loss
from nnstudio.layers.scores import PADDING_HELP, check_padding
from nnstudio.layers.types import TensorType


def _padding() -> Port:
    return Port("N *", dtype="bool", optional=True, help=PADDING_HELP)


def _padded(kind: str, layer: Loss, target: TensorType, padding: TensorType, beta: float = 1.0) -> Call:
    check_padding(padding, target)
    return Call("nnstudio.nn.MaskedLoss", kind, beta=beta, reduction=layer.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("mean squared error", "l2", "least squares", "regression"))
class MSELoss(Loss):
    r"""Average the squared difference between prediction and target.

    Use it to predict numbers and to rebuild pictures. Large errors count much more than small ones.

    ```math
    \ell = (x - y)^2
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes" (1805); PyTorch
    `torch.nn.MSELoss`.
    """

    prediction = Port("*s")
    target = Port("*s")
    padding = _padding()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        if padding is not None:
            return _padded("squared", self, target, padding)
        return Call("torch.nn.MSELoss", reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("mean absolute error", "mae", "robust", "regression"))
class L1Loss(Loss):
    r"""Average the absolute difference between prediction and target.

    Use it where a few targets are far off: it is less drawn by them than MSELoss, and predicts the median.

    ```math
    \ell = |x - y|
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: PyTorch `torch.nn.L1Loss`.
    """

    prediction = Port("*s")
    target = Port("*s")
    padding = _padding()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        if padding is not None:
            return _padded("absolute", self, target, padding)
        return Call("torch.nn.L1Loss", reduction=self.reduction)


@layer(
    family="Losses", icon="loss", role="loss", telling=("beta",), synonyms=("huber", "robust", "regression", "boxes")
)
class SmoothL1Loss(Loss):
    r"""Square small differences and take large ones as they are.

    Use it for boxes in object detection, and for numbers with outliers. It stands between MSELoss and L1Loss:
    smooth near the target, calm about outliers.

    ```math
    \ell = \begin{cases} d^2 / (2 \beta) & d < \beta \\ d - \beta / 2 & d \ge \beta \end{cases} \qquad d = |x - y|
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: Girshick, "Fast R-CNN" (2015), equation 3; PyTorch `torch.nn.SmoothL1Loss`.
    """

    prediction = Port("*s")
    target = Port("*s")
    padding = _padding()

    beta: float = param(
        1.0, exclusive_min=0.0, title="Beta", help="the difference from which on it is no longer squared"
    )

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        if padding is not None:
            return _padded("smooth", self, target, padding, self.beta)
        return Call("torch.nn.SmoothL1Loss", beta=self.beta, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", telling=("delta",), synonyms=("robust", "regression", "q-learning"))
class HuberLoss(Loss):
    r"""Square small differences and let large ones grow in a straight line.

    Use it in regression with outliers and in reinforcement learning. It is delta times SmoothL1Loss.

    ```math
    \ell = \begin{cases} d^2 / 2 & d < \delta \\ \delta\,(d - \delta / 2) & d \ge \delta \end{cases} \qquad d = |x - y|
    ```

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: Huber, "Robust estimation of a location parameter" (1964), section 2; PyTorch `torch.nn.HuberLoss`.
    """

    prediction = Port("*s")
    target = Port("*s")
    padding = _padding()

    delta: float = param(
        1.0, exclusive_min=0.0, title="Delta", help="the difference from which on it is no longer squared"
    )

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        if padding is not None:
            return _padded("huber", self, target, padding, self.delta)
        return Call("torch.nn.HuberLoss", delta=self.delta, reduction=self.reduction)
