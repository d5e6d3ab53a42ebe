"""Tokens are chosen from scores as a decoder says, whatever the scores are."""

from __future__ import annotations

import pytest
import torch

from nnstudio.train.searching import Decoding, chosen

CODES = 6


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("scores", [torch.zeros(200, CODES), torch.randn(200, CODES, generator=random(1))])
@pytest.mark.parametrize("temperature", [0.1, 1.0, 50.0])
def test_drawing_from_the_best_alone_takes_the_best_among_equals_too(scores: torch.Tensor, temperature: float) -> None:
    drawn = chosen(scores, Decoding("sample", temperature, top_k=1), random())
    assert drawn.tolist() == chosen(scores, Decoding("greedy"), random()).tolist()


def test_drawing_from_some_takes_no_more_than_these_among_equals() -> None:
    drawn = chosen(torch.zeros(500, CODES), Decoding("sample", top_k=2), random())
    assert set(drawn.tolist()) == {3, 4}
    scores = torch.tensor([[0.0, 0.0, 0.0, 1.0, 2.0, 1.0]]).expand(500, -1)
    assert set(chosen(scores, Decoding("sample", 5.0, top_k=2), random()).tolist()) == {3, 4}


@pytest.mark.parametrize(("temperature", "expected"), [(1e-40, {5}), (1e300, {3, 4, 5})])
def test_any_temperature_can_be_drawn_at(temperature: float, expected: set[int]) -> None:
    scores = torch.arange(6.0).expand(300, -1) * 100
    assert set(chosen(scores, Decoding("sample", temperature), random()).tolist()) == expected
