"""Readers of the sets of scenes (`data.sets.scenes`): composite ones, in which digits are put at places that are drawn
from a seed of their own, so that they are always the same, and slices of a brain.

Digits of the test scenes occur in no training scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data import objects
from nnstudio.data.columns import Column, Source
from nnstudio.data.reference import DataError, DataReference

Progress = Callable[[float], None]
Pixels = NDArray[np.uint8]

#: Edge of a scene in pixels, and how many scenes each part has, with its share of the digits.
EDGE = 64
PARTS = (("train", 3200, 0.8), ("validation", 300, 0.05), ("test", 500, 0.15))
#: The least and greatest edge of a digit that is put into a scene (with its margin), and how often a place is tried.
SMALLEST, LARGEST, TRIES = 18, 34, 30


@dataclass
class Scene:
    """One scene: its pixels, the number of each pixel's digit (0 for background), and the classes of the digits."""

    pixels: Pixels
    numbers: Pixels
    classes: list[int]

    def boxes(self) -> list[tuple[float, ...]]:
        """Box around what is seen of each digit: centre and size as shares, class."""
        found = []
        for number, code in enumerate(self.classes, 1):
            rows, columns = np.nonzero(self.numbers == number)
            top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
            box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
            found.append((*(float(side) / EDGE for side in box), float(code)))
        return found


def read_scenes(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """Scenes of one to five digits that hardly overlap: ``image`` and ``boxes``."""
    scenes, parts = _composed(path, 5, 0.05, progress)
    columns = {"image": _image(scenes), "boxes": _boxes(scenes), "part": _part(parts)}
    return _source(columns)


def read_heaps(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """Scenes of two to six digits that lie over one another: ``image``, ``boxes``, ``digit`` (whether a pixel is of
    one), ``objects`` (of which, counted from 1) and ``boxes``, of one class."""
    scenes, parts = _composed(path, 6, 0.5, progress, fewest=2)
    numbers = np.stack([scene.numbers for scene in scenes])
    most = int(numbers.max())
    names = ("background", *(f"digit {number}" for number in range(1, most + 1)))
    columns = {
        "image": _image(scenes),
        "digit": Column("digit", "mask", (numbers > 0).astype(np.uint8), ("background", "digit"), role="target"),
        "objects": Column("objects", "mask", numbers, names, role="target"),
        "boxes": _boxes(scenes, ("digit",)),
        "part": _part(parts),
    }
    return _source(columns)


def _source(columns: dict[str, Column]) -> Source:
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, len(columns["part"].values), False, rows, (), {}, "part")


def _image(scenes: list[Scene]) -> Column:
    return Column("image", "image", np.stack([scene.pixels for scene in scenes])[:, None], divisor=255.0)


def _boxes(scenes: list[Scene], classes: tuple[str, ...] = tuple("0123456789")) -> Column:
    packed = objects.packed([scene.boxes() for scene in scenes])
    packed[..., 4] = np.minimum(packed[..., 4], len(classes) - 1)
    return Column("boxes", "boxes", packed, classes, role="target")


def _part(parts: list[int]) -> Column:
    return Column("part", "category", np.asarray(parts, np.int64), tuple(name for name, _, _ in PARTS), role="ignored")


def _composed(
    path: Path, most: int, overlap: float, progress: Progress, fewest: int = 1
) -> tuple[list[Scene], list[int]]:
    """Scenes and the part of each. overlap: share of a digit's square that another one may cover."""
    with np.load(path, allow_pickle=False) as file:
        digits, classes = file["image"], file["label"].astype(np.int64)
    if digits.ndim != 3 or len(digits) != len(classes):
        raise DataError(f"“{path.name}” does not hold pictures of digits; install NN Studio again")
    random = np.random.Generator(np.random.PCG64(6))
    order = np.argsort(random.random(len(digits)), kind="stable")
    scenes: list[Scene] = []
    parts: list[int] = []
    ends = np.cumsum([0.0, *(share for _, _, share in PARTS)])
    total = sum(count for _, count, _ in PARTS)
    for part, (_, count, _) in enumerate(PARTS):
        own = order[int(ends[part] * len(order)) : int(ends[part + 1] * len(order))]
        for _ in range(count):
            wanted = fewest + int(random.random() * (most - fewest + 1))
            chosen = own[(random.random(wanted) * len(own)).astype(np.int64)]
            scenes.append(_scene(digits[chosen], classes[chosen], overlap, random))
            parts.append(part)
            if not len(scenes) % 200:
                progress(len(scenes) / total)
    return scenes, parts


def _scene(digits: Pixels, classes: NDArray[np.int64], overlap: float, random: np.random.Generator) -> Scene:
    """Digits of several sizes and shades on a dark ground with some noise; those that find no place are left out."""
    from PIL import Image

    canvas = np.zeros((EDGE, EDGE), np.float32)
    scene = Scene(np.zeros((EDGE, EDGE), np.uint8), np.zeros((EDGE, EDGE), np.uint8), [])
    squares: list[tuple[int, int, int]] = []
    for digit, code in zip(digits, classes.tolist(), strict=True):
        edge = SMALLEST + int(random.random() * (LARGEST - SMALLEST + 1))
        place = _place(edge, squares, overlap, random)
        if place is None:
            continue
        top, left = place
        ink = np.asarray(Image.fromarray(digit).resize((edge, edge), Image.Resampling.BILINEAR), np.float32) / 255.0
        area = (slice(top, top + edge), slice(left, left + edge))
        own = ink > 0.3
        if own.sum() < 12:
            continue
        shade = 0.55 + 0.45 * random.random()
        canvas[area] = np.where(own, ink * shade, np.maximum(canvas[area], ink * shade))
        squares.append((top, left, edge))
        scene.classes.append(code)
        scene.numbers[area][own] = len(scene.classes)
    noisy = canvas + 0.08 * (random.random((EDGE, EDGE)) - 0.5)
    scene.pixels = (noisy.clip(0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return _seen(scene)


def _place(
    edge: int, squares: list[tuple[int, int, int]], overlap: float, random: np.random.Generator
) -> tuple[int, int] | None:
    """Where a square of this edge lies on none of the others by more than a share of the smaller one."""
    for _ in range(TRIES):
        top, left = (int(random.random() * (EDGE - edge + 1)) for _ in range(2))
        for other_top, other_left, other in squares:
            high = min(top + edge, other_top + other) - max(top, other_top)
            wide = min(left + edge, other_left + other) - max(left, other_left)
            if max(0, high) * max(0, wide) > overlap * min(edge, other) ** 2:
                break
        else:
            return top, left
    return None


def _seen(scene: Scene) -> Scene:
    """The scene with its digits counted anew, without any of which hardly a pixel is seen."""
    areas: Any = np.bincount(scene.numbers.ravel(), minlength=len(scene.classes) + 1)
    kept = [number for number in range(1, len(scene.classes) + 1) if areas[number] >= 8]
    table = np.zeros(len(scene.classes) + 1, np.uint8)
    table[kept] = np.arange(1, len(kept) + 1)
    scene.numbers = table[scene.numbers]
    scene.classes = [scene.classes[number - 1] for number in kept]
    return scene


#: What the codes of a slice's mask mean.
TISSUES = ("outside", "fluid", "grey matter", "white matter")


def read_brain(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """Slices of a brain as ``image`` and the tissue of each pixel as ``mask``."""
    with np.load(path, allow_pickle=False) as file:
        image, mask, part = file["image"], file["mask"], file["part"]
    progress(0.8)
    columns = {
        "image": Column("image", "image", image[:, None], divisor=255.0),
        "mask": Column("mask", "mask", mask, TISSUES, role="target"),
        "part": _part(part.tolist()),
    }
    return _source(columns)
