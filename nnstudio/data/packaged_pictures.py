"""Readers of sets of pictures, in installed packages or shipped, that are more than their files say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.archive import read_npz
from nnstudio.data.columns import Column, Source
from nnstudio.data.reference import DataError, DataReference

Progress = Callable[[float], None]
Pixels = NDArray[np.uint8]
#: Pictures of the ORL faces: height, width; of each, the middle of two by two pixels is taken.
FACE = (112, 92)
#: How many people are for training, validation and test; the order of people is drawn once.
PEOPLE = {"train": 28, "validation": 3, "test": 9}
#: Labels of each class that a network is shown.
LABELS = 10


def read_faces(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """Pairs of the ORL faces: two pictures (N×1×56×46 each), whether they show the same person, and ``who`` that is: a
    number for those that training sees, “unknown” for all others and where it is two people.

    No person of one part is in another. Of each part come all pairs of one person, and twice as many of two people.
    DataError where the folder does not hold the faces.
    """
    folders = sorted((each for each in path.iterdir() if each.is_dir()), key=lambda each: int(each.name[1:] or 0))
    if len(folders) < sum(PEOPLE.values()):
        raise DataError(f"“{path.name}” has faces of {len(folders)} people, not of 40; install its package again")
    faces: list[Pixels] = []
    for done, folder in enumerate(folders):
        faces.append(np.stack([_halved(_pgm(file)) for file in sorted(folder.glob("*.pgm"))]))
        progress(0.8 * (done + 1) / len(folders))
    random = np.random.Generator(np.random.PCG64(0))
    order = np.argsort(random.random(len(faces)), kind="stable")
    left, right, same, who, parts, start = [], [], [], [], [], 0
    for part, (name, count) in enumerate(PEOPLE.items()):
        chosen = [faces[person] for person in order[start : start + count]]
        start += count
        person = np.repeat(np.arange(count), [len(each) for each in chosen])
        first, second = _pairs(person, random)
        pictures = np.concatenate(chosen)
        left.append(pictures[first])
        right.append(pictures[second])
        same.append((person[first] == person[second]).astype(np.int64))
        who.append(np.where(same[-1] == 1, person[first] if name == "train" else PEOPLE["train"], PEOPLE["train"]))
        parts.append(np.full(len(first), part))
    values = {"first": np.concatenate(left)[:, None], "second": np.concatenate(right)[:, None]}
    told, of = np.concatenate(same), np.concatenate(parts).astype(np.int64)
    known, people = np.concatenate(who).astype(np.int64), (*map(str, range(1, PEOPLE["train"] + 1)), "unknown")
    columns = {name: Column(name, "image", pixels, divisor=255.0) for name, pixels in values.items()}
    columns["same"] = Column("same", "category", told, ("no", "yes"), role="target")
    columns["who"] = Column("who", "category", known, people, role="target")
    columns["part"] = Column("part", "category", of, tuple(PEOPLE), role="ignored")
    return Source(columns, len(told), False, {**values, "same": told, "who": known, "part": of}, (), {}, part="part")


def read_few_labels(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The digits of mnist.npz, of which a network is shown ten labels of each class: ``shown`` is the label there, and
    “hidden” for all other training rows. 3,750 rows are for training, 250 for validation and 1,000 for testing."""
    source = read_npz(path, reference, progress)
    label = source.columns["label"]
    codes, hidden = label.values, len(label.categories)
    order = np.argsort(np.random.Generator(np.random.PCG64(0)).random(len(codes)), kind="stable")
    shown, part = codes.copy(), np.zeros(len(codes), np.int64)
    for code in range(hidden):
        rows = order[codes[order] == code]
        test, validation = len(rows) // 5, len(rows) // 20
        part[rows[:test]], part[rows[test : test + validation]] = 2, 1
        shown[rows[test + validation + LABELS :]] = hidden
    columns = {
        **source.columns,
        "label": replace(label, role="target"),
        "shown": Column("shown", "category", shown, (*label.categories, "hidden"), role="target"),
        "part": Column("part", "category", part, tuple(PEOPLE), role="ignored"),
    }
    rows_told = {**source.rows, "shown": shown, "part": part}
    return Source(columns, source.count, False, rows_told, source.warnings, {}, part="part")


def _pairs(person: NDArray[np.int64], random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of one person's pictures, and twice as many of two people, in an order that is drawn."""
    first, second = np.triu_indices(len(person), 1)
    alike = person[first] == person[second]
    others = np.flatnonzero(~alike)
    others = others[np.argsort(random.random(len(others)), kind="stable")][: 2 * int(alike.sum())]
    rows = np.concatenate([np.flatnonzero(alike), others])
    rows = rows[np.argsort(random.random(len(rows)), kind="stable")]
    return first[rows], second[rows]


def _pgm(path: Path) -> Pixels:
    """The pixels of a PGM file: its last height × width bytes, whatever line ends its header has."""
    data = path.read_bytes()
    pixels = FACE[0] * FACE[1]
    if not data.startswith(b"P5") or len(data) < pixels or data.split(maxsplit=3)[1:3] != [b"92", b"112"]:
        raise DataError(f"“{path.parent.name}/{path.name}” is no picture of 92 × 112; install its package again")
    return np.frombuffer(data[-pixels:], np.uint8).reshape(FACE)


def _halved(pixels: Pixels) -> Pixels:
    """The mean of each two by two pixels."""
    height, width = pixels.shape
    means: NDArray[np.float64] = pixels.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    return means.round().astype(np.uint8)
