"""Columns become the arrays that a network is fed, and predictions become values again.

What is needed for that (means, scales, categories), is learned from training rows alone, and is a value that can be
saved with a project and an exported model.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data import objects, scaling, units
from nnstudio.data.columns import GREATEST, Array, Column
from nnstudio.data.dialect import MISSING, THOUSANDS
from nnstudio.data.moments import moments, scales
from nnstudio.data.reference import DataError
from nnstudio.data.steps.tokenizing import PAD, UNKNOWN, decoded
from nnstudio.layers.types import TensorType

#: The kinds of columns that can be fed to a network.
FED = ("number", "category", "image", "array", "codes", "mask", "boxes", "sound")
#: The code of a category that no row had when the data was prepared; further ones have lower codes.
NEW = -2
#: Rows of a table's column that are looked at together.
TOGETHER = 1 << 20
_LABELS = {0: "F", 1: "F", 2: "T F", 3: "C H W", 4: "C D H W"}


@dataclass(frozen=True)
class ColumnEncoding:
    """How one column becomes numbers: ``(value / divisor - mean) / std``, or the place of the value in categories.

    mean and std have one number, or for an array one for each entry of a sample (flattened). fill stands in for
    a missing value: the training rows' mean (before mean and std are applied) or most frequent category.
    shape: of one sample, () for a table's columns. rate: samples a second of a sound. joiner: between the tokens of
    codes whose categories are a vocabulary. log: mean and std are of `scaling.signed_log` of the value. Columns that
    only steps of the preparation can use (texts, times) are described by one too, which reads them. unit: what each
    number is written with in the file, decimal: the sign before its decimals there.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    fill: tuple[float, ...] = (0.0,)
    divisor: float = 1.0
    categories: tuple[str, ...] = ()
    size: int = 0
    rate: int = 0
    joiner: str = ""
    log: bool = False
    unit: str = ""
    decimal: str = "."

    def encoded(self, values: Array) -> Array:
        """Raw values as :class:`Column` holds them, one entry a row: float32 N×…, or int64 codes."""
        if self.kind == "category":
            return np.where(values < 0, int(self.fill[0]), values).astype(np.int64)
        if self.kind in ("codes", "mask"):
            return np.ascontiguousarray(values, dtype=np.int64)
        if self.kind == "boxes":
            return np.ascontiguousarray(values, dtype=np.float32)
        if (
            values.dtype.kind in "iub"
            and self.kind in ("image", "sound")
            and self.std == (1.0,) == (1.0 + self.mean[0],)
            and not self.log
        ):
            return np.divide(values, self.divisor, dtype=np.float32)  # nothing is missing: one pass
        shape = (len(values), 1) if self.kind == "number" else (len(values), *self.shape)
        if values.dtype.kind != "f":
            values = values.astype(np.float32 if self.kind != "number" else np.float64)
        flat = values.reshape(len(values), math.prod(shape[1:]))
        if self.divisor != 1.0:
            flat = flat / self.divisor
        flat = np.where(np.isnan(flat), np.array(self.fill), flat) if np.isnan(flat).any() else flat
        flat = scaling.signed_log(flat) if self.log else flat
        if self.mean != (0.0,) or self.std != (1.0,):
            flat = (flat - np.array(self.mean)) / np.array(self.std)
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(flat.reshape(shape), dtype=np.float32)

    def decoded(self, array: Array) -> Array:
        """Encoded numbers as they stand in the file."""
        flat = array.reshape(len(array), -1).astype(np.float64)
        flat = flat * np.array(self.std) + np.array(self.mean)
        return np.asarray((scaling.signed_exp(flat) if self.log else flat) * self.divisor).reshape(array.shape)

    def read(self, values: Sequence[Any]) -> Array:
        """Values that a person gave for this column, as :class:`Column` holds them. DataError where one cannot be."""
        if self.kind == "category":
            places = {name: code for code, name in enumerate(self.categories)}
            new = self.unknown(values)
            places |= {name: NEW + 1 - len(new) + place for place, name in enumerate(new)}
            return np.array([self._code(value, places) for value in values], dtype=np.int64)
        if self.kind == "number":
            return np.array([self._number(value) for value in values], dtype=np.float64)
        if self.kind == "text":
            return np.array([None if value is None else str(value) for value in values], dtype=object)
        if self.kind == "time":
            return np.array([_seconds(self.name, value) for value in values], dtype=np.float64)
        if self.kind == "codes" and self.categories:
            values = [self._codes(value) if isinstance(value, str) else value for value in values]
        if self.kind == "boxes":
            return objects.read(self.name, values, self.shape[0], self.categories)
        try:
            array = np.asarray(values, dtype=np.int64 if self.kind in ("codes", "mask") else np.float32)
        except (ValueError, TypeError, OverflowError):
            raise DataError(f"“{self.name}” must be arrays of {self._shape()} numbers each; give those") from None
        if array.ndim == len(self.shape) and self.shape[:1] == (1,):
            array = array[:, None]
        if array.shape[1:] != self.shape:
            came = "×".join(map(str, array.shape[1:])) or "one number"
            raise DataError(f"“{self.name}” must be {self._shape()} a sample, not {came}; give it in that shape")
        return array

    def column(self, values: Sequence[Any]) -> Column:
        """The values that a person gave as a column. DataError where one cannot be."""
        read = self.read(values)
        if self.kind == "image" and self.divisor > 1 and (read == np.rint(read)).all():
            read = read.astype(np.int32)  # as pixels are in files, so that steps round as they do there
        return Column(
            self.name, self.kind, read, self.categories, divisor=self.divisor, size=self.size,
            rate=self.rate, joiner=self.joiner,
        )  # fmt: skip

    def _shape(self) -> str:
        return "×".join(map(str, self.shape))

    def _code(self, value: Any, places: Mapping[str, int]) -> int:
        text = "" if value is None else str(value).strip()
        if text in places:
            return places[text]
        if text.lower() in MISSING:
            return -1
        return NEW

    def unknown(self, values: Sequence[Any]) -> tuple[str, ...]:
        """Texts among these that a category does not know, each once."""
        if self.kind != "category":
            return ()
        known = dict.fromkeys(self.categories, 0)
        told = (str(value).strip() for value in values if value is not None and self._code(value, known) == NEW)
        return tuple(dict.fromkeys(told))

    def _codes(self, text: str) -> list[int]:
        """Codes of a text whose tokens are characters or stand between spaces, cut and filled up to the length."""
        places = {token: code for code, token in enumerate(self.categories)}
        pieces = (list(text) if not self.joiner else text.split())[: self.shape[0]]
        codes = [places.get(piece, UNKNOWN) for piece in pieces]
        return codes + [PAD] * (self.shape[0] - len(codes))

    def _number(self, value: Any) -> float:
        if value is None or (isinstance(value, str) and value.strip().lower() in MISSING):
            return math.nan
        if isinstance(value, str) and re.match(THOUSANDS, value.strip()):
            value = value.replace(",", "")
        try:
            number = float(units.plain(value, self.unit, self.decimal) if isinstance(value, str) else value)
        except (ValueError, TypeError, OverflowError):
            raise DataError(f"“{self.name}” must be a number, not {value!r}; give a number or leave it empty") from None
        return number if abs(number) <= GREATEST else math.nan


def learned(column: Column, train: NDArray[np.int64]) -> ColumnEncoding:
    """What of a column its training rows alone tell: mean, scale and what stands in for missing values."""
    shape = column.values.shape[1:]
    if column.role == "weight":
        return _of_weights(column, train)
    if column.kind == "category":
        fill = float(_counts(column, train).argmax()) if column.categories else 0.0
        return ColumnEncoding(column.name, "category", fill=(fill,), categories=column.categories)
    if column.kind == "codes":
        return described(column)
    if column.kind in ("mask", "boxes"):
        return ColumnEncoding(column.name, column.kind, shape, categories=column.categories)
    lacking = column.values.dtype.kind == "f" and column.missing > 0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    fill_values: tuple[float, ...] = (0.0,)
    if column.standardise or lacking or column.kind == "number":
        pooled = "all" if column.kind == "image" else column.pooled
        groups = {"all": 1, "last": shape[-1] if shape else 1}.get(pooled, 0)
        means, stds = moments(column, train, groups)
        fill_values = tuple(means.tolist())
        if column.standardise and column.scaling not in ("", "standardise"):
            means, stds = scales(column, train, groups)
        if column.standardise:
            mean, std = tuple(means.tolist()), tuple(stds.tolist())
    return ColumnEncoding(
        column.name, column.kind, shape, mean, std, fill_values, column.divisor, rate=column.rate,
        log=column.standardise and column.scaling == "log1p", unit=column.unit, decimal=column.decimal,
    )  # fmt: skip


def _of_weights(column: Column, train: NDArray[np.int64]) -> ColumnEncoding:
    """Weights of rows: divided by the training rows' mean, which stands in for missing ones. DataError where one is
    negative, or none counts."""
    values = column.values[:]
    low = float(np.nanmin(values)) if not np.isnan(values).all() else 0.0
    if low < 0:
        raise DataError(
            f"“{column.name}” weighs rows and has {low:g} among its values; give 0 or more, or another role"
        )
    mean = moments(column, train, 0)[0]
    if not mean[0] > 0:
        raise DataError(f"“{column.name}” weighs rows, and no training row has more than 0; give it another role")
    return ColumnEncoding(column.name, "number", std=(float(mean[0]),), fill=(float(mean[0]),))


def described(column: Column) -> ColumnEncoding:
    """How a column is read from what a person gives, with nothing learned."""
    return ColumnEncoding(
        column.name, column.kind, tuple(column.values.shape[1:]), divisor=column.divisor, categories=column.categories,
        size=column.size, rate=column.rate, joiner=column.joiner, unit=column.unit, decimal=column.decimal,
    )  # fmt: skip


def _seconds(name: str, value: Any) -> float:
    """Seconds since 1970 of a number of them or a text such as 2024-12-31 or 2024-12-31 18:30; NaN where missing."""
    text = "" if value is None else str(value).strip()
    if text.lower() in MISSING:
        return math.nan
    try:
        return float(text)
    except ValueError:
        pass
    moment = _moment(text)
    if moment is None:
        raise DataError(f"“{name}” must be a date such as 2024-12-31 18:30, not “{text}”; give one")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(text: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text)
    for day, time in itertools.product(("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"), ("", " %H:%M", " %H:%M:%S")):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, day + time)
    return None


def _counts(column: Column, train: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of these rows have each category."""
    counts = np.zeros(len(column.categories), np.int64)
    for start in range(0, len(train), TOGETHER):
        codes = column.values[train[start : start + TOGETHER]]
        counts += np.bincount(codes[codes >= 0], minlength=len(counts))
    return counts


@dataclass(frozen=True)
class FieldEncoding:
    """How columns make one field.

    form: ``column`` (the column itself), ``vector`` (numbers side by side, categories one-hot), ``binary`` (a category
    of two as 0.0 and 1.0, N×1, for BCEWithLogits) or ``weight`` (how much each row counts, 1 in the mean, N×1).
    """

    name: str
    form: str
    columns: tuple[str, ...]

    def width(self, columns: Mapping[str, ColumnEncoding]) -> int:
        """How many numbers a sample has, for a vector."""
        return sum(len(columns[name].categories) or 1 for name in self.columns)

    def type(self, columns: Mapping[str, ColumnEncoding]) -> TensorType:
        """The field's tensor type."""
        if self.form == "weight":
            return TensorType.of_weights()
        if self.form == "vector":
            return TensorType.of("N F", "N", self.width(columns))
        if self.form == "binary":
            return TensorType.of("N F", "N", 1)
        column = columns[self.columns[0]]
        if column.kind == "category":
            return TensorType.of("N", "N", dtype="int64", classes=max(1, len(column.categories)))
        if column.kind == "codes":
            return TensorType.of("N T", "N", *column.shape, dtype="int64", classes=column.size)
        if column.kind == "mask":
            return TensorType.of("N H W", "N", *column.shape, dtype="int64", classes=max(1, len(column.categories)))
        shape = (1,) if column.kind == "number" else column.shape
        if column.kind in ("boxes", "sound"):
            return TensorType.of("N K B" if column.kind == "boxes" else "N C T", "N", *shape)
        labels = _LABELS.get(len(shape)) or " ".join("A" * len(shape))
        return TensorType.of(f"N {labels}", "N", *shape)

    def encoded(self, columns: Mapping[str, ColumnEncoding], values: Mapping[str, Array]) -> Array:
        """The field's array for raw values by column: contiguous float32 or int64."""
        if self.form in ("column", "weight"):
            return columns[self.columns[0]].encoded(values[self.columns[0]])
        if self.form == "binary":
            return columns[self.columns[0]].encoded(values[self.columns[0]]).astype(np.float32)[:, None]
        count = len(values[self.columns[0]])
        array = np.zeros((count, self.width(columns)), dtype=np.float32)
        place = 0
        for name in self.columns:
            column = columns[name]
            encoded = column.encoded(values[name])
            if column.kind == "number":
                array[:, place] = encoded[:, 0]
                place += 1
            else:
                known = values[name] > NEW  # of no category: zeros
                array[np.arange(count)[known], place + encoded[known]] = 1.0
                place += len(column.categories)
        return array

    def decoded(self, columns: Mapping[str, ColumnEncoding], array: Array) -> list[Any]:
        """Values as in the file for encoded ones or for predictions of this field, one entry a row.

        Scores of classes (N×classes) give the name of the highest, codes (N) the name; a binary field takes
        probabilities. Codes of a vocabulary, or scores for them, give a text. A mask, or scores for each pixel
        (N×classes×H×W), gives codes; boxes see `objects.told`. Numbers are brought back to the file's scale. A vector
        gives a dict by column for each row.
        """
        array = np.asarray(array)
        column = columns[self.columns[0]]
        if self.form == "vector":
            return self._decoded_vector(columns, array)
        if self.form == "binary":
            return [column.categories[int(value > 0.5)] for value in array.reshape(len(array), -1)[:, 0]]
        if column.kind == "category":
            codes = array.argmax(axis=1) if array.ndim == 2 and array.shape[1] > 1 else array.reshape(-1)
            return [_name(column.categories, int(code)) for code in codes]
        if column.kind == "codes":
            return self._texts(column, array) if column.categories else array.tolist()
        if column.kind == "boxes":
            return objects.told(array, column.categories)
        if column.kind == "mask":
            return list(array.argmax(axis=1) if array.ndim == 4 else array)
        values = column.decoded(array)
        return [float(row.reshape(-1)[0]) for row in values] if column.kind == "number" else list(values)

    @staticmethod
    def _texts(column: ColumnEncoding, array: Array) -> list[str]:
        """Texts of codes (N×T) or of scores for each place (N×T×vocabulary, or N×vocabulary×T)."""
        if array.ndim == 3:
            array = array.argmax(axis=2 if array.shape[2] == len(column.categories) else 1)
        return [decoded(row.tolist(), column.categories, column.joiner) for row in np.atleast_2d(array)]

    def _decoded_vector(self, columns: Mapping[str, ColumnEncoding], array: Array) -> list[Any]:
        rows: list[dict[str, Any]] = [{} for _ in array]
        place = 0
        for name in self.columns:
            width = len(columns[name].categories) or 1
            part = array[:, place : place + width]
            place += width
            decoded = FieldEncoding(name, "column", (name,)).decoded(columns, part if width > 1 else part * 1.0)
            if columns[name].kind == "category" and width == 1:
                decoded = [columns[name].categories[0]] * len(array)
            for row, value in zip(rows, decoded, strict=True):
                row[name] = value
        return rows


def _name(categories: tuple[str, ...], code: int) -> str:
    return categories[code] if 0 <= code < len(categories) else f"class {code}"
