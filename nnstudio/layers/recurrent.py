"""Recurrent layers: networks that read a sequence step by step and remember."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import Symbol, TensorType

_SYNONYMS = ("recurrent", "sequence", "time series", "memory", "text")
_STATE_HELP = "the state to begin with: one vector a sample for all layers, or layers × samples × features; else zeros"


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


def _check_state(state: TensorType | None, layer: Any, what: str) -> None:
    if state is None:
        return
    layers = layer.num_layers * (2 if layer.bidirectional else 1)
    batch, units = Symbol("N"), layer.hidden_size
    if state.sizes not in ((batch, units), (layers, batch, units)):
        raise BuildError(
            f"needs {what} of {units} numbers a sample, or {layers}×N×{units} (layers, samples, features); it is fed "
            f"{'×'.join(map(str, state.sizes))}",
            f"put a Linear with {units} outputs before it, or wire the state of a layer with as many units and layers",
        )


def _recurrent(kind: str, layer: Any, input: TensorType, **more: Any) -> Call:
    dropout = {"dropout": layer.dropout} if layer.num_layers > 1 and layer.dropout else {}
    return Call(
        f"nnstudio.nn.{kind}", input.last(), layer.hidden_size, num_layers=layer.num_layers, **more, bias=layer.bias,
        batch_first=True, **dropout, bidirectional=layer.bidirectional,
    )  # fmt: skip


@layer(family="Recurrent", icon="rnn", telling=("hidden_size",), synonyms=(*_SYNONYMS, "elman", "vanilla"))
class RNN(Weighted):
    """Read a sequence step by step, each state a bend of the last one and the input.

    The simplest recurrent layer, good for short sequences and for seeing how memory fades; LSTM and GRU remember
    longer. `sequence` has the state at every step, `last` the final one, both directions joined.

    Formula: `h_t = tanh(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)`, or with ReLU for tanh.

    Source: Elman, "Finding structure in time" (1990); PyTorch `torch.nn.RNN`.
    """

    input = Port("N T F")
    initial = Port("*", optional=True, help=_STATE_HELP)
    sequence = Port("N T F'", help="the top layer's state at every step")
    last = Port("N F'", help="the top layer's last state, directions joined")
    hidden = Port("L N F'", help="the last state of every layer and direction")

    hidden_size: int = _hidden()
    num_layers: int = _layers()
    nonlinearity: str = param("tanh", choices=("tanh", "relu"), title="Bend", help="what each state passes through")
    bidirectional: bool = _both_ways()
    dropout: float = _dropout()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None) -> Call:
        _check_state(initial, self, "an initial state")
        return _recurrent("RNN", self, input, nonlinearity=self.nonlinearity)


@layer(family="Recurrent", icon="gru", telling=("hidden_size",), synonyms=(*_SYNONYMS, "gated recurrent unit"))
class GRU(Weighted):
    """Read a sequence step by step, with gates that say what to keep and what to renew.

    About as good as LSTM with a quarter fewer weights. `sequence` has the state at every step, `last` the final
    one, both directions joined.

    Formula: `r = σ(W_r x + U_r h)`, `z = σ(W_z x + U_z h)`, `n = tanh(W_n x + r ∗ (U_n h))`,
    `h' = (1 − z) ∗ n + z ∗ h` (biases left out).

    Source: Cho et al., "Learning phrase representations using RNN encoder–decoder" (2014); PyTorch `torch.nn.GRU`.
    """

    input = Port("N T F")
    initial = Port("*", optional=True, help=_STATE_HELP)
    sequence = Port("N T F'", help="the top layer's state at every step")
    last = Port("N F'", help="the top layer's last state, directions joined")
    hidden = Port("L N F'", help="the last state of every layer and direction")

    hidden_size: int = _hidden()
    num_layers: int = _layers()
    bidirectional: bool = _both_ways()
    dropout: float = _dropout()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None) -> Call:
        _check_state(initial, self, "an initial state")
        return _recurrent("GRU", self, input)


@layer(family="Recurrent", icon="lstm", telling=("hidden_size",), synonyms=(*_SYNONYMS, "long short-term memory"))
class LSTM(Weighted):
    """Read a sequence step by step, with a cell that remembers and gates that guard it.

    The usual recurrent layer for text, speech and time series. `sequence` has the state at every step, `last` the
    final one, both directions joined; wire `hidden` and `cell` of an encoder to the initial state of a decoder.

    Formula: `i, f, o = σ(W x + U h)`, `g = tanh(W_g x + U_g h)`, `c' = f ∗ c + i ∗ g`, `h' = o ∗ tanh(c')`
    (biases left out).

    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997); PyTorch `torch.nn.LSTM`.
    """

    input = Port("N T F")
    initial = Port("*", optional=True, help=_STATE_HELP)
    initial_cell = Port("*", optional=True, help=_STATE_HELP)
    sequence = Port("N T F'", help="the top layer's state at every step")
    last = Port("N F'", help="the top layer's last state, directions joined")
    hidden = Port("L N F'", help="the last state of every layer and direction")
    cell = Port("L N F'", help="the last cell of every layer and direction")

    hidden_size: int = _hidden()
    num_layers: int = _layers()
    bidirectional: bool = _both_ways()
    dropout: float = _dropout()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None, initial_cell: TensorType | None) -> Call:
        _check_state(initial, self, "an initial state")
        _check_state(initial_cell, self, "an initial cell")
        return _recurrent("LSTM", self, input)
