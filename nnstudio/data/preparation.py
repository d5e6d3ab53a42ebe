"""How rows become arrays: the steps with what they learned, then the encoding. A value that can be saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import GREATEST, Array, Column, Source, quoted
from nnstudio.data.encoding import ColumnEncoding, FieldEncoding, described
from nnstudio.data.errors import DataError
from nnstudio.data.steps import Step, step_from_json, step_to_json
from nnstudio.data.steps.texts import Tokens
from nnstudio.data.steps.tokenizing import END, PAD, START, UNKNOWN
from nnstudio.layers.types import TensorType


@dataclass(frozen=True)
class Prepared:
    """A step with what it learned from the training rows, a JSON value."""

    step: Step
    learned: Mapping[str, Any] = field(default_factory=dict)


def reshaped(source: Source, steps: Sequence[Step]) -> tuple[Source, list[Prepared], list[Step]]:
    """The source after its steps up to the last that makes other rows, those steps, and the steps that are left.

    DataError where a step before that one would have to learn, which is done after the split.
    """
    last = max((place for place, step in enumerate(steps) if step.reshapes), default=-1)
    done: list[Prepared] = []
    for step in steps[: last + 1]:
        if step.learns and not step.reshapes:
            raise DataError(
                f"The step “{step.title}” learns from training rows, which are known only behind "
                f"“{steps[last].title}”; move it below that step"
            )
        step = step.settled(source.columns)
        if step.reshapes:
            source = step.reshape(source)
        else:
            columns = step.apply(source.columns, {})
            rows = source.rows if columns.keys() == source.columns.keys() else {n: c.values for n, c in columns.items()}
            source = replace(source, columns=columns, is_table=source.is_table and rows is source.rows, rows=rows)
        done.append(Prepared(step))
    return source, done, list(steps[last + 1 :])


def learning(
    columns: Mapping[str, Column], steps: Sequence[Step], train: NDArray[np.int64], told: list[str],
    known: Sequence[Prepared] = (),
) -> tuple[Mapping[str, Column], list[Prepared]]:  # fmt: skip
    """The columns after the steps, each of which learns from the rows ``train`` of what those before it made.

    known: the same steps with what they learned before, which then counts.
    """
    done = []
    for place, step in enumerate(steps):
        step = step.settled(columns)
        learned = known[place].learned if known else step.learn(columns, train)
        columns = step.apply(columns, learned)
        told += step.doubts(columns, learned)
        done.append(Prepared(step, learned))
    return columns, done


def _check_written(encoding: ColumnEncoding | None, values: Sequence[Any]) -> None:
    """DataError where a person gave what is neither a text nor a number for a column of texts or classes."""
    if encoding is None or encoding.kind not in ("text", "category"):
        return
    for value in values:
        if encoding.kind == "text" and isinstance(value, bool | Mapping | list | tuple | np.ndarray):
            raise DataError(f"“{encoding.name}” must be a text, not {value!r}; give a text or leave it empty")
        if encoding.kind == "category" and isinstance(value, Mapping | list | tuple | np.ndarray):
            raise DataError(f"“{encoding.name}” must be one of its classes, not {value!r}; give one as a text")


def _usable(encoding: ColumnEncoding | None, values: Sequence[Any]) -> Sequence[Any]:
    """What a person gave for a column of arrays, NaN where a number is too large to be held: it counts as missing."""
    if encoding is None or encoding.kind not in ("array", "image", "sound"):
        return values
    try:
        array = np.asarray(values)
        array = array.astype(np.float64) if array.dtype == object else array
    except (ValueError, TypeError, OverflowError):  # which reading them tells
        return values
    large = np.abs(array) > np.float64(GREATEST) if array.dtype.kind == "f" else np.zeros(1, bool)
    return cast(Sequence[Any], np.where(large, np.nan, array)) if large.any() else values


@dataclass(frozen=True)
class Preparation:
    """All that turns rows into arrays and predictions into values, without the data that it was learned from.

    given: the columns as they stand in the file; steps: what is done to them; columns: those behind the steps, and how
    they are encoded; fields: what is made of them.
    """

    columns: Mapping[str, ColumnEncoding]
    fields: Mapping[str, FieldEncoding]
    steps: tuple[Prepared, ...] = ()
    given: Mapping[str, ColumnEncoding] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """A hash of all that is in it: equal ones prepare alike, also after they were saved."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    @property
    def reshaping(self) -> Step | None:
        """The step that makes other rows (windows over time, chunks of a text); None where none does."""
        return next((prepared.step for prepared in self.steps if prepared.step.reshapes), None)

    @property
    def types(self) -> Mapping[str, TensorType]:
        """Tensor types by field."""
        return {name: field.type(self.columns) for name, field in self.fields.items()}

    def told(self, place: int) -> str:
        """What a step learned, as a short phrase; "" where there is nothing to tell."""
        prepared = self.steps[place]
        return prepared.step.told(prepared.learned, self.columns)

    def reads(self, column: str) -> ColumnEncoding | None:
        """How a column that a person gives is read; None where there is none such."""
        return self.given.get(column) or self.columns.get(column)

    def takes(self, field: str) -> tuple[str, ...]:
        """The columns of the file that are needed for a field. KeyError where there is no such field."""
        names = self.fields[field].columns
        for prepared in reversed(self.steps):
            names = tuple(dict.fromkeys(origin for name in names for origin in prepared.step.origins(name)))
        return names

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Mapping[str, Array]:
        """Arrays by field for new rows, given by column, as they would stand in the file.

        Fields whose columns are not all given are left out; None or an empty text is a missing value. With windows
        over time, rows that follow one another give every window that is in them. Columns that steps make (``past``)
        can be given as such too. DataError where nothing can be encoded, where lengths differ or where a value is not
        one that the column can have.
        """
        lengths = {len(values) for values in rows.values()}
        if len(lengths) > 1:
            raise DataError("Each column must be given as many values as the others; give one for each row")
        for name, values in rows.items():
            _check_written(self.reads(name), values)
        rows = {name: _usable(self.reads(name), values) for name, values in rows.items()}
        able, known = self._able(self._prepared(rows))
        if not able:
            able, known = self._able({n: self.columns[n].read(v) for n, v in rows.items() if n in self.columns})
        if not able:
            expected = quoted(tuple(self.given or self.columns), 12)
            raise DataError(f"None of the given columns ({quoted(tuple(rows))}) are those of the data; give {expected}")
        return {name: field.encoded(self.columns, known) for name, field in able.items()}

    def unknown(self, rows: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
        """A sentence for each column with categories among new rows that no row had before. They are encoded as none of
        those that are known (where categories have codes, as the most frequent)."""
        told = []
        for name, values in rows.items():
            encoding = self.columns.get(name)
            new = encoding.unknown(values) if encoding is not None else ()
            if encoding is not None and new:
                told.append(
                    f"“{name}” had no {quoted(new)} in training, so what is said of it is a guess; known are "
                    f"{quoted(encoding.categories, 12)}"
                )
            strangers = self._strangers(name, values)
            if strangers:
                told.append(
                    f"{quoted(strangers, 12)} in “{name}” did not occur in training; the network reads each alike"
                )
        return tuple(told)

    def written(self, column: str, text: Any, codes: Sequence[int]) -> tuple[str, ...]:
        """The tokens that codes of a column of texts stand for; those that are not in the vocabulary as they are
        written in the text that was encoded."""
        names = self.columns[column].categories
        told = [names[code] if 0 <= code < len(names) else str(code) for code in codes]
        step = next((each.step for each in reversed(self.steps) if column in each.step.feeds), None)
        cut = step.cut(text) if isinstance(step, Tokens) and isinstance(text, str) else ()
        places = [at for at, code in enumerate(codes) if code not in (PAD, START, END)]
        for at, piece in zip(places, cut, strict=False):
            told[at] = piece if codes[at] == UNKNOWN else told[at]
        return tuple(told)

    def _strangers(self, column: str, values: Sequence[Any]) -> tuple[str, ...]:
        """Words of new texts that are not in the vocabulary, each once."""
        step = next((each.step for each in reversed(self.steps) if column in each.step.feeds), None)
        encoding = self.columns.get(column)
        if not isinstance(step, Tokens) or step.by == "characters" or encoding is None:
            return ()
        known = set(encoding.categories)
        cut = (piece for text in values if isinstance(text, str) for piece in step.cut(text))
        return tuple(dict.fromkeys(each for each in cut if (each.lower() if step.lower else each) not in known))

    def _able(self, known: Mapping[str, Array]) -> tuple[dict[str, FieldEncoding], Mapping[str, Array]]:
        """The fields that can be made of these columns."""
        return {n: f for n, f in self.fields.items() if all(column in known for column in f.columns)}, known

    def _prepared(self, rows: Mapping[str, Sequence[Any]]) -> dict[str, Array]:
        """Values by column behind the steps."""
        if not self.steps:
            return {name: self.columns[name].read(values) for name, values in rows.items() if name in self.columns}
        columns: Mapping[str, Column] = {
            name: self.given[name].column(values) for name, values in rows.items() if name in self.given
        }
        for prepared in self.steps if columns else ():
            step = prepared.step
            columns = step.reshape_given(columns) if step.reshapes else step.apply(columns, prepared.learned)
        return {name: column.values for name, column in columns.items() if name in self.columns}

    def decode(self, field: str, array: Array) -> list[Any]:
        """See :meth:`FieldEncoding.decoded`. KeyError where there is no such field."""
        return self.fields[field].decoded(self.columns, array)

    def to_json(self) -> dict[str, Any]:
        """A JSON value; :meth:`from_json` reads it back."""
        written: dict[str, Any] = {
            "columns": list(map(_plain, self.columns.values())), "fields": list(map(_plain, self.fields.values())),
        }  # fmt: skip
        if self.steps:
            written["given"] = list(map(_plain, self.given.values()))
            written["steps"] = [{"step": step_to_json(p.step), "learned": dict(p.learned)} for p in self.steps]
        return written

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preparation:
        """Read what :meth:`to_json` wrote. DataError where it is malformed."""
        try:
            columns = [ColumnEncoding(**_frozen(column)) for column in data["columns"]]
            named = [FieldEncoding(**_frozen(field)) for field in data["fields"]]
            given = [ColumnEncoding(**_frozen(column)) for column in data.get("given", ())]
            steps = [Prepared(step_from_json(each["step"]), dict(each["learned"])) for each in data.get("steps", ())]
            made = cls(
                {column.name: column for column in columns}, {field.name: field for field in named}, tuple(steps),
                {column.name: column for column in given},
            )  # fmt: skip
            _ = made.types
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"How the data was prepared cannot be read ({error!r}); open the data again") from error
        return made


def given_columns(columns: Mapping[str, Column], steps: Sequence[Step]) -> dict[str, ColumnEncoding]:
    """How the columns of a source are read from what a person gives: those that are not ignored, or that steps read."""
    read = {name for step in steps for name in step.reads}
    texts = {name for step in steps for name in step.frees if name in columns and columns[name].kind == "category"}
    made = {n: described(c) for n, c in columns.items() if c.role not in ("ignored", "group") or n in read}
    return {n: replace(c, kind="text", categories=()) if n in texts else c for n, c in made.items()}


def _plain(value: ColumnEncoding | FieldEncoding) -> dict[str, Any]:
    parts = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, ColumnEncoding) and not value.unit:
        del parts["unit"], parts["decimal"]
    return {name: list(part) if isinstance(part, tuple) else part for name, part in parts.items()}


def _frozen(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(part) if isinstance(part, list) else part for name, part in data.items()}
