"""The kinds of files and folders that data is read from: one table, from which opening, dialogs and the help derive.

To read one more kind, write a reader, ``read(path, reference, progress) -> Source``, in a module of its own and add a
row here. Modules are imported when something of their kind is read. Imports neither NumPy nor polars.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import operator
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from nnstudio.data.columns import Source
    from nnstudio.data.reference import DataReference
    from nnstudio.data.steps import Step

Progress = Callable[[float], None]
Reader = Callable[["Path", "DataReference", Progress], "Source"]
#: A file larger than this is known by its size and some of its blocks, so that choosing it does not take long.
WHOLE, BLOCKS, BLOCK = 256 << 20, 64, 1 << 20
#: Of a folder with more files than this, sizes and times are looked at for about so many.
FILES = 10_000
_NAME = operator.attrgetter("name")


@dataclass(frozen=True)
class Format:
    """A kind of file or folder.

    id: as the reference's options name it. title: for a person. suffixes: of its files, lower case. magic: how its
    files begin, where that tells. reader, detect: ``module:function`` in `nnstudio.data`; detect(path, head) says for a
    file (with its first bytes) or a folder (with none) whether it is one, where suffix and magic do not tell. folder:
    whether it is one. first: ``module:function``; first(path, reference) gives the first rows of a file that takes long
    to read, as a Source, and None of another. steps: ``module:function``; steps() gives what is done to the
    columns of a file of this kind that was just chosen, so that it can be trained on.
    """

    id: str
    title: str
    reader: str
    suffixes: tuple[str, ...] = ()
    magic: tuple[bytes, ...] = ()
    detect: str = ""
    folder: bool = False
    first: str = ""
    steps: str = ""

    @property
    def read(self) -> Reader:
        """The reader."""
        return cast(Reader, _found(self.reader))

    @property
    def of_text(self) -> bool:
        """Whether it is written in an encoding."""
        return self.id in ("csv", "text", "lines", "conll", "jsonl")

    def first_rows(self, path: Path, reference: DataReference) -> Source | None:
        """The first rows of what takes long to read, None where all is there at once. DataError, OSError."""
        return _found(self.first)(path, reference) if self.first else None

    def first_steps(self) -> tuple[Step, ...]:
        """What is done to the columns of a file of this kind that was just chosen."""
        return _found(self.steps)() if self.steps else ()

    def fits(self, path: Path, head: bytes) -> bool:
        """Whether a file (or folder) is of this kind."""
        if self.detect:
            return bool(_found(self.detect)(path, head))
        if self.magic:
            return head.startswith(self.magic)
        return path.suffix.lower() in self.suffixes


def _found(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"nnstudio.data.{module}"), function)
    return found


_SCENES = "pictures_scenes"
#: In the order in which they are tried; what no other takes is read as a table of text.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        made.id: made
        for made in (
            Format(
                "excel",
                "Excel table (.xlsx)",
                "excel:read_excel",
                (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
                detect="excel:is_excel",
            ),
            Format("npz", "NumPy file (.npz)", "archive:read_npz", (".npz",), (b"PK",)),
            Format("npy", "NumPy file (.npy)", "archive:read_npy", (".npy",), (b"\x93NUMPY",)),
            Format(
                "coco", "pictures with boxes (COCO)", f"{_SCENES}:read_boxes", detect=f"{_SCENES}:is_coco", folder=True
            ),
            Format(
                "voc", "pictures with boxes (VOC)", f"{_SCENES}:read_boxes", detect=f"{_SCENES}:is_voc", folder=True
            ),
            Format(
                "yolo", "pictures with boxes (YOLO)", f"{_SCENES}:read_boxes", detect=f"{_SCENES}:is_yolo", folder=True
            ),
            Format("masks", "pictures with masks", f"{_SCENES}:read_masks", detect=f"{_SCENES}:has_masks", folder=True),
            Format(
                "labelled",
                "pictures with a table of labels",
                "pictures_labels:read_labelled",
                detect="pictures_labels:has_labels",
                folder=True,
            ),
            Format(
                "pictures",
                "pictures by class",
                "pictures:read_pictures",
                detect="pictures:holds_pictures",
                first="pictures:first_rows",
                folder=True,
            ),
            Format(
                "sounds",
                "sounds by class",
                "sound_folders:read_sounds",
                detect="sound_folders:holds_sounds",
                folder=True,
            ),
            Format("scans", "brain scans (NIfTI)", "nifti:read_scans", detect="nifti:holds_scans", folder=True),
            Format("nifti", "brain scan (NIfTI)", "nifti:read_nifti", (".nii",), detect="nifti:is_nifti"),
            Format("idx", "IDX file (MNIST)", "idx:read_idx", (".idx", "-ubyte", ".gz"), detect="idx:is_idx"),
            Format("cifar", "CIFAR batch (.bin)", "idx:read_cifar", (".bin",), detect="idx:is_cifar"),
            Format(
                "parquet",
                "Parquet table",
                "parquet:read_parquet",
                (".parquet", ".pq"),
                (b"PAR1",),
                first="parquet:first_rows",
            ),
            Format(
                "arrow",
                "Arrow table",
                "parquet:read_arrow",
                (".arrow", ".feather", ".ipc", ".arrows"),
                (b"ARROW1",),
                detect="arrow_stream:is_arrow",
                first="parquet:first_rows",
            ),
            Format(
                "sqlite",
                "SQLite database",
                "sqlite:read_sqlite",
                (".sqlite", ".db", ".sqlite3"),
                (b"SQLite format 3\0",),
            ),
            Format(
                "jsonl",
                "JSON, one object a line",
                "lines:read_jsonl",
                (".jsonl", ".ndjson"),
                detect="lines:is_jsonl",
                first="lines:first_objects",
            ),
            Format(
                "conll",
                "CoNLL (a token a line)",
                "conll:read_conll",
                (".conll", ".conllu", ".iob", ".bio"),
                detect="conll:is_conll",
                first="conll:first_sentences",
                steps="conll:tokens_of",
            ),
            Format(
                "lines",
                "texts, one a line",
                "lines:read_lines",
                (".lines",),
                first="lines:first_lines",
                steps="lines:words_of",
            ),
            Format(
                "text",
                "one long text (.txt, .md)",
                "lines:read_text",
                (".md",),
                detect="lines:is_text",
                first="lines:first_text",
                steps="lines:chunks_of",
            ),
            Format(
                "csv", "table (.csv)", "table:read_csv_file", (".csv", ".tsv", ".txt"), first="csv_stream:first_rows"
            ),
        )
    }
)


def patterns() -> str:
    """What a file dialog offers: ``Data (*.csv *.npz …)``."""
    return f"Data ({' '.join(f'*{suffix}' for made in FORMATS.values() for suffix in made.suffixes)})"


def sha256(path: Path) -> str:
    """A hash by which a file or folder is known again. OSError where it cannot be read.

    Of a file its bytes (of one larger than WHOLE its size and BLOCKS blocks); of a folder the names, sizes and times of
    what is in it (of more than FILES files the names of all, sizes and times of some).
    """
    made = hashlib.sha256()
    if path.is_dir():
        entries = list(_listed(path))
        told = [name for name, _ in entries]
        for place in range(0, len(entries), 1 + len(entries) // FILES):
            about = entries[place][1].stat()
            told[place] += f"\0{about.st_size}\0{int(about.st_mtime)}"
        made.update("".join(f"{line}\n" for line in told).encode("utf-8", "surrogateescape"))
        return made.hexdigest()
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= WHOLE:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        made.update(str(size).encode())
        for place in range(BLOCKS):
            stream.seek(place * (size - BLOCK) // (BLOCKS - 1))
            made.update(stream.read(BLOCK))
    return made.hexdigest()


def known_by(path: Path) -> str:
    """What tells a file from others and from itself before a change, for what is kept of it: hash, size and time."""
    about = path.stat()
    return f"{_hashed(path, about.st_size, about.st_mtime_ns)}\0{about.st_size}\0{about.st_mtime_ns}"


@functools.lru_cache(16)
def _hashed(path: Path, _size: int, _time: int) -> str:
    return sha256(path)


def _listed(folder: str | Path, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Files below a folder in the order of their names: path from there and entry."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=_NAME):
            if entry.is_file():
                yield prefix + entry.name, entry
            elif entry.is_dir():
                yield from _listed(entry.path, f"{prefix}{entry.name}/")
