"""IDX files, as those of MNIST and Fashion-MNIST, packed with gzip or not; and the binary files of CIFAR.

An IDX file: two zero bytes, a byte for the type, one for the number of axes, their sizes as big-endian 32-bit numbers,
then the values (LeCun, "The MNIST database"). A file of pictures brings the labels that lie beside it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import cast

import numpy as np

from nnstudio.data.archive import MOST_BYTES
from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.mapped import Joined, MappedArray, stays
from nnstudio.data.reference import DataError, DataReference

Progress = Callable[[float], None]
#: A reference by which a file is read whole.
WHOLE = DataReference("file:-", options={"reading": "memory"})

#: The type byte of an IDX file, and how its numbers are stored.
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
#: What of the name of a file of pictures and of its labels differs.
PICTURES, LABELS = "images-idx3", "labels-idx1"
#: How the files of MNIST are called: those for training and those for testing.
PARTS = (("train-", "train"), ("t10k-", "test"))
#: A row of CIFAR-10 is a label and 3 × 32 × 32 pixels; of CIFAR-100 two labels.
CIFAR = {3073: 1, 3074: 2}
CIFAR_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def is_idx(path: Path, head: bytes) -> bool:
    """Whether a file is IDX, or a packed one by its name."""
    plain = len(head) >= 4 and head[:2] == b"\0\0" and head[2] in TYPES and 1 <= head[3] <= 4
    return plain or (head[:2] == b"\x1f\x8b" and "idx" in path.name.lower())


def read_idx(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The pictures (or numbers) of an IDX file as ``image``, and the labels beside it as ``label``.

    Where both files of MNIST, for training and testing, lie in the folder, both are read, and ``part`` says which rows
    are of which. DataError where a file is damaged or promises more than it holds.
    """
    pairs = _pairs(path)
    columns: dict[str, list[Array | MappedArray]] = {}
    parts: list[Array] = []
    for place, (images, labels, _) in enumerate(pairs):
        values = _array(images, reference)
        found = {_name(values): values}
        if labels is not None:
            found["label"] = _array(labels)
            if len(found["label"]) != len(values):
                raise DataError(
                    f"“{images.name}” has {len(values)} samples and its labels are {len(found['label'])}; choose files "
                    "that belong together"
                )
        counts = {len(values)}
        for name, array in found.items():
            columns.setdefault(name, []).append(array)
        parts.append(np.full(counts.pop(), place, np.int64))
        progress(0.8 * (place + 1) / len(pairs))
    made = {name: _column(name, _joined(arrays)) for name, arrays in columns.items()}
    if len(pairs) > 1:
        names = tuple(part for _, _, part in pairs)
        made["part"] = Column("part", "category", np.concatenate(parts), names, role="ignored")
    rows = {name: column.values for name, column in made.items()}
    count = len(next(iter(rows.values())))
    if not count:
        raise DataError(f"“{path.name}” has no samples; an IDX file with at least one was expected")
    return Source(made, count, False, rows, (), {"format": "idx"}, "part" if "part" in made else "")


def read_alone(path: Path) -> Source:
    """One IDX file or batch of CIFAR without what lies beside it, for a prediction. DataError as for the whole."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if is_idx(path, head):
        values = _array(path)
        columns = {_name(values): _column(_name(values), _joined([values]))}
    else:
        width = next(row for row in sorted(CIFAR, reverse=True) if path.stat().st_size % row == 0)
        _, pixels = _batch(path, width, stay=False)
        columns = {"image": Column("image", "image", _joined([pixels]), divisor=255.0)}
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, len(next(iter(rows.values()))), False, rows)


def _joined(arrays: Sequence[Array | MappedArray]) -> Array:
    """Arrays one after the other; where one of them stays in its file, all are read by their rows. DataError where
    their samples are of different sizes."""
    sizes = ["×".join(map(str, each.shape[1:])) for each in arrays]
    if len(set(sizes)) > 1:
        raise DataError(f"The files have samples of {' and '.join(dict.fromkeys(sizes))}; choose files that fit")
    read = [each for each in arrays if not isinstance(each, MappedArray)]
    return np.concatenate(read) if len(read) == len(arrays) else cast(Array, Joined(arrays))


def _name(values: Array | MappedArray) -> str:
    return "image" if values.ndim > 2 else "features" if values.ndim > 1 else "label"


def _pairs(path: Path) -> list[tuple[Path, Path | None, str]]:
    """The files that belong to one that was chosen: pictures, labels (None where there are none), and the part."""
    chosen = path.with_name(path.name.replace(LABELS, PICTURES))
    path = chosen if chosen.exists() else path
    stem = next(((start, part) for start, part in PARTS if path.name.startswith(start)), None)
    if stem is None or PICTURES not in path.name:
        return [(path, _labels(path), "train")]
    found = []
    for start, part in PARTS:
        each = path.with_name(start + path.name.removeprefix(stem[0]))
        if each.is_file():
            found.append((each, _labels(each), part))
    return found if len({labels is None for _, labels, _ in found}) == 1 else [(path, _labels(path), "train")]


def _labels(path: Path) -> Path | None:
    beside = path.with_name(path.name.replace(PICTURES, LABELS))
    return beside if beside != path and beside.is_file() else None


def _array(path: Path, reference: DataReference = WHOLE) -> Array | MappedArray:
    """The array of one file, left there where it is large and not packed. Pictures get an axis for their channels.
    DataError where it is damaged."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 1 <= head[3] <= 8:
                raise DataError(f"“{path.name}” is no IDX file; a file such as train-images-idx3-ubyte was expected")
            dtype, axes = np.dtype(TYPES[head[2]]), head[3]
            sizes = stream.read(4 * axes)
            if len(sizes) < 4 * axes:
                raise DataError(f"“{path.name}” is cut short; make or copy it again")
            shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
            expected = prod(shape) * dtype.itemsize
            mapped = not packed and stays(reference, shape, False, dtype)
            held = path.stat().st_size - stream.tell() if mapped else path.stat().st_size * (1032 if packed else 1)
            if expected > (held if mapped else min(held, MOST_BYTES)):
                raise DataError(
                    f"“{path.name}” promises {'×'.join(map(str, shape))} values and holds fewer; copy it again"
                )
            if mapped:
                return MappedArray(path, stream.tell(), _with_channel(shape), dtype)
            data = stream.read(expected)
            stream.read(1)  # at its end a packed file is checked
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"“{path.name}” is damaged and cannot be unpacked ({error}); copy it again") from None
    if len(data) < expected:
        raise DataError(f"“{path.name}” promises {'×'.join(map(str, shape))} values and holds fewer; copy it again")
    return np.frombuffer(data, dtype).reshape(_with_channel(shape)).astype(dtype.newbyteorder("="))


def _with_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape


def _column(name: str, array: Array) -> Column:
    if name == "label" and array.dtype.kind in "iu" and array.ndim == 1:
        return _classes("label", array)
    if name == "image":
        return Column(name, "image", array, divisor=255.0 if array.dtype == np.uint8 else 1.0)
    if array.ndim == 1:
        return Column(name, "number", array.astype(np.float64))
    return Column(name, "array", array)


def _classes(name: str, codes: Array, names: tuple[str, ...] = ()) -> Column:
    present, values = np.unique(codes, return_inverse=True)
    if names and int(present.max(initial=0)) < len(names):
        return Column(name, "category", codes.astype(np.int64), names)
    return Column(name, "category", values.astype(np.int64), tuple(str(int(code)) for code in present))


def is_cifar(path: Path, _head: bytes) -> bool:
    """Whether a file is a batch of CIFAR-10 or CIFAR-100 in its binary form."""
    size = path.stat().st_size
    return path.suffix == ".bin" and size > 0 and any(size % row == 0 for row in CIFAR)


def read_cifar(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The pictures of a binary batch of CIFAR as ``image`` (3 × 32 × 32), the classes as ``label``, of CIFAR-100 also
    ``coarse``. All batches in the folder are read; ``part`` tells training from test. DataError where one is cut."""
    batches = sorted(each for each in path.parent.glob("*.bin") if is_cifar(each, b"") and "meta" not in each.name)
    width = next(row for row in sorted(CIFAR, reverse=True) if all(each.stat().st_size % row == 0 for each in batches))
    labels, parts, codes = CIFAR[width], [], []
    pixels: list[Array | MappedArray] = []
    total = sum(each.stat().st_size for each in batches)
    stay = stays(reference, (total // width, width), False, np.dtype(np.uint8))
    for place, each in enumerate(batches):
        codes_of, pixels_of = _batch(each, width, stay=stay)
        codes.append(codes_of)
        pixels.append(pixels_of)
        parts.append(np.full(len(codes_of), int("test" in each.name), np.int64))
        progress(0.8 * (place + 1) / len(batches))
    table, part = np.concatenate(codes), np.concatenate(parts)
    columns = {
        "image": Column("image", "image", _joined(pixels), divisor=255.0),
        "label": _classes("label", table[:, labels - 1], CIFAR_10 if labels == 1 else ()),
    }
    if labels == 2:
        columns["coarse"] = _classes("coarse", table[:, 0])
    both = len(np.unique(part)) > 1
    if both:
        columns["part"] = Column("part", "category", part, ("train", "test"), role="ignored")
    shown = {name: column.values for name, column in columns.items()}
    return Source(columns, len(table), False, shown, (), {"format": "cifar"}, "part" if both else "")


def _batch(path: Path, width: int, *, stay: bool) -> tuple[Array, Array | MappedArray]:
    """The labels and the pixels of a batch of CIFAR, of which the pixels may stay in their file."""
    labels = CIFAR[width]
    if not stay:
        data = np.fromfile(path, np.uint8).reshape(-1, width)
        return data[:, :labels], data[:, labels:].reshape(-1, 3, 32, 32)
    mapped = MappedArray(path, 0, (path.stat().st_size // width, width), np.dtype(np.uint8))
    codes = np.concatenate([part[:, :labels].copy() for _, part in mapped.parts()])
    return codes, mapped.viewed(mapped.view[:, labels:].reshape(-1, 3, 32, 32), mapped.dtype)
