"""What a Parquet file says of itself in its footer, read before anything is unpacked: a tiny file may promise much.

The footer is a Thrift structure in the compact protocol (parquet-format, `FileMetaData`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnstudio.data.errors import DataError

#: No footer of more bytes is read, and none that is nested deeper.
LARGEST, DEEPEST = 256 << 20, 16


@dataclass(frozen=True)
class Footer:
    """rows: of the file. unpacked: bytes of each row group when it is unpacked; packed: bytes of each in the file."""

    rows: int
    unpacked: tuple[int, ...]
    packed: tuple[int, ...]


def footer(path: Path) -> Footer:
    """What the footer says. DataError where there is none, or it is damaged; OSError where it cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - 8))
        end = stream.read(8)
        length = struct.unpack("<I", end[:4])[0] if len(end) == 8 else 0
        if end[4:] != b"PAR1" or not 0 < length <= min(size - 8, LARGEST):
            raise _damaged(path)
        stream.seek(size - 8 - length)
        data = stream.read(length)
    try:
        found = _Reader(data).structure()
        groups = found.get(4, [])
        chunks = [[column.get(3, {}) for column in group.get(1, [])] for group in groups]
        return Footer(
            int(found[3]),
            tuple(sum(int(chunk.get(6, 0)) for chunk in each) for each in chunks),
            tuple(sum(int(chunk.get(7, 0)) for chunk in each) for each in chunks),
        )
    except (IndexError, KeyError, ValueError, AttributeError, TypeError, struct.error, RecursionError):
        raise _damaged(path) from None


def _damaged(path: Path) -> DataError:
    return DataError(f"“{path.name}” is damaged or cut short and cannot be read as Parquet; make or copy it again")


class _Reader:
    """The compact protocol of Thrift, as far as it is needed."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.depth = data, 0, 0

    def number(self) -> int:
        """A variable-length whole number."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError

    def signed(self) -> int:
        """The same, zigzag."""
        value = self.number()
        return (value >> 1) ^ -(value & 1)

    def structure(self) -> dict[int, Any]:
        """Fields by their numbers."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError
        fields: dict[int, Any] = {}
        last = 0
        while True:
            head = self.data[self.at]
            self.at += 1
            if head == 0:
                self.depth -= 1
                return fields
            last = last + (head >> 4) if head >> 4 else self.signed()
            fields[last] = (head & 15) == 1 if head & 15 in (1, 2) else self.value(head & 15)

    def value(self, kind: int) -> Any:
        """A value of a type of the protocol."""
        if kind in (1, 2, 3):
            self.at += 1
            return self.data[self.at - 1]
        if kind in (4, 5, 6):
            return self.signed()
        if kind == 7:
            self.at += 8
            return None
        if kind == 8:
            length = self.number()
            self.at += length
            if self.at > len(self.data):
                raise ValueError
            return None
        if kind in (9, 10):
            head = self.data[self.at]
            self.at += 1
            count = head >> 4 if head >> 4 != 15 else self.number()
            if count > len(self.data):
                raise ValueError
            return [self.value(head & 15) for _ in range(count)]
        if kind == 12:
            return self.structure()
        raise ValueError
