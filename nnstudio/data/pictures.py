"""A folder of pictures by class: ``cats/1.jpg``, ``dogs/2.png``; below ``train``, ``validation`` and ``test`` where
there are such folders; or a flat folder, without classes.

Pictures are decoded when they are asked for, in several threads, and those of a folder that fits are kept decoded in
memory, so that only the first epoch waits for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.pictures_decode import GREY, Pictures, by_reason, fault, opened, told_of, walked
from nnstudio.data.reference import DataError, DataReference
from nnstudio.data.splitting import PARTS

Progress = Callable[[float], None]

#: Pictures whose size and colours are looked at to choose those of all.
LOOKED_AT = 64
#: The longest edge that is chosen by itself, in pixels.
LONGEST = 128
#: So many pictures of each folder are shown while the others are found.
SOME = 60
#: Up to so many pictures are all tried when the folder is opened; more are tried when they are asked for.
TRIED = 2000


@dataclass(frozen=True, slots=True)
class Files:
    """The pictures of a folder: paths from there, the class and the part of each ("" where it has none)."""

    paths: list[str]
    classes: list[str]
    parts: list[str]


def holds_pictures(path: Path, _head: bytes = b"") -> bool:
    """Whether there is a picture in a folder or below it."""
    return next(walked(path), None) is not None


def found_in(folder: Path) -> Files:
    """The pictures of a folder, by name. OSError where it cannot be read."""
    return told_by_folders(sorted(walked(folder)))


def told_by_folders(paths: list[str]) -> Files:
    """What the folders of files say: classes, below parts where all lie in such."""
    folders = [name.rpartition("/")[0] for name in paths]
    levels = {folder: folder.split("/") for folder in set(folders)}
    split = bool(levels) and all(first.lower() in PARTS for first, *_ in levels.values())
    parts = {folder: PARTS[first.lower()] if split else "" for folder, (first, *_) in levels.items()}
    classes = {folder: "/".join(names[1:] if split else names) for folder, names in levels.items()}
    return Files(paths, [classes[folder] for folder in folders], [parts[folder] for folder in folders])


def first_rows(path: Path, reference: DataReference) -> Source | None:
    """Some pictures of each class, at once, where a folder has so many that finding them all takes long; else None."""
    names = sorted(walked(path, most=SOME))
    if len({name.rpartition("/")[0] for name in names}) * SOME > len(names) or len(names) < SOME:
        return None
    return _source(path, told_by_folders(names), range(len(names)), reference, [])


def read_pictures(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The pictures of a folder as ``image`` (lazily read), their classes as ``label``, their parts as ``part``.

    DataError where there are no pictures, or none can be read.
    """
    files = found_in(path)
    if not files.paths:
        raise DataError(
            f"“{path.name}” has no pictures in it; folders named by class with PNG or JPEG files were expected"
        )
    progress(0.3)
    warnings: list[str] = []
    good = kept(path, files.paths, warnings, progress)
    progress(0.8)
    return _source(path, files, good, reference, warnings)


def _source(path: Path, files: Files, good: Sequence[int], reference: DataReference, warnings: list[str]) -> Source:
    paths = [files.paths[place] for place in good]
    size, channels = form(path, paths, reference, warnings)
    pictures = Pictures(path, paths, size, channels)
    pictures.unsure = len(files.paths) > TRIED
    columns = {"image": Column("image", "image", cast(Array, pictures), divisor=255.0)}
    for name, told, role in (("label", files.classes, "input"), ("part", files.parts, "ignored")):
        texts = [told[place] for place in good]
        if any(texts):
            columns[name] = category(name, texts, role)
    rows = {name: column.values for name, column in columns.items()}
    return Source(
        columns, len(paths), False, rows, tuple(warnings), {"format": "pictures"}, "part" if "part" in columns else ""
    )


def category(name: str, texts: Sequence[str], role: str) -> Column:
    """A column of categories for texts, one a row."""
    places = {text: code for code, text in enumerate(sorted(set(texts)))}
    codes = np.fromiter((places[text] for text in texts), np.int64, len(texts))
    return Column(name, "category", codes, tuple(places), role=role)


def kept(folder: Path, paths: Sequence[str], warnings: list[str], progress: Progress) -> Sequence[int]:
    """The places of the pictures that can be read, of up to TRIED; the others are told of. More are tried when they
    are asked for. DataError where none can be read."""
    if len(paths) > TRIED:
        return range(len(paths))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        wrong = list(pool.map(lambda name: fault(folder / name), paths))
    progress(0.7)
    bad = [(name, why) for name, why in zip(paths, wrong, strict=True) if why]
    warnings += told_of(bad)
    if len(bad) == len(paths):
        found = by_reason(bad)
        reasons = [f"{len(names)} since {why}" if len(found) > 1 else f"since {why}" for why, names in found.items()]
        raise DataError(
            f"None of the {len(paths)} pictures in “{folder.name}” can be read, {' and '.join(reasons)}; make or copy "
            "them again"
        )
    return [place for place, why in enumerate(wrong) if not why]


def surveyed(folder: Path, names: Sequence[str]) -> tuple[list[tuple[int, int]], list[str]]:
    """Height and width, and mode, of some of the pictures, evenly spread. DataError where none can be read."""
    sizes, modes = [], []
    for name in names[:: max(1, len(names) // LOOKED_AT)][:LOOKED_AT]:
        try:
            with opened(folder / name) as made:
                sizes.append((made.height, made.width))
                modes.append(made.mode)
        except Exception:  # told when it is asked for
            continue
    if not sizes:
        raise DataError(f"The pictures in “{folder.name}” cannot be read; make or copy them again")
    return sizes, modes


def form(
    folder: Path, paths: Sequence[str], reference: DataReference, warnings: list[str]
) -> tuple[tuple[int, int], int]:
    """Height and width to which all pictures are brought, and how many channels they have: as the reference says, else
    those of most of them."""
    sizes, modes = surveyed(folder, paths)
    asked = int(reference.options.get("size", 0))
    common = max(set(sizes), key=sizes.count)
    if asked:
        size = (asked, asked)
    elif len(set(sizes)) == 1 and max(common) <= LONGEST:
        size = common
    else:
        edge = int(np.median([min(each) for each in sizes]))
        edge = min(LONGEST, max(8, edge // 8 * 8))
        size = (edge, edge)
        warnings.append(
            f"The pictures differ in size or are large and are brought to {edge}×{edge} pixels, cut to a square around "
            "their middle; choose another size under Data"
        )
    return size, channels_of(modes, reference)


def channels_of(modes: Sequence[str], reference: DataReference) -> int:
    """How many channels pictures of these modes of Pillow get: as the reference says, else 3 where one has colours."""
    coloured = any(mode not in GREY for mode in modes)
    return {"grey": 1, "rgb": 3}.get(str(reference.options.get("color", "auto")), 3 if coloured else 1)
