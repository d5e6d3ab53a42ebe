"""Folders of pictures with boxes around objects or masks over them, or with a table of labels.

All pictures are brought to one size with nothing cut off, so that boxes and masks stay in their places.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from nnstudio.data import objects, pictures_annotations, pictures_masks
from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.pictures import LONGEST, TRIED, category, channels_of, kept, surveyed
from nnstudio.data.pictures_annotations import Annotated
from nnstudio.data.pictures_decode import ENDINGS, Pictures, walked
from nnstudio.data.reference import DataError, DataReference

Progress = Callable[[float], None]

#: Of a folder in another so many entries are looked at to know its kind.
SOME = 400
#: A row has at most so many boxes.
MOST_BOXES = 200


def looked(folder: Path, depth: int = 3) -> dict[str, list[str]]:
    """Some of what is in a folder, as paths from there by ending: all that lies directly in it, and the first SOME of
    each folder below, down to ``depth``."""
    return _looked(folder, depth, int(time.monotonic()))


@functools.lru_cache(1)
def _looked(folder: Path, depth: int, _second: int) -> dict[str, list[str]]:
    """Kept for a second, as one kind of folder after the other asks."""
    found: dict[str, list[str]] = {}
    waiting = [("", 0)]
    while waiting:
        prefix, level = waiting.pop()
        with os.scandir(folder / prefix) as entries:
            for count, entry in enumerate(entries):
                if level and count >= SOME:
                    break
                if entry.name.startswith("."):
                    continue
                stem, dot, ending = entry.name.rpartition(".")
                ending = f".{ending.lower()}" if dot and stem else ""
                if not ending and entry.is_dir():
                    if level < depth and len(waiting) < SOME:
                        waiting.append((f"{prefix}{entry.name}/", level + 1))
                else:
                    found.setdefault(ending, []).append(prefix + entry.name)
    return {ending: sorted(names) for ending, names in found.items()}


def is_coco(path: Path, _head: bytes = b"") -> bool:
    """Whether a folder has boxes as COCO writes them."""
    return pictures_annotations.kind_of(looked(path), path) == "coco"


def is_voc(path: Path, _head: bytes = b"") -> bool:
    """Whether a folder has boxes as Pascal VOC writes them."""
    return pictures_annotations.kind_of(looked(path), path) == "voc"


def is_yolo(path: Path, _head: bytes = b"") -> bool:
    """Whether a folder has boxes as YOLO writes them."""
    return pictures_annotations.kind_of(looked(path), path) == "yolo"


def read_boxes(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The pictures of a folder as ``image`` (lazily read), the boxes as ``boxes``, their parts as ``part``.

    The reference's option ``format`` says which annotations are read. DataError where there are none.
    """
    form = str(reference.options.get("format") or pictures_annotations.kind_of(looked(path), path))
    found = pictures_annotations.READERS[form](path)
    progress(0.4)
    warnings: list[str] = []
    names = list(found.boxes)
    names = [names[place] for place in kept(path, names, warnings, progress)]
    classes, rows = boxed(found, names)
    warnings += found.warnings
    most = max((len(boxes) for boxes in rows), default=1)
    if most > MOST_BOXES:
        warnings.append(f"A picture has {most} boxes; the {MOST_BOXES} largest of each are used")
        rows = [sorted(boxes, key=lambda box: -box[2] * box[3])[:MOST_BOXES] for boxes in rows]
    values = objects.packed(rows)
    columns = {
        "image": Column("image", "image", scenes(path, names, reference, warnings), divisor=255.0),
        "boxes": Column("boxes", "boxes", values, tuple(classes), role="target"),
    }
    return with_parts(columns, [found.parts.get(name, "") for name in names], warnings, form)


def boxed(found: Annotated, names: Sequence[str]) -> tuple[list[str], list[list[tuple[float, ...]]]]:
    """The classes in the order of their codes, and for each picture its boxes (centre, size, code), cut to the
    picture. What lies wholly outside, or has no size, is left out and told."""
    classes = list(found.classes)
    told = sorted({name for boxes in found.boxes.values() for name, *_ in boxes} - set(classes))
    classes += told
    if not classes:
        raise DataError("No picture has a box that can be used; draw boxes around objects, or choose other data")
    codes = {name: code for code, name in enumerate(classes)}
    return classes, [[(*box, codes[name]) for name, box in _inside(found, path)] for path in names]


def _inside(found: Annotated, path: str) -> list[tuple[str, tuple[float, float, float, float]]]:
    made = []
    for name, *corners in found.boxes[path]:
        left, top, right, bottom = (min(1.0, max(0.0, corner)) for corner in corners)
        if not right - left > 1e-6 or not bottom - top > 1e-6:
            found.tell("boxes lie outside their picture or have no size, and are left out", path)
            continue
        if any(abs(now - then) > 0.02 for now, then in zip((left, top, right, bottom), corners, strict=True)):
            found.tell("boxes reach over the edge of their picture and are cut there", path)
        made.append((name, ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)))
    return made


def scenes(path: Path, names: Sequence[str], reference: DataReference, warnings: list[str]) -> Array:
    """The pictures of these names, all of each brought to one size."""
    size, channels = form_of(path, names, reference, warnings)
    pictures = Pictures(path, names, size, channels, "stretch")
    pictures.unsure = len(names) > TRIED
    return cast(Array, pictures)


def form_of(
    folder: Path, names: Sequence[str], reference: DataReference, warnings: list[str]
) -> tuple[tuple[int, int], int]:
    """Height and width to which all pictures are brought, with the form of most of them, and how many channels they
    have. DataError where none can be read."""
    sizes, modes = surveyed(folder, names)
    common = max(set(sizes), key=sizes.count)
    asked = int(reference.options.get("size", 0))
    if not asked and len(set(sizes)) == 1 and max(common) <= LONGEST:
        return common, channels_of(modes, reference)
    share = (asked or min(LONGEST, max(common))) / max(common)
    height, width = (max(8, round(edge * share / 8) * 8) for edge in common)
    if not asked:
        warnings.append(
            f"The pictures differ in size or are large and are brought to {height}×{width} pixels, with all that is in "
            "them; choose another size under Data"
        )
    return (height, width), channels_of(modes, reference)


def with_parts(columns: dict[str, Column], parts: Sequence[str], warnings: Sequence[str], form: str) -> Source:
    """The source of these columns; the parts that folders or files tell are its split, where one is for training."""
    if "train" in parts and len(set(parts)) > 1:
        columns["part"] = category("part", parts, "ignored")
    count = len(next(iter(columns.values())).values)
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, count, False, rows, tuple(warnings), {"format": form}, "part" if "part" in columns else "")


# masks


def has_masks(path: Path, _head: bytes = b"") -> bool:
    """Whether a folder has a mask for some of its pictures: of the same name in a folder of masks, or ``…_mask``."""
    listing = looked(path)
    some = [name for ending in ENDINGS for name in listing.get(ending, ())]
    return any(map(pictures_masks.may_be_mask, some)) and bool(pictures_masks.pairs(list(walked(path))))


def read_masks(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The pictures of a folder as ``image`` and the masks over them as ``mask``, both lazily read; parts as ``part``.

    A picture without a mask is left out and told. DataError where none has one.
    """
    everything = sorted(walked(path))
    pairs = pictures_masks.pairs(everything)
    if not pairs:
        raise DataError(f"No picture in “{path.name}” has a mask; put masks of the same names into a folder “masks”")
    warnings: list[str] = []
    masks = set(pairs.values())
    lonely = [name for name in everything if name not in pairs and name not in masks]
    if lonely:
        warnings.append(f"{len(lonely)} pictures have no mask and are left out: {quoted(lonely, 3)}")
    names = list(pairs)
    names = [names[place] for place in kept(path, names, warnings, progress)]
    good = set(kept(path, [pairs[name] for name in names], warnings, progress))
    names = [name for place, name in enumerate(names) if place in good]
    progress(0.5)
    size, channels = form_of(path, names, reference, warnings)
    mask = pictures_masks.masks(path, [pairs[name] for name in names], size, warnings)
    columns = {
        "image": Column("image", "image", cast(Array, Pictures(path, names, size, channels, "stretch")), divisor=255.0),
        "mask": Column("mask", "mask", cast(Array, mask), mask.classes, role="target"),
    }
    progress(0.9)
    parts = [pictures_annotations.part_of(name.rpartition("/")[0]) for name in names]
    return with_parts(columns, parts, warnings, "masks")
