"""torch's recurrent layers with named ends: sequence, last state, states of every layer.

Each subclasses torch's own, so that weights have torch's names: an exported Python file holds its source as it stands
here.

Given lengths, they read each sequence to its own end, as packed sequences do, with torch's fused layers on the whole
batch: packing takes three to eight times as long on a CPU, waits for the lengths on a GPU, and has no ONNX form.
"""

from __future__ import annotations

import torch


def read_to_each_end(
    module: torch.nn.RNNBase, input: torch.Tensor, begin: list[torch.Tensor], lengths: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """What a recurrent layer (batch first) gives of sequences of different length, as torch does of packed ones.

    input: N×T×F; begin: L×N×H for each kind of state; lengths: N, of which more than T is T. Gives the sequence N×T×H',
    zeros behind each end, and states at each end, L×N×H; of a sequence of length 0 those it began with.
    """
    steps = torch.arange(input.shape[1], device=input.device)
    lengths = lengths.to(steps.dtype).clamp(0, input.shape[1]).unsqueeze(1)
    behind = steps >= lengths
    turned = torch.where(behind, steps, lengths - 1 - steps).unsqueeze(-1)  # each sequence from its end to its start
    end = (lengths - 1).clamp(min=0).unsqueeze(-1)
    ways = ("", "_reverse") if module.bidirectional else ("",)
    found: list[tuple[torch.Tensor, ...]] = []
    for layer in range(module.num_layers):
        read = []
        for way in ways:
            heard = input.gather(1, turned.expand(-1, -1, input.shape[2])) if way else input
            first = [state[len(found)] for state in begin]
            told, *cells = read_one_way(module, f"l{layer}{way}", heard, first, behind)
            last = told.gather(1, end.expand(-1, -1, told.shape[2])).squeeze(1)
            found.append((torch.where(lengths > 0, last, first[0]), *cells))
            told = told.masked_fill(behind.unsqueeze(-1), 0.0)
            read.append(told.gather(1, turned.expand(-1, -1, told.shape[2])) if way else told)
        input = torch.cat(read, -1)
        if module.dropout and layer < module.num_layers - 1:
            input = torch.nn.functional.dropout(input, module.dropout, module.training)
    return input, *(torch.stack(states) for states in zip(*found, strict=True))


def read_one_way(
    module: torch.nn.RNNBase, part: str, heard: torch.Tensor, begin: list[torch.Tensor], behind: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """One layer in one direction (``l0``, ``l0_reverse``) on N×T×F: every state N×T×H and, of an LSTM, the cell at each
    end, N×H. Behind the end an LSTM keeps its cell: a further feature, 1 there, shuts its input and opens its memory.
    """
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if module.bias else [])]
    weights = [getattr(module, f"{name}_{part}") for name in [*names, *(["weight_hr"] if module.proj_size else [])]]
    states, options = [state.unsqueeze(0) for state in begin], (module.bias, 1, 0.0, module.training, False, True)
    if module.mode != "LSTM":
        read = {"GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}[module.mode]
        return (read(heard, states[0], weights, *options)[0],)
    shut, rest = weights[0].new_full((module.hidden_size, 1), -1e4), weights[0].new_zeros(2 * module.hidden_size, 1)
    weights[0] = torch.cat([weights[0], torch.cat([shut, -shut, rest])], 1)
    heard = torch.cat([heard, behind.unsqueeze(-1).to(heard.dtype)], -1)
    told, _, cell = torch.lstm(heard, states, weights, *options)
    return told, cell[0]


def read_with_one_state(
    module: torch.nn.RNN | torch.nn.GRU, input: torch.Tensor, initial: torch.Tensor | None,
    lengths: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """What an RNN or a GRU gives: sequence, last and hidden."""
    directions = 2 if module.bidirectional else 1
    if initial is not None and initial.dim() == 2:
        initial = initial.unsqueeze(0).repeat(module.num_layers * directions, 1, 1)
    if lengths is None:
        if isinstance(module, torch.nn.GRU):
            sequence, hidden = torch.nn.GRU.forward(module, input, initial)
        else:
            sequence, hidden = torch.nn.RNN.forward(module, input, initial)
    else:
        if initial is None:
            initial = input.new_zeros(module.num_layers * directions, input.shape[0], module.hidden_size)
        sequence, hidden = read_to_each_end(module, input, [initial], lengths)
    last = torch.cat((hidden[-2], hidden[-1]), dim=-1) if module.bidirectional else hidden[-1]
    return sequence, last, hidden


class RNN(torch.nn.RNN):
    """torch.nn.RNN (batch first) that also gives its last state.

    input: N×T×F; initial: N×H for all layers, or L×N×H, or None for zeros; lengths: N, how many steps count.
    Returns sequence N×T×H', last N×H' (the top layer's, directions joined) and hidden L×N×H.
    """

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, initial: torch.Tensor | None = None, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return read_with_one_state(self, input, initial, lengths)


class GRU(torch.nn.GRU):
    """torch.nn.GRU (batch first) that also gives its last state.

    input: N×T×F; initial: N×H for all layers, or L×N×H, or None for zeros; lengths: N, how many steps count.
    Returns sequence N×T×H', last N×H' (the top layer's, directions joined) and hidden L×N×H.
    """

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, initial: torch.Tensor | None = None, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return read_with_one_state(self, input, initial, lengths)


class LSTM(torch.nn.LSTM):
    """torch.nn.LSTM (batch first) that also gives its last state.

    input: N×T×F; initial and initial_cell: N×H for all layers, or L×N×H, or None for zeros; lengths: N, how many steps
    count. Returns sequence N×T×H', last N×H' (the top layer's, directions joined), hidden L×N×H and cell L×N×H.
    """

    def forward(  # type: ignore[override]
        self,
        input: torch.Tensor,
        initial: torch.Tensor | None = None,
        initial_cell: torch.Tensor | None = None,
        lengths: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        directions = 2 if self.bidirectional else 1
        given = []
        for state in (initial, initial_cell):
            if state is not None and state.dim() == 2:
                state = state.unsqueeze(0).repeat(self.num_layers * directions, 1, 1)
            given.append(state)
        begin, cell_begin = given
        start = None
        if begin is not None or cell_begin is not None or lengths is not None:
            count = self.num_layers * directions
            if begin is None:
                begin = input.new_zeros(count, input.shape[0], self.proj_size or self.hidden_size)
            if cell_begin is None:
                cell_begin = input.new_zeros(count, input.shape[0], self.hidden_size)
            start = (begin, cell_begin)
        if lengths is None:
            sequence, (hidden, cell) = super().forward(input, start)
        else:
            sequence, hidden, cell = read_to_each_end(self, input, list(start or ()), lengths)
        last = torch.cat((hidden[-2], hidden[-1]), dim=-1) if self.bidirectional else hidden[-1]
        return sequence, last, hidden, cell


class LSTMCell(torch.nn.LSTMCell):
    """torch.nn.LSTMCell with its two states apart.

    input: N×F; initial and initial_cell: N×H, or None for zeros. Returns hidden N×H and cell N×H.
    """

    def forward(  # type: ignore[override]
        self,
        input: torch.Tensor,
        initial: torch.Tensor | None = None,
        initial_cell: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        zeros = input.new_zeros(input.shape[0], self.hidden_size)
        return super().forward(
            input, (zeros if initial is None else initial, zeros if initial_cell is None else initial_cell)
        )
