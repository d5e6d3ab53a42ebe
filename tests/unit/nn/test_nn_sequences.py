"""Sequences of codes are read from scores and compared as others do it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.text import bleu_score, char_error_rate, chrf_score, edit_distance, word_error_rate

from nnstudio import nn
from nnstudio.nn.decoding import ctc_codes, ctc_ways

LETTERS = "____abcdefg"  # the first four are those that fill up, begin and end


def coded(*texts: str, length: int = 8) -> torch.Tensor:
    """Rows of codes with an end, filled up."""
    rows = [[LETTERS.index(letter) for letter in text] + [3] for text in texts]
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])


FOUND, TRUE = ("abcd", "ggg", "", "bcdefa"), ("abed", "gg", "ab", "abcdef")


def test_edits_are_counted() -> None:
    metric = nn.ErrorRate()
    for row in range(4):
        metric.update(coded(FOUND[row]), coded(TRUE[row]))
    assert metric.compute() == pytest.approx(float(char_error_rate(list(FOUND), list(TRUE))))


_CODES = st.lists(st.lists(st.integers(4, 9), max_size=12), min_size=1, max_size=4)


@given(st.data(), _CODES)
@settings(max_examples=60, deadline=None)
def test_edits_are_those_of_torchmetrics_whatever_the_sequences(data: Any, true: list[list[int]]) -> None:
    found = data.draw(st.lists(st.lists(st.integers(4, 9), max_size=12), min_size=len(true), max_size=len(true)))
    metric = nn.ErrorRate()
    metric.take(found, true)
    spelled = [["".join(map(chr, row)) for row in rows] for rows in (found, true)]
    worded = [[" ".join(map(str, row)) for row in rows] for rows in (found, true)]
    if metric.length:
        edits = float(edit_distance(*spelled, reduction="sum"))
        assert metric.compute() == pytest.approx(edits / sum(map(len, true)))
        assert metric.compute() == pytest.approx(float(word_error_rate(*worded)))
    else:
        assert math.isnan(metric.compute())


def test_right_from_beginning_to_end() -> None:
    metric = nn.ExactMatch("best")
    codes = coded("abc", "abd")
    scores = torch.nn.functional.one_hot(codes, len(LETTERS)).float()
    scores[:, 4:] = torch.rand(2, 4, len(LETTERS))  # behind the end nothing counts
    metric.update(scores, coded("abc", "abc"))
    assert metric.compute() == 0.5


@pytest.mark.parametrize("texts", [False, True])
def test_texts_are_compared_by_their_pieces(texts: bool) -> None:
    def spelled(codes: Any) -> list[str]:
        return [" ".join(LETTERS[code] for code in row if code > 3) for row in codes]

    bleu, chrf = nn.BLEU(n=2), nn.ChrF(n=3)
    if texts:
        bleu.texts = chrf.texts = spelled
    for metric in (bleu, chrf):
        metric.update(coded(*FOUND[:2]), coded(*TRUE[:2]))
        metric.update(coded(*FOUND[2:]), coded(*TRUE[2:]))
    found, true = [" ".join(text) for text in FOUND], [[" ".join(text)] for text in TRUE]
    assert bleu.compute() == pytest.approx(float(bleu_score(found, true, n_gram=2)))
    if not texts:
        found, true = list(FOUND), [[text] for text in TRUE]
    assert chrf.compute() == pytest.approx(_likeness(list(FOUND), list(TRUE), 3))


def _likeness(found: list[str], true: list[str], n: int) -> float:
    """chrF by hand, over all texts together."""
    figures = []
    for size in range(1, n + 1):
        runs = [
            [[text[at : at + size] for at in range(len(text) - size + 1)] for text in texts] for texts in (found, true)
        ]
        same = sum(min(a.count(run), b.count(run)) for a, b in zip(*runs, strict=True) for run in set(a))
        given, wanted = (sum(map(len, rows)) for rows in runs)
        precision, recall = same / given, same / wanted
        figures.append(5 * precision * recall / (4 * precision + recall) if same else 0.0)
    return sum(figures) / n


def test_likeness_is_torchmetrics_where_each_text_has_something_in_common() -> None:
    found, true = ["abcdefg", "gfedcab", "aabbccdd"], ["abcdeff", "gfedcba", "abcd"]
    expected: Any = chrf_score(found, [[text] for text in true], n_word_order=0)
    assert nn.ChrF().figure(found, true) == pytest.approx(float(expected))


def test_a_text_that_is_wholly_wrong_or_missing_counts() -> None:
    found, true = ["abcdefg", "", "ggg"], ["abcdefg", "fedcbaf", "abc"]
    assert nn.ChrF(n=3).figure(found, true) == pytest.approx(_likeness(found, true, 3))
    assert nn.ChrF().figure(["abcdefg", ""], ["abcdefg", "fedcbaf"]) < 0.6
    assert nn.ChrF().figure(["abcdefg", "zzz"], ["abcdefg", "fedcbaf"]) < 0.6


def test_short_texts_that_are_right_are_wholly_alike() -> None:
    assert nn.ChrF().figure(["ab", "c d"], ["ab", "cd"]) == 1.0
    assert math.isnan(nn.ChrF().figure([""], [""]))


def test_spans_are_right_as_a_whole() -> None:
    #                 O, B-x, I-x, B-y, I-y
    metric = nn.EntityF1((-1, 0, 0, 1, 1), (False, True, False, True, False))
    assert metric.spans([1, 2, 1, 0, 3, 4, 2]) == {(0, 0, 2), (0, 2, 3), (1, 4, 6), (0, 6, 7)}
    true = torch.tensor([[1, 2, 0, 3, 0], [0, 0, 1, 2, 2]])
    found = torch.tensor([[1, 2, 0, 1, 0], [0, 0, 1, 2, 0]])
    scores = torch.nn.functional.one_hot(found, 5).float()
    metric.update(scores[:1], true[:1])
    metric.update(scores[1:], true[1:])
    assert metric.compute() == pytest.approx(2 * 1 / (3 + 3))  # one of three is found, one of three right
    cut = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
    metric.reset()
    metric.update(scores, true, cut)
    assert metric.compute() == pytest.approx(2 * 1 / (2 + 2))


def test_steps_that_only_fill_up_are_read_by_no_error_rate() -> None:
    path = torch.tensor([[4, 4, 5, 6, 6], [5, 7, 7, 7, 7], [6, 6, 6, 6, 6]])
    scores, target = torch.nn.functional.one_hot(path, 9).float(), torch.tensor([[4, 5], [5, 8], [0, 0]])
    metric = nn.ErrorRate(decode="ctc")
    metric.update(scores, target, None, torch.tensor([3, 1, 0]))
    assert metric.compute() == pytest.approx(1 / 4)  # only the 8 is missing
    metric.reset()
    metric.update(scores, target)
    assert metric.compute() == pytest.approx(3 / 4)


def test_ctc_joins_repeats_and_drops_blanks() -> None:
    path = torch.tensor([[0, 4, 4, 0, 4, 5], [5, 5, 5, 5, 5, 5], [0, 0, 0, 0, 0, 0]])
    read = ctc_codes(torch.nn.functional.one_hot(path, 6).float())
    assert read.tolist() == [[4, 4, 5, 0, 0, 0], [5, 0, 0, 0, 0, 0], [0] * 6]


def test_the_search_finds_the_most_probable_text() -> None:
    scores = torch.randn(5, 3, generator=torch.Generator().manual_seed(4))
    chances: dict[tuple[int, ...], float] = {}
    logs = scores.double().log_softmax(-1)
    for path in itertools.product(range(3), repeat=5):  # every way there is
        text = tuple(code for code, _ in itertools.groupby(path) if code)
        chances[text] = chances.get(text, 0.0) + math.exp(sum(float(logs[t, code]) for t, code in enumerate(path)))
    assert tuple(ctc_ways(scores, 20)) == max(chances, key=chances.__getitem__)
