"""Readers of the shipped texts: packed tables and packed lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnstudio.data.columns import Column, Source
from nnstudio.data.packaged import unpacked
from nnstudio.data.reference import DataError, DataReference

Progress = Callable[[float], None]
#: The column that says to which part a row belongs.
PART = "part"


def _text(path: Path) -> str:
    try:
        return unpacked(path).decode()
    except UnicodeDecodeError:
        raise DataError(f"“{path.name}” is damaged (its text is not UTF-8); install NN Studio again") from None


def _column(name: str, values: list[str], reference: DataReference) -> Column:
    """Texts as they are, or as categories in the order of the alphabet (of numbers: by their value)."""
    chosen = reference.fields.get(name)
    role = "input" if chosen is None or chosen.role == "auto" else chosen.role
    if name != PART and (chosen is None or chosen.kind != "category"):
        return Column(name, "text", np.array(values, dtype=object), role=role)
    numbers = all(value.isdecimal() for value in values)
    kinds = sorted(set(values), key=int if numbers else str)
    if numbers:
        kinds = [str(code) for code in range(int(kinds[-1]) + 1)]
    codes = {kind: code for code, kind in enumerate(kinds)}
    role = "ignored" if name == PART else role
    return Column(name, "category", np.array([codes[value] for value in values], np.int64), tuple(kinds), role)


def read_rows(path: Path, reference: DataReference, progress: Progress) -> Source:
    """A packed table with a header: each column is text, or categories where the reference says so (whole numbers then
    count from 0). A column ``part`` says to which part a row belongs."""
    header, *rows = csv.reader(io.StringIO(_text(path)))
    progress(0.5)
    if not rows or any(len(row) != len(header) for row in rows):
        raise DataError(f"“{path.name}” is damaged (its rows differ in length); install NN Studio again")
    values = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    columns = {name: _column(name, texts, reference) for name, texts in values.items()}
    arrays = {name: np.array(texts, dtype=object) for name, texts in values.items()}
    return Source(columns, len(rows), False, arrays, (), {}, PART if PART in columns else "")


def read_lines(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """The lines of a packed text, one a row, in a column ``text``."""
    lines = np.array(_text(path).split("\n")[:-1], dtype=object)
    progress(0.5)
    return Source({"text": Column("text", "text", lines)}, len(lines), False, {"text": lines})
