"""Columns as they were read, before anything is encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.lazy import Lazy, is_lazy

Array = NDArray[Any]
#: A network is fed 32-bit numbers, of which this is the greatest.
GREATEST = float(np.finfo(np.float32).max)
#: Characters of a name that a sentence shows.
SHOWN = 60


def usable(values: Array) -> NDArray[np.bool_]:
    """Which numbers a network can be fed: those that are not missing, infinite or too large for 32 bits."""
    if values.dtype.itemsize <= 4:
        return np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values) <= GREATEST)


@dataclass(frozen=True)
class Column:
    """One column of a table, or one array of a file.

    kind decides what ``values`` hold, one entry a row:
    ``number``: float64, NaN where missing; ``category``: int64 codes into ``categories``, -1 where missing;
    ``time``: float64 seconds, NaN where missing; ``text``: nothing that can be trained on (object array of texts);
    ``image``: N×C×H×W, integer or float; ``array``: N×… numbers; ``codes``: N×T whole numbers below ``size``;
    ``mask``: N×H×W integer codes into ``categories``; ``boxes``: float32 N×K×5 (see `data.objects`), codes into
    ``categories``; ``sound``: N×C×T, integer or float, ``rate`` samples a second.
    ``divisor``: what pixels are divided by, so that they lie in 0..1 (sounds: in −1..1). Values may be `Lazy`: read
    when asked for. ``joiner``: what stands between the tokens of codes whose ``categories`` are a vocabulary.
    ``pooled``: which entries of an array share one mean and scale: ``""`` none, ``"last"`` those of a place of the last
    axis, ``"all"`` all. ``scaling``: how numbers that are to be standardised are scaled otherwise
    (`data.scaling`). ``unit``: what each number is written with in the file, ``decimal`` the sign before its decimals.
    """

    name: str
    kind: str
    values: Array
    categories: tuple[str, ...] = ()
    role: str = "input"
    standardise: bool = False
    divisor: float = 1.0
    size: int = 0
    rate: int = 0
    joiner: str = ""
    pooled: str = ""
    scaling: str = ""
    unit: str = ""
    decimal: str = "."

    @property
    def missing(self) -> int:
        """How many rows lack a value (for an array: how many have a number missing)."""
        known = getattr(self.values, "missing", None) if is_lazy(self.values) else None
        return int(np.count_nonzero(self.absent())) if known is None else int(known)

    def absent(self) -> NDArray[np.bool_]:
        """For each row, whether its value is missing; of lazy values that do not know it, none is."""
        if is_lazy(self.values):
            return cast(Lazy, self.values).absent()
        if self.kind in ("mask", "boxes"):
            return np.zeros(len(self.values), dtype=bool)
        if self.kind in ("category", "codes"):
            absent = self.values < 0
        elif self.kind == "text":
            absent = np.array([value is None for value in self.values], dtype=bool)
        elif self.values.dtype.kind == "f":
            absent = np.isnan(self.values)
        else:
            return np.zeros(len(self.values), dtype=bool)
        return np.asarray(absent.reshape(len(absent), -1).any(axis=1)) if len(absent) else absent.reshape(0)


@dataclass(frozen=True)
class Source:
    """What a file holds: columns by name, all of the same length, and what the person should know of it.

    ``rows``: the values as they stand in the file, for display: a polars DataFrame for a table, else the arrays.
    ``part``: the column that says which rows are for training, validation and test; "" where none does.
    ``spans``: int64 N×2, which stretch of one sequence each row covers (from, up to), where rows are cut from one;
    ``overlapping``: whether those stretches share values.
    """

    columns: Mapping[str, Column]
    count: int
    is_table: bool
    rows: Any
    warnings: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""
    spans: NDArray[np.int64] | None = None
    overlapping: bool = False


def quoted(names: list[str] | tuple[str, ...], at_most: int = 4) -> str:
    """Names for a sentence: “a”, “b” and 3 more; of long ones the beginning."""
    shown = ", ".join(f"“{shortened(name)}”" for name in names[:at_most])
    return shown if len(names) <= at_most else f"{shown} and {len(names) - at_most} more"


def shortened(name: str) -> str:
    """A name for a sentence, in one line, cut where it is a whole text."""
    line = " ".join(name.split()) if any(sign in name for sign in "\n\r\t") else name
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
