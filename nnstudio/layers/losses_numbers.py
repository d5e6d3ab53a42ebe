"""Losses for numbers and distributions."""

from __future__ import annotations

from collections.abc import Mapping

from nnstudio.layers.base import Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.losses import Loss
from nnstudio.layers.types import TensorType

_POSITIVE = (0.0, float("inf"))


@layer(family="Losses", icon="loss", role="loss", synonyms=("mean squared error", "l2", "least squares", "regression"))
class MSELoss(Loss):
    r"""Average the squared difference between prediction and target.

    The loss for predicting numbers and rebuilding pictures. Large errors count much more than small ones.

    ```math
    \ell = (x - y)^2
    ```

    Shapes: two inputs of the same sizes give one number.

    Source: Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes" (1805); PyTorch
    `torch.nn.MSELoss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.MSELoss", reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("mean absolute error", "mae", "robust", "regression"))
class L1Loss(Loss):
    r"""Average the absolute difference between prediction and target.

    Use it where a few targets are far off: it is less drawn by them than MSELoss, and predicts the median.

    ```math
    \ell = |x - y|
    ```

    Shapes: two inputs of the same sizes give one number.

    Source: PyTorch `torch.nn.L1Loss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.L1Loss", reduction=self.reduction)


@layer(
    family="Losses", icon="loss", role="loss", telling=("beta",), synonyms=("huber", "robust", "regression", "boxes")
)
class SmoothL1Loss(Loss):
    r"""Square small differences and take large ones as they are.

    Between MSELoss and L1Loss: smooth near the target, calm about outliers. Usual for boxes in object detection.

    ```math
    \ell = \begin{cases} d^2 / (2 \beta) & d < \beta \\ d - \beta / 2 & d \ge \beta \end{cases} \qquad d = |x - y|
    ```

    Shapes: two inputs of the same sizes give one number.

    Source: Girshick, "Fast R-CNN" (2015), equation 3; PyTorch `torch.nn.SmoothL1Loss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    beta: float = param(
        1.0, exclusive_min=0.0, title="Beta", help="the difference from which on it is no longer squared"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.SmoothL1Loss", beta=self.beta, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", telling=("delta",), synonyms=("robust", "regression", "q-learning"))
class HuberLoss(Loss):
    r"""Square small differences and let large ones grow in a straight line.

    Use it in regression with outliers and in reinforcement learning. It is delta times SmoothL1Loss.

    ```math
    \ell = \begin{cases} d^2 / 2 & d < \delta \\ \delta\,(d - \delta / 2) & d \ge \delta \end{cases} \qquad d = |x - y|
    ```

    Shapes: two inputs of the same sizes give one number.

    Source: Huber, "Robust estimation of a location parameter" (1964), section 2; PyTorch `torch.nn.HuberLoss`.
    """

    prediction = Port("*s")
    target = Port("*s")

    delta: float = param(
        1.0, exclusive_min=0.0, title="Delta", help="the difference from which on it is no longer squared"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("torch.nn.HuberLoss", delta=self.delta, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("counts", "rate", "poisson regression", "likelihood"))
class PoissonNLLLoss(Loss):
    r"""Compare a predicted rate with a count: how surprising is it?

    Use it where the target counts something: visitors, clicks, photons.

    ```math
    \ell = e^{x} - y\, x
    ```

    Where the prediction is the rate itself and not its logarithm: `ℓ = x − y ln(x + ε)`. In full, Stirling's
    `y ln y − y + ½ ln(2πy)` is added for y > 1.

    Shapes: two inputs of the same sizes give one number.

    Source: McCullagh and Nelder, "Generalized linear models" (1989), chapter 6; PyTorch `torch.nn.PoissonNLLLoss`.
    """

    prediction = Port("*s", help="the logarithm of the rate, or the rate")
    target = Port("*s", help="the count", within=_POSITIVE)

    log_input: bool = param(True, title="Logarithm", help="the prediction is the logarithm of the rate")
    full: bool = param(False, title="In full", help="add what depends on the target alone, by Stirling's formula")
    eps: float = param(
        1e-8, min=1e-12, max=1.0, title="Epsilon", help="added to the rate before its logarithm is taken",
        when=("log_input", (False,)),
    )  # fmt: skip

    def changed_ports(self) -> Mapping[str, Port | None]:
        return {} if self.log_input else {"prediction": Port("*s", help="the rate", within=_POSITIVE)}

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call(
            "torch.nn.PoissonNLLLoss", log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


@layer(family="Losses", icon="loss", role="loss", synonyms=("uncertainty", "variance", "heteroscedastic", "likelihood"))
class GaussianNLLLoss(Loss):
    r"""Compare a predicted mean and variance with the target: how surprising is it?

    Use it where the network should also say how sure it is. Make the variance positive with a Softplus.

    ```math
    \ell = \tfrac12 \Big( \ln \max(v, \varepsilon) + \frac{(x - y)^2}{\max(v, \varepsilon)} \Big)
    ```

    In full, ½ ln 2π is added. The mean is over all entries.

    Shapes: three inputs of the same sizes give one number.

    Source: Nix and Weigend, "Estimating the mean and variance of the target probability distribution" (1994); PyTorch
    `torch.nn.GaussianNLLLoss`.
    """

    prediction = Port("*s", help="the mean")
    target = Port("*s")
    variance = Port("*s", help="the variance, above 0", within=_POSITIVE)

    full: bool = param(False, title="In full", help="add the constant ½ ln 2π")
    eps: float = param(1e-6, min=1e-12, max=1.0, title="Epsilon", help="the least variance")

    def build(self, prediction: TensorType, target: TensorType, variance: TensorType) -> Call:
        return Call("nnstudio.nn.GaussianNLLLoss", full=self.full, eps=self.eps, reduction=self.reduction)


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("kullback-leibler", "divergence", "distillation", "relative entropy", "vae", "soft labels"),
)  # fmt: skip
class KLDivLoss(Loss):
    r"""Measure how much a predicted distribution differs from a target distribution.

    Use it to learn from the probabilities of another network, or from soft labels. Feed it log probabilities, behind a
    LogSoftmax.

    ```math
    \ell = y\,(\ln y - x)
    ```

    Here x is a log probability and y a probability, or its logarithm where that is chosen. The batch mean divides the
    sum by the number of samples, which makes it the divergence itself.

    Shapes: two inputs of the same sizes give one number.

    Source: Kullback and Leibler, "On information and sufficiency" (1951), section 2; PyTorch `torch.nn.KLDivLoss`.
    """

    prediction = Port("N *s", help="log probabilities")
    target = Port("N *s", help="probabilities", within=(0.0, 1.0))

    log_target: bool = param(False, title="Log target", help="the target are log probabilities too")
    reduction: str = param(
        "batchmean", choices=("batchmean", "mean", "sum"), title="Take",
        help="take the sum for each sample and the mean of these (batchmean), the mean over all entries, or their sum",
    )  # fmt: skip

    def changed_ports(self) -> Mapping[str, Port | None]:
        return {"target": Port("N *s", help="log probabilities")} if self.log_target else {}

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.KLDivLoss", log_target=self.log_target, reduction=self.reduction)
