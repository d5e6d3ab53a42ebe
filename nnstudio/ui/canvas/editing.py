"""What a person can do to the network on the canvas, each one undoable step of the document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from nnstudio.graph import Wire, edits
from nnstudio.graph.arrange import complete
from nnstudio.graph.parameters import set_expressions
from nnstudio.graph.places import GRID, snapped
from nnstudio.graph.rewiring import at_port, kept_wires, put_at, put_in_place, reconnect
from nnstudio.graph.view import Position, View, ViewEdit, chain, forget, put_frame, set_route
from nnstudio.layers import Layer, Placeholder
from nnstudio.project.part import Part, PasteError, from_text, part_of, to_text, with_free_definitions
from nnstudio.ui.canvas.adding import Adding
from nnstudio.ui.canvas.fitting import End, fitting_port
from nnstudio.ui.offered import name_of
from nnstudio.ui.typed_layers import Said


class Editor(Adding):
    """Edits of the session's document that need to know where things stand."""

    def connect(self, first: End, second: End) -> bool:
        """Wire two ports, whichever way round they are given."""
        out, into = (first, second) if first.side == "outputs" else (second, first)
        return self._session.do("Connect", edits.connect(out.node, out.port, into.node, into.port))

    def reconnect(self, wire: Wire, new: Wire) -> bool:
        """Let a wire begin or end elsewhere; the points that it was led through stay with it."""
        points = self._session.view.routes.get(wire, ())
        moved = chain(set_route(wire, ()), set_route(new, points)) if points else None
        return self._session.do("Move wire", reconnect(wire, new), view=moved)

    def disconnect(self, wires: Iterable[Wire], label: str = "Disconnect") -> bool:
        """Take wires away, and nothing else."""
        gone = list(wires)
        led = [set_route(wire, ()) for wire in gone if wire in self._session.view.routes]
        return self._session.do(label, edits.disconnect(gone), view=chain(*led) if led else None)

    def lead(self, wire: Wire, points: Sequence[Position], label: str = "Bend wire", merge_key: object = None) -> bool:
        """Lead a wire through these points, in order from its source."""
        return self._session.do(label, None, merge_key, view=set_route(wire, points))

    def bent(self, wire: Wire, grip: QPointF, to: QPointF) -> list[Position]:
        """The points of a wire that is taken at ``grip`` and pulled to a point. A right-angled way keeps its corners;
        where its level part was taken, that is moved as a whole."""
        goal = snapped((to.x(), to.y()))
        points = list(self._session.view.routes.get(wire, ()))
        if not points and (lane := _lane(self._scene.wires.routes[wire].points)) is not None:
            (x1, y), (x2, _) = lane
            if abs(grip.y() - y) < GRID:
                return [(x1, goal[1]), (x2, goal[1])]
            points = list(lane)
        start = self._scene.port_at(wire.source, "outputs", wire.output)
        end = self._scene.port_at(wire.target, "inputs", wire.input)
        ways = [(start.x(), start.y()), *points, (end.x(), end.y())]
        away = [_detour(a, b, grip) for a, b in pairwise(ways)]
        points.insert(away.index(min(away)), goal)
        return points

    def bend_at(self, wire: Wire, at: QPointF) -> None:
        """Lead a wire through one more point."""
        self.lead(wire, self.bent(wire, at, at))

    def unbend(self, wire: Wire, index: int) -> None:
        """Take one of the points of a wire away."""
        points = list(self._session.view.routes.get(wire, ()))
        del points[index]
        self.lead(wire, points, "Remove bend")

    def order(self, wire: Wire, by: int) -> bool:
        """Move a wire up (negative) or down among those at its port."""
        return self.put_at(wire, at_port(self._session.network, wire).index(wire) + by)

    def put_at(self, wire: Wire, place: int) -> bool:
        """Give a wire this place among those at its port."""
        up = place < at_port(self._session.network, wire).index(wire)
        return self._session.do("Move wire up" if up else "Move wire down", put_at(wire, place))

    def swap(self, first: str, second: str) -> bool:
        """Let two nodes change places, in the wiring and on the canvas."""
        at = self._scene.places
        return self._session.do(
            "Swap", edits.swap(first, second), view=self.placing({first: at[second], second: at[first]})
        )

    def replace(self, ids: Sequence[str], layer: Layer, said: Said = ()) -> None:
        """Put a layer of another type in the place of nodes; wires and common parameters stay. ``said``: the
        expressions of the layer."""
        for placed in (made := self._brought([layer]))[0]:
            whole = made[1].view if made[1] is not None else None
            steps = [*([made[1].edit] if made[1] is not None else []), *(put_in_place(id, placed) for id in ids)]
            steps += [set_expressions([id], said) for id in ids]
            self._session.do(f"Replace by {name_of(placed)}", edits.chain(*steps), whole=whole)

    def fits_place(self, cls: type[Layer], id: str) -> bool:
        """Whether a layer of this type in a node's place would keep all its wires, as far as ports tell."""
        network, resolution = self._scene.network, self._scene.resolution
        wires = (*network.incoming.get(id, ()), *network.outgoing.get(id, ()))
        if kept_wires(network, id, cls) < len(wires):
            return False
        fed = next(iter(network.incoming.get(id, ())), None)
        if fed is None:
            return not cls.inputs or bool(wires)
        return bool(fitting_port(cls, network, resolution, End(fed.source, "outputs", fed.output)))

    # -- the selection --------------------------------------------------------------------------------------------

    def delete(self) -> None:
        """Delete the selected nodes and wires, and nothing else."""
        ids, wires = self._session.selection, self._scene.marked_wires
        if ids:
            self._remove("Delete", ids, wires)
        elif wires:
            self.disconnect(wires, "Delete wire" if len(wires) == 1 else "Delete wires")

    def bridge(self) -> None:
        """Delete the selected nodes and join what fed them to what they fed."""
        ids = self._session.selection
        if ids:
            self._session.do("Delete and reconnect", edits.bridge(self._ordered(ids)), view=forget(ids))

    def _remove(self, label: str, ids: frozenset[str], wires: Iterable[Wire] = ()) -> None:
        self._session.do(label, edits.chain(edits.disconnect(wires), edits.remove(ids)), view=forget(ids))

    def move(self, places: Mapping[str, Position], merge_key: object = None) -> None:
        """Move nodes to these places."""
        self._session.do("Move", None, merge_key, view=self.placing(places))

    def nudge(self, dx: float, dy: float) -> None:
        """Move the selected nodes by so many scene units; steps in a row are one undo."""
        ids = self._session.selection
        at = self._scene.places
        if ids:
            moved = {id: (at[id][0] + dx, at[id][1] + dy) for id in ids}
            self.move(moved, ("nudge", ids))

    # -- copy and paste -------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The selected nodes as text; "" where none are selected."""
        return to_text(self._part()) if self._session.selection else ""

    def _part(self) -> Part:
        """The selected nodes, where they stand, with all that belongs to them."""
        session = self._session
        view = replace(session.view, positions=MappingProxyType(self._scene.places))
        return part_of(session.network, view, session.selection, session.sheet.network.blocks)

    def cut(self) -> None:
        """Take the selected nodes away after they were copied."""
        ids = self._session.selection
        if ids:
            self._remove("Cut", ids)

    def paste(self, text: str, seen: QRectF, at: QPointF | None = None) -> bool:
        """Insert what a text holds: with its centre ``at`` a point, else near where it was, where that is seen."""
        try:
            part = from_text(text)
        except PasteError as error:
            self._session.notice.emit("warning", str(error))
            return False
        unknown = [node.name for node in part.network.nodes.values() if isinstance(node.layer, Placeholder)]
        if unknown:
            names = ", ".join(unknown[:3])
            self._session.notice.emit("warning", f"{names} came as a placeholder: this program lacks that layer type")
        part = with_free_definitions(part, self._session.sheet.network.blocks)
        return self._insert("Paste", part, self._shift(part, seen, at))

    def copy_by(self, shift: Position) -> bool:
        """Insert a copy of the selected nodes, moved by so much."""
        return bool(self._session.selection) and self._insert("Copy", self._part(), shift)

    def duplicate(self, seen: QRectF) -> bool:
        """Insert a copy of the selected nodes beside them."""
        part = self._part()
        return bool(part.network.nodes) and self._insert("Duplicate", part, self._shift(part, seen, None))

    def _insert(self, label: str, part: Part, shift: Position) -> bool:
        """Insert a part with fresh ids, moved by ``shift``, and select it."""
        fresh = {id: edits.new_id() for id in part.network.nodes}
        dx, dy = shift
        own = complete(part.network, part.view.positions)
        moved = {fresh[id]: snapped((x + dx, y + dy)) for id, (x, y) in own.items()}
        steps = [self.placing(moved)]
        for wire, points in part.view.routes.items():
            new = wire._replace(source=fresh[wire.source], target=fresh[wire.target])
            steps.append(set_route(new, [(x + dx, y + dy) for x, y in points]))
        for frame in part.view.frames.values():
            members = frozenset(fresh[id] for id in frame.members)
            steps.append(put_frame(replace(frame, id=edits.new_id(), members=members)))
        insert = edits.insert(part.network, fresh)
        done = self._session.do(label, insert, view=chain(*steps), whole=_with_inner_views(part.view))
        if done:
            self._session.select(fresh.values())
        return done

    def _shift(self, part: Part, seen: QRectF, at: QPointF | None) -> Position:
        """How far pasted nodes are moved: to ``at``, else beside where they were, until all have room."""
        own = complete(part.network, part.view.positions)
        xs, ys = [x for x, _ in own.values()], [y for _, y in own.values()]
        middle = QPointF((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        goal = at if at is not None else middle if seen.contains(middle) else seen.center()
        dx, dy = goal.x() - middle.x(), goal.y() - middle.y()
        table = self._scene.table
        columns, lines = np.round(table.x / GRID) * GRID, np.round(table.y / GRID) * GRID

        def taken(by: float) -> bool:
            wanted = {snapped((x + dx + by, y + dy + by)) for x, y in own.values()}
            (left, top), (right, low) = np.min(list(wanted), axis=0), np.max(list(wanted), axis=0)
            near = np.flatnonzero((columns >= left) & (columns <= right) & (lines >= top) & (lines <= low))
            return not wanted.isdisjoint(zip(columns[near].tolist(), lines[near].tolist(), strict=True))

        step = 4.0 * GRID
        count = 1 if at is None and goal is middle else 0
        while count < 50 and taken(count * step):
            count += 1
        return dx + count * step, dy + count * step

    def _ordered(self, ids: frozenset[str]) -> list[str]:
        return [id for id in self._session.network.nodes if id in ids]


def _lane(corners: Sequence[Position]) -> tuple[Position, Position] | None:
    """The ends of the level part of a right-angled way; None for a curve."""
    if len(corners) != 6 or corners[1][0] != corners[2][0] or corners[2][1] != corners[3][1]:
        return None
    return corners[2], corners[3]


def _detour(a: Position, b: Position, at: QPointF) -> float:
    """How much longer the way from one point to the next is by way of a third."""
    x, y = at.x(), at.y()
    return math.dist(a, (x, y)) + math.dist((x, y), b) - math.dist(a, b)


def _with_inner_views(of: View) -> ViewEdit:
    """Bring the views inside definitions that are not known yet."""

    def edit(view: View) -> View:
        new = {name: inner for name, inner in of.blocks.items() if name not in view.blocks}
        return replace(view, blocks={**view.blocks, **new}) if new else view

    return edit
