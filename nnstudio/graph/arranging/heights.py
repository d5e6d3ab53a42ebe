"""Heights: the least-squares ones that keep the order of each column and the nodes apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from nnstudio.graph.arranging.layers import Layers, ask, never
from nnstudio.graph.arranging.rows import LANE, NODE_GAP

#: Free height between a node and the wire that passes it.
_PASSING = 16.0
#: Sweeps, and those for a drawing of many vertices.
_SWEEPS, _FEW_SWEEPS, _MANY = 5, 3, 8000
#: How firmly a vertex stands at its neighbours' height: on the longest way of its column, elsewhere, as a point of a
#: link, and without neighbours.
_LONGEST, _PLAIN, _POINT, _LOOSE = 400.0, 1.0, 0.5, 0.2
#: A wire that climbs no more than this is made level where there is room.
_SLIGHT = 40.0


class Heights:
    """Settles the columns of one row after another."""

    def __init__(
        self, layers: Layers, heights: Sequence[float], lifts: Mapping[tuple[int, int], float], row: Sequence[int]
    ) -> None:
        """lifts: how much lower the target of a link stands where its wire is level; row: of each vertex."""
        self._layers = layers
        self._row = row
        self._lifts = lifts
        self.heights = [*heights, *([0.0] * (len(layers.column) - layers.real))]
        self.y = [0.0] * len(layers.column)

    def settle(self, band: Sequence[Sequence[int]], cancelled: Callable[[], bool] = never) -> None:
        """Give the vertices of the columns of one row their heights (``y``, of centres)."""
        offsets = [self._offsets(column) for column in band]
        for column, below in zip(band, offsets, strict=True):
            for vertex, offset in zip(column, below, strict=True):
                self.y[vertex] = offset
        sweeps = _FEW_SWEEPS if len(self.y) > _MANY else _SWEEPS
        for sweep in range(sweeps):
            rightwards = sweep % 2 == 0
            steps = range(len(band)) if rightwards else range(len(band) - 1, -1, -1)
            for count, index in enumerate(steps):
                if not count % 64:
                    ask(cancelled)
                self._settle(band[index], offsets[index], rightwards=rightwards)
        for column, below in zip(band, offsets, strict=True):
            self._level(column, below)

    def _level(self, column: Sequence[int], offsets: Sequence[float]) -> None:
        """Make the last bit of the way level for boxes whose wire nearly is."""
        y, last = self.y, len(column) - 1
        for place, vertex in enumerate(column if last else ()):
            if vertex >= self._layers.real:
                continue
            goal = self._wanted(vertex, rightwards=True)[0]
            if not 0.0 < abs(goal - y[vertex]) <= _SLIGHT:
                continue
            above = place == 0 or goal - y[column[place - 1]] >= offsets[place] - offsets[place - 1]
            below = place == last or y[column[place + 1]] - goal >= offsets[place + 1] - offsets[place]
            if above and below:
                y[vertex] = goal

    def _offsets(self, column: Sequence[int]) -> list[float]:
        """How far below the first vertex each stands at least."""
        real, heights = self._layers.real, self.heights
        offsets = [0.0]
        for upper, lower in itertools.pairwise(column):
            points = (upper >= real) + (lower >= real)
            gap = (NODE_GAP, _PASSING, LANE)[points]
            offsets.append(offsets[-1] + (heights[upper] + heights[lower]) / 2 + gap)
        return offsets

    def _settle(self, column: Sequence[int], offsets: Sequence[float], *, rightwards: bool) -> None:
        y = self.y
        if len(column) == 1:
            y[column[0]] = self._wanted(column[0], rightwards=rightwards)[0]
            return
        through = self._layers.through
        longest = max([through[vertex] for vertex in column])
        wanted, weights = [], []
        rising, last = True, float("-inf")
        for vertex, offset in zip(column, offsets, strict=True):
            target, weight = self._wanted(vertex, rightwards=rightwards)
            target -= offset
            rising = rising and target >= last
            last = target
            wanted.append(target)
            weights.append(_LONGEST if weight == _PLAIN and through[vertex] == longest else weight)
        if not rising:
            wanted = _rising(wanted, weights)
        for vertex, at, offset in zip(column, wanted, offsets, strict=True):
            y[vertex] = at + offset

    def _wanted(self, vertex: int, *, rightwards: bool) -> tuple[float, float]:
        """The height of the neighbours on the longest way, and how firmly it is wanted."""
        layers, row, y = self._layers, self._row, self.y
        around = (layers.before if rightwards else layers.after)[vertex]
        if len(around) == 1:
            other = around[0]
            if row[other] != row[vertex]:
                return y[vertex], _LOOSE
            at = y[other] + self._lift(other, vertex, rightwards=rightwards) if self._lifts else y[other]
            return at, _PLAIN if vertex < layers.real else _POINT
        real, through = layers.real, layers.through
        near = [other for other in around if row[other] == row[vertex]]
        if vertex < real:
            near = [other for other in near if other < real] or near
        if not near:
            return y[vertex], _LOOSE
        strongest = max([through[other] for other in near])
        best = [other for other in near if through[other] == strongest]
        total = sum([y[other] + self._lift(other, vertex, rightwards=rightwards) for other in best])
        return total / len(best), _PLAIN if vertex < real else _POINT

    def _lift(self, other: int, vertex: int, *, rightwards: bool) -> float:
        if not self._lifts:
            return 0.0
        return self._lifts.get((other, vertex), 0.0) if rightwards else -self._lifts.get((vertex, other), 0.0)


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest sequence that never falls (pool adjacent violators; Ayer et al. 1955)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        count = 1
        while blocks and blocks[-1][0] > value:
            last, heavy, many = blocks.pop()
            value = (value * weight + last * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        blocks.append((value, weight, count))
    return [value for value, _, count in blocks for _ in range(count)]
