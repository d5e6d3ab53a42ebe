"""Rows that stand several times, and in two splits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Column
from nnstudio.data.encoding import FED
from nnstudio.data.evenness import hardly_chance
from nnstudio.data.lazy import is_lazy
from nnstudio.data.likeness import Piece, counted, file_pieces, mixed, pieces_of, read
from nnstudio.data.looking import ROWS, DataCure, Finding, Sample
from nnstudio.data.reference import SPLITS
from nnstudio.data.resemblance import alike, as_compared, comparable
from nnstudio.data.splitting import compared

Rows = NDArray[np.int64]

#: Bytes of pictures, sounds and arrays that are read to compare them, at most: as many rows as that are.
READ = 1 << 27
#: The share of rows that must be repeated to be told.
SHARE = 0.01
#: Values that a column must have among those looked at for rows to be chosen by it; rows of it that are read together.
DIFFERENT, BLOCK = 1000, 1 << 20


def repeated(sample: Sample) -> Iterator[Finding]:
    """The same row stands in two splits, or several times."""
    columns = _columns(sample)
    rows, split = _looked_at(sample, columns)
    for look in (_pieces, _resembling):
        looked = look(sample, columns, rows)
        if looked is None:
            continue
        places, pieces, others = looked
        found = tuple(_told(sample, rows[places], split[places], pieces, others))
        if found:
            yield from found
            return


def _told(
    sample: Sample, rows: Rows, split: NDArray[np.int8], pieces: list[Piece], others: list[Piece]
) -> Iterator[Finding]:
    keys = np.sum([mixed(each.keys, salt) for salt, each in enumerate((*pieces, *others))], axis=0, dtype=np.uint64)
    _, first, place, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    again = np.ones(len(rows), bool)
    again[first] = False
    if not again.any() or not hardly_chance(pieces, others):
        return
    parts = np.zeros((len(counts), len(SPLITS)), bool)
    parts[place, split] = True
    trained = parts[:, 0] & parts[:, 1:].any(axis=1)
    leaked = int(np.count_nonzero(trained[place] & (split > 0)))
    shown = tuple(rows[again][:5].tolist())
    chosen = sample.dataset.reference.split
    once = DataCure(
        "Use equal rows once", "A row that is the same as an earlier one is then in no part.",
        lambda reference: reference.with_(split=reference.split.with_(once=True)),
    )  # fmt: skip
    if leaked and not chosen.together:
        held = int(np.count_nonzero(split > 0))
        joined = DataCure(
            "Keep equal rows together", "Rows that are the same then all go to one part.",
            lambda reference: reference.with_(split=reference.split.with_(together=True)),
        )  # fmt: skip
        yield Finding(
            "rows-in-two-splits",
            f"{leaked:,} of {held:,} rows to be judged by ({leaked / max(1, held):.0%}) stand among the training rows "
            "too, so figures are better than they should be",
            rows=shown, evidence={"rows": leaked, "share": leaked / max(1, held)}, cures=(joined, once),
        )  # fmt: skip
    elif int(again.sum()) > SHARE * len(again):
        yield Finding(
            "repeated-rows",
            f"{int(again.sum()):,} rows ({again.mean():.0%}) are the same as an earlier one, such as row "
            f"{shown[0] + 1:,}; they count several times",
            rows=shown, evidence={"rows": int(again.sum()), "share": float(again.mean())}, cures=(once,),
        )  # fmt: skip


def _columns(sample: Sample) -> list[Column]:
    """The columns by which rows are compared: as the split compares them, and dates that are inputs."""
    dataset = sample.dataset
    fed = {name for step in dataset.reference.steps for name in step.feeds}
    found = compared(dataset.columns.values(), fed, dataset.reference.fields)
    names = {column.name for column in found}
    return [*found, *(each for each in (*sample.inputs, *sample.targets) if each.name not in names)]


def _looked_at(sample: Sample, columns: list[Column]) -> tuple[Rows, NDArray[np.int8]]:
    """The rows that are compared, and the part of each: all that are in a part; of very many those whose number in one
    column has such a hash, so that equal ones are looked at together."""
    dataset = sample.dataset
    split = np.full(dataset.total, -1, np.int8)
    for part, name in enumerate(SPLITS):
        split[dataset.indices(name)] = part
    used = np.flatnonzero(split >= 0)
    if len(used) <= ROWS:
        return used, split[used]
    chosen = _chosen(sample, columns, used)
    rows = chosen if chosen is not None else sample.rows[sample.split >= 0]
    return rows, split[rows]


def _chosen(sample: Sample, columns: list[Column], used: Rows) -> Rows | None:
    """About `ROWS` of these rows, by what stands in the column that differs most. None where each differs little."""
    differ = {
        column.name: len(np.unique(sample.values[column.name]))
        for column in columns
        if column.kind in ("number", "category", "time") and column.name in sample.values
    }
    name = max(differ, key=lambda each: differ[each], default="")
    if not name or differ[name] < DIFFERENT:
        return None
    column, most = sample.dataset.columns[name], np.uint64(2**64 * (ROWS / len(used)) * (1 - 2**-20))
    kept = []
    for start in range(0, len(used), BLOCK):
        if not sample.wanted():
            return None
        rows = used[start : start + BLOCK]
        values = column.values[rows]
        (piece,) = pieces_of(column.kind, as_compared(column, values))
        kept.append(rows[mixed(piece.keys) < most])
    return np.concatenate(kept)


def _pieces(sample: Sample, columns: list[Column], rows: Rows) -> tuple[Rows, list[Piece], list[Piece]] | None:
    """The places of the rows that are compared, and what they are made of: inputs, and targets. None where there is
    nothing to compare, or it is no longer wanted."""
    files = {c.name: f for c in columns if (f := file_pieces(c.values, rows)) is not None}
    places = _some(rows, sum(_bytes(column) for column in columns if column.name not in files))
    kept = {name: [Piece(each.keys[places], each.possible) for each in made] for name, made in files.items()}
    return _made(sample, columns, rows, places, kept)


def _resembling(sample: Sample, columns: list[Column], rows: Rows) -> tuple[Rows, list[Piece], list[Piece]] | None:
    """As :func:`_pieces`, of rows with pictures that are compared by their looks; None where there are none such."""
    pictures = [column for column in columns if comparable(column)]
    if not pictures:
        return None
    places = _some(rows, sum(map(_bytes, columns)))
    seen = {}
    for column in pictures:
        codes = alike(column, rows[places], sample.wanted)
        if codes is None:
            return None
        made = counted(codes.view(np.uint64))
        seen[column.name] = [made, made]  # so much is in a picture that none is alike by chance
    return _made(sample, columns, rows, places, seen)


def _some(rows: Rows, large: int) -> Rows:
    """The places of rows of which one has so many bytes to be read: as many of them, at random, as `READ` allows."""
    count = max(1, READ // large) if large else len(rows)
    if count >= len(rows):
        return np.arange(len(rows))
    return np.sort(np.random.default_rng(0).choice(len(rows), count, replace=False))


def _made(
    sample: Sample, columns: list[Column], rows: Rows, places: Rows, known: dict[str, list[Piece]]
) -> tuple[Rows, list[Piece], list[Piece]] | None:
    inputs: list[Piece] = []
    targets: list[Piece] = []
    for column in columns:
        made = known.get(column.name)
        if made is None:
            values = read(column.values, rows[places], sample.wanted)
            if values is None:
                return None
            made = pieces_of(column.kind, as_compared(column, values))
        (targets if column.role == "target" else inputs).extend(made)
    return (places, inputs, targets) if len(places) > 1 and inputs else None


def _bytes(column: Column) -> int:
    """How many bytes a row of a column has, where it is more than a value of a table."""
    if column.kind not in FED or column.kind in ("number", "category"):
        return 0
    values = column.values
    return (
        int(values.dtype.itemsize * np.prod(values.shape[1:], dtype=np.int64)) if is_lazy(values) or len(values) else 0
    )
