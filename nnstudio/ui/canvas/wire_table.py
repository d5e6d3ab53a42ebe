"""What wires join and which way they go, in arrays beside :mod:`node_table`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nnstudio.graph import Wire
from nnstudio.graph.places import Box
from nnstudio.graph.view import Position
from nnstudio.ui.canvas.node_table import Floats, NodeTable, Rows

#: What is known of a wire's way: nothing yet, that it is a curve, a right-angled way, or points that a person chose.
UNKNOWN, CURVED, ANGLED, LED = 0, 1, 2, 3
_STUB = 24.0
#: Wires leave the rectangle of their ends by at most so much; a curve bends, a line has a width.
_PAD = 40.0
#: What is around more wires than this is worked out for all anew.
_FEW = 300


class WireTable:
    """Wires by row: the rows of their nodes, the heights of their ports beside the nodes' centres, and their ways.

    An angled way leaves level to ``x1``, goes on at the height ``lane`` to ``x2``, and from there level to its end.
    """

    def __init__(self, nodes: NodeTable) -> None:
        self._nodes = nodes
        self.rows: dict[Wire, int] = {}
        self.wires: list[Wire | None] = []
        self._free: list[int] = []
        self.source = self.target = np.zeros(0, np.int32)
        self.out = self.into = np.zeros(0)
        self.kind = np.zeros(0, np.uint8)
        self.x1 = self.lane = self.x2 = np.zeros(0)
        self.led: dict[int, tuple[Position, ...]] = {}  # the points that a person chose, by row
        self.changes = 0  # of what is there and of ways; the nodes count where they stand
        self._built = 0  # counts changes of what is there
        self._ends: tuple[tuple[int, int], tuple[Floats, Floats, Floats, Floats]] | None = None
        self._boxes: tuple[tuple[int, int], tuple[Floats, Floats, Floats, Floats]] | None = None
        self._turned: set[int] = set()  # rows whose ways are others than those boxes are around

    def __len__(self) -> int:
        return len(self.rows)

    # -- content --------------------------------------------------------------------------------------------------

    def put(self, wires: Sequence[Wire], heights: Sequence[tuple[float, float]]) -> None:
        """Add these wires, or renew them; ``heights`` are those of their ports. Their ways are unknown then."""
        if not wires:
            return
        rows = self._rows(wires)
        nodes = self._nodes.rows
        self.source[rows] = [nodes.get(wire.source, -1) for wire in wires]
        self.target[rows] = [nodes.get(wire.target, -1) for wire in wires]
        ends = np.array(heights)
        self.out[rows], self.into[rows] = ends[:, 0], ends[:, 1]
        self._built += 1
        self.forget(rows)

    def _rows(self, wires: Sequence[Wire]) -> Rows:
        if not self.wires:
            self.rows = dict(zip(wires, range(len(wires)), strict=True))
            if len(self.rows) == len(wires):
                self.wires = list(wires)
                self._grow(len(wires))
                return np.arange(len(wires))
            self.rows = {}  # the same wire twice
        known = self.rows
        return np.array([known[wire] if wire in known else self._row(wire) for wire in wires], np.intp)

    def _row(self, wire: Wire) -> int:
        if self._free:
            row = self._free.pop()
            self.wires[row] = wire
        else:
            row = len(self.wires)
            self.wires.append(wire)
            if row >= len(self.out):
                self._grow(max(64, 2 * row) - len(self.out))
        self.rows[wire] = row
        return row

    def _grow(self, more: int) -> None:
        whole, none = np.full(more, -1, np.int32), np.zeros(more)
        self.source, self.target = (np.concatenate([old, whole]) for old in (self.source, self.target))
        self.out, self.into = (np.concatenate([old, none]) for old in (self.out, self.into))
        self.x1, self.lane, self.x2 = (np.concatenate([old, none]) for old in (self.x1, self.lane, self.x2))
        self.kind = np.concatenate([self.kind, np.zeros(more, np.uint8)])

    def remove(self, wires: Iterable[Wire]) -> None:
        """Take wires away."""
        for wire in wires:
            row = self.rows.pop(wire, None)
            if row is not None:
                self.source[row] = self.target[row] = -1
                self.wires[row] = None
                self._free.append(row)
                self.led.pop(row, None)
                self.changes += 1
                self._built += 1

    def clear(self) -> None:
        """Take all wires away."""
        changes, built = self.changes, self._built
        self.__init__(self._nodes)  # type: ignore[misc]
        self.changes, self._built = changes + 1, built + 1

    def forget(self, rows: Rows) -> None:
        """Take the ways of these wires for unknown, but for those that a person chose."""
        self.kind[rows] = np.where(self.kind[rows] == LED, LED, UNKNOWN)
        if len(rows) > _FEW:
            self._boxes = None
        else:
            self._turned.update(rows.tolist())
        self.changes += 1

    def set_way(self, row: int, way: tuple[float, float, float] | None) -> None:
        """The way of a wire: ``(x1, lane, x2)``, or None for a curve."""
        self.kind[row] = CURVED if way is None else ANGLED
        if way is not None:
            self.x1[row], self.lane[row], self.x2[row] = way
        self._turned.add(row)
        self.changes += 1

    def lead(self, row: int, points: tuple[Position, ...]) -> None:
        """Lead a wire through these points; through none: as it goes by itself."""
        if points != self.led.get(row, ()):
            self.kind[row] = LED if points else UNKNOWN
            self.led[row] = points
            if not points:
                del self.led[row]
            self._turned.add(row)
            self.changes += 1

    # -- asking ---------------------------------------------------------------------------------------------------

    def there(self) -> npt.NDArray[np.bool_]:
        """Which rows hold a wire that is shown: both nodes are there, and not folded into one frame."""
        whole = (self.source >= 0) & (self.target >= 0)
        if len(self._nodes.folded) and len(whole):
            a, b = self._nodes.folded[self.source], self._nodes.folded[self.target]
            whole &= (a < 0) | (a != b)
        return whole

    def at_nodes(self, nodes: Rows, *, both: bool = False) -> Rows:
        """Rows of the wires that one end (or both ends) of are at these nodes."""
        mask = np.zeros(len(self._nodes.x) + 1, bool)  # the last is for -1
        mask[nodes] = True
        at = mask[self.source] & mask[self.target] if both else mask[self.source] | mask[self.target]
        return np.flatnonzero(at)

    def ends(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Where all wires begin and end: x and y, x and y. NaN where there is no wire."""
        known = self._nodes.geometry, self._built
        if self._ends is None or self._ends[0] != known:
            nodes, a, b = self._nodes, self.source, self.target
            if not len(nodes.x):
                none = np.full(len(a), np.nan)
                return none, none, none, none
            out, into = np.where(nodes.folded[a] < 0, self.out, 0.0), np.where(nodes.folded[b] < 0, self.into, 0.0)
            found = nodes.x[a] + nodes.w[a] / 2, nodes.y[a] + out, nodes.x[b] - nodes.w[b] / 2, nodes.y[b] + into
            found[0][~self.there()] = np.nan
            self._ends = known, found
        return self._ends[1]

    def roughly(self) -> tuple[npt.NDArray[np.bool_], Floats, Floats, Floats]:
        """Which wires go right-angled, and ``x1, lane, x2`` of these; for ways that are unknown, about so."""
        sx, sy, ex, ey = self.ends()
        unknown = (self.kind == UNKNOWN) & (ex - sx < _STUB)
        x1, x2 = np.where(unknown, sx + _STUB, self.x1), np.where(unknown, ex - _STUB, self.x2)
        return unknown | (self.kind == ANGLED), x1, np.where(unknown, (sy + ey) / 2, self.lane), x2

    def rough_way(self, row: int) -> tuple[float, float, float] | None:
        """The same for one wire whose way is unknown; None for a curve."""
        sx, sy, ex, ey = (float(part[row]) for part in self.ends())
        return (sx + _STUB, (sy + ey) / 2, ex - _STUB) if ex - sx < _STUB else None

    def near(self, box: Box) -> Rows:
        """Rows of the wires whose surroundings overlap ``box`` (edges), in drawing order."""
        left, right, top, bottom = self._surroundings()
        return np.flatnonzero((left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1]))

    def near_any(self, boxes: Sequence[Box]) -> Rows:
        """Rows of the wires whose surroundings overlap one of these boxes."""
        if not boxes:
            return np.zeros(0, np.intp)
        edges = np.array(boxes)
        low, high = edges.min(axis=0), edges.max(axis=0)
        rows = self.near((low[0], low[1], high[2], high[3]))
        if len(boxes) == 1 or not len(rows):
            return rows
        left, right, top, bottom = (part[rows] for part in self._surroundings())
        found = np.zeros(len(rows), bool)
        for box in boxes:
            found |= (left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1])
        return rows[found]

    def _surroundings(self) -> tuple[Floats, Floats, Floats, Floats]:
        known = self._nodes.geometry, self._built
        if self._boxes is None or self._boxes[0] != known or len(self._turned) > _FEW:
            self._boxes = known, self._around(slice(None), self.led)
        elif self._turned:
            rows = np.array(sorted(self._turned), np.intp)
            led = {place: self.led[row] for place, row in enumerate(rows.tolist()) if row in self.led}
            for whole, part in zip(self._boxes[1], self._around(rows, led), strict=True):
                whole[rows] = part
        self._turned.clear()
        return self._boxes[1]

    def _around(
        self, rows: Rows | slice, led: Mapping[int, tuple[Position, ...]]
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """What is around the wires in these rows; ``led``: through which points some go, by their place among these."""
        sx, sy, ex, ey = (part[rows] for part in self.ends())
        unknown = (self.kind[rows] == UNKNOWN) & (ex - sx < _STUB)
        angled = unknown | (self.kind[rows] == ANGLED)
        x1 = np.where(unknown, sx + _STUB, np.where(angled, self.x1[rows], sx))
        x2 = np.where(unknown, ex - _STUB, np.where(angled, self.x2[rows], ex))
        lane = np.where(unknown, (sy + ey) / 2, np.where(angled, self.lane[rows], sy))
        left = np.minimum(np.minimum(sx, ex), np.minimum(x1, x2)) - _PAD
        right = np.maximum(np.maximum(sx, ex), np.maximum(x1, x2)) + _PAD
        top = np.minimum(np.minimum(sy, ey), lane) - _PAD / 2
        bottom = np.maximum(np.maximum(sy, ey), lane) + _PAD / 2
        for place, points in led.items():
            xs, ys = [x for x, _ in points], [y for _, y in points]
            left[place], right[place] = min(left[place], min(xs) - _PAD), max(right[place], max(xs) + _PAD)
            top[place], bottom[place] = min(top[place], min(ys) - _PAD), max(bottom[place], max(ys) + _PAD)
        return left, right, top, bottom

    def box(self, row: int) -> Box:
        """The surroundings of one wire."""
        left, right, top, bottom = self._surroundings()
        return float(left[row]), float(top[row]), float(right[row]), float(bottom[row])
