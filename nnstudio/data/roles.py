"""What each column is for, where nobody has said: which one is to be predicted, and what fields there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nnstudio.data.columns import Column, Source
from nnstudio.data.encoding import FED, FieldEncoding
from nnstudio.data.reference import ColumnChoice

#: Names that mean "this is what is to be predicted".
TARGETS = ("target", "label", "class", "y", "outcome", "output", "diagnosis", "species", "category")
#: A column with more categories than this is offered as codes, for an Embedding, and not in `features`.
MOST_ONE_HOT = 50
#: Whole numbers in a target are classes up to so many different ones.
MOST_CODES = 20


def with_roles(source: Source, choices: Mapping[str, ColumnChoice]) -> Source:
    """The source with a target among its columns, and whole numbers in it taken as classes where they recur."""
    columns = {name: _shifted(column, choices) for name, column in source.columns.items()}
    if not any(column.role == "target" for column in columns.values()):
        name = _likely_target(columns, choices, source.is_table)
        if name:
            columns[name] = replace(columns[name], role="target")
    for name, column in columns.items():
        kind = choices[name].kind if name in choices else "auto"
        if source.is_table and column.role == "target" and column.kind == "number" and kind == "auto":
            columns[name] = _as_classes(column)
    return replace(source, columns=columns)


def _shifted(column: Column, choices: Mapping[str, ColumnChoice]) -> Column:
    """The column with its values from so many rows below; rows that have none then lack theirs (those of an array keep
    the nearest)."""
    by = choices[column.name].shift if column.name in choices else 0
    if not by:
        return column
    count = len(column.values)
    rows = np.arange(count) + by
    values = column.values[np.clip(rows, 0, count - 1)]
    outside = (rows < 0) | (rows >= count)
    if column.kind == "category":
        values = np.where(outside, -1, values)
    elif column.kind in ("number", "time"):
        values = np.where(outside, np.nan, values)
    return replace(column, values=values)


def _likely_target(columns: Mapping[str, Column], choices: Mapping[str, ColumnChoice], is_table: bool) -> str:
    free = [
        name
        for name, column in columns.items()
        if column.role == "input" and column.kind in FED and (name not in choices or choices[name].role == "auto")
    ]
    if len(free) < 2:
        return ""
    named = [name for target in TARGETS for name in free if name.lower() == target]
    if named:
        return named[0]
    categories = [name for name in free if columns[name].kind == "category"]
    if categories:
        return categories[-1]
    return free[-1] if is_table else ""


def _as_classes(column: Column) -> Column:
    known = column.values[~np.isnan(column.values)]
    different = np.unique(known)
    whole = bool((different == np.round(different)).all())
    if not whole or not 0 < len(different) <= MOST_CODES or len(different) * 5 > len(known):
        return column
    codes = np.where(np.isnan(column.values), -1, np.searchsorted(different, column.values)).astype(np.int64)
    names = tuple(str(int(value)) for value in different)
    return replace(column, kind="category", values=codes, categories=names, standardise=False)


def fields_of(source: Source) -> tuple[dict[str, FieldEncoding], list[str]]:
    """The fields that a source offers, the vector of all inputs of a table first, and what the person should know.

    Each column is a field on its own, save those that are ignored; a category of two also as numbers 0 and 1,
    ``<name>_01``.
    """
    warnings: list[str] = []
    fields: dict[str, FieldEncoding] = {}
    offered = {n: c for n, c in source.columns.items() if c.kind in FED and c.role != "ignored"}
    if source.is_table:
        inputs = [name for name, column in offered.items() if column.role == "input"]
        wide = [name for name in inputs if len(offered[name].categories) > MOST_ONE_HOT]
        warnings += [
            f"Column “{name}” has {len(offered[name].categories)} categories and is not part of the features; "
            "feed it to an Embedding, or ignore it"
            for name in wide
        ]
        vector = tuple(name for name in inputs if name not in wide)
        if vector:
            name = _free("features", offered)
            fields[name] = FieldEncoding(name, "vector", vector)
    for name in offered:
        fields[name] = FieldEncoding(name, "column", (name,))
    for name, column in offered.items():
        if column.kind == "category" and len(column.categories) == 2:
            binary = _free(f"{name}_01", {**offered, **fields})
            fields[binary] = FieldEncoding(binary, "binary", (name,))
    return fields, warnings


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
