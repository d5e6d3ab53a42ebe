"""Positions in a sequence, pictures as sequences, and sampling."""

from __future__ import annotations

from nnstudio.layers.attention import wave_base
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import Size, each, fixed, shown
from nnstudio.layers.types import TensorType

_SYNONYMS = ("position", "transformer", "positional embedding")


@layer(family="Attention", synonyms=(*_SYNONYMS, "sinusoidal", "sine", "fourier"))
class PositionalEncoding(Layer):
    r"""Add waves of many lengths to a sequence, so that attention can tell positions apart.

    Put it behind the Embedding of a transformer. It has no weights and works for sequences of any length.

    ```math
    y_{t,2i} = x_{t,2i} + \sin(t / b^{2i/F}), \qquad y_{t,2i+1} = x_{t,2i+1} + \cos(t / b^{2i/F})
    ```

    Here b is the base.

    Shapes: `N×T×F` (time, feature), which stays.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.5.
    """

    input = Port("N T F")
    output = Port("N T F")

    base: float = wave_base()

    def build(self, input: TensorType) -> Call:
        return Call("nnstudio.nn.PositionalEncoding", base=self.base)


@layer(family="Attention", synonyms=(*_SYNONYMS, "learned", "wpe", "bert", "gpt", "vit"))
class LearnedPositions(Layer):
    r"""Add a learned vector for each position to a sequence.

    Put it behind the Embedding of a transformer, as BERT, GPT-2 and vision transformers have it. Sequences cannot be
    longer than what it has learned.

    ```math
    y_t = x_t + W_t
    ```

    Shapes: `N×T×F` (time, feature), which stays; T must be known.

    Source: Gehring et al., "Convolutional sequence to sequence learning" (2017), section 3.1; Devlin et al., "BERT"
    (2018), section 3.
    """

    input = Port("N T F")
    output = Port("N T F")

    length: int | None = param(
        None, kind="int", min=1, title="Longest", help="for how many positions it learns; left empty, the input's own"
    )

    def build(self, input: TensorType) -> Call:
        steps = fixed(input.axes[1].size, "time")
        if self.length is not None and self.length < steps:
            raise BuildError(
                f"learns {self.length} positions, and its input has {steps} steps",
                f"set its parameter Longest to {steps}, or leave it empty",
            )
        return Call("nnstudio.nn.LearnedPositions", self.length or steps, input.last())


@layer(family="Attention", synonyms=(*_SYNONYMS, "rotary", "rope", "llama", "relative"))
class RotaryEncoding(Layer):
    r"""Turn pairs of features by an angle that grows with the position.

    Put it on queries and keys before ScaledDotProductAttention: their product then depends on how far apart they are,
    not on where.

    ```math
    y_{t,i} = x_{t,i} \cos \theta_{t,i} - x_{t,i+F/2} \sin \theta_{t,i}, \qquad
    y_{t,i+F/2} = x_{t,i+F/2} \cos \theta_{t,i} + x_{t,i} \sin \theta_{t,i}
    ```

    Here i goes over the first half of the features, `θ = t / b^(2i/F)`, and b is the base.

    Shapes: `N×*×T×F` (time, feature), which stays; F must be even.

    Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding" (2021), section 3.2.
    """

    input = Port("N * T F")
    output = Port("N * T F")

    base: float = wave_base()

    def build(self, input: TensorType) -> Call:
        if input.last() % 2:
            raise BuildError(
                f"turns features in pairs, and its input has {input.last()}", "feed it an even number of features"
            )
        return Call("nnstudio.nn.RotaryEncoding", base=self.base)


@layer(
    family="Attention", telling=("features", "patch_size"), synonyms=("vision transformer", "vit", "patchify", "tokens")
)
class PatchEmbedding(Layer):
    r"""Cut images into patches and turn each into a vector: a picture becomes a sequence.

    Use it at the beginning of a vision transformer. Put a ClassToken and LearnedPositions behind it.

    ```math
    y_t = W \operatorname{vec}(\text{patch}_t) + b
    ```

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×T×F` (time, feature) with a step for each patch, row by row;
    the patch must divide H and W.

    Source: Dosovitskiy et al., "An image is worth 16x16 words" (2020), section 3.1.
    """

    input = Port("N C H W")
    output = Port("N T F")

    features: int = param(64, min=1, title="Features", help="how many numbers stand for each patch")
    patch_size: Size = param(4, axes=2, min=1, title="Patch", unit="px", help="how large each patch is")
    bias: bool = param(True, title="Bias", help="add a learned offset to each feature")

    def build(self, input: TensorType) -> Call:
        patch = each(self.patch_size, 2)
        for axis, size in zip(input.axes[2:], patch, strict=True):
            if fixed(axis.size, axis.name) % size:
                raise BuildError(
                    f"cannot cut {shown(input.sizes[2:])} into patches of {shown(patch)} without a rest",
                    "choose a patch that divides height and width, or put a ZeroPad2d before it",
                )
        return Call("nnstudio.nn.PatchEmbedding", input["C"], self.features, self.patch_size, bias=self.bias)


@layer(family="Attention", synonyms=("cls token", "bert", "vit", "vision transformer", "summary"))
class ClassToken(Layer):
    r"""Put a learned vector before a sequence, in which a transformer can gather what it finds.

    Put it before the positions of a vision transformer or BERT, and Select the first step at the end for the
    classification.

    ```math
    y_0 = w, \qquad y_{t+1} = x_t
    ```

    Shapes: `N×T×F` (time, feature) becomes `N×(T+1)×F`.

    Source: Devlin et al., "BERT" (2018), section 3; Dosovitskiy et al., "An image is worth 16x16 words" (2020),
    section 3.1.
    """

    input = Port("N T F")
    output = Port("N T' F")

    def build(self, input: TensorType) -> Call:
        return Call("nnstudio.nn.ClassToken", input.last())


@layer(family="Regularisation", synonyms=("vae", "variational autoencoder", "sampling", "latent", "gaussian", "z"))
class Reparameterise(Layer):
    r"""Draw from a normal distribution of given mean and variance, so that gradients pass through.

    Use it in the middle of a variational autoencoder. While training it samples; when predicting it gives the mean.

    ```math
    y = \mu + e^{\ln \sigma^2 / 2}\, \epsilon, \qquad \epsilon \sim N(0, 1)
    ```

    Shapes: two `N×*` of the same sizes become one of these sizes.

    Source: Kingma and Welling, "Auto-encoding variational Bayes" (2013), section 2.4.
    """

    mean = Port("N *s", help="the mean")
    log_variance = Port("N *s", help="the logarithm of the variance")
    output = Port("N *s")

    def build(self, mean: TensorType, log_variance: TensorType) -> Call:
        return Call("nnstudio.nn.Reparameterise")
