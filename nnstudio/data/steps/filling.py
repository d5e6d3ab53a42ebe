"""What stands in for missing values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Column
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import is_lazy

if TYPE_CHECKING:
    from nnstudio.data.steps.numbers import Impute

FILLED = ("number", "category")


def settled(step: Impute, columns: Mapping[str, Column]) -> Impute:
    """The step with its columns named."""
    names = step.columns or tuple(
        n for n, c in columns.items() if c.kind in FILLED and c.role == "input" and c.missing
    )  # fmt: skip
    for name in names:
        column = step.taken(columns, name, FILLED)
        if column.kind == "category" and step.how in ("mean", "median"):
            raise DataError(
                f"“{name}” holds categories, which have no {step.how}; fill it with the most frequent or a constant"
            )
    return step.with_(columns=names)


def learned(step: Impute, columns: Mapping[str, Column], train: NDArray[np.int64]) -> dict[str, Any]:
    """By column what stands in: a number, or a category's name."""
    return {name: _fill(step, columns[name], train) for name in step.columns}


def _fill(step: Impute, column: Column, train: NDArray[np.int64]) -> Any:
    values = column.values[train]
    if column.kind == "category":
        if step.how == "constant":
            return "(missing)"
        counts = np.bincount(values[values >= 0], minlength=max(1, len(column.categories)))
        return column.categories[int(counts.argmax())] if column.categories else "(missing)"
    known = values[~np.isnan(values)]
    if step.how == "constant" or not known.size:
        return step.value
    if step.how == "most frequent":
        different, counts = np.unique(known, return_counts=True)
        return float(different[counts.argmax()])
    return float(np.median(known) if step.how == "median" else known.mean())


def filled(step: Impute, columns: Mapping[str, Column], learned: Mapping[str, Any]) -> dict[str, Column]:
    """The columns without missing values, and those that say where they were."""
    made = dict(columns)
    for name in step.columns:
        if name not in columns:
            continue
        column = columns[name]
        values = column.values[:] if is_lazy(column.values) else column.values
        absent = values < 0 if column.kind == "category" else np.isnan(values)
        if column.kind == "category":
            categories = column.categories
            if learned[name] not in categories:
                categories = (*categories, str(learned[name]))
            values = np.where(absent, categories.index(learned[name]), values)
            made[name] = replace(column, values=values, categories=categories)
        else:
            made[name] = replace(column, values=np.where(absent, learned[name], values))
        if step.indicator:
            flag = f"{name}_missing"
            made[flag] = Column(flag, "number", absent.astype(np.float64))
    return made
