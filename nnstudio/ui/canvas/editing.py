"""What a person can do to the network on the canvas, each one undoable step of the document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF

from nnstudio.graph import Network, Wire, edits
from nnstudio.graph.arrange import arrange, complete
from nnstudio.graph.places import GRID, snapped
from nnstudio.graph.rewiring import at_port, kept_wires, put_at, put_in_place, reconnect
from nnstudio.graph.view import Position, chain, forget, place, set_route
from nnstudio.layers import Layer, Placeholder
from nnstudio.ui.canvas.adding import Adding
from nnstudio.ui.canvas.clipboard import Part, from_text, to_text
from nnstudio.ui.canvas.fitting import End, fitting_port

_NOT_A_PART = "The clipboard holds no layers; copy some on a canvas first, or copy the text that such a copy gave"


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

    def lead(self, wire: Wire, points: Sequence[Position], label: str = "Bend wire") -> bool:
        """Lead a wire through these points, in order from its source."""
        return self._session.do(label, view=set_route(wire, points))

    def place_on(self, wire: Wire, at: QPointF) -> int:
        """Before which of its points a new point of a wire belongs."""
        start = self._scene.port_at(wire.source, "outputs", wire.output)
        end = self._scene.port_at(wire.target, "inputs", wire.input)
        points = self._session.view.routes.get(wire, ())
        ways = [(start.x(), start.y()), *points, (end.x(), end.y())]
        away = [_detour(a, b, at) for a, b in pairwise(ways)]
        return away.index(min(away))

    def bend_at(self, wire: Wire, at: QPointF) -> None:
        """Lead a wire through one more point."""
        points = list(self._session.view.routes.get(wire, ()))
        points.insert(self.place_on(wire, at), snapped((at.x(), at.y())))
        self.lead(wire, points)

    def unbend(self, wire: Wire, index: int) -> None:
        """Take one of the points of a wire away."""
        points = list(self._session.view.routes.get(wire, ()))
        del points[index]
        self.lead(wire, points, "Remove bend")

    def order(self, wire: Wire, by: int) -> bool:
        """Move a wire up (negative) or down among those at its port."""
        place = at_port(self._session.network, wire).index(wire) + by
        return self._session.do("Move wire up" if by < 0 else "Move wire down", put_at(wire, place))

    def swap(self, first: str, second: str) -> bool:
        """Let two nodes change places, in the wiring and on the canvas."""
        at = self._scene.places
        return self._session.do(
            "Swap", edits.swap(first, second), view=self.placing({first: at[second], second: at[first]})
        )

    def replace(self, ids: Sequence[str], layer: Layer) -> None:
        """Put a layer of another type in the place of nodes; wires and common parameters stay."""
        label = f"Replace by {layer.type_name()}"
        self._session.do(label, edits.chain(*(put_in_place(id, layer) for id in ids)))

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

    def arrange(self) -> bool:
        """Give every node the place that the layered layout gives it. Returns whether anything moved."""
        places = arrange(self._session.network)
        return bool(places) and places != self._scene.places and self._session.do("Arrange", view=place(places))

    # -- copy and paste -------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The selected nodes as text; "" where none are selected."""
        ids = self._session.selection
        if not ids:
            return ""
        return to_text(self._session.network.part(ids), self._scene.places)

    def cut(self) -> None:
        """Take the selected nodes away after they were copied."""
        ids = self._session.selection
        if ids:
            self._remove("Cut", ids)

    def paste(self, text: str, seen: QRectF, at: QPointF | None = None) -> bool:
        """Insert what a text holds: with its centre ``at`` a point, else near where it was, where that is seen."""
        part = from_text(text)
        if part is None:
            self._session.notice.emit("warning", _NOT_A_PART)
            return False
        unknown = [node.name for node in part.network.nodes.values() if isinstance(node.layer, Placeholder)]
        if unknown:
            names = ", ".join(unknown[:3])
            self._session.notice.emit("warning", f"{names} came as a placeholder: this program lacks that layer type")
        return self._insert("Paste", part, seen, at)

    def copy_by(self, shift: Position) -> bool:
        """Insert a copy of the selected nodes, moved by so much."""
        ids = self._session.selection
        network, places = self._session.network.part(ids), {id: self._scene.places[id] for id in ids}
        fresh = {id: edits.new_id() for id in network.nodes}
        moved = {fresh[id]: (x + shift[0], y + shift[1]) for id, (x, y) in places.items()}
        done = bool(ids) and self._session.do("Copy", edits.insert(network, fresh), view=self.placing(moved))
        if done:
            self._session.select(fresh.values())
        return done

    def duplicate(self, seen: QRectF) -> bool:
        """Insert a copy of the selected nodes beside them."""
        ids = self._session.selection
        part = Part(self._session.network.part(ids), {id: self._scene.places[id] for id in ids})
        return bool(ids) and self._insert("Duplicate", part, seen, None)

    def _insert(self, label: str, part: Part, seen: QRectF, at: QPointF | None) -> bool:
        fresh = {id: edits.new_id() for id in part.network.nodes}
        own = complete(part.network, part.positions)
        dx, dy = self._shift(own, part.network, seen, at)
        moved = {fresh[id]: snapped((x + dx, y + dy)) for id, (x, y) in own.items()}
        done = self._session.do(label, edits.insert(part.network, fresh), view=self.placing(moved))
        if done:
            self._session.select(fresh.values())
        return done

    def _shift(self, own: dict[str, Position], part: Network, seen: QRectF, at: QPointF | None) -> tuple[float, float]:
        """How far pasted nodes are moved: to ``at``, else beside where they were, until all have room."""
        xs, ys = [x for x, _ in own.values()], [y for _, y in own.values()]
        middle = QPointF((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        goal = at if at is not None else middle if seen.contains(middle) else seen.center()
        dx, dy = goal.x() - middle.x(), goal.y() - middle.y()
        taken = {snapped(place) for place in self._scene.places.values()}
        step = 4.0 * GRID
        count = 1 if at is None and goal is middle else 0
        while count < 50 and any(
            snapped((x + dx + count * step, y + dy + count * step)) in taken for x, y in own.values()
        ):
            count += 1
        return dx + count * step, dy + count * step

    def _ordered(self, ids: frozenset[str]) -> list[str]:
        return [id for id in self._session.network.nodes if id in ids]


def _detour(a: Position, b: Position, at: QPointF) -> float:
    """How much longer the way from one point to the next is by way of a third."""
    x, y = at.x(), at.y()
    return math.dist(a, (x, y)) + math.dist((x, y), b) - math.dist(a, b)
