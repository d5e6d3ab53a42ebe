"""Many rectangles and lines at once, straight into the pixels of a picture: what Qt paints in 20 ms takes two."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from nnstudio.ui.canvas.node_table import Floats, Rows

Pixels = npt.NDArray[np.uint32]
Colors = npt.NDArray[np.uint32] | int
#: Level and upright lines longer than so many pixels are filled, each by itself.
_LONG = 24
#: Rows that are moved at once: as many as the processor keeps at hand.
_BAND = 32


def pixels_of(image: QImage) -> Pixels:
    """The pixels of an image of 32 bits (rows, columns). It must outlive them, and nobody may be painting on it."""
    flat = np.frombuffer(image.bits(), np.uint32)
    return flat.reshape(image.height(), image.bytesPerLine() // 4)[:, : image.width()]


def fill_rects(pixels: Pixels, left: Floats, top: Floats, width: Floats, height: Floats, colors: Colors) -> None:
    """Fill rectangles, given in pixels, each with its colour (0xAARRGGBB) or all with one; at least a pixel large."""
    rows, columns = pixels.shape
    inside = (left < columns) & (top < rows) & (left + width > 0) & (top + height > 0)
    if not inside.any():
        return
    each = np.broadcast_to(np.asarray(colors, np.uint32), left.shape)[inside]
    x, y = np.round(left[inside]).astype(np.intp), np.round(top[inside]).astype(np.intp)
    w = np.maximum(np.round(width[inside]), 1).astype(np.intp)
    h = np.maximum(np.round(height[inside]), 1).astype(np.intp)
    clear = (x >= 0) & (y >= 0) & (x + w <= columns) & (y + h <= rows)
    for size in np.unique(w[clear] * 65536 + h[clear]).tolist():
        chosen = clear & (w == size // 65536) & (h == size % 65536)
        windows = _windows(pixels, size // 65536, size % 65536)
        windows[y[chosen], x[chosen]] = each[chosen][:, None, None]
    edges = (part[~clear].tolist() for part in (x, y, x + w, y + h, each))
    for a, b, right, low, color in zip(*edges, strict=True):  # over an edge of the picture
        pixels[max(b, 0) : max(low, 0), max(a, 0) : max(right, 0)] = color


def stamp(pixels: Pixels, left: Floats, top: Floats, tiles: Sequence[Pixels], kinds: Rows) -> None:
    """Copy to each place, given in pixels, the tile of its kind; what is outside is cut off."""
    rows, columns = pixels.shape
    x, y = np.round(left).astype(np.intp), np.round(top).astype(np.intp)
    for kind, tile in enumerate(tiles):
        (h, w), own = tile.shape, np.flatnonzero(kinds == kind)
        at, down = x[own], y[own]
        clear = (at >= 0) & (down >= 0) & (at + w <= columns) & (down + h <= rows)
        if clear.any():
            runs, wide = _runs(pixels, w)
            first = down[clear] * wide + at[clear]
            if (tile == tile[0]).all():
                runs[first + wide * np.arange(h)[:, None]] = _run(tile[0])
            else:
                for row in range(h):
                    runs[first + row * wide] = _run(tile[row])
        cut = ~clear & (at < columns) & (down < rows) & (at + w > 0) & (down + h > 0)
        for a, b in zip(at[cut].tolist(), down[cut].tolist(), strict=True):
            part = tile[max(-b, 0) : rows - b, max(-a, 0) : columns - a]
            a, b = max(a, 0), max(b, 0)
            pixels[b : b + part.shape[0], a : a + part.shape[1]] = part


def _windows(pixels: Pixels, w: int, h: int) -> npt.NDArray[np.uint32]:
    """The rectangle of this size that begins at each pixel: rows, columns, and within."""
    shape = pixels.shape[0] - h + 1, pixels.shape[1] - w + 1, h, w
    return np.lib.stride_tricks.as_strided(pixels, shape, pixels.strides + pixels.strides)


def _in_a_row(pixels: Pixels) -> tuple[Pixels, int]:
    """The pixels one after another, and how far below one another they are there."""
    wide = pixels.strides[0] // 4
    length = (pixels.shape[0] - 1) * wide + pixels.shape[1]
    return np.lib.stride_tricks.as_strided(pixels, (length,), (4,)), wide


def _runs(pixels: Pixels, length: int) -> tuple[npt.NDArray[np.void], int]:
    """The run of so many pixels that begins at each, as one value (copied much faster than one by one), and how far
    below one another they are."""
    flat, wide = _in_a_row(pixels)
    kind = np.dtype((np.void, 4 * length))
    return np.ndarray((max(len(flat) - length + 1, 0),), kind, flat, strides=(4,)), wide


def _run(colors: Pixels) -> np.void:
    """Pixels in a row as one value of :func:`_runs`."""
    whole = np.ascontiguousarray(colors)
    return whole.view(np.dtype((np.void, whole.nbytes)))[0]  # type: ignore[no-any-return]


def scroll(pixels: Pixels, dx: int, dy: int) -> None:
    """Move the picture by less than its size; what is uncovered stays as it was."""
    rows, columns = pixels.shape
    to = slice(max(dx, 0), columns + min(dx, 0))
    source = slice(max(-dx, 0), columns + min(-dx, 0))
    edges = [*range(max(dy, 0), rows + min(dy, 0), _BAND), rows + min(dy, 0)]
    bands = list(itertools.pairwise(edges))
    for first, end in reversed(bands) if dy > 0 else bands:
        pixels[first:end, to] = pixels[first - dy : end - dy, source].copy()


def draw_lines(pixels: Pixels, x0: Floats, y0: Floats, x1: Floats, y1: Floats, colors: Colors) -> None:
    """Draw lines one pixel wide, given in pixels, each with its colour (0xAARRGGBB) or all with one."""
    rows, columns = pixels.shape
    seen = np.flatnonzero(
        (np.maximum(x0, x1) >= 0)
        & (np.minimum(x0, x1) < columns)
        & (np.maximum(y0, y1) >= 0)
        & (np.minimum(y0, y1) < rows)
    )  # not where an end is NaN
    x, y, dx, dy = x0[seen], y0[seen], (x1 - x0)[seen], (y1 - y0)[seen]
    out = (np.minimum(x, x + dx) < 0) | (np.maximum(x, x + dx) > columns - 1)
    out |= (np.minimum(y, y + dy) < 0) | (np.maximum(y, y + dy) > rows - 1)
    over = np.flatnonzero(out)
    if len(over):
        first, last = _clipped(x[over], y[over], dx[over], dy[over], columns - 1, rows - 1)
        x[over], y[over] = x[over] + dx[over] * first, y[over] + dy[over] * first
        dx[over], dy[over] = dx[over] * (last - first), dy[over] * (last - first)
        kept = np.ones(len(seen), bool)
        kept[over] = first <= last
        x, y, dx, dy, seen = x[kept], y[kept], dx[kept], dy[kept], seen[kept]
    level = (dy == 0) & (np.abs(dx) > _LONG)
    upright = (dx == 0) & (np.abs(dy) > _LONG)
    long = np.flatnonzero(level | upright)
    ends = [
        (np.minimum(at[long], (at + by)[long]) + 0.5, np.maximum(at[long], (at + by)[long]) + 1.5)
        for at, by in ((x, dx), (y, dy))
    ]
    edges = [edge.astype(np.intp).tolist() for pair in ends for edge in pair]
    each = itertools.repeat(colors) if isinstance(colors, int) else colors[seen[long]].tolist()
    for left, right, top, low, color in zip(*edges, each, strict=False):
        pixels[top:low, left:right] = color
    short = ~(level | upright)
    if isinstance(colors, int):
        flat = np.flatnonzero(short & (dy == 0))
        _draw_level(pixels, x[flat], y[flat], dx[flat], colors)
        short[flat] = False
    flatter = np.abs(dx) >= np.abs(dy)
    for down, some in ((False, short & flatter), (True, short & ~flatter)):
        if some.any():
            a, b, by, across = (y, x, dy, dx) if down else (x, y, dx, dy)
            color = colors if isinstance(colors, int) else colors[seen[some]]
            _draw_points(pixels, a[some], b[some], by[some], across[some], color, down=down)


def _draw_level(pixels: Pixels, x: Floats, y: Floats, dx: Floats, color: int) -> None:
    """Short level lines that lie inside, all of a length at once."""
    x = np.minimum(x, x + dx)
    first = (x + 0.5).astype(np.intp)
    count = (x + np.abs(dx) + 0.5).astype(np.intp) - first + 1
    row = (y + 0.5).astype(np.intp)
    for length in np.unique(count).tolist():
        runs, wide = _runs(pixels, length)
        some = count == length
        runs[row[some] * wide + first[some]] = _run(np.full(length, color, np.uint32))


def _draw_points(
    pixels: Pixels, x: Floats, y: Floats, dx: Floats, dy: Floats, colors: Colors, *, down: bool
) -> None:  # fmt: skip
    """Lines that lie inside, point by point, all at once: a point for each column of a line that is flatter than steep;
    ``down``: x and y have changed places, and it is a point for each row."""
    back = dx < 0
    x, y = np.where(back, x + dx, x), np.where(back, y + dy, y)
    first = (x + 0.5).astype(np.intp)
    count = (x + np.abs(dx) + 0.5).astype(np.intp) - first + 1
    begin = np.cumsum(count) - count
    place = np.arange(int(count.sum()))
    flat, wide = _in_a_row(pixels)
    along, across = (wide, 1) if down else (1, wide)
    if dy.any():
        slope = np.where(back, -dy, dy) / np.maximum(count - 1, 1)
        height = np.repeat(slope.astype(np.float32), count)
        height *= place - np.repeat(begin, count)
        height += np.repeat((y + 0.5).astype(np.float32), count)
        index = height.astype(np.intp)
        index *= across
    else:
        index = np.repeat((y + 0.5).astype(np.intp) * across, count)
    index += np.repeat((first - begin) * along, count)
    index += place * along
    flat[index] = colors if isinstance(colors, int) else np.repeat(colors, count)


def _clipped(x: Floats, y: Floats, dx: Floats, dy: Floats, right: int, low: int) -> tuple[Floats, Floats]:
    """The part of lines inside a picture, as shares of their length (Liang and Barsky, 1984); none: first > last."""
    first, last = np.zeros(len(x)), np.ones(len(x))
    with np.errstate(divide="ignore", invalid="ignore"):
        for step, room in ((-dx, x), (dx, right - x), (-dy, y), (dy, low - y)):
            at = room / step
            first = np.where(step < 0, np.maximum(first, at), first)
            last = np.where(step > 0, np.minimum(last, at), last)
            last = np.where((step == 0) & (room < 0), -1.0, last)
    return first, last
