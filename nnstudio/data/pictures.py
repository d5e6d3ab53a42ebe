"""A folder of pictures by class: ``cats/1.jpg``, ``dogs/2.png``; below ``train``, ``validation`` and ``test`` where
there are such folders; or a flat folder, without classes.

Pictures are decoded when they are asked for, in several threads, and those of a folder that fits are kept decoded in
memory, so that only the first epoch waits for them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.reference import DataError, DataReference
from nnstudio.data.splitting import PARTS

Progress = Callable[[float], None]

#: Endings of files that are taken for pictures.
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
#: A picture with more pixels is not decoded.
MOST_PIXELS = 100_000_000
#: Pictures whose size and colours are looked at to choose those of all.
LOOKED_AT = 64
#: The longest edge that is chosen by itself, in pixels.
LONGEST = 128
#: Up to so many pictures are all tried when the folder is opened; more are tried when they are asked for.
TRIED = 2000
#: Levels of folders that are looked through.
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Files:
    """The pictures of a folder: paths from there, the class and the part of each ("" where it has none)."""

    paths: list[str]
    classes: list[str]
    parts: list[str]


def holds_pictures(path: Path, _head: bytes = b"") -> bool:
    """Whether there is a picture in a folder or below it."""
    return next(_walk(path, ""), None) is not None


def found_in(folder: Path) -> Files:
    """The pictures of a folder, by name. OSError where it cannot be read."""
    paths = sorted(_walk(folder, ""))
    tops = {name.split("/")[0].lower() for name in paths if "/" in name}
    split = bool(tops) and tops <= PARTS.keys() and all("/" in name for name in paths)
    classes, parts = [], []
    for name in paths:
        folders = name.split("/")[:-1]
        parts.append(PARTS[folders.pop(0).lower()] if split else "")
        classes.append("/".join(folders))
    return Files(paths, classes, parts)


def _walk(folder: Path, prefix: str, depth: int = 0) -> Iterator[str]:
    below = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.lower().endswith(ENDINGS):
                yield prefix + entry.name
            elif depth < DEEPEST and entry.is_dir():
                below.append(entry.name)
    for name in below:
        yield from _walk(folder / name, f"{prefix}{name}/", depth + 1)


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
    kept = _tried(path, files.paths, warnings, progress) if len(files.paths) <= TRIED else range(len(files.paths))
    if not len(kept):
        raise DataError(
            f"None of the {len(files.paths)} pictures in “{path.name}” can be read; make or copy them again"
        )
    paths = [files.paths[place] for place in kept]
    size, channels = _form(path, paths, reference, warnings)
    pictures = Pictures(path, paths, size, channels)
    columns = {"image": Column("image", "image", cast(Array, pictures), divisor=255.0)}
    for name, told, role in (("label", files.classes, "input"), ("part", files.parts, "ignored")):
        texts = [told[place] for place in kept]
        if any(texts):
            columns[name] = _category(name, texts, role)
    rows = {name: column.values for name, column in columns.items()}
    progress(0.9)
    return Source(
        columns, len(paths), False, rows, tuple(warnings), {"format": "pictures"}, "part" if "part" in columns else ""
    )


def _category(name: str, texts: Sequence[str], role: str) -> Column:
    names, codes = np.unique(np.asarray(texts, dtype=np.str_), return_inverse=True)
    return Column(name, "category", codes.astype(np.int64), tuple(map(str, names)), role=role)


def _tried(folder: Path, paths: Sequence[str], warnings: list[str], progress: Progress) -> list[int]:
    """The pictures that can be read. The others are told of."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        wrong = list(pool.map(lambda name: _fault(folder / name), paths))
    progress(0.7)
    bad = [(name, why) for name, why in zip(paths, wrong, strict=True) if why]
    if bad:
        number = "1 picture is" if len(bad) == 1 else f"{len(bad)} pictures are"
        warnings.append(f"{number} left out, since {bad[0][1]}: {quoted([name for name, _ in bad], 3)}")
    return [place for place, why in enumerate(wrong) if not why]


def _fault(path: Path) -> str:
    """Why a picture cannot be read; "" where it can."""
    try:
        with _opened(path) as made:
            made.load()
    except DataError as error:
        return str(error)
    except Exception:  # Pillow raises many kinds for damaged files
        return "they are cut short or no pictures"
    return ""


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A picture, its size checked, its pixels not yet decoded. DataError where it is too large."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # checked here, with a sentence of its own
    with Image.open(path) as made:
        if made.width * made.height > MOST_PIXELS:
            raise DataError(f"they have more than {MOST_PIXELS // 1_000_000} megapixels")
        yield made


def _form(
    folder: Path, paths: Sequence[str], reference: DataReference, warnings: list[str]
) -> tuple[tuple[int, int], int]:
    """Height and width to which all pictures are brought, and how many channels they have: as the reference says, else
    those of most of them."""
    sizes, coloured = [], False
    for name in paths[:: max(1, len(paths) // LOOKED_AT)][:LOOKED_AT]:
        try:
            with _opened(folder / name) as made:
                sizes.append((made.height, made.width))
                coloured = coloured or made.mode not in ("1", "L", "I", "F", "I;16")
        except Exception:  # told when it is asked for
            continue
    if not sizes:
        raise DataError(f"The pictures in “{folder.name}” cannot be read; make or copy them again")
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
    color = reference.options.get("color", "auto")
    return size, {"grey": 1, "rgb": 3}.get(str(color), 3 if coloured else 1)


class Pictures(Lazy):
    """Picture files as uint8 arrays, channel × height × width.

    One that cannot be read is grey all over; ``broken`` says which rows those are, and why.
    """

    def __init__(self, folder: Path, paths: Sequence[str], size: tuple[int, int], channels: int) -> None:
        self.folder, self.paths = folder, list(paths)
        self.shape = (len(paths), channels, *size)
        self.dtype = np.dtype(np.uint8)
        self.broken: dict[int, str] = {}
        self._kept: NDArray[np.uint8] | None = None
        self._have = np.zeros(len(paths), dtype=bool)
        self._lock = threading.Lock()

    #: Decoded pictures of up to so many bytes in all are kept in memory.
    KEPT = 1 << 30

    def take(self, rows: Rows) -> Array:
        if self.nbytes > self.KEPT:
            return self._decoded(rows)
        with self._lock:
            if self._kept is None:
                self._kept = np.empty(self.shape, np.uint8)
        lacking = np.unique(rows[~self._have[rows]])
        if len(lacking):
            self._kept[lacking] = self._decoded(lacking)
            self._have[lacking] = True
        return self._kept[rows]

    def _decoded(self, rows: Rows) -> Array:
        made = np.empty((len(rows), *self.shape[1:]), np.uint8)
        places = list(enumerate(rows.tolist()))
        if len(places) < 8:
            for place, row in places:
                made[place] = self._picture(row)
            return made
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pictures") as pool:
            for place, picture in zip(range(len(places)), pool.map(self._picture, rows.tolist()), strict=True):
                made[place] = picture
        return made

    def _picture(self, row: int) -> Array:
        from PIL import ImageOps

        _, channels, height, width = self.shape
        try:
            with _opened(self.folder / self.paths[row]) as file:
                mode = "L" if channels == 1 else "RGB"
                file.draft(mode, (2 * width, 2 * height))  # a large JPEG is decoded at a fraction of its size
                image = ImageOps.exif_transpose(file).convert(mode)
                if image.size != (width, height):
                    image = ImageOps.fit(image, (width, height))
                pixels = np.asarray(image)
        except Exception as error:  # Pillow raises many kinds for damaged files
            self.broken[row] = f"“{self.paths[row]}” cannot be read ({error or type(error).__name__})"
            return np.full(self.shape[1:], 128, np.uint8)
        return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
