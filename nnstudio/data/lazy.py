"""Values that are read when they are asked for: a folder of pictures, a file larger than memory.

They stand where an array stands in a column, and in a split's arrays, and give the rows that are asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Rows = NDArray[np.int64]


class Lazy(ABC):
    """One entry a row, each of one shape and dtype; :meth:`take` reads some. May be used from several threads."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    #: Whether each entry is a file of its own, or nearly, so that reading all takes minutes.
    costly = False
    #: Whether there may be entries that cannot be read and that nobody knows of yet.
    unsure = False

    @abstractmethod
    def take(self, rows: Rows) -> Array:
        """The entries of these rows, in their order: shape (len(rows), *shape[1:]), contiguous, of ``dtype``."""

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether its value is missing; none, where that is not known."""
        return np.zeros(self.shape[0], bool)

    def faults(self) -> tuple[str, ...]:
        """Sentences on what could not be read so far."""
        return ()

    def look_through(self, stop: Callable[[], bool]) -> None:
        """Find out what cannot be read, where that takes long and was not done when it was opened; until ``stop``."""
        return

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def row_bytes(self) -> int:
        """Bytes of one entry."""
        return prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all entries together."""
        return len(self) * self.row_bytes

    def __getitem__(self, index: Any) -> Array:
        """Rows by a slice or an array of numbers or flags, as an array; or one entry by its number."""
        if isinstance(index, int | np.integer):
            return np.asarray(self.take(np.array([range(len(self))[int(index)]], np.int64))[0])
        if isinstance(index, slice):  # no list of all rows: there may be millions, and a slice of some of them
            return self.take(np.arange(*index.indices(len(self)), dtype=np.int64))
        asked = np.asarray(index) if len(index) else np.zeros(0, np.int64)
        if asked.dtype == np.bool_:
            if asked.shape != (len(self),):
                raise IndexError(f"there are {len(asked):,} flags for {len(self):,} rows")
            return self.take(np.flatnonzero(asked).astype(np.int64))
        rows = asked.astype(np.int64)
        if rows.size and not (-len(self) <= rows.min() and rows.max() < len(self)):
            raise IndexError(f"of {len(self):,} rows, {rows.min():,} to {rows.max():,} were asked for")
        return self.take(np.where(rows < 0, rows + len(self), rows))

    def __iter__(self) -> Iterator[Array]:
        return (self[place] for place in range(len(self)))


class Stored(Lazy):
    """An array on disk (a NumPy memory map), read by the rows that are asked for."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def take(self, rows: Rows) -> Array:
        order = np.argsort(rows, kind="stable")  # the disk is read forwards
        taken = np.empty((len(rows), *self.shape[1:]), self.dtype)
        taken[order] = self.array[rows[order]]
        return taken


class Picked(Lazy):
    """Some rows of other values."""

    def __init__(self, values: Lazy, rows: Rows) -> None:
        self.values, self.rows, self.costly = values, rows, values.costly
        self.shape, self.dtype = (len(rows), *values.shape[1:]), values.dtype

    def take(self, rows: Rows) -> Array:
        return self.values.take(self.rows[rows])

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether its value is missing."""
        return self.values.absent()[self.rows]


class Mapped(Lazy):
    """Other values with something done to each row as it is read.

    change: takes values, one entry a row, and gives as many; it must do the same to a row whatever rows come with it.
    """

    def __init__(self, values: Lazy, change: Callable[[Array], Array]) -> None:
        self.values, self.change, self.costly = values, change, values.costly
        first = change(values.take(np.zeros(1, np.int64)))
        self.shape, self.dtype = (len(values), *first.shape[1:]), first.dtype

    def take(self, rows: Rows) -> Array:
        return np.ascontiguousarray(self.change(self.values.take(rows)))


def is_lazy(values: object) -> bool:
    """Whether values, typed as an array, are a `Lazy`."""
    return isinstance(values, Lazy)


def is_costly(values: object) -> bool:
    """Whether values are a `Lazy` of which reading all takes minutes."""
    return isinstance(values, Lazy) and values.costly
