"""A CSV file read in blocks of whole lines, each a frame of texts, so that it need not fit into memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from nnstudio.data.dialect import Dialect
from nnstudio.data.errors import DataError, EncodingError
from nnstudio.data.table import ragged

#: Bytes of the file that are read together, and of the longest record.
BLOCK, LONGEST = 16 << 20, 256 << 20


def blocks(path: Path, dialect: Dialect, read: Callable[[int], None] = lambda _: None) -> Iterator[pl.DataFrame]:
    """Frames of texts, each cell as it stands there, the header among them; rows without any value left out.

    read: told how many bytes were read, after each block. DataError that names the line where one has another number of
    values than the first, is not in this encoding or cannot be read as CSV; OSError where the file cannot be read.
    """
    lines, width = 0, 0
    for text in _texts(path, dialect, read):
        width = width or len(next(csv.reader(io.StringIO(first_record(text)), delimiter=dialect.delimiter), []))
        lines += _checked(text, dialect.delimiter, width, lines, path.name)
        try:
            frame = pl.read_csv(
                text, separator=dialect.delimiter, has_header=False, infer_schema=False, raise_if_empty=False
            )
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"“{path.name}” cannot be read as CSV with {dialect.delimiter!r} between values at about line "
                f"{lines:,} ({str(error).splitlines()[0]}); choose another delimiter"
            ) from None
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
        if frame.height:
            yield frame


def first_record(text: bytes) -> str:
    """The first record of a text that is not blank."""
    for record in text[: 1 << 20].split(b"\n"):
        if record.strip():
            break
    else:
        return ""
    if b'"' not in record:
        return record.decode()
    return text[text.index(record) : 1 << 20].decode(errors="ignore")


def _texts(path: Path, dialect: Dialect, read: Callable[[int], None]) -> Iterator[bytes]:
    """The file as UTF-8 with newlines alone, cut between records."""
    decoder = _decoder(dialect.encoding, path.name)
    left, at, lines, began = b"", 0, 1, False
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(BLOCK)
            at += len(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise _other_encoding(path.name, dialect.encoding, chunk, lines, error) from None
            lines += chunk.count(b"\n")
            if "\0" in text:
                raise DataError(f"“{path.name}” is no text file (it holds zero bytes); a table of text was expected")
            if not began and text:
                text, began = text.removeprefix("\ufeff"), True
            data = left + text.encode()
            if not chunk:
                if data.strip():
                    yield _unix(data)
                read(at)
                return
            cut = between_records(data)
            if not cut and len(data) > LONGEST:
                raise DataError(
                    f"“{path.name}” has a record of more than {LONGEST >> 20} MB after line {lines:,}; "
                    "look for a quotation mark that is not closed"
                )
            if cut:
                yield _unix(data[:cut])
            left = data[cut:]
            read(at)


def _decoder(encoding: str, name: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise DataError(
            f"No encoding is called {encoding!r}; choose another, such as utf-8, to read “{name}”"
        ) from None


def _other_encoding(name: str, encoding: str, chunk: bytes, lines: int, error: UnicodeDecodeError) -> EncodingError:
    line = lines + chunk.count(b"\n", 0, error.start)
    better = "cp1252"
    try:
        chunk.decode("cp1252")
    except UnicodeDecodeError:
        better = "latin-1"
    told = f"“{name}” is not written in {encoding} (about line {line:,} has other bytes); choose another encoding"
    return EncodingError(told, better)


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def between_records(data: bytes) -> int:
    """Where the last whole record ends: after a line end that stands in no quoted text; 0 where there is none."""
    mark = b"\n" if b"\n" in data else b"\r"
    end = data.rfind(mark)
    if b'"' not in data or end < 0:
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


def _checked(text: bytes, delimiter: str, width: int, lines: int, name: str) -> int:
    """How many lines a text has. DataError that names the first with another number of values than ``width``."""
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    if b'"' not in text and text.count(delimiter.encode()) == count * (width - 1) and b"\n\n" not in text:
        return count
    codes = np.frombuffer(text, np.uint8)
    inside = np.cumsum(codes == ord('"'), dtype=np.int64) & 1 if b'"' in text else np.zeros(1, np.int64)
    ends = np.flatnonzero((codes == ord("\n")) & (inside == 0))
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    marks = np.flatnonzero((codes == ord(delimiter)) & (inside == 0))
    widths = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    for place in np.flatnonzero(widths != width).tolist():
        record = text[int(starts[place]) : int(ends[place])]
        if record.strip(b"\r\n "):
            line = lines + 1 + text.count(b"\n", 0, int(starts[place]))
            raise ragged(name, line, int(widths[place]), width)
    return count


def head_of(stream: BinaryIO, size: int) -> bytes:
    """The first bytes of a file, cut between records where there is more (of UTF-16 and -32 between characters)."""
    data = stream.read(size)
    if len(data) < size or b"\0" in data:
        return data[: len(data) // 4 * 4] if len(data) == size else data
    return data[: between_records(data)] or data
