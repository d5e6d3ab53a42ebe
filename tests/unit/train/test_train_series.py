"""A long series: every value is kept, few are in memory, and a plot sees all that it has room for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.train import series as module
from nnstudio.train.series import BLOCK, CELL, HOT, NEAR, Cells, Series

chunks = st.lists(
    st.tuples(st.floats(0, 1.2), st.integers(0, 3 * CELL)), min_size=1, max_size=12
)  # where to go on, as a share of what is there, and how many values


@pytest.fixture(scope="module")
def long() -> tuple[np.ndarray, Series]:
    """More than stays in memory, as it comes from training: a little at a time."""
    steps = np.arange((HOT + 3) * BLOCK + 700)
    values = (np.exp(-steps / 3e5) + 0.1 * np.sin(steps)).astype(np.float32)
    series = Series()
    for first in range(0, len(values), 9973):
        series.place(first, values[first : first + 9973])
    return values, series


@given(chunks)
def test_what_is_placed_is_read_whatever_was_there_before(chunks) -> None:
    series, expected = Series(), np.empty(0, np.float32)
    for number, (share, count) in enumerate(chunks):
        first = int(share * len(expected))
        values = np.arange(count, dtype=np.float32) + 1000 * number
        gap = np.full(max(0, first - len(expected)), np.nan, np.float32)
        expected = np.concatenate([expected, gap])[:first]
        expected = np.concatenate([expected, values])
        series.place(first, values)
    assert np.array_equal(series, expected, equal_nan=True)
    assert len(series) == len(expected)


def test_a_long_series_keeps_every_value_and_few_in_memory(long) -> None:
    values, series = long
    assert len(series._blocks) <= HOT + 1
    assert np.array_equal(series[3 * BLOCK - 5 : 5 * BLOCK + 5], values[3 * BLOCK - 5 : 5 * BLOCK + 5])
    assert np.array_equal(series.values, values)
    assert series[-1] == values[-1]
    assert series[7] == values[7]


def test_a_run_that_goes_back_writes_over_what_was_put_aside() -> None:
    series = Series()
    series.place(0, np.zeros((HOT + 2) * BLOCK, np.float32))
    series.place(BLOCK // 2, np.ones((HOT + 2) * BLOCK, np.float32))
    assert len(series) == (HOT + 2) * BLOCK + BLOCK // 2
    assert series[BLOCK // 2 - 1] == 0
    assert (series[BLOCK // 2 :] == 1).all()


def test_where_nothing_can_be_put_aside_it_stays_in_memory(monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(module.Aside, "write", full)
    series = Series()
    series.place(0, np.arange((HOT + 2) * BLOCK, dtype=np.float32))
    assert series[5] == 5


def test_the_whole_of_a_long_series_is_drawn_with_its_extremes(long) -> None:
    values, series = long
    columns = series.columns(0, len(values), 900)
    assert len(columns.at) <= 901
    assert columns.high.max() == values.max()
    assert columns.low.min() == values.min()
    middle = columns.at.searchsorted(len(values) / 2)
    part = values[int(columns.at[middle - 1]) : int(columns.at[middle + 1])]
    assert columns.low[middle] >= part.min() - 1e-6
    assert columns.high[middle] <= part.max() + 1e-6


def test_a_long_series_zoomed_in_shows_single_steps(long) -> None:
    values, series = long
    columns = series.columns(BLOCK + 10, BLOCK + 20, 400)
    assert columns.low.tolist() == values[BLOCK + 10 : BLOCK + 22].tolist()


@pytest.mark.parametrize("window", [1, 100, 5000, 300_000])
def test_the_mean_from_far_is_that_of_whole_cells(long, window) -> None:
    values, series = long
    at = np.linspace(0, len(values) - 1, 50)
    means = series.mean(at, window)
    for place, mean in zip(at.round().astype(int), means, strict=True):
        half = min(place, window // 2)
        low, high = max(0, place - half - CELL), place + half + CELL
        part = values[low:high]
        assert part.min() - 1e-6 <= mean <= part.max() + 1e-6
    if window > NEAR:
        exact = [values[max(0, p - min(p, window // 2)) : p + min(p, window // 2) + 1].mean() for p in at.astype(int)]
        assert means == pytest.approx(exact, rel=0.02)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([1.0, -2.0, np.nan, np.inf, 5.0]), min_size=CELL, max_size=CELL))
def test_cells_leave_out_what_is_not_finite(values) -> None:
    array = np.array(values, np.float32)
    cells, good = Cells.of(array), array[np.isfinite(array)]
    assert cells.count.tolist() == [len(good)]
    if len(good):
        assert (cells.low[0], cells.high[0]) == (good.min(), good.max())
        assert cells.total[0] == pytest.approx(good.sum())
    else:
        assert np.isnan([cells.low[0], cells.high[0]]).all()


def test_a_stored_series_reads_what_is_looked_at_and_goes_on() -> None:
    blocks = [np.arange(BLOCK, dtype=np.float32) + BLOCK * number for number in range(20)]
    read: list[int] = []

    def source(number: int) -> np.ndarray:
        read.append(number)
        return blocks[number]

    series = Series.stored([Cells.of(block) for block in blocks], source)
    columns = series.columns(0, len(series), 800)
    assert (columns.low.min(), columns.high.max()) == (0, 20 * BLOCK - 1)
    series.mean(np.linspace(0, len(series), 800), 50)
    assert not read
    assert series.columns(5 * BLOCK, 5 * BLOCK + 3, 400).low.tolist() == [5 * BLOCK + each for each in range(5)]
    assert read == [5]
    series.place(len(series), np.full(10, 7, np.float32))
    assert len(series) == 20 * BLOCK + 10
    assert series[-1] == 7
    series.place(BLOCK + 3, np.full(2, 9, np.float32))
    assert series[BLOCK + 2 :].tolist() == [BLOCK + 2, 9, 9]


def test_what_looks_at_a_whole_long_run_sees_means_of_it(long) -> None:
    values, series = long
    coarse = series.coarse(100_000)
    assert len(coarse) == len(values) // CELL
    assert coarse.mean() == pytest.approx(values[: len(coarse) * CELL].mean(), rel=1e-5)
    assert series.coarse(len(values)).tolist() == values.astype(np.float64).tolist()
