"""Tables larger than memory: read once in blocks into columns on disk, which are memory-mapped from then on.

What is kept stands in the user's cache (`data.caching`) under the file's hash, so that the table opens at once when it
is chosen again, and a column that is to be of another kind is read alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from nnstudio.data.caching import kept, written
from nnstudio.data.cells import AUTOMATIC, GATHERERS, LOOKED, Gatherer, Meaning, Numbers, chosen, meaning
from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy
from nnstudio.data.reference import ColumnChoice, DataReference
from nnstudio.data.stores import NumbersFile, StoredColumn, StoredTexts, TextsFile
from nnstudio.data.typed import as_numbers, as_texts, counts

#: What is kept by another version is made again.
VERSION = 2
#: Bytes on disk for each byte of the file, at most about.
ROOM = 1.5
#: Bytes in memory of the first rows, by which is seen what columns are.
FIRST = 256 << 20

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Blocks:
    """A table that comes in blocks. name: of the file. key: says which file it is and how it is read. names: of the
    columns. read(columns, progress): frames with these columns, texts or of types that the file has. size: bytes.
    typed: whether the file has types, so that texts are texts. told: what the person should know, known when
    all was read. decimal: sign before decimals in texts."""

    name: str
    key: str
    names: tuple[str, ...]
    read: Callable[[tuple[str, ...], Progress], Iterator[pl.DataFrame]]
    size: int
    typed: bool = False
    told: Sequence[str] = ()
    decimal: str = "."


def stored_source(
    table: Blocks, reference: DataReference, warnings: tuple[str, ...], options: Mapping[str, Any], progress: Progress
) -> Source:
    """The table's columns, memory-mapped; those that are not kept yet are read first. DataError, OSError."""
    key = hashlib.sha256(f"{VERSION}\0{table.key}".encode()).hexdigest()[:32]
    folder = kept(key, 0, table.name)
    found = {name: _kept(folder, at, name, reference) for at, name in enumerate(table.names)}
    lacking = tuple(name for name, about in found.items() if about is None)
    if lacking:
        kept(key, int(ROOM * table.size * len(lacking) / len(table.names)), table.name)
        _convert(table, folder, lacking, reference, progress)
        found = {name: _kept(folder, at, name, reference) for at, name in enumerate(table.names)}
    columns, told = {}, list(warnings)
    rows = 0
    for name, about in found.items():
        if about is None:  # another process dropped it meanwhile
            raise DataError(f"What was kept of “{table.name}” on disk is gone; open the data again")
        told += about["told"]
        rows = int(about["rows"])
        columns[name] = chosen(_column(folder, name, about), reference.fields.get(name, AUTOMATIC))
    return Source(columns, rows, True, StoredRows(columns), tuple(dict.fromkeys(told)), options)


def _asked(name: str, reference: DataReference) -> str:
    """What distinguishes how a column is read: the kind that was chosen, and whether it held numbers."""
    kind = reference.fields.get(name, AUTOMATIC).kind
    before = reference.types.get(name)
    return f"{kind}+" if kind == "auto" and before is not None and before.is_float else kind


def _kept(folder: Path, at: int, name: str, reference: DataReference) -> dict[str, Any] | None:
    """What is known of a column that is on disk, as it is asked for; None where it is not there."""
    asked = _asked(name, reference)
    for each in (asked, "auto") if asked == "auto+" else (asked,):
        with suppress(OSError, ValueError):
            about = json.loads((folder / f"{at}-{each}.json").read_text("utf-8"))
            if each == asked or about["kind"] == "number":
                return cast(dict[str, Any], about)
    return None


def _column(folder: Path, name: str, about: Mapping[str, Any]) -> Column:
    path, rows, missing = folder / about["file"], int(about["rows"]), int(about["missing"])
    values: Lazy
    if about["kind"] == "text":
        values = StoredTexts(path, path.with_suffix(".ends"), rows, missing)
    else:
        dtype = np.dtype(np.int64 if about["kind"] == "category" else np.float64)
        values = StoredColumn(path, rows, np.dtype(about["dtype"]), dtype, missing)
    return Column(
        name, about["kind"], cast(Array, values), tuple(about["categories"]), role=about["role"],
        unit=about.get("unit", ""), decimal=about.get("decimal", "."),
    )  # fmt: skip


@dataclass
class _Making:
    """A column that is being written: what gathers it, what was told of it, and files with the names that they get."""

    gatherer: Gatherer
    told: list[str]
    sink: NumbersFile | TextsFile
    files: dict[Path, Path]

    def put(self, about_file: Path, choice: ColumnChoice) -> None:
        """Finish the column and give its files their names, what is known of it last."""
        column, more = self.gatherer.finish(choice)
        kept_as = self.sink.kept.str if isinstance(self.sink, NumbersFile) else ""
        (final,) = list(self.files.values())[:1]
        about = {
            "kind": column.kind, "rows": self.sink.rows, "missing": self.sink.missing, "role": column.role,
            "categories": list(column.categories), "told": [*self.told, *more], "dtype": kept_as, "file": final.name,
            "unit": column.unit, "decimal": column.decimal,
        }  # fmt: skip
        del column  # its memory map, so that the file can be renamed everywhere
        for aside, path in self.files.items():
            aside.replace(path)
        with written(about_file) as aside:
            aside.write_text(json.dumps(about), "utf-8")

    def drop(self) -> None:
        """Close and delete what was not finished."""
        self.sink.close()
        for aside in self.files:
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def _convert(table: Blocks, folder: Path, names: tuple[str, ...], reference: DataReference, progress: Progress) -> None:
    """Read these columns once and write them to the folder."""
    making: dict[str, _Making] = {}
    stems = {name: folder / f"{table.names.index(name)}-{_asked(name, reference)}" for name in names}
    try:
        for frame in _with_long_first(table.read(names, progress)):
            for name in names:
                if name not in making:
                    making[name] = _begun(frame[name], stems[name], table, reference)
                _add(making[name].gatherer, frame[name])
        if not making:
            raise DataError(f"“{table.name}” has no rows below its header; a table with one row a line was expected")
        making[names[0]].told += table.told
        for name, one in making.items():
            one.put(stems[name].with_suffix(".json"), reference.fields.get(name, AUTOMATIC))
    finally:
        for one in making.values():
            one.drop()


def _with_long_first(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The frames, the first of them joined until they have enough rows to see what the columns are."""
    head: list[pl.DataFrame] = []
    began = False
    for frame in frames:
        if began:
            yield frame
            continue
        head.append(frame)
        if sum(each.height for each in head) >= LOOKED or sum(each.estimated_size() for each in head) > FIRST:
            began = True
            yield pl.concat(head, how="vertical_relaxed")
    if head and not began:
        yield pl.concat(head, how="vertical_relaxed")


def _begun(cells: pl.Series, stem: Path, table: Blocks, reference: DataReference) -> _Making:
    """What makes a column of its cells, by the first of them."""
    choice = reference.fields.get(cells.name, AUTOMATIC)
    told: list[str] = []
    if counts(cells.dtype) and choice.kind in ("auto", "number"):
        understood = Meaning("number", decimal=table.decimal)
    else:
        before = reference.types.get(cells.name)
        was_number = before is not None and before.is_float
        understood, told = meaning(as_texts(cells), choice, table.decimal, was_number, table.typed)
    kind = GATHERERS[understood.kind]
    files = {_aside(path): path for path in (stem.with_suffix(".values"), stem.with_suffix(".ends"))}
    first, ends = files
    sink: NumbersFile | TextsFile
    if understood.kind == "text":
        sink = TextsFile(first, ends)
    else:
        del files[ends]
        sink = NumbersFile(first, kind.dtype, np.int64 if understood.kind == "category" else np.float64)
    return _Making(kind(cells.name, understood, sink), told, sink, files)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}")


def _add(gatherer: Gatherer, cells: pl.Series) -> None:
    if isinstance(gatherer, Numbers) and counts(cells.dtype):
        gatherer.add_numbers(as_numbers(cells))
    else:
        gatherer.add(as_texts(cells))


class StoredRows:
    """Rows of columns on disk as they would stand in the file, for display."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns

    def __getitem__(self, part: slice) -> StoredRows:
        return StoredRows({name: replace(column, values=column.values[part]) for name, column in self._columns.items()})

    def rows(self) -> list[tuple[Any, ...]]:
        """A tuple for each row, None where a value is missing."""
        return list(zip(*(_shown(column) for column in self._columns.values()), strict=True))


def _shown(column: Column) -> list[Any]:
    values: list[Any] = column.values[:].tolist()
    if column.kind == "category":
        return [column.categories[code] if code >= 0 else None for code in values]
    if column.kind == "time":
        return [None if value != value else _iso(value) for value in values]
    if column.kind == "number":
        return [None if value != value else f"{value:.15g}" for value in values]
    return values


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(" 00:00:00")
