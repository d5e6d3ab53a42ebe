"""Picture files as arrays: opened with their size checked, decoded when they are asked for, in several threads, and
those of a folder that fits kept decoded in memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, quoted
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.pictures_plain import content, pixels, plain
from nnstudio.data.reference import DataError

#: Endings of files that are taken for pictures.
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
#: A picture with more pixels is not decoded.
MOST_PIXELS = 100_000_000
#: Levels of folders that are looked through.
DEEPEST = 8
#: Modes of Pillow without colours.
GREY = ("1", "L", "LA", "I", "F", "I;16")


def walked(
    folder: Path, endings: tuple[str, ...] = ENDINGS, prefix: str = "", depth: int = 0, most: int = 1 << 62
) -> Iterator[str]:
    """Files below a folder whose names end so, as paths from there with slashes; hidden ones are left out. most: so
    many of each folder."""
    below, count = [], 0
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if name.lower().endswith(endings):
                yield prefix + name
                count += 1
                if count >= most:
                    break
            elif depth < DEEPEST and entry.is_dir():
                below.append(name)
    for name in below:
        yield from walked(folder / name, endings, f"{prefix}{name}/", depth + 1, most)


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
    except Exception as error:  # Pillow raises many kinds for damaged files
        if isinstance(error, OSError) and error.strerror:  # of the system, not of Pillow
            return f"they cannot be opened ({error.strerror})"
        return "they are cut short or no pictures"
    return ""


def by_reason(bad: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The names of pictures that cannot be read by the reason why."""
    found: dict[str, list[str]] = {}
    for name, why in bad:
        found.setdefault(why, []).append(name)
    return found


def told_of(bad: Sequence[tuple[str, str]]) -> list[str]:
    """A sentence for each reason why pictures are left out: how many, and names."""
    told = []
    for why, names in by_reason(bad).items():
        number = "1 picture is" if len(names) == 1 else f"{len(names)} pictures are"
        told.append(f"{number} left out, since {why}: {quoted(names, 3)}")
    return told


def broken_told(paths: Sequence[str], broken: dict[int, str], what: str) -> tuple[str, ...]:
    """A sentence on files that turned out to be broken: number, what they are taken for, and names."""
    if not broken:
        return ()
    number = "1 picture cannot" if len(broken) == 1 else f"{len(broken)} pictures cannot"
    names = [paths[row] for row in sorted(broken.copy())[:4]]
    shown = ", ".join(f"“{name}”" for name in names[:3]) + (" …" if len(broken) > 3 else "")
    return (f"{number} be read and {what}: {shown}; make or copy them again",)


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
        self._home = str(folder)
        self.shape = (len(paths), channels, *size)
        self.dtype = np.dtype(np.uint8)
        self.broken: dict[int, str] = {}
        self._kept: NDArray[np.uint8] | None = None
        self._have = np.zeros(len(paths), dtype=bool)
        self._lock = threading.Lock()

    costly = True
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

    def faults(self) -> tuple[str, ...]:
        """A sentence on the pictures that could not be read so far."""
        return broken_told(self.paths, self.broken, "are grey all over")

    def look_through(self, stop: Callable[[], bool]) -> None:
        """Read all that was not read yet, so that ``broken`` is known, one after the other and with pauses in which
        other threads go on; until ``stop`` says so. What is kept in memory is there afterwards."""
        keeps = self.nbytes <= self.KEPT
        for start in range(0, len(self), 16):
            rows = np.arange(start, min(start + 16, len(self)))
            lacking = rows[~self._have[rows]]
            if stop() or not self.unsure:
                return
            for row in lacking.tolist():
                if keeps:
                    self.take(np.array([row]))
                else:
                    self._picture(row)
            if len(lacking):
                time.sleep(0.001)
        self.unsure = False

    def _decoded(self, rows: Rows) -> Array:
        made = np.empty((len(rows), *self.shape[1:]), np.uint8)
        in_threads(self._picture, rows.tolist(), made)
        return made

    def _picture(self, row: int) -> Array:
        _, channels, height, width = self.shape
        mode = "L" if channels == 1 else "RGB"
        try:
            found = plain(content(f"{self._home}/{self.paths[row]}"))
            if found is not None and found.size == (width, height):
                values = pixels(found, mode)
                return values[None] if channels == 1 else values.transpose(2, 0, 1)
        except OSError:
            pass  # told below
        return self._fitted(row)

    def _fitted(self, row: int) -> Array:
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
                values = np.asarray(image)
        except Exception as error:  # Pillow raises many kinds for damaged files
            self.broken[row] = f"“{self.paths[row]}” cannot be read ({error or type(error).__name__})"
            return np.full(self.shape[1:], 128, np.uint8)
        return values[None] if channels == 1 else values.transpose(2, 0, 1)


#: A thread reads so many pictures before it looks for more.
_AT_ONCE = 32


def in_threads(read: Callable[[int], Array], rows: Sequence[int], into: Array) -> None:
    """Read these rows into an array, in several threads where they are many."""
    if len(rows) < 8:
        for place, row in enumerate(rows):
            into[place] = read(row)
        return

    def some(start: int) -> None:
        for place in range(start, min(start + _AT_ONCE, len(rows))):
            into[place] = read(rows[place])

    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pictures") as pool:
        list(pool.map(some, range(0, len(rows), _AT_ONCE)))
