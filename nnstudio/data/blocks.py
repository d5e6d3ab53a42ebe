"""A CSV file read in blocks of whole lines, each a frame of texts, so that it need not fit into memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nnstudio.data.dialect import Dialect
from nnstudio.data.errors import DataError, EncodingError
from nnstudio.data.heading import Heading
from nnstudio.data.table import cells_of, ragged

#: Bytes of the file that are read together, and of the longest record.
BLOCK, LONGEST = 16 << 20, 256 << 20
#: How the csv module reads a file whose quotation marks stand around values, or are letters.
QUOTING: Mapping[bool, Literal[0, 3]] = {True: csv.QUOTE_MINIMAL, False: csv.QUOTE_NONE}


#: Above a table that begins at once.
NOTHING = Heading()


class QuotingError(DataError):
    """A file cannot be read where quotation marks are taken to stand around values."""


def blocks(
    path: Path, dialect: Dialect, read: Callable[[int], None] = lambda _: None, above: Heading = NOTHING,
    quoting: bool = True,
) -> Iterator[pl.DataFrame]:  # fmt: skip
    """Frames of texts, each cell as it stands there, the header among them; rows without any value left out.

    read: told how many bytes were read, after each block. above: what is left out. quoting: whether quotation marks
    stand around values. DataError that names the line where one has another number of values than the first, is not in
    this encoding or cannot be read as CSV (QuotingError where it may do otherwise); OSError where the file cannot be
    read.
    """
    lines, width = above.lines, 0
    for text in _texts(path, dialect, read, above.start, quoting):
        quoted = quoting and b'"' in text
        if not width:
            first = io.StringIO(first_record(text, quoting))
            width = len(next(csv.reader(first, delimiter=dialect.separator, quoting=QUOTING[quoting]), []))
        try:
            lines += _checked(text, dialect.separator, width, lines, path.name, quoted)
            frame = cells_of(text, dialect.separator, path.name, quoting)
        except DataError as error:
            raise QuotingError(str(error)) if quoted else error from None
        if frame.height:
            yield frame


def first_record(text: bytes, quoting: bool = True) -> str:
    """The first record of a text that is not blank."""
    for record in text[: 1 << 20].split(b"\n"):
        if record.strip():
            break
    else:
        return ""
    if b'"' not in record or not quoting:
        return record.decode()
    return text[text.index(record) : 1 << 20].decode(errors="ignore")


def _texts(path: Path, dialect: Dialect, read: Callable[[int], None], above: int, quoting: bool) -> Iterator[bytes]:
    """The file below so many characters as UTF-8 with newlines alone, cut between records."""
    decoder = decoder_of(dialect.encoding, path.name)
    left, at, lines, began = b"", 0, 1, False
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(BLOCK)
            at += len(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise other_encoding(path.name, dialect.encoding, chunk, lines, error) from None
            lines += chunk.count(b"\n")
            if "\0" in text:
                raise DataError(f"“{path.name}” is no text file (it holds zero bytes); a table of text was expected")
            if not began and text:
                text, began = text.removeprefix("\ufeff"), True
            text, above = text[above:], max(0, above - len(text))
            data = left + text.encode()
            if not chunk:
                if data.strip():
                    yield _spread(data, dialect)
                read(at)
                return
            cut = between_records(data, quoting)
            if not cut and len(data) > LONGEST:
                raise (QuotingError if quoting else DataError)(
                    f"“{path.name}” has a record of more than {LONGEST >> 20} MB after line {lines:,}; "
                    "look for a quotation mark that is not closed"
                )
            if cut:
                yield _spread(data[:cut], dialect)
            left = data[cut:]
            read(at)


def decoder_of(encoding: str, name: str) -> codecs.IncrementalDecoder:
    """What decodes an encoding some bytes at a time. DataError where there is no such encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise DataError(
            f"No encoding is called {encoding!r}; choose another, such as utf-8, to read “{name}”"
        ) from None


def other_encoding(name: str, encoding: str, chunk: bytes, lines: int, error: UnicodeDecodeError) -> EncodingError:
    """What to raise where a file is in another encoding than its beginning: in which, and about which line shows it."""
    line = lines + chunk.count(b"\n", 0, error.start)
    better = "cp1252"
    try:
        chunk.decode("cp1252")
    except UnicodeDecodeError:
        better = "latin-1"
    told = f"“{name}” is not written in {encoding} (about line {line:,} has other bytes); choose another encoding"
    return EncodingError(told, better)


def _spread(data: bytes, dialect: Dialect) -> bytes:
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    return data if dialect.separator == dialect.delimiter else dialect.spread(data.decode()).encode()


def between_records(data: bytes, quoting: bool = True) -> int:
    """Where the last whole record ends: after a line end that stands in no quoted text; 0 where there is none."""
    mark = b"\n" if b"\n" in data else b"\r"
    end = data.rfind(mark)
    if not quoting or b'"' not in data or end < 0:
        return end + 1
    after = data.count(b'"')
    before = after
    last = len(data)
    while end >= 0:
        before -= data.count(b'"', end, last)
        if before % 2 == 0:
            return end + 1
        end, last = data.rfind(mark, 0, end), end
    return 0


def _checked(text: bytes, delimiter: str, width: int, lines: int, name: str, quoted: bool) -> int:
    """How many lines a text has. DataError that names the first with another number of values than ``width``, or where
    quotation marks join lines that have as many each."""
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    if not quoted and text.count(delimiter.encode()) == count * (width - 1) and b"\n\n" not in text:
        return count
    codes = np.frombuffer(text, np.uint8)
    inside = np.cumsum(codes == ord('"'), dtype=np.int64) & 1 if quoted else np.zeros(1, np.int64)
    breaks = codes == ord("\n")
    commas = codes == ord(delimiter)
    if quoted and width > 1 and (breaks & (inside == 1)).any() and _all_as_wide(breaks, commas, width):
        raise DataError(f"“{name}” has quotation marks that do not pair below line {lines:,}; correct them")
    ends = np.flatnonzero(breaks & (inside == 0))
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    marks = np.flatnonzero(commas & (inside == 0))
    widths = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    for place in np.flatnonzero(widths != width).tolist():
        record = text[int(starts[place]) : int(ends[place])]
        if record.strip(b"\r\n "):
            line = lines + 1 + text.count(b"\n", 0, int(starts[place]))
            raise ragged(name, line, int(widths[place]), width)
    return count


def _all_as_wide(breaks: NDArray[np.bool_], commas: NDArray[np.bool_], width: int) -> bool:
    """Whether each whole line has as many values, whatever quotation marks are in it."""
    ends = np.flatnonzero(breaks)
    return bool((np.diff(np.searchsorted(np.flatnonzero(commas), ends), prepend=0) == width - 1).all())


def head_of(stream: BinaryIO, size: int) -> bytes:
    """The first bytes of a file, cut between records where there is more (of UTF-16 and -32 between characters)."""
    data = stream.read(size)
    if len(data) < size or b"\0" in data:
        return data[: len(data) // 4 * 4] if len(data) == size else data
    return data[: between_records(data)] or data
