"""What the data dock shows of a data set: figures of a column, cells and pictures."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.lazy import is_lazy
from nnstudio.data.reference import SPLITS

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: At most so many numbers of a large array are looked at for its figures.
MOST = 5_000_000
#: Of values that are read when they are asked for, about so many rows are.
SAMPLED = 500
#: So many characters of a text are shown in a table.
LONGEST = 300


@dataclass(frozen=True)
class Summary:
    """Figures of one column over all rows of the file.

    count: values that are there; missing: rows without one. mean … maximum and quantiles (0.05, 0.25, 0.5, 0.75,
    0.95) are None or empty where the column holds no numbers. counts has one entry a bin, edges one more. classes:
    for a category, how many rows of each split have each class, in the order of the categories; for boxes how many
    boxes there are, for masks how many rows have a pixel of it (of a sample of rows, where there are many).
    """

    name: str
    kind: str
    role: str
    count: int
    missing: int
    mean: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    quantiles: Mapping[float, float] = field(default_factory=dict)
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    edges: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    classes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def summary(dataset: Dataset, name: str, bins: int) -> Summary:
    """Figures and histogram of a column; for arrays and pictures over all their numbers."""
    column = dataset.columns[name]
    missing = column.missing
    about: tuple[str, str, str, int, int] = (name, column.kind, column.role, dataset.total - missing, missing)
    if column.kind == "category":
        return Summary(*about, classes=_class_counts(dataset, column))
    if column.kind == "text":
        return Summary(*about)
    if column.kind in ("mask", "boxes"):
        return Summary(*about, classes=_object_counts(dataset, column))
    values = column.values
    numbers = (values[:: max(1, len(values) // SAMPLED)] if is_lazy(values) else values).reshape(-1)
    numbers = numbers[:: max(1, len(numbers) // MOST)].astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return Summary(*about)
    low, high = float(numbers.min()), float(numbers.max())
    counts, edges = np.histogram(numbers, bins=bins, range=(low, high) if high > low else (low - 0.5, low + 0.5))
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    quantiles = dict(zip(shares, map(float, np.quantile(numbers, shares)), strict=True))
    return Summary(
        *about, float(numbers.mean()), float(numbers.std()), low, high, quantiles, counts.astype(np.int64), edges
    )


def _class_counts(dataset: Dataset, column: Column) -> Mapping[str, Mapping[str, int]]:
    per_split = {}
    for split in SPLITS:
        codes = column.values[dataset.indices(split)]
        per_split[split] = np.bincount(codes[codes >= 0], minlength=len(column.categories))
    return {
        name: {split: int(counts[code]) for split, counts in per_split.items()}
        for code, name in enumerate(column.categories)
    }


def _object_counts(dataset: Dataset, column: Column) -> Mapping[str, Mapping[str, int]]:
    """How many boxes, or masks, of each split have each class."""
    per_split = {}
    for split in SPLITS:
        rows = dataset.indices(split)
        rows = rows[:: max(1, len(rows) // SAMPLED)] if column.kind == "mask" else rows
        values = column.values[rows]
        if column.kind == "boxes":
            codes = values[..., 4].reshape(-1).astype(np.int64)
        else:
            codes = np.concatenate([np.unique(mask) for mask in values]) if len(values) else np.zeros(0, np.int64)
        per_split[split] = np.bincount(codes[codes >= 0], minlength=len(column.categories))
    return {
        name: {split: int(counts[code]) for split, counts in per_split.items()}
        for code, name in enumerate(column.categories)
    }


def cells(dataset: Dataset, start: int, stop: int) -> list[tuple[str, ...]]:
    """Rows as texts: what stands in the file (of long texts the beginning), "" where missing, of an array its shape."""
    stop = min(stop, dataset.total)
    if start >= stop:
        return []
    if dataset.is_table:
        return [
            tuple("" if cell is None else _cut(str(cell)) for cell in row) for row in dataset.rows[start:stop].rows()
        ]
    shown = [_texts(column, start, stop) for column in dataset.columns.values()]
    return list(zip(*shown, strict=True))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _texts(column: Column, start: int, stop: int) -> list[str]:
    if column.kind == "sound" and column.rate:
        count = max(0, min(stop, len(column.values)) - start)
        return [f"{column.values.shape[-1] / column.rate:.2f} s"] * count
    if is_lazy(column.values) and column.values.ndim > 1:
        return [_size(column.values.shape[1:])] * (min(stop, len(column.values)) - start)
    part = column.values[start:stop]
    if column.kind == "boxes":
        counts = (part[..., 4] >= 0).sum(axis=1)
        return ["1 box" if count == 1 else f"{count} boxes" for count in counts]
    if column.kind == "category":
        return ["" if code < 0 else _cut(column.categories[code]) for code in part]
    if column.kind == "time" and part.dtype.kind == "f":
        return [_moment(value) for value in part.tolist()]
    if part.ndim == 1:
        return [_text(value) for value in part.tolist()]
    return [_size(part.shape[1:])] * len(part)


def _size(shape: tuple[int, ...]) -> str:
    """How large an array is; of a single axis in words, as its length alone would read like a value."""
    return "×".join(map(str, shape)) if len(shape) != 1 else f"{shape[0]:,} number{'s' * (shape[0] != 1)}"


def _moment(seconds: float) -> str:
    """A time as a date, with the time of day where it has one."""
    if seconds != seconds:
        return ""
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d}" if not seconds % 86_400 else f"{moment:%Y-%m-%d %H:%M}"


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value))


def pictures(dataset: Dataset, rows: NDArray[np.int64], name: str) -> NDArray[np.uint8]:
    """Rows of an image column, stretched from its darkest to its brightest where it has no known range."""
    pixels: Array = dataset.columns[name].values[rows].astype(np.float32) / dataset.columns[name].divisor
    pixels = np.nan_to_num(pixels)
    low, high = float(pixels.min(initial=0.0)), float(pixels.max(initial=0.0))
    if low < 0.0 or high > 1.0:
        pixels = (pixels - low) / (high - low)
    shown = (pixels * 255.0 + 0.5).astype(np.uint8)
    channels = shown.shape[1]
    if channels < 3:
        return np.ascontiguousarray(shown[:, 0])
    return np.ascontiguousarray(shown[:, :3].transpose(0, 2, 3, 1))
