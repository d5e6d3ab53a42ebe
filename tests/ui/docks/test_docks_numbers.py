"""Numbers, long series and distributions as plots show them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.train.events import Histogram
from nnstudio.ui.docks import curves, distributions, numbers
from nnstudio.ui.docks.series import Series


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.21344, "0.213"), (12.345, "12.35"), (1234.4, "1,234"), (3.14e-5, "3.1e-5"), (-0.5, "−0.500"),
        (-2e-7, "−2.0e-7"), (float("nan"), "–"), (float("inf"), "∞"), (1.5e7, "1.5e7"), (0.001, "0.00100"),
    ],
)  # fmt: skip
def test_figures_are_short(value, text):
    assert numbers.figure(value) == text


def test_shares_are_per_cent():
    assert [numbers.share(value) for value in (0.0, 0.004, 0.38, 1.0)] == ["0 %", "0.4 %", "38 %", "100 %"]


@pytest.mark.parametrize(("values", "told"), [
    ((0.996, 0.004), "99.6 % 0.4 %"), ((0.334, 0.333, 0.333), "34 % 33 % 33 %"), ((0.9951, 0.0049), "99.5 % 0.5 %"),
    ((1.0, 0.0), "100 % 0 %"), ((0.625, 0.375), "63 % 37 %"), ((0.9, 0.8), "90 % 80 %"),
    ((0.99996, 0.00004), "100 % 0 %"), ((1 / 6,) * 6, "17 % 17 % 17 % 17 % 16 % 16 %"),
])  # fmt: skip
def test_shares_of_one_whole_add_up_as_they_are_told(values: tuple[float, ...], told: str) -> None:
    assert " ".join(numbers.shares(values)) == told


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0, 2.0, 4, ["0.0", "0.5", "1.0", "1.5", "2.0"]),
        (0, 20, 4, ["0", "5", "10", "15", "20"]),
        (-3, 3, 3, ["−2", "0", "2"]),
        (0.6, 0.7, 5, ["0.60", "0.62", "0.64", "0.66", "0.68", "0.70"]),
    ],
)
def test_ticks_are_round(low, high, most, texts):
    assert numbers.tick_texts(numbers.ticks(low, high, most)) == texts


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 12))
def test_there_are_never_too_many_ticks_and_all_are_inside(low, span, most):
    ticks = numbers.ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    slack = 1e-5 * span + 1e-6 * abs(low)
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)


def test_log_ticks_are_decades_or_finer_where_few_fit():
    assert [numbers.log_text(tick) for tick in numbers.log_ticks(-5, -1, 8)] == ["1e-5", "1e-4", "1e-3", "1e-2", "1e-1"]
    assert [numbers.log_text(tick) for tick in numbers.log_ticks(-0.8, 0.5, 8)] == ["0.2", "0.5", "1", "2"]
    assert len(numbers.log_ticks(-30, 0, 5)) <= 6


def test_decades_enclose_what_is_positive():
    assert numbers.decades(np.array([3e-4, 2e-2, 0.0, np.nan])) == (-4, -1)
    assert numbers.decades(np.array([])) == (-5, -1)
    low, high = numbers.decades(np.array([0.5]))
    assert low <= -1
    assert high >= 0


losses = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=3000).map(lambda v: np.array(v, np.float32))


@given(losses, st.integers(1, 60), st.integers(1, 700))
def test_columns_keep_the_extremes_however_the_values_came(values, most, chunk):
    series = Series()
    for end in range(chunk, len(values) + chunk, chunk):
        series.show(values[:end])
    columns = series.columns(0, len(values), most)
    assert len(columns.at) <= most + 1
    assert np.nanmin(columns.low) == pytest.approx(values.min())
    assert np.nanmax(columns.high) == pytest.approx(values.max())


@given(losses, st.integers(1, 200), st.data())
def test_the_mean_is_the_mean_of_the_steps_around(values, window, data):
    series = Series()
    series.show(values)
    at = data.draw(st.integers(0, len(values) - 1))
    half = min(at, window // 2)
    expected = values[at - half : at + half + 1].astype(np.float64).mean()
    assert series.mean(np.array([at]), window)[0] == pytest.approx(expected, abs=1e-6)


def test_values_that_are_not_finite_are_left_out_of_mean_and_extremes():
    series = Series()
    series.show(np.array([1.0, np.nan, 3.0, np.inf] * 100, np.float32))
    assert series.mean(np.array([200]), 40)[0] == pytest.approx(2.0, abs=0.1)
    columns = series.columns(0, 400, 5)
    assert columns.high.max() == 3.0
    assert columns.low.min() == 1.0


def test_a_zoom_sees_single_steps():
    series = Series()
    series.show(np.arange(100_000, dtype=np.float32))
    columns = series.columns(5000, 5010, 400)
    assert columns.low.tolist() == list(range(5000, 5012))
    assert columns.at.tolist() == list(range(5000, 5012))


def test_a_shorter_series_is_another_run():
    series = Series()
    series.show(np.full(1000, 9.0, np.float32))
    series.show(np.full(50, 1.0, np.float32))
    assert series.columns(0, 50, 10).high.max() == 1.0


def histogram(counts, low, high) -> Histogram:
    return Histogram(counts=np.array(counts, np.float32), low=low, high=high, mean=0, std=1, zeros=0)


def test_a_spike_is_cut_so_that_the_rest_is_seen():
    _, heights = distributions.outline(histogram([1000, 10, 8, 4], 0, 4))
    assert heights.max() == pytest.approx(1.2)
    assert heights[2] > 0.4


def test_the_common_axis_leaves_out_far_tails_and_is_calm():
    wide = histogram([1] + [0] * 97 + [10_000, 1], -100, 0)
    low, high = distributions.common_range([wide])
    assert low > -10
    shown = (low, high)
    assert distributions.common_range([histogram([1, 2, 1], 0.9 * low, high)], shown) == shown
    grown = distributions.common_range([histogram([1, 2, 1], -50, 0)], shown)
    assert grown[0] < -50


def test_the_strip_shows_the_newest_histogram_at_each_step():
    left, right = histogram([4, 0, 0, 0], 0, 4), histogram([0, 0, 0, 4], 0, 4)
    shares = distributions.Strip(rows=8).image(np.array([0.0, 10.0]), [left, right], 11)
    assert shares[:4, 0].sum() > 0
    assert shares[4:, 0].sum() == 0
    assert shares[:, 0].tolist() == shares[:, 9].tolist()
    assert shares[:4, 10].sum() == 0


@pytest.mark.parametrize(
    ("done", "planned", "end"), [(7, 20, 20), (1, 1000, 5), (5, 1000, 15), (20, 20, 20), (0, 3, 3)]
)
def test_the_x_axis_ends_at_the_plan_or_well_ahead(done, planned, end):
    assert curves.far_end(done, planned) == end


def test_the_y_axis_starts_at_zero_where_values_come_near_it():
    assert curves.y_range([np.array([2.2, 0.1])], log=False) == (0.0, 2.5)
    low, high = curves.y_range([np.array([0.91, 0.97])], log=False)
    assert 0.8 < low < 0.91
    assert 0.97 < high < 1.1
    low, high = curves.y_range([np.array([-3.0, -1.0])], log=False)
    assert low < -3
    assert high > -1
