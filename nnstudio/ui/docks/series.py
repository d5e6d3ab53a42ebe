"""A long series of numbers, ready to be drawn at any zoom: least, greatest and mean for each pixel column. No Qt.

The recorder keeps every step; here they are summarised in a pyramid that grows as steps come, so that a redraw costs
as much as the plot has pixels, not as the run has steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

#: How many values of a level one value of the next level summarises.
FACTOR = 16


class Growing:
    """An array that is appended to in amortised constant time."""

    def __init__(self) -> None:
        self._room: Array = np.empty(64)
        self._size = 0

    def extend(self, values: Array) -> None:
        needed = self._size + len(values)
        if needed > len(self._room):
            room: Array = np.empty(max(needed, 2 * len(self._room)))
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : needed] = values
        self._size = needed

    @property
    def values(self) -> Array:
        return self._room[: self._size]


@dataclass(frozen=True, slots=True)
class Columns:
    """What each pixel column shows: ``at`` is the middle step of the column, then least and greatest value, NaN where
    there is no finite one. Shapes (columns,)."""

    at: Array
    low: Array
    high: Array

    def zigzag(self) -> tuple[Array, Array]:
        """One line through both ends of each column: x and y, shapes (2 × columns,)."""
        x, y = np.repeat(self.at, 2), np.empty(2 * len(self.at))
        y[0::2], y[1::2] = self.low, self.high
        return x, y


class Series:
    """Summaries of the values of steps 0, 1, 2, …, which only ever grow. Values that are not finite are left out."""

    def __init__(self) -> None:
        self._values: Floats = np.empty(0)
        self._low: list[Growing] = []
        self._high: list[Growing] = []
        self._sum, self._count = Growing(), Growing()  # running totals at the end of each whole block of FACTOR

    def __len__(self) -> int:
        return len(self._values)

    def show(self, values: Floats) -> None:
        """Take ``values``, shape (steps,): those shown before, then those that came since. They are not copied.

        Where there are fewer than before, another run has begun and everything is worked out afresh.
        """
        if len(values) < len(self._values):
            self.__init__()  # type: ignore[misc]
        self._values = values
        self._extend_totals()
        level = 0
        while self._extend_level(level):
            level += 1

    def _extend_totals(self) -> None:
        done = len(self._sum.values) * FACTOR
        fresh = self._values[done : len(self._values) // FACTOR * FACTOR].astype(np.float64)
        if not len(fresh):
            return
        good = np.isfinite(fresh)
        for total, addends in ((self._sum, np.where(good, fresh, 0.0)), (self._count, good.astype(np.float64))):
            before = total.values[-1] if len(total.values) else 0.0
            total.extend(before + np.cumsum(addends.reshape(-1, FACTOR).sum(axis=1)))

    def _extend_level(self, level: int) -> bool:
        """Summarise the whole blocks below that are new; False where there are none, new or old."""
        low, high = (self._values, self._values) if level == 0 else self._level(level)
        blocks = len(low) // FACTOR
        if not blocks:
            return False
        if level == len(self._low):
            self._low.append(Growing())
            self._high.append(Growing())
        done = len(self._low[level].values)
        part = slice(done * FACTOR, blocks * FACTOR)
        if blocks > done:
            self._low[level].extend(np.fmin.reduce(_finite(low[part]).reshape(-1, FACTOR), axis=1))
            self._high[level].extend(np.fmax.reduce(_finite(high[part]).reshape(-1, FACTOR), axis=1))
        return True

    def _level(self, level: int) -> tuple[Array, Array]:
        """Least and greatest values of blocks of FACTOR ** level steps."""
        return self._low[level - 1].values, self._high[level - 1].values

    def columns(self, first: float, last: float, most: int) -> Columns:
        """At most ``most`` columns over the steps from ``first`` to ``last``."""
        start, stop = max(0, int(first)), min(len(self._values), int(last) + 2)
        if stop <= start:
            empty: Array = np.empty(0)
            return Columns(empty, empty, empty)
        width = max(1, -(-(stop - start) // max(1, most)))
        start = start // width * width
        level = 0
        while level < len(self._low) and FACTOR ** (level + 1) <= width:
            level += 1
        size = FACTOR**level
        edges = np.arange(start, stop, width)
        if not level:
            part = _finite(self._values[start:stop])
            low, high = np.fmin.reduceat(part, edges - start), np.fmax.reduceat(part, edges - start)
        else:
            low, high = self._reduced(edges, stop, level, size)
        ends = np.minimum(edges + width, stop)
        return Columns((edges + ends - 1) / 2, low, high)

    def _reduced(self, edges: NDArray[Any], stop: int, level: int, size: int) -> tuple[Array, Array]:
        """Least and greatest from each edge to the next, to within one block of ``size`` steps."""
        low, high = self._level(level)
        whole = len(low)
        first = int(edges[0]) // size
        last = min(whole, -(-stop // size))
        tail = _finite(self._values[whole * size : stop])
        if len(tail):  # what no whole block covers yet
            low = np.append(low[first:last], np.fmin.reduce(tail))
            high = np.append(high[first:last], np.fmax.reduce(tail))
        else:
            low, high = low[first:last], high[first:last]
        at = np.minimum((edges // size - first).astype(np.intp), len(low) - 1)
        return np.fmin.reduceat(low, at), np.fmax.reduceat(high, at)

    def mean(self, at: Array, window: int) -> Array:
        """The mean over ``window`` steps around each place of ``at``, shape (places,); NaN where none is finite.

        The window shrinks evenly near the first step, so that the beginning is not flattened, and ends at the last.
        """
        centre = np.clip(np.rint(at).astype(np.int64), 0, max(0, len(self._values) - 1))
        half = np.minimum(centre, max(0, window // 2))
        begin, end = centre - half, np.minimum(centre + half + 1, len(self._values))
        sums = self._total(self._sum, end, counting=False) - self._total(self._sum, begin, counting=False)
        counts = self._total(self._count, end, counting=True) - self._total(self._count, begin, counting=True)
        result: Array = np.full(len(centre), np.nan)
        np.divide(sums, counts, out=result, where=counts > 0)
        return result

    def _total(self, totals: Growing, before: NDArray[np.int64], *, counting: bool) -> Array:
        """The running total of all steps before each given one."""
        blocks = np.minimum(before // FACTOR, len(totals.values))
        whole = self._at(totals, blocks)
        rest = blocks[:, None] * FACTOR + np.arange(FACTOR)[None, :]
        inside = rest < before[:, None]
        values = self._values[np.minimum(rest, len(self._values) - 1)].astype(np.float64)
        good = inside & np.isfinite(values)
        addends = good.astype(np.float64) if counting else np.where(good, values, 0.0)
        total: Array = whole + addends.sum(axis=1)
        return total

    @staticmethod
    def _at(totals: Growing, blocks: NDArray[np.int64]) -> Array:
        values = totals.values
        if not len(values):
            return np.zeros(len(blocks))
        return np.where(blocks > 0, values[np.maximum(blocks - 1, 0)], 0.0)


def _finite(values: Floats) -> Array:
    """The values with NaN in the place of infinities."""
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)
