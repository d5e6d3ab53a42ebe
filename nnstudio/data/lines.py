"""Texts: one a line, one long text, or an object of JSON a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nnstudio.data.columns import Column, Source
from nnstudio.data.dialect import decoded, detect_delimiter, detect_encoding, encoding_doubts, records
from nnstudio.data.errors import DataError
from nnstudio.data.reference import DataReference
from nnstudio.data.steps import Step
from nnstudio.data.steps.texts import Chunks, Tokens
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
    """The whole text as the one row of the column ``text``, for the step that cuts it into chunks."""
    text, warnings, encoding = text_of(path, reference)
    progress(0.6)
    return _texts([text], warnings, {"format": "text", "encoding": encoding})


def read_lines(path: Path, reference: DataReference, progress: Progress) -> Source:
    """Each line that is not blank as a row of the column ``text``."""
    text, warnings, encoding = text_of(path, reference)
    progress(0.4)
    found = [line for line in text.split("\n") if line.strip()]
    return _texts(found, warnings, {"format": "lines", "encoding": encoding})


def _texts(texts: list[str], warnings: list[str], options: dict[str, Any]) -> Source:
    values = np.array(texts, dtype=object)
    columns = {"text": Column("text", "text", values, role="ignored")}
    return Source(columns, len(values), False, {"text": values}, tuple(warnings), options)


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
    """The names of the objects as columns. DataError that names the first line that holds no object."""
    text, warnings, _ = text_of(path, reference)
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(
                f"Line {number:,} of “{path.name}” is no object of JSON such as {{“text”: “…”}}; correct it"
            )
        rows.append(row)
    progress(0.3)
    names = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])
    return typed_source(frame, path.name, reference, progress, {"format": "jsonl"}, tuple(warnings))


def _series(name: str, values: list[Any]) -> pl.Series:
    """Values of JSON as a column of one type; those of several types as texts."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pl.Series(name, [_number(value) for value in values], dtype=pl.Float64)
    if known and all(isinstance(value, list) for value in known):
        inside = [each for value in known for each in value]
        if all(isinstance(each, int | float) and not isinstance(each, bool) for each in inside):
            return pl.Series(name, values, dtype=pl.List(pl.Float64), strict=False)
        if all(isinstance(each, str) for each in inside):
            return pl.Series(name, [None if v is None else " ".join(v) for v in values], dtype=pl.String)
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
