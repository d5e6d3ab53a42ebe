"""Which rows are the same: a number for each part of a row, and digests of whole rows, read in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.lazy import Lazy, Picked, is_lazy

Keys = NDArray[np.uint64]
Rows = NDArray[np.int64]

#: Parts of which a picture, a sound, an array or a text has at most.
PIECES = 16
#: Bytes that are worked on together, and those of files that are read to compare them, at most.
BLOCK, READ = 16 << 20, 1 << 29
#: Rows whose digests are made together.
TOGETHER = 256


@dataclass(frozen=True)
class Piece:
    """One part of each row as a number, the same where the part is. possible: how many different ones there may be."""

    keys: Keys
    possible: float


def mixed(keys: Keys, salt: int = 0) -> Keys:
    """Numbers spread over all 64 bits (splitmix64; Steele, Lea, Flood, 2014)."""
    made = keys + np.uint64(0x9E3779B97F4A7C15 * (salt + 1) & 0xFFFFFFFFFFFFFFFF)
    made = (made ^ (made >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    made = (made ^ (made >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(made ^ (made >> np.uint64(31)))


def pieces_of(kind: str, values: Array) -> list[Piece]:
    """The parts of a column's values, one entry a row: of a number or category itself, of what is longer several."""
    if kind == "text":
        return _texts(values)
    if kind in ("number", "time"):
        return [Piece(_bits(values.reshape(-1, 1))[:, 0], _steps(values))]
    return arrays_pieces(values)


def arrays_pieces(values: Array) -> list[Piece]:
    """The parts of an array's entries, shape (rows, …): each number, or runs of them where they are many."""
    count, width = len(values), int(np.prod(values.shape[1:], dtype=np.int64))
    if not count or not width:
        return []
    flat = values.reshape(count, width)
    starts = np.unique(np.linspace(0, width, min(width, PIECES), endpoint=False).astype(np.int64))
    weights = mixed(np.arange(width, dtype=np.uint64)) | np.uint64(1)
    made = np.empty((count, len(starts)), np.uint64)
    step = max(1, BLOCK // (8 * width))
    for first in range(0, count, step):
        bits = mixed(_bits(flat[first : first + step]))
        made[first : first + step] = np.add.reduceat(bits * weights, starts, axis=1)
    return [counted(np.ascontiguousarray(made[:, place])) for place in range(len(starts))]


def file_pieces(values: Array, rows: Rows) -> list[Piece] | None:
    """The parts of values that are a file each, by what is in the files: only those are read that are as long as
    another. None where they are no files, or too many bytes would be read."""
    paths = _paths(cast(Any, values), rows)
    if paths is None:
        return None
    sizes = np.array([_size(path) for path in paths], np.int64)
    _, place, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    alike = np.flatnonzero((counts[place] > 1) & (sizes >= 0))
    if int(sizes[alike].sum()) > READ:
        return None
    keys = mixed(np.arange(len(rows), dtype=np.uint64), 1)
    for row in alike.tolist():
        try:
            keys[row] = int.from_bytes(hashlib.blake2b(paths[row].read_bytes(), digest_size=8).digest(), "little")
        except OSError:  # it is told where it is read for training
            continue
    made = counted(keys)
    return [made, made]  # long enough that none is equal by chance


def _paths(values: Any, rows: Rows) -> list[Path] | None:
    from nnstudio.data.pictures_decode import Pictures
    from nnstudio.data.sound_folders import Sounds

    if isinstance(values, Picked):
        return _paths(values.values, values.rows[rows])
    if isinstance(values, Pictures | Sounds) and len(values.paths) == len(values):
        return [values.folder / values.paths[row] for row in rows.tolist()]
    return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def counted(keys: Keys) -> Piece:
    """A part of rows of which no more is known than which are equal."""
    return Piece(keys, float(len(np.unique(keys))))


def _bits(values: Array) -> Keys:
    """Numbers as whole ones, the same where they are equal, and where they are missing."""
    if values.dtype.kind != "f":
        return values.astype(np.int64).view(np.uint64)
    plain = values.astype(np.float64) + 0.0
    plain[np.isnan(plain)] = np.nan
    return plain.view(np.uint64)


def _steps(values: Array) -> float:
    """How many different numbers there might be where most of these lie, counted in the least step between two."""
    known = np.unique(values[~np.isnan(values)])
    if len(known) < 2:
        return 1.0
    low, high = np.quantile(values[~np.isnan(values)], (0.1, 0.9))
    return max(1.0, 1.25 * float(high - low) / float(np.diff(known).min()))


def _texts(values: Array) -> list[Piece]:
    """Texts by their first words and the rest; what is long and one word, by stretches of characters."""
    cut = [_words(text or "") for text in values.tolist()]
    longest = max(map(len, cut), default=0)
    made = []
    for place in range(longest):
        codes = [hash(words[place]) & 0xFFFFFFFFFFFFFFFF if place < len(words) else 0 for words in cut]
        made.append(counted(np.array(codes, np.uint64)))
    return made


def _words(text: str) -> list[str]:
    words = text.split()
    if len(words) < 3 and len(text) > 2 * PIECES:
        size = -(-len(text) // PIECES)
        return [text[start : start + size] for start in range(0, len(text), size)]
    return [*words[: PIECES - 1], " ".join(words[PIECES - 1 :])] if len(words) >= PIECES else words


def read(values: Array, rows: Rows, wanted: Callable[[], bool]) -> Array | None:
    """Some rows of values that may be lazy; None where they are no longer wanted."""
    if not is_lazy(values):
        return np.asarray(values[rows])
    parts = []
    for block in _blocks(rows):
        if not wanted():
            return None
        parts.append(cast(Lazy, values).take(block))
    return np.concatenate(parts) if parts else np.empty((0, *values.shape[1:]), values.dtype)


def _blocks(rows: Rows) -> Iterator[Rows]:
    return (rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER))


def digests(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """For each row a digest, the same for rows that are the same in all columns."""
    kept = [_comparable(column) for column in columns if len(column.values)]
    width = sum(int(values.dtype.itemsize * np.prod(values.shape[1:], dtype=np.int64)) for values in kept)
    count = max(TOGETHER, BLOCK // max(1, 16 * width))
    for start in range(0, len(rows), count):
        block = rows[start : start + count]
        taken = [np.ascontiguousarray(values[block]).reshape(len(block), -1).view(np.uint8) for values in kept]
        whole = np.concatenate(taken, axis=1).tobytes() if taken else b""
        for place in range(len(block)):
            yield hashlib.blake2b(whole[place * width : (place + 1) * width], digest_size=16).digest()


def _comparable(column: Column) -> Array:
    """A column's values so that equal ones have equal bytes."""
    if column.kind != "text":
        plain = column.kind in ("number", "time") and not is_lazy(column.values)
        return column.values + 0.0 if plain else column.values  # −0.0 is 0.0
    return codes_of_texts(column.values[:])


def codes_of_texts(texts: Iterable[str | None]) -> Rows:
    """A number for each text, the same where the text is; a missing one is an empty one."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(text or "", len(known)) for text in texts], np.int64)
