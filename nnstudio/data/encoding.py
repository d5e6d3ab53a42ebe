"""Columns become the arrays that a network is fed, and predictions become values again.

What is needed for that (means, scales, categories), is learned from training rows alone, and is a value that can be
saved with a project and an exported model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data import objects
from nnstudio.data.columns import Array, Column, quoted
from nnstudio.data.dialect import MISSING
from nnstudio.data.lazy import is_lazy
from nnstudio.data.reference import DataError
from nnstudio.layers.types import TensorType

#: The kinds of columns that can be fed to a network.
FED = ("number", "category", "image", "array", "codes", "mask", "boxes", "sound")
#: Of values that are read when they are asked for, about so many rows tell the mean and scale.
SAMPLED = 2000
_LABELS = {0: "F", 1: "F", 2: "T F", 3: "C H W", 4: "C D H W"}


@dataclass(frozen=True)
class ColumnEncoding:
    """How one column becomes numbers: ``(value / divisor - mean) / std``, or the place of the value in categories.

    mean and std have one number, or for an array one for each entry of a sample (flattened). fill stands in for
    a missing value: the training rows' mean (before mean and std are applied) or most frequent category.
    shape: of one sample, () for a table's columns. rate: samples a second of a sound.
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
        ):
            return np.divide(values, self.divisor, dtype=np.float32)  # nothing is missing: one pass
        shape = (len(values), 1) if self.kind == "number" else (len(values), *self.shape)
        if values.dtype.kind != "f":
            values = values.astype(np.float32 if self.kind != "number" else np.float64)
        flat = values.reshape(len(values), math.prod(shape[1:]))
        if self.divisor != 1.0:
            flat = flat / self.divisor
        flat = np.where(np.isnan(flat), np.array(self.fill), flat) if np.isnan(flat).any() else flat
        if self.mean != (0.0,) or self.std != (1.0,):
            flat = (flat - np.array(self.mean)) / np.array(self.std)
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(flat.reshape(shape), dtype=np.float32)

    def decoded(self, array: Array) -> Array:
        """Encoded numbers as they stand in the file."""
        flat = array.reshape(len(array), -1).astype(np.float64)
        return np.asarray((flat * np.array(self.std) + np.array(self.mean)) * self.divisor).reshape(array.shape)

    def read(self, values: Sequence[Any]) -> Array:
        """Values that a person gave for this column, as :class:`Column` holds them. DataError where one cannot be."""
        if self.kind == "category":
            return np.array([self._code(value) for value in values], dtype=np.int64)
        if self.kind == "number":
            return np.array([self._number(value) for value in values], dtype=np.float64)
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

    def _shape(self) -> str:
        return "×".join(map(str, self.shape))

    def _code(self, value: Any) -> int:
        text = "" if value is None else str(value).strip()
        if text in self.categories:
            return self.categories.index(text)
        if text.lower() in MISSING:
            return -1
        raise DataError(f"“{self.name}” has no category “{text}”; it must be one of {quoted(self.categories, 12)}")

    def _number(self, value: Any) -> float:
        if value is None or (isinstance(value, str) and value.strip().lower() in MISSING):
            return math.nan
        try:
            number = float(value)
        except (ValueError, TypeError, OverflowError):
            raise DataError(f"“{self.name}” must be a number, not {value!r}; give a number or leave it empty") from None
        return number if math.isfinite(number) else math.nan


def learned(column: Column, train: NDArray[np.int64]) -> ColumnEncoding:
    """What of a column its training rows alone tell: mean, scale and what stands in for missing values."""
    lazy = is_lazy(column.values)
    values = column.values[train[:: max(1, len(train) // SAMPLED)] if lazy else train]
    shape = column.values.shape[1:]
    if column.kind == "category":
        known = values[values >= 0]
        fill = float(np.bincount(known).argmax()) if known.size else 0.0
        return ColumnEncoding(column.name, "category", fill=(fill,), categories=column.categories)
    if column.kind == "codes":
        return ColumnEncoding(column.name, "codes", shape, size=column.size)
    if column.kind in ("mask", "boxes"):
        return ColumnEncoding(column.name, column.kind, shape, categories=column.categories)
    flat = values.reshape(len(values), -1)
    lacking = not is_lazy(column.values) and column.values.dtype.kind == "f" and bool(np.isnan(column.values).any())
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    fill_values: tuple[float, ...] = (0.0,)
    if column.standardise or lacking:
        means, stds = _moments(flat, column.divisor, pooled=column.kind == "image")
        fill_values = tuple(means.tolist())
        if column.standardise:
            mean, std = fill_values, tuple(stds.tolist())
    return ColumnEncoding(
        column.name, column.kind, shape, mean, std, fill_values, column.divisor, rate=column.rate
    )  # fmt: skip


def _moments(flat: Array, divisor: float, pooled: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (population) of each entry, or of all pixels together; 1 where nothing varies."""
    flat = flat.astype(np.float64) / divisor
    if pooled:
        flat = flat.reshape(-1, 1)
    known = ~np.isnan(flat)
    count = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, flat, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, flat - means, 0.0) ** 2).sum(axis=0) / count)
    tiny = spread <= 1e-12 * np.maximum(np.abs(means), 1.0)
    return means, np.where(tiny, 1.0, spread)


@dataclass(frozen=True)
class FieldEncoding:
    """How columns make one field.

    form: ``column`` (the column itself), ``vector`` (numbers side by side, categories one-hot) or ``binary``
    (a category of two as 0.0 and 1.0, N×1, for BCEWithLogits).
    """

    name: str
    form: str
    columns: tuple[str, ...]

    def width(self, columns: Mapping[str, ColumnEncoding]) -> int:
        """How many numbers a sample has, for a vector."""
        return sum(len(columns[name].categories) or 1 for name in self.columns)

    def type(self, columns: Mapping[str, ColumnEncoding]) -> TensorType:
        """The field's tensor type."""
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
        if self.form == "column":
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
                array[np.arange(count), place + encoded] = 1.0
                place += len(column.categories)
        return array

    def decoded(self, columns: Mapping[str, ColumnEncoding], array: Array) -> list[Any]:
        """Values as in the file for encoded ones or for predictions of this field, one entry a row.

        Scores of classes (N×classes) give the name of the highest, codes (N) the name; a binary field takes
        probabilities. A mask, or scores for each pixel (N×classes×H×W), gives codes; boxes see `objects.told`.
        Numbers are brought back to the file's scale. A vector gives a dict by column for each row.
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
            return array.tolist()  # type: ignore[no-any-return]
        if column.kind == "boxes":
            return objects.told(array, column.categories)
        if column.kind == "mask":
            return list(array.argmax(axis=1) if array.ndim == 4 else array)
        values = column.decoded(array)
        return [float(row.reshape(-1)[0]) for row in values] if column.kind == "number" else list(values)

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


@dataclass(frozen=True)
class Preparation:
    """All that turns rows into arrays and predictions into values, without the data that it was learned from."""

    columns: Mapping[str, ColumnEncoding]
    fields: Mapping[str, FieldEncoding]

    @property
    def types(self) -> Mapping[str, TensorType]:
        """Tensor types by field."""
        return {name: field.type(self.columns) for name, field in self.fields.items()}

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Mapping[str, Array]:
        """Arrays by field for new rows, given by column, as they would stand in the file.

        Fields whose columns are not all given are left out; None or an empty text is a missing value. DataError
        where nothing can be encoded, where lengths differ or where a value is not one that the column can have.
        """
        lengths = {len(values) for values in rows.values()}
        if len(lengths) > 1:
            raise DataError("Each column must be given as many values as the others; give one for each row")
        known = {name: self.columns[name].read(values) for name, values in rows.items() if name in self.columns}
        able = {name: field for name, field in self.fields.items() if all(column in known for column in field.columns)}
        if not able:
            expected = quoted(tuple(self.columns), 12)
            raise DataError(f"None of the given columns ({quoted(tuple(rows))}) are those of the data; give {expected}")
        return {name: field.encoded(self.columns, known) for name, field in able.items()}

    def decode(self, field: str, array: Array) -> list[Any]:
        """See :meth:`FieldEncoding.decoded`. KeyError where there is no such field."""
        return self.fields[field].decoded(self.columns, array)

    def to_json(self) -> dict[str, Any]:
        """A JSON value; :meth:`from_json` reads it back."""
        columns = [
            {f.name: _plain(getattr(column, f.name)) for f in fields(column)} for column in self.columns.values()
        ]
        named = [{f.name: _plain(getattr(field, f.name)) for f in fields(field)} for field in self.fields.values()]
        return {"columns": columns, "fields": named}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preparation:
        """Read what :meth:`to_json` wrote. DataError where it is malformed."""
        try:
            columns = [ColumnEncoding(**{k: _frozen(v) for k, v in column.items()}) for column in data["columns"]]
            named = [FieldEncoding(**{k: _frozen(v) for k, v in field.items()}) for field in data["fields"]]
            made = cls({column.name: column for column in columns}, {field.name: field for field in named})
            _ = made.types
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"How the data was prepared cannot be read ({error!r}); open the data again") from error
        return made


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
