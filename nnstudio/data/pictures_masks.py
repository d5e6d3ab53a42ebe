"""Masks over pictures: which file belongs to which picture, and what the values of their pixels mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.pictures_decode import broken_told, in_threads, opened

#: Folders that hold masks, by their name in lower case.
FOLDERS = ("mask", "masks", "segmentation", "segmentations", "segmentationclass", "labels", "labelstr", "annotations",
           "gt", "groundtruth", "ground_truth", "trimaps")  # fmt: skip
#: How the name of a mask ends beside its picture.
ENDS = re.compile(r"[_\-. ](mask|masks|seg|segmentation|label|labels|gt)$")
#: Masks that are looked at to know which values there are, and the most that are taken for classes.
LOOKED_AT, MOST = 400, 64


def pairs(paths: Sequence[str]) -> dict[str, str]:
    """The mask of each picture that has one, by path: ``masks/a.png`` of ``images/a.jpg``, ``a_mask.png`` of
    ``a.png``."""
    masks: dict[tuple[str, str], str] = {}
    pictures: dict[str, tuple[str, str]] = {}
    for path in sorted(paths):
        folders, _, name = path.rpartition("/")
        stem = name.rpartition(".")[0].lower()
        inside = folders.lower().split("/")
        apart = [each for each in inside if each not in FOLDERS and each not in ("images", "image", "imagestr", "img")]
        short = ENDS.sub("", stem)
        if short != stem or any(each in FOLDERS for each in inside):
            masks.setdefault(("/".join(apart), short), path)
        else:
            pictures[path] = ("/".join(apart), stem)
    return {path: masks[key] for path, key in pictures.items() if key in masks}


def may_be_mask(path: str) -> bool:
    """Whether a picture is a mask by its name or folder."""
    folders, _, name = path.lower().rpartition("/")
    return bool(ENDS.search(name.rpartition(".")[0])) or any(each in FOLDERS for each in folders.split("/"))


class Masks(Lazy):
    """Mask files as codes of classes, uint8, height × width.

    values: the value of a pixel (a grey level, a palette's number, or red << 16 | green << 8 | blue) for each class, in
    their order; a pixel of another value is taken for the nearest of these. divided: instead, whatever is brighter than
    this is the second class. ``broken`` says which rows cannot be read, and why; those are of the first class all over.
    """

    def __init__(
        self, folder: Path, paths: Sequence[str], size: tuple[int, int], values: Sequence[int], divided: int = -1
    ) -> None:
        self.folder, self.paths, self.divided = folder, list(paths), divided
        self.values = np.asarray(values, np.int64)
        self.shape, self.dtype = (len(paths), *size), np.dtype(np.uint8)
        self.broken: dict[int, str] = {}
        self._kept: NDArray[np.uint8] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes: those of two are background and object; of colours, their hexadecimal numbers."""
        if self.divided >= 0 or (len(self.values) == 2 and self.values[0] == 0):
            return ("background", "object")
        coloured = self.values.max(initial=0) > 0xFFFF
        return tuple(f"#{value:06x}" if coloured else str(value) for value in self.values.tolist())

    def faults(self) -> tuple[str, ...]:
        """A sentence on the masks that could not be read so far."""
        return broken_told(self.paths, self.broken, "are taken for masks of the first class")

    def take(self, rows: Rows) -> Array:
        made = np.empty((len(rows), *self.shape[1:]), np.uint8)
        in_threads(self._mask, rows.tolist(), made)
        return made

    def _mask(self, row: int) -> Array:
        try:
            values = levels(self.folder / self.paths[row], self.shape[1:])
        except Exception as error:  # Pillow raises many kinds for damaged files
            self.broken[row] = f"“{self.paths[row]}” cannot be read ({error or type(error).__name__})"
            return np.zeros(self.shape[1:], np.uint8)
        if self.divided >= 0:
            return (values > self.divided).astype(np.uint8)
        places = np.searchsorted(self.values, values).clip(0, len(self.values) - 1)
        before = (places - 1).clip(0)
        nearer = np.abs(self.values[before] - values) < np.abs(self.values[places] - values)
        return np.where(nearer, before, places).astype(np.uint8)


def levels(path: Path, size: Sequence[int] = ()) -> NDArray[np.int64]:
    """The values of a mask's pixels, brought to a height and width by taking the nearest pixel."""
    from PIL import Image

    with opened(path) as file:
        image = file
        if size and image.size != (size[1], size[0]):
            image = image.resize((size[1], size[0]), Image.Resampling.NEAREST)
        if image.mode in ("RGB", "RGBA", "CMYK", "YCbCr"):
            pixels = np.asarray(image.convert("RGB")).astype(np.int64)
            return np.asarray(pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2])
        array = np.asarray(image)
        return (array[..., 0] if array.ndim == 3 else array).astype(np.int64)


def masks(folder: Path, paths: Sequence[str], size: tuple[int, int], warnings: list[str]) -> Masks:
    """The masks of a folder; what their values mean is found by looking at some of them."""
    seen: set[int] = set()
    lossy = all(path.lower().endswith((".jpg", ".jpeg")) for path in paths)
    for path in paths[:: max(1, len(paths) // LOOKED_AT)][:LOOKED_AT]:
        try:
            seen.update(np.unique(levels(folder / path)).tolist())
        except Exception:  # told when it is asked for
            continue
        if len(seen) > 100_000:
            break
    if len(seen) <= 1:
        warnings.append("The masks that were looked at have one value in all pixels, so there is nothing to tell apart")
    if len(seen) <= MOST and not lossy:
        return Masks(folder, paths, size, sorted(seen) or [0])
    if lossy or max(seen) <= 0xFF:
        middle = max(seen) // 2 if max(seen) <= 0xFF else 0x7FFFFF
        why = "are JPEG files, which blur values" if lossy else f"have {len(seen)} values"
        warnings.append(f"The masks {why}; whatever is brighter than half is taken for the object")
        return Masks(folder, paths, size, [0, 1], middle)
    warnings.append(
        f"The masks have {len(seen)} values, as where each object has its number; all above 0 is the object"
    )
    return Masks(folder, paths, size, [0, 1], 0)
