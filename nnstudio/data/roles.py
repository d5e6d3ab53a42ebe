"""What each column is for, where nobody has said: which one is to be predicted, and what fields there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.choosing import with_chosen_roles
from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.encoding import FED, FieldEncoding
from nnstudio.data.lazy import Lazy, Rows, is_lazy
from nnstudio.data.reference import UNFED, ColumnChoice, DataError
from nnstudio.data.steps import Step

#: Names that mean "this is what is to be predicted".
TARGETS = ("target", "label", "class", "y", "outcome", "output", "diagnosis", "species", "category")
#: A column with more categories than this is offered as codes, for an Embedding, and not in `features`.
MOST_ONE_HOT = 50
#: Whole numbers in a target are classes up to so many different ones.
MOST_CODES = 20
#: Values that are looked at together.
LOOKED = 1 << 18


def shifted(source: Source, choices: Mapping[str, ColumnChoice]) -> Source:
    """The source with the columns shifted that were chosen to be."""
    return replace(source, columns={name: _shifted(column, choices) for name, column in source.columns.items()})


def with_roles(
    source: Source, choices: Mapping[str, ColumnChoice], steps: Sequence[Step] = (), read: Collection[str] = ()
) -> Source:
    """The source with a target among its columns, and whole numbers in it taken as classes where they recur.

    steps: those that are still to be done; columns that one of them feeds are inputs. read: the columns of the file;
    one that a step made the target is that, whatever was chosen before.
    """
    aims = {name for name in read if name in source.columns and source.columns[name].role == "target"}
    columns = with_chosen_roles(source.columns, {n: choice for n, choice in choices.items() if n not in aims})
    fed = {name for step in steps for name in step.feeds}
    for name in fed & columns.keys():
        if columns[name].role == "ignored" and (name not in choices or choices[name].role == "auto"):
            columns[name] = replace(columns[name], role="input")
    if not any(column.role == "target" for column in columns.values()):
        name = _likely_target(columns, choices, source.is_table, fed)
        if name:
            columns[name] = replace(columns[name], role="target")
    _check_roles(columns)
    for name, column in columns.items():
        kind = choices[name].kind if name in choices else "auto"
        kind = "number" if any(name in step.numbers for step in steps) else kind
        if source.is_table and column.role == "target" and column.kind == "number" and kind == "auto":
            columns[name] = _as_classes(column)
    return replace(source, columns=columns)


def _check_roles(columns: Mapping[str, Column]) -> None:
    """DataError where columns cannot be what they are to be."""
    for role, what in (("weight", "weigh the rows"), ("group", "name the group of each row")):
        named = [name for name, column in columns.items() if column.role == role]
        if len(named) > 1:
            raise DataError(f"“{named[0]}” and “{named[1]}” are both to {what}; give one of them another role")
        if role == "weight" and named and columns[named[0]].kind != "number":
            came = columns[named[0]].kind
            raise DataError(
                f"“{named[0]}” is to {what} and holds {came}; numbers from 0 up were expected, choose others"
            )


def _shifted(column: Column, choices: Mapping[str, ColumnChoice]) -> Column:
    """The column with its values from so many rows below; rows that have none then lack theirs (those of an array keep
    the nearest)."""
    by = choices[column.name].shift if column.name in choices else 0
    if not by:
        return column
    if is_lazy(column.values):
        return replace(column, values=cast(Array, Shifted(cast(Lazy, column.values), by, column.kind)))
    count = len(column.values)
    rows = np.arange(count) + by
    values = column.values[np.clip(rows, 0, count - 1)]
    outside = (rows < 0) | (rows >= count)
    if column.kind == "category":
        values = np.where(outside, -1, values)
    elif column.kind in ("number", "time"):
        values = np.where(outside, np.nan, values)
    return replace(column, values=values)


def _likely_target(
    columns: Mapping[str, Column], choices: Mapping[str, ColumnChoice], is_table: bool, fed: Set[str]
) -> str:
    """The column that is to be predicted, as if nobody had said what the others are for; where a person said that this
    one is for something else, the likeliest of those of which nobody said anything. "" where there is none such."""
    said = {name for name in columns.keys() & choices.keys() if choices[name].role != "auto"}
    able = [name for name, column in columns.items() if column.kind in FED or name in fed]
    found = [name for name in able if columns[name].role == "input" or name in said]
    name = _likeliest(found, columns, is_table, fed) if len(found) > 1 else ""
    if name not in said:
        return name
    inputs = [n for n in able if columns[n].role == "input"]
    return _likeliest([n for n in inputs if n not in said], columns, is_table, fed) if len(inputs) > 1 else ""


def _likeliest(names: Sequence[str], columns: Mapping[str, Column], is_table: bool, fed: Set[str]) -> str:
    named = [name for target in TARGETS for name in names if name.lower() == target]
    if named:
        return named[0]
    categories = [name for name in names if columns[name].kind == "category" and name not in fed]
    if categories:
        return categories[-1]
    numeric = [name for name in names if columns[name].kind in FED and name not in fed]
    return numeric[-1] if is_table and numeric else ""


class Shifted(Lazy):
    """Other values, each from so many rows below."""

    def __init__(self, values: Lazy, by: int, kind: str) -> None:
        self.values, self.by, self.kind = values, by, kind
        self.shape, self.dtype = values.shape, values.dtype

    def take(self, rows: Rows) -> Array:
        below = rows + self.by
        taken = self.values.take(np.clip(below, 0, len(self) - 1))
        outside = (below < 0) | (below >= len(self))
        lacking: dict[str, Any] = {"category": -1, "number": np.nan, "time": np.nan, "text": None}
        if self.kind in lacking and outside.any():
            taken[outside] = lacking[self.kind]
        return taken

    def absent(self) -> NDArray[np.bool_]:
        below = np.arange(len(self)) + self.by
        outside = (below < 0) | (below >= len(self))
        return np.asarray(outside | self.values.absent()[np.clip(below, 0, len(self) - 1)])


class Coded(Lazy):
    """Numbers as their places among some, -1 where missing."""

    dtype = np.dtype(np.int64)

    def __init__(self, values: Lazy, different: Array) -> None:
        self.values, self.different = values, different
        self.shape = values.shape

    def take(self, rows: Rows) -> Array:
        return coded(self.values.take(rows), self.different)

    def absent(self) -> NDArray[np.bool_]:
        return self.values.absent()


def coded(values: Array, different: Array) -> Array:
    """The place of each value among sorted ones, -1 where it is missing."""
    return np.where(np.isnan(values), -1, np.searchsorted(different, values)).astype(np.int64)


def _as_classes(column: Column) -> Column:
    first = column.values[:LOOKED]
    first = first[~np.isnan(first)]
    if len(np.unique(first)) > MOST_CODES or (first != np.round(first)).any():
        return column
    if is_lazy(column.values):
        return _lazy_as_classes(column)
    known = column.values[~np.isnan(column.values)]
    different = np.unique(known)
    whole = bool((different == np.round(different)).all())
    if not whole or not 0 < len(different) <= MOST_CODES or len(different) * 5 > len(known):
        return column
    codes = coded(column.values, different)
    names = tuple(str(int(value)) for value in different)
    return replace(column, kind="category", values=codes, categories=names, standardise=False)


def _lazy_as_classes(column: Column) -> Column:
    """As :func:`_as_classes`, of values on disk, which are looked at in parts."""
    found: set[float] = set()
    count = 0
    for start in range(0, len(column.values), LOOKED):
        part = column.values[start : start + LOOKED]
        part = part[~np.isnan(part)]
        count += len(part)
        found |= set(np.unique(part).tolist())
        if len(found) > MOST_CODES:
            return column
    different = np.array(sorted(found))
    if (different != np.round(different)).any() or not found or len(found) * 5 > count:
        return column
    names = tuple(str(int(value)) for value in different)
    values = cast(Array, Coded(cast(Lazy, column.values), different))
    return replace(column, kind="category", values=values, categories=names, standardise=False)


def fields_of(source: Source) -> tuple[dict[str, FieldEncoding], list[str]]:
    """The fields that a source offers, the vector of all inputs of a table first, and what the person should know.

    Each column is a field on its own, save those that are ignored; a category of two also as numbers 0 and 1,
    ``<name>_01``.
    """
    warnings: list[str] = []
    fields: dict[str, FieldEncoding] = {}
    offered = {n: c for n, c in source.columns.items() if c.kind in FED and c.role not in UNFED}
    if source.is_table:
        inputs = [
            n for n, column in offered.items() if column.role == "input" and column.kind in ("number", "category")
        ]
        wide = [name for name in inputs if len(offered[name].categories) > MOST_ONE_HOT]
        warnings += [
            f"Column “{name}” has {len(offered[name].categories)} categories, too many to stand among “features”: "
            "it is a field of its own, for an Embedding"
            for name in wide
        ]
        vector = tuple(name for name in inputs if name not in wide)
        if vector:
            name = _free("features", offered)
            fields[name] = FieldEncoding(name, "vector", vector)
    for name in offered:
        fields[name] = FieldEncoding(name, "weight" if offered[name].role == "weight" else "column", (name,))
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
