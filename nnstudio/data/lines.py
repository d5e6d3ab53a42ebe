"""Texts: one a line, one long text, or an object of JSON a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nnstudio.data import text_stream
from nnstudio.data.columns import Column, Source, quoted
from nnstudio.data.dialect import decoded, detect_delimiter, detect_encoding, encoding_doubts, records
from nnstudio.data.errors import DataError
from nnstudio.data.formats import known_by
from nnstudio.data.reference import DataReference
from nnstudio.data.steps import Step
from nnstudio.data.steps.texts import Chunks, Tokens
from nnstudio.data.table_stream import Blocks, stored_source
from nnstudio.data.typed import typed_source

#: No file of texts is read that is larger, in bytes.
LARGEST = 2 << 30
#: What a file of texts is taken for is seen by its first bytes.
HEAD = 64 << 10
PROSE = (".txt", ".md", ".text")

Progress = Callable[[float], None]


def text_of(path: Path, reference: DataReference) -> tuple[str, list[str], str]:
    """What stands in a file of text, what the person should know of it, and its encoding. DataError where it is empty,
    too large, no text or in another encoding than was chosen."""
    if path.stat().st_size > LARGEST:
        raise DataError(f"“{path.name}” is larger than {LARGEST >> 30} GiB; split it into smaller files")
    data = path.read_bytes()
    encoding = str(reference.options.get("encoding", "")) or detect_encoding(data)
    text = decoded(data, encoding, path.name)
    if not text.strip():
        raise DataError(f"“{path.name}” is empty; a file with text was expected")
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return text, encoding_doubts(path.name, "" if "encoding" in reference.options else encoding), encoding


def is_text(path: Path, head: bytes) -> bool:
    """Whether a file is prose: text by its name, and no table by its first lines."""
    if path.suffix.lower() not in PROSE:
        return False
    if path.suffix.lower() == ".md":
        return True
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    try:
        text = decoded(head, detect_encoding(head), path.name)
    except DataError:
        return False
    return bool(text.strip()) and not _is_table(text)


def _is_table(text: str) -> bool:
    """Whether nearly every line has as many values as the others, and more than one; or is one number."""
    found = records(text, detect_delimiter(text))
    found = found[:-1] if len(text) >= HEAD // 2 else found
    widths = [len(row) for row in found]
    if len(widths) < 2:
        return False
    width = max(set(widths), key=widths.count)
    if width > 1:
        return widths.count(width) >= 0.9 * len(widths)
    return all(len(row[0].split()) < 2 and len(row[0]) < 40 for row in found[1:])


def read_text(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The whole text as the one row of the column ``text``, for the step that cuts it into chunks; a large one is on
    disk."""
    if text_stream.is_large(path, reference):
        from nnstudio.data.long_text import long_text

        encoding = text_stream.encoding_of(path, reference)
        values: Any = long_text(path, encoding, progress)
        return _texts(values, text_stream.doubts(path, reference, encoding), {"format": "text", "encoding": encoding})
    text, warnings, encoding = text_of(path, reference)
    progress(0.6)
    return _texts([text], warnings, {"format": "text", "encoding": encoding})


def read_lines(path: Path, reference: DataReference, progress: Progress) -> Source:
    """Each line that is not blank as a row of the column ``text``; those of a large file are on disk."""
    if text_stream.is_large(path, reference):
        encoding = text_stream.encoding_of(path, reference)

        def read(told: Progress) -> Iterator[text_stream.Rows]:
            pieces = text_stream.texts(path, encoding, told)
            return ([_lines(piece)] for piece in text_stream.in_lines(pieces))

        options = {"format": "lines", "encoding": encoding}
        return text_stream.stored_texts(path, reference, ("text",), read, list, options, progress)
    text, warnings, encoding = text_of(path, reference)
    progress(0.4)
    return _texts(_lines(text), warnings, {"format": "lines", "encoding": encoding})


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def first_text(path: Path, reference: DataReference) -> Source | None:
    """The beginning of a large text as one row; None of one that is not large."""
    return _texts([text_stream.beginning(path, reference)]) if text_stream.is_large(path, reference) else None


def first_lines(path: Path, reference: DataReference) -> Source | None:
    """The first lines of a large file; None of one that is not large."""
    large = text_stream.is_large(path, reference)
    return _texts(_lines(text_stream.beginning(path, reference))) if large else None


def _texts(texts: Any, warnings: Sequence[str] = (), options: Mapping[str, Any] | None = None) -> Source:
    values: Any = np.array(texts, dtype=object) if isinstance(texts, list) else texts
    columns = {"text": Column("text", "text", values, role="ignored")}
    return Source(columns, len(values), False, {"text": values}, tuple(warnings), options or {})


def chunks_of() -> tuple[Step, ...]:
    """What makes one long text trainable: rows of characters, each to be predicted from those before."""
    return (Chunks.make({"column": "text"}), Tokens.make({"column": "text", "by": "characters"}))


def words_of() -> tuple[Step, ...]:
    """What makes lines trainable: words of a vocabulary."""
    return (Tokens.make({"column": "text"}),)


def is_jsonl(path: Path, _head: bytes) -> bool:
    """Whether a file has an object of JSON on each line."""
    return path.suffix.lower() in (".jsonl", ".ndjson")


def read_jsonl(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The names of the objects as columns; of a large file those that its beginning has, on disk. DataError that names
    the first line that holds no object."""
    if text_stream.is_large(path, reference):
        return _read_large_jsonl(path, reference, progress)
    text, warnings, _ = text_of(path, reference)
    rows = _objects(text, path.name)
    progress(0.3)
    return typed_source(_frame(rows), path.name, reference, progress, {"format": "jsonl"}, tuple(warnings))


def first_objects(path: Path, reference: DataReference) -> Source | None:
    """The first rows of a large file of objects; None of one that is not large."""
    if not text_stream.is_large(path, reference):
        return None
    rows = _objects(text_stream.beginning(path, reference), path.name)
    return typed_source(_frame(rows), path.name, reference, lambda _: None, {"format": "jsonl"})


def _objects(text: str, name: str, before: int = 0) -> list[dict[str, Any]]:
    """The objects in some lines, before which there are so many. DataError that names the first that is none."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), before + 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(f"Line {number:,} of “{name}” is no object of JSON such as {{“text”: “…”}}; correct it")
        rows.append(row)
    return rows


def _frame(rows: Sequence[Mapping[str, Any]], names: Iterable[str] = ()) -> pl.DataFrame:
    """Objects as a table with these columns, or else with all that one of them names."""
    names = names or dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])


def _read_large_jsonl(path: Path, reference: DataReference, progress: Progress) -> Source:
    encoding = text_stream.encoding_of(path, reference)
    first = _frame(_objects(next(text_stream.in_lines(text_stream.texts(path, encoding))), path.name))
    schema = first.schema
    names = tuple(name for name, dtype in schema.items() if not dtype.is_nested())
    left = [name for name in schema if name not in names]
    warnings = [f"A large table is read without columns of lists or bytes: {quoted(left)}"] if left else []
    if not names:
        raise DataError(f"“{path.name}” has no names of numbers or texts; choose other data")
    later: list[str] = []

    def read(columns: tuple[str, ...], told: Progress) -> Iterator[pl.DataFrame]:
        lines = 0
        for piece in text_stream.in_lines(text_stream.texts(path, encoding, lambda done: told(0.1 + 0.85 * done))):
            rows = _objects(piece, path.name, lines)
            lines += piece.count("\n")
            new = [name for row in rows if not row.keys() <= schema.keys() for name in row if name not in schema]
            if new and not later:
                later.append(f"“{path.name}” names {quoted(list(dict.fromkeys(new)))} only further down; left out")
            frame = _frame(rows, columns)
            texts = [name for name in columns if schema[name] == pl.String and frame[name].dtype != pl.String]
            if rows:
                yield frame.with_columns(_as_text(name, [row.get(name) for row in rows]) for name in texts)

    key = "\0".join((known_by(path), "jsonl", encoding, *names))
    table = Blocks(path.name, key, names, read, path.stat().st_size, typed=True, told=later)
    warnings += text_stream.doubts(path, reference, encoding)
    return stored_source(table, reference, tuple(warnings), {"format": "jsonl", "encoding": encoding}, progress)


def _series(name: str, values: list[Any]) -> pl.Series:
    """Values of JSON as a column of one type; those of several types as texts."""
    known = [value for value in values if value is not None]
    if not known:
        return pl.Series(name, values, dtype=pl.Null)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pl.Series(name, [_number(value) for value in values], dtype=pl.Float64)
    if all(isinstance(value, list) for value in known):
        inside = [each for value in known for each in value]
        if all(isinstance(each, int | float) and not isinstance(each, bool) for each in inside):
            return pl.Series(name, values, dtype=pl.List(pl.Float64), strict=False)
        if all(isinstance(each, str) for each in inside):
            return pl.Series(name, [None if v is None else " ".join(v) for v in values], dtype=pl.String)
    return _as_text(name, values)


def _as_text(name: str, values: list[Any]) -> pl.Series:
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return float("inf")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
