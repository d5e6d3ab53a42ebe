"""Picture files as arrays: opened with their size checked, decoded when they are asked for, in several threads, and
those of a folder that fits kept decoded in memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, quoted
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.reference import DataError

#: Endings of files that are taken for pictures.
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
#: A picture with more pixels is not decoded.
MOST_PIXELS = 100_000_000
#: Levels of folders that are looked through.
DEEPEST = 8
#: Modes of Pillow without colours.
GREY = ("1", "L", "LA", "I", "F", "I;16")


def walked(folder: Path, endings: tuple[str, ...] = ENDINGS, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Files below a folder whose names end so, as paths from there with slashes; hidden ones are left out."""
    below = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.lower().endswith(endings):
                yield prefix + entry.name
            elif depth < DEEPEST and entry.is_dir():
                below.append(entry.name)
    for name in below:
        yield from walked(folder / name, endings, f"{prefix}{name}/", depth + 1)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A picture, its size checked, its pixels not yet decoded. DataError where it is too large."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # checked here, with a sentence of its own
    with Image.open(path) as made:
        if made.width * made.height > MOST_PIXELS:
            raise DataError(f"they have more than {MOST_PIXELS // 1_000_000} megapixels")
        yield made


def fault(path: Path) -> str:
    """Why a picture cannot be read; "" where it can."""
    try:
        with opened(path) as made:
            made.load()
    except DataError as error:
        return str(error)
    except Exception:  # Pillow raises many kinds for damaged files
        return "they are cut short or no pictures"
    return ""


def told_of(bad: Sequence[tuple[str, str]]) -> str:
    """A sentence on pictures that are left out: names, and why."""
    number = "1 picture is" if len(bad) == 1 else f"{len(bad)} pictures are"
    return f"{number} left out, since {bad[0][1]}: {quoted([name for name, _ in bad], 3)}"


class Pictures(Lazy):
    """Picture files as uint8 arrays, channel × height × width.

    fit: ``crop`` (cut around the middle to the shape) or ``stretch`` (all of the picture is brought to the shape, so
    that boxes and masks stay where they are). One that cannot be read is grey all over; ``broken`` says which rows
    those are, and why.
    """

    def __init__(
        self, folder: Path, paths: Sequence[str], size: tuple[int, int], channels: int, fit: str = "crop"
    ) -> None:
        self.folder, self.paths, self.fit = folder, list(paths), fit
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
        in_threads(self._picture, rows.tolist(), made)
        return made

    def _picture(self, row: int) -> Array:
        from PIL import ImageOps

        _, channels, height, width = self.shape
        try:
            with opened(self.folder / self.paths[row]) as file:
                mode = "L" if channels == 1 else "RGB"
                file.draft(mode, (2 * width, 2 * height))  # a large JPEG is decoded at a fraction of its size
                image = file if self.fit == "stretch" else ImageOps.exif_transpose(file)
                image = image.convert(mode)
                if image.size != (width, height):
                    fitted = image.resize if self.fit == "stretch" else lambda size: ImageOps.fit(image, size)
                    image = fitted((width, height))
                pixels = np.asarray(image)
        except Exception as error:  # Pillow raises many kinds for damaged files
            self.broken[row] = f"“{self.paths[row]}” cannot be read ({error or type(error).__name__})"
            return np.full(self.shape[1:], 128, np.uint8)
        return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def in_threads(read: Callable[[int], Array], rows: Sequence[int], into: Array) -> None:
    """Read these rows into an array, in several threads where they are many."""
    if len(rows) < 8:
        for place, row in enumerate(rows):
            into[place] = read(row)
        return
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pictures") as pool:
        for place, picture in enumerate(pool.map(read, rows)):
            into[place] = picture
