"""Dates: as numbers that a network can read, or as the order of a series that is forecast."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnstudio.data.columns import Column
from nnstudio.data.dataset import Dataset
from nnstudio.data.errors import DataError
from nnstudio.data.reference import DataReference
from nnstudio.data.steps.numbers import Dates
from nnstudio.data.steps.windows import Windows

DAY, WEEK, MONTH, YEAR = 86_400.0, 7 * 86_400.0, 28 * 86_400.0, 365 * 86_400.0
#: A series has so many rows, at least, most of them about as far apart as the others; of it a window shows at most so
#: many rows, and at most such a part.
SERIES, EVENLY, APART = 100, 0.8, 0.15
PAST, PART = 24, 10


def with_dates(dataset: Dataset, reopen: Callable[[DataReference], Dataset]) -> tuple[Dataset, list[str]]:
    """The data with a step for each column of dates that nothing reads, and sentences on it; as it is where there is
    none.

    Where the table is a series that is split by time, or numbers with their dates and nothing said to be predicted, it
    is cut into windows, from which what follows is forecast. Else the dates become numbers; where then nothing is to
    be predicted, the last number is. DataError where a date is to be predicted.
    """
    reference = dataset.reference
    wanted = next((name for name, c in dataset.columns.items() if c.kind == "time" and c.role == "target"), "")
    if wanted:
        raise DataError(
            f"“{wanted}” holds dates, which no network answers with; put a column of numbers in its place, such as the "
            "days since a fixed date, or choose another target"
        )
    dates = _unread(dataset)
    if not dates:
        return dataset, []
    aims = [name for name, column in dataset.columns.items() if column.role == "target"]
    if len(dates) == 1 and _is_series(dataset, dates[0], aims):
        past = max(2, min(PAST, dataset.total // PART))
        target = next((name for name in aims if dataset.columns[name].kind == "number"), "")
        windows = Windows.make({"past": past, "horizon": 1, "order": dates[0].name, "target": target})
        split = reference.split.with_(by_time=True, time_column="")
        told = f"The rows are a series in the order of “{dates[0].name}”: what follows {past} of them is forecast"
        return reopen(reference.with_(steps=(*reference.steps, windows), split=split, types={})), [told]
    steps = [(column, step) for column in dates if (step := _parts(column)) is not None]
    if not steps:
        return dataset, []
    free = [
        n for n, c in dataset.columns.items() if c.kind == "number" and c.role == "input" and n not in _said(dataset)
    ]
    if not aims and free:
        reference = reference.with_choice(free[-1], role="target")
    told_of = [f"“{column.name}” is a date: {len(step.parts)} numbers are made of it" for column, step in steps]
    return reopen(reference.with_(steps=(*reference.steps, *(step for _, step in steps)), types={})), told_of


def _said(dataset: Dataset) -> set[str]:
    """The columns of which a person said what they are for."""
    return {name for name, choice in dataset.reference.fields.items() if choice.role != "auto"}


def _unread(dataset: Dataset) -> list[Column]:
    """The columns of dates of a table that may be inputs and that no step reads."""
    steps = dataset.reference.steps
    if not dataset.is_table or any(step.reshapes for step in steps):
        return []
    read = {name for step in steps for name in step.reads}
    split = dataset.reference.split
    return [
        column
        for name, column in dataset.columns.items()
        if column.kind == "time"
        and name not in read
        and name != split.group
        and (column.role == "input" or (column.role == "ignored" and name not in _said(dataset)))
    ]


def _is_series(dataset: Dataset, date: Column, aims: list[str]) -> bool:
    """Whether rows stand evenly apart in time, each at its own, and what comes next is asked for."""
    fed = [column for column in dataset.columns.values() if column.role in ("input", "target") and column is not date]
    numbers = [column for column in fed if column.kind == "number"]
    asked = dataset.reference.split.by_time and all(dataset.columns[name].kind == "number" for name in aims)
    alone = not aims and len(numbers) == len(fed) and not _said(dataset)
    if not numbers or not (asked or alone) or dataset.total < SERIES:
        return False
    times = date.values[:]
    if np.isnan(times).any():
        return False
    apart = np.diff(np.sort(times))
    usual = float(np.median(apart))
    return bool((apart > 0).all() and np.mean(np.abs(apart - usual) <= APART * usual) >= EVENLY)


def _parts(column: Column) -> Dates | None:
    """The step that makes numbers of dates: of those parts that differ. None where there is no part that does."""
    times = column.values[:]
    times = times[~np.isnan(times)]
    if not len(times) or np.ptp(times) == 0:
        return None
    reach = float(np.ptp(times))
    clock = times % DAY
    chosen = {
        "year": len(np.unique(times.astype("datetime64[s]").astype("datetime64[Y]"))) > 1, "month": reach >= MONTH,
        "weekday": reach >= DAY, "hour": bool(np.ptp(clock) > 0),
    }  # fmt: skip
    return Dates.make({"column": column.name, **chosen}) if any(chosen.values()) else None
