"""Parquet and Arrow files: small ones in memory, large ones by row group into columns on disk (`data.table_stream`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

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


def read_parquet(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of a Parquet file. DataError where it is damaged, or unpacks to far more than it can hold."""
    _check(path)
    return _read(path, "parquet", reference, progress)


def read_arrow(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of an Arrow (Feather) file. DataError where it is damaged."""
    return _read(path, "arrow", reference, progress)


def first_rows(path: Path, reference: DataReference) -> Source | None:
    """The first rows of a large file; None of one that is not large."""
    form = "arrow" if _magic(path) == b"ARROW1" else "parquet"
    if form == "parquet":
        _check(path)
    scan = _scan(path, form)
    if not _is_large(path, scan, reference, path.name):
        return None
    return typed_source(_collected(scan.head(FIRST), path.name), path.name, reference, lambda _: None, {"format": form})


def _magic(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(6)


def _check(path: Path) -> None:
    """DataError where a Parquet file promises more than it can hold."""
    about = footer(path)
    if about.rows > MOST_ROWS:
        raise DataError(f"“{path.name}” says that it has {about.rows:,} rows, which is too many; use fewer rows")
    for unpacked, packed in zip(about.unpacked, about.packed, strict=True):
        if unpacked > MOST or (unpacked > MUCH and unpacked > RATIO * max(packed, 1)):
            raise DataError(
                f"“{path.name}” unpacks {packed:,} bytes to {unpacked / 2**30:.1f} GiB at once; if you trust it, write "
                "it again in smaller row groups"
            )


def _scan(path: Path, form: str) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False) if form == "parquet" else pl.scan_ipc(path, glob=False)


def _is_large(path: Path, scan: pl.LazyFrame, reference: DataReference, name: str) -> bool:
    asked = reference.options.get("reading", "auto")
    if asked != "auto":
        return bool(asked == "disk")
    rows = int(_collected(scan.select(pl.len()), name).item())
    return max(path.stat().st_size, rows * 8 * len(scan.collect_schema())) > LARGE


def _collected(scan: pl.LazyFrame, name: str) -> pl.DataFrame:
    try:
        return scan.collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _damaged(name, error) from None


def _damaged(name: str, error: BaseException) -> DataError:
    reason = (str(error).splitlines() or [""])[0][:120]
    return DataError(f"“{name}” is damaged or cut short and cannot be read ({reason}); make or copy it again")


def _read(path: Path, form: str, reference: DataReference, progress: Progress) -> Source:
    scan = _scan(path, form)
    try:
        schema = scan.collect_schema()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _damaged(path.name, error) from None
    options = {"format": form}
    if not _is_large(path, scan, reference, path.name):
        frame = _collected(scan, path.name)
        progress(0.3)
        return typed_source(frame, path.name, reference, progress, options)
    names = tuple(name for name, dtype in schema.items() if not (dtype.is_nested() or dtype in (pl.Binary, pl.Object)))
    left = [name for name in schema if name not in names]
    warnings = (f"A large table is read without columns of lists or bytes: {quoted(left)}",) if left else ()
    if not names:
        raise DataError(f"“{path.name}” has no column of numbers, texts or dates; choose other data")
    rows = int(_collected(scan.select(pl.len()), path.name).item())

    def read(columns: tuple[str, ...], told: Progress) -> Iterator[pl.DataFrame]:
        done = 0
        try:
            for frame in batches(scan.select(columns), rows):
                yield frame
                done += frame.height
                told(0.1 + 0.85 * done / max(1, rows))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _damaged(path.name, error) from None

    size = max(path.stat().st_size, rows * 8 * len(names))
    table = Blocks(path.name, "\0".join((known_by(path), form, *names)), names, read, size, typed=True)
    return stored_source(table, reference, warnings, options, progress)


def batches(scan: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """A scan's rows in their order, some at a time."""
    if hasattr(scan, "collect_batches"):
        for frame in scan.collect_batches(chunk_size=ROWS, maintain_order=True, engine="streaming"):
            yield from (frame,) if frame.height else ()
        return
    for start in range(0, rows, ROWS):
        yield scan.slice(start, ROWS).collect()
