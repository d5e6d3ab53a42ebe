"""Cells: one step of a recurrent layer, to wire by hand."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.base import BuildError, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.initialisation import Weighted
from nnstudio.layers.types import TensorType

_SYNONYMS = ("recurrent", "cell", "single step", "memory", "unrolled")


def _hidden() -> Any:
    return param(64, min=1, title="Units", help="how many numbers it remembers for each sample")


def _bias() -> Any:
    return param(True, title="Bias", help="add learned offsets")


def _check_state(state: TensorType | None, units: int) -> None:
    if state is not None and state.last() != units:
        raise BuildError(
            f"needs a state of {units} numbers a sample; it is fed {state.per_sample()}",
            f"put a Linear with {units} outputs before it, or wire the state of a cell with as many units",
        )


@layer(family="Recurrent", telling=("hidden_size",), synonyms=(*_SYNONYMS, "elman", "vanilla"))
class RNNCell(Weighted):
    r"""Take one step of a simple recurrent layer: a new state from an input and the last state.

    Use it to draw what happens between steps yourself; for a whole sequence RNN is faster.

    ```math
    h' = \tanh(W_{ih}\, x + b_{ih} + W_{hh}\, h + b_{hh})
    ```

    With ReLU in place of tanh where that is chosen.

    Shapes: `N×F` (feature) and a state `N×F'`, zeros where none is wired, become hidden `N×F'`.

    Source: Elman, "Finding structure in time" (1990), figure 2; PyTorch `torch.nn.RNNCell`.
    """

    input = Port("N F")
    initial = Port("N E", optional=True, help="the last state; else zeros")
    hidden = Port("N F'", help="the new state")

    hidden_size: int = _hidden()
    nonlinearity: str = param("tanh", choices=("tanh", "relu"), title="Bend", help="what the state passes through")
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None) -> Call:
        _check_state(initial, self.hidden_size)
        return Call("torch.nn.RNNCell", input.last(), self.hidden_size, bias=self.bias, nonlinearity=self.nonlinearity)

    def bounds(self) -> tuple[float, float] | None:
        return (-1.0, 1.0) if self.nonlinearity == "tanh" else None


@layer(family="Recurrent", telling=("hidden_size",), synonyms=(*_SYNONYMS, "gated recurrent unit"))
class GRUCell(Weighted):
    r"""Take one step of a GRU: gates say what of the last state to keep and what to renew.

    Use it to draw what happens between steps yourself; for a whole sequence GRU is faster.

    ```math
    r = \sigma(W_r x + U_r h), \quad z = \sigma(W_z x + U_z h), \quad n = \tanh(W_n x + r \odot U_n h), \quad
    h' = (1 - z) \odot n + z \odot h
    ```

    Biases are left out here.

    Shapes: `N×F` (feature) and a state `N×F'`, zeros where none is wired, become hidden `N×F'`.

    Source: Cho et al., "Learning phrase representations using RNN encoder–decoder" (2014), section 2.3; PyTorch
    `torch.nn.GRUCell`.
    """

    input = Port("N F")
    initial = Port("N E", optional=True, help="the last state; else zeros")
    hidden = Port("N F'", help="the new state")

    hidden_size: int = _hidden()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None) -> Call:
        _check_state(initial, self.hidden_size)
        return Call("torch.nn.GRUCell", input.last(), self.hidden_size, bias=self.bias)


@layer(family="Recurrent", telling=("hidden_size",), synonyms=(*_SYNONYMS, "long short-term memory"))
class LSTMCell(Weighted):
    r"""Take one step of an LSTM: gates guard what its cell remembers.

    Use it to draw what happens between steps yourself; for a whole sequence LSTM is faster.

    ```math
    i, f, o = \sigma(W x + U h), \quad g = \tanh(W_g x + U_g h), \quad c' = f \odot c + i \odot g, \quad
    h' = o \odot \tanh(c')
    ```

    Biases are left out here.

    Shapes: `N×F` (feature) and two states `N×F'`, zeros where none is wired, become hidden `N×F'` and cell `N×F'`.

    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997), section 4; PyTorch `torch.nn.LSTMCell`.
    """

    input = Port("N F")
    initial = Port("N E", optional=True, help="the last state; else zeros")
    initial_cell = Port("N E", optional=True, help="what the cell held; else zeros")
    hidden = Port("N F'", help="the new state")
    cell = Port("N F'", help="what the cell holds now")

    hidden_size: int = _hidden()
    bias: bool = _bias()

    def build(self, input: TensorType, initial: TensorType | None, initial_cell: TensorType | None) -> Call:
        _check_state(initial, self.hidden_size)
        _check_state(initial_cell, self.hidden_size)
        return Call("nnstudio.nn.LSTMCell", input.last(), self.hidden_size, bias=self.bias)
