"""What a person chose for columns, laid over what was found, whichever reader made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import is_lazy
from nnstudio.data.reference import ColumnChoice, DataReference

#: Kinds whose values are one text, number or moment a row.
CELLS = ("number", "category", "text", "time")
#: What a chosen kind may be where values are arrays.
ALSO = {"number": ("number", "array"), "category": ("category", "codes")}
#: What columns of a kind hold, in words, and the kinds that they can be.
_ABLE = {
    "image": ("pictures", "image or number"), "sound": ("sounds", "sound or number"), "mask": ("masks", "mask"),
    "boxes": ("boxes", "boxes"), "array": ("numbers", "number"), "category": ("categories", "number, category or text"),
    "number": ("numbers", "number, category or text"), "text": ("texts", "number, category or text"),
    "time": ("times", "time, number or text"),
}  # fmt: skip
#: Roles that one column has where nobody says otherwise, and what another one is when a person gives it such a role.
LONE = {"target": "input", "group": "ignored"}


def with_choices(source: Source, reference: DataReference) -> Source:
    """The source with the kinds, roles and scaling that a person chose for its columns.

    A reader of tables minds the kinds itself. Roles of the other columns stay as they were found, save where a person
    makes another column the target or the group. DataError where a column cannot be of the kind that was chosen.
    """
    choices = reference.fields
    columns, told = dict(source.columns), list(source.warnings)
    for name in columns.keys() & choices.keys() if not source.is_table else ():
        columns[name] = _scaled(_of_kind(columns[name], choices[name], reference, told), choices[name])
    return replace(source, columns=with_chosen_roles(columns, choices), warnings=tuple(told))


def with_chosen_roles(columns: Mapping[str, Column], choices: Mapping[str, ColumnChoice]) -> dict[str, Column]:
    """The columns with the roles that were chosen."""
    roles = {name: choices[name].role for name in columns.keys() & choices.keys() if choices[name].role != "auto"}
    made = {name: replace(column, role=roles.get(name, column.role)) for name, column in columns.items()}
    for role, otherwise in LONE.items():
        if any(chosen == role and columns[name].role != role for name, chosen in roles.items()):
            found = [name for name, column in columns.items() if column.role == role and name not in roles]
            made |= {name: replace(made[name], role=otherwise) for name in found}
    return made


def _scaled(column: Column, choice: ColumnChoice) -> Column:
    if column.kind not in ("number", "array") or choice.scaling == "auto":
        return column
    return replace(column, standardise=choice.scaling == "standardise")


def _of_kind(column: Column, choice: ColumnChoice, reference: DataReference, told: list[str]) -> Column:
    """The column as the kind that was chosen for it. DataError where what it holds cannot be that."""
    if choice.kind in ("auto", column.kind) or column.kind in ALSO.get(choice.kind, ()):
        return column
    if column.kind in CELLS and choice.kind in CELLS and not is_lazy(column.values):
        made = _of_cells(column, choice, told)
    elif column.kind in ("image", "sound") and choice.kind == "number":
        made = replace(column, kind="array")
    else:
        made = _of_array(column, choice, reference, told)
    if made.kind != choice.kind and made.kind not in ALSO.get(choice.kind, ()):
        raise _refused(column, choice.kind)
    return replace(made, role=_role(column, made))


def _role(column: Column, made: Column) -> str:
    """What a column of another kind is for, where nobody says so: as before, save that texts and times are not fed."""
    if column.kind in ("text", "time"):
        return made.role
    unfed = made.kind in ("text", "time") and column.role in ("input", "target")
    return "ignored" if unfed else column.role


def _of_cells(column: Column, choice: ColumnChoice, told: list[str]) -> Column:
    """Texts, classes, numbers or times as another of these, as in a table."""
    from nnstudio.data.table import column_of

    if column.kind == "time" and choice.kind == "number":
        return replace(column, kind="number", role="input")
    texts = _texts(column)
    if choice.kind == "text":
        return Column(column.name, "text", texts, role="ignored")
    more: list[str] = []
    made = column_of(pl.Series(column.name, texts.tolist(), dtype=pl.String), choice, ".", more)
    if choice.kind in ("number", "time") and not column.absent().all() and made.absent().all():
        raise DataError(
            f"“{column.name}” holds {quoted([text for text in dict.fromkeys(texts.tolist()) if text], 2)} and no "
            f"{choice.kind}s; choose category or text as its kind"
        )
    told += more
    return made


def _texts(column: Column) -> Array:
    """The values of a column as texts, None where missing."""
    if column.kind == "text":
        return column.values
    made = np.full(len(column.values), None, dtype=object)
    for row, value in enumerate(column.values.tolist()):
        if column.kind == "category":
            made[row] = column.categories[value] if value >= 0 else None
        elif value == value:
            made[row] = _moment(value) if column.kind == "time" else repr(value).removesuffix(".0")
    return made


def _moment(seconds: float) -> str:
    return str(np.datetime64(round(seconds), "s")).replace("T", " ")


def _of_array(column: Column, choice: ColumnChoice, reference: DataReference, told: list[str]) -> Column:
    """Numbers of more than one axis as pictures, masks, boxes, sounds or codes, as those of an NPZ file."""
    from nnstudio.data.archive import column_of_array

    if column.kind not in ("image", "array") or is_lazy(column.values):
        raise _refused(column, choice.kind)
    values = column.values[:, 0] if choice.kind == "mask" and column.values.shape[1] == 1 else column.values
    return column_of_array(column.name, values, choice, reference, told)


def _refused(column: Column, kind: str) -> DataError:
    held, able = _ABLE.get(column.kind, (column.kind, "auto"))
    return DataError(f"“{column.name}” holds {held} and cannot be {kind}; choose {able} as its kind")
