"""Histograms, norms, and when to look."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.train.probes import COUNTED, Pace, histograms


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


def test_of_a_large_activation_some_samples_are_counted() -> None:
    found = histograms({"n": torch.arange(64 * 8192).reshape(64, 8192).float(), "one": torch.rand(1, 10 * COUNTED)})
    assert found["n"].counts.sum() == COUNTED
    assert found["one"].counts.sum() <= 2 * COUNTED


def test_histograms_work_where_only_deterministic_algorithms_are_allowed() -> None:
    torch.use_deterministic_algorithms(True)
    try:
        assert histograms({"n": torch.rand(10)})["n"].counts.sum() == 10
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


@given(st.floats(0.005, 0.5), st.floats(1e-4, 0.05), st.floats(0.0, 0.5))
def test_looking_stays_within_its_budget(budget: float, step: float, extra: float) -> None:
    """A run of a simulated minute: steps of one length, looks of another."""
    pace, now, looked, first = Pace(budget), 0.0, 0.0, True
    pace.began(0.0)
    while now < 60.0:
        start = now
        due = pace.next <= now
        now += step + (extra if due else 0.0)
        if due:
            pace.looked(now - start, now)
            looked += 0.0 if first else extra  # what the first look costs cannot be known before it
            first = False
        else:
            pace.stepped(step, 1)
    assert looked / now <= budget * 1.25 + 2 * extra / now


def test_looking_at_the_displays_pace_is_ten_times_a_second_where_it_costs_little() -> None:
    pace, now, looks = Pace(0.03), 0.0, 0
    pace.began(0.0)
    while now < 10.0:
        due = pace.next <= now
        now += 0.001
        if due:
            pace.looked(0.00101, now)
            looks += 1
        else:
            pace.stepped(0.001, 1)
    assert 90 <= looks <= 101
    assert 0 < pace.share < 0.03
