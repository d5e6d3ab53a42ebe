"""What training rows tell of the size of numbers: means, spreads and ranges, one for each entry of a row.

Rows are read some at a time, so that all of them count where the file is larger than memory, and the same is learned
from memory and from disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from nnstudio.data import scaling
from nnstudio.data.columns import Column
from nnstudio.data.lazy import is_costly

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
#: Entries that are looked at together; at most so many are held to find their middle.
TOGETHER, HELD = 1 << 20, 1 << 25
#: Of values of which each is a file, about so many rows tell.
SAMPLED = 2000


def moments(
    column: Column, train: Rows, groups: int, change: Callable[[Numbers], Numbers] | None = None
) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation (population) of each entry divided by the column's divisor; 1 where nothing varies.

    groups: every so many entries share one; 0: none do. change: done to the numbers before. Parts are joined as by Chan
    et al., "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
    """
    width = prod(column.values.shape[1:])
    kept = groups or width
    count, mean, spread = np.zeros(kept), np.zeros(kept), np.zeros(kept)
    for flat in _parts(column, train, groups):
        flat = change(flat) if change else flat
        known = ~np.isnan(flat)
        here = known.sum(axis=0)
        middle = np.where(known, flat, 0.0).sum(axis=0) / np.maximum(here, 1)
        off = (np.where(known, flat - middle, 0.0) ** 2).sum(axis=0)
        share = here / np.maximum(count + here, 1)
        spread += off + (middle - mean) ** 2 * count * share
        mean += (middle - mean) * share
        count += here
    spread = np.sqrt(spread / np.maximum(count, 1))
    tiny = spread <= 1e-12 * np.maximum(np.abs(mean), 1.0)
    times = width // groups if groups > 1 else 1
    return np.tile(mean, times), np.tile(np.where(tiny, 1.0, spread), times)


def scales(column: Column, train: Rows, groups: int) -> tuple[Numbers, Numbers]:
    """What is taken off the numbers of a column and what they are then divided by, as its ``scaling`` says; see
    :func:`nnstudio.data.scaling.fitted`. Of very many the middle is that of rows evenly among them."""
    if column.scaling == "log1p":
        return moments(column, train, groups, scaling.signed_log)
    width = prod(column.values.shape[1:])
    if column.scaling == "min–max":
        ends = [_ends(flat) for flat in _parts(column, train, groups)]
        times = width // groups if groups > 1 else 1
        return scaling.fitted(np.tile(np.concatenate(ends), times), column.scaling, 0)
    rows = train[:: max(1, -(-len(train) * width // HELD))]
    return scaling.fitted(np.concatenate(list(_parts(column, rows, 0))), column.scaling, groups)


def _ends(flat: Numbers) -> Numbers:
    """Two rows, the least and the greatest of each entry; NaN where none is known."""
    known = ~np.isnan(flat)
    some = known.any(axis=0)
    low = np.where(known, flat, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, flat, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(some, np.stack([low, high]), np.nan)


def _parts(column: Column, train: Rows, groups: int) -> Iterator[Numbers]:
    """The rows as numbers divided by the column's divisor, some at a time, every ``groups`` entries below each other;
    of a `Lazy` that is costly some of them."""
    if is_costly(column.values):
        train = train[:: max(1, len(train) // SAMPLED)]
    width = prod(column.values.shape[1:])
    together = max(1, TOGETHER // max(1, width))
    for start in range(0, len(train), together):
        values = column.values[train[start : start + together]]
        flat = values.reshape(len(values), width).astype(np.float64) / column.divisor
        yield flat.reshape(-1, groups) if groups else flat
