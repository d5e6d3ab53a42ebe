"""Recurrent modules are torch's, with their ends named."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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


@kinds
@pytest.mark.parametrize("both_ways", [False, True])
def test_given_lengths_it_gives_what_torch_gives_of_packed_sequences(ours: Any, torchs: Any, both_ways: bool) -> None:
    more = {"proj_size": 3} if ours is nn.LSTM else {"nonlinearity": "relu"} if ours is nn.RNN else {}
    module = ours(5, 4, num_layers=2, batch_first=True, bidirectional=both_ways, **more)
    reference = torchs(5, 4, num_layers=2, batch_first=True, bidirectional=both_ways, **more)
    reference.load_state_dict(module.state_dict())
    lengths, count = torch.tensor([6, 2, 4]), 4 if both_ways else 2
    begin = [torch.randn(count, 3, more.get("proj_size", 4)), torch.randn(count, 3, 4)][: 2 if ours is nn.LSTM else 1]
    inputs = [torch.randn(3, 6, 5, requires_grad=True) for _ in range(2)]
    inputs[1].data = inputs[0].detach().clone()
    for start in ([], begin):
        state = (tuple(start) if ours is nn.LSTM else start[0]) if start else None
        packed, end = reference(pack_padded_sequence(inputs[0], lengths, True, enforce_sorted=False), state)
        expected = [pad_packed_sequence(packed, True)[0], *(end if ours is nn.LSTM else [end])]
        sequence, last, *states = module(inputs[1], *(start or [None] * len(begin)), lengths)
        for one, other in zip([sequence, *states], expected, strict=True):
            torch.testing.assert_close(one, other)
        top = torch.cat([states[0][-2], states[0][-1]], -1) if both_ways else states[0][-1]
        assert torch.equal(last, top)
        for found, x in ((expected, inputs[0]), ([sequence, *states], inputs[1])):
            x.grad = None
            torch.stack([part.sin().sum() for part in found]).sum().backward()
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad)
        for one, other in zip(module.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad)


@ours_alone
def test_a_sequence_without_steps_leaves_the_states_as_they_were(ours: Any) -> None:
    module = ours(5, 4, batch_first=True, bidirectional=True)
    begin = torch.randn(2, 2, 4)
    states = [begin, begin] if ours is nn.LSTM else [begin]
    sequence, _, *ends = module(torch.randn(2, 3, 5), *states, torch.tensor([0, 9]))
    assert (sequence[0] == 0).all()
    assert all(torch.equal(end[:, 0], begin[:, 0]) for end in ends)
    assert (sequence[1] != 0).all(), "more steps than there are count as all of them"


@ours_alone
def test_its_source_needs_torch_alone(ours: Any) -> None:
    namespace: dict[str, Any] = {"torch": torch}
    exec(inspect.getsource(sys.modules[ours.__module__]), namespace)
    copied = namespace[ours.__name__](5, 4, batch_first=True)
    module = ours(5, 4, batch_first=True)
    copied.load_state_dict(module.state_dict())
    x = torch.randn(2, 3, 5)
    assert torch.equal(copied(x)[1], module(x)[1])
