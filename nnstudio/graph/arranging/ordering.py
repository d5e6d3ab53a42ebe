"""The order within columns, such that few links cross."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence

from nnstudio.graph.arranging.layers import Layers, ask, never

#: How many visits of vertices and links the search may cost: for each vertex, and at most. Counted, not timed, so that
#: the same network is always arranged alike.
_WORK_EACH, _WORK = 60, 200_000
#: How many sweeps there are at most, and how many bring nothing before the search ends.
_MOST, _IN_VAIN = 16, 2
#: How often neighbours are exchanged after each sweep, and in columns of how many at most: in longer ones it brings
#: little for what it costs.
_ROUNDS, _SHORT = 2, 80

Columns = list[list[int]]


def ordered(layers: Layers, cancelled: Callable[[], bool] = never) -> Columns:
    """The vertices of each column from above. Cancelled where asked."""
    columns = _begun(layers)
    if all(len(column) == 1 for column in columns):
        return columns
    return _Search(layers, columns, cancelled).best()


def _begun(layers: Layers) -> Columns:
    """Depth-first from what nothing feeds: links that bypass others on top, then the longest way, then branches."""
    columns: Columns = [[] for _ in range(layers.columns)]
    through, before = layers.through, layers.before

    def from_above(vertex: int) -> tuple[bool, int]:
        if vertex < layers.real or len(before[layers.chain[vertex - layers.real][1]]) == 1:
            return True, -through[vertex]
        return False, through[vertex]

    seen = bytearray(len(layers.column))
    roots = [vertex for vertex in range(layers.real) if not before[vertex]]
    for root in sorted(roots, key=lambda vertex: -through[vertex]):
        stack = [root]
        while stack:
            vertex = stack.pop()
            if seen[vertex]:
                continue
            seen[vertex] = 1
            columns[layers.column[vertex]].append(vertex)
            onward = layers.after[vertex]
            stack += onward if len(onward) < 2 else sorted(onward, key=from_above)[::-1]
    return columns


def _number(column: Sequence[int], place: list[float]) -> None:
    middle = (len(column) - 1) / 2
    for index, vertex in enumerate(column):
        place[vertex] = index - middle


def _gaps(layers: Layers, count: int) -> list[list[tuple[int, int, float, float]]]:
    """The ties behind each column."""
    gaps: list[list[tuple[int, int, float, float]]] = [[] for _ in range(count)]
    for tie in layers.ties:
        gaps[layers.column[tie[0]]].append(tie)
    return gaps


def _crossings(gap: Sequence[tuple[int, int, float, float]], place: Sequence[float]) -> int:
    """How many links between two columns cross one another (pairs that are inverted; counted by insertion)."""
    if len(gap) < 2:
        return 0
    ends = [(place[u] + 0.9 * leaves, place[v] + 0.9 * enters) for u, v, leaves, enters in gap]
    ends.sort()
    met: list[float] = []
    total = 0
    for _, end in ends:
        total += len(met) - bisect_right(met, end)
        insort(met, end)
    return total


class _Search:
    """Sweeps and exchanges; the order with the fewest crossings is kept."""

    def __init__(self, layers: Layers, columns: Columns, cancelled: Callable[[], bool]) -> None:
        self._layers = layers
        self._columns = columns
        self._cancelled = cancelled
        self._gaps = _gaps(layers, len(columns))
        self._place = [0.0] * len(layers.column)
        self._short = [index for index, column in enumerate(columns) if 2 <= len(column) <= _SHORT]
        self._left = min(_WORK, _WORK_EACH * len(layers.column))
        for column in columns:
            _number(column, self._place)

    def best(self) -> Columns:
        """The best order that was found within the work allowed."""
        columns, vain = self._columns, 0
        fewest = self._crossings()
        best = [list(column) for column in columns]
        for sweep in range(_MOST):
            if not fewest or vain >= _IN_VAIN or self._left < 0:
                break
            self._sweep(rightwards=sweep % 2 == 0)
            self._exchange()
            now = self._crossings()
            vain += 1
            if now < fewest:
                fewest, best, vain = now, [list(column) for column in columns], 0
        return best

    def _crossings(self) -> int:
        self._left -= len(self._layers.ties)
        return sum([_crossings(gap, self._place) for gap in self._gaps])

    def _sweep(self, *, rightwards: bool) -> None:
        """Order each column by the mean of its neighbours' places, from one end to the other (barycentres)."""
        layers, place = self._layers, self._place
        around, shift = (layers.before, layers.enters) if rightwards else (layers.after, layers.leaves)
        self._left -= len(place)
        for count, column in enumerate(self._columns if rightwards else reversed(self._columns)):
            if not count % 64:
                ask(self._cancelled)
            if len(column) < 2:
                continue
            keys = {}
            for vertex in column:
                near = around[vertex]
                if len(near) == 1:
                    keys[vertex] = place[near[0]] + shift[vertex]
                elif near:
                    keys[vertex] = sum([place[other] for other in near]) / len(near) + shift[vertex]
                else:
                    keys[vertex] = place[vertex]
            column.sort(key=keys.__getitem__)
            _number(column, place)

    def _exchange(self) -> None:
        """Exchange neighbours within columns wherever that takes crossings away (Gansner et al. 1993, "transpose")."""
        counts: dict[int, int] = {}
        for index in self._short:
            for gap in (index - 1, index):
                if gap >= 0 and gap not in counts:
                    counts[gap] = _crossings(self._gaps[gap], self._place)
                    self._left -= len(self._gaps[gap])
        which = [index for index in self._short if counts[index] or counts.get(index - 1)]
        for _ in range(_ROUNDS):
            if self._left > 0:
                which = [index for index in which if self._exchange_in(self._columns[index])]

    def _exchange_in(self, column: list[int]) -> bool:
        ask(self._cancelled)
        place = self._place
        before, after = (
            [sorted([place[other] for other in around[vertex]]) for vertex in column]
            for around in (self._layers.before, self._layers.after)
        )
        self._left -= 2 * len(column) + sum(map(len, before)) + sum(map(len, after))
        better = False
        for at in range(len(column) - 1):
            gain = 0
            for ends in (before, after):
                upper, lower = ends[at], ends[at + 1]
                if upper and lower and upper[-1] > lower[0]:
                    gain += _inverted(upper, lower) - _inverted(lower, upper)
            if gain > 0:
                column[at], column[at + 1] = column[at + 1], column[at]
                before[at], before[at + 1] = before[at + 1], before[at]
                after[at], after[at + 1] = after[at + 1], after[at]
                better = True
        if better:
            _number(column, place)
        return better


def _inverted(first: Sequence[float], second: Sequence[float]) -> int:
    """Pairs of which the first end lies behind the second; both in order."""
    if len(first) == 1:
        return bisect_left(second, first[0])
    return sum([len(first) - bisect_right(first, end) for end in second])
