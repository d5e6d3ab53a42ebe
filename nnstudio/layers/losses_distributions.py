"""Losses for what is not one number: counts, spreads, quantiles and whole distributions."""

from __future__ import annotations

from collections.abc import Mapping

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.losses import Loss
from nnstudio.layers.types import TensorType

_POSITIVE = (0.0, float("inf"))


@layer(family="Losses", icon="loss", role="loss", synonyms=("counts", "rate", "poisson regression", "likelihood"))
class PoissonNLLLoss(Loss):
    r"""Compare a predicted rate with a count: how surprising is it?

    Use it where the target counts something: visitors, clicks, photons.

    ```math
    \ell = e^{x} - y\, x
    ```

    Where the prediction is the rate itself and not its logarithm: `ℓ = x − y ln(x + ε)`. In full, Stirling's
    `y ln y − y + ½ ln(2πy)` is added for y > 1.

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

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

    Shapes: three inputs of the same sizes, such as `N×F` (feature), give one number.

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

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

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


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("vae", "elbo", "variational autoencoder", "kullback-leibler", "latent", "prior", "beta-vae"),
)  # fmt: skip
class KLNormalLoss(Loss):
    r"""Keep what an encoder says of its latent code near a standard normal distribution.

    Use it as the second half of a variational autoencoder's loss (its ELBO), beside how well the input is rebuilt.
    Feed it mean and log variance, as Reparameterise takes them. Its weight is the β of a β-VAE.

    ```math
    \ell = \tfrac12 \sum_i \big( \mu_i^2 + \sigma_i^2 - 1 - \ln \sigma_i^2 \big)
    ```

    The batch mean divides the sum by the number of samples. Where the other loss is a mean over pixels, the mean over
    all entries needs a weight of latent size divided by pixels for the same balance.

    Shapes: two inputs of the same sizes, such as `N×F` (feature), give one number.

    Source: Kingma and Welling, "Auto-encoding variational Bayes" (2014), appendix B.
    """

    mean = Port("N *s", help="the mean of each number of the latent code")
    log_variance = Port("N *s", help="the logarithm of its variance")

    reduction: str = param(
        "batchmean", choices=("batchmean", "mean", "sum"), title="Take",
        help="take the sum for each sample and the mean of these (batchmean), the mean over all entries, or their sum",
    )  # fmt: skip

    def build(self, mean: TensorType, log_variance: TensorType) -> Call:
        return Call("nnstudio.nn.KLNormalLoss", reduction=self.reduction)


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("pinball", "interval", "uncertainty", "forecast", "median", "regression"),
)  # fmt: skip
class QuantileLoss(Loss):
    r"""Predict the value that the truth stays below with a given probability.

    Use it to forecast with an interval: 0.1, 0.5 and 0.9 together give the median and a band that holds four of five.
    With one quantile the prediction has the target's sizes, with several one more axis with a place for each.

    ```math
    \ell = \max(q\, d,\; (q - 1)\, d), \qquad d = y - x
    ```

    Here q is the quantile.

    Shapes: a prediction `N×F` or `N×F×Q` (feature, quantile) and a target `N×F` give one number.

    Source: Koenker and Bassett, "Regression quantiles" (1978), equation 2.1.
    """

    prediction = Port("*", help="a value for each quantile")
    target = Port("*")

    quantiles: tuple[float, ...] = param(
        (0.5,), kind="floats", exclusive_min=0.0, max=1.0, title="Quantiles",
        help="the probabilities below which the truth should lie, such as 0.1, 0.5, 0.9",
    )  # fmt: skip

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        if not self.quantiles or max(self.quantiles) >= 1:
            raise BuildError("needs quantiles between 0 and 1", "give it at least one, such as 0.5")
        count = len(self.quantiles)
        if prediction.sizes != (target.sizes if count == 1 else (*target.sizes, count)):
            raise BuildError(
                f"gets {prediction.per_sample()} for {count} quantile{'' if count == 1 else 's'} of "
                f"{target.per_sample()}",
                "give the prediction the target's sizes" + ("" if count == 1 else f", and {count} more at the end"),
            )
        return Call("nnstudio.nn.QuantileLoss", self.quantiles, reduction=self.reduction)
