"""Readers of the data sets in installed packages (`data.packages`)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from nnstudio.data.columns import Column, Source
from nnstudio.data.reference import DataError, DataReference

Progress = Callable[[float], None]
#: No packed file is unpacked to more bytes.
LARGEST = 1 << 30


def unpacked(path: Path) -> bytes:
    """What a gzip file holds. DataError where it is damaged or far too large."""
    try:
        with gzip.open(path) as stream:
            data = stream.read(LARGEST + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"“{path.name}” is damaged ({error}); install its package again") from None
    if len(data) > LARGEST:
        raise DataError(f"“{path.name}” is larger than expected; install its package again")
    return data


def read_mnist(path: Path, _reference: DataReference, progress: Progress) -> Source:
    """A row a picture: 784 pixels (0 to 255), then the class."""
    progress(0.2)
    frame = pl.read_csv(unpacked(path), has_header=False)
    if frame.width != 785:
        raise DataError(
            f"“{path.name}” has {frame.width} columns, not 784 pixels and a class; install its package again"
        )
    table = frame.to_numpy()
    image, label = table[:, :-1].astype(np.uint8).reshape(-1, 1, 28, 28), table[:, -1].astype(np.int64)
    columns = {
        "image": Column("image", "image", image, divisor=255.0),
        "label": Column("label", "category", label, tuple(map(str, range(10))), role="target"),
    }
    return Source(columns, len(table), False, {"image": image, "label": label}, (), {})
