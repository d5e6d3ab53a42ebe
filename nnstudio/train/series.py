"""A long series of numbers by step. Every one is kept, few are in memory: what is drawn are summaries of them.

A series lies in blocks. The latest are in memory; older ones are in a temporary file, or wherever the series was opened
from (the run database), and are read when a plot comes near enough to see single steps. Of every whole cell of steps
the least, the greatest, the sum and the count of the finite values stay in memory: a thirtieth of a byte for each step
and curve. No Qt, no torch.
"""

from __future__ import annotations

import copy
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Array = NDArray[np.float64]

#: Steps that are stored together, and steps that are summed up together; the first is a multiple of the second.
BLOCK, CELL = 65_536, 256
CELLS = BLOCK // CELL
#: Whole blocks of a growing series that stay in memory, and blocks that were read lately.
HOT, READ = 8, 8
#: A mean over a stretch of so many steps is worked out from the steps themselves, also where a pixel has many.
NEAR = BLOCK


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


@dataclass(frozen=True, slots=True)
class Cells:
    """Summaries of whole cells, shapes (cells,): least and greatest (NaN where nothing is finite), sum and count."""

    low: Floats
    high: Floats
    total: Array
    count: Array

    @classmethod
    def of(cls, values: Floats) -> Cells:
        """Of values, shape (cells × CELL,)."""
        rows = values.reshape(-1, CELL)
        good = np.isfinite(rows)
        if good.all():
            count = np.full(len(rows), float(CELL))
            return cls(rows.min(axis=1), rows.max(axis=1), rows.sum(axis=1, dtype=np.float64), count)
        clean = np.where(good, rows, np.float32(np.nan))
        sums = np.where(good, rows, np.float32(0)).sum(axis=1, dtype=np.float64)
        return cls(np.fmin.reduce(clean, 1), np.fmax.reduce(clean, 1), sums, good.sum(1).astype(np.float64))


class Growing:
    """An array that is appended to in amortised constant time."""

    def __init__(self, dtype: str = "float64") -> None:
        self._room: NDArray[Any] = np.empty(64, dtype)
        self._size = 0

    def extend(self, values: NDArray[Any]) -> None:
        """Put values behind those that are there."""
        needed = self._size + len(values)
        if needed > len(self._room):
            room: NDArray[Any] = np.empty(max(needed, 2 * len(self._room)), self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : needed] = values
        self._size = needed

    def cut(self, size: int) -> None:
        """Keep the first so many."""
        self._size = min(size, self._size)

    def as_now(self) -> Growing:
        """As it is now, whatever is appended later."""
        return copy.copy(self)

    @property
    def values(self) -> NDArray[Any]:
        """All of them, a view."""
        return self._room[: self._size]


class Aside:
    """Blocks in a file that is gone with it. May be used from several threads."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the series
        self._places: dict[int, int] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def __contains__(self, block: int) -> bool:
        return block in self._places

    def write(self, block: int, values: Floats) -> None:
        """Put a block aside. OSError where the disk is full."""
        with self._lock:
            place = self._places.get(block, len(self._places))
            self._file.seek(place * BLOCK * 4)
            if self._file.write(values.tobytes()) != BLOCK * 4:
                raise OSError("no room for the losses of earlier steps")
            self._places[block] = place

    def read(self, block: int) -> Floats:
        """A block that was put aside."""
        with self._lock:
            self._file.seek(self._places[block] * BLOCK * 4)
            return np.frombuffer(self._file.read(BLOCK * 4), np.float32)


class Series:
    """Numbers of steps 0, 1, 2, …, float32, NaN where a step was left out. Used like an array: it can be sliced, and
    ``np.asarray(series)`` is the whole of it (which, of a long run, is large)."""

    def __init__(self) -> None:
        self._length = 0
        self._blocks: dict[int, Floats] = {}
        self._aside: Aside | None = None
        self._source: Callable[[int], Floats] | None = None
        self._lately: OrderedDict[int, Floats] = OrderedDict()
        self._low, self._high = Growing("float32"), Growing("float32")
        self._total, self._count = Growing(), Growing()  # running totals at the end of each cell

    @classmethod
    def stored(cls, cells: Sequence[Cells], source: Callable[[int], Floats]) -> Series:
        """A series of whole blocks that lie elsewhere. cells: of each block, in order; source: reads a block, shape
        (BLOCK,). It can be appended to like any other."""
        made = cls()
        made._source = source
        for each in cells:
            made._add_cells(each)
        made._length = len(cells) * BLOCK
        return made

    def go_on(self, cells: Sequence[Cells], source: Callable[[int], Floats]) -> None:
        """What comes behind this series lies elsewhere, in whole blocks: see :meth:`stored`, also for the cells, which
        begin with block 0. What is here already stays."""
        if len(cells) * BLOCK <= self._length:
            return
        number, at = divmod(self._length, BLOCK)
        if at:
            block = source(number).astype(np.float32)
            block[:at] = self.read(number * BLOCK, self._length)
            self.place(number * BLOCK, block)
            number += 1
        self._sum_up()
        before = self._source
        missing = np.full(BLOCK, np.nan, np.float32)
        self._source = lambda n: source(n) if n >= number else before(n) if before is not None else missing
        for each in cells[number:]:
            self._add_cells(each)
        self._length = len(cells) * BLOCK

    def as_now(self) -> Series:
        """As it is now, for another thread to read while this one grows."""
        self._sum_up()
        made = copy.copy(self)
        made._blocks, made._lately = dict(self._blocks), OrderedDict()
        made._low, made._high = self._low.as_now(), self._high.as_now()
        made._total, made._count = self._total.as_now(), self._count.as_now()
        return made

    # growing

    def place(self, first: int, values: Floats) -> None:
        """Put values at ``first`` and behind; what stood there and behind is gone, a gap is filled with NaN."""
        self._cut(first)
        while self._length < first:
            self._append(np.full(min(first - self._length, BLOCK), np.nan, np.float32))
        self._append(np.asarray(values, np.float32))

    def _append(self, values: Floats) -> None:
        done = 0
        while done < len(values):
            number, at = divmod(self._length, BLOCK)
            count = min(BLOCK - at, len(values) - done)
            self._room(number, at + count)[at : at + count] = values[done : done + count]
            self._length += count
            done += count
            if at + count == BLOCK:
                self._sum_up()
                self._put_aside(number - HOT)

    def _room(self, number: int, size: int) -> Floats:
        """A block that can be written to, of so many steps at least."""
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = np.empty(min(BLOCK, max(1024, size)), np.float32)
        elif size > len(block):
            grown: Floats = np.empty(min(BLOCK, max(size, 2 * len(block))), np.float32)
            grown[: len(block)] = block
            block = self._blocks[number] = grown
        return block

    def _sum_up(self) -> None:
        """Have the cells of all that is there: worked out when a block is full, or somebody looks."""
        done, now = len(self._low.values) * CELL, self._length // CELL * CELL
        if now > done:
            self._add_cells(Cells.of(self.read(done, now)))

    def _add_cells(self, cells: Cells) -> None:
        self._low.extend(cells.low)
        self._high.extend(cells.high)
        for totals, addends in ((self._total, cells.total), (self._count, cells.count)):
            before = totals.values[-1] if len(totals.values) else 0.0
            totals.extend(before + np.cumsum(addends))

    def _put_aside(self, number: int) -> None:
        if number not in self._blocks:
            return
        try:
            self._aside = self._aside or Aside()
            self._aside.write(number, self._blocks[number])
        except OSError:  # then it stays where it is
            return
        del self._blocks[number]

    def _cut(self, length: int) -> None:
        """Forget what stands at ``length`` and behind."""
        if length >= self._length:
            return
        number, at = divmod(length, BLOCK)
        if at and number not in self._blocks:
            self._blocks[number] = self._block(number).copy()
        self._blocks = {each: block for each, block in self._blocks.items() if each < number + bool(at)}
        self._lately.clear()
        self._length = length
        for growing in (self._low, self._high, self._total, self._count):
            growing.cut(length // CELL)

    # reading

    def __len__(self) -> int:
        return self._length

    def _block(self, number: int) -> Floats:
        if number in self._blocks:
            return self._blocks[number]
        if number in self._lately:
            self._lately.move_to_end(number)
            return self._lately[number]
        if self._aside is not None and number in self._aside:
            found = self._aside.read(number)
        elif self._source is not None:
            found = self._source(number)
        else:
            found = np.full(BLOCK, np.nan, np.float32)
        self._lately[number] = found
        if len(self._lately) > READ:
            self._lately.popitem(last=False)
        return found

    def read(self, start: int, stop: int) -> Floats:
        """The values of steps from ``start`` to before ``stop``; must not be written to."""
        start, stop = max(0, start), min(stop, self._length)
        parts = []
        for number in range(start // BLOCK, -(-stop // BLOCK)):
            begin = number * BLOCK
            parts.append(self._block(number)[max(0, start - begin) : min(BLOCK, stop - begin)])
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    @property
    def values(self) -> Floats:
        """All of them."""
        return self.read(0, self._length)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            start, stop, step = key.indices(self._length)
            if step > 0:
                return self.read(start, stop)[::step]
        elif isinstance(key, int | np.integer):
            place = int(key) + (self._length if key < 0 else 0)
            if not 0 <= place < self._length:
                raise IndexError(f"step {key} of {self._length}")
            return self._block(place // BLOCK)[place % BLOCK]
        return self.values[key]

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, self._length, BLOCK):
            yield from self.read(start, start + BLOCK)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        made = self.values.astype(dtype or np.float32, copy=False)
        return made.copy() if copy else made

    def copy(self) -> Floats:
        """All of them as an array of one's own."""
        return self.values.copy()

    # what is drawn

    def coarse(self, most: int) -> Array:
        """The finite values, as float64; of more steps than ``most``, the means of cells, so that it stays small."""
        if self._length <= most:
            values = self.values.astype(np.float64)
            return values[np.isfinite(values)]
        self._sum_up()
        sums, counts = (np.diff(growing.values, prepend=0.0) for growing in (self._total, self._count))
        means: Array = sums[counts > 0] / counts[counts > 0]
        return means

    def columns(self, first: float, last: float, most: int) -> Columns:
        """At most ``most`` columns over the steps from ``first`` to ``last``."""
        start, stop = max(0, int(first)), min(self._length, int(last) + 2)
        if stop <= start:
            empty: Array = np.empty(0)
            return Columns(empty, empty, empty)
        width = max(1, -(-(stop - start) // max(1, most)))
        start = start // width * width
        edges = np.arange(start, stop, width)
        if width < CELL:
            part = _finite(self.read(start, stop))
            low, high = np.fmin.reduceat(part, edges - start), np.fmax.reduceat(part, edges - start)
        else:
            low, high = self._extremes(edges, stop)
        ends = np.minimum(edges + width, stop)
        return Columns((edges + ends - 1) / 2, low, high)

    def _extremes(self, edges: NDArray[Any], stop: int) -> tuple[Array, Array]:
        """Least and greatest from each edge to the next, to within one cell."""
        self._sum_up()
        first, last = int(edges[0]) // CELL, min(len(self._low.values), -(-stop // CELL))
        low = self._low.values[first:last].astype(np.float64)
        high = self._high.values[first:last].astype(np.float64)
        tail = _finite(self.read(max(len(self._low.values), first) * CELL, stop))
        if len(tail):  # what no whole cell covers yet
            low, high = np.append(low, np.fmin.reduce(tail)), np.append(high, np.fmax.reduce(tail))
        at = np.minimum((edges // CELL - first).astype(np.intp), len(low) - 1)
        return np.fmin.reduceat(low, at), np.fmax.reduceat(high, at)

    def mean(self, at: Array, window: int) -> Array:
        """The mean over ``window`` steps around each place of ``at``, shape (places,); NaN where none is finite.

        The window shrinks evenly near the first step, so that the beginning is not flattened, and ends at the last.
        Where places lie more than a cell apart it is widened to whole cells.
        """
        if not self._length or not len(at):
            return np.full(len(at), np.nan)
        centre = np.clip(np.rint(at).astype(np.int64), 0, self._length - 1)
        half = np.minimum(centre, max(0, window // 2))
        begin, end = centre - half, np.minimum(centre + half + 1, self._length)
        start, stop = int(begin.min()), int(end.max())
        if stop - start <= max(NEAR, CELL * len(at)):
            values = self.read(start, stop)
            good = np.isfinite(values)
            totals = _running(np.where(good, values, np.float32(0)))
            counts = _running(good)
            begin, end = begin - start, end - start
        else:
            self._sum_up()
            rest = self.read(len(self._low.values) * CELL, self._length)
            good = np.isfinite(rest)
            last = (self._total.values[-1] + rest[good].sum(), self._count.values[-1] + good.sum())
            totals, counts = (
                np.concatenate(([0.0], growing.values, [end]))
                for growing, end in zip((self._total, self._count), last, strict=True)
            )
            begin, end = begin // CELL, np.minimum(-(-end // CELL), len(totals) - 1)
        sums, number = totals[end] - totals[begin], counts[end] - counts[begin]
        result: Array = np.full(len(centre), np.nan)
        np.divide(sums, number, out=result, where=number > 0)
        return result


def _running(values: NDArray[Any]) -> Array:
    """Running totals, beginning with 0."""
    totals: Array = np.zeros(len(values) + 1)
    np.cumsum(values, dtype=np.float64, out=totals[1:])
    return totals


def _finite(values: Floats) -> Array:
    """The values with NaN in the place of infinities."""
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)
