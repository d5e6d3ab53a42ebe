"""Sequences of different length, filled up to one."""

from __future__ import annotations

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Call, Function
from nnstudio.layers.checks import check_codes
from nnstudio.layers.types import TensorType

_PADDED = ("padding", "mask", "variable length", "packed", "sequence")
_PADDING_HELP = "true where a step only fills up a short sequence"


@layer(family="Selection", icon="where", telling=("code",), synonyms=(*_PADDED, "key padding mask", "tokens"))
class PaddingMask(Layer):
    r"""Say which places of a sequence of codes only fill it up.

    Use it on the codes of texts of different length, and wire it to the padding of attention, of masked pooling, of
    losses and of metrics. Texts that are split into tokens are filled up with code 0.

    ```math
    y_t = [\, x_t = \text{code} \,]
    ```

    Shapes: codes `N×*` become yes or no, `N×*`.

    Source: Vaswani et al., "Attention is all you need" (2017); PyTorch `torch.eq`.
    """

    input = Port("N *s", dtype="int", help="codes")
    output = Port("N *s", dtype="bool", help="true where it fills up")

    code: int = param(0, title="Code", help="the code that fills up")

    def build(self, input: TensorType) -> Function:
        return Function("torch.eq", Arg("input"), self.code)


@layer(family="Selection", icon="where", synonyms=(*_PADDED, "lengths"))
class LengthMask(Layer):
    r"""Say which steps lie behind the end of each sequence.

    Use it where the data says how long each sequence is.

    ```math
    y_t = [\, t \ge \text{length} \,]
    ```

    Shapes: lengths `N` and a sequence `N×T×*`, of which only the size counts, give yes or no, `N×T`.

    Source: PyTorch `torch.nn.utils.rnn.pad_sequence`.
    """

    lengths = Port("N", dtype="int", help="how many steps of each sequence count")
    like = Port("N T *", dtype="any", help="the sequence; only its length is used")
    output = Port("N T", dtype="bool", help="true where a step fills up")

    def build(self, lengths: TensorType, like: TensorType) -> Call:
        check_codes(lengths, "lengths", ("int64", "int32"))
        return Call("nnstudio.nn.LengthMask")


@layer(family="Selection", icon="where", synonyms=(*_PADDED, "count", "length", "packed sequence"))
class SequenceLengths(Layer):
    r"""Count the steps of each sequence that do not only fill it up.

    Use it to give a recurrent layer the lengths of texts: codes, a PaddingMask, this, and the layer's `lengths`.

    ```math
    y = \sum_t [\, \text{padding}_t = 0 \,]
    ```

    Shapes: yes or no `N×T` become whole numbers `N`.

    Source: PyTorch `torch.nn.utils.rnn.pack_padded_sequence`.
    """

    padding = Port("N T", dtype="bool", help=_PADDING_HELP)
    output = Port("N", dtype="int", help="how many steps of each sequence count")

    def build(self, padding: TensorType) -> Function:
        return Function("torch.sum", Function("torch.logical_not", Arg("padding")), 1)


@layer(
    family="Pooling", icon="avgpool1d", telling=("kind",),
    synonyms=(*_PADDED, "readout", "global pooling", "graph pooling", "sentence embedding", "last step"),
)  # fmt: skip
class MaskedPool(Layer):
    r"""Make one vector of the steps of a sequence, or the nodes of a graph, that count.

    Use it behind an encoder: the mean for what a text is about, the maximum for whether something occurs, the last step
    for what a recurrent layer remembers at the end.

    ```math
    y = \frac{\sum_t c_t\, x_t}{\sum_t c_t}
    ```

    Here c is 0 where the padding is true, else 1.

    Shapes: `N×T×F` (time, feature) and padding `N×T` become `N×F`.

    Source: Reimers and Gurevych, "Sentence-BERT" (2019), section 3.
    """

    input = Port("N T F")
    padding = Port("N T", dtype="bool", help=_PADDING_HELP)
    output = Port("N F")

    kind: str = param("mean", choices=("mean", "max", "sum", "last"), title="Take", help="what is made of the steps")

    def build(self, input: TensorType, padding: TensorType) -> Call:
        return Call("nnstudio.nn.MaskedPool", self.kind)


@layer(family="Selection", icon="flip", synonyms=(*_PADDED, "reverse", "bidirectional", "backwards"))
class FlipSequence(Layer):
    r"""Turn each sequence round within its own length.

    Use it to read sequences that are filled up from their end: flip, a recurrent layer, and flip again, beside one that
    reads forwards. (A recurrent layer that is given lengths does so by itself.)

    ```math
    y_t = x_{L - 1 - t} \quad (t < L)
    ```

    Here L is the number of steps that count; the others stay where they are, behind them.

    Shapes: `N×T×F` (time, feature) and padding `N×T`; the first stays.

    Source: Schuster and Paliwal, "Bidirectional recurrent neural networks" (1997).
    """

    input = Port("N T F")
    padding = Port("N T", dtype="bool", help=_PADDING_HELP)
    output = Port("N T F")

    def build(self, input: TensorType, padding: TensorType) -> Call:
        if input.rank != 3:
            raise BuildError("needs a sequence of vectors", "put an Unsqueeze before it")
        return Call("nnstudio.nn.FlipSequence")
