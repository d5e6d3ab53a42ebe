"""Figures of classes at places: tokens of a sequence, pixels of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.judging.judge import Judged

Floats = NDArray[np.float64]


def by_position(judged: Judged) -> tuple[Floats, NDArray[np.int64]]:
    """Of a sequence (N×T) the share that is right at each position (T,), NaN where none counts, and how many count."""
    known = judged.target >= 0
    counts = known.sum(axis=0)
    hits = ((judged.target == judged.predicted) & known).sum(axis=0)
    return np.where(counts > 0, hits / np.maximum(counts, 1), np.nan), counts.astype(np.int64)


def by_row(judged: Judged) -> Floats:
    """The share of each row's places that is right, (N,); NaN where none counts."""
    known = (judged.target >= 0).reshape(len(judged.target), -1)
    hits = (judged.target == judged.predicted).reshape(known.shape) & known
    counts = known.sum(axis=1)
    return np.where(counts > 0, hits.sum(axis=1) / np.maximum(counts, 1), np.nan)
