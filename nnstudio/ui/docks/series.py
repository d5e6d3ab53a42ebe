"""A series of numbers as a plot takes it: the history's own, which has its summaries, or an array. No Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train import series as recorded
from nnstudio.train.series import Array, Columns

Floats = NDArray[np.floating[Any]]

__all__ = ["Columns", "Series"]


class Series:
    """Summaries of the values of steps 0, 1, 2, …, which only ever grow. Values that are not finite are left out."""

    def __init__(self) -> None:
        self._shown = recorded.Series()

    def __len__(self) -> int:
        return len(self._shown)

    def show(self, values: Floats | recorded.Series) -> None:
        """Take ``values`` of all steps: those shown before, then those that came since. Where they are the history's,
        this costs nothing.

        Where there are fewer than before, another run has begun and everything is worked out afresh.
        """
        if isinstance(values, recorded.Series):
            self._shown = values
            return
        if len(values) < len(self._shown):
            self._shown = recorded.Series()
        done = len(self._shown)
        self._shown.place(done, np.asarray(values[done:], np.float32))

    def columns(self, first: float, last: float, most: int) -> Columns:
        """At most ``most`` columns over the steps from ``first`` to ``last``."""
        return self._shown.columns(first, last, most)

    def mean(self, at: Array, window: int) -> Array:
        """The mean over ``window`` steps around each place of ``at``; see `train.series.Series.mean`."""
        return self._shown.mean(at, window)
