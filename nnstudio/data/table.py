"""Reading a CSV file into columns, each with the kind that its cells have."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nnstudio.data.columns import Column, Source
from nnstudio.data.dialect import MISSING, Dialect, decoded, detect
from nnstudio.data.reference import ColumnChoice, DataError, DataReference

#: A column of texts is a category up to so many different ones ...
FEW, MANY = 20, 1000
#: Times are written in one of these ways.
TIMES = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %H:%M",
)  # fmt: skip
#: Names of columns that number the rows.
COUNTERS = frozenset({"", "id", "index", "unnamed: 0", "row", "no", "nr", "#"})
#: A cell may hold a long text; the csv module allows 128 KiB otherwise.
csv.field_size_limit(2**31 - 1)
GREATEST = float(np.finfo(np.float32).max)
#: No CSV file is read that is larger, in bytes.
LARGEST = 4 << 30

Progress = Callable[[float], None]
AUTOMATIC = ColumnChoice.make({})


def dialect_of(data: bytes, name: str, options: Mapping[str, Any]) -> Dialect:
    """How the file is written: as the options say, and as detected where they say nothing."""
    found = detect(data, name) if not {"delimiter", "encoding", "header", "decimal"} <= options.keys() else None
    return Dialect(
        *(options[part] if part in options else getattr(found, part) for part in Dialect.__dataclass_fields__)
    )


def csv_bytes(path: Path) -> bytes:
    """What stands in a file of text. DataError where that is too much; OSError where it cannot be read."""
    if path.stat().st_size > LARGEST:
        raise DataError(f"“{path.name}” is larger than {LARGEST >> 30} GiB; split it or use fewer rows")
    return path.read_bytes()


def read_csv_file(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of a CSV file; see :func:`read_csv`."""
    return read_csv(csv_bytes(path), path.name, reference, progress)


def read_csv(data: bytes, name: str, reference: DataReference, progress: Progress) -> Source:
    """The columns of a CSV file. DataError where it is empty, ragged, of another encoding or without rows."""
    if not data.strip():
        raise DataError(f"“{name}” is empty; a CSV file with one row a line was expected")
    dialect = dialect_of(data, name, reference.options)
    text = decoded(data, dialect.encoding, name)
    progress(0.2)
    _check_widths(text, dialect.delimiter, name)
    progress(0.4)
    frame = _parsed(text, dialect, name)
    frame, warnings = _named(frame, dialect.header)
    if dialect.encoding in ("latin-1", "cp1252") and "encoding" not in reference.options:
        words = "Latin-1" if dialect.encoding == "latin-1" else "Windows-1252"
        warnings.append(f"“{name}” is not in UTF-8 and was read as {words}; choose the encoding if letters look wrong")
    columns: dict[str, Column] = {}
    for index, column in enumerate(frame.columns):
        choice = reference.fields.get(column, AUTOMATIC)
        before = reference.types.get(column)
        columns[column] = _column(frame[column], choice, dialect, warnings, before is not None and before.is_float)
        progress(0.4 + 0.5 * (index + 1) / frame.width)
    options = {"format": "csv", **{part: getattr(dialect, part) for part in Dialect.__dataclass_fields__}}
    return Source(columns, frame.height, True, frame, tuple(warnings), options)


def _check_widths(text: str, delimiter: str, name: str) -> None:
    """DataError that names the first line with another number of values than the first has."""
    if '"' in text:
        _check_quoted(text, delimiter, name)
        return
    expected = -1
    for number, line in enumerate(io.StringIO(text), 1):
        if line.isspace() and not line.strip("\r\n "):
            continue
        width = line.count(delimiter) + 1
        if expected < 0:
            expected = width
        elif width != expected:
            raise _ragged(name, number, width, expected)


def _check_quoted(text: str, delimiter: str, name: str) -> None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    expected = -1
    try:
        for row in reader:
            if not row:
                continue
            if expected < 0:
                expected = len(row)
            elif len(row) != expected:
                raise _ragged(name, reader.line_num, len(row), expected)
    except csv.Error as error:
        raise DataError(
            f"“{name}” cannot be read as CSV at line {reader.line_num} ({error}); "
            "look for a quotation mark that is not closed, or choose another delimiter"
        ) from None


def _ragged(name: str, line: int, width: int, expected: int) -> DataError:
    values = "1 value" if width == 1 else f"{width} values"
    return DataError(
        f"Line {line} of “{name}” has {values} where {expected} were expected; "
        "correct the line or choose another delimiter"
    )


def _parsed(text: str, dialect: Dialect, name: str) -> pl.DataFrame:
    """Every cell as text; rows without any value left out."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        frame = pl.read_csv(
            text.encode(), separator=dialect.delimiter, has_header=False, infer_schema=False, raise_if_empty=True
        )
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"“{name}” cannot be read as CSV with {dialect.delimiter!r} between values ({reason}); "
            "choose another delimiter"
        ) from None
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if frame.height <= dialect.header:
        raise DataError(f"“{name}” has no rows below its header; a CSV file with one row a line was expected")
    return frame


def _named(frame: pl.DataFrame, header: bool) -> tuple[pl.DataFrame, list[str]]:
    """The frame with its columns named, each name once, and what was changed for that."""
    first = [str(cell or "").strip() for cell in frame.row(0)] if header else [""] * frame.width
    names: list[str] = []
    twice: list[str] = []
    for index, given in enumerate(first):
        name = base = given or f"column_{index + 1}"
        number = 2
        while name in names or (name != given and name in first):
            name, number = f"{base}_{number}", number + 1
        if given in names:
            twice.append(f"“{given}” (now “{name}”)")
        names.append(name)
    warnings = []
    if twice:
        warnings.append(f"Two columns have the same name and the later was renamed: {', '.join(twice)}")
    return frame.slice(int(header)).rename(dict(zip(frame.columns, names, strict=True))), warnings


def _column(cells: pl.Series, choice: ColumnChoice, dialect: Dialect, warnings: list[str], was_number: bool) -> Column:
    """One column, of the kind that was chosen or else that its cells have. ``was_number``: it held numbers when the
    data was chosen, and does so still where a few texts are among them."""
    name = cells.name
    stripped = cells.str.strip_chars()
    stripped = stripped.set(stripped.str.to_lowercase().is_in(list(MISSING)).fill_null(False), None)
    known = len(stripped) - stripped.null_count()
    numbers = _numbers(stripped, dialect.decimal)
    numeric = known - (numbers.null_count() - stripped.null_count())
    odd = stripped.filter(numbers.is_null() & stripped.is_not_null())[0] if known > numeric else ""
    kind = choice.kind
    if kind == "auto":
        kind = _detected(stripped, known, numeric)
        mixed = kind != "number" and known > numeric >= 0.8 * known
        if mixed and was_number:
            kind = "number"
        elif mixed:
            warnings.append(
                f"Column “{name}” holds numbers except for {_texts(known - numeric)} such as “{odd}”; "
                "choose “number” as its kind to count those as missing"
            )
    if kind == "number":
        if known > numeric:
            warnings.append(
                f"Column “{name}” has {_texts(known - numeric)} where numbers were expected, such as “{odd}”; "
                "they count as missing"
            )
        return _number_column(name, numbers, choice, warnings)
    if kind == "time":
        times = _times(stripped)
        if times is None:
            raise DataError(f"Column “{name}” holds no dates such as 2024-12-31; choose another kind for it")
        return Column(name, "time", times, role=_role(choice, "ignored"))
    if kind == "category":
        return category_column(name, stripped, choice)
    if kind == "image":
        raise DataError(f"Column “{name}” of a table cannot be an image; choose number or category as its kind")
    return Column(name, "text", stripped.to_numpy(), role="ignored")


def _texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count} texts"


def _detected(cells: pl.Series, known: int, numeric: int) -> str:
    if known == numeric:
        return "number"
    if _times(cells) is not None:
        return "time"
    different = cells.drop_nulls().n_unique()
    return "category" if different <= FEW or (different <= MANY and different * 2 <= known) else "text"


def _numbers(cells: pl.Series, decimal: str) -> pl.Series:
    if decimal == ",":
        cells = cells.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return cells.cast(pl.Float64, strict=False)


def _number_column(name: str, numbers: pl.Series, choice: ColumnChoice, warnings: list[str]) -> Column:
    values = numbers.fill_null(float("nan")).to_numpy().astype(np.float64)
    role = "input"
    unusable = ~np.isnan(values) & ~(np.abs(values) <= GREATEST)
    if unusable.any():
        warnings.append(
            f"Column “{name}” has {int(unusable.sum())} values that are infinite or too large for a 32-bit number; "
            "they count as missing"
        )
        values[unusable] = np.nan
    present = values[~np.isnan(values)]
    if not present.size:
        role = "ignored" if choice.kind == "auto" else role
        warnings.append(f"Column “{name}” has no values at all" + (" and is ignored" if role == "ignored" else ""))
    elif name.lower() in COUNTERS and len(present) == len(values) > 2 and (np.diff(values) == 1).all():
        role = "ignored"
    return Column(
        name, "number", values, role=_role(choice, role), standardise=choice.scaling in ("auto", "standardise")
    )


def category_column(name: str, cells: pl.Series, choice: ColumnChoice) -> Column:
    """Codes into the sorted different values; where all are numbers, sorted as such."""
    different = cells.drop_nulls().unique().to_list()
    try:
        different.sort(key=float)
    except ValueError:
        different.sort()
    codes = {value: code for code, value in enumerate(different)}
    values = (
        cells.replace_strict(codes, default=-1, return_dtype=pl.Int64) if codes else cells.is_null().cast(pl.Int64) - 2
    )
    values = values.fill_null(-1)
    return Column(
        name, "category", values.to_numpy().astype(np.int64), tuple(map(str, different)), role=_role(choice, "input")
    )


def _times(cells: pl.Series) -> Any:
    """Seconds since 1970, NaN where missing; None where a cell is no time in any known way of writing it."""
    present = cells.drop_nulls()
    if not len(present):
        return None
    for way in TIMES:
        head = present.head(50).str.to_datetime(way, strict=False)
        if head.null_count():
            continue
        times = cells.str.to_datetime(way, strict=False, time_unit="us")
        if times.null_count() == cells.null_count():
            seconds = times.dt.epoch("us").cast(pl.Float64) / 1e6
            return seconds.fill_null(float("nan")).to_numpy().astype(np.float64)
    return None


def _role(choice: ColumnChoice, detected: str) -> str:
    return detected if choice.role == "auto" else choice.role
