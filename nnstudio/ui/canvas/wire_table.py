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
#: A line reaches so far to its sides, pointed out or not.
_LINE = 4.0
#: Where more wires than this begin and end, and what is around them, is worked out for all anew.
_FEW = 1000
_ALL = slice(None)


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
        self._ends: tuple[Floats, Floats, Floats, Floats] | None = None
        self._boxes: tuple[Floats, Floats, Floats, Floats] | None = None
        self._came: set[int] = set()  # rows of wires that came or went since those ends were worked out
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
        self._came.update(rows.tolist())
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
                self._grow(64 + row // 8)  # no more than are soon used: all are looked through often
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
                self._came.add(row)

    def clear(self) -> None:
        """Take all wires away."""
        changes = self.changes
        self.__init__(self._nodes)  # type: ignore[misc]
        self.changes = changes + 1

    def forget(self, rows: Rows) -> None:
        """Take the ways of these wires for unknown, but for those that a person chose."""
        self.kind[rows] = np.where(self.kind[rows] == LED, LED, UNKNOWN)
        self._turn(rows)

    def shift(self, rows: Rows, by: Position) -> None:
        """Move the ways of these wires as they are."""
        self.x1[rows] += by[0]
        self.x2[rows] += by[0]
        self.lane[rows] += by[1]
        self._turn(rows)

    def _turn(self, rows: Rows) -> None:
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

    def there(self, rows: Rows | slice = _ALL) -> npt.NDArray[np.bool_]:
        """Which rows (of these) hold a wire that is shown: both nodes are there, and not folded into one frame."""
        source, target = self.source[rows], self.target[rows]
        whole = (source >= 0) & (target >= 0)
        if len(self._nodes.folded) and len(whole):
            a, b = self._nodes.folded[source], self._nodes.folded[target]
            whole &= (a < 0) | (a != b)
        return np.asarray(whole)

    def at_nodes(self, nodes: Rows, *, both: bool = False) -> Rows:
        """Rows of the wires that one end (or both ends) of are at these nodes."""
        if len(nodes) == 1:
            a, b = self.source == nodes[0], self.target == nodes[0]
            return np.flatnonzero(a & b if both else a | b)
        mask = np.zeros(len(self._nodes.x) + 1, bool)  # the last is for -1
        mask[nodes] = True
        at = mask[self.source] & mask[self.target] if both else mask[self.source] | mask[self.target]
        return np.flatnonzero(at)

    def ends(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Where all wires begin and end: x and y, x and y. NaN where there is no wire."""
        nodes = self._nodes
        if self._ends is None or len(self._ends[0]) != len(self.source) or len(nodes.turned) > _FEW:
            self._ends, self._boxes = self._ends_of(_ALL), None
        elif nodes.turned or self._came:
            rows = self.at_nodes(np.fromiter(nodes.turned, np.intp, len(nodes.turned)))
            rows = np.union1d(rows, np.fromiter(self._came, np.intp, len(self._came)))
            for whole, part in zip(self._ends, self._ends_of(rows), strict=True):
                whole[rows] = part
            self._turned.update(rows.tolist())
        nodes.turned.clear()
        self._came.clear()
        return self._ends

    def _ends_of(self, rows: Rows | slice) -> tuple[Floats, Floats, Floats, Floats]:
        nodes, a, b = self._nodes, self.source[rows], self.target[rows]
        if not len(nodes.x):
            return np.full(len(a), np.nan), np.full(len(a), np.nan), np.full(len(a), np.nan), np.full(len(a), np.nan)
        out = np.where(nodes.folded[a] < 0, self.out[rows], 0.0)
        into = np.where(nodes.folded[b] < 0, self.into[rows], 0.0)
        found = nodes.x[a] + nodes.w[a] / 2, nodes.y[a] + out, nodes.x[b] - nodes.w[b] / 2, nodes.y[b] + into
        found[0][~self.there(rows)] = np.nan
        return found

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

    def rows_of(self, wires: Iterable[Wire]) -> Rows:
        """The rows of these wires, of those that are there."""
        rows = self.rows
        return np.array([rows[wire] for wire in wires if wire in rows], np.intp)

    def near(self, box: Box, among: Rows | None = None) -> Rows:
        """Rows of the wires (``among`` these) whose surroundings overlap ``box`` (edges), in drawing order (in that of
        ``among``)."""
        around = self._surroundings()
        if among is not None:
            around = tuple(edge[among] for edge in around)  # type: ignore[assignment]
        left, right, top, bottom = around
        near = (left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1])
        return np.flatnonzero(near) if among is None else among[near]

    def near_any(self, boxes: Sequence[Box]) -> Rows:
        """Rows of the wires whose surroundings overlap one of these boxes."""
        if not boxes:
            return np.zeros(0, np.intp)
        edges = np.array(boxes)
        low, high = edges.min(axis=0), edges.max(axis=0)
        rows = self.near((low[0], low[1], high[2], high[3]))
        if len(boxes) == 1 or not len(rows):
            return rows
        left, right, top, bottom = (part[rows][:, None] for part in self._surroundings())
        a, b, c, d = edges.T
        return rows[((left < c) & (right > a) & (top < d) & (bottom > b)).any(axis=1)]

    def _surroundings(self) -> tuple[Floats, Floats, Floats, Floats]:
        ends = self.ends()
        if self._boxes is None or len(self._turned) > _FEW:
            self._boxes = self._around(ends, _ALL, self.led)
        elif self._turned:
            rows = np.array(sorted(self._turned), np.intp)
            led = {place: self.led[row] for place, row in enumerate(rows.tolist()) if row in self.led}
            for whole, part in zip(self._boxes, self._around(ends, rows, led), strict=True):
                whole[rows] = part
        self._turned.clear()
        return self._boxes

    def _around(
        self, ends: tuple[Floats, Floats, Floats, Floats], rows: Rows | slice,
        led: Mapping[int, tuple[Position, ...]],
    ) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
        """What is around the wires in these rows; ``led``: through which points some go, by their place among these."""
        sx, sy, ex, ey = (part[rows] for part in ends)
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

    def parts(self, row: int) -> list[Box]:
        """What is around one wire, closely: of a right-angled one, around each of its legs; [] where it is nowhere."""
        sx, sy, ex, ey = (float(part[row]) for part in self.ends())
        if sx != sx or ex != ex:
            return []
        if self.kind[row] == ANGLED:
            x1, lane, x2 = float(self.x1[row]), float(self.lane[row]), float(self.x2[row])
        elif self.kind[row] == UNKNOWN and (rough := self.rough_way(row)) is not None:
            x1, lane, x2 = rough
        else:
            return [self.box(row)]
        legs = ((sx, sy, x1, lane), (x1, lane, x2, lane), (x2, lane, ex, ey))
        return [(min(a, c) - _LINE, min(b, d) - _LINE, max(a, c) + _LINE, max(b, d) + _LINE) for a, b, c, d in legs]

    def box(self, row: int) -> Box:
        """The surroundings of one wire."""
        left, right, top, bottom = self._surroundings()
        return float(left[row]), float(top[row]), float(right[row]), float(bottom[row])
