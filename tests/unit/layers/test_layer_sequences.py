"""Recurrent layers are sized without being unrolled, and come out as if they were."""

from __future__ import annotations

import pytest
import torch
from torch.overrides import TorchFunctionMode

from nnstudio.compile.resolve import forget, resolve
from nnstudio.graph.builder import NetworkBuilder


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_long_sequence_is_sized_in_one_step(kind: str) -> None:
    lengths: list[int] = []

    class Watch(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            if func in (torch.lstm, torch.gru, torch.rnn_tanh):
                lengths.append(args[0].shape[1])
            return func(*args, **(kwargs or {}))

    net = NetworkBuilder()
    made = net.add(kind, net.add("Input", shape=(5000, 3)), hidden_size=4, num_layers=2, bidirectional=True)
    forget()
    with Watch():
        found = resolve(net.network).nodes[made.node].outputs
    assert str(found["sequence"]) == "N×5000×8 (batch, time, feature) float32"
    assert str(found["last"]) == "N×8 (batch, feature) float32"
    assert str(found["hidden"]) == "4×N×4 (layer, batch, feature) float32"
    assert lengths
    assert set(lengths) == {1}
