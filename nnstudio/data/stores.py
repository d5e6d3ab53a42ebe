"""Columns on disk: written once, part by part, then read by the rows that are asked for through a memory map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.lazy import Lazy, Rows

Array = NDArray[Any]
#: Values that are looked at together.
PART = 1 << 20


class StoredColumn(Lazy):
    """Numbers of a column on disk, one a row, given as ``dtype`` however they are kept. None of a memory-mapped array's
    pages need be in memory."""

    def __init__(self, path: Path, rows: int, kept: np.dtype[Any], dtype: np.dtype[Any], missing: int) -> None:
        self.path, self.dtype, self.missing = path, dtype, missing
        self.shape = (rows,)
        self.array: Array = np.memmap(path, kept, "r", shape=(rows,)) if rows else np.zeros(0, kept)

    def take(self, rows: Rows) -> Array:
        if len(rows) > 1 and not (rows[1:] >= rows[:-1]).all():
            order = np.argsort(rows, kind="stable")  # the disk is read forwards
            taken = np.empty(len(rows), self.dtype)
            taken[order] = self.array[rows[order]]
            return taken
        return np.asarray(self.array[rows]).astype(self.dtype, copy=False)

    def __getitem__(self, index: Any) -> Array:
        if isinstance(index, slice):
            return np.array(self.array[index], self.dtype)
        return super().__getitem__(index)

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether its value is missing."""
        absent = np.zeros(len(self), bool)
        for start in range(0, len(self) if self.missing else 0, PART):
            part = self.array[start : start + PART]
            absent[start : start + PART] = np.isnan(part) if part.dtype.kind == "f" else part < 0
        return absent


class StoredTexts(Lazy):
    """Texts on disk, None where missing: UTF-8, one after the other, and where each ends."""

    dtype = np.dtype(object)

    def __init__(self, path: Path, ends: Path, rows: int, missing: int) -> None:
        self.shape, self.missing = (rows,), missing
        self._ends = np.asarray(np.memmap(ends, np.int64, "r", shape=(rows,))) if rows else np.zeros(0, np.int64)
        size = path.stat().st_size
        self._bytes = np.asarray(np.memmap(path, np.uint8, "r", shape=(size,))) if size else np.zeros(0, np.uint8)

    def take(self, rows: Rows) -> Array:
        taken = np.empty(len(rows), object)
        before = np.where(rows > 0, self._ends[np.maximum(rows, 1) - 1], 0)
        starts = np.where(before < 0, -before - 1, before)
        for place, (start, end) in enumerate(zip(starts.tolist(), self._ends[rows].tolist(), strict=True)):
            if end >= 0:
                taken[place] = self._bytes[start:end].tobytes().decode()
        return taken

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether it has no text."""
        return np.asarray(self._ends < 0)


class NumbersFile:
    """A sink that writes numbers to a file and gives them back as a :class:`StoredColumn` of ``dtype``."""

    def __init__(self, path: Path, kept: Any, dtype: Any) -> None:
        self.path, self.kept, self.dtype = path, np.dtype(kept), np.dtype(dtype)
        self.rows = self.missing = 0
        self._file: IO[bytes] = path.open("wb")

    def write(self, values: Array) -> None:
        """Write the next rows."""
        values = np.ascontiguousarray(values, self.kept)
        self.rows += len(values)
        self.missing += int(np.count_nonzero(np.isnan(values) if self.kept.kind == "f" else values < 0))
        values.tofile(self._file)

    def finish(self, mapped: Callable[[Array], Array] | None = None) -> Array:
        """The column; codes are changed by ``mapped`` and kept as small as they can be."""
        self._file.close()
        if mapped is not None and self.rows:
            self._change(mapped)
        return cast(Array, StoredColumn(self.path, self.rows, self.kept, self.dtype, self.missing))

    def _change(self, mapped: Callable[[Array], Array]) -> None:
        codes: Array = np.memmap(self.path, self.kept, "r", shape=(self.rows,))
        greatest = max(int(mapped(codes[at : at + PART]).max()) for at in range(0, self.rows, PART))
        small = np.min_scalar_type(-max(greatest, 1) - 1)
        aside = self.path.with_name(self.path.name + "+")
        with aside.open("wb") as file:
            for at in range(0, self.rows, PART):
                mapped(codes[at : at + PART]).astype(small).tofile(file)
        del codes
        aside.replace(self.path)
        self.kept = small

    def close(self) -> None:
        """Close the file, finished or not."""
        self._file.close()


class TextsFile:
    """A sink that writes texts to a file and gives them back as :class:`StoredTexts`."""

    def __init__(self, path: Path, ends: Path) -> None:
        self.path, self.ends = path, ends
        self.rows = self.missing = 0
        self._file, self._ends = path.open("wb"), ends.open("wb")
        self._at = 0

    def write(self, values: Array) -> None:
        """Write the next rows; a missing one ends, below zero, where it would begin."""
        made = [None if value is None else str(value).encode() for value in values]
        ends = np.zeros(len(made), np.int64)
        for place, text in enumerate(made):
            self._at += len(text or b"")
            ends[place] = -self._at - 1 if text is None else self._at
        self._file.write(b"".join(text for text in made if text))
        ends.tofile(self._ends)
        self.rows += len(made)
        self.missing += sum(text is None for text in made)

    def finish(self, mapped: Callable[[Array], Array] | None = None) -> Array:
        """The texts."""
        self.close()
        return cast(Array, StoredTexts(self.path, self.ends, self.rows, self.missing))

    def close(self) -> None:
        """Close the files, finished or not."""
        self._file.close()
        self._ends.close()
