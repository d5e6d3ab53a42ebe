"""All wires of the canvas: which way each goes, found by area. Ways are worked out when they are first looked at."""

from __future__ import annotations

import itertools
import operator
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF

from nnstudio.graph import Wire
from nnstudio.graph.places import PORT_PITCH, Box
from nnstudio.graph.view import Position
from nnstudio.layers import Port
from nnstudio.ui.afterwards import Afterwards
from nnstudio.ui.canvas.node_table import Rows
from nnstudio.ui.canvas.pills import Pills
from nnstudio.ui.canvas.routing import Ends, Route, Router, Way, led, way_route
from nnstudio.ui.canvas.slots import slot_offsets
from nnstudio.ui.canvas.wire_table import ANGLED, CURVED, LED, UNKNOWN, WireTable

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

#: Up to so many wires have their ways worked out at once; of more, those that are seen, and the others bit by bit.
_AT_ONCE = 600
#: Seconds at a time for working out ways, while painting and in between; milliseconds before that and between.
_SLICE, _REST, _PAUSE = 0.004, 300, 12
#: In the frame that shows an edit, which has taken time itself: so long after it, so many seconds.
_EDITED, _AFTER_EDIT = 0.02, 0.001
#: So many wires find their way anew at each step of a drag; of more, they go about so until it ends.
_IN_MOTION = 12
_KEPT = 4000
_NONE: Mapping[str, Port] = {}


class Routes(Mapping[Wire, Route]):
    """The way of each wire, worked out when asked for."""

    def __init__(self, layer: WireLayer) -> None:
        self._layer = layer

    def __getitem__(self, wire: Wire) -> Route:
        return self._layer.route(self._layer.table.rows[wire])

    def __iter__(self) -> Iterator[Wire]:
        return iter(self._layer.table.rows)

    def __len__(self) -> int:
        return len(self._layer.table)


class WireLayer:
    """The scene's wires. They follow the nodes when :meth:`follow` or :meth:`carry` is called."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self.table = WireTable(scene.table)
        self.routes = Routes(self)
        self.pills = Pills(scene, self)
        self._made: dict[int, Route] = {}
        self._lanes: Router | None = None
        #: Wires between nodes in motion, and how far they have come since their routes were made.
        self.carried: tuple[Rows, Position] = np.zeros(0, np.intp), (0.0, 0.0)
        self._ran_out = 0.0  # when the time for working out ways was up last
        self._followed = 0.0  # when nodes were followed last: the frame after an edit has less time left
        self._later = Afterwards(scene, self._go_on, _PAUSE)

    # -- following the nodes --------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Take all wires away."""
        self.table.clear()
        self._drop_carried()
        self._forget_all()

    def change(self, added: Iterable[Wire], removed: Iterable[Wire]) -> None:
        """Add and take away wires, or renew the ports of those that are there."""
        removed, added = list(removed), list(added)
        for wire in (*removed, *added) if len(self.table) else ():
            self._forget(wire)
        self.table.remove(removed)
        self.table.put(added, self._heights(added))

    def _heights(self, wires: list[Wire]) -> list[tuple[float, float]]:
        """How far below their nodes' centres the ports are."""
        nodes = self._scene.network.nodes
        found = [(0.0, 0.0)] * len(wires)
        several = {at for at in {w.source for w in wires} if at in nodes and len(nodes[at].layer.outputs) > 1}
        inputs = {at: nodes[at].layer.inputs for at in {w.target for w in wires} if at in nodes}
        kinds = {id(ports): ports for ports in inputs.values()}  # layers of a type share their ports
        shared = {kind: {name for name, port in ports.items() if port.many} for kind, ports in kinds.items()}
        special = {at for at, ports in inputs.items() if len(ports) > 1 or shared[id(ports)]}
        many: dict[tuple[str, str], list[int]] = {}  # wires that share their input port
        for place in [place for place, w in enumerate(wires) if w.target in special or w.source in several]:
            wire = wires[place]
            ports = inputs.get(wire.target, _NONE)
            if wire.input in shared.get(id(ports), ()):
                many.setdefault((wire.target, wire.input), []).append(place)
            if len(ports) > 1 or wire.source in several:
                found[place] = (
                    _height(nodes[wire.source].layer.outputs, wire.output) if wire.source in several else 0.0,
                    _height(ports, wire.input) if len(ports) > 1 else 0.0,
                )
        for place, below in self._slots(wires, many):
            found[place] = found[place][0], found[place][1] + below
        return found

    def _slots(self, wires: list[Wire], many: Mapping[tuple[str, str], list[int]]) -> Iterator[tuple[int, float]]:
        """How far below a port for many each of these wires ends; ``many``: places in ``wires``, by node and port."""
        network = self._scene.network
        whole = len(wires) == len(network.wires) and all(map(operator.is_, wires, network.wires))
        for (id, port), places in many.items():
            layer = network.nodes[id].layer
            if whole:
                yield from zip(places, slot_offsets(layer, len(places)), strict=True)
                continue
            there = [wire for wire in network.incoming.get(id, ()) if wire.input == port]
            offsets = slot_offsets(layer, len(there))
            yield from ((place, offsets[there.index(wires[place])]) for place in places if wires[place] in there)

    def follow(self, moved: Rows | None, left: Iterable[Box] = ()) -> Rows | None:
        """Find the ways anew of wires at these nodes, and of those that come or came by them (``left``: where they
        stood); of all wires, for None. Returns which: the rows, or None."""
        self._drop_carried()
        self._followed = time.perf_counter()
        forgotten: Rows | None = None
        if moved is None:
            self._forget_all()
        else:
            boxes = [*left, *self._scene.table.boxes(moved)]
            near = self.table.near_any([(a - 8, b - 8, c + 8, d + 8) for a, b, c, d in boxes])
            forgotten = np.union1d(self.table.at_nodes(moved), near)
            self._scene.repainting.leaving(forgotten)
            self._forget_rows(forgotten)
        unknown = self._unknown()
        if len(self.table) <= _AT_ONCE:
            still = set(unknown.tolist())
            for wire in self._scene.network.wires:  # in this order, so that lanes are given alike each time
                if self.table.rows.get(wire) in still:
                    self._decide(self.table.rows[wire])
        elif len(unknown):
            self._later.soon(_REST)
        return forgotten

    def carry(self, nodes: Rows, by: Position | None) -> Rows:
        """Have wires follow nodes in motion: those between them as they are, where all moved ``by`` the same. Returns
        the rows of the wires in motion."""
        rows = self.table.at_nodes(nodes)
        inner = self.table.at_nodes(nodes, both=True) if by is not None else rows[:0]
        if by is not None and len(inner):
            self.table.shift(inner, by)
            shift = self.carried[1] if len(self.carried[0]) == len(inner) else (0.0, 0.0)
            self.carried = inner, (shift[0] + by[0], shift[1] + by[1])
        else:
            self._drop_carried()
        outer = np.setdiff1d(rows, inner)
        self._forget_rows(outer)
        for row in outer.tolist() if len(outer) <= _IN_MOTION else ():
            self._decide(row)
        return rows

    def _drop_carried(self) -> None:
        for row in self.carried[0].tolist():
            self._made.pop(row, None)
        self.carried = self.carried[0][:0], (0.0, 0.0)

    def lead(self, routes: Mapping[Wire, tuple[Position, ...]]) -> None:
        """Lead these wires through these points, and no others."""
        known = {row for wire in routes if (row := self.table.rows.get(wire)) is not None}
        for row in set(self.table.led) - known:
            self._made.pop(row, None)
            self.table.lead(row, ())
        for row in known:
            wire = self.table.wires[row]
            assert wire is not None
            if self.table.led.get(row) != routes[wire]:
                self._forget(wire)
                self.table.lead(row, routes[wire])

    def _forget_all(self) -> None:
        self._lanes = None
        self._made.clear()
        self.table.forget(np.arange(len(self.table.wires)))
        self.pills.forget()

    def _forget_rows(self, rows: Rows) -> None:
        lanes, made, wires = self._lanes, self._made, self.table.wires
        for row in rows.tolist():
            made.pop(row, None)
            if lanes is not None and (wire := wires[row]) is not None:
                lanes.forget(wire)
        self.table.forget(rows)

    def _forget(self, wire: Wire) -> None:
        if self._lanes is not None:
            self._lanes.forget(wire)
        row = self.table.rows.get(wire)
        if row is not None:
            self._made.pop(row, None)

    # -- ways -----------------------------------------------------------------------------------------------------

    def _unknown(self) -> Rows:
        return np.flatnonzero((self.table.kind == UNKNOWN) & self.table.there())

    def _decide(self, row: int) -> None:
        wire = self.table.wires[row]
        if wire is None or self.table.kind[row] != UNKNOWN:
            return
        if self._lanes is None:
            self._lanes = Router(self._scene.nodes, self._scene.table.heights)
        sx, sy, ex, ey = (float(part[row]) for part in self.table.ends())
        ports = list(self._scene.network.nodes[wire.target].layer.inputs)
        rank = ports.index(wire.input) if wire.input in ports else 0
        stagger = (rank, max(len(ports) - 1 - rank, 0))
        ends = Ends(wire.source, wire.target, (sx, sy), (ex, ey), (wire.source, wire.output), stagger)
        self.table.set_way(row, self._lanes.decide(wire, ends))
        self._made.pop(row, None)

    def decide(self, rows: Rows) -> bool:
        """Work out the ways of these wires, as far as the time of one frame allows. Returns whether all are known."""
        unknown = rows[self.table.kind[rows] == UNKNOWN].tolist()
        now = time.perf_counter()
        if unknown and now - self._ran_out < 2 * _SLICE:  # this frame's time is spent
            return False
        end = now + (_AFTER_EDIT if now - self._followed < _EDITED else _SLICE)
        for row in unknown:
            if time.perf_counter() > end:
                self._ran_out = time.perf_counter()
                return False
            self._decide(row)
        return True

    def finish(self) -> None:
        """Have the ways that are still unknown worked out soon, first of what is seen, and painted."""
        self._later.soon()

    def _go_on(self) -> None:
        scene = self._scene
        if len(scene.moving):
            return
        rows = self._unknown()
        seen = np.isin(rows, self.table.near(scene.seen)) if scene.seen is not None else np.zeros(len(rows), bool)
        near, far = rows[seen], rows[~seen]
        if len(near):
            scene.repainting.deciding(near)
            self.decide(near)
            scene.repainting.decided(near[self.table.kind[near] != UNKNOWN])
        elif len(far):
            self.decide(far)
        else:
            scene.repainting.show(self.pills.retry(_SLICE))
        if self.pills.waiting or (len(near) + len(far) and len(self._unknown())):
            self._later.soon()

    def route(self, row: int, *, exactly: bool = True) -> Route:
        """The way of the wire in a row (of a carried one: where it began); not ``exactly``: about so, where it is not
        worked out yet."""
        made = self._made.get(row)
        if made is not None:
            return made
        if exactly:
            self._decide(row)
        sx, sy, ex, ey = (float(part[row]) for part in self.table.ends())
        if self.table.kind[row] == LED:
            route = led((sx, sy), self.table.led[row], (ex, ey))
        else:
            way = self._way(row)
            if len(self.carried[0]) and row in self.carried[0]:
                dx, dy = self.carried[1]
                sx, sy, ex, ey = sx - dx, sy - dy, ex - dx, ey - dy
                way = way and (way[0] - dx, way[1] - dy, way[2] - dx)
            route = way_route((sx, sy), (ex, ey), way)
        if self.table.kind[row] != UNKNOWN:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[row] = route
        return route

    def _way(self, row: int) -> Way | None:
        table = self.table
        if table.kind[row] == ANGLED:
            return float(table.x1[row]), float(table.lane[row]), float(table.x2[row])
        return None if table.kind[row] == CURVED else table.rough_way(row)

    # -- finding --------------------------------------------------------------------------------------------------

    def near(self, box: Box) -> list[Wire]:
        """Wires whose surroundings overlap ``box`` (edges), in drawing order."""
        return [wire for row in self.table.near(box).tolist() if (wire := self.table.wires[row]) is not None]

    def at(self, x: float, y: float, reach: float) -> Wire | None:
        """The wire nearest to a point, at most ``reach`` away."""
        best, found = reach, None
        for row in self.table.near((x - reach, y - reach, x + reach, y + reach)).tolist():
            distance = self.route(row).distance(x, y)
            if distance <= best:
                best, found = distance, self.table.wires[row]
        return found if found is not None else self.pills.at(x, y)

    def crossed(self, start: Position, end: Position) -> list[Wire]:
        """The wires that a stroke from one point to another crosses."""
        (ax, ay), (bx, by) = start, end
        found = []
        for row in self.table.near((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))).tolist():
            points = self.route(row).points
            if any(_cross(start, end, a, b) for a, b in itertools.pairwise(points)):
                found.append(self.table.wires[row])
        return [wire for wire in found if wire is not None]

    def pill_of(self, source: str, output: str) -> QRectF | None:
        """Where the tensor type of this output port is written; None where there is no room (or not painted yet)."""
        return self.pills.of(source, output)


def _height(ports: Collection[str], name: str) -> float:
    """How far below the middle of its side a port is; an unknown one is in the middle."""
    place = list(ports).index(name) if name in ports else (len(ports) - 1) / 2
    return (place - (len(ports) - 1) / 2) * PORT_PITCH


def _cross(a: Position, b: Position, c: Position, d: Position) -> bool:
    """Whether two lines cross."""

    def side(p: Position, q: Position, r: Position) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) <= 0.0 and side(c, d, a) * side(c, d, b) <= 0.0
