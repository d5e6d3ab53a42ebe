"""Losses at each step of a sequence, without what fills it up."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.losses import Loss, check_weights, class_weights_param
from nnstudio.layers.scores import PADDING_HELP, check_padding, classes_of
from nnstudio.layers.types import TensorType


@layer(
    family="Losses", icon="loss", role="loss",
    synonyms=("language model", "text", "translation", "seq2seq", "tagging", "tokens", "masked", "padding"),
)  # fmt: skip
class SequenceCrossEntropyLoss(Loss):
    r"""Compare the scores at each step with the right code, and leave out what fills up.

    Use it for language models, translation and tagging. Feed it raw scores with the codes last, as a Linear or a
    TiedLinear gives them. Code 0 is what fills up texts that are split into tokens.

    ```math
    \ell = -\frac{1}{n} \sum_{t:\, y_t \ne 0} \ln \frac{e^{x_{t, y_t}}}{\sum_c e^{x_{t, c}}}
    ```

    Shapes: scores `N×*×C` (code last) and codes `N×*` give one number.

    Source: Bengio et al., "A neural probabilistic language model" (2003), section 2; PyTorch
    `torch.nn.CrossEntropyLoss`.
    """

    prediction = Port("N *s C", help="a score for each code, at each step")
    target = Port("N *s", dtype="int", help="the right code at each step")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)

    ignore_index: int | None = param(
        0, kind="int", optional=True, title="Ignore", help="a code that does not count, such as that of padding"
    )
    label_smoothing: float = param(
        0.0, min=0.0, max=1.0, title="Label smoothing",
        help="share of certainty that is spread over the other codes; 0.1 keeps a network from being too sure",
    )  # fmt: skip
    class_weights: tuple[float, ...] | None = class_weights_param("code")

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_codes(target, "codes")
        check_padding(padding, target)
        codes = prediction.last()
        known = classes_of(target, self.ignore_index)
        if codes == 1 or (known is not None and codes < known):
            raise BuildError(
                f"gets {codes} score{'' if codes == 1 else 's'} at each step, and there are {known or 'more'} codes",
                f"give the last Linear {known or 'as many'} outputs",
            )
        check_weights(self.class_weights, codes, "code weights")
        return Call(
            "nnstudio.nn.SequenceCrossEntropyLoss", self.ignore_index, label_smoothing=self.label_smoothing,
            class_weights=self.class_weights, reduction=self.reduction,
        )  # fmt: skip
