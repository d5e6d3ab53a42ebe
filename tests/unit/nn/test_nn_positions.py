"""Positions, patches, pools and samples do what their papers say."""

from __future__ import annotations

import math

import pytest
import torch

from nnstudio import nn


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(7)


@pytest.mark.parametrize("features", [6, 5])
def test_waves_are_added_as_vaswani_has_them(features: int) -> None:
    table = nn.PositionalEncoding()(torch.zeros(1, 9, features))[0]
    for t, i in ((0, 0), (4, 2), (8, 3), (5, 1), (7, features - 1)):
        angle = t / 10000 ** ((i - i % 2) / features)
        assert table[t, i] == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-5)


def test_turned_features_meet_by_their_distance_alone() -> None:
    turn, query, key = nn.RotaryEncoding(), torch.randn(8), torch.randn(8)
    queries, keys = turn(query.expand(1, 10, 8))[0], turn(key.expand(1, 10, 8))[0]
    scores = queries @ keys.T
    assert torch.allclose(scores[2, 5], scores[4, 7], atol=1e-5)
    assert not torch.allclose(scores[2, 5], scores[2, 6])
    assert torch.allclose(queries.norm(dim=-1), query.norm().expand(10), atol=1e-5)


def test_patches_come_row_by_row_behind_the_class_token() -> None:
    patches, images = nn.PatchEmbedding(3, 5, (2, 4)), torch.randn(2, 3, 4, 8)
    sequence = patches(images)
    assert sequence.shape == (2, 4, 5)
    third = patches(images[:, :, 2:4, 0:4])  # the first of the second row
    assert torch.allclose(sequence[:, 2:3], third, atol=1e-6)
    token = nn.ClassToken(5)
    assert torch.equal(token(sequence)[:, 1:], sequence)
    assert torch.equal(token(sequence)[:, 0], token.token[0].expand(2, 5))


def test_a_sample_has_the_mean_and_variance_that_were_asked_for() -> None:
    module, mean, log_variance = nn.Reparameterise(), torch.full((40_000,), 2.0), torch.full((40_000,), math.log(9.0))
    drawn = module(mean, log_variance)
    assert drawn.mean() == pytest.approx(2.0, abs=0.1)
    assert drawn.std() == pytest.approx(3.0, abs=0.1)
    assert torch.equal(module.eval()(mean, log_variance), mean)


def test_whole_samples_are_dropped_and_the_rest_scaled() -> None:
    module, x = nn.StochasticDepth(0.25), torch.ones(4000, 3)
    made = module(x)
    assert sorted(made.unique().tolist()) == pytest.approx([0.0, 4 / 3])
    assert torch.equal(made[:, 0], made[:, 2])
    assert (made[:, 0] == 0).float().mean() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(module.eval()(x), x)
    assert not nn.StochasticDepth(1.0)(x).any()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_was_pooled_goes_back_to_where_it_was(axes: int) -> None:
    x = torch.rand(2, 3, *(7,) * axes) + 0.1
    values, indices = getattr(torch.nn, f"MaxPool{axes}d")(2, return_indices=True)(x)
    back = getattr(nn, f"MaxUnpool{axes}d")(2)(values, indices, x)
    assert back.shape == x.shape
    assert torch.equal(back[back > 0].sort().values, values.flatten().sort().values)
    assert torch.equal(back[back > 0], x[back > 0])


@pytest.mark.parametrize("power", [1.0, 3.0, 2.5])
def test_the_norm_of_a_window_is_a_number_for_every_power(power: float) -> None:
    x = torch.randn(2, 3, 6)
    expected = x.reshape(2, 3, 3, 2).abs().pow(power).sum(-1).pow(1 / power)
    assert torch.allclose(nn.LPPool1d(power, 2)(x), expected, atol=1e-5)


def test_random_windows_lie_still_when_predicting() -> None:
    pool, x = nn.FractionalMaxPool2d(2, output_ratio=0.7), torch.randn(2, 3, 12, 12)
    assert not all(torch.equal(pool(x), pool(x)) for _ in range(5))
    assert torch.equal(pool.eval()(x), pool(x))
    assert pool(x).shape == (2, 3, 8, 8)


def test_rare_classes_have_log_probabilities_that_add_up() -> None:
    module, x = nn.AdaptiveLogSoftmax(16, 40, (5, 20)), torch.randn(6, 16)
    assert torch.allclose(module(x).exp().sum(1), torch.ones(6), atol=1e-5)
    target = torch.randint(0, 40, (6,))
    whole = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 40, [5, 20])
    whole.load_state_dict(module.state_dict())
    assert torch.allclose(torch.nn.functional.nll_loss(module(x), target), whole(x, target).loss, atol=1e-5)


def test_a_bag_is_the_weighted_sum_of_its_codes() -> None:
    module, codes, weights = nn.EmbeddingBag(9, 4, mode="sum"), torch.randint(0, 9, (3, 5)), torch.rand(3, 5)
    expected = (module.weight[codes] * weights.unsqueeze(-1)).sum(1)
    assert torch.allclose(module(codes, weights), expected, atol=1e-6)


def test_a_projected_lstm_goes_on_from_either_state() -> None:
    module, x = nn.LSTM(5, 6, proj_size=3, batch_first=True), torch.randn(2, 8, 5)
    whole = module(x)
    _, last, hidden, cell = module(x[:, :3])
    assert last.shape == (2, 3)
    assert torch.allclose(module(x[:, 3:], hidden, cell)[0], whole[0][:, 3:], atol=1e-6)
    assert module(x, hidden)[0].shape == module(x, None, cell)[0].shape == (2, 8, 3)


def test_a_cell_takes_the_steps_of_its_layer() -> None:
    layer, cell, x = nn.LSTM(5, 4, batch_first=True), nn.LSTMCell(5, 4), torch.randn(2, 3, 5)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    hidden = held = None
    for step in range(3):
        hidden, held = cell(x[:, step], hidden, held)
    assert torch.allclose(hidden, layer(x)[1], atol=1e-6)
    assert torch.allclose(held, layer(x)[3][0], atol=1e-6)
