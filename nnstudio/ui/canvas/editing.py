"""What a person can do to the network on the canvas, each one undoable step of the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from nnstudio.graph import Network, Wire, edits
from nnstudio.graph.arrange import COLUMN, arrange, complete
from nnstudio.graph.places import GRID, node_size, snapped
from nnstudio.graph.view import Position, View, ViewEdit, forget, place
from nnstudio.layers import Layer, Placeholder, load
from nnstudio.layers.io import Input
from nnstudio.ui.canvas.clipboard import Part, from_text, to_text
from nnstudio.ui.canvas.fitting import End, fitting_port

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene
    from nnstudio.ui.session import Session

_NOT_A_PART = "The clipboard holds no layers; copy some on a canvas first, or copy the text that such a copy gave"


class Editor:
    """Edits of the session's document that need to know where things stand."""

    def __init__(self, session: Session, scene: CanvasScene) -> None:
        self._session = session
        self._scene = scene

    # -- adding ---------------------------------------------------------------------------------------------------

    def add(self, type_name: str, at: QPointF, end: End | None = None) -> str:
        """Place a new layer near a point, wired to ``end`` where it fits, and select it. Returns its id ("": none)."""
        layer = self._made(type_name)
        if layer is None:
            return ""
        id = edits.new_id()
        wanted = (at.x(), at.y())
        steps = [edits.add(layer, id=id)]
        port = fitting_port(layer, self._scene.network, self._scene.resolution, end) if end is not None else ""
        if end is not None and port:
            steps.append(_joined(end, id, port))
        position = self._scene.nodes.free(wanted, node_size(layer), margin=12.0)
        if not self._session.do(f"Add {type_name}", edits.chain(*steps), view=self._placing({id: position})):
            return ""
        self._session.select([id])
        return id

    def insert(self, wire: Wire, type_name: str, at: QPointF) -> str:
        """Put a new layer into a wire at a point; what follows in the same row makes room. Returns its id."""
        layer = self._made(type_name)
        if layer is None:
            return ""
        id = edits.new_id()
        places = self._room_for(wire, layer, (at.x(), at.y()))
        if not self._session.do(
            f"Insert {type_name}", edits.insert_on(wire, layer, id=id), view=self._placing(places, id)
        ):
            return ""
        self._session.select([id])
        return id

    def connect(self, first: End, second: End) -> bool:
        """Wire two ports, whichever way round they are given."""
        out, into = (first, second) if first.side == "outputs" else (second, first)
        return self._session.do("Connect", edits.connect(out.node, out.port, into.node, into.port))

    def _made(self, type_name: str) -> Layer | None:
        catalogue = load()
        if type_name not in catalogue:
            self._session.notice.emit("warning", f"There is no layer type {type_name!r} in this program")
            return None
        layer = catalogue[type_name].make({})
        if isinstance(layer, Input):
            return layer.with_(field=self._unused_field())
        return layer

    def _unused_field(self) -> str:
        """The first field of the data that no input brings in yet; "" where there is none."""
        used = {getattr(node.layer, "field", "") for node in self._session.network.of_role("input")}
        return next((name for name in self._session.fields if name not in used), "")

    def _room_for(self, wire: Wire, layer: Layer, wanted: Position) -> dict[str, Position]:
        """Where the inserted layer (under the id "") and the nodes that make room for it stand."""
        places, size = self._scene.places, node_size(layer)
        source, target = places[wire.source], places[wire.target]
        level = abs(source[1] - target[1]) < 40.0 and target[0] > source[0]
        if not level:
            return {"": self._scene.nodes.free(wanted, size, margin=12.0)}
        x = max(min(wanted[0], target[0]), source[0] + COLUMN) if target[0] - source[0] < 2 * COLUMN else wanted[0]
        at = snapped((x, source[1] if abs(source[1] - wanted[1]) < 60 else wanted[1]))
        push = max(0.0, at[0] + COLUMN - target[0])
        behind = self._session.network.descendants([wire.target])
        moved = {
            id: (places[id][0] + push, places[id][1])
            for id in behind
            if push and places[id][0] >= target[0] - 1 and abs(places[id][1] - target[1]) < 100.0
        }
        return {"": at, **moved}

    # -- the selection --------------------------------------------------------------------------------------------

    def delete(self) -> None:
        """Delete the selected nodes and wires."""
        ids, wires = self._session.selection, self._scene.marked_wires
        if ids or wires:
            self._remove("Delete", ids, wires)

    def bridge(self) -> None:
        """Delete the selected nodes and join what fed them to what they fed."""
        ids = self._session.selection
        if ids:
            self._session.do("Delete and reconnect", edits.bridge(self._ordered(ids)), view=forget(ids))

    def _remove(self, label: str, ids: frozenset[str], wires: Iterable[Wire] = ()) -> None:
        self._session.do(label, edits.chain(edits.disconnect(wires), edits.remove(ids)), view=forget(ids))

    def move(self, places: Mapping[str, Position], merge_key: object = None) -> None:
        """Move nodes to these places."""
        self._session.do("Move", None, merge_key, view=self._placing(places))

    def nudge(self, dx: float, dy: float) -> None:
        """Move the selected nodes by steps of the grid; steps in a row are one undo."""
        ids = self._session.selection
        at = self._scene.places
        if ids:
            moved = {id: (at[id][0] + dx * GRID, at[id][1] + dy * GRID) for id in ids}
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
        done = self._session.do(label, edits.insert(part.network, fresh), view=self._placing(moved))
        if done:
            self._session.select(fresh.values())
        return done

    def _shift(self, own: dict[str, Position], part: Network, seen: QRectF, at: QPointF | None) -> tuple[float, float]:
        """How far pasted nodes are moved: to ``at``, or down and right until none covers another node."""
        xs, ys = [x for x, _ in own.values()], [y for _, y in own.values()]
        middle = QPointF((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        if at is None and seen.contains(middle):
            taken = {snapped(place) for place in self._scene.places.values()}
            step = 4 * GRID
            count = 1
            while count < 50 and any(snapped((x + count * step, y + count * step)) in taken for x, y in own.values()):
                count += 1
            return count * step, count * step
        goal = at if at is not None else seen.center()
        return goal.x() - middle.x(), goal.y() - middle.y()

    # -- views ----------------------------------------------------------------------------------------------------

    def _placing(self, places: Mapping[str, Position], inserted: str = "") -> ViewEdit:
        """Put nodes there; nodes that had no place of their own keep where they are shown. "" means ``inserted``."""
        named = {id or inserted: at for id, at in places.items()}
        shown = {id: at for id, at in self._scene.places.items() if id in self._session.network.nodes}

        def edit(view: View) -> View:
            pinned = {id: at for id, at in shown.items() if id not in view.positions}
            return place({**pinned, **named})(view)

        return edit

    def _ordered(self, ids: frozenset[str]) -> list[str]:
        return [id for id in self._session.network.nodes if id in ids]


def _joined(end: End, id: str, port: str) -> edits.Edit:
    if end.side == "outputs":
        return edits.connect(end.node, end.port, id, port)
    return edits.connect(id, port, end.node, end.port)
