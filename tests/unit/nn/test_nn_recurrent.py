"""Recurrent modules are torch's, with their ends named."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from nnstudio import nn

KINDS = [(nn.RNN, torch.nn.RNN), (nn.GRU, torch.nn.GRU), (nn.LSTM, torch.nn.LSTM)]
kinds = pytest.mark.parametrize(("ours", "torchs"), KINDS, ids=lambda cls: cls.__name__)
ours_alone = pytest.mark.parametrize("ours", [ours for ours, _ in KINDS], ids=lambda cls: cls.__name__)


@kinds
@pytest.mark.parametrize("both_ways", [False, True])
def test_gives_what_torch_gives_and_the_last_state(ours: Any, torchs: Any, both_ways: bool) -> None:
    module = ours(5, 4, num_layers=2, batch_first=True, bidirectional=both_ways)
    reference = torchs(5, 4, num_layers=2, batch_first=True, bidirectional=both_ways)
    assert list(module.state_dict()) == list(reference.state_dict())
    reference.load_state_dict(module.state_dict())
    x = torch.randn(3, 7, 5)
    sequence, last, *states = module(x)
    expected, state = reference(x)
    assert torch.equal(sequence, expected)
    for found, wanted in zip(states, state if isinstance(state, tuple) else (state,), strict=True):
        assert torch.equal(found, wanted)
    # forwards the last step has read everything, backwards the first
    read = torch.cat((sequence[:, -1, :4], sequence[:, 0, 4:]), dim=1) if both_ways else sequence[:, -1]
    assert torch.allclose(last, read)


@ours_alone
def test_goes_on_from_the_states_of_another(ours: Any) -> None:
    module = ours(5, 4, num_layers=2, batch_first=True)
    x = torch.randn(3, 8, 5)
    whole = module(x)
    _, _, *states = module(x[:, :3])
    sequence, last, *_ = module(x[:, 3:], *states)
    assert torch.allclose(sequence, whole[0][:, 3:], atol=1e-6)
    assert torch.allclose(last, whole[1], atol=1e-6)


@ours_alone
def test_one_vector_begins_every_layer(ours: Any) -> None:
    module = ours(5, 4, num_layers=2, batch_first=True, bidirectional=True)
    x, begin = torch.randn(3, 6, 5), torch.randn(3, 4)
    repeated = torch.stack([begin] * 4)
    for one, other in zip(module(x, begin), module(x, repeated), strict=True):
        assert torch.equal(one, other)


def test_an_lstm_takes_either_state_alone() -> None:
    module = nn.LSTM(5, 4, batch_first=True)
    x, state = torch.randn(3, 6, 5), torch.randn(1, 3, 4)
    zeros = torch.zeros(1, 3, 4)
    assert torch.equal(module(x, state)[0], module(x, state, zeros)[0])
    assert torch.equal(module(x, None, state)[0], module(x, zeros, state)[0])
    assert not torch.equal(module(x, state)[0], module(x)[0])


@ours_alone
def test_its_source_needs_torch_alone(ours: Any) -> None:
    namespace: dict[str, Any] = {"torch": torch}
    exec(inspect.getsource(ours), namespace)
    copied = namespace[ours.__name__](5, 4, batch_first=True)
    module = ours(5, 4, batch_first=True)
    copied.load_state_dict(module.state_dict())
    x = torch.randn(2, 3, 5)
    assert torch.equal(copied(x)[1], module(x)[1])
