"""Reading a CSV file into columns, each with the kind that its cells have."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from nnstudio.data.cells import AUTOMATIC, GATHERERS, Memory, chosen, meaning
from nnstudio.data.columns import Column, Source, shortened
from nnstudio.data.dialect import Dialect, decoded, encoding_doubts
from nnstudio.data.errors import DataError
from nnstudio.data.heading import detect, heading
from nnstudio.data.reference import ColumnChoice, DataReference

#: A cell may hold a long text; the csv module allows 128 KiB otherwise.
csv.field_size_limit(2**31 - 1)
#: No CSV file is read into memory that is larger, in bytes.
LARGEST = 4 << 30

#: A reference that says nothing of how a file is read.
AUTOMATICALLY = DataReference("file:-")

#: A cell with quotation marks around it.
_AROUND = '^"([^"]*)"$'

Progress = Callable[[float], None]


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


def dialect_of_file(path: Path) -> Dialect:
    """How a CSV file is written, as detected: by all of it, or by the head of a large one."""
    from nnstudio.data import csv_stream

    if csv_stream.is_large(path, AUTOMATICALLY):
        return csv_stream.detected(path)
    return detect(csv_bytes(path), path.name)


def read_csv_file(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of a CSV file, in memory or, where it is large, on disk; see :func:`read_csv`."""
    from nnstudio.data import csv_stream

    if csv_stream.is_large(path, reference):
        return csv_stream.read_large_csv(path, reference, progress)
    return read_csv(csv_bytes(path), path.name, reference, progress)


def read_csv(data: bytes, name: str, reference: DataReference, progress: Progress) -> Source:
    """The columns of a CSV file. DataError where it is empty, ragged, of another encoding or without rows."""
    if not data.strip():
        raise DataError(f"“{name}” is empty; a CSV file with one row a line was expected")
    dialect = dialect_of(data, name, reference.options)
    text = decoded(data, dialect.encoding, name)
    above = heading(text, dialect.delimiter)
    text = dialect.spread(text[above.start :])
    progress(0.2)
    quoting = checked(text, dialect.separator, name, above.lines)
    progress(0.4)
    frame = parsed(text, dialect, name, quoting)
    frame, warnings = named(frame, dialect.header)
    warnings += above.told(name, dialect.header)
    warnings += [] if quoting else [unpaired(name)]
    warnings += encoding_doubts(name, "" if "encoding" in reference.options else dialect.encoding)
    columns: dict[str, Column] = {}
    for index, column in enumerate(frame.columns):
        choice = reference.fields.get(column, AUTOMATIC)
        before = reference.types.get(column)
        was_number = before is not None and before.is_float
        columns[column] = column_of(frame[column], choice, dialect.decimal, warnings, was_number)
        progress(0.4 + 0.5 * (index + 1) / frame.width)
    options = {"format": "csv", **{part: getattr(dialect, part) for part in Dialect.__dataclass_fields__}}
    return Source(columns, frame.height, True, frame, tuple(warnings), options)


def checked(text: str, delimiter: str, name: str, above: int = 0) -> bool:
    """Whether quotation marks stand around values, not among letters: where they work out and join no lines that have
    as many values each as the others. DataError that names the first line with another number of values than the first
    has. above: lines of the file before the text."""
    if '"' not in text:
        _check_plain(text, delimiter, name, above)
        return True
    refused = None
    try:
        if not _check_quoted(text, delimiter, name, above):
            return True
    except DataError as error:
        refused = error
    try:
        if _check_plain(text, delimiter, name, above) > 1:
            return False
    except DataError:
        pass
    if refused is not None:
        raise refused
    return True


def _check_plain(text: str, delimiter: str, name: str, above: int) -> int:
    """How many values each line has."""
    expected = -1
    for number, line in enumerate(io.StringIO(text), 1 + above):
        if line.isspace() and not line.strip("\r\n "):
            continue
        width = line.count(delimiter) + 1
        if expected < 0:
            expected = width
        elif width != expected:
            raise ragged(name, number, width, expected)
    return expected


def _check_quoted(text: str, delimiter: str, name: str, above: int) -> bool:
    """Whether one of the records has several lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    expected, before, joined = -1, 0, False
    try:
        for row in reader:
            joined, before = joined or reader.line_num > before + 1, reader.line_num
            if not row:
                continue
            if expected < 0:
                expected = len(row)
            elif len(row) != expected:
                raise ragged(name, above + reader.line_num, len(row), expected)
    except csv.Error as error:
        raise DataError(
            f"“{name}” cannot be read as CSV at line {above + reader.line_num} ({error}); "
            "look for a quotation mark that is not closed, or choose another delimiter"
        ) from None
    return joined


def unpaired(name: str) -> str:
    return f"“{shortened(name)}” has quotation marks that do not pair; each was read as a letter like others"


def ragged(name: str, line: int, width: int, expected: int) -> DataError:
    values = "1 value" if width == 1 else f"{width} values"
    return DataError(
        f"Line {line} of “{name}” has {values} where {expected} were expected; "
        "correct the line or choose another delimiter"
    )


def parsed(text: str, dialect: Dialect, name: str, quoting: bool = True) -> pl.DataFrame:
    """Every cell as text; rows without any value left out."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    frame = cells_of(text.encode(), dialect.separator, name, quoting)
    if frame.height <= dialect.header:
        raise DataError(f"“{name}” has no rows below its header; a CSV file with one row a line was expected")
    return frame


def cells_of(text: bytes, separator: str, name: str, quoting: bool = True) -> pl.DataFrame:
    """The cells of UTF-8 with newlines alone whose lines have as many values each, as texts; rows without any value
    left out. quoting: whether quotation marks stand around values. DataError where it cannot be read."""
    try:
        frame = pl.read_csv(
            text, separator=separator, has_header=False, infer_schema=False, raise_if_empty=False,
            quote_char='"' if quoting else None,
        )  # fmt: skip
    except pl.exceptions.PolarsError as error:
        by_hand = _by_hand(text.decode(), separator) if quoting else None
        if by_hand is None:
            reason = str(error).splitlines()[0][:60]
            raise DataError(
                f"“{shortened(name)}” cannot be read as CSV with {separator!r} between values ({reason}); "
                "choose another delimiter"
            ) from None
        frame = by_hand
    if not quoting:
        frame = frame.with_columns(pl.all().str.replace(_AROUND, "$1"))
    return frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame


def _by_hand(text: str, separator: str) -> pl.DataFrame | None:
    """The cells as the csv module reads them, which takes quotation marks amidst letters; None where it cannot."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error:
        return None
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return None
    columns = enumerate(zip(*rows, strict=True), 1)
    texts = [(f"column_{at}", [cell or None for cell in cells]) for at, cells in columns]
    return pl.DataFrame([pl.Series(name, cells, dtype=pl.String) for name, cells in texts])


def named(frame: pl.DataFrame, header: bool) -> tuple[pl.DataFrame, list[str]]:
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


def column_of(
    cells: pl.Series, choice: ColumnChoice, decimal: str, warnings: list[str], was_number: bool = False,
    typed: bool = False,
) -> Column:  # fmt: skip
    """One column of texts in memory, of the kind that was chosen or else that its first cells have; what the person
    should know is added to ``warnings``. typed, was_number: see :func:`nnstudio.data.cells.meaning`."""
    understood, told = meaning(cells, choice, decimal, was_number, typed)
    gatherer = GATHERERS[understood.kind](cells.name, understood, Memory())
    gatherer.add(cells)
    column, more = gatherer.finish(choice)
    warnings += [*told, *more]
    return chosen(column, choice)
