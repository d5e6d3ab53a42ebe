"""A typical row of data that is not there, of what it taught: something to begin from when a network is tried."""

from __future__ import annotations

import numpy as np

from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.encoding import ColumnEncoding
from nnstudio.data.fitted import Fitted
from nnstudio.data.reference import DataReference

#: The typical row, which is held back, and two on either side of it, which tell the range of each number.
PARTS = ("test", "train", "train")
#: How far those lie away, in the unit in which a number is standardised.
APART = 2.0
_PART = "part of the typical rows"


def typical(fitted: Fitted, title: str) -> Dataset | None:
    """Data of one typical row (in the test split), prepared by what was learned: the mean of each number, the most
    frequent category (the first, where that was not learned), an empty picture, sound or text.

    None where rows are cut from longer ones (windows over time, parts of a text), of which what was learned tells too
    little.
    """
    prepared = fitted.prepared
    if any(each.step.reshapes for each in prepared.steps):
        return None
    targets = {name for field in fitted.targets for name in fitted.takes(field)}
    columns = {}
    for name, given in (prepared.given or prepared.columns).items():
        known = prepared.columns.get(name, given)
        encoding = known if known.kind == given.kind else given
        columns[name] = _column(encoding, "target" if name in targets else "input")
    parts = np.array([PARTS.index(part) for part in PARTS], dtype=np.int64)
    columns[_PART] = Column(_PART, "category", parts, PARTS[:2], role="ignored")
    rows = {name: column.values for name, column in columns.items()}
    asked = DataReference(source="shipped:none", steps=tuple(each.step for each in prepared.steps))
    return Dataset(asked, Source(columns, len(PARTS), False, rows, part=_PART), title, known=fitted)


def _column(encoding: ColumnEncoding, role: str) -> Column:
    return Column(
        encoding.name, encoding.kind, _values(encoding), encoding.categories, role, divisor=encoding.divisor,
        size=encoding.size, rate=encoding.rate, joiner=encoding.joiner,
    )  # fmt: skip


def _values(encoding: ColumnEncoding) -> Array:
    """The typical value, one below and one above it."""
    count, shape = len(PARTS), encoding.shape
    match encoding.kind:
        case "number":
            return _numbers(encoding)
        case "category":
            first = int(encoding.fill[0])
            return np.full(count, first if first < len(encoding.categories) else 0, dtype=np.int64)
        case "time":
            return np.full(count, encoding.fill[0])
        case "text":
            return np.array([""] * count, dtype=object)
        case "codes" | "mask":
            return np.zeros((count, *shape), dtype=np.int64)
        case "boxes":
            none = np.zeros((count, *shape), dtype=np.float32)
            none[..., 4] = -1
            return none
    whole = encoding.kind in ("image", "sound") and encoding.divisor > 1
    values = np.zeros((count, *shape), dtype=np.float32)
    if encoding.kind == "array":
        fill = np.asarray(encoding.fill, np.float32)
        values += fill if len(fill) == 1 else fill.reshape(shape)
    return values.astype(np.int16 if encoding.kind == "sound" else np.uint8) if whole else values


def _numbers(encoding: ColumnEncoding) -> Array:
    standardised = (encoding.mean, encoding.std) != ((0.0,), (1.0,)) and len(encoding.mean) == 1
    apart = np.array([0.0, -APART, APART])
    return encoding.decoded(apart) if standardised else encoding.fill[0] * encoding.divisor + apart / APART
