"""Recurrent layers: networks that read a sequence step by step and remember."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import Symbol, TensorType

_SYNONYMS = ("recurrent", "sequence", "time series", "memory", "text", "packed sequence")
_STATE_HELP = "the state to begin with: one vector a sample for all layers, or layers × samples × features; else zeros"


_LENGTHS_HELP = "how many steps of each sequence count, where some are filled up to one length"


def _hidden() -> Any:
    return param(64, min=1, title="Units", help="how many numbers it remembers for each sample")


def _layers() -> Any:
    return param(1, min=1, title="Layers", help="how many are stacked, each reading the one below")


def _both_ways() -> Any:
    return param(
        False,
        title="Both directions",
        help="read the sequence from the end as well; doubles the features that come out",
    )


def _dropout() -> Any:
    return param(0.0, min=0.0, max=1.0, title="Dropout", help="share dropped between stacked layers while training")


def _bias() -> Any:
    return param(True, title="Bias", help="add learned offsets")


def _check_state(state: TensorType | None, layer: Any, what: str, units: int) -> None:
    if state is None:
        return
    layers = layer.num_layers * (2 if layer.bidirectional else 1)
    batch = Symbol("N")
    if state.sizes not in ((batch, units), (layers, batch, units)):
        raise BuildError(
            f"needs {what} of {units} numbers a sample, or {layers}×N×{units} (layers, samples, features); it is fed "
            f"{'×'.join(map(str, state.sizes))}",
            f"put a Linear with {units} outputs before it, or wire the state of a layer with as many units and layers",
        )


def _recurrent(kind: str, layer: Any, input: TensorType, lengths: TensorType | None, **more: Any) -> Call:
    if lengths is not None:
        check_codes(lengths, "lengths", ("int64", "int32"))
    dropout = {"dropout": layer.dropout} if layer.num_layers > 1 and layer.dropout else {}
    return Call(
        f"nnstudio.nn.{kind}", input.last(), layer.hidden_size, num_layers=layer.num_layers, **more, bias=layer.bias,
        batch_first=True, **dropout, bidirectional=layer.bidirectional,
    )  # fmt: skip


@layer(family="Recurrent", telling=("hidden_size",), synonyms=(*_SYNONYMS, "elman", "vanilla"))
class RNN(Weighted):
    r"""Read a sequence step by step, each state a bend of the last one and the input.

    Use it for short sequences and to see how memory fades, as the simplest recurrent layer; LSTM and GRU remember
    longer. `sequence` has the state at every step, `last` the final one, both directions joined.

    Sequences of different length: wire `lengths` (of SequenceLengths, or of the data), and each is read to its own end
    and backwards from there, as packed sequences are; `sequence` is 0 behind it.

    ```math
    h_t = \tanh(W_{ih}\, x_t + b_{ih} + W_{hh}\, h_{t-1} + b_{hh})
    ```

    With ReLU in place of tanh where that is chosen.

    Shapes: `N×T×F` (time, feature), with lengths `N`, becomes sequence `N×T×F'`, last `N×F'` and hidden `L×N×F'` (L
    layers times directions).

    Source: Elman, "Finding structure in time" (1990), figure 2; PyTorch `torch.nn.RNN`.
    """

    input = Port("N T F")
    initial = Port("*", optional=True, help=_STATE_HELP)
    lengths = Port("N", dtype="int", optional=True, help=_LENGTHS_HELP)
    sequence = Port("N T F'", help="the top layer's state at every step")
    last = Port("N F'", help="the top layer's last state, directions joined")
    hidden = Port("L N F'", help="the last state of every layer and direction")

    hidden_size: int = _hidden()
    num_layers: int = _layers()
    nonlinearity: str = param("tanh", choices=("tanh", "relu"), title="Bend", help="what each state passes through")
    bidirectional: bool = _both_ways()
    dropout: float = _dropout()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None, lengths: TensorType | None) -> Call:
        _check_state(initial, self, "an initial state", self.hidden_size)
        return _recurrent("RNN", self, input, lengths, nonlinearity=self.nonlinearity)

    def bounds(self) -> tuple[float, float] | None:
        return (-1.0, 1.0) if self.nonlinearity == "tanh" else None


@layer(family="Recurrent", telling=("hidden_size",), synonyms=(*_SYNONYMS, "gated recurrent unit"))
class GRU(Weighted):
    r"""Read a sequence step by step, with gates that say what to keep and what to renew.

    Use it in place of LSTM: it is about as good, with a quarter fewer weights. `sequence` has the state at every
    step, `last` the final one, both directions joined.

    Sequences of different length: wire `lengths` (of SequenceLengths, or of the data), and each is read to its own end
    and backwards from there, as packed sequences are; `sequence` is 0 behind it.

    ```math
    r = \sigma(W_r x + U_r h), \quad z = \sigma(W_z x + U_z h), \quad n = \tanh(W_n x + r \odot U_n h), \quad
    h' = (1 - z) \odot n + z \odot h
    ```

    Biases are left out here.

    Shapes: `N×T×F` (time, feature), with lengths `N`, becomes sequence `N×T×F'`, last `N×F'` and hidden `L×N×F'` (L
    layers times directions).

    Source: Cho et al., "Learning phrase representations using RNN encoder–decoder" (2014), section 2.3; PyTorch
    `torch.nn.GRU`.
    """

    input = Port("N T F")
    initial = Port("*", optional=True, help=_STATE_HELP)
    lengths = Port("N", dtype="int", optional=True, help=_LENGTHS_HELP)
    sequence = Port("N T F'", help="the top layer's state at every step")
    last = Port("N F'", help="the top layer's last state, directions joined")
    hidden = Port("L N F'", help="the last state of every layer and direction")

    hidden_size: int = _hidden()
    num_layers: int = _layers()
    bidirectional: bool = _both_ways()
    dropout: float = _dropout()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None, lengths: TensorType | None) -> Call:
        _check_state(initial, self, "an initial state", self.hidden_size)
        return _recurrent("GRU", self, input, lengths)


@layer(family="Recurrent", telling=("hidden_size",), synonyms=(*_SYNONYMS, "long short-term memory"))
class LSTM(Weighted):
    r"""Read a sequence step by step, with a cell that remembers and gates that guard it.

    Use it for text, speech and time series, as the usual recurrent layer. `sequence` has the state at every step,
    `last` the final one, both directions joined; wire `hidden` and `cell` of an encoder to the initial state of a
    decoder.

    Sequences of different length: wire `lengths` (of SequenceLengths, or of the data), and each is read to its own end
    and backwards from there, as packed sequences are; `sequence` is 0 behind it.

    ```math
    i, f, o = \sigma(W x + U h), \quad g = \tanh(W_g x + U_g h), \quad c' = f \odot c + i \odot g, \quad
    h' = o \odot \tanh(c')
    ```

    Biases are left out here. With a projection `h' = P (o ⊙ tanh c')`.

    Shapes: `N×T×F` (time, feature), with lengths `N`, becomes sequence `N×T×F'`, last `N×F'`, hidden `L×N×F'` and cell
    `L×N×F'` (L layers times directions).

    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997), section 4; projection: Sak et al., "Long
    short-term memory based recurrent neural network architectures" (2014); PyTorch `torch.nn.LSTM`.
    """

    input = Port("N T F")
    initial = Port("*", optional=True, help=_STATE_HELP)
    initial_cell = Port("*", optional=True, help=_STATE_HELP)
    lengths = Port("N", dtype="int", optional=True, help=_LENGTHS_HELP)
    sequence = Port("N T F'", help="the top layer's state at every step")
    last = Port("N F'", help="the top layer's last state, directions joined")
    hidden = Port("L N F'", help="the last state of every layer and direction")
    cell = Port("L N F'", help="the last cell of every layer and direction")

    hidden_size: int = _hidden()
    num_layers: int = _layers()
    proj_size: int = param(
        0, min=0, title="Projection", help="project each state to so many numbers, fewer than the units; 0 for none"
    )
    bidirectional: bool = _both_ways()
    dropout: float = _dropout()
    bias: bool = _bias()

    def build(
        self,
        input: TensorType,
        initial: TensorType | None,
        initial_cell: TensorType | None,
        lengths: TensorType | None,
    ) -> Call:
        if self.proj_size >= self.hidden_size:
            raise BuildError(
                f"is to project {self.hidden_size} units to {self.proj_size}, which is not fewer",
                "set its projection below its units, or to 0 for none" if self.hidden_size > 1 else "set it to 0",
            )
        _check_state(initial, self, "an initial state", self.proj_size or self.hidden_size)
        _check_state(initial_cell, self, "an initial cell", self.hidden_size)
        return _recurrent("LSTM", self, input, lengths, **({"proj_size": self.proj_size} if self.proj_size else {}))
