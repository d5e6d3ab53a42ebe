"""Rows that are read when they are asked for: any index gives what an array gives, and only the rows that it names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.data.lazy import Lazy, Rows, Stored

SIZE = 23
VALUES = np.arange(SIZE * 2, dtype=np.float32).reshape(SIZE, 2)
ENDS = st.none() | st.integers(-30, 30)


@given(st.slices(SIZE))
def test_slices_are_numpys(asked: slice) -> None:
    np.testing.assert_array_equal(Stored(VALUES)[asked], VALUES[asked])


@given(ENDS, ENDS, st.integers(1, 5) | st.integers(-5, -1))
def test_slices_beyond_the_ends_are_numpys(start: int | None, stop: int | None, step: int) -> None:
    np.testing.assert_array_equal(Stored(VALUES)[start:stop:step], VALUES[start:stop:step])


@given(st.lists(st.integers(-SIZE, SIZE - 1)))
def test_lists_and_arrays_of_numbers_are_numpys(rows: list[int]) -> None:
    np.testing.assert_array_equal(Stored(VALUES)[np.array(rows, np.int64)], VALUES[np.array(rows, np.int64)])
    np.testing.assert_array_equal(Stored(VALUES)[rows], VALUES[np.array(rows, np.int64)])


@given(st.lists(st.booleans(), min_size=SIZE, max_size=SIZE))
def test_flags_are_numpys(flags: list[bool]) -> None:
    np.testing.assert_array_equal(Stored(VALUES)[np.array(flags)], VALUES[np.array(flags)])


@pytest.mark.parametrize("wrong", [[SIZE], [-SIZE - 1], np.ones(SIZE - 1, bool)])
def test_rows_that_are_not_there_are_refused(wrong: object) -> None:
    with pytest.raises(IndexError):
        Stored(VALUES)[wrong]


def test_a_few_of_very_many_rows_cost_a_few() -> None:
    class Endless(Lazy):
        shape, dtype = (10**15,), np.dtype(np.int64)

        def take(self, rows: Rows) -> np.ndarray:
            return rows

    assert Endless()[10**14 : 10**14 + 3].tolist() == [10**14, 10**14 + 1, 10**14 + 2]
    assert Endless()[-2:].tolist() == [10**15 - 2, 10**15 - 1]
    assert Endless()[[-1, 5]].tolist() == [10**15 - 1, 5]
