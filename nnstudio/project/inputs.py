"""What a prediction is asked for: a table, arrays, a picture, a sound or a text as a file, or a row as JSON, as columns
of raw values."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.data.errors import DataError
from nnstudio.project import strict_json
from nnstudio.project.errors import ProjectError, not_read

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted
    from nnstudio.data.reference import DataReference

Columns = dict[str, Sequence[Any]]
_SOUNDS = (".wav", ".flac", ".ogg")
#: Samples a second that are taken where the data does not say its own.
_RATE = 16_000


def read_inputs(
    inputs: Sequence[str], dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None = None,
    told: list[str] | None = None, *, written: Collection[str] = (),
) -> list[Columns]:  # fmt: skip
    """The rows of each input, as columns. ``needed``: the fields that the prediction takes. reference: to the data that
    was trained on, whose options count for files of its kind. told: gets what the person should know of the files.
    written: the fields that the network writes; where one is the target, what a file holds of it is left out.

    ProjectError or DataError where one is neither a file nor JSON, or cannot be read.
    """
    told = [] if told is None else told
    targets = [name for name in written if name in dataset.fields and dataset.fields[name].role == "target"]
    kept = {column for name in needed if name not in targets for column in _columns(dataset, name)}
    left_out = {column for name in targets for column in _columns(dataset, name)} - kept
    made = []
    for text in inputs:
        rows = _read(text, dataset, needed, reference, told)
        given = _is_json(text) or not kept & rows.keys()
        made.append(rows if given else {name: rows[name] for name in rows if name not in left_out})
    return made


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _columns(dataset: Dataset | Fitted, field: str) -> tuple[str, ...]:
    """The columns that a field is made of, as they stand in a file and as steps make them."""
    return (*dataset.takes(field), *dataset.fields[field].columns) if field in dataset.fields else ()


def expanded(inputs: Sequence[str]) -> list[str]:
    """The inputs, each folder among them as the pictures and sounds that it holds, in the order of their names.

    ProjectError where a folder holds none.
    """
    found: list[str] = []
    for text in inputs:
        path = Path(text)
        if _is_json(text) or not path.is_dir():
            found.append(text)
            continue
        from nnstudio.data.pictures_decode import ENDINGS, walked

        files = sorted(walked(path, (*ENDINGS, *_SOUNDS)))
        if not files:
            raise ProjectError(f"“{text}” is a folder without pictures or sounds; give one that has some, or a file.")
        found += [str(path / name) for name in files]
    return found


def _read(
    text: str, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None, told: list[str]
) -> Columns:
    if _is_json(text):
        return _checked(_rows_of_json(text), "what was given", dataset, needed)
    path = Path(text)
    try:
        rows = _read_file(path, dataset, needed, reference, told)
        if rows and not any(len(values) for values in rows.values()):
            raise ProjectError(f"{path.name} holds no rows; give one for each answer that is wanted.")
        return rows
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise ProjectError(
                f"There is no file {text}; give a file of a kind that can be trained from, such as CSV, Parquet, NPZ, "
                'PNG or WAV, or a row as JSON such as {"x": 3}.'
            ) from error
        raise not_read(path, error) from error


def _read_file(
    path: Path, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None, told: list[str]
) -> Columns:
    from nnstudio.data.pictures_decode import ENDINGS
    from nnstudio.project import inputs_files

    with path.open("rb") as stream:
        head = stream.read(512)
    ending = path.suffix.lower()
    form = inputs_files.form_of(path, head)
    if form is not None:
        return inputs_files.rows_of(path, form, dataset, needed, reference, told)
    if ending in inputs_files.TEXTS:
        return _text(path, dataset, needed, reference)
    if ending in _SOUNDS:
        return _sound(path, dataset, needed)
    if ending in ENDINGS:
        return _picture(path, dataset, needed, reference)
    content = path.read_bytes()
    match ending:
        case ".csv" | ".tsv":
            return _table(content, path.name, dataset, needed, reference)
        case ".npz" | ".npy":
            return _arrays(content, path.name, dataset, needed, reference)
        case ".json":
            return _checked(_rows_of_json(content.decode("utf-8", "replace")), path.name, dataset, needed)
        case other:
            raise _not_taken(path, other)


def _checked(rows: Columns, name: str, dataset: Dataset | Fitted, needed: Sequence[str]) -> Columns:
    """These rows. ProjectError where they have none of what the prediction takes."""
    from nnstudio.project import inputs_files

    inputs_files.check_taken(rows, name, dataset, needed)
    return rows


def _not_taken(path: Path, ending: str) -> ProjectError:
    from nnstudio.data.formats import FORMATS

    made = next((form for form in FORMATS.values() if not form.folder and ending and ending in form.suffixes), None)
    if made is not None:
        return ProjectError(f"{path.name} is no {made.title} although its name says so; make or copy it again.")
    return ProjectError(
        f"{path.name} ends in “{ending}”; a prediction takes tables (.csv, .parquet, .arrow, .xlsx, .sqlite, .jsonl, "
        ".json), arrays (.npz, .npy, IDX), .txt, .conll, .nii, pictures and sounds."
    )


def _text(path: Path, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None) -> Columns:
    """A table in a file of text, where it names a column of the data; else a text for a network that takes one."""
    from nnstudio.project import inputs_files

    with path.open("rb") as stream:
        first = stream.readline(1 << 16).decode("utf-8-sig", "replace")
    delimiter = max(",;\t", key=first.count)
    names = [cell.strip().strip('"') for cell in first.split(delimiter)]
    column = inputs_files.text_column(dataset, needed)
    is_table = path.suffix.lower() == ".txt" and any(dataset.prepared.reads(name) is not None for name in names)
    if column and not (is_table and (len(names) > 1 or names == [column])):
        return inputs_files.texts_of(path, column, reference)
    if path.suffix.lower() != ".txt":
        raise ProjectError(
            f"{path.name} is a text, but this network takes {', '.join(needed)}; give those as CSV or JSON."
        )
    return _table(path.read_bytes(), path.name, dataset, needed, reference)


def _table(
    content: bytes, name: str, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None
) -> Columns:
    from nnstudio.project import inputs_files

    options = reference.options if reference is not None else {}
    rows = _rows_of_csv(content, name, str(options.get("delimiter", "")))
    inputs_files.check_taken(rows, name, dataset, needed)
    return inputs_files.with_points(rows, dataset) if options.get("decimal") == "," else rows


def _rows_of_json(text: str) -> Columns:
    """One object a row, a list of them, or one a line."""
    try:
        value = strict_json.parse(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        try:
            value = [strict_json.parse(line.encode()) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise ProjectError(f'{text[:60]} is not a row as JSON ({error}); give one such as {{"x": 3}}.') from error
    rows = value if isinstance(value, list) else [value]
    if not rows or not all(isinstance(row, Mapping) and row.keys() == rows[0].keys() for row in rows):
        raise ProjectError(f'{text[:60]} is not a row: give an object of names and values such as {{"x": 3}}.')
    return {name: [row[name] for row in rows] for name in rows[0]}


def _rows_of_csv(content: bytes, name: str, usual: str = "") -> Columns:
    """usual: the delimiter of the training data, which counts where the first line has none."""
    if b"\0" in content:
        raise ProjectError(f"{name} is no text file; give a CSV file with the columns' names in its first line.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    from nnstudio.data.blocks import QUOTING

    text, delimiter, above, quoting = _table_in(text, name, usual)
    read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=QUOTING[quoting])
    rows = [row for row in read if row]
    if len(rows) < 2:
        raise ProjectError(f"{name} holds no rows; give a first line with the columns' names and a line for each row.")
    header = [cell.strip() for cell in rows[0]]
    for number, row in enumerate(rows[1:], 2 + above):
        if len(row) != len(header):
            raise ProjectError(
                f"{name}, line {number}: {len(header)} values were expected, {len(row)} came; correct the line."
            )
    return {column: [row[place] for row in rows[1:]] for place, column in enumerate(header)}


def _table_in(text: str, name: str, usual: str) -> tuple[str, str, int, bool]:
    """The table of a text without what stands above it, what is between its values, the lines above it, and whether
    quotation marks stand around values."""
    from nnstudio.data.dialect import Dialect
    from nnstudio.data.heading import heading, without_remarks
    from nnstudio.data.table import checked

    first = without_remarks(text).lstrip().partition("\n")[0]
    delimiter = max((usual or ",", *",;\t"), key=first.count)
    above = heading(text, delimiter)
    dialect = Dialect("utf-8", delimiter, True, ".")
    text = dialect.spread(text[above.start :])
    try:
        quoting = checked(text, dialect.separator, name, above.lines)
    except DataError:  # said in the words of a prediction
        quoting = True
    return text, dialect.separator, above.lines, quoting


def _arrays(
    content: bytes, name: str, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None
) -> Columns:
    """The arrays of a file, by their own names and by those that they have where they are trained from."""
    import numpy as np

    from nnstudio.data.archive import named_rows
    from nnstudio.project import inputs_files

    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return inputs_files.one_array(loaded, name, dataset, needed)
        given = {key: loaded[key] for key in loaded.files}
    except ProjectError:
        raise
    except Exception as error:  # NumPy raises whatever its parts raise
        raise ProjectError(
            f"{name} holds no NumPy arrays that can be read: it is damaged, or holds Python objects, which are never "
            "opened; save it with numpy.savez."
        ) from error
    given = {key: array for key, array in given.items() if array.ndim}
    if not given:
        raise inputs_files.of_single_numbers(name)
    if any(field not in given for field in needed):
        try:
            named = named_rows(given, name, reference)
        except DataError as error:
            raise ProjectError(f"{error}.") from error
        known = inputs_files.taken(dataset, needed)
        given = {**{key: rows for key, rows in named.items() if key in known}, **given}
    return _checked(given, name, dataset, needed)


def _picture(path: Path, dataset: Dataset | Fitted, needed: Sequence[str], reference: DataReference | None) -> Columns:
    from nnstudio.project.inputs_pictures import picture

    for field in needed:
        for name in dataset.takes(field) if field in dataset.fields else ():
            column = dataset.prepared.reads(name)
            axes = dataset.types.get(field)
            if column is None or len(column.shape) != 3 or axes is None or axes.labels != ("N", "C", "H", "W"):
                continue
            return {name: [picture(path, column, reference)]}  # steps may change the size afterwards
    raise ProjectError(
        f"{path.name} is a picture, but this network takes {', '.join(needed)}; give those as CSV or JSON."
    )


def _sound(path: Path, dataset: Dataset | Fitted, needed: Sequence[str]) -> Columns:
    """A sound as long as those of the data, at their rate."""
    from nnstudio.data import sound
    from nnstudio.data.errors import DataError

    for field in needed:
        for name in dataset.takes(field) if field in dataset.fields else ():
            column = dataset.prepared.reads(name)
            if column is None or column.kind != "sound" or len(column.shape) != 2:
                continue
            channels, length = column.shape
            rate = column.rate or _RATE
            try:
                samples, own = sound.read(path, seconds=length / rate)
            except DataError as error:
                raise ProjectError(f"{path.name} cannot be used: {error}.") from error
            made = sound.fitted(sound.resampled(samples, own, rate), channels, length)
            return {name: list((made * column.divisor)[None])}
    raise ProjectError(
        f"{path.name} is a sound, but this network takes {', '.join(needed)}; give those as CSV or JSON."
    )
