"""A folder of pictures with a table beside them: a column that names the picture of each row, and columns that say
something of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.pictures import form, kept
from nnstudio.data.pictures_decode import ENDINGS, Pictures, walked
from nnstudio.data.reference import DataError, DataReference
from nnstudio.data.splitting import PARTS

Progress = Callable[[float], None]
TABLES = (".csv", ".tsv")
#: The column of pictures, and what a column of the table of that name is called.
IMAGE, SECOND = "image", "image_2"
#: So many rows of a table tell whether it names pictures, and in which column.
LOOKED_AT = 200


def has_labels(path: Path, _head: bytes = b"") -> bool:
    """Whether a folder has a table that names pictures of it. Only the beginning of tables is looked at."""
    for table in _tables(path):
        with table.open("rb") as stream:
            lines = stream.read(1 << 15).decode("utf-8", "replace").splitlines()
        cells = [re.split(r"[,;\t]", line) for line in lines[1:7] if line.strip()]
        for column in zip(*cells, strict=False):
            names = {cell.strip().strip("\"'") for cell in column}
            if len(names) > 2 and sum(_is_there(path, name) for name in names) > len(names) // 2:
                return True
    return False


def _tables(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.suffix.lower() in TABLES and each.is_file())


def _is_there(folder: Path, name: str) -> bool:
    """Whether a cell names a picture in the folder, or in a folder of it."""
    if not name or len(name) > 200 or "\0" in name or Path(name).is_absolute() or ".." in name:
        return False
    homes = [folder, *(each for each in folder.iterdir() if each.is_dir())]
    named = name.lower().endswith(ENDINGS)
    names = [name] if named else [name + ending for ending in ENDINGS]
    return any((home / each).is_file() for home in homes[:50] for each in names)


def read_labelled(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The rows of the folder's table with the picture that each names, as ``image`` (lazily read).

    Rows whose picture is not there are left out and told. DataError where no table names pictures of the folder.
    """
    from nnstudio.data.table import read_csv_file

    pictures = sorted(walked(path))
    progress(0.2)
    places = _by_name(pictures)
    for table in _tables(path):
        own = {n: choice for n, choice in reference.fields.items() if n != IMAGE}
        asked = reference.with_(
            options={k: v for k, v in reference.options.items() if k not in ("format", "size")},
            fields={IMAGE if name == SECOND else name: choice for name, choice in own.items()},
        )
        source = read_csv_file(table, asked, lambda _: None)
        column = _naming(source, places)
        if column:
            return _joined(path, source, column, pictures, places, reference, progress)
    raise DataError(f"No table in “{path.name}” has a column that names its pictures; add one such as file,label")


def _by_name(pictures: Sequence[str]) -> dict[str, int]:
    """The place of each picture by its path, its name, and both without ending; the path counts most."""
    found: dict[str, int] = {}
    for short in (False, True):
        for bare in (False, True):
            for place, path in enumerate(pictures):
                name = path.rpartition("/")[2] if short else path
                found.setdefault(name.rpartition(".")[0] if bare else name, place)
    return found


def _cells(source: Source, column: str) -> list[str]:
    return [str(cell or "").strip().replace("\\", "/").removeprefix("./") for cell in source.rows[column].to_list()]


def _naming(source: Source, places: Mapping[str, int]) -> str:
    """The column that names pictures in more than half of its first rows, with their endings rather than without, since
    numbers may name some by chance; "" where none does."""
    best, most = "", (0, 0)
    for name in source.columns:
        cells = _cells(source, name)[:LOOKED_AT]
        named = [cell for cell in cells if cell in places]
        found = sum(cell.lower().endswith(ENDINGS) for cell in named), len(named)
        if len(named) * 2 > len(cells) and found > most:
            best, most = name, found
    return best


def _joined(
    path: Path, source: Source, column: str, pictures: Sequence[str], places: Mapping[str, int],
    reference: DataReference, progress: Progress,
) -> Source:  # fmt: skip
    cells = _cells(source, column)
    warnings = list(source.warnings)
    lacking = [cell for cell in cells if cell not in places]
    if lacking:
        warnings.append(f"{len(lacking)} rows name a picture that is not in the folder: {quoted(lacking, 3)}")
    rows = np.array([row for row, cell in enumerate(cells) if cell in places], np.int64)
    names = [pictures[places[cells[row]]] for row in rows.tolist()]
    good = np.asarray(kept(path, names, warnings, progress), np.int64)
    rows, names = rows[good], [names[place] for place in good.tolist()]
    size, channels = form(path, names, reference, warnings)
    columns = {IMAGE: Column(IMAGE, "image", cast(Array, Pictures(path, names, size, channels)), divisor=255.0)}
    part = ""
    for name, each in source.columns.items():
        if name == column:
            continue
        own = SECOND if name == IMAGE else name
        columns[own] = replace(each, name=own, values=each.values[rows])
        words = {category.strip().lower() for category in each.categories}
        if each.kind == "category" and words and words <= PARTS.keys() and "train" in {PARTS[word] for word in words}:
            columns[own], part = replace(columns[own], role="ignored"), own
    shown: dict[str, Any] = {name: each.values for name, each in columns.items()}
    progress(0.9)
    return Source(columns, len(names), False, shown, tuple(warnings), {"format": "labelled"}, part)
