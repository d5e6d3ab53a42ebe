"""Lanes: lines over steps, each of some of a run's steps, drawn at any zoom and on a linear or a log axis. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train import series as recorded
from nnstudio.ui.docks.series import Series

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
Points = tuple[Array, Array]

#: Turns whose values are gathered at once.
AT_ONCE = 65_536


class Lane:
    """One line over steps of one run: of every step, or of those that one phase of a turn does.

    places: which steps of each turn of ``turn`` steps are its own. gaps: values that are not finite interrupt the line;
    else they are passed over.
    """

    def __init__(self, name: str, places: Sequence[int] = (0,), turn: int = 1, *, gaps: bool = True) -> None:
        self.name, self.places, self.turn, self.gaps = name, tuple(places), turn, gaps
        self.series = Series()
        self._own = recorded.Series()
        self._turns = 0

    def take(self, values: Floats | recorded.Series) -> None:
        """Take the values of all steps so far: the same ones as before, then those that came since."""
        self.series.show(values if self.turn == len(self.places) else self._chosen(values))

    def _chosen(self, values: Floats | recorded.Series) -> recorded.Series:
        """The lane's own values of whole turns; those that are known are not gathered again."""
        turns = len(values) // self.turn
        while self._turns < turns:
            end = min(turns, self._turns + AT_ONCE)
            fresh = np.asarray(values[self._turns * self.turn : end * self.turn]).reshape(-1, self.turn)
            self._own.place(self._turns * len(self.places), fresh[:, list(self.places)].reshape(-1))
            self._turns = end
        return self._own

    @property
    def stride(self) -> float:
        """Steps for each value."""
        return self.turn / len(self.places)

    def raw(self, first: float, last: float, pixels: int, *, log: bool = False) -> Points:
        """Least and greatest values between two steps, as one line: steps and values. log: evenly in logarithms."""
        parts = []
        for begin, end, room in _stretches(first, last, pixels) if log else ((first, last, pixels),):
            parts.append(self.series.columns(begin / self.stride, end / self.stride, room).zigzag())
        at, values = (np.concatenate([part[axis] for part in parts]) for axis in (0, 1))
        return self._placed(at, values)

    def mean(self, first: float, last: float, pixels: int, window: int, *, log: bool = False) -> Points:
        """The mean over ``window`` steps around places between two steps, at most one a pixel."""
        begin, end = max(0.0, first / self.stride), min(len(self.series) - 1, last / self.stride)
        if end < begin:
            return np.empty(0), np.empty(0)
        spread = np.geomspace(begin + 1, end + 1, pixels) - 1 if log else np.linspace(begin, end, pixels)
        at = np.unique(spread.round())
        return self._placed(at, self.series.mean(at, max(1, round(window / self.stride))))

    def _placed(self, at: Array, values: Array) -> Points:
        if not self.gaps:
            good = np.isfinite(values)
            at, values = at[good], values[good]
        return at * self.stride + (self.places[0] if self.turn > 1 else 0), values


def _stretches(first: float, last: float, pixels: int) -> Iterator[tuple[float, float, int]]:
    """Cut a stretch of steps (from 0) into octaves of their logarithm, each with its share of the pixels."""
    begin = max(1.0, first + 1)
    octaves = math.log2(max(2.0, (last + 1) / begin))
    while begin <= last + 1:
        end = min(2 * begin, last + 2)
        yield begin - 1, end - 3, max(2, round(pixels / octaves))
        begin = end


def lanes_of(phases: Sequence[str]) -> list[Lane]:
    """A lane for each phase of a turn, in their order; one, ``training``, where there are none."""
    if not phases:
        return [Lane("training")]
    names = list(dict.fromkeys(phases))
    return [Lane(name, [at for at, phase in enumerate(phases) if phase == name], len(phases)) for name in names]
