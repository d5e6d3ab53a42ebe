"""Scans in NIfTI files, slice by slice, through the package nibabel, which is imported when one is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.errors import DataError
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
        labels = _volume(beside)
        if labels.shape != scan.shape:
            shapes = ["×".join(map(str, each.shape)) for each in (labels, scan)]
            raise DataError(f"“{beside.name}” is {shapes[0]} and “{path.name}” {shapes[1]}; choose files that fit")
        values, codes = np.unique(labels.round().astype(np.int64), return_inverse=True)
        if len(values) > CLASSES:
            raise DataError(f"“{beside.name}” has {len(values)} values, which are no classes; choose another file")
        mask = _slices(codes.reshape(labels.shape).astype(np.uint8))
        columns["mask"] = Column("mask", "mask", mask, tuple(map(str, values.tolist())), role="target")
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, image.shape[2], False, rows, tuple(warnings), {"format": "nifti"})


def _slices(volume: Array) -> Array:
    """Across × down × slices becomes slices × down × across, the front on top."""
    return np.ascontiguousarray(volume.transpose(2, 1, 0)[:, ::-1])


def _beside(path: Path) -> Path | None:
    ending = next(each for each in reversed(ENDINGS) if path.name.lower().endswith(each))
    stem = path.name[: -len(ending)]
    found = (path.with_name(stem + label + other) for label in LABELS for other in ENDINGS)
    return next((each for each in found if each.is_file()), None)


def _volume(path: Path) -> Array:
    """A scan of three axes. DataError where it is damaged, too large or of other axes."""
    try:
        import nibabel
    except ImportError:
        raise DataError(
            f"“{path.name}” needs the package nibabel, which is not installed; install it with “pip install nibabel”"
        ) from None
    try:
        file: Any = nibabel.load(path)
        shape = tuple(size for size in file.shape if size != 1) if len(file.shape) > 3 else file.shape
        if len(shape) != 3 or not 0 < int(np.prod([int(size) for size in shape])) <= MOST:
            came = "×".join(map(str, file.shape))
            raise DataError(f"“{path.name}” is {came}, and a scan of three axes was expected; choose another file")
        values = np.asarray(file.dataobj, np.float32).reshape(shape)
    except DataError:
        raise
    except Exception as error:  # nibabel raises many kinds for damaged files
        raise DataError(f"“{path.name}” is damaged or no NIfTI file ({error}); copy it again") from None
    return np.nan_to_num(values)
