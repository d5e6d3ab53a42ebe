"""Histograms, norms, and when to look."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.train.probes import COUNTED, histograms


@given(st.integers(1, 400), st.floats(-50, 50), st.floats(0.01, 20), st.integers(0, 100))
def test_a_histogram_is_numpys(count: int, mean: float, spread: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(mean, spread, count).astype(np.float32)
    made = histograms({"n": torch.from_numpy(values)})["n"]
    if count > 1:
        assert (made.low, made.high) == (values.min(), values.max())
    assert made.counts.sum() == count
    assert made.mean == pytest.approx(values.mean(dtype=np.float64), abs=1e-4, rel=1e-4)
    assert made.std == pytest.approx(values.std(dtype=np.float64), abs=1e-4, rel=1e-3)
    if count > 1:
        expected, _ = np.histogram(values, len(made.counts), (made.low, made.high))
        assert np.abs(np.cumsum(made.counts) - np.cumsum(expected)).max() <= max(2, count // 50)


def test_constants_scalars_and_whole_numbers_have_histograms() -> None:
    found = histograms(
        {"zero": torch.zeros(4, 3), "loss": torch.tensor(2.5), "codes": torch.arange(6), "none": torch.empty(0, 3)}
    )
    assert set(found) == {"zero", "loss", "codes"}
    assert found["zero"].zeros == 1.0
    assert found["zero"].counts.sum() == 12
    assert found["loss"].mean == 2.5
    assert (found["codes"].low, found["codes"].high) == (0, 5)


def test_bad_numbers_are_counted_and_left_out() -> None:
    values = torch.tensor([1.0, float("nan"), 3.0, float("inf"), -float("inf")])
    found = histograms({"some": values, "all": torch.full((3,), float("nan")), "good": torch.ones(2)})
    assert (found["some"].bad, found["some"].low, found["some"].high, found["some"].mean) == (3, 1.0, 3.0, 2.0)
    assert found["some"].counts.sum() == 2
    assert found["all"].bad == 3
    assert found["good"].bad == 0


@pytest.mark.parametrize("size", [1e20, 3e38])
def test_numbers_at_the_end_of_what_there_is_have_a_histogram(size: float) -> None:
    values = torch.tensor([-1.0, 0.0, 1.0, 1.0]) * size
    made = histograms({"n": values})["n"]
    assert (made.low, made.high, made.bad, made.counts.sum()) == (values.min(), values.max(), 0, 4)
    assert made.mean == pytest.approx(0.25 * size)
    assert made.std == pytest.approx(values.double().std(correction=0).item())


def test_of_a_large_activation_some_numbers_are_counted_evenly_spread() -> None:
    columns = torch.arange(64.0).repeat(8192, 1)  # each column a value of its own
    found = histograms({"n": columns, "one": torch.rand(1, 10 * COUNTED)})
    assert COUNTED / 2 < found["n"].counts.sum() <= COUNTED
    assert (found["n"].low, found["n"].high) == (0, 63)
    assert found["n"].mean == pytest.approx(31.5, abs=0.5)
    assert found["n"].std == pytest.approx(columns.std().item(), rel=0.02)
    assert found["one"].counts.sum() <= COUNTED


def test_histograms_work_where_only_deterministic_algorithms_are_allowed() -> None:
    torch.use_deterministic_algorithms(True)
    try:
        assert histograms({"n": torch.rand(10)})["n"].counts.sum() == 10
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
