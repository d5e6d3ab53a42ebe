"""What training data taught, without the data: it is saved beside the weights that were trained with it.

Predictions, evaluations and exports of a trained network take their means, vocabularies and categories from here, so
that a file that changed or went away since does not change what the network is fed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column, quoted
from nnstudio.data.encoding import NEW, ColumnEncoding, FieldEncoding
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Mapped, is_lazy
from nnstudio.data.preparation import Preparation, Prepared
from nnstudio.layers.types import TensorType

#: The version of what :meth:`Fitted.to_json` writes.
FORMAT = 1


@dataclass(frozen=True)
class Field:
    """What the data offers under one name, for an Input to bring into a network.

    kind: ``number``, ``category``, ``image``, ``array``, ``codes``, ``mask``, ``boxes``, ``sound``, or ``features`` for
    several columns side by side. role: ``input`` or ``target``. classes: the names of the classes, where it has some.
    mean, std: what a number was standardised with, None where it was not. missing: rows without a value. type: of the
    field's arrays.
    """

    name: str
    kind: str
    role: str
    columns: tuple[str, ...]
    type: TensorType
    classes: tuple[str, ...] = ()
    mean: float | None = None
    std: float | None = None
    missing: int = 0


def field_of(form: FieldEncoding, prepared: Preparation, role: str, missing: int = 0) -> Field:
    """A field as it is prepared."""
    first = prepared.columns[form.columns[0]]
    kind = {"vector": "features", "binary": "number"}.get(form.form, first.kind)
    scaled = kind == "number" and form.form == "column" and not first.log and (first.mean, first.std) != ((0,), (1,))
    return Field(
        form.name, kind, "input" if form.form == "vector" else role, form.columns, form.type(prepared.columns),
        first.categories if kind in ("category", "mask", "boxes") or form.form == "binary" else (),
        first.mean[0] if scaled else None, first.std[0] if scaled else None, missing,
    )  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """How rows become arrays and predictions become values, as a network was trained. It answers what a `Dataset` does
    of its fields, and has no rows.

    targets: the fields that were to be predicted.
    """

    prepared: Preparation
    targets: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """As `Dataset.fields`."""
        roles = {name: "target" if name in self.targets else "input" for name in self.prepared.fields}
        return {name: field_of(form, self.prepared, roles[name]) for name, form in self.prepared.fields.items()}

    @property
    def types(self) -> Mapping[str, TensorType]:
        """Tensor types by field."""
        return self.prepared.types

    def takes(self, field: str) -> tuple[str, ...]:
        """See :meth:`Preparation.takes`."""
        return self.prepared.takes(field)

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Mapping[str, Array]:
        """See :meth:`Preparation.encode`."""
        return self.prepared.encode(rows)

    def decode(self, field: str, array: Array) -> list[Any]:
        """See :meth:`FieldEncoding.decoded`."""
        return self.prepared.decode(field, array)

    @property
    def steps(self) -> tuple[Prepared, ...]:
        """The steps with what they learned."""
        return self.prepared.steps

    def read(self, columns: Mapping[str, Column], title: str, told: list[str]) -> dict[str, Column]:
        """Columns of data as they would have been read beside the data that was learned from: categories have the codes
        that they had there. Those that it did not have are missing in a target, and of no category elsewhere; boxes of
        them are gone, and pixels of them are of the first class.

        told: gets a sentence on each such column. DataError where a column is gone or holds something else.
        """
        known = self.prepared.given or self.prepared.columns
        made = dict(columns)
        for name, encoding in known.items():
            if name not in columns:
                raise DataError(
                    f"“{title}” has no column “{name}”, with which this network was trained; choose the data that it "
                    "was trained on, or train it again"
                )
            column = _of_kind(columns[name], encoding, title)
            names = column.categories
            made[name] = _recoded(column, encoding)
            new = [each for each in names if each not in encoding.categories] if names and encoding.categories else []
            if new and column.kind in ("category", "boxes", "mask"):
                told.append(_of_unseen(column, new, encoding.categories[0]))
        return made

    def to_json(self) -> dict[str, Any]:
        """A JSON value; :meth:`from_json` reads it back."""
        return {"format": FORMAT, "targets": list(self.targets), "preparation": self.prepared.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> Fitted:
        """Read what :meth:`to_json` wrote. DataError where it is malformed or of a newer version."""
        if not isinstance(data, Mapping) or not isinstance(data.get("format"), int):
            raise DataError("What the data taught is not there; train the network again")
        if data["format"] > FORMAT:
            raise DataError("What the data taught was saved by a newer NN Studio; update it, or train again")
        targets = data.get("targets", [])
        if not isinstance(targets, list) or not all(isinstance(name, str) for name in targets):
            raise DataError("What the data taught cannot be read; train the network again")
        return cls(Preparation.from_json(data.get("preparation", {})), tuple(targets))


def _of_kind(column: Column, encoding: ColumnEncoding, title: str) -> Column:
    """The column as one of the kind that it had. DataError where it holds something else now."""
    kind = encoding.kind
    if column.kind == kind or (kind == "text" and column.kind == "category"):
        return column
    if kind == "category" and column.kind == "number":
        values = column.values[:]
        different = np.unique(values[~np.isnan(values)])
        names = tuple(str(int(value)) if value == round(value) else f"{value:.15g}" for value in different.tolist())
        codes = np.where(np.isnan(values), -1, np.searchsorted(different, values)).astype(np.int64)
        return replace(column, kind="category", values=codes, categories=names, standardise=False)
    raise DataError(
        f"“{column.name}” of “{title}” held {kind} when this network was trained and now holds {column.kind}; correct "
        "the file, or train the network again"
    )


def _recoded(column: Column, encoding: ColumnEncoding) -> Column:
    """The column with the codes that its categories had."""
    if column.categories == encoding.categories or not encoding.categories or encoding.kind == "text":
        return column
    places = {name: code for code, name in enumerate(encoding.categories)}
    of_category = -1 if column.role == "target" else NEW
    lacking = {"category": of_category, "codes": min(1, len(places) - 1), "boxes": -1}.get(column.kind, 0)
    new = [name for name in column.categories if name not in places]
    if lacking == NEW:  # each its own, as groups that windows do not leave
        places |= {name: NEW + 1 - len(new) + place for place, name in enumerate(new)}
    codes = np.array([places.get(name, lacking) for name in column.categories] or [lacking], dtype=np.int64)

    def change(values: Array) -> Array:
        return _changed(values, codes, column.kind)

    values = column.values
    made = Mapped(cast(Lazy, values), change) if is_lazy(values) else change(values)
    return replace(column, values=cast(Array, made), categories=encoding.categories, size=encoding.size or column.size)


def _changed(values: Array, codes: NDArray[np.int64], kind: str) -> Array:
    """Values with each code replaced; those below 0 stay."""
    if kind == "boxes":
        changed = values.copy()
        held = values[..., 4] >= 0
        changed[..., 4][held] = codes[values[..., 4][held].astype(np.int64)]
        return changed
    places = np.asarray(values, dtype=np.int64)
    return np.where(places < 0, places, codes[np.clip(places, 0, len(codes) - 1)])


def _of_unseen(column: Column, new: Sequence[str], first: str) -> str:
    then = {"boxes": "boxes of it are left out", "mask": f"its pixels count as “{first}”"}.get(column.kind)
    if then is not None or column.role == "target":
        return (
            f"“{column.name}” has {quoted(list(new))}, which this network was not trained to tell; "
            f"{then or 'rows with it are left out'}, until it is trained again"
        )
    return f"“{column.name}” has {quoted(list(new))}, which no training row had; it counts as none of those known"
