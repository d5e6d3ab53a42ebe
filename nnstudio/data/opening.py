"""Opening data: from a reference to a data set. NumPy and polars are imported when something is opened."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.data.described import Packaged, Shipped, with_own
from nnstudio.data.dialect import detect_encoding, encoding_doubts
from nnstudio.data.errors import DataError, EncodingError, MissingDataError
from nnstudio.data.formats import FORMATS, Format, sha256
from nnstudio.data.reference import DataReference
from nnstudio.data.sets import pictures, scenes, sounds, tables, texts
from nnstudio.resources import resource_path

if TYPE_CHECKING:
    from nnstudio.data.columns import Source
    from nnstudio.data.dataset import Dataset

Progress = Callable[[float], None]
#: Bytes of a text by which its encoding is seen.
TEXT = 64 << 20
First = Callable[["Dataset"], object]
#: Options that are for one kind of file.
OF_KIND = {"query": "sqlite", "sheet": "excel"}


SHIPPED: Mapping[str, Shipped] = {
    made.id: made for part in (pictures, tables, texts, sounds, scenes) for made in part.SHIPPED
}


def shipped() -> list[tuple[str, str, str]]:
    """The data sets that come with the program: id, title, one-line summary."""
    return [(made.id, made.title, made.summary) for made in SHIPPED.values()]


def shipped_reference(id: str) -> DataReference:
    """The reference to a shipped set, with the split and the steps that suit it. DataError where there is none."""
    made = _shipped(id)
    return DataReference(f"shipped:{made.id}", split=made.split, steps=made.steps)


def _shipped(id: str) -> Shipped:
    if id not in SHIPPED:
        raise DataError(f"No data set called {id!r} comes with this version; choose one of {', '.join(SHIPPED)}")
    return SHIPPED[id]


def open_data(
    reference: DataReference, base: Path | None = None, progress: Progress | None = None, first: First | None = None
) -> Dataset:
    """Read, split and prepare the data of a reference.

    base: the folder from which a relative path counts (that of the project file). progress is called with a fraction
    from 0 to 1, in the calling thread; what it raises ends the reading. first is called at once with the first rows, as
    a data set of their own, where all of them take long to read. Needs no Qt and may run in any thread. DataError, one
    sentence for a person, where it cannot be used.
    """
    from nnstudio.data.dataset import Dataset

    progress = progress or (lambda _: None)
    progress(0.0)
    warnings = []
    changed = False
    if reference.is_shipped:
        made = _shipped(reference.name)
        path, title = resource_path("datasets", made.file), made.title
        asked = _asked(reference, made)
        source, digest = (
            (made.read(path, asked, progress), sha256(path)) if made.reader else _read(path, asked, progress)
        )
    elif reference.is_packaged:
        title, source, digest, asked = _read_packaged(reference, progress)
    else:
        path, asked = reference.path(base), reference
        title = path.name
        if first is not None:
            _show_first(path, asked, first)
        source, digest = _read(path, asked, progress)
    if reference.sha256 and reference.sha256 != digest:
        changed = True
        warnings.append(f"“{title}” has changed since it was chosen; figures of earlier runs were of other data")
    dataset = Dataset(asked.with_(sha256=digest), source, title, warnings)
    dataset.has_changed = changed
    if not reference.is_file:
        dataset.reference = reference.with_(sha256=digest, types=dataset.types)
    progress(1.0)
    return dataset


def _show_first(path: Path, asked: DataReference, first: First) -> None:
    """Give the first rows away, where all of them take long to read. What is wrong with them is said when they are."""
    from nnstudio.data.dataset import Dataset

    with suppress(DataError, OSError):
        form = FORMATS[asked.options.get("format") or _format(path)]
        source = form.first_rows(path, asked) if path.is_dir() == form.folder else None
        if source is not None:
            first(Dataset(asked.with_(types={}), source, path.name))


def _read_packaged(reference: DataReference, progress: Progress) -> tuple[str, Source, str, DataReference]:
    """Title, source and hash of a set in a package, and the reference with what it says of itself."""
    from nnstudio.data.packages import NotInstalledError, packaged

    made = packaged(reference.name)
    path = made.path
    if path is None:
        raise NotInstalledError(made)
    asked = _asked(reference, made)
    try:
        return made.title, made.read(path, asked, progress), sha256(path), asked
    except OSError as error:
        raise _unreadable(path, error) from None


def _asked(reference: DataReference, made: Shipped | Packaged) -> DataReference:
    """The reference with what a set says of itself, where the person says nothing else."""
    return reference.with_(
        options={**made.options, **reference.options}, fields=with_own(made.fields, reference.fields)
    )


def describe_file(
    path: Path | str, base: Path | None = None, options: Mapping[str, Any] | None = None
) -> DataReference:
    """A reference to a file with all that was detected: format, delimiter, encoding, header, decimal sign, hash and
    types. With ``base`` (the project's folder), by its path from there. options: those that a person gives, such as a
    query. DataError as for :func:`open_data`, and where an option is not for files of that kind."""
    return open_file(path, base, options=options).reference


def open_file(
    path: Path | str, base: Path | None = None, progress: Progress | None = None, first: First | None = None,
    options: Mapping[str, Any] | None = None,
) -> Dataset:  # fmt: skip
    """The data of a file that was chosen, with all in its reference that was detected; see :func:`describe_file` and
    :func:`open_data`."""
    reference = DataReference.file(path, base)
    options = {**_detected_options(reference.path(base)), **(options or {})}
    _check_of_kind(reference.path(base), options)
    reference = reference.with_(options=options, steps=FORMATS[options["format"]].first_steps())
    try:
        dataset = open_data(reference, base, progress, first)
    except EncodingError as error:  # its beginning did not tell
        options = {**reference.options, "encoding": error.better}
        dataset = open_data(reference.with_(options=options), base, progress, first)
    doubts = encoding_doubts(dataset.title, str(options.get("encoding", "")))
    dataset.tell(doubts)
    return dataset


def _check_of_kind(path: Path, options: Mapping[str, Any]) -> None:
    """DataError where an option is for files of another kind."""
    for name, form in OF_KIND.items():
        if options.get(name) and options["format"] != form:
            raise DataError(
                f"“{path.name}” is of the kind {FORMATS[options['format']].title}, and a {name} is for "
                f"{FORMATS[form].title}; leave it out or choose other data"
            )


def _detected_options(path: Path) -> dict[str, Any]:
    form = _format(path)
    if FORMATS[form].of_text and form != "csv":
        with path.open("rb") as stream:
            data = stream.read(min(TEXT, path.stat().st_size))
        return {"format": form, "encoding": detect_encoding(data, whole=len(data) < TEXT)}
    if form != "csv":
        return {"format": form}
    from nnstudio.data.table import dialect_of_file

    found = dialect_of_file(path)
    parts = ("encoding", "delimiter", "header", "decimal")
    return {"format": form, **{part: getattr(found, part) for part in parts}}


def _read(path: Path, reference: DataReference, progress: Progress) -> tuple[Source, str]:
    form = FORMATS[reference.options.get("format") or _format(path)]
    _present(path, form)
    try:
        digest = sha256(path)
        progress(0.1)
        return form.read(path, reference, progress), digest
    except OSError as error:
        raise _unreadable(path, error) from None
    except MemoryError:
        raise DataError(f"“{path.name}” is too large for this computer's memory; use fewer rows") from None


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"“{path}” cannot be read ({error.strerror or error}); check the file and its permissions")


def _present(path: Path, form: Format) -> None:
    """DataError that says where it was looked for, where no such file or folder is there."""
    if path.is_dir() if form.folder else path.is_file():
        return
    if path.exists():
        came = "a file" if form.folder else "a folder"
        raise DataError(f"“{path}” is {came}, and {form.title} was expected; choose the data again")
    raise _gone(path)


def _gone(path: Path) -> MissingDataError:
    return MissingDataError(
        f"The data file “{path.name}” is not at {path.absolute()}; move it back there or choose it again"
    )


def _format(path: Path) -> str:
    """The id of what a file or folder is: by its first bytes, its name or what is in it; a table where none tells."""
    try:
        if path.is_dir():
            found = next((form.id for form in FORMATS.values() if form.folder and form.fits(path, b"")), "")
            if not found:
                raise DataError(f"“{path}” is a folder in which no data was found; choose {_instead(path)}")
            return found
        if not path.exists():
            raise _gone(path)
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise _unreadable(path, error) from None
    found = next((form.id for form in FORMATS.values() if not form.folder and form.fits(path, head)), "csv")
    by_name = next((form for form in FORMATS.values() if path.suffix.lower() in form.suffixes), None)
    if found == "csv":
        _check_no_other(path, head)
    if by_name is not None and (by_name.magic or by_name.id == "cifar") and found == "csv":
        raise DataError(f"“{path.name}” is no {by_name.title} although its name says so; make or copy it again")
    if found == "csv" and path.suffix.lower() == ".json":
        _check_no_json(path)
    return found


def _check_no_other(path: Path, head: bytes) -> None:
    """DataError that says what to choose instead, where a file is one of those that are read by the folder, or is
    packed."""
    from nnstudio.data import pictures_decode, sound

    for what, endings in (("picture", pictures_decode.ENDINGS), ("sound", sound.ENDINGS)):
        if path.name.lower().endswith(endings):
            raise DataError(
                f"“{path.name}” is a single {what}; choose the folder in which such {what}s are: "
                f"{path.absolute().parent}"
            )
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")):
        raise DataError(f"“{path.name}” is packed; unpack it and choose what was in it")


def _check_no_json(path: Path) -> None:
    """DataError that says what to choose instead, where a file holds JSON, of which no table can be made."""
    from nnstudio.data.pictures_annotations import HEAD, is_coco

    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise _unreadable(path, error) from None
    if is_coco(head):
        folder = path.absolute().parent
        folder = folder.parent if folder.name.lower() == "annotations" else folder
        raise DataError(f"“{path.name}” holds boxes of COCO; choose the folder in which its pictures are: {folder}")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        raise DataError(
            f"“{path.name}” is JSON, of which tables are read with one object a line; write it so, as "
            f"“{path.stem}.jsonl”, or as CSV"
        )


def _instead(folder: Path) -> str:
    """What to choose in the place of a folder that is no data: a file in it that is, or else what can be."""
    for file in sorted(itertools.islice(folder.rglob("*"), 1000)):
        form = next((form for form in FORMATS.values() if not form.folder and _is(form, file)), None)
        if form is not None:
            return f"a file in it, such as “{file.relative_to(folder).as_posix()}” ({form.title})"
    return _kinds()


def _is(form: Format, file: Path) -> bool:
    """Whether a file is of a kind, as far as its name and its first bytes tell."""
    with suppress(OSError, DataError):
        if file.is_file() and not file.name.startswith("."):
            with file.open("rb") as stream:
                return form.fits(file, stream.read(512))
    return False


def _kinds() -> str:
    files = [form.title for form in FORMATS.values() if not form.folder]
    folders = [form.title for form in FORMATS.values() if form.folder]
    told = f"a file in it: {', '.join(files)}"
    return f"{told} or a folder of {', '.join(folders)}" if folders else told
