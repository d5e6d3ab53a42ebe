"""Categories and dates as numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.dialect import MISSING
from nnstudio.data.lazy import is_lazy
from nnstudio.data.steps.tokenizing import texts_of

if TYPE_CHECKING:
    from nnstudio.data.steps.numbers import Dates, Encode

CODED = ("category", "text", "number")
#: What is not among the categories that were learned.
UNKNOWN = "<unknown>"
YEAR, WEEK, DAY = 365.2425 * 86400.0, 7 * 86400.0, 86400.0
#: 1970 began on a Thursday.
THURSDAY = 3 * 86400.0


def names_of(column: Column) -> list[str]:
    """What each row of a column names, "" where nothing."""
    values = column.values[:] if is_lazy(column.values) else column.values
    if column.kind == "number":
        return ["" if math.isnan(value) else f"{value:.15g}" for value in values.tolist()]
    texts = [(text or "").strip() for text in texts_of(replace(column, values=values))]
    return ["" if text.lower() in MISSING else text for text in texts]


def learned(step: Encode, column: Column, train: NDArray[np.int64]) -> dict[str, Any]:
    """The categories of the training rows, sorted: as numbers where all are."""
    counts = Counter(names_of(replace(column, values=column.values[train])))
    counts.pop("", None)
    found = [name for name, count in counts.items() if count >= step.least]
    try:
        found.sort(key=lambda name: (float(name), name))
    except ValueError:
        found.sort()
    return {"categories": found}


def recoded(step: Encode, column: Column, learned: Mapping[str, Any]) -> Column:
    """The column as codes (unknown ones 0), one-hot (N×categories) or an ordinal number (NaN where unknown)."""
    categories = tuple(learned["categories"])
    places = {name: place for place, name in enumerate(categories)}
    codes = np.array([places.get(name, -1) for name in names_of(column)], dtype=np.int64)
    role = "input" if column.role == "ignored" else column.role
    if step.how == "codes":
        return replace(
            column, kind="category", values=codes + 1, categories=(UNKNOWN, *categories), role=role, standardise=False
        )
    if step.how == "one-hot":
        made: Array = np.zeros((len(codes), max(1, len(categories))), dtype=np.uint8)
        known = np.flatnonzero(codes >= 0)
        made[known, codes[known]] = 1
        return replace(column, kind="array", values=made, categories=(), role=role, standardise=False)
    ordinal = np.where(codes < 0, np.nan, codes.astype(np.float64))
    return replace(column, kind="number", values=ordinal, categories=(), role=role, standardise=True)


def doubts(step: Encode, column: Column) -> list[str]:
    """How many rows have a category that the training rows do not."""
    if step.how == "codes":
        unknown = int((column.values == 0).sum())
    else:
        flat = column.values.reshape(len(column.values), -1)
        unknown = int((np.isnan(flat).any(axis=1) if step.how == "ordinal" else ~flat.any(axis=1)).sum())
    rows = "1 row has" if unknown == 1 else f"{unknown:,} rows have"
    reason = "that no training row has" if step.least == 1 else f"that fewer than {step.least} training rows have"
    return [f"{rows} nothing in “{step.column}”, or a category {reason}; it counts as unknown"] if unknown else []


def dated(step: Dates, column: Column) -> dict[str, Column]:
    """The parts of a date as columns of numbers, NaN where it is missing."""
    seconds = column.values[:] if is_lazy(column.values) else column.values
    made: dict[str, Array] = {}
    known = np.where(np.isnan(seconds), 0.0, seconds).astype("datetime64[s]")
    starts = known.astype("datetime64[Y]")
    passed = (known - starts.astype("datetime64[s]")).astype(np.float64)
    if step.year:
        made["year"] = starts.astype(np.int64) + 1970.0
    turns = {
        "month": passed / YEAR, "weekday": (seconds + THURSDAY) % WEEK / WEEK, "hour": seconds % DAY / DAY
    }  # fmt: skip
    for part, turn in turns.items():
        if getattr(step, part):
            made[f"{part}_sin"], made[f"{part}_cos"] = np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)
    missing = np.isnan(seconds)
    return {
        f"{step.column}_{part}": Column(
            f"{step.column}_{part}", "number", np.where(missing, np.nan, values), standardise=part == "year"
        )
        for part, values in made.items()
    }
