"""Points of many features laid out in a plane: by principal components at once, by UMAP where it is installed.

No Qt. Sources: Pearson, "On lines and planes of closest fit" (1901); McInnes et al., "UMAP" (2018).
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: What says how to get UMAP.
NO_UMAP = "UMAP is not installed. Install it with “pip install umap-learn”, then start the program again"
#: Features up to which the components are worked out exactly; beyond, step by step.
EXACT, ROUNDS = 64, 24


class Components:
    """The first two principal components of points that change little from time to time.

    They keep their direction: what is drawn neither flips nor spins while training goes on.
    """

    def __init__(self) -> None:
        self._axes: Array | None = None
        self.share = 0.0

    def place(self, points: NDArray[Any]) -> Array:
        """Places in the plane, shape (points, 2), for points of shape (points, features). ``share``: how much of their
        spread (variance) that is."""
        values = np.nan_to_num(np.asarray(points, dtype=np.float64))
        values = values - values.mean(axis=0)
        features = values.shape[1]
        if features < 2:
            self.share = 1.0
            return np.column_stack([values, np.zeros((len(values), 2 - features))])
        axes = self._exact(values) if features <= EXACT else self._approached(values)
        if self._axes is not None and self._axes.shape == axes.shape:
            axes = axes * np.where((axes * self._axes).sum(axis=0) < 0, -1.0, 1.0)
        self._axes = axes
        placed: Array = values @ axes
        total = float((values**2).sum())
        self.share = float((placed**2).sum()) / total if total else 0.0
        return placed

    def _exact(self, values: Array) -> Array:
        _, vectors = np.linalg.eigh(values.T @ values)
        return np.asarray(vectors[:, :-3:-1])

    def _approached(self, values: Array) -> Array:
        """Two axes by orthogonal iteration, from where they were."""
        axes, rounds = np.random.default_rng(0).standard_normal((values.shape[1], 2)), ROUNDS
        if self._axes is not None and len(self._axes) == values.shape[1]:
            axes, rounds = self._axes, ROUNDS // 4
        for _ in range(rounds):
            axes, _ = np.linalg.qr(values.T @ (values @ axes))
        small = values @ axes
        _, turn = np.linalg.eigh(small.T @ small)
        return np.asarray(axes @ turn[:, ::-1])


def has_umap() -> bool:
    """Whether UMAP can be imported."""
    return importlib.util.find_spec("umap") is not None


def by_umap(points: NDArray[Any]) -> Array:
    """Places by UMAP, shape (points, 2). Takes seconds. ImportError where it is not installed."""
    import umap

    neighbours = max(2, min(15, len(points) - 1))
    made = umap.UMAP(n_components=2, n_neighbors=neighbours, random_state=0, n_jobs=1, init="pca")
    return np.asarray(made.fit_transform(np.nan_to_num(np.asarray(points, np.float32))), dtype=np.float64)
