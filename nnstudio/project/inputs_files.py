"""What a prediction is asked for in a file of a kind that is trained from: read as that is, with its own columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nnstudio.data.errors import DataError
from nnstudio.data.formats import FORMATS, Format
from nnstudio.data.reference import DataReference
from nnstudio.project.errors import ProjectError

if TYPE_CHECKING:
    from nnstudio.data.columns import Column, Source
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted

Columns = dict[str, Sequence[Any]]
#: Kinds of files that are read here, the others have ways of their own.
_KINDS = ("excel", "nifti", "idx", "cifar", "parquet", "arrow", "sqlite", "jsonl", "conll")
#: Options of the project's data that count for another file of its kind.
_OPTIONS = ("sheet", "query")
#: Kinds of columns that a reader can be told, so that cells mean what they meant in training.
_MEANT = ("number", "category", "text", "time")
#: How texts end, and those of which each line is one.
TEXTS, LINES = (".txt", ".text", ".md", ".lines"), ".lines"


def form_of(path: Path, head: bytes) -> Format | None:
    """The kind of a file that is read here; None of another. OSError where it cannot be read."""
    return next((FORMATS[id] for id in _KINDS if FORMATS[id].fits(path, head)), None)


def rows_of(
    path: Path, form: Format, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None,
    told: list[str],
) -> Columns:  # fmt: skip
    """The columns of a file that the network's data knows. told: gets what the person should know of the file.

    ProjectError where it has none of those that the prediction takes; DataError where it cannot be read.
    """
    source = _source(path, form, _asked(path, form, dataset, reference))
    told += [*source.warnings] if form.id != "nifti" else []
    wanted = taken(dataset, needed)
    known = {name: column for name, column in source.columns.items() if name in wanted or _reads(dataset, name)}
    if wanted and not wanted & known.keys():
        raise lacking(path.name, list(source.columns), dataset, needed)
    if form.id == "nifti":
        return _slices(path, source, dataset)
    return {name: _raw(column) for name, column in known.items()}


def check_taken(rows: Columns, name: str, dataset: Dataset | Fitted, needed: Sequence[str]) -> None:
    """ProjectError where a file (or ``name`` else) has some columns and none of those that the prediction takes."""
    wanted = taken(dataset, needed)
    if rows and wanted and not wanted & rows.keys():
        raise lacking(name, list(rows), dataset, needed)


def with_points(rows: Columns, dataset: Dataset | Fitted) -> Columns:
    """Rows of a table of text whose numbers have decimal commas, with points; as they are where none has a comma."""
    encodings = {name: dataset.prepared.reads(name) for name in rows}
    read = {name: encoding for name, encoding in encodings.items() if encoding is not None and not encoding.unit}
    numbers = [name for name, encoding in read.items() if encoding.kind == "number"]
    if not any("," in cell for name in numbers for cell in rows[name]):
        return rows
    return {**rows, **{name: [cell.replace(".", "").replace(",", ".") for cell in rows[name]] for name in numbers}}


def lacking(name: str, came: Sequence[str], dataset: Dataset | Fitted, needed: Sequence[str]) -> ProjectError:
    """Of rows that have none of the columns that a prediction takes, by the file's own names."""
    from nnstudio.data.columns import quoted

    fields = [name for name in needed if name in dataset.fields]
    wanted = dict.fromkeys(column for name in fields for column in dataset.takes(name))
    return ProjectError(f"The prediction needs {quoted(list(wanted), 12)}; {name} has {quoted(list(came), 8)}.")


def taken(dataset: Dataset | Fitted, needed: Sequence[str]) -> set[str]:
    """The columns that a prediction takes, as they stand in a file or as steps make them."""
    fields = [name for name in needed if name in dataset.fields]
    return {column for name in fields for column in (*dataset.takes(name), *dataset.fields[name].columns)}


def _reads(dataset: Dataset | Fitted, name: str) -> bool:
    return dataset.prepared.reads(name) is not None


def _asked(path: Path, form: Format, dataset: Dataset | Fitted, reference: DataReference | None) -> DataReference:
    """How the file is read: columns as what they were in training, and with its options where that was of this kind."""
    asked = DataReference.file(path)
    encodings = dataset.prepared.given or dataset.prepared.columns
    for name, encoding in encodings.items():
        if encoding.kind in _MEANT:
            asked = asked.with_choice(name, kind=encoding.kind)
    own = reference.options if reference is not None else {}
    options = {name: own[name] for name in _OPTIONS if name in own and own.get("format") == form.id}
    return asked.with_(options=options)


def _source(path: Path, form: Format, asked: DataReference) -> Source:
    """What the file holds; where the query or the sheet of the training data is not in it, its first table."""
    if form.id in ("idx", "cifar"):
        from nnstudio.data.idx import read_alone

        return read_alone(path)
    try:
        return form.read(path, asked, lambda _: None)
    except DataError:
        if not asked.options:
            raise
    return form.read(path, asked.with_(options={}), lambda _: None)


def _raw(column: Column) -> Sequence[Any]:
    """A column's values as they would stand in a file of text."""
    values = column.values[:]
    if column.kind == "category":
        return [column.categories[code] if code >= 0 else None for code in values.tolist()]
    return cast(Sequence[Any], values)


def _slices(path: Path, source: Source, dataset: Dataset | Fitted) -> Columns:
    """The slices of a scan, cut or filled up around their middle to the size of those in training."""
    from nnstudio.data.nifti import Slices

    encoding = dataset.prepared.reads("image")
    if encoding is None or len(encoding.shape) != 3:
        return {"image": cast(Sequence[Any], source.columns["image"].values)}
    _, height, width = encoding.shape
    return {"image": cast(Sequence[Any], Slices([path], [source.count], (width, height))[:])}


def text_column(dataset: Dataset | Fitted, needed: Sequence[str]) -> str:
    """The one column of texts that a prediction takes; "" where it takes none, or several.

    A text that the network itself writes is none of them where it is written after another.
    """
    fields = [name for name in needed if name in dataset.fields]
    given = [name for name in fields if dataset.fields[name].role != "target"] or fields
    found = dict.fromkeys(column for name in given for column in dataset.takes(name) if _is_text(dataset, column))
    return next(iter(found)) if len(found) == 1 else ""


def one_array(values: Any, name: str, dataset: Dataset | Fitted, needed: Sequence[str]) -> Columns:
    """The array of a file that holds one without a name, as what the prediction takes first. ProjectError where that is
    a text and these are numbers."""
    if not values.ndim:
        raise of_single_numbers(name)
    field = next(iter(needed), "values")
    columns = dataset.takes(field) if field in dataset.fields else ()
    if len(columns) == 1 and _is_text(dataset, columns[0]) and values.dtype.kind not in "US":
        raise ProjectError(
            f"{name} holds numbers, but “{columns[0]}” takes texts; give a .txt file, or texts as CSV or JSON."
        )
    return {field: cast(Sequence[Any], values)}


def of_single_numbers(name: str) -> ProjectError:
    """Of a file whose arrays have no rows."""
    return ProjectError(f"{name} holds single numbers alone; give arrays with a row for each answer that is wanted.")


def _is_text(dataset: Dataset | Fitted, column: str) -> bool:
    encoding = dataset.prepared.reads(column)
    return encoding is not None and (
        encoding.kind == "text" or (encoding.kind == "codes" and bool(encoding.categories))
    )


def texts_of(path: Path, column: str, reference: DataReference | None) -> Columns:
    """A text as the one row of a column, or each of its lines where the network was trained from lines. DataError where
    it is none."""
    from nnstudio.data.lines import text_of

    text, _, _ = text_of(path, DataReference.file(path))
    options: Mapping[str, Any] = reference.options if reference is not None else {}
    if options.get("format") == "lines" or path.suffix.lower() == LINES:
        return {column: [line for line in text.split("\n") if line.strip()]}
    return {column: [text.rstrip("\n")]}
