"""Tables whose columns have types of their own: Parquet, Arrow, Excel, SQLite and JSON, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from nnstudio.data.cells import AUTOMATIC, Meaning, Memory, Numbers, chosen
from nnstudio.data.columns import Array, Column, Source, usable
from nnstudio.data.errors import DataError
from nnstudio.data.reference import ColumnChoice, DataReference
from nnstudio.data.table import column_of

Progress = Callable[[float], None]


def typed_source(
    frame: pl.DataFrame, name: str, reference: DataReference, progress: Progress, options: Mapping[str, Any],
    warnings: tuple[str, ...] = (),
) -> Source:  # fmt: skip
    """The columns of a frame. DataError where it has no rows, or a column cannot be of the kind that was chosen."""
    if not frame.height or not frame.width:
        raise DataError(f"“{name}” has no rows; a table with one row a line was expected")
    told = list(warnings)
    columns = {}
    for place, cells in enumerate(frame):
        choice = reference.fields.get(cells.name, AUTOMATIC)
        before = reference.types.get(cells.name)
        columns[cells.name] = typed_column(cells, choice, told, before is not None and before.is_float)
        progress(0.3 + 0.6 * (place + 1) / frame.width)
    return Source(columns, frame.height, True, frame, tuple(told), dict(options))


def typed_column(cells: pl.Series, choice: ColumnChoice, warnings: list[str], was_number: bool = False) -> Column:
    """One column by its type: numbers; times; lists of numbers of one length as arrays; the rest as texts."""
    dtype = cells.dtype
    if choice.kind in ("auto", "number") and counts(dtype):
        gatherer = Numbers(cells.name, Meaning("number"), Memory())
        gatherer.add_numbers(as_numbers(cells))
        column, told = gatherer.finish(choice)
        warnings += told
        return chosen(column, choice)
    if isinstance(dtype, pl.List | pl.Array) and choice.kind == "auto":
        made = _array(cells, warnings)
        if made is not None:
            return chosen(Column(cells.name, "array", made), choice)
    texts = as_texts(cells)
    if texts.null_count() == len(texts) > cells.null_count():
        warnings.append(f"Column “{cells.name}” holds {dtype} and is ignored; numbers, texts or dates were expected")
        return Column(cells.name, "text", texts.to_numpy(), role="ignored")
    return column_of(texts, choice, ".", warnings, was_number, typed=True)


def counts(dtype: pl.DataType) -> bool:
    """Whether a typed column holds numbers: durations are those of their seconds."""
    return dtype.is_numeric() or dtype == pl.Null or dtype == pl.Duration


def as_numbers(cells: pl.Series) -> Array:
    """Values of a typed column as float64, NaN where missing; of durations their seconds."""
    if cells.dtype == pl.Duration:
        cells = cells.dt.total_microseconds().cast(pl.Float64) / 1e6
    return cells.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64)


def as_texts(cells: pl.Series) -> pl.Series:
    """Values of a typed column as they would stand in a table of text; null where they cannot."""
    dtype = cells.dtype
    if dtype == pl.String:
        return cells
    if dtype in (pl.Datetime, pl.Date):
        return cells.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%d %H:%M:%S%.f")
    if isinstance(dtype, pl.List) and dtype.inner == pl.String:
        return cells.list.join(" ", ignore_nulls=True)
    if dtype == pl.Duration:
        return pl.Series(cells.name, as_numbers(cells)).fill_nan(None).cast(pl.String)
    if dtype in (pl.Binary, pl.Object) or dtype.is_nested():
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.String)
    return cells.cast(pl.String, strict=False)


def _array(cells: pl.Series, warnings: list[str]) -> Array | None:
    """Lists of numbers, all of one length, as an array float32; None where they are others."""
    inner = getattr(cells.dtype, "inner", None)
    if inner is None or not inner.is_numeric() or cells.null_count():
        return None
    lists = cells.cast(pl.List(pl.Float64)) if isinstance(cells.dtype, pl.Array) else cells
    lengths = lists.list.len().unique().to_list()
    if len(lengths) != 1 or not lengths[0]:
        return None
    flat = lists.explode().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    bad = ~np.isnan(flat) & ~usable(flat)
    if bad.any():
        warnings.append(
            f"Column “{cells.name}” has {int(bad.sum()):,} values that are infinite or too large for a 32-bit number; "
            "they count as missing"
        )
    return np.where(bad, np.nan, flat).astype(np.float32).reshape(len(cells), lengths[0])
