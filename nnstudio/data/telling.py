"""Columns that tell the target, and so may have been made from it."""

from __future__ import annotations

from collections.abc import Iterator
from math import lgamma

import numpy as np

from nnstudio.data.columns import Array, Column
from nnstudio.data.looking import Finding, Sample, absent, ignoring

#: Rows for each value of a column, at least, for it to be said to determine the target; and rows in all.
EACH, ALL = 5, 20
#: How probable it may be that a column is the same as the target by chance.
CHANCE = 1e-4
#: Of the target's spread, to how much of it it may be rounded to be taken for the same; decimal places, at most.
FINE, PLACES = 0.1, 9


def determined(sample: Sample) -> Iterator[Finding]:
    """A column alone tells the target, so it may have been made from it."""
    for target in sample.targets:
        aims = sample.values[target.name]
        for column in sample.inputs:
            values = sample.values[column.name]
            if column.kind not in ("number", "category") or target.kind not in ("number", "category"):
                continue
            known = ~absent(column, values) & ~absent(target, aims) & np.isfinite(values) & np.isfinite(aims)
            if _tells(column, values[known], target, aims[known]):
                yield Finding(
                    "column-tells-target",
                    f"“{column.name}” alone tells “{target.name}” in all {int(known.sum()):,} rows looked at; if "
                    "it is made from the target or known only afterwards, figures are far too good",
                    (column.name, target.name), evidence={"rows": int(known.sum())}, cures=(ignoring(column.name),),
                )  # fmt: skip


def _tells(column: Column, values: Array, target: Column, aims: Array) -> bool:
    if len(values) < 2:
        return False
    if target.kind == "category":
        return _renamed(column, values, target, aims) or (len(values) >= ALL and _tells_class(column, values, aims))
    if column.kind == "category":
        return _renamed(column, values, target, aims)
    return _rounded(values, aims) or (len(values) >= ALL and _tells_number(values, aims))


def _renamed(column: Column, values: Array, target: Column, aims: Array) -> bool:
    """Whether each value of one stands for one of the other, and hardly by chance: of all orders in which the target's
    values can stand, those that agree with the column, under the same names or under any."""
    counts = np.unique(aims, return_counts=True)[1]
    if not 1 < len(counts) == len(np.unique(values)):
        return False
    pairs = np.unique(np.stack([values.astype(np.float64), aims.astype(np.float64)], axis=1), axis=0)
    if len(pairs) != len(counts):
        return False
    told = sum(lgamma(count + 1) for count in counts.tolist()) - lgamma(len(aims) + 1)
    same = column.kind == target.kind == "category" and all(
        column.categories[int(one)] == target.categories[int(other)] for one, other in pairs.tolist()
    )
    return bool(told + (0.0 if same else lgamma(len(counts) + 1)) < np.log(CHANCE))


def _rounded(values: Array, aims: Array) -> bool:
    """Whether the target is the column, where one of them may be rounded."""
    apart, spread = float(np.max(np.abs(values - aims))), float(np.std(aims))
    if apart > FINE * spread:
        return False
    counts = np.unique(aims, return_counts=True)[1]
    if sum(lgamma(count + 1) for count in counts.tolist()) - lgamma(len(aims) + 1) >= np.log(CHANCE):
        return False
    unit = max(_unit(values), _unit(aims))
    return unit <= FINE * spread and apart <= 0.5 * unit * (1 + 1e-6)


def _unit(values: Array) -> float:
    """To what numbers are rounded: a power of ten."""
    scale = max(1e-300, float(np.max(np.abs(values))))
    for places in range(PLACES):
        if np.max(np.abs(values - np.round(values, places))) <= 1e-9 * scale:
            return float(10.0**-places)
    return 2e-9 * scale


def _tells_class(column: Column, values: Array, classes: Array) -> bool:
    """Whether each value has one class, and enough rows; of numbers, whether borders between them do."""
    present = len(np.unique(classes))
    if present < 2:
        return False
    different, place = np.unique(values, return_inverse=True)
    if column.kind == "category" or len(different) * EACH <= len(values):
        table = np.zeros((len(different), int(classes.max()) + 1), np.int64)
        np.add.at(table, (place, classes), 1)
        return len(different) * EACH <= len(values) and bool((np.count_nonzero(table, axis=1) == 1).all())
    ordered = classes[np.argsort(values, kind="stable")]
    return int(np.count_nonzero(np.diff(ordered))) == present - 1 and len(ordered) >= ALL * present


def _tells_number(values: Array, aims: Array) -> bool:
    """Whether the target is the column, or a multiple of it with something added."""
    spread, wanted = (each.astype(np.float64) / max(float(np.max(np.abs(each))), 1e-300) for each in (values, aims))
    if np.ptp(spread) == 0 or np.ptp(wanted) == 0:
        return False
    spread, wanted = ((each - each.mean()) / np.ptp(each) for each in (spread, wanted))
    slope = float(spread @ wanted) / float(spread @ spread)
    return bool(np.max(np.abs(wanted - slope * spread)) <= 1e-6)
