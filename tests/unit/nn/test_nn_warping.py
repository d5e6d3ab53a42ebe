"""Pictures that are moved about while training."""

from __future__ import annotations

import torch

from nnstudio import nn


def picture(count: int = 64) -> torch.Tensor:
    """One bright point, right of the middle and above it, N×1×21×21."""
    x = torch.zeros(count, 1, 21, 21)
    x[:, :, 8:11, 12:15] = 1.0
    return x


def places(x: torch.Tensor) -> torch.Tensor:
    """Where the ink of each picture lies, row and column from the middle, N×2."""
    ink = x[:, 0] / x[:, 0].sum((1, 2), keepdim=True)
    across = torch.arange(21.0) - 10
    return torch.stack([(ink.sum(2) * across).sum(1), (ink.sum(1) * across).sum(1)], 1)


def test_predicting_leaves_every_picture_as_it_is() -> None:
    x = picture()
    assert torch.equal(nn.RandomAffine().eval()(x), x)


def test_a_turn_keeps_the_distance_from_the_middle() -> None:
    made = places(nn.RandomAffine(90.0, shift=0.0, zoom=0.0)(picture()))
    distance = made.norm(dim=1)
    assert (distance - places(picture()).norm(dim=1)).abs().max() < 0.3
    assert made[:, 0].min() < -2
    assert made[:, 0].max() > 2


def test_a_shift_moves_by_its_share_of_the_edge_at_most() -> None:
    moved = places(nn.RandomAffine(0.0, shift=0.2, zoom=0.0)(picture())) - places(picture())
    assert 3.0 < moved.abs().max() <= 4.3
    assert moved.std(0).min() > 1.5


def test_half_of_the_pictures_are_mirrored() -> None:
    made = places(nn.RandomAffine(0.0, shift=0.0, zoom=0.0, mirror=True)(picture(400)))
    assert set(made[:, 1].round().tolist()) == {3.0, -3.0}
    assert 120 < (made[:, 1] < 0).sum() < 280
    assert (made[:, 0] - places(picture(1))[0, 0]).abs().max() < 0.01
