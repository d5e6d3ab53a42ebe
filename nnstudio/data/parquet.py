"""Parquet and Arrow files: small ones in memory, large ones by row group into columns on disk (`data.table_stream`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import polars as pl

from nnstudio.data.arrow_stream import INDEXED, ArrowStream, stream_of
from nnstudio.data.columns import Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.formats import known_by
from nnstudio.data.parquet_footer import footer
from nnstudio.data.reference import DataReference
from nnstudio.data.table_stream import Blocks, stored_source
from nnstudio.data.typed import typed_source

#: A table that would take more bytes in memory is read in blocks, where the option ``reading`` does not say otherwise.
LARGE = 256 << 20
#: Rows of a block, and rows that are shown at once.
ROWS, FIRST = 250_000, 1000
#: No row group is unpacked to more bytes, and none of more than MUCH that is so many times as large as in the file.
MOST, MUCH, RATIO = 8 << 30, 256 << 20, 200
#: No file with more rows is read.
MOST_ROWS = 4_000_000_000

Progress = Callable[[float], None]
T = TypeVar("T")


def read_parquet(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of a Parquet file. DataError where it is damaged, or unpacks to far more than it can hold."""
    _check(path)
    return _read(path, "parquet", reference, progress)


def read_arrow(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of an Arrow (Feather) file, or of a stream in one. DataError where it is damaged."""
    if _magic(path) == INDEXED:
        return _read(path, "arrow", reference, progress)
    stream = _stream(path)
    schema = _unless_damaged(path.name, stream.schema)
    if not _is_large(stream.unpacked, stream.rows, len(schema), reference):
        whole = _unless_damaged(path.name, lambda: pl.read_ipc_stream(path))
        progress(0.3)
        return typed_source(whole, path.name, reference, progress, {"format": "arrow"})

    def tables(columns: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        return (table.select(columns) for table in stream.tables(ROWS))

    return _on_disk(path, "arrow", schema, stream.rows, tables, reference, progress)


def first_rows(path: Path, reference: DataReference) -> Source | None:
    """The first rows of a large file; None of one that is not large."""
    magic = _magic(path)
    form = "parquet" if magic.startswith(b"PAR1") else "arrow"
    if form == "arrow" and magic != INDEXED:
        return _first_of_stream(path, reference)
    if form == "parquet":
        _check(path)
    scan = _scan(path, form)
    if not _is_large(path.stat().st_size, *_sizes(scan, path.name), reference):
        return None
    return typed_source(_collected(scan.head(FIRST), path.name), path.name, reference, lambda _: None, {"format": form})


def _first_of_stream(path: Path, reference: DataReference) -> Source | None:
    stream = _stream(path)
    if not _is_large(stream.unpacked, stream.rows, len(_unless_damaged(path.name, stream.schema)), reference):
        return None
    table = _unless_damaged(path.name, lambda: next(stream.tables(1)).head(FIRST))
    return typed_source(table, path.name, reference, lambda _: None, {"format": "arrow"})


def _magic(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(6)


def _check(path: Path) -> None:
    """DataError where a Parquet file promises more than it can hold."""
    about = footer(path)
    _check_sizes(path.name, about.rows, zip(about.unpacked, about.packed, strict=True), "row groups")


def _stream(path: Path) -> ArrowStream:
    """The stream in an Arrow file. DataError where it is damaged or promises more than it can hold."""
    stream = stream_of(path)
    sizes = ((message.unpacked, message.size) for message in stream.messages)
    _check_sizes(path.name, stream.rows, sizes, "batches")
    return stream


def _check_sizes(name: str, rows: int, sizes: Iterable[tuple[int, int]], what: str) -> None:
    """DataError where a table has too many rows or unpacks too much at once. sizes: unpacked and packed."""
    if rows > MOST_ROWS:
        raise DataError(f"“{name}” says that it has {rows:,} rows, which is too many; use fewer rows")
    for unpacked, packed in sizes:
        if unpacked > MOST or (unpacked > MUCH and unpacked > RATIO * max(packed, 1)):
            raise DataError(
                f"“{name}” unpacks {packed:,} bytes to {unpacked / 2**30:.1f} GiB at once; if you trust it, write it "
                f"again in smaller {what}"
            )


def _scan(path: Path, form: str) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False) if form == "parquet" else pl.scan_ipc(path, glob=False)


def _sizes(scan: pl.LazyFrame, name: str) -> tuple[int, int]:
    """How many rows and columns there are."""
    return int(_collected(scan.select(pl.len()), name).item()), len(scan.collect_schema())


def _is_large(size: int, rows: int, width: int, reference: DataReference) -> bool:
    asked = reference.options.get("reading", "auto")
    return asked == "disk" if asked != "auto" else max(size, rows * 8 * width) > LARGE


def _collected(scan: pl.LazyFrame, name: str) -> pl.DataFrame:
    return _unless_damaged(name, scan.collect)


def _unless_damaged(name: str, read: Callable[[], T]) -> T:
    """What is read. DataError where polars cannot."""
    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _damaged(name, error) from None


def _damaged(name: str, error: BaseException) -> DataError:
    reason = (str(error).splitlines() or [""])[0][:120]
    return DataError(f"“{name}” is damaged or cut short and cannot be read ({reason}); make or copy it again")


def _read(path: Path, form: str, reference: DataReference, progress: Progress) -> Source:
    scan = _scan(path, form)
    schema = _unless_damaged(path.name, scan.collect_schema)
    rows, width = _sizes(scan, path.name)
    if not _is_large(path.stat().st_size, rows, width, reference):
        frame = _collected(scan, path.name)
        progress(0.3)
        return typed_source(frame, path.name, reference, progress, {"format": form})
    return _on_disk(path, form, schema, rows, lambda names: batches(scan.select(names), rows), reference, progress)


def _on_disk(
    path: Path, form: str, schema: pl.Schema, rows: int,
    tables: Callable[[tuple[str, ...]], Iterator[pl.DataFrame]], reference: DataReference, progress: Progress,
) -> Source:  # fmt: skip
    """A large table, of which ``tables`` gives columns some rows at a time."""
    names = tuple(name for name, dtype in schema.items() if not (dtype.is_nested() or dtype in (pl.Binary, pl.Object)))
    left = [name for name in schema if name not in names]
    warnings = (f"A large table is read without columns of lists or bytes: {quoted(left)}",) if left else ()
    if not names:
        raise DataError(f"“{path.name}” has no column of numbers, texts or dates; choose other data")

    def read(columns: tuple[str, ...], told: Progress) -> Iterator[pl.DataFrame]:
        done = 0
        try:
            for frame in tables(columns):
                yield frame
                done += frame.height
                told(0.1 + 0.85 * done / max(1, rows))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _damaged(path.name, error) from None

    size = max(path.stat().st_size, rows * 8 * len(names))
    table = Blocks(path.name, "\0".join((known_by(path), form, *names)), names, read, size, typed=True)
    return stored_source(table, reference, warnings, {"format": form}, progress)


def batches(scan: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """A scan's rows in their order, some at a time."""
    if hasattr(scan, "collect_batches"):
        for frame in scan.collect_batches(chunk_size=ROWS, maintain_order=True, engine="streaming"):
            yield from (frame,) if frame.height else ()
        return
    for start in range(0, rows, ROWS):
        yield scan.slice(start, ROWS).collect()
