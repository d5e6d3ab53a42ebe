"""The data set: rows that were read, split and encoded, as training, prediction and the data dock need them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data import statistics
from nnstudio.data.augment import Augmentation
from nnstudio.data.choosing import with_choices, with_chosen_roles
from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.encoding import FED, FieldEncoding, learned
from nnstudio.data.fitted import Field as Field
from nnstudio.data.fitted import Fitted, field_of
from nnstudio.data.lazy import Lazy, is_lazy
from nnstudio.data.likeness import codes_of_texts
from nnstudio.data.preparation import Preparation, Prepared, given_columns, learning, reshaped
from nnstudio.data.reference import SPLITS, DataError, DataReference
from nnstudio.data.resemblance import settled
from nnstudio.data.roles import fields_of, shifted, with_roles
from nnstudio.data.splitting import (
    PARTS,
    compared,
    folded,
    joined,
    split_as_told,
    split_by_time,
    split_rows,
    together,
    used_rows,
)  # fmt: skip
from nnstudio.layers.types import TensorType


class EncodedRows(Lazy):
    """A field of one split that is read and encoded when its rows are asked for."""

    def __init__(self, dataset: Dataset, field: FieldEncoding, rows: NDArray[np.int64]) -> None:
        self._dataset, self._field, self._rows = dataset, field, rows
        first = self._read(rows[:1])
        self.shape, self.dtype = (len(rows), *first.shape[1:]), first.dtype

    def take(self, rows: NDArray[np.int64]) -> Array:
        wanted = self._rows[rows]
        if len(self._field.columns) == 1 or len(wanted) < 2:
            return self._read(wanted)
        order = np.argsort(wanted, kind="stable")  # once for all columns: each is read forwards
        made = self._read(wanted[order])
        taken = np.empty_like(made)
        taken[order] = made
        return taken

    def _read(self, rows: NDArray[np.int64]) -> Array:
        raw = {column: self._dataset.fed[column].values[rows] for column in self._field.columns}
        return self._field.encoded(self._dataset.prepared.columns, raw)


class Arrays(Mapping[str, Array]):
    """The arrays of one split by field, each encoded when it is first asked for and then kept; what is read lazily is
    encoded when its rows are asked for."""

    def __init__(self, dataset: Dataset, rows: NDArray[np.int64]) -> None:
        self._dataset = dataset
        self._rows = rows
        self._made: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self._made:
            field = self._dataset.prepared.fields[name]
            if len(self._rows) and any(is_lazy(self._dataset.fed[column].values) for column in field.columns):
                self._made[name] = cast(Array, EncodedRows(self._dataset, field, self._rows))
                return self._made[name]
            raw = {column: self._dataset.fed[column].values[self._rows] for column in field.columns}
            array = field.encoded(self._dataset.prepared.columns, raw)
            array.flags.writeable = False
            self._made[name] = array
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._dataset.prepared.fields)

    def __len__(self) -> int:
        return len(self._dataset.prepared.fields)


class Dataset:
    """Data that was opened. Nothing of it changes afterwards; it may be used from several threads.

    reference: what was asked for, with the sha256 and the types as they are now. title: its name for a person.
    columns: every column as it was read, of the rows that are split; fed: as the steps of the preparation made them.
    rows: the values as they stand in the file, a polars DataFrame for a table,
    else a mapping of NumPy arrays. warnings: one sentence each. prepared: how rows become arrays.
    has_changed: whether the file is not the one that was chosen.
    """

    def __init__(
        self, reference: DataReference, source: Source, title: str, warnings: Sequence[str] = (),
        fold: tuple[int, int] | None = None, known: Fitted | None = None,
    ) -> None:  # fmt: skip
        """``known``: what is used in the place of what its own training rows would teach (see :meth:`prepared_as`)."""
        self._made_of, self._opened_with = (reference, source), tuple(warnings)
        self._fold = fold
        whole = shifted(with_choices(source, reference), reference.fields)
        read, cut = list[str](), any(step.reshapes for step in reference.steps)
        if known is not None and cut:  # what is known is of the columns before that
            whole = replace(whole, columns=known.read(whole.columns, title, read))
        source, before, steps = reshaped(whole, reference.steps)
        source = with_roles(source, reference.fields, steps, whole.columns.keys())
        self.title, self.has_changed = title, False
        self.rows = source.rows
        self._part = source.part
        self.is_table = source.is_table
        self._count, self._spans, self._overlapping = source.count, source.spans, source.overlapping
        self._steps = steps
        if known is not None and not cut:
            source = replace(source, columns=known.read(source.columns, title, read))
        self.columns: Mapping[str, Column] = source.columns
        told = [*source.warnings, *read]
        self._indices = self._split(reference, told)
        train = self._indices["train"]
        fed, after = learning(source.columns, steps, train, told, known.steps[len(before) :] if known else ())
        unfed = {name: choice for name, choice in reference.fields.items() if choice.role == "ignored"}
        self.fed: Mapping[str, Column] = with_chosen_roles(fed, unfed)  # whatever a step would feed
        fields, more = fields_of(replace(source, columns=self.fed))
        texts = next((n for n, c in self.fed.items() if c.kind == "text"), "")
        if not fields and texts:
            told.append(f"“{texts}” holds texts; “Suggest a network” or the step “Text to tokens” makes tokens of them")
        elif not fields:
            raise DataError(f"“{title}” has no column to train on; give one the role input and the kind number")
        told += [*more, *warnings]
        self.prepared = known.prepared if known else self._learned(whole, fields, (*before, *after))
        self.types: Mapping[str, TensorType] = self.prepared.types
        self.fields: Mapping[str, Field] = {
            name: field_of(form, self.prepared, *self._role(form)) for name, form in self.prepared.fields.items()
        }
        self._arrays = {split: Arrays(self, rows) for split, rows in self._indices.items()}
        self._told: tuple[str, ...] = (*told, *_changes(reference.types, self.types))
        self.reference = reference.with_(types=self.types)

    def folds(self, count: int) -> Iterator[Dataset]:
        """The same data split otherwise, for a cross-validation: each fold of the training and validation rows is the
        test rows of one, and all that is learned for it comes from that one's training rows. The test rows of this data
        are in none. DataError where there are too few rows; see :func:`nnstudio.data.splitting.folded`."""
        for fold in range(count):
            yield Dataset(*self._made_of, self.title, fold=(fold, count))

    @property
    def fitted(self) -> Fitted:
        """What it taught, without its rows."""
        return Fitted(self.prepared, tuple(name for name, field in self.fields.items() if field.role == "target"))

    def prepared_as(self, known: Fitted) -> Dataset:
        """The same rows, prepared by what other data (or the same, before it changed) taught. DataError where they no
        longer have the columns for it."""
        if known.prepared.digest == self.prepared.digest:
            return self
        reference, source = self._made_of
        steps = tuple(prepared.step for prepared in known.steps)
        asked = reference.with_(steps=steps, types={})
        made = Dataset(asked, source, self.title, self._opened_with, known=known)
        made.has_changed, made.reference = self.has_changed, self.reference.with_(types=made.types)
        return made

    def _learned(self, whole: Source, fields: Mapping[str, FieldEncoding], done: tuple[Prepared, ...]) -> Preparation:
        given = given_columns(whole.columns, [prepared.step for prepared in done]) if done else {}
        ordered = np.sort(self._indices["train"])  # a table on disk is read forwards
        used = {name for field in fields.values() for name in field.columns}
        return Preparation({n: learned(self.fed[n], ordered) for n in self.fed if n in used}, fields, done, given)

    def _role(self, form: FieldEncoding) -> tuple[str, int]:
        """What a field is for, and how many of its rows lack a value."""
        columns = [self.fed[name] for name in form.columns]
        return columns[0].role, sum(column.missing for column in columns)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the person should know, one sentence each; of files that are read lazily, what was found so far."""
        lazy = [cast(Lazy, column.values) for column in self.columns.values() if is_lazy(column.values)]
        return (*self._told, *(told for values in lazy for told in values.faults()))

    def tell(self, more: Sequence[str]) -> None:
        """Add what was found while it was opened to :attr:`warnings`, each once."""
        self._told = (*self._told, *(text for text in more if text not in self._told))

    @property
    def is_unsure(self) -> bool:
        """Whether there may be files that cannot be read and that are not told yet."""
        return any(getattr(column.values, "unsure", False) for column in self.columns.values())

    def look_through(self, stop: Callable[[], bool]) -> None:
        """Find out which files cannot be read, where that was not done at once; ``warnings`` tells them. Takes as long
        as reading all; until ``stop`` says so."""
        for column in self.columns.values():
            if is_lazy(column.values):
                cast(Lazy, column.values).look_through(stop)

    def count(self, split: str) -> int:
        """How many rows a split has: "train" has at least one; 0 for "validation" or "test" means that nothing is
        held back for it, and figures on it do not exist. KeyError where there is no such split."""
        return len(self._indices[split])

    def indices(self, split: str) -> NDArray[np.int64]:
        """The numbers of a split's rows, in the order of its arrays."""
        return self._indices[split]

    def arrays(self, split: str) -> Mapping[str, Array]:
        """The arrays of a split by field: contiguous float32 or int64, one entry a row, read-only and kept. Those
        of a folder or a large file are `Lazy`, which gives the rows that are asked for.

        All that is learned for it (means, scales, what stands in for missing values) comes from training rows alone.
        """
        return self._arrays[split]

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Mapping[str, Array]:
        """See :meth:`Preparation.encode`."""
        return self.prepared.encode(rows)

    def takes(self, field: str) -> tuple[str, ...]:
        """See :meth:`Preparation.takes`."""
        return self.prepared.takes(field)

    def decode(self, field: str, array: Array) -> list[Any]:
        """See :meth:`FieldEncoding.decoded`."""
        return self.prepared.decode(field, array)

    def augmented(self, augment: tuple[Augmentation, ...]) -> Dataset:
        """The same data, trained on with other augmentation."""
        made = copy.copy(self)
        made.reference = self.reference.with_(augment=augment)
        return made

    @property
    def augment(self) -> tuple[Augmentation, ...]:
        """What is done to training batches (`train.augmenting`)."""
        return self.reference.augment

    @property
    def total(self) -> int:
        """How many rows the file has, those that no split uses among them."""
        return self._count

    def cells(self, start: int, stop: int) -> list[tuple[str, ...]]:
        """The rows from start up to stop as texts, one for each of ``columns``, for a table on the screen."""
        return statistics.cells(self, start, stop)

    def summary(self, column: str, bins: int = 30) -> statistics.Summary:
        """Figures and histogram of one column. KeyError where there is none."""
        return statistics.summary(self, column, bins)

    @property
    def overlapping(self) -> bool:
        """Whether rows share values, as windows over a series do."""
        return self._overlapping

    def pictures(self, rows: Sequence[int] | NDArray[np.int64], field: str = "image") -> NDArray[np.uint8]:
        """Rows of an image field for the screen: uint8, N×H×W where grey, N×H×W×3 where coloured."""
        return statistics.pictures(self, np.asarray(rows, dtype=np.int64), field)

    def _split(self, reference: DataReference, told: list[str]) -> dict[str, NDArray[np.int64]]:
        split = reference.split
        group = split.group or next((name for name, column in self.columns.items() if column.role == "group"), "")
        fed = {name for step in self._steps for name in step.feeds}
        targets = [c for c in self.columns.values() if c.role == "target" and (c.kind in FED or c.name in fed)]
        usable = np.ones(self._count, dtype=bool)
        for target in targets:
            if target.kind in ("category", "number", "text"):
                usable &= ~target.absent()
        if not usable.all():
            names = quoted([target.name for target in targets])
            lacking = int((~usable).sum())
            number = "1 row has" if lacking == 1 else f"{lacking} rows have"
            told.append(f"{number} no value in {names}; no split uses {'it' if lacking == 1 else 'them'}")
        if not usable.any():
            raise DataError(f"“{self.title}” has no row with a value in its target; choose another target")
        classes = next((target for target in targets if target.kind == "category"), None)
        alike = settled(compared(self.columns.values(), fed, reference.fields), np.flatnonzero(usable), split)
        rows = used_rows(split, np.flatnonzero(usable), alike, told)
        if not len(rows):
            raise DataError(f"Every row of “{self.title}” lacks a value; use rows that lack something as well")
        codes = classes.values[:] if classes else None
        own = groups = self._groups(group)
        if split.together:
            groups = joined(groups, alike, rows, self._count)
        named = self._named_parts(split.column or self._part)
        if named is None and split.by_time:
            parts = split_by_time(split, rows, self._times(reference), self._spans, own, (self.title, group), told)
        elif named is None:
            parts = split_rows(split, rows, codes, None, groups)
            if self._overlapping and not group and len(parts["train"]) < len(rows):
                told.append(
                    "Rows overlap and are split at random, so the parts share values and figures are too good; split "
                    "by time, or by a group"
                )
        else:
            parts = split_as_told(split, rows, named, codes)
        if self._fold is not None:
            kept = np.concatenate([parts["train"], parts["validation"]])
            times = self._times(reference)
            times = self._spans[:, 0].astype(np.float64) if times is None and self._spans is not None else times
            parts = folded(split, kept, *self._fold, codes, times, own if split.by_time else groups)
        if split.together:
            parts = together(parts, alike)
        empty = [name for name, share in zip(SPLITS, split.shares, strict=True) if share and not len(parts[name])]
        if len(rows) == 1:
            without = f", so none is left for {' and '.join(empty)}" if empty else ""
            told.append(
                f"“{self.title}” has only one row{without}; nothing that holds for others can be learned from it: "
                "choose more data"
            )
        elif empty and named is None:
            told.append(
                f"“{self.title}” has only {len(rows)} rows, so none is left for {' and '.join(empty)}; add rows or "
                "change the shares"
            )
        for target in targets:
            if target.kind == "category":
                _tell_classes(target, rows, parts, told)
        return dict(parts)

    def _named_parts(self, name: str) -> list[str] | None:
        """What a column says of each row: which part it belongs to; None where no column does."""
        if not name:
            return None
        column = self.columns.get(name)
        if column is None or column.kind != "category":
            came = "there is none" if column is None else f"it holds {column.kind}"
            raise DataError(f"“{name}” should name the part of each row, but {came}; choose a column of categories")
        told = [column.categories[code] if code >= 0 else "" for code in column.values[:].tolist()]
        if not any(PARTS.get(text.strip().lower()) == "train" for text in told):
            raise DataError(
                f"“{name}” should say train, validation or test, and no row is for training; choose another column"
            )
        return told

    def _times(self, reference: DataReference) -> NDArray[np.float64] | None:
        name = reference.split.time_column
        if not reference.split.by_time or not name:
            return None
        column = self.columns.get(name)
        if column is None or column.kind not in ("time", "number"):
            came = "there is none" if column is None else f"it holds {column.kind}"
            raise DataError(f"“{name}” should hold times to split by, but {came}; choose a column of dates or numbers")
        return column.values[:]

    def _groups(self, name: str) -> NDArray[np.int64] | None:
        """For each row the group to which it belongs, -1 where it has none; None where no column says so."""
        if not name:
            return None
        column = self.columns.get(name)
        if column is None or column.kind not in ("category", "number", "text", "time"):
            came = "there is none" if column is None else f"it holds {column.kind}"
            raise DataError(f"“{name}” should name the group of each row, but {came}; choose another column")
        absent, values = column.absent(), column.values[:]
        if column.kind == "text":
            values = codes_of_texts(values)
        codes = np.unique(values, return_inverse=True)[1].astype(np.int64)
        return np.where(absent, -1, codes)


def _tell_classes(target: Column, rows: Array, parts: Mapping[str, Array], told: list[str]) -> None:
    present = np.unique(target.values[rows])
    if len(present) == 1:
        only = quoted([target.categories[int(present[0])]])
        told.append(
            f"“{target.name}” has only one class ({only}), so there is nothing to tell "
            "apart; add rows of another class or choose another target"
        )
    unseen = np.setdiff1d(present, target.values[parts["train"]])
    if unseen.size:
        names = quoted([target.categories[int(code)] for code in unseen])
        told.append(f"No training row has the class {names} of “{target.name}”; give training a larger share")


def _changes(before: Mapping[str, TensorType], now: Mapping[str, TensorType]) -> list[str]:
    """Sentences on what is not as it was when the data was chosen."""
    told = []
    for name, old in before.items():
        new = now.get(name)
        if new is None:
            told.append(
                f"The field “{name}” that was there when the data was chosen is gone; choose another in its Input"
            )
        elif new.is_float and old.is_int:
            told.append(f"“{name}” held classes when it was chosen and now holds numbers; check the file or its kind")
        elif new.is_int and old.is_float:
            told.append(
                f"“{name}” held numbers when it was chosen and now holds text or classes; correct the file, "
                "or choose “number” as its kind to count texts as missing"
            )
        elif new != old:
            told.append(
                f"“{name}” was {old.described()} when it was chosen and is now {new.described()}; check the file"
            )
    return told
