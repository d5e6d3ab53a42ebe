"""Losses of two networks that play against each other, and the hinge."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.losses import Loss, check_yes_or_no
from nnstudio.layers.types import TensorType

_GAN = ("gan", "adversarial", "wasserstein", "wgan", "lsgan")


def _kind() -> Any:
    return param(
        "logistic", choices=("logistic", "hinge", "wasserstein", "least squares"), title="Kind",
        help="how scores are compared; generator and discriminator take the same",
    )  # fmt: skip


@layer(
    family="Losses", icon="loss", role="loss", telling=("kind",), synonyms=(*_GAN, "discriminator", "critic", "real")
)
class DiscriminatorLoss(Loss):
    r"""Teach a discriminator to tell real samples from made-up ones.

    Use it as one half of a GAN: wire the scores of real samples and those of what the generator makes, both from
    one shared discriminator, and train the discriminator alone in this phase. No labels are needed.

    ```math
    \ell = \overline{\ln(1 + e^{-x})} + \overline{\ln(1 + e^{z})}
    ```

    Here x are scores of real samples, z those of others. Hinge: `max(0, 1 − x) + max(0, 1 + z)`; Wasserstein: `z − x`,
    which wants a discriminator of bounded slope; least squares: `(x − 1)² + z²`.

    Shapes: two `N×*` give one number.

    Source: Goodfellow et al., "Generative adversarial nets" (2014), section 3; hinge: Lim and Ye, "Geometric GAN"
    (2017); Arjovsky et al., "Wasserstein GAN" (2017); Mao et al., "Least squares GANs" (2017).
    """

    real = Port("N *", help="raw scores of real samples")
    fake = Port("N *", help="raw scores of made-up samples")

    kind: str = _kind()
    smoothing: float = param(
        0.0, min=0.0, max=0.5, title="Smoothing", help="real samples count as so much less than certain; 0.1 calms it",
        when=("kind", ("logistic",)),
    )  # fmt: skip

    def build(self, real: TensorType, fake: TensorType) -> Call:
        return Call("nnstudio.nn.DiscriminatorLoss", self.kind, smoothing=self.smoothing, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", telling=("kind",), synonyms=(*_GAN, "generator", "fake"))
class GeneratorLoss(Loss):
    r"""Teach a generator to make samples that pass for real ones.

    Use it as the other half of a GAN: wire the discriminator's scores of what the generator makes, and train the
    generator alone in this phase.

    ```math
    \ell = \overline{\ln(1 + e^{-z})}
    ```

    Here z are the scores of made-up samples. Hinge and Wasserstein: `−z`; least squares: `(z − 1)²`.

    Shapes: `N×*` gives one number.

    Source: Goodfellow et al., "Generative adversarial nets" (2014), section 3, the loss that does not saturate.
    """

    fake = Port("N *", help="raw scores of made-up samples")

    kind: str = _kind()

    def build(self, fake: TensorType) -> Call:
        return Call("nnstudio.nn.GeneratorLoss", self.kind, reduction=self.reduction)


@layer(
    family="Losses", icon="loss", role="loss", telling=("margin",),
    synonyms=("svm", "support vector machine", "max margin", "yes no", "binary"),
)  # fmt: skip
class HingeLoss(Loss):
    r"""Push yes-or-no scores beyond a margin on their side.

    Use it for two classes as support vector machines do it: what is right by the margin costs nothing. For more classes
    use MultiMarginLoss.

    ```math
    \ell = \max(0,\; m - y\, x)^p
    ```

    Here y is 1 for yes and −1 for no, m the margin and p the power.

    Shapes: scores `N×*` and a target of the same sizes, or without a last axis of size 1, give one number.

    Source: Cortes and Vapnik, "Support-vector networks" (1995), section 3; TorchMetrics, `binary_hinge_loss`.
    """

    prediction = Port("N *", help="a score: above 0 means yes")
    target = Port("N *", dtype="number", help="1 for yes, 0 or −1 for no")

    margin: float = param(1.0, exclusive_min=0.0, title="Margin", help="how far beyond 0 the score should be")
    p: int = param(1, min=1, max=2, title="Power", help="1 for a straight line, 2 for its square")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        check_yes_or_no(prediction, target)
        return Call("nnstudio.nn.HingeLoss", margin=self.margin, p=self.p, reduction=self.reduction)
