"""Opening data: from a reference to a data set. NumPy and polars are imported when something is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.data.reference import ColumnChoice, DataError, DataReference, Split
from nnstudio.resources import resource_path

if TYPE_CHECKING:
    from nnstudio.data.columns import Source
    from nnstudio.data.dataset import Dataset

Progress = Callable[[float], None]

#: No CSV file is read that is larger, in bytes.
LARGEST_CSV = 4 * 2**30


@dataclass(frozen=True)
class Shipped:
    """A data set that comes with the program: its file in resources/datasets and how it is to be read."""

    id: str
    title: str
    summary: str
    file: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, ColumnChoice] = field(default_factory=dict)
    split: Split = field(default_factory=lambda: Split.make({}))


def _choice(**values: str) -> ColumnChoice:
    return ColumnChoice.make(values)


_CSV = {"format": "csv", "delimiter": ",", "encoding": "utf-8", "header": True, "decimal": "."}
SHIPPED: Mapping[str, Shipped] = {
    made.id: made
    for made in (
        Shipped(
            "digits", "Optical digits", "1,797 pictures of handwritten digits, 8×8 pixels, ten classes",
            "digits.npz", {"format": "npz", "pixel_max": 16},
        ),
        Shipped("iris", "Iris", "150 flowers, four lengths in cm, three species", "iris.csv", _CSV),
        Shipped(
            "breast_cancer", "Breast cancer", "569 tissue samples, 30 measures each, benign or malignant",
            "breast_cancer.csv", _CSV,
        ),
        Shipped(
            "line", "The line y = 4x", "five rows, x = 0..4, the numbers as they are", "line.csv", _CSV,
            {"x": _choice(kind="number", role="input", scaling="none"),
             "y": _choice(kind="number", role="target", scaling="none")},
            Split.everything(),
        ),
    )
}  # fmt: skip


def shipped() -> list[tuple[str, str, str]]:
    """The data sets that come with the program: id, title, one-line summary."""
    return [(made.id, made.title, made.summary) for made in SHIPPED.values()]


def shipped_reference(id: str) -> DataReference:
    """The reference to a shipped set, with the split that suits it. DataError where there is none."""
    return DataReference(f"shipped:{_shipped(id).id}", split=_shipped(id).split)


def _shipped(id: str) -> Shipped:
    if id not in SHIPPED:
        raise DataError(f"No data set called {id!r} comes with this version; choose one of {', '.join(SHIPPED)}")
    return SHIPPED[id]


def open_data(reference: DataReference, base: Path | None = None, progress: Progress | None = None) -> Dataset:
    """Read, split and prepare the data of a reference.

    base: the folder from which a relative path counts (that of the project file). progress is called with a fraction
    from 0 to 1, in the calling thread. Needs no Qt and may run in any thread. DataError, one sentence for a person,
    where it cannot be used.
    """
    from nnstudio.data.dataset import Dataset

    progress = progress or (lambda _: None)
    progress(0.0)
    warnings = []
    changed = False
    if reference.is_shipped:
        made = _shipped(reference.name)
        path, title = resource_path("datasets", made.file), made.title
        asked = reference.with_(
            options={**made.options, **reference.options}, fields={**made.fields, **reference.fields}
        )
    else:
        path, asked = reference.path(base), reference
        title = path.name
    source, digest = _read(path, asked, progress)
    if reference.sha256 and reference.sha256 != digest:
        changed = True
        warnings.append(f"“{path.name}” has changed since it was chosen; figures of earlier runs were of other data")
    dataset = Dataset(asked.with_(sha256=digest), source, title, warnings)
    dataset.has_changed = changed
    if reference.is_shipped:
        dataset.reference = reference.with_(sha256=digest, types=dataset.types)
    progress(1.0)
    return dataset


def describe_file(path: Path | str, base: Path | None = None) -> DataReference:
    """A reference to a file with all that was detected: format, delimiter, encoding, header, decimal sign, hash and
    types. With ``base`` (the project's folder), by its path from there. DataError as for :func:`open_data`."""
    reference = DataReference.file(path, base)
    options = _detected_options(reference.path(base))
    dataset = open_data(reference.with_(options=options), base)
    return dataset.reference


def _detected_options(path: Path) -> dict[str, Any]:
    form = _format(_present(path))
    if form != "csv":
        return {"format": form}
    from nnstudio.data.dialect import detect

    found = detect(_bytes(path), path.name)
    parts = ("encoding", "delimiter", "header", "decimal")
    return {"format": form, **{part: getattr(found, part) for part in parts}}


def _read(path: Path, reference: DataReference, progress: Progress) -> tuple[Source, str]:
    form = reference.options.get("format") or _format(_present(path))
    _present(path)
    try:
        if form == "csv":
            from nnstudio.data.table import read_csv

            data = _bytes(path)
            progress(0.1)
            return read_csv(data, path.name, reference, progress), hashlib.sha256(data).hexdigest()
        from nnstudio.data.archive import read_npy, read_npz

        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return (read_npz if form == "npz" else read_npy)(path, reference, progress), digest
    except OSError as error:
        raise _unreadable(path, error) from None
    except MemoryError:
        raise DataError(f"“{path.name}” is too large for this computer's memory; use fewer rows") from None


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_CSV:
            raise DataError(f"“{path.name}” is larger than 4 GiB; split it or use fewer rows")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"“{path}” cannot be read ({error.strerror or error}); check the file and its permissions")


def _present(path: Path) -> Path:
    """The path, where a file is there. DataError that says where it was looked for."""
    try:
        if path.is_file():
            return path
        here = path.exists()
    except OSError as error:
        raise _unreadable(path, error) from None
    if here:
        raise DataError(f"“{path}” is a folder; choose a CSV, NPZ or NPY file in it")
    raise DataError(f"The data file “{path.name}” is not at {path.absolute()}; move it back there or choose it again")


def _format(path: Path) -> str:
    """By the first bytes; a CSV file where they say nothing."""
    try:
        with path.open("rb") as stream:
            head = stream.read(6)
    except OSError as error:
        raise _unreadable(path, error) from None
    if head.startswith(b"PK"):
        return "npz"
    if head == b"\x93NUMPY":
        return "npy"
    if path.suffix.lower() in (".npz", ".npy"):
        raise DataError(f"“{path.name}” is no NumPy file although its name says so; make or copy it again")
    return "csv"
