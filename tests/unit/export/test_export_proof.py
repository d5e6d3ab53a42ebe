"""What a person is told of an export, and what it was tried on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.export import ExportError, export
from nnstudio.export.proof import largest_difference, sentence, spoken
from nnstudio.graph import Network


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0.0, "0"), (2e-6, "2·10⁻⁶"), (1.6e-7, "2·10⁻⁷"), (9.7e-4, "1·10⁻³"), (3e-12, "3·10⁻¹²"), (0.03, "0.03"),
        (0.5, "0.5"), (2.5, "2.5"), (math.inf, "inf"),
    ],
)  # fmt: skip
def test_small_numbers_are_written_as_people_write_them(number: float, words: str) -> None:
    assert spoken(number) == words


def test_the_sentence() -> None:
    assert sentence(32, 2e-6, real=True) == "exported and checked: 32 samples, largest difference 2·10⁻⁶"
    assert sentence(1, 0.0, real=True) == "exported and checked: 1 sample, largest difference 0"
    assert sentence(32, 0.0, real=False) == "exported and checked: 32 random samples, largest difference 0"


@pytest.mark.parametrize("count", [1, 7, 500])
def test_it_is_tried_on_the_first_real_samples(
    networks: Mapping[str, Callable[[], Network]], tmp_path: Path, count: int
) -> None:
    image = np.random.default_rng(1).random((count, 1, 8, 8), dtype=np.float32)
    told: list[tuple[float, str]] = []
    samples = {"image": image, "label": np.zeros(count)}
    path = tmp_path / "digits.onnx"
    proof = export(compile_network(networks["mlp"]()), path, "", samples, lambda *now: told.append(now))
    tried = min(count, 32)
    assert proof.samples == tried
    assert proof.sentence.startswith(f"exported and checked: {tried} sample{'' if tried == 1 else 's'}, largest")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, proof.sentence)


def test_numbers_that_are_bad_in_both_do_not_differ() -> None:
    bad = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert largest_difference("ONNX", [bad], [bad.copy()]) == 0


@pytest.mark.parametrize(
    "other", [np.array([1.0, np.nan]), np.array([1.0, np.inf]), np.array([1.0, 2.5]), np.array([1.0])]
)
def test_other_numbers_are_refused(other: np.ndarray) -> None:
    with pytest.raises(ExportError, match="not written"):
        largest_difference("ONNX", [np.array([1.0, 2.0])], [other])


def test_a_difference_counts_against_the_size_of_the_answers() -> None:
    assert largest_difference("ONNX", [np.array([1e6])], [np.array([1e6 + 10])]) == 10
