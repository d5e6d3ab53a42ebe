"""Rows that stand several times, and in two splits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Column
from nnstudio.data.encoding import FED
from nnstudio.data.evenness import hardly_chance
from nnstudio.data.lazy import is_lazy
from nnstudio.data.likeness import Piece, file_pieces, mixed, pieces_of, read
from nnstudio.data.looking import DataCure, Finding, Sample
from nnstudio.data.reference import SPLITS
from nnstudio.data.splitting import compared

Rows = NDArray[np.int64]

#: Bytes of pictures, sounds and arrays that are read to compare them, at most: as many rows as that are.
READ = 1 << 27
#: The share of rows that must be repeated to be told.
SHARE = 0.01


def repeated(sample: Sample) -> Iterator[Finding]:
    """The same row stands in two splits, or several times."""
    looked = _pieces(sample, _columns(sample))
    if looked is None:
        return
    places, pieces, others = looked
    rows, split = sample.rows[places], sample.split[places]
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


def _pieces(sample: Sample, columns: list[Column]) -> tuple[Rows, list[Piece], list[Piece]] | None:
    """The places of the rows that are compared, and what they are made of: inputs, and targets. None where there is
    nothing to compare, or it is no longer wanted."""
    places: Rows = np.flatnonzero(sample.split >= 0)
    files = {c.name: f for c in columns if (f := file_pieces(c.values, sample.rows[places])) is not None}
    large = sum(_bytes(column) for column in columns if column.name not in files)
    step = -(-large * len(places) // READ)
    if step > 1:
        files = {name: [Piece(each.keys[::step], each.possible) for each in made] for name, made in files.items()}
        places = places[::step]
    inputs: list[Piece] = []
    targets: list[Piece] = []
    for column in columns:
        made = files.get(column.name)
        if made is None:
            values = read(column.values, sample.rows[places], sample.wanted)
            if values is None:
                return None
            made = pieces_of(column.kind, values)
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
