"""Where nodes are shown and how large they are, in arrays: 10,000 of them are searched faster than Python finds ten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nnstudio.graph.places import Box, Occupied, Size
from nnstudio.graph.view import Position

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_NOWHERE = float("nan")
_FEW = 24
#: More rows than these that changed have the edges of all worked out anew.
_SEVERAL = 400
#: So far around where heights were asked for it is looked which nodes are there: the next question is asked nearby.
_AROUND = 2400.0


class NodeTable:
    """Centres ``x, y`` and sizes ``w, h`` of nodes by row. A node keeps its row; a row without a node has NaN for x.

    ``folded`` is -1, or the number of the folded frame that a node is in: it then has the frame's place and size, and
    is neither painted nor found. ``geometry`` counts the changes; ``turned`` are the rows that changed since whoever
    keeps what follows from them (the table of wires) emptied it.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self._free: list[int] = []
        self.geometry = 0
        self.turned: set[int] = set()
        self.x = self.y = self.w = self.h = np.full(0, _NOWHERE)
        self.family = np.zeros(0, np.uint8)
        self.badge = np.zeros(0, np.uint8)
        self.selected = np.zeros(0, bool)
        self.faint = np.zeros(0, bool)  # bypassed
        self.folded = np.zeros(0, np.int32)
        self._occupied: Occupied[str] | None = None
        self._edged: tuple[Floats, Floats, Floats, Floats] | None = None
        self._stale: list[int] = []  # rows whose edges are others now
        self._there: tuple[int, Box, tuple[Floats, Floats, Floats, Floats]] | None = None  # near the last question

    def __len__(self) -> int:
        return len(self.rows)

    def clear(self) -> None:
        """Take all nodes away."""
        geometry = self.geometry
        self.__init__()  # type: ignore[misc]
        self.geometry = geometry + 1

    # -- content --------------------------------------------------------------------------------------------------

    def put(
        self, ids: Sequence[str], places: Sequence[Position], sizes: Sequence[Size], families: Sequence[int]
    ) -> None:
        """Show these nodes there, new ones and known ones."""
        if not ids:
            return
        rows = self._rows(ids)
        self._place(ids, rows, np.array(places, np.float64), np.array(sizes, np.float64))
        self.family[rows] = families

    def _rows(self, ids: Sequence[str]) -> Rows:
        if not self.ids:
            self.ids, self.rows = list(ids), dict(zip(ids, range(len(ids)), strict=True))
            self._grow(len(ids))
            return np.arange(len(ids))
        known = self.rows
        return np.array([known[id] if id in known else self._row(id) for id in ids], np.intp)

    def _row(self, id: str) -> int:
        if self._free:
            row = self._free.pop()
            self.ids[row] = id
        else:
            row = len(self.ids)
            self.ids.append(id)
            if row >= len(self.x):
                self._grow(row + 64 + row // 8)  # no more than are soon used: all are looked through often
        self.rows[id] = row
        self.badge[row], self.selected[row], self.folded[row] = 0, False, -1
        return row

    def _grow(self, size: int) -> None:
        more = size - len(self.x)
        nowhere = np.full(more, _NOWHERE)
        self.x, self.y, self.w, self.h = (np.concatenate([old, nowhere]) for old in (self.x, self.y, self.w, self.h))
        self.family = np.concatenate([self.family, np.zeros(more, np.uint8)])
        self.badge = np.concatenate([self.badge, np.zeros(more, np.uint8)])
        self.selected = np.concatenate([self.selected, np.zeros(more, bool)])
        self.faint = np.concatenate([self.faint, np.zeros(more, bool)])
        self.folded = np.concatenate([self.folded, np.full(more, -1, np.int32)])

    def _turn(self, rows: Rows) -> None:
        turned = rows.tolist()
        self.turned.update(turned)
        self._stale += turned
        self.geometry += 1

    def _place(self, ids: Iterable[str], rows: Rows, places: Floats, sizes: Floats) -> None:
        self.x[rows], self.y[rows] = places[:, 0], places[:, 1]
        self.w[rows], self.h[rows] = sizes[:, 0], sizes[:, 1]
        self._turn(rows)
        if self._occupied is not None:
            edges = np.concatenate([places - sizes / 2, places + sizes / 2], axis=1)
            self._occupied.add_boxes(zip(ids, map(tuple, edges.tolist()), strict=True))

    def move(self, places: Mapping[str, Position]) -> Rows:
        """Show nodes elsewhere; those that are not there or are folded are passed over. Returns the rows.

        Of many nodes, ``occupied`` learns only when they are put where they stay.
        """
        known = {id: at for id, at in places.items() if id in self.rows}
        rows = np.array([self.rows[id] for id in known], np.intp)
        free = self.folded[rows] < 0
        if not free.all():
            known = {id: at for (id, at), kept in zip(known.items(), free, strict=True) if kept}
            rows = rows[free]
        if len(rows):
            sizes = np.stack([self.w[rows], self.h[rows]], axis=1)
            spots = np.array(list(known.values()), np.float64)
            if len(rows) <= _FEW:
                self._place(known, rows, spots, sizes)
            else:
                self.x[rows], self.y[rows] = spots[:, 0], spots[:, 1]
                self._turn(rows)
        return rows

    def remove(self, ids: Iterable[str]) -> None:
        """Take nodes away."""
        for id in ids:
            row = self.rows.pop(id, None)
            if row is not None:
                self.x[row] = self.y[row] = _NOWHERE
                self.ids[row] = ""
                self._free.append(row)
                self.turned.add(row)
                self._stale.append(row)
                self.geometry += 1
                if self._occupied is not None:
                    self._occupied.remove(id)

    def fold(self, group: int, box: Box, ids: Iterable[str]) -> None:
        """Have these nodes stand for one rectangle: they take its place and size and are not shown."""
        known = [id for id in ids if id in self.rows]
        rows = np.array([self.rows[id] for id in known], np.intp)
        middle, size = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), (box[2] - box[0], box[3] - box[1])
        self._place(known, rows, np.tile(middle, (len(known), 1)), np.tile(size, (len(known), 1)))
        self.folded[rows] = group
        for id in known[1:] if self._occupied is not None else ():
            self.occupied.remove(id)

    # -- asking ---------------------------------------------------------------------------------------------------

    @property
    def occupied(self) -> Occupied[str]:
        """The same as rectangles by id, for what looks for room: built when first asked for, then kept in step."""
        if self._occupied is None:
            seen: set[int] = set()
            made: Occupied[str] = Occupied()
            for id, row in self.rows.items():
                group = int(self.folded[row])
                if group < 0 or group not in seen:
                    seen.add(group)
                    made.add(id, self.at(row), (float(self.w[row]), float(self.h[row])))
            self._occupied = made
        return self._occupied

    def forget_occupied(self) -> None:
        """Build :attr:`occupied` anew when it is next asked for: many nodes were moved."""
        self._occupied = None

    def at(self, row: int) -> Position:
        """The centre of the node in a row."""
        return float(self.x[row]), float(self.y[row])

    def box(self, row: int) -> Box:
        """The edges of the node in a row: left, top, right, bottom."""
        x, y, w, h = float(self.x[row]), float(self.y[row]), float(self.w[row]) / 2, float(self.h[row]) / 2
        return x - w, y - h, x + w, y + h

    def boxes(self, rows: Rows) -> list[Box]:
        """The edges of the nodes in some rows."""
        x, y, w, h = self.x[rows], self.y[rows], self.w[rows] / 2, self.h[rows] / 2
        return list(zip(*(part.tolist() for part in (x - w, y - h, x + w, y + h)), strict=True))

    def inside(self, box: Box, margin: float = 0.0, among: Rows | None = None) -> Rows:
        """Rows of the shown nodes (``among`` these) that overlap ``box`` (edges), each node taken ``margin`` larger, in
        drawing order (in that of ``among``)."""
        edges, folded = self._edges(), self.folded
        if among is not None:
            edges, folded = tuple(edge[among] for edge in edges), folded[among]  # type: ignore[assignment]
        left, top, right, bottom = edges
        near = (left < box[2] + margin) & (right > box[0] - margin)
        near &= (top < box[3] + margin) & (bottom > box[1] - margin)
        near &= folded < 0
        return np.flatnonzero(near) if among is None else among[near]

    def heights(self, box: Box) -> set[tuple[float, float]]:
        """Upper and lower edges of the nodes, and of what they are folded into, that overlap ``box`` (edges)."""
        left, top, right, bottom = self._edges_near(box)
        rows = np.flatnonzero((left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1]))
        return set(zip(top[rows].tolist(), bottom[rows].tolist(), strict=True))

    def _edges_near(self, box: Box) -> tuple[Floats, Floats, Floats, Floats]:
        """The edges of some rows, among them all that overlap ``box``."""
        kept = self._there
        if kept is not None and kept[0] == self.geometry:
            a, b, c, d = kept[1]
            if a <= box[0] and b <= box[1] and c >= box[2] and d >= box[3]:
                return kept[2]
        edges = left, top, right, bottom = self._edges()
        a, b, c, d = area = box[0] - _AROUND, box[1] - _AROUND, box[2] + _AROUND, box[3] + _AROUND
        rows = np.flatnonzero((left < c) & (right > a) & (top < d) & (bottom > b))
        found = edges[0][rows], edges[1][rows], edges[2][rows], edges[3][rows]
        self._there = self.geometry, area, found
        return found

    def _edges(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Left, top, right and bottom of all rows."""
        known, rows = self._edged, self._stale
        if known is None or len(known[0]) != len(self.x) or len(rows) > _SEVERAL:
            w, h = self.w / 2, self.h / 2
            known = self._edged = self.x - w, self.y - h, self.x + w, self.y + h
        elif rows:
            x, y, w, h = self.x[rows], self.y[rows], self.w[rows] / 2, self.h[rows] / 2
            known[0][rows], known[1][rows], known[2][rows], known[3][rows] = x - w, y - h, x + w, y + h
        self._stale = []
        return known

    def shown(self) -> Rows:
        """Rows of all nodes that are shown."""
        return np.flatnonzero((self.x == self.x) & (self.folded < 0))

    def bounds(self, rows: Rows | None = None) -> Box | None:
        """The edges of the rectangle around these rows (around all); None where there are none."""
        if not len(self.rows if rows is None else rows):
            return None
        x, y, w, h = self.x, self.y, self.w, self.h
        if rows is not None:
            x, y, w, h = x[rows], y[rows], w[rows], h[rows]
        low, high = np.fmin.reduce, np.fmax.reduce  # these pass over NaN
        return (
            float(low(x - w / 2)), float(low(y - h / 2)), float(high(x + w / 2)), float(high(y + h / 2))
        )  # fmt: skip

    def rows_of(self, ids: Iterable[str]) -> Rows:
        """The rows of these nodes, of those that are there."""
        rows = self.rows
        return np.array(list(map(rows.__getitem__, filter(rows.__contains__, ids))), np.intp)
