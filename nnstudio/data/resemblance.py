"""Rows that are all but the same: numbers that were rounded on their way, texts in other letters, pictures that were
saved anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.lazy import Lazy, Mapped, is_lazy
from nnstudio.data.likeness import mixed, read
from nnstudio.data.reference import Split

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]

#: Of the middle half of a column's numbers, the share by which two may differ that are the same; numbers that are
#: looked at to know it.
FINE, LOOKED = 1e-5, 10_000
#: Pictures are compared by so many places along each side, where they have at least as many, their colours by fewer;
#: they have at most so many channels, and are read so many at a time.
EDGE, HUES, CHANNELS, TOGETHER = 16, 4, 4, 256
#: How far two pictures may lie apart that are the same, as a share of their contrast: large ones, and those below so
#: many pixels, which are hurt more where they are saved anew. Contrast below which a picture is blank.
NEAR, NEAR_SMALL, SMALL, BLANK = 0.04, 0.08, 48, 0.01
#: Tables in which like pictures are looked for, numbers by which each sorts them, and the width of a cell; neighbours
#: with which each is compared there.
TABLES, SORTED_BY, CELL, NEIGHBOURS = 8, 6, 0.5, 3


def settled(columns: Sequence[Column], rows: Rows, split: Split) -> Sequence[Column]:
    """The columns with values that are equal where those of these rows are all but the same; as they are where the
    split does not ask which are."""
    return [_settled(column, rows) for column in columns] if split.once or split.together else columns


def _settled(column: Column, rows: Rows) -> Column:
    if column.kind == "number":
        unit = _unit(column)
        if is_lazy(column.values):
            made: Any = Mapped(cast(Lazy, column.values), lambda values: _to_unit(values, unit))
            return replace(column, values=made)
        return replace(column, values=_to_unit(column.values, unit))
    if column.kind == "text":
        return replace(column, values=as_compared(column, column.values[:]))
    if not comparable(column):
        return column
    codes = np.full(len(column.values), -1, np.int64)
    found = alike(column, rows, lambda: True)
    codes[rows] = found if found is not None else rows
    return replace(column, kind="category", values=codes, categories=())


def as_compared(column: Column, values: Array) -> Array:
    """Values of a column as rows are compared by them: numbers rounded to a small share of its middle half, so that
    what was saved with fewer digits is the same (whole ones, and those of which most are the same, stay), and texts
    in small letters with a space between words."""
    if column.kind == "text":
        return np.array([_plain(text) for text in values.tolist()], dtype=object)
    return _to_unit(values, _unit(column)) if column.kind == "number" else values


def _plain(text: str | None) -> str | None:
    return " ".join(text.casefold().split()) if text is not None else None


def _unit(column: Column) -> float:
    """To what a column's numbers are rounded; 0 where they stay."""
    step = max(1, len(column.values) // LOOKED)
    some = np.asarray(column.values[:LOOKED] if is_lazy(column.values) else column.values[::step], np.float64)
    some = some[np.isfinite(some)]
    if not len(some) or (some == np.round(some)).all():
        return 0.0
    low, high = np.quantile(some, (0.25, 0.75))
    return FINE * float(high - low)


def _to_unit(values: Array, unit: float) -> Array:
    return np.asarray(np.round(values / unit) * unit + 0.0) if unit > 0 else values  # −0.0 is 0.0


def comparable(column: Column) -> bool:
    """Whether a column holds pictures that can be told apart by their looks."""
    shape = column.values.shape[1:]
    return column.kind == "image" and len(shape) == 3 and shape[0] <= CHANNELS and min(shape[1:]) >= EDGE


def alike(column: Column, rows: Rows, wanted: Callable[[], bool]) -> Rows | None:
    """For each of these rows a number, the same for pictures that are the same but for how they were saved: in another
    format, more coarsely, or in another size. None where it is no longer wanted."""
    small = []
    for start in range(0, len(rows), TOGETHER):
        values = read(column.values, rows[start : start + TOGETHER], wanted)
        if values is None:
            return None
        small.append(_small(values))
    if not small:
        return rows.copy()
    flat = np.concatenate(small)
    contrast = np.sqrt(((flat - flat.mean(axis=1, keepdims=True)) ** 2).mean(axis=1))
    blank = contrast <= BLANK * (column.divisor if column.divisor != 1 else float(np.abs(flat).max()))
    near = NEAR if min(column.values.shape[2:]) >= SMALL else NEAR_SMALL
    leader = np.arange(len(rows))
    for one, other in _neighbours(flat, contrast):
        if not wanted():
            return None
        apart = np.sqrt(((flat[one] - flat[other]) ** 2).mean(axis=1))
        same = (apart <= near * np.minimum(contrast[one], contrast[other])) & ~(blank[one] | blank[other])
        for first, second in zip(one[same].tolist(), other[same].tolist(), strict=True):
            heads = _lead(leader, first), _lead(leader, second)
            leader[max(heads)] = min(heads)
    _join_blank(flat, np.flatnonzero(blank), leader)
    return np.array([_lead(leader, place) for place in range(len(rows))], np.int64)


def _lead(leader: Rows, place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = int(leader[place])
    return place


def _join_blank(flat: Floats, blank: Rows, leader: Rows) -> None:
    """Pictures without anything on them are the same where all their numbers are."""
    first: dict[bytes, int] = {}
    for place in blank.tolist():
        leader[place] = first.setdefault(flat[place].tobytes(), place)


def _small(values: Array) -> Floats:
    """Pictures, N×C×H×W, as the means of `EDGE` × `EDGE` fields, one row each: of coloured ones how bright these are,
    and of `HUES` × `HUES` fields how red and blue, since colours are saved coarsely."""
    made = values.astype(np.float32)
    if made.shape[1] < 3:
        return _means(made, EDGE)
    red, bright, blue = made[:, :1], made[:, :3].mean(axis=1, keepdims=True), made[:, 2:3]
    return np.concatenate([_means(bright, EDGE), _means(red - bright, HUES), _means(blue - bright, HUES)], axis=1)


def _means(made: Floats, fields: int) -> Floats:
    for axis in (2, 3):
        size = made.shape[axis]
        starts = np.linspace(0, size, fields, endpoint=False).astype(np.int64)
        counts = np.diff([*starts.tolist(), size]).astype(np.float32)
        means = np.add.reduceat(made, starts, axis=axis) / counts.reshape((-1,) + (1,) * (3 - axis))
        made = means.astype(np.float32)
    return np.ascontiguousarray(made.reshape(len(made), -1))


def _neighbours(flat: Floats, contrast: Floats) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of rows that may be alike: those that lie in one cell of a random grid (Indyk and Motwani, 1998), beside
    each other in order of one more random number."""
    random = np.random.default_rng(0)
    even = (flat - flat.mean(axis=1, keepdims=True)) / np.maximum(contrast, 1e-12)[:, None]
    for _ in range(TABLES):
        ways = random.normal(size=(flat.shape[1], SORTED_BY + 1)).astype(np.float32) / np.sqrt(flat.shape[1])
        placed = even @ ways.astype(np.float32)
        cells = np.floor(placed[:, :-1] / CELL + random.random(SORTED_BY)).astype(np.int64)
        mixes = np.stack([mixed(cells[:, at].view(np.uint64), at) for at in range(SORTED_BY)])
        keys: NDArray[np.uint64] = np.add.reduce(mixes)
        order = np.lexsort((placed[:, -1], keys))
        for offset in range(1, NEIGHBOURS + 1):
            one, other = order[:-offset], order[offset:]
            together = keys[one] == keys[other]
            for start in range(0, int(together.sum()), TOGETHER):
                part = np.flatnonzero(together)[start : start + TOGETHER]
                yield one[part], other[part]
