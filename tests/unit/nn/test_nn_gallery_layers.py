"""Graphs, masks, channels and spectrograms compute what their formulas say, worked out another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nnstudio import nn


def test_neighbours_are_told_by_the_roots_of_their_degrees() -> None:
    edges = torch.tensor([[[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]])
    nodes = torch.randn(1, 3, 4)
    layer = nn.GraphConv(4, 5)
    whole = edges[0] + torch.eye(3)
    root = torch.diag(whole.sum(1) ** -0.5)
    expected = root @ whole @ root @ nodes[0] @ layer.weight.T + layer.bias
    assert torch.allclose(layer(nodes, edges)[0], expected, atol=1e-6)
    mean = nn.GraphConv(4, 5, aggregate="mean", loops=False)
    expected = (nodes[0, 0] + nodes[0, 2]) / 2 @ mean.weight.T
    assert torch.allclose(mean(nodes, edges.long())[0, 1], expected + mean.bias, atol=1e-6)


def test_a_node_without_edges_of_its_own_tells_no_one_a_thousand_times() -> None:
    edges = torch.zeros(1, 3, 3)
    edges[0, 0, 1] = edges[0, 1, 0] = edges[0, 0, 2] = 1.0  # the third tells the first and is told by none
    layer = nn.GraphConv(2, 2, loops=False)
    nodes = torch.randn(1, 3, 2, generator=torch.Generator().manual_seed(0))
    seen = nodes[0] @ layer.weight.T
    expected = torch.stack([seen[1] / 2**0.5, seen[0] / 2**0.5, torch.zeros(2)]) + layer.bias
    torch.testing.assert_close(layer(nodes, edges)[0], expected)


@pytest.mark.parametrize("make", [lambda: nn.GraphConv(3, 4), lambda: nn.GATConv(3, 4, 2)])
def test_a_graph_knows_no_order_and_no_one_who_is_apart(make: object) -> None:
    assert callable(make)
    layer, nodes = make(), torch.randn(1, 5, 3)
    edges = torch.zeros(1, 5, 5)
    for one, other in ((0, 1), (1, 2), (3, 4)):
        edges[0, one, other] = edges[0, other, one] = 1
    order = torch.tensor([3, 0, 4, 2, 1])
    told = layer(nodes, edges)
    assert torch.allclose(layer(nodes[:, order], edges[:, order][:, :, order]), told[:, order], atol=1e-6)
    changed = nodes.clone()
    changed[0, 3:] += 1
    assert torch.equal(layer(changed, edges)[0, :3], told[0, :3])
    assert not torch.equal(layer(changed, edges)[0, 3:], told[0, 3:])


@pytest.mark.parametrize("aggregate", ["mean", "sum"])
def test_each_kind_of_edge_tells_in_its_own_way(aggregate: str) -> None:
    edges = torch.tensor([[[0, 1, 2, 1], [1, 0, 0, 0], [2, 0, 0, 7], [0, 0, 0, 0]]])  # 7 is no kind that it knows
    nodes, layer = torch.randn(1, 4, 3), nn.RelationalGraphConv(3, 5, 2, aggregate)
    for i in range(4):
        expected = layer.weight[0] @ nodes[0, i] + layer.bias
        for kind in (1, 2):
            told = [layer.weight[kind] @ nodes[0, j] for j in range(4) if edges[0, i, j] == kind]
            if told:
                expected = expected + sum(told) / (len(told) if aggregate == "mean" else 1)
        assert torch.allclose(layer(nodes, edges)[0, i], expected, atol=1e-6)


def test_masks_read_sequences_of_different_length_as_packing_them_does() -> None:
    """A MaskedPool behind an LSTM, and a second LSTM between two FlipSequences, beside torch's packed sequences."""
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    lengths = torch.tensor([6, 2, 4])
    input = torch.randn(3, 6, 3)
    padding = nn.LengthMask()(lengths, input)
    whole = torch.nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    packed, (hidden, _) = whole(pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, batch_first=True)
    there, back = nn.LSTM(3, 4, batch_first=True), nn.LSTM(3, 4, batch_first=True)
    for name, weight in whole.named_parameters():
        own = back if name.endswith("_reverse") else there
        own.load_state_dict({name.removesuffix("_reverse"): weight.detach()}, strict=False)
    flip, last = nn.FlipSequence(), nn.MaskedPool("last")
    forwards, backwards = there(input)[0], flip(back(flip(input, padding))[0], padding)
    both = torch.cat([forwards, backwards], -1).masked_fill(padding.unsqueeze(-1), 0.0)
    assert torch.allclose(both, expected, atol=1e-6)
    assert torch.allclose(last(forwards, padding), hidden[0], atol=1e-6)
    assert torch.allclose(last(flip(backwards, padding), padding), hidden[1], atol=1e-6)


def test_strong_edges_count_more() -> None:
    layer = nn.GATConv(1, 1)
    torch.nn.init.zeros_(layer.asks), torch.nn.init.zeros_(layer.told), torch.nn.init.ones_(layer.weight)
    edges = torch.tensor([[[1.0, 3.0], [0.0, 0.0]]])
    told = layer(torch.tensor([[[1.0], [5.0]]]), edges)
    assert told[0, :, 0].tolist() == pytest.approx([(1 * 1 + 3 * 5) / 4, 5.0])


def test_only_what_counts_is_pooled() -> None:
    input, padding = torch.randn(3, 4, 2), torch.arange(4) >= torch.tensor([4, 2, 0])[:, None]
    for kind, expected in (
        ("mean", [input[0].mean(0), input[1, :2].mean(0)]), ("sum", [input[0].sum(0), input[1, :2].sum(0)]),
        ("max", [input[0].amax(0), input[1, :2].amax(0)]), ("last", [input[0, 3], input[1, 1]]),
    ):  # fmt: skip
        found = nn.MaskedPool(kind)(input, padding)
        assert torch.allclose(found[:2], torch.stack(expected), atol=1e-6), kind
        assert (found[2] == 0).all(), kind


def test_sequences_are_turned_round_within_their_length() -> None:
    input = torch.arange(8.0).reshape(2, 4, 1)
    padding = torch.tensor([[False, False, False, True], [False] * 4])
    flipped = nn.FlipSequence()(input, padding)
    assert flipped[..., 0].tolist() == [[2, 1, 0, 3], [7, 6, 5, 4]]
    assert torch.equal(nn.FlipSequence()(flipped, padding), input)
    lengths = torch.tensor([3, 4])
    assert torch.equal(nn.LengthMask()(lengths, input), padding)


def test_channels_are_weighed_by_all() -> None:
    layer, input = nn.SqueezeExcitation(8, 4), torch.randn(2, 8, 5, 3)
    means = input.mean((2, 3))
    weights = torch.sigmoid(layer.excite(torch.relu(layer.squeeze(means))))
    assert torch.allclose(layer(input), input * weights[:, :, None, None], atol=1e-6)


def test_a_spectrogram_is_the_power_of_fourier_s_transform() -> None:
    wave = torch.randn(2, 1, 700)
    layer = nn.MelSpectrogram(8000, window=200, hop=80, mels=12, high=4000.0)
    window = torch.hann_window(200, dtype=torch.float64)
    spectrum = torch.stft(
        wave[:, 0].double(), 200, 80, window=window, center=True, pad_mode="constant", return_complex=True
    )
    expected = (layer.bands.double() @ spectrum.abs().square() + 1e-6).log()
    assert torch.allclose(layer(wave)[:, 0].double(), expected, atol=1e-3)


def test_a_tone_is_in_the_band_of_its_pitch() -> None:
    layer = nn.MelSpectrogram(8000, window=400, hop=160, mels=20, high=4000.0)
    middles = [700 * (10 ** (mel / 2595) - 1) for mel in np.linspace(0, 2595 * math.log10(1 + 4000 / 700), 22)][1:-1]
    for band in (3, 9, 16):
        time = torch.arange(4000) / 8000
        tone = torch.sin(2 * math.pi * middles[band] * time).reshape(1, 1, -1)
        assert int(layer(tone)[0, 0, :, 10].argmax()) == band
