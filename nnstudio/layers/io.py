"""Where data enters a network and where its predictions leave it."""

from __future__ import annotations

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Draw
from nnstudio.layers.types import DTYPES, Axis, Symbol, TensorType

#: Labels for a sample's axes where only its shape is known.
_LABELS = {0: "", 1: "F", 2: "T F", 3: "C H W", 4: "C D H W"}

#: What a prediction can be; each has a viewer and a way to be decoded.
OUTPUT_KINDS = (
    "class scores", "number", "values", "image", "tokens", "span", "boxes", "mask", "embedding", "sound",
)  # fmt: skip
#: How scores of tokens become tokens.
DECODERS = ("greedy", "beam", "sample", "ctc")


def sample_type(shape: tuple[int, ...], dtype: str = "float32", classes: int | None = None) -> TensorType:
    """The type of a batch of samples of this shape: N × shape, its axes named as such shapes usually are."""
    labels = _LABELS.get(len(shape), " ".join("A" * len(shape))).split()
    axes = (Axis("N", Symbol("N")), *(Axis(name, size) for name, size in zip(labels, shape, strict=True)))
    return TensorType(axes, dtype, classes)


@layer(family="Inputs and outputs", icon="input", role="input", telling=("field",), synonyms=("data", "source"))
class Input(Layer):
    r"""Bring a field of the data into the network.

    Use it for each field that the network sees, and for what it should predict (the target of a loss). Choose the
    field; its shape and type come with it. Where no data is chosen, the shape that is set here counts.

    ```math
    x = (x_1,\; x_2,\; \dots,\; x_N) \qquad x_n \text{ is one sample's field}
    ```

    Shapes: none in; `N×C×H×W` (channel, height, width) for images, `N×T×F` (time, feature) for sequences, as the
    field has them.

    Source: Goodfellow et al., "Deep learning" (2016), chapter 6; PyTorch `torch.utils.data.DataLoader`.
    """

    output = Port("N *", dtype="any")

    field: str = param("", help="the field of the data that enters here")
    shape: tuple[int, ...] = param(
        (), kind="ints", min=1, optional=True,
        help="the sizes of one sample, used where no data is chosen: 1, 8, 8 for a grey picture of 8 by 8",
    )  # fmt: skip
    dtype: str = param("float32", choices=tuple(sorted(DTYPES)), title="Type", help="used where no data is chosen")
    classes: int = param(
        None, kind="int", min=1, help="how many classes there are, for class codes; used where no data is chosen"
    )

    def build(self) -> None:
        """An input is a placeholder of the compiled module; its type is :meth:`own_type` or the field's."""
        return

    def own_type(self) -> TensorType | None:
        """The type that follows from the parameters alone; None where the shape is not set."""
        if self.shape is None or (self.shape == () and self.dtype == "float32" and not self.classes):
            return None
        return sample_type(self.shape, self.dtype, self.classes)


@layer(family="Inputs and outputs", icon="noise", role="input", telling=("shape",), synonyms=("random", "latent", "z"))
class Noise(Layer):
    r"""Draw fresh random numbers for each sample: the latent code of a generator.

    Use it at the start of a generator, or where a network should answer one input in several ways. Each number is
    drawn by itself, and anew at each training step. A model that is exported takes the noise as an input of the same
    shape.

    ```math
    z_{n,\,i} \sim \mathcal{N}(0,\, 1) \quad \text{or} \quad z_{n,\,i} \sim \mathcal{U}(0,\, 1)
    ```

    Shapes: none in; `N×F` (feature) for one size, `N×C×H×W` (channel, height, width) for three.

    Source: Goodfellow et al., "Generative adversarial nets" (2014), section 3; PyTorch `torch.randn` and
    `torch.rand`.
    """

    output = Port("N *")

    shape: tuple[int, ...] = param((64,), min=1, help="the sizes of one sample")
    distribution: str = param("normal", choices=("normal", "uniform"), help="how the numbers are distributed")

    def build(self) -> Draw:
        return Draw(self.distribution, self.shape)

    def own_type(self) -> TensorType:
        """The type of what is drawn: N × shape, float32."""
        return sample_type(self.shape)


@layer(family="Inputs and outputs", icon="output", role="output", telling=("kind",), synonyms=("result", "prediction"))
class Output(Layer):
    r"""Mark what the network predicts.

    Use one for each answer that is to be shown, predicted or exported. Its kind says what the numbers are, and so
    how they are shown, decoded and exported: class scores become the most probable class, an image a picture.
    Behind a Softmax or a Sigmoid, class scores are told as the probabilities that they are. Export takes all that the
    outputs need and nothing else.

    Tokens are scores for each place of a sequence. Where the output feeds an Input, the network writes: the token that
    is chosen at one step is put into that Input at the next, until the end of the text or the length is reached.

    ```math
    \hat{y} = x \qquad \text{for classes:} \quad \hat{c} = \arg\max_{k}\, x_k
    ```

    Shapes: any, such as scores `N×C` (class) or images `N×C×H×W` (channel, height, width); nothing goes on.

    Source: Goodfellow et al., "Deep learning" (2016), section 6.2.2.
    """

    input = Port("*", dtype="any")

    kind: str = param("class scores", choices=OUTPUT_KINDS, help="what the prediction is")
    feeds: str = param(
        "", title="Feeds", when=("kind", ("tokens",)),
        help="name of the Input whose codes it continues; empty where each place is answered by itself",
    )  # fmt: skip
    decoder: str = param(
        "greedy", choices=DECODERS, title="Decoder", when=("kind", ("tokens",)),
        help="take the most probable token, search several ways at once, draw at random, or join steps as CTC does",
    )  # fmt: skip
    temperature: float = param(
        1.0, exclusive_min=0.0, title="Temperature", when=("decoder", ("sample",)),
        help="below 1 more of what is probable, above 1 more surprises",
    )  # fmt: skip
    top_k: int | None = param(
        None, kind="int", min=1, title="Top k", when=("decoder", ("sample",)),
        help="draw among so many most probable tokens; left empty, among all",
    )  # fmt: skip
    beams: int = param(
        4, min=1, max=64, title="Beams", when=("decoder", ("beam", "ctc")), help="how many ways are followed at once"
    )  # fmt: skip
    length: int | None = param(
        None, kind="int", min=1, title="Length", when=("kind", ("tokens",)),
        help="how many tokens are written at most; left empty, as many as the Input it feeds takes",
    )  # fmt: skip

    def build(self, input: TensorType) -> None:
        return
