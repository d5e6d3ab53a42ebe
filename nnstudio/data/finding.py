"""Finding a data file again that is no longer where it was: by its name, its size and its hash."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from nnstudio.data.formats import sha256
from nnstudio.data.reference import DataReference

#: Files that are looked at, folders that are gone into, levels, and bytes that are hashed at most.
FILES, DEEPEST, BYTES = 20_000, 4, 4 << 30


def is_it(reference: DataReference, path: Path) -> bool:
    """Whether a file or folder is what the reference was made of. OSError where it cannot be read."""
    return bool(reference.sha256) and sha256(path) == reference.sha256


def found_again(
    reference: DataReference, base: Path | None, wanted: Callable[[], bool] = lambda: True
) -> Path | None:  # fmt: skip
    """Where the file of a reference is now, looked for by its hash near the project and near its old place: files of
    its name first, then others with its ending. None where it is not found; False of ``wanted`` ends the search."""
    if not reference.is_file or not reference.sha256:
        return None
    old = reference.path(base)
    places = dict.fromkeys(place for place in (base, old.parent, old.parent.parent) if place is not None)
    near = list(dict.fromkeys(file for place in places if place.is_dir() for file in _files(place)))
    near.sort(key=lambda file: file.name != old.name)
    left = BYTES
    for file in near:
        if not wanted():
            return None
        if file.suffix.lower() != old.suffix.lower():
            continue
        with suppress(OSError):
            left -= min(file.stat().st_size, BYTES)
            if left < 0:
                return None
            if is_it(reference, file):
                return file
    return None


def _files(place: Path) -> Iterator[Path]:
    """Files below a folder, the nearest first, as many as are looked at."""
    count = 0
    level = [place]
    for _ in range(DEEPEST):
        below = []
        for folder in level:
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    count += 1
                    if count > FILES:
                        return
                    if entry.is_file():
                        yield Path(entry.path)
                    elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                        below.append(Path(entry.path))
        level = below
