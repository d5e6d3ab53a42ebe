"""Many rectangles and lines at once give the pixels that they give one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.ui.canvas.raster import draw_lines, fill_rects, stamp

ROWS, COLUMNS = 40, 60
places = st.lists(st.tuples(st.integers(-30, 80), st.integers(-30, 60)), min_size=1, max_size=30)
lengths = st.integers(0, 40)


def sheet(margin: int = 5) -> np.ndarray:
    """Pixels that are a part of a larger picture, as a strip that is painted anew is."""
    return np.zeros((ROWS, COLUMNS + margin), np.uint32)[:, :COLUMNS]


@given(places, st.integers(1, 12), st.integers(1, 6), st.integers(1, 4))
def test_tiles_come_where_they_belong_and_are_cut_at_the_edges(at, wide, high, kinds):
    tiles = [np.arange(1, wide * high + 1, dtype=np.uint32).reshape(high, wide) + 1000 * kind for kind in range(kinds)]
    kind = np.arange(len(at)) % kinds
    x, y = np.array(at, float).T
    pixels, expected = sheet(), sheet()
    stamp(pixels, x, y, tiles, kind)
    for each in range(kinds):  # those of a kind come together
        for (left, top), own in zip(at, kind.tolist(), strict=True):
            for down in range(high if own == each else 0):
                for across in range(wide):
                    if 0 <= top + down < ROWS and 0 <= left + across < COLUMNS:
                        expected[top + down, left + across] = tiles[each][down, across]
    assert np.array_equal(pixels > 0, expected > 0)  # where tiles overlap, the one that came last is seen
    alone = sheet()
    stamp(alone, x[:1], y[:1], tiles, kind[:1])
    assert np.array_equal(alone, stamped_alone(at[0], tiles[0]))


def stamped_alone(at: tuple[int, int], tile: np.ndarray) -> np.ndarray:
    pixels = sheet()
    for down, across in np.ndindex(tile.shape):
        y, x = at[1] + down, at[0] + across
        if 0 <= y < ROWS and 0 <= x < COLUMNS:
            pixels[y, x] = tile[down, across]
    return pixels


@given(places, st.lists(lengths, min_size=30, max_size=30), st.booleans(), st.booleans())
def test_level_and_upright_lines_cover_their_pixels_whichever_way_they_run(at, long, upright, back):
    x, y = np.array(at, float).T
    by = np.array(long[: len(at)], float) * (-1 if back else 1)
    none = np.zeros(len(at))
    dx, dy = (none, by) if upright else (by, none)
    one, each = sheet(), sheet()
    draw_lines(one, x, y, x + dx, y + dy, 7)
    draw_lines(each, x, y, x + dx, y + dy, np.full(len(at), 7, np.uint32))
    expected = sheet()
    for a, b, c, d in zip(x, y, x + dx, y + dy, strict=True):
        for row in range(int(min(b, d)), int(max(b, d)) + 1):
            for column in range(int(min(a, c)), int(max(a, c)) + 1):
                if 0 <= row < ROWS and 0 <= column < COLUMNS:
                    expected[row, column] = 7
    assert np.array_equal(one, expected)
    assert np.array_equal(each, expected)


@pytest.mark.parametrize("colors", [9, np.array([9, 9], np.uint32)], ids=["one", "each"])
def test_what_lies_outside_is_left_out(colors):
    pixels = sheet()
    outside = np.array([-50.0, 200.0])
    fill_rects(pixels, outside, outside, np.array([5.0, 5.0]), np.array([5.0, 5.0]), colors)
    draw_lines(pixels, outside, outside, outside + 4, outside, colors)
    assert not pixels.any()
