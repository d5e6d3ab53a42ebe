"""One text larger than memory: its characters on disk, each of as many bytes, so that any stretch is read alone."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.caching import kept
from nnstudio.data.columns import Array
from nnstudio.data.formats import known_by
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.text_stream import Progress, texts

#: How characters are kept: bytes of each, and how they are encoded.
FORMS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
#: Characters that are looked at together, and how many stand for all where the whole text is asked for as one row.
PART, BEGINNING = 1 << 22, 1 << 20
#: Signs between words, as `str.split` has them.
BLANKS = np.array([ord(sign) for sign in map(chr, range(0x3001)) if sign.isspace()], np.uint32)
VERSION = 1


class LongText(Lazy):
    """The one row of a column of texts: of a whole text that is in a file of characters. Asked for as a row, it gives
    its beginning; :func:`cut` gives all of it, in pieces."""

    dtype = np.dtype(object)

    def __init__(self, path: Path, width: int) -> None:
        self.shape, self.width = (1,), width
        self.characters = np.asarray(np.memmap(path, np.dtype(f"<u{width}"), "r"))

    def take(self, rows: Rows) -> Array:
        text = self.piece(0, BEGINNING)
        return np.array([text for _ in rows], dtype=object)

    def piece(self, start: int, stop: int) -> str:
        """The characters from start up to stop."""
        return self.characters[start:stop].tobytes().decode(FORMS[self.width], _lone(self.width))


class Pieces(Lazy):
    """Stretches of a long text as rows. words: with one space between words, whatever stands there."""

    dtype = np.dtype(object)

    def __init__(self, text: LongText, starts: Rows, stops: Rows, words: bool) -> None:
        self.text, self.starts, self.stops, self.words = text, starts, stops, words
        self.shape = (len(starts),)

    def take(self, rows: Rows) -> Array:
        taken = np.empty(len(rows), object)
        for place, row in enumerate(rows.tolist()):
            piece = self.text.piece(int(self.starts[row]), int(self.stops[row]))
            taken[place] = " ".join(piece.split()) if self.words else piece
        return taken


def cut(text: LongText, words: bool, size: int, stride: int) -> tuple[Pieces, NDArray[np.int64]]:
    """A text in rows of ``size`` characters or words, one every ``stride``, and from where up to where each reaches in
    them."""
    count = len(text.characters)
    begins = ends = np.zeros(0, np.int64)
    if words:
        begins, ends = (np.concatenate(each) for each in zip(*_words(text), strict=True))
        count = len(begins)
    first = np.arange(0, max(1, count - size + 1), stride, dtype=np.int64)[: max(count, 0)]
    last = np.minimum(first + size, count)
    starts, stops = (begins[first], ends[last - 1]) if words else (first, last)
    return Pieces(text, starts, stops, words), np.stack([first, last], axis=1)


def _words(text: LongText) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Where words begin and end, some at a time."""
    before = True
    for at in range(0, len(text.characters) + 1, PART):
        part = text.characters[at : at + PART]
        blank = np.isin(part, BLANKS)
        last = at + len(part) == len(text.characters)
        edge = np.concatenate([[before], blank, [True] if last else []]).astype(np.int8)
        change = np.diff(edge)
        yield np.flatnonzero(change < 0) + at, np.flatnonzero(change > 0) + at
        before = bool(blank[-1]) if len(blank) else before
        if last:
            return


def long_text(path: Path, encoding: str, progress: Progress) -> LongText:
    """The text of a file, kept on disk. DataError as for :func:`nnstudio.data.text_stream.texts`, and where the disk
    has no room."""
    size = path.stat().st_size
    key = hashlib.sha256("\0".join((f"long {VERSION}", known_by(path), encoding)).encode()).hexdigest()[:32]
    folder = kept(key, 0, path.name)
    for width in FORMS:
        with suppress(OSError, ValueError):
            return LongText(folder / f"{width}.characters", width)
    kept(key, 2 * size, path.name)
    width, aside = 1, folder / f"characters+{os.getpid()}-{time.monotonic_ns()}"
    try:
        aside.write_bytes(b"")
        for text in texts(path, encoding, lambda share: progress(0.1 + 0.8 * share)):
            wanted = _width(text, width)
            if wanted != width:
                _widen(aside, width, wanted)
            width = wanted
            with aside.open("ab") as file:
                file.write(text.encode(FORMS[width], _lone(width)))
        final = folder / f"{width}.characters"
        aside.replace(final)
    finally:
        aside.unlink(missing_ok=True)
    return LongText(final, width)


def _lone(width: int) -> str:
    """What is done with halves of characters that stand alone, which UTF-16 can have."""
    return "surrogatepass" if width > 1 else "strict"


def _width(text: str, least: int) -> int:
    """Bytes in which each character of a text can be kept."""
    if text.isascii():
        return least
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    most = int(points.max(initial=0))
    return max(least, 1 if most < 0x100 else 2 if most < 0x10000 else 4)


def _widen(path: Path, width: int, wanted: int) -> None:
    """Keep what is in a file with more bytes for each character."""
    wider = path.with_name(path.name + "+")
    count = path.stat().st_size // width
    with wider.open("wb") as file:
        for at in range(0, count, PART):
            part = np.fromfile(path, np.dtype(f"<u{width}"), min(PART, count - at), offset=at * width)
            part.astype(np.dtype(f"<u{wanted}")).tofile(file)
    wider.replace(path)
