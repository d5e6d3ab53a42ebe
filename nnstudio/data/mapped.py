"""Arrays in files that are too large to be read whole: memory-mapped where they lie, and read by rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import usable
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.reference import DataReference

Array = NDArray[Any]
#: Bytes from which on an array stays in its file, that are looked at together, and of a sample of rows.
LARGE, PART, SAMPLE = 256 << 20, 8 << 20, 8 << 20
#: Rows of a sample at most.
ROWS = 256


def stays(reference: DataReference, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]) -> bool:
    """Whether an array is left in its file: by its size, or as the option ``reading`` says. A list of single numbers or
    of texts, and one that is kept column by column, are read whole."""
    asked = reference.options.get("reading", "auto")
    able = len(shape) > 1 and prod(shape[1:]) > 1 and shape[0] > 0 and not fortran and dtype.kind in "iuf"
    size = prod(shape) * dtype.itemsize
    return able and (asked == "disk" or (asked == "auto" and size > LARGE))


@dataclass(frozen=True, eq=False)
class Seen:
    """What was found in a look through an array: rows with its least and its greatest number, which rows have numbers
    that are missing or cannot be used, and how many there are."""

    low: int
    high: int
    absent: NDArray[np.bool_]
    bad: int


class MappedArray(Lazy):
    """An array in a file, one entry a row, as numbers of this computer's byte order; those that cannot be
    used (infinite, too large for 32 bits) are missing (NaN).

    place: where it begins in the file. DataError from :meth:`take` where the file has changed since it was opened.
    """

    def __init__(self, path: Path, place: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.path, self.place, self.kept = path, place, dtype
        self.view: Array = np.memmap(path, dtype, "r", place, shape)
        self.shape, self.dtype = shape, dtype.newbyteorder("=")
        self._known = self._state()

    def _state(self) -> tuple[int, int]:
        about = self.path.stat()
        return about.st_size, about.st_mtime_ns

    def _check(self) -> None:
        """DataError where the file is another than was opened: what is mapped of one that was cut is not there."""
        try:
            same = self._state() == self._known
        except OSError:
            same = False
        if not same:
            raise DataError(f"“{self.path.name}” has changed since it was opened; open the data again")

    def take(self, rows: Rows) -> Array:
        self._check()
        order = np.argsort(rows, kind="stable")  # the disk is read forwards
        taken = np.empty((len(rows), *self.shape[1:]), self.dtype)
        taken[order] = self.view[rows[order]]
        if self.dtype.kind == "f" and self.seen.bad:
            taken[~usable(taken)] = np.nan
        return taken

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether a number of it is missing."""
        return self.seen.absent if self.dtype.kind == "f" else super().absent()

    @property
    def missing(self) -> int:
        """How many rows have a number missing."""
        return int(self.seen.absent.sum()) if self.dtype.kind == "f" else 0

    @cached_property
    def seen(self) -> Seen:
        """A look through all of it, in parts that are read and dropped."""
        absent, bad = np.zeros(self.view.shape[0], bool), 0
        low, high = (np.inf, 0), (-np.inf, 0)
        for start, part in self.parts():
            if self.kept.kind == "f":
                known = usable(part)
                absent[start : start + len(part)] = ~known.all(axis=1)
                bad += int(part.size - np.count_nonzero(known))
                least, most = (np.where(known, part, np.inf).min(axis=1), np.where(known, part, -np.inf).max(axis=1))
            else:
                least, most = part.min(axis=1), part.max(axis=1)
            low = min(low, (least.min().item(), start + int(least.argmin())))
            high = max(high, (most.max().item(), start + int(most.argmax())))
        return Seen(low[1], high[1], absent, bad)

    def parts(self) -> Iterator[tuple[int, Array]]:
        """All rows as they lie in the file, flat, some at a time: the first one's number and the rows."""
        count, width = self.view.shape[0], prod(self.view.shape[1:])
        rows = max(1, PART // (width * self.kept.itemsize))
        for start in range(0, count, rows):
            many = min(rows, count - start)
            place = self.place + start * width * self.kept.itemsize
            part = np.fromfile(self.path, self.kept, many * width, offset=place)
            if len(part) < many * width:
                raise DataError(f"“{self.path.name}” is cut short; make or copy the file again")
            yield start, part.reshape(many, width)

    def sample(self, *, whole: bool) -> Array:
        """Some rows evenly over all; with ``whole`` those with the least and the greatest number of all among them."""
        count = max(1, min(ROWS, len(self), SAMPLE // max(1, self.row_bytes)))
        rows = np.unique(np.linspace(0, len(self) - 1, count).astype(np.int64))
        more = [self.seen.low, self.seen.high] if whole else []
        return self.take(np.unique(np.concatenate([rows, np.array(more, np.int64)])))

    def viewed(self, view: Array, dtype: np.dtype[Any]) -> MappedArray:
        """The same with its axes as those of a view of :attr:`view`, as numbers of a type."""
        made = MappedArray.__new__(MappedArray)
        made.__dict__.update(self.__dict__)
        made.view, made.shape, made.dtype = view, view.shape, dtype
        return made


class Joined(Lazy):
    """Values one after the other, each an array or `Lazy`, of one shape and type."""

    def __init__(self, parts: Sequence[Array | Lazy]) -> None:
        self.parts = list(parts)
        self.starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        self.shape, self.dtype = (int(self.starts[-1]), *parts[0].shape[1:]), parts[0].dtype

    def take(self, rows: Rows) -> Array:
        taken = np.empty((len(rows), *self.shape[1:]), self.dtype)
        owners = np.searchsorted(self.starts, rows, side="right") - 1
        for owner in np.unique(owners).tolist():
            mine = owners == owner
            taken[mine] = self.parts[owner][rows[mine] - self.starts[owner]]
        return taken

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether a number of it is missing."""
        known = [part.absent() if isinstance(part, Lazy) else np.zeros(len(part), bool) for part in self.parts]
        return np.concatenate(known)
