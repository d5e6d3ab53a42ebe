"""torch's recurrent layers with named ends: sequence, last state, states of every layer.

Each subclasses torch's own, so that weights have torch's names, and is whole in itself: an exported Python file holds
its source as it stands here.
"""

from __future__ import annotations

import torch


class RNN(torch.nn.RNN):
    """torch.nn.RNN (batch first) that also gives its last state.

    input: N×T×F; initial: N×H for all layers, or L×N×H, or None for zeros.
    Returns sequence N×T×H', last N×H' (the top layer's, directions joined) and hidden L×N×H.
    """

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, initial: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        directions = 2 if self.bidirectional else 1
        if initial is not None and initial.dim() == 2:
            initial = initial.unsqueeze(0).repeat(self.num_layers * directions, 1, 1)
        sequence, hidden = super().forward(input, initial)
        last = torch.cat((hidden[-2], hidden[-1]), dim=-1) if self.bidirectional else hidden[-1]
        return sequence, last, hidden


class GRU(torch.nn.GRU):
    """torch.nn.GRU (batch first) that also gives its last state.

    input: N×T×F; initial: N×H for all layers, or L×N×H, or None for zeros.
    Returns sequence N×T×H', last N×H' (the top layer's, directions joined) and hidden L×N×H.
    """

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, initial: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        directions = 2 if self.bidirectional else 1
        if initial is not None and initial.dim() == 2:
            initial = initial.unsqueeze(0).repeat(self.num_layers * directions, 1, 1)
        sequence, hidden = super().forward(input, initial)
        last = torch.cat((hidden[-2], hidden[-1]), dim=-1) if self.bidirectional else hidden[-1]
        return sequence, last, hidden


class LSTM(torch.nn.LSTM):
    """torch.nn.LSTM (batch first) that also gives its last state.

    input: N×T×F; initial and initial_cell: N×H for all layers, or L×N×H, or None for zeros.
    Returns sequence N×T×H', last N×H' (the top layer's, directions joined), hidden L×N×H and cell L×N×H.
    """

    def forward(  # type: ignore[override]
        self,
        input: torch.Tensor,
        initial: torch.Tensor | None = None,
        initial_cell: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        directions = 2 if self.bidirectional else 1
        given = []
        for state in (initial, initial_cell):
            if state is not None and state.dim() == 2:
                state = state.unsqueeze(0).repeat(self.num_layers * directions, 1, 1)
            given.append(state)
        begin, cell_begin = given
        start = None
        if begin is not None or cell_begin is not None:
            count = self.num_layers * directions
            if begin is None:
                begin = input.new_zeros(count, input.shape[0], self.proj_size or self.hidden_size)
            if cell_begin is None:
                cell_begin = input.new_zeros(count, input.shape[0], self.hidden_size)
            start = (begin, cell_begin)
        sequence, (hidden, cell) = super().forward(input, start)
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
