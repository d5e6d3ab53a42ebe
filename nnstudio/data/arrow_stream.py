"""Arrow streams: the messages of a file that was written as it came, without an index, and tables of some of them.

A message is a length, what it is (a FlatBuffer) and its body ("Arrow columnar format", Serialization and IPC).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from nnstudio.data.errors import DataError

SUFFIXES = (".arrow", ".arrows", ".feather", ".ipc")
#: How a file with an index begins, and a message; before the end there is one that is empty.
INDEXED, MESSAGE = b"ARROW1", b"\xff\xff\xff\xff"
END = MESSAGE + b"\0\0\0\0"
#: What a message is.
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
#: No description of a message is longer, in bytes.
LONGEST = 64 << 20


def is_arrow(path: Path, head: bytes) -> bool:
    """Whether a file is Arrow's, with an index or, by its name too, a stream."""
    return head.startswith(INDEXED) or (head.startswith(MESSAGE) and path.suffix.lower() in SUFFIXES)


@dataclass(frozen=True)
class Message:
    """Where a message stands in its file, what it is, how many rows it has, and to how many bytes it unpacks."""

    start: int
    size: int
    kind: int
    rows: int
    unpacked: int


@dataclass(frozen=True)
class ArrowStream:
    """A stream whose messages were found, none of them read."""

    path: Path
    messages: tuple[Message, ...]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(message.rows for message in self.messages)

    @property
    def unpacked(self) -> int:
        """To how many bytes all of it unpacks."""
        return sum(message.unpacked for message in self.messages)

    def schema(self) -> pl.Schema:
        """Names and types of the columns. What polars raises where they cannot be read."""
        return next(self._tables(self.messages[:1])).schema

    def tables(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows in their order, about so many at a time. What polars raises where they cannot be read."""
        known: list[Message] = []
        some: list[Message] = []
        for message in self.messages:
            if message.kind != BATCH:
                if some:
                    yield from self._tables([*known, *some])
                    some = []
                known.append(message)
                continue
            some.append(message)
            if sum(each.rows for each in some) >= rows:
                yield from self._tables([*known, *some])
                some = []
        if some:
            yield from self._tables([*known, *some])

    def _tables(self, messages: list[Message] | tuple[Message, ...]) -> Iterator[pl.DataFrame]:
        with self.path.open("rb") as stream:
            parts = []
            for message in messages:
                stream.seek(message.start)
                parts.append(stream.read(message.size))
        yield pl.read_ipc_stream(io.BytesIO(b"".join([*parts, END])))


def stream_of(path: Path) -> ArrowStream:
    """The stream in a file. DataError where it is damaged or cut short."""
    found: list[Message] = []
    size, at = path.stat().st_size, 0
    with path.open("rb") as stream:
        while at < size:
            message = _message(stream, at, size, path.name)
            if message is None:
                break
            found.append(message)
            at += message.size
    if not found or found[0].kind != SCHEMA:
        raise _damaged(path.name)
    return ArrowStream(path, tuple(found))


def _message(stream: IO[bytes], at: int, size: int, name: str) -> Message | None:
    """The message that stands there; None at the end."""
    stream.seek(at)
    head = stream.read(8)
    if head[:4] != MESSAGE or len(head) < 8:
        raise _damaged(name)
    (length,) = struct.unpack_from("<i", head, 4)
    if not length:
        return None
    if not 0 < length <= min(LONGEST, size - at):
        raise _damaged(name)
    try:
        kind, rows, body, packed = _described(stream.read(length))
        after = at + 8 + length
        if not 0 <= body <= size - after or rows < 0:
            raise _damaged(name)
        unpacked = max(body, sum(_unpacked(stream, after, body, *buffer) for buffer in packed))
    except struct.error:
        raise _damaged(name) from None
    return Message(at, 8 + length + body, kind, rows, unpacked)


def _described(data: bytes) -> tuple[int, int, int, list[tuple[int, int]]]:
    """Kind, rows and size of the body by the description of a message, and where in the body its packed buffers stand
    (from, size). struct.error where it is none."""
    (root,) = struct.unpack_from("<I", data, 0)
    kind, body = _number(data, root, 1, "<B"), _number(data, root, 3, "<q")
    header = _table(data, root, 2)
    batch = _table(data, header, 1) if kind == DICTIONARY and header else header
    if kind not in (DICTIONARY, BATCH) or not batch:
        return kind, 0, body, []
    packed = []
    if _place(data, batch, 3):
        buffers = _table(data, batch, 2)
        (count,) = struct.unpack_from("<I", data, buffers) if buffers else (0,)
        packed = [struct.unpack_from("<qq", data, buffers + 4 + 16 * each) for each in range(min(count, len(data)))]
    return kind, _number(data, batch, 0, "<q") if kind == BATCH else 0, body, packed


def _unpacked(stream: IO[bytes], body: int, size: int, start: int, length: int) -> int:
    """To how many bytes a packed buffer unpacks, which stands before it (−1: it is not packed)."""
    if length < 8 or start < 0 or start + length > size:
        return 0
    stream.seek(body + start)
    (unpacked,) = struct.unpack("<q", stream.read(8))
    return max(int(unpacked), length)


def _table(data: bytes, table: int, field: int) -> int:
    """Where a table or a vector stands to which a field of a table leads; 0 where there is none."""
    place = _place(data, table, field)
    return place + int(struct.unpack_from("<I", data, place)[0]) if place else 0


def _place(data: bytes, table: int, field: int) -> int:
    """Where a field of a table of a FlatBuffer stands; 0 where it is left out."""
    (back,) = struct.unpack_from("<i", data, table)
    fields = table - back
    if fields < 0:
        raise struct.error
    (size,) = struct.unpack_from("<H", data, fields)
    if 4 + 2 * field >= size:
        return 0
    (offset,) = struct.unpack_from("<H", data, fields + 4 + 2 * field)
    return table + offset if offset else 0


def _number(data: bytes, table: int, field: int, form: str) -> int:
    place = _place(data, table, field)
    return int(struct.unpack_from(form, data, place)[0]) if place else 0


def _damaged(name: str) -> DataError:
    return DataError(f"“{name}” is damaged or cut short and cannot be read as an Arrow stream; make or copy it again")
