"""Runs as TensorBoard event files, without TensorBoard: scalars of every step and epoch, histograms of what was seen.

A file is a series of records (TFRecord): the length as a 64-bit integer, its masked CRC-32C, the content, its masked
CRC-32C, little-endian; the content is a protocol buffer ``Event`` (tensorflow/core/util/event.proto and
tensorflow/core/framework/summary.proto).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nnstudio.atomic import replacing
from nnstudio.train.events import Histogram
from nnstudio.train.history import History
from nnstudio.train.series import BLOCK, Series

#: TensorBoard itself shows a thousand points of a curve; so many are written at most, evenly spread and the last.
POINTS = 100_000


def write_events(folder: Path, runs: Iterable[tuple[str, float, History]]) -> list[Path]:
    """Write runs (a name, when it started in seconds since 1970, its history), each into a folder of its name within
    ``folder``. The files that were written. OSError where that fails."""
    written = []
    taken: set[str] = set()
    for name, started, history in runs:
        plain = "".join(each if each.isalnum() or each in " ._-" else "-" for each in name).strip(" .") or "run"
        title, count = plain, 1
        while title.lower() in taken:
            count += 1
            title = f"{plain}-{count}"
        taken.add(title.lower())
        target = folder / title
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"events.out.tfevents.{int(started):010d}.nnstudio"
        with replacing(path) as file:
            for content in _events(started, history):
                write_record(file, content)
        written.append(path)
    return written


def _events(started: float, history: History) -> Iterator[bytes]:
    yield _double(1, started) + _text(3, "brain.Event:2")
    pace = history.time / history.step if history.step else 0.0
    names = history.started.nodes if history.started is not None else {}
    curves = {"loss/step": history.losses, "learning rate": history.learning_rates}
    curves.update({f"loss/step/{names.get(id, id)}": series for id, series in history.parts.items()})
    for tag, series in curves.items():
        for step, value in points_of(series):
            yield _event(started + pace * step, step, _scalar(tag, value))
    for epoch in history.epochs:
        figures = {
            f"{name}/{split}": v for split in ("training", "validation") for name, v in getattr(epoch, split).items()
        }
        for tag, value in figures.items():
            yield _event(started + epoch.time, epoch.step, _scalar(tag, value))
    for node, name in names.items():
        looks = zip(history.activation_steps, history.activation_history(node), strict=True)
        for step, look in looks:
            if look is not None:
                yield _event(started + pace * step, step, _histogram(f"activations/{name}", look))
        steps, sizes = history.gradient_history(node)
        for step, size in zip(steps, sizes, strict=True):
            if size == size:
                yield _event(started + pace * step, int(step), _scalar(f"gradient norm/{name}", float(size)))
        for parameter in history.distributions.get(node, {}):
            for step, look in zip(*history.distribution_history(node, parameter), strict=True):
                if look is not None:
                    yield _event(started + pace * step, step, _histogram(f"weights/{name}.{parameter}", look))


def points_of(series: Series) -> Iterator[tuple[int, float]]:
    """Steps (from 1) and values: all of them, or evenly spread ones."""
    count = len(series)
    every = max(1, -(-count // POINTS))
    for start in range(0, count, BLOCK):
        values = series.read(start, start + BLOCK)
        for at in range(-start % every, len(values), every):
            if values[at] == values[at]:
                yield start + at + 1, float(values[at])
    if count and (count - 1) % every and series[-1] == series[-1]:
        yield count, float(series[-1])


# records


def write_record(file: BinaryIO, content: bytes) -> None:
    """Write one record."""
    length = struct.pack("<Q", len(content))
    file.write(length + struct.pack("<I", masked(length)) + content + struct.pack("<I", masked(content)))


def read_records(data: bytes) -> Iterator[bytes]:
    """The contents of records. ValueError where one is damaged."""
    place = 0
    while place < len(data):
        length = data[place : place + 8]
        (count,) = struct.unpack("<Q", length)
        content = data[place + 12 : place + 12 + count]
        sums = struct.unpack("<I", data[place + 8 : place + 12]) + struct.unpack(
            "<I", data[place + 12 + count : place + 16 + count]
        )
        if sums != (masked(length), masked(content)):
            raise ValueError(f"the record at {place} is damaged")
        yield content
        place += 16 + count


def _crc_table() -> Mapping[int, int]:
    table = {}
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table[byte] = value
    return table


_CRC = tuple(_crc_table().values())


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), as iSCSI has it (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as TFRecord has it: turned by 15 bits, and a constant added."""
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


# protocol buffers


def _event(time: float, step: int, value: bytes) -> bytes:
    """``Event``: wall_time = 1, step = 2, summary = 5, in which value = 1."""
    return _double(1, time) + _whole(2, step) + _inside(5, _inside(1, value))


def _scalar(tag: str, value: float) -> bytes:
    """``Summary.Value``: tag = 1, simple_value = 2."""
    return _text(1, tag) + _key(2, 5) + struct.pack("<f", value)


def _histogram(tag: str, look: Histogram) -> bytes:
    """``Summary.Value``: tag = 1, histo = 5: min, max, num, sum, sum_squares, bucket_limit, bucket."""
    counts = np.asarray(look.counts, np.float64)
    number = float(counts.sum())
    limits = np.linspace(look.low, look.high, len(counts) + 1)[1:]
    squares = number * (look.std**2 + look.mean**2)
    content = b"".join(
        _double(field, value)
        for field, value in enumerate((look.low, look.high, number, number * look.mean, squares), 1)
    )
    content += _inside(6, limits.astype("<f8").tobytes()) + _inside(7, counts.astype("<f8").tobytes())
    return _text(1, tag) + _inside(5, content)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _whole(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _inside(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _inside(field, text.encode())
