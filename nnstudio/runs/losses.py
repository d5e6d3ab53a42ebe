"""The losses of every step as they are stored: what came last as it came, whole blocks of steps together.

A curve has a name: ``loss``, ``rate``, or ``part/`` and the id of a loss node. A block is 65,536 steps, float32, with
the summaries of its cells before it, so that a plot of millions of steps reads a fiftieth of them. These functions work
on a connection; who calls them holds its lock and begins and ends transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from nnstudio.runs.encoding import decode, encode
from nnstudio.train.events import Floats, Steps
from nnstudio.train.series import BLOCK, CELLS, Cells
from nnstudio.train.stream import merged

#: When so many rows of the last block have come, they are put together.
ROWS = 512
LOSS, RATE, PART = "loss", "rate", "part/"
_F4, _F8, _U2 = np.dtype("<f4"), np.dtype("<f8"), np.dtype("<u2")


def cut_up(event: Steps) -> Iterator[Steps]:
    """The event in pieces, none of which goes over the edge of a block."""
    start, end = event.first, event.first + len(event.losses)
    while start < end:
        stop = min(end, (start // BLOCK + 1) * BLOCK)
        yield piece(event, start, stop)
        start = stop


def piece(event: Steps, start: int, stop: int) -> Steps:
    """The steps of an event from ``start`` to before ``stop``."""
    if (start, stop) == (event.first, event.first + len(event.losses)):
        return event
    part = slice(start - event.first, stop - event.first)
    parts = {id: values[part] for id, values in event.parts.items()}
    return replace(
        event, first=start, losses=event.losses[part], learning_rates=event.learning_rates[part], parts=parts
    )


def put(connection: sqlite3.Connection, run: str, event: Steps) -> None:
    """Store the losses of an event; blocks that they fill are put together."""
    for part in cut_up(event):
        put_row(connection, run, part)
        if (part.first + len(part.losses)) % BLOCK == 0:
            compact(connection, run, part.first // BLOCK)


def put_row(connection: sqlite3.Connection, run: str, event: Steps) -> None:
    """Store an event as it is."""
    _, header, data = encode(event)
    connection.execute(
        "INSERT OR REPLACE INTO steps (run, first, count, step, time, header, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, event.first, len(event.losses), event.step, event.time, header, data),
    )


def rows(connection: sqlite3.Connection, run: str, start: int = 0, stop: int = 1 << 62) -> list[Steps]:
    """What is stored as it came of the steps from ``start`` to before ``stop``, in order. Damaged rows are left out."""
    query = (
        "SELECT step, time, header, data FROM steps WHERE run = ? AND first + count > ? AND first < ? ORDER BY first"
    )
    found = []
    for row in connection.execute(query, (run, start, stop)):
        try:
            event = decode("Steps", *row)
        except ValueError:
            continue
        if isinstance(event, Steps):
            found.append(event)
    return found


def compact(connection: sqlite3.Connection, run: str, block: int) -> None:
    """Put the rows of a block together."""
    begin = block * BLOCK
    known = rows(connection, run, begin, begin + BLOCK)
    if not known:
        return
    curves: dict[str, Floats] = {}
    for event in known:
        at = slice(event.first - begin, event.first - begin + len(event.losses))
        for name, values in curves_of(event).items():
            curves.setdefault(name, np.full(BLOCK, np.nan, np.float32))[at] = values
    last = known[-1]
    for name, values in curves.items():
        put_block(connection, run, name, block, values, last.step, last.time)
    connection.execute("DELETE FROM steps WHERE run = ? AND first >= ? AND first < ?", (run, begin, begin + BLOCK))


def curves_of(event: Steps) -> dict[str, Floats]:
    """The event's curves by name."""
    return {
        LOSS: event.losses, RATE: event.learning_rates,
        **{PART + id: values for id, values in event.parts.items()},
    }  # fmt: skip


def put_block(
    connection: sqlite3.Connection, run: str, name: str, block: int, values: Floats, step: int, time: float
) -> None:
    """Store a curve's values of a block, shape (BLOCK,). One number where all are the same."""
    packed = np.ascontiguousarray(values, _F4)
    data = packed.tobytes()
    same = data == data[:4] * BLOCK
    connection.execute(
        "INSERT OR REPLACE INTO blocks (run, series, block, step, time, cells, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, name, block, step, time, pack_cells(Cells.of(packed)), data[:4] if same else data),
    )


def pack_cells(cells: Cells) -> bytes:
    """The summaries of a block as bytes."""
    parts = ((cells.low, _F4), (cells.high, _F4), (cells.total, _F8), (cells.count, _U2))
    return b"".join(values.astype(dtype).tobytes() for values, dtype in parts)


def unpack_cells(data: bytes) -> Cells:
    """Summaries that were packed. ValueError where they are damaged."""
    found, place = [], 0
    for dtype in (_F4, _F4, _F8, _U2):
        found.append(np.frombuffer(data, dtype, CELLS, place))
        place += CELLS * dtype.itemsize
    low, high, total, count = found
    return Cells(low.astype(np.float32), high.astype(np.float32), total.astype(np.float64), count.astype(np.float64))


def unpack_block(data: bytes) -> Floats:
    """A block's values, shape (BLOCK,); NaN where it is damaged."""
    if len(data) == _F4.itemsize:
        return np.full(BLOCK, np.frombuffer(data, _F4)[0], np.float32)
    if len(data) != BLOCK * _F4.itemsize:
        return np.full(BLOCK, np.nan, np.float32)
    return np.frombuffer(data, _F4).astype(np.float32, copy=False)


def block(connection: sqlite3.Connection, run: str, name: str, number: int) -> Floats:
    """A curve's values of a block; NaN where it has none."""
    query = "SELECT data FROM blocks WHERE run = ? AND series = ? AND block = ?"
    row = connection.execute(query, (run, name, number)).fetchone()
    return unpack_block(row[0] if row is not None else b"")


def blocks_of(connection: sqlite3.Connection, run: str, since: int = 0) -> Mapping[int, dict[str, Any]]:
    """By number, the blocks from ``since`` on: ``step``, ``time`` and ``names``, the curves that it has."""
    query = "SELECT block, series, step, time FROM blocks WHERE run = ? AND block >= ? ORDER BY block, series"
    found: dict[int, dict[str, Any]] = {}
    for number, name, step, time in connection.execute(query, (run, since)):
        found.setdefault(number, {"step": step, "time": time, "names": []})["names"].append(name)
    return found


def whole(connection: sqlite3.Connection, run: str, number: int, about: Mapping[str, Any]) -> Steps:
    """A block as one event."""
    curves = {name: block(connection, run, name, number) for name in about["names"]}
    missing = np.full(BLOCK, np.nan, np.float32)
    return Steps(
        step=about["step"], time=about["time"], first=number * BLOCK, losses=curves.get(LOSS, missing),
        learning_rates=curves.get(RATE, missing),
        parts={name.removeprefix(PART): values for name, values in curves.items() if name.startswith(PART)},
    )  # fmt: skip


def merge_rows(connection: sqlite3.Connection, run: str) -> None:
    """Put what came last together in one row, where the rows follow one another."""
    known = rows(connection, run)
    for before, after in pairwise(known):
        if before.first + len(before.losses) != after.first or before.parts.keys() != after.parts.keys():
            return
    if len(known) > 1 and known[0].first // BLOCK == known[-1].first // BLOCK:
        connection.execute("DELETE FROM steps WHERE run = ?", (run,))
        put_row(connection, run, merged(known))


def cut(connection: sqlite3.Connection, run: str, step: int) -> None:
    """Forget the losses of this step and of all behind it."""
    kept = [piece(event, event.first, step) for event in rows(connection, run, step - 1, step) if event.first < step]
    number = step // BLOCK
    known = blocks_of(connection, run, number)
    if number in known and step % BLOCK:
        kept.append(piece(whole(connection, run, number, known[number]), number * BLOCK, step))
    connection.execute("DELETE FROM steps WHERE run = ? AND first + count > ?", (run, step))
    connection.execute("DELETE FROM blocks WHERE run = ? AND block >= ?", (run, number))
    for event in kept:
        if len(event.losses):
            put_row(connection, run, event)
