"""CSV files larger than memory: how they are written by their head, the rest in blocks (`data.table_stream`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from nnstudio.data.blocks import QUOTING, QuotingError, between_records, blocks, first_record, head_of
from nnstudio.data.columns import Source
from nnstudio.data.dialect import Dialect, encoding_doubts
from nnstudio.data.errors import DataError
from nnstudio.data.formats import known_by
from nnstudio.data.heading import Heading, detect, heading
from nnstudio.data.reference import DataReference
from nnstudio.data.table import dialect_of, named, read_csv, unpaired
from nnstudio.data.table_stream import Blocks, stored_source

#: A file of more bytes is read in blocks and kept on disk, where the option ``reading`` does not say otherwise.
LARGE = 64 << 20
#: Bytes by which is seen how a file is written, and which are shown at once.
HEAD, FIRST = 1 << 20, 256 << 10
PARTS = ("encoding", "delimiter", "header", "decimal")

Progress = Callable[[float], None]


def is_large(path: Path, reference: DataReference) -> bool:
    """Whether a table is read in blocks: by its size, or as the option ``reading`` says."""
    asked = reference.options.get("reading", "auto")
    return asked == "disk" or (asked == "auto" and path.stat().st_size > LARGE)


def first_rows(path: Path, reference: DataReference) -> Source | None:
    """The first rows of a large CSV file, read at once; None of one that is not large."""
    if not is_large(path, reference):
        return None
    with path.open("rb") as stream:
        head = head_of(stream, FIRST)
    encoding = dialect_of(head, path.name, reference.options).encoding
    text = head.decode(encoding, "ignore").encode()
    text = text[: between_records(text)] or text
    asked = reference.with_(options={**reference.options, "encoding": "utf-8"})
    return read_csv(text, path.name, asked, lambda _: None)


def detected(path: Path) -> Dialect:
    """How a large CSV file is written, by its head. DataError where that is empty or no text."""
    with path.open("rb") as stream:
        return detect(head_of(stream, HEAD), path.name)


def read_large_csv(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of a CSV file, on disk. DataError as for :func:`nnstudio.data.table.read_csv`, and where the disk has
    no room."""
    with path.open("rb") as stream:
        head = head_of(stream, HEAD)
    if not head.strip():
        raise DataError(f"“{path.name}” is empty; a CSV file with one row a line was expected")
    dialect = dialect_of(head, path.name, reference.options)
    text = head.decode(dialect.encoding, "ignore").removeprefix("\ufeff")
    above = heading(text, dialect.delimiter)
    text = text[above.start :].replace("\r", "\n")
    options = {"format": "csv", **{part: getattr(dialect, part) for part in PARTS}}
    told = above.told(path.name, dialect.header)
    told += encoding_doubts(path.name, "" if "encoding" in reference.options else dialect.encoding)

    def source(quoting: bool) -> Source:
        table, warnings = _table(path, dialect, text, above, quoting)
        return stored_source(table, reference, (*warnings, *told), options, progress)

    try:
        return source(True)
    except QuotingError as error:
        try:
            return source(False)
        except DataError:
            raise error from None


def _table(path: Path, dialect: Dialect, text: str, above: Heading, quoting: bool) -> tuple[Blocks, list[str]]:
    """A CSV file as blocks, and what the person should know of its columns' names. text: how the table begins."""
    record = first_record(dialect.spread(text[:FIRST]).encode(), quoting)
    first = next(csv.reader(io.StringIO(record), delimiter=dialect.separator, quoting=QUOTING[quoting]), [""])
    frame, warnings = named(pl.DataFrame([first], orient="row"), dialect.header)
    names = tuple(frame.columns)
    warnings += [] if quoting else [unpaired(path.name)]
    size = path.stat().st_size

    def read(columns: tuple[str, ...], told: Progress) -> Iterator[pl.DataFrame]:
        header = dialect.header
        for block in blocks(path, dialect, lambda done: told(0.1 + 0.85 * done / max(1, size)), above, quoting):
            if block.width != len(names):
                raise DataError(f"“{path.name}” has {block.width} values a line, not {len(names)}; choose a delimiter")
            yield block.rename(dict(zip(block.columns, names, strict=True))).select(columns).slice(int(header))
            header = False

    key = "\0".join((known_by(path), *(str(getattr(dialect, part)) for part in PARTS), *names))
    key += "" if quoting else "\0as letters"
    return Blocks(path.name, key, names, read, size, decimal=dialect.decimal), warnings
