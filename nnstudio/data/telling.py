"""Columns that tell the target, and so may have been made from it."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, lgamma, log

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column, quoted
from nnstudio.data.looking import Finding, Sample, absent, ignoring

#: Rows for each value of a column, at least, for it to be said to determine the target; and rows in all.
EACH, ALL = 5, 20
#: How probable it may be that a column is the same as the target by chance.
CHANCE = 1e-4
#: Of the target's spread, to how much of it it may be rounded to be taken for the same; decimal places, at most.
FINE, PLACES = 0.1, 9
#: Of each class, the share of rows in which a column says the same for it to be nearly the target, and rows for each.
NEARLY, NEARLY_OF = 0.99, 50
#: Of the target's spread, how far it may lie from a straight line; different values for an order to be told.
ROUGH, ORDERED = 0.01, 10


def determined(sample: Sample) -> Iterator[Finding]:
    """A column alone tells the target, so it may have been made from it."""
    for target in sample.targets:
        if target.kind not in ("number", "category"):
            continue
        aims = sample.values[target.name]
        known = ~absent(target, aims) & np.isfinite(aims)
        of_one: dict[str, str] = {}
        for column in _read(sample):
            values = sample.values.get(column.name)
            values = column.values[sample.rows] if values is None else values
            lacking = absent(column, values)
            how = ""
            if column.kind in ("number", "category"):
                both = known & ~lacking & np.isfinite(values)
                how = _how(column, values[both], target, aims[both])
                if how:
                    yield _finding(f"“{column.name}” alone tells “{target.name}” {how}", target, [column.name], both)
                elif told := _tells_one(values[both], target, aims[both]):
                    of_one[column.name] = told
            if not how and (told := _tells_one(lacking[known], target, aims[known])):
                where = f"{told} in all {int(known.sum()):,} rows looked at"
                yield _finding(f"Whether “{column.name}” has a value tells {where}", target, [column.name], known)
        if of_one:
            what = next(iter(of_one.values())) if len(of_one) == 1 else f"one class of “{target.name}”"
            tell = "alone tells" if len(of_one) == 1 else "each tell"
            where = f"{what} in all {int(known.sum()):,} rows looked at"
            yield _finding(f"{quoted(list(of_one))} {tell} {where}", target, list(of_one), known)


def _finding(told: str, target: Column, names: list[str], known: NDArray[np.bool_]) -> Finding:
    one = len(names) == 1
    return Finding(
        "column-tells-target",
        f"{told}; if {'it is' if one else 'they are'} made from the target or known only afterwards, figures are far "
        "too good",
        (*names, target.name), evidence={"rows": int(known.sum())}, cures=(ignoring(*names),),
    )  # fmt: skip


def _read(sample: Sample) -> list[Column]:
    """The columns that a network may be fed, and dates of which steps make numbers for it."""
    dataset, read = sample.dataset, {name for step in sample.dataset.reference.steps for name in step.reads}
    dates = [c for name, c in dataset.columns.items() if c.kind == "time" and name in read and c.role == "ignored"]
    return [*sample.inputs, *dates]


def _tells_one(values: Array, target: Column, classes: Array) -> str:
    """Of a column of two values whether it has one of them for one class of the target alone: what that tells; else
    ""."""
    if target.kind != "category":
        return ""
    different, place = np.unique(values, return_inverse=True)
    counts = np.bincount(classes, minlength=len(target.categories))
    present = np.flatnonzero(counts)
    if len(different) != 2 or len(present) < 2:
        return ""
    for code in present.tolist():
        count, inside = int(counts[code]), int(np.count_nonzero(place[classes == code]))
        others = int(np.count_nonzero(place)) - inside
        chance = lgamma(count + 1) + lgamma(len(values) - count + 1) - lgamma(len(values) + 1)
        apart = (inside, others) in ((count, 0), (0, len(values) - count))
        if apart and chance + log(2 * len(present)) < log(CHANCE):
            return f"whether “{target.name}” is “{target.categories[code]}”" if len(present) > 2 else f"“{target.name}”"
    return ""


def _how(column: Column, values: Array, target: Column, aims: Array) -> str:
    """How well a column tells the target, as the end of a sentence; "" where it does not."""
    if len(values) < 2:
        return ""
    everywhere = f"in all {len(values):,} rows looked at"
    if _tells(column, values, target, aims):
        return everywhere
    if target.kind == "category":
        hits = _nearly_renamed(values, aims)
        return f"in {hits:,} of {len(values):,} rows looked at" if hits else ""
    if column.kind == "number" and len(values) >= ALL:
        if _apart_from_line(values, aims) <= ROUGH * float(np.std(aims)):
            return f"{everywhere}, to a hundredth of its spread"
        if _ordered(values, aims) or _ordered(values, -aims):
            return f"{everywhere}, in whose order it is"
    return ""


def _tells(column: Column, values: Array, target: Column, aims: Array) -> bool:
    if target.kind == "category":
        return _renamed(column, values, target, aims) or (len(values) >= ALL and _tells_class(column, values, aims))
    if column.kind == "category":
        return _renamed(column, values, target, aims)
    return _rounded(values, aims) or (len(values) >= ALL and _tells_number(values, aims))


def _nearly_renamed(values: Array, classes: Array) -> int:
    """In how many rows each value of one stands for one of the other, where it does so in nearly all of each; else
    0."""
    codes, place = np.unique(classes, return_inverse=True)
    different, row = np.unique(values, return_inverse=True)
    if len(values) < NEARLY_OF * len(codes) or not 1 < len(codes) == len(different):
        return 0
    table = np.zeros((len(different), len(codes)), np.int64)
    np.add.at(table, (row, place), 1)
    of_value, of_class = table.argmax(axis=1), table.argmax(axis=0)
    if (of_class[of_value] != np.arange(len(different))).any():
        return 0
    best = table.max(axis=0)
    near = (best >= NEARLY * table.sum(axis=0)).all() and (table.max(axis=1) >= NEARLY * table.sum(axis=1)).all()
    return int(best.sum()) if near else 0


def _apart_from_line(values: Array, aims: Array) -> float:
    """How far the target lies from the straight line through it, at most."""
    if np.ptp(values) == 0 or np.ptp(aims) == 0:
        return inf
    first, second = (values - values.mean()) / np.std(values), (aims - aims.mean()) / np.std(aims)
    return float(np.max(np.abs(second - float(first @ second) / len(first) * first)) * np.std(aims))


def _ordered(values: Array, aims: Array) -> bool:
    """Whether the target rises with the column and never falls: it may be a curve of it, or rounded. Not where the rows
    stand in that order, as those of a series that grows do."""
    steps = np.diff(values)
    if (steps >= 0).all() or (steps <= 0).all():
        return False
    order = np.lexsort((aims, values))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values[order])) + 1])
    least, most = np.minimum.reduceat(aims[order], starts), np.maximum.reduceat(aims[order], starts)
    return len(starts) >= ORDERED <= len(np.unique(aims)) and bool((most[:-1] <= least[1:]).all())


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
    return bool(told + (0.0 if same else lgamma(len(counts) + 1)) < log(CHANCE))


def _rounded(values: Array, aims: Array) -> bool:
    """Whether the target is the column, where one of them may be rounded."""
    apart, spread = float(np.max(np.abs(values - aims))), float(np.std(aims))
    if apart > FINE * spread:
        return False
    counts = np.unique(aims, return_counts=True)[1]
    if sum(lgamma(count + 1) for count in counts.tolist()) - lgamma(len(aims) + 1) >= log(CHANCE):
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
