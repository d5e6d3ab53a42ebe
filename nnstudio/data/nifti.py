"""Scans in NIfTI files, slice by slice, alone or a folder of them, through the package nibabel, which is imported when
one is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.pictures_decode import walked
from nnstudio.data.reference import DataReference

Progress = Callable[[float], None]
ENDINGS = (".nii", ".nii.gz")
#: A scan with more voxels is not read.
MOST = 1 << 28
#: How the name of a file of labels goes on after that of its scan.
LABELS = ("_seg", "_mask", "_label", "_labels", "-seg", "-mask", "-label")
#: More different values than this in a file of labels are no classes.
CLASSES = 256


def is_nifti(path: Path, _head: bytes) -> bool:
    """Whether a file is NIfTI, by its name."""
    return path.name.lower().endswith(ENDINGS)


def read_nifti(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """The slices of a scan along its last axis as ``image``, brightness from 0 to 1, and where a file of labels lies
    beside it (``name_seg.nii.gz``) the classes of their pixels as ``mask``. DataError where it cannot be read."""
    scan = _volume(path)
    progress(0.5)
    low, high = float(scan.min(initial=0.0)), float(scan.max(initial=0.0))
    image = ((scan - low) / max(high - low, 1e-12)).astype(np.float32)
    columns = {"image": Column("image", "image", _slices(image)[:, None])}
    warnings = [
        f"Slices of one scan are alike; split by time, as the rows stand, so that “{path.name}” is judged fairly"
    ]
    beside = _beside(path)
    if beside is not None:
        labels = _labels(beside, path, scan.shape)
        values, codes = np.unique(labels, return_inverse=True)
        if len(values) > CLASSES:
            raise DataError(f"“{beside.name}” has {len(values)} values, which are no classes; choose another file")
        mask = _slices(codes.reshape(labels.shape).astype(np.uint8))
        columns["mask"] = Column("mask", "mask", mask, tuple(map(str, values.tolist())), role="target")
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, image.shape[2], False, rows, tuple(warnings), {"format": "nifti"})


def holds_scans(path: Path, _head: bytes = b"") -> bool:
    """Whether there is a scan in a folder or below it."""
    return next(walked(path, ENDINGS), None) is not None


def read_scans(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """The slices of all scans of a folder as ``image`` (lazily read), ``scan`` naming the scan of each, so that a scan
    goes to one part; where scans have labels beside them, ``mask``, and scans without are left out.

    All have the size of most: others are cut or filled up around their middle. DataError where none can be read.
    """
    names = [name for name in sorted(walked(path, ENDINGS)) if not _is_labels(name)]
    labelled = {name: beside for name in names for beside in [_beside(path / name)] if beside is not None}
    told: list[str] = []
    kept = [name for name in names if name in labelled or not labelled]
    if len(kept) < len(names):
        told.append(f"{_scans(len(names) - len(kept))} no labels beside them; only those that have some are used")
    shapes: dict[str, tuple[int, ...]] = {}
    values: set[int] = set()
    for place, name in enumerate(kept):
        try:
            shapes[name] = _shape(_opened(path / name), name)
            if name in labelled:
                values |= set(np.unique(_labels(labelled[name], path / name, shapes[name])).tolist())
        except DataError as error:
            shapes.pop(name, None)
            told.append(f"“{name}” is left out: {error}")
        progress(0.1 + 0.8 * (place + 1) / len(kept))
    if not shapes:
        raise DataError(f"None of the scans in “{path.name}” can be read; {told[-1] if told else 'copy them again'}")
    if len(values) > CLASSES:
        raise DataError(f"The labels in “{path.name}” have {len(values)} values, which are no classes; choose others")
    across = [shape[:2] for shape in shapes.values()]
    size = max(dict.fromkeys(across), key=across.count)
    odd = sum(each != size for each in across)
    if odd:
        told.append(f"{_scans(odd)} another size than most; it is cut or filled up to {size[0]}×{size[1]}")
    counts = [shape[2] for shape in shapes.values()]
    owner = np.repeat(np.arange(len(counts)), counts)
    files = [path / name for name in shapes]
    columns = {"image": Column("image", "image", cast(Array, Slices(files, counts, size)))}
    if labelled:
        known = sorted(values)
        masks = Slices([labelled[name] for name in shapes], counts, size, tuple(known))
        columns["mask"] = Column("mask", "mask", cast(Array, masks), tuple(map(str, known)), role="target")
    columns["scan"] = Column("scan", "category", owner, tuple(shapes), role="group")
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, len(owner), False, rows, tuple(told), {"format": "scans"})


class Slices(Lazy):
    """Slices of scans, one after the other: brightness from 0 to 1, N×1×H×W, or with ``classes`` the places of their
    values in those, N×H×W. The scans that were read last are kept."""

    costly = True
    #: Scans that are kept in memory.
    KEPT = 8

    def __init__(
        self, files: Sequence[Path], counts: Sequence[int], size: tuple[int, ...], classes: tuple[int, ...] = ()
    ) -> None:
        self.files, self.size, self.classes = list(files), size, classes
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        form = (size[1], size[0])
        self.shape = (int(self.starts[-1]), *form) if classes else (int(self.starts[-1]), 1, *form)
        self.dtype = np.dtype(np.uint8 if classes else np.float32)
        self._lock = threading.Lock()
        self._kept: dict[int, Array] = {}

    def take(self, rows: Rows) -> Array:
        taken = np.empty((len(rows), *self.shape[1:]), self.dtype)
        owners = np.searchsorted(self.starts, rows, side="right") - 1
        for owner in np.unique(owners).tolist():
            mine = owners == owner
            slices = self._scan(owner)[rows[mine] - self.starts[owner]]
            taken[mine] = slices if self.classes else slices[:, None]
        return taken

    def _scan(self, owner: int) -> Array:
        with self._lock:
            if owner in self._kept:
                self._kept[owner] = self._kept.pop(owner)  # the last one that was asked for goes last
                return self._kept[owner]
        volume = _centred(_volume(self.files[owner]), self.size)
        if self.classes:
            made = _slices(np.searchsorted(self.classes, volume.round().astype(np.int64)).astype(np.uint8))
        else:
            low, high = float(volume.min(initial=0.0)), float(volume.max(initial=0.0))
            made = _slices(((volume - low) / max(high - low, 1e-12)).astype(np.float32))
        with self._lock:
            self._kept[owner] = made
            while len(self._kept) > self.KEPT:
                self._kept.pop(next(iter(self._kept)))
        return made


def _centred(volume: Array, size: tuple[int, ...]) -> Array:
    """A scan cut or filled up around its middle to this size across and down."""
    for axis, wanted in enumerate(size):
        have = volume.shape[axis]
        if have > wanted:
            volume = volume.take(range((have - wanted) // 2, (have - wanted) // 2 + wanted), axis)
        elif have < wanted:
            before = (wanted - have) // 2
            volume = np.pad(volume, [(before, wanted - have - before) if at == axis else (0, 0) for at in range(3)])
    return volume


def _scans(count: int) -> str:
    return "1 scan has" if count == 1 else f"{count} scans have"


def _is_labels(name: str) -> bool:
    return name.lower().removesuffix(".gz").removesuffix(".nii").endswith(LABELS)


def _slices(volume: Array) -> Array:
    """Across × down × slices becomes slices × down × across, the front on top."""
    return np.ascontiguousarray(volume.transpose(2, 1, 0)[:, ::-1])


def _beside(path: Path) -> Path | None:
    ending = next(each for each in reversed(ENDINGS) if path.name.lower().endswith(each))
    stem = path.name[: -len(ending)]
    found = (path.with_name(stem + label + other) for label in LABELS for other in ENDINGS)
    return next((each for each in found if each.is_file()), None)


def _opened(path: Path) -> Any:
    """A scan, not yet read. DataError where the package is not there, or it is damaged."""
    try:
        import nibabel
    except ImportError:
        raise DataError(
            f"“{path.name}” needs the package nibabel, which is not installed; install it with “pip install nibabel”"
        ) from None
    try:
        return nibabel.load(path)
    except Exception as error:  # nibabel raises many kinds for damaged files
        raise _damaged(path, error) from None


def _shape(file: Any, name: str) -> tuple[int, ...]:
    """The three sizes of a scan. DataError where it has others, or is too large."""
    shape = tuple(size for size in file.shape if size != 1) if len(file.shape) > 3 else tuple(file.shape)
    if len(shape) != 3 or not 0 < int(np.prod([int(size) for size in shape])) <= MOST:
        came = "×".join(map(str, file.shape))
        raise DataError(f"“{name}” is {came}, and a scan of three axes was expected; choose another file")
    return shape


def _volume(path: Path) -> Array:
    """A scan of three axes. DataError where it is damaged, too large or of other axes."""
    file = _opened(path)
    shape = _shape(file, path.name)
    try:
        return np.nan_to_num(np.asarray(file.dataobj, np.float32).reshape(shape))
    except Exception as error:  # as when it is opened
        raise _damaged(path, error) from None


def _labels(path: Path, scan: Path, shape: tuple[int, ...]) -> Array:
    """The labels of a scan's voxels, int64. DataError as for :func:`_volume`, and where they are not of its shape."""
    found = _volume(path)
    if found.shape != shape:
        sizes = ["×".join(map(str, each)) for each in (found.shape, shape)]
        raise DataError(f"“{path.name}” is {sizes[0]} and “{scan.name}” {sizes[1]}; choose files that fit")
    return found.round().astype(np.int64)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"“{path.name}” is damaged or no NIfTI file ({error}); copy it again")
