"""The scene: items that follow the document. Everything here is derived; nothing of it is the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsScene

from nnstudio.compile.resolve import Resolution
from nnstudio.graph import Change, Network, Wire
from nnstudio.graph.arrange import complete
from nnstudio.graph.places import Occupied, box_of
from nnstudio.graph.view import Position, View
from nnstudio.ui.canvas.face import MARGIN, PORT_RADIUS, face_of
from nnstudio.ui.canvas.fitting import End
from nnstudio.ui.canvas.magnitudes import Magnitudes
from nnstudio.ui.canvas.node_item import BATCH_SCALE, NodeItem
from nnstudio.ui.canvas.wire_layer import WireLayer

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Paints something of the sheet: with the painter in scene units, the part of the scene to paint, and the scale.
Paint = Callable[[QPainter, QRectF, float], None]

#: Positions beyond this (from a file, say) are drawn at the edge.
REACH = 100_000.0
#: With more wires than this in motion they are left out until the motion ends.
_MANY = 400


@dataclass(frozen=True)
class Lit:
    """Which ports light up while a wire is drawn from ``origin``, and where it would end."""

    origin: End
    ends: frozenset[End]
    chosen: End | None = None

    @cached_property
    def _by_node(self) -> Mapping[str, list[End]]:
        gathered: dict[str, list[End]] = {self.origin.node: [self.origin]}
        for end in self.ends:
            gathered.setdefault(end.node, []).append(end)
        return gathered

    def touches(self, id: str) -> bool:
        """Whether the node has a lit port or is the wire's beginning."""
        return id in self._by_node

    def states(self, id: str) -> list[tuple[str, str, str]]:
        """Side, port and state of the node's lit ports."""
        return [
            (end.side, end.port, "chosen" if end in (self.chosen, self.origin) else "fits")
            for end in self._by_node.get(id, ())
        ]


@dataclass(frozen=True, slots=True)
class Hit:
    """What is at a point: a port (of a node), a node, a wire, or nothing."""

    node: str = ""
    end: End | None = None
    wire: Wire | None = None


class CanvasScene(QGraphicsScene):
    """Nodes and wires of the session's network.

    ``reset`` is emitted after another document has come, ``layout_changed`` after nodes came, went or moved.
    """

    reset = Signal()
    layout_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.network = Network()
        self.resolution: Resolution | None = None
        self.selection: frozenset[str] = frozenset()
        self.places: dict[str, Position] = {}
        self._derived: dict[str, Position] = {}  # of nodes that had no place in the view when they came
        self.items_by_id: dict[str, NodeItem] = {}
        self.nodes: Occupied[str] = Occupied()
        self.marked_wires: frozenset[Wire] = frozenset()
        self.bad_wires: frozenset[Wire] = frozenset()
        self.hovered_wire: Wire | None = None
        self.lit: Lit | None = None
        self.tinted = False
        self.beneath: list[Paint] = []  # painted under wires and nodes (frames); call redraw() when they change
        self.above: list[Paint] = []  # painted over them (notes)
        self._ranks: dict[Wire, int] = {}
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.BspTreeIndex)
        self.wires = WireLayer(self)
        self.addItem(self.wires)
        self.magnitudes = Magnitudes(session, self)
        self.magnitudes.changed.connect(self.update)
        self._moving = False
        self._bounds = (-1, QRectF())
        self.revision = 0  # counts what changes the look of any node
        self.layout_changed.connect(self._count)
        self.magnitudes.changed.connect(self._count)
        session.resolved.connect(self._count)
        session.changed.connect(self._document_changed)
        session.resolved.connect(self._resolved)
        session.selection_changed.connect(self._selection_changed)
        self.rebuild()

    # -- following the document -----------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Take everything anew from the session."""
        self.marked_wires = frozenset()
        self.resolution = self.session.resolution
        self.selection = frozenset(self.session.selection)
        self._show(self.session.network, self.session.view)
        self._resolved(self.resolution)

    def _document_changed(self, change: Change) -> None:
        if change.why == "reset":
            self.magnitudes.clear()
            self._show(Network(), View())
            self._derived.clear()
            self.rebuild()
            self.reset.emit()
        else:
            self._show(change.after.network, change.after.view)

    def _show(self, network: Network, view: View) -> None:
        self._moving = False
        old, self.network = self.network, network
        if old is not network:
            self._ranks = {}
            self.marked_wires &= frozenset(network.wires)
        known = {id: at for id, at in self._derived.items() if id in network.nodes}
        places = complete(network, {**known, **{id: _sane(at) for id, at in view.positions.items()}})
        self._derived.update({id: at for id, at in places.items() if id not in view.positions and id not in known})
        for id in [id for id in self.items_by_id if id not in network.nodes]:
            self.removeItem(self.items_by_id.pop(id))
            self.nodes.remove(id)
        dirty = set()
        for id, node in network.nodes.items():
            item = self.items_by_id.get(id)
            if item is None or old.nodes.get(id) is not node:
                face = face_of(node, self.resolution.problems_of(id) if self.resolution else ())
                if item is None:
                    item = self.items_by_id[id] = NodeItem(id, face)
                    item.setPos(*places[id])
                    self.addItem(item)
                else:
                    item.set_face(face)
                dirty.add(id)
        dirty |= {id for id, at in places.items() if self.places.get(id) != at or self._shown_at(id) != at}
        before = {id: self.nodes.box(id) for id in dirty}
        self.places = places
        for id in dirty:
            self._move(id, places[id])
        self._follow_wires(old, dirty, [box for box in before.values() if box])
        if dirty or old is not network:
            self._set_bounds()
            self.layout_changed.emit()

    def _shown_at(self, id: str) -> Position:
        at = self.items_by_id[id].pos()
        return at.x(), at.y()

    def _move(self, id: str, at: Position) -> None:
        item = self.items_by_id[id]
        item.setPos(*at)
        self.nodes.add(id, at, (item.face.width, item.face.height))

    def _follow_wires(
        self, old: Network, dirty: set[str], left_behind: list[tuple[float, float, float, float]]
    ) -> None:
        known = self.wires.routes
        new = (
            set(self.network.wires) if old is not self.network or len(known) != len(self.network.wires) else set(known)
        )
        self.wires.remove([wire for wire in known if wire not in new])
        stale = {wire for wire in new if wire not in known or wire.source in dirty or wire.target in dirty}
        if len(dirty) > _MANY:
            stale = new
        else:
            boxes = left_behind + [box for box in map(self.nodes.box, dirty) if box]
            for box in boxes:
                stale.update(self.wires.near((box[0] - 8, box[1] - 8, box[2] + 8, box[3] + 8)))
        self.wires.reroute(sorted(stale, key=self.rank_of))

    def _set_bounds(self) -> None:
        rect = self.content_rect().adjusted(-2000, -2000, 2000, 2000)
        if not self.sceneRect().contains(rect.adjusted(1000, 1000, -1000, -1000)):
            self.setSceneRect(rect)

    # -- following the session ------------------------------------------------------------------------------------

    def _resolved(self, resolution: Resolution | None) -> None:
        self.resolution = resolution
        if resolution is None:
            return
        for id, item in self.items_by_id.items():
            node = self.network.nodes.get(id)
            problems = resolution.problems_of(id)
            if node is not None and (problems or item.face.badge):
                item.set_face(face_of(node, problems))
        wrong = {(problem.node, problem.port) for problem in resolution.errors if problem.port}
        self.bad_wires = frozenset(wire for wire in self.network.wires if (wire.target, wire.input) in wrong)
        self.wires.forget_pills()
        self.wires.update()

    def _selection_changed(self) -> None:
        old, self.selection = self.selection, frozenset(self.session.selection)
        turned = old ^ self.selection
        if len(turned) > _MANY:
            self.update()
        else:
            for id in turned & self.items_by_id.keys():
                self.items_by_id[id].update()
        if turned:
            self.layout_changed.emit()

    def redraw(self) -> None:
        """Paint everything anew: something that ``beneath`` or ``above`` paint has changed."""
        self._count()
        self.update()

    def _count(self) -> None:
        self.revision += 1

    def mark_wires(self, wires: Iterable[Wire]) -> None:
        """Select wires (nodes are selected in the session)."""
        marked = frozenset(wires)
        if marked != self.marked_wires:
            self.marked_wires = marked
            self.wires.update()

    def hover_wire(self, wire: Wire | None) -> None:
        """Show that a wire is under the pointer."""
        if wire != self.hovered_wire:
            self.hovered_wire = wire
            self.wires.update()

    def set_lit(self, lit: Lit | None) -> None:
        """Light ports up, or none."""
        if lit != self.lit:
            self.lit = lit
            self._count()
            self.update()

    # -- motion ---------------------------------------------------------------------------------------------------

    def show_at(self, places: Mapping[str, Position]) -> None:
        """Show nodes elsewhere while they are dragged or an arrangement moves; the document is not touched."""
        self._moving = True
        for id, at in places.items():
            if id in self.items_by_id:
                self._move(id, at)
        if len(places) <= _MANY:
            wires = {wire for id in places for wire in self.network.incoming.get(id, ())}
            wires |= {wire for id in places for wire in self.network.outgoing.get(id, ())}
            self.wires.reroute(sorted(wires, key=self.rank_of))
        else:
            self.wires.clear()
        self.layout_changed.emit()

    def settle(self) -> None:
        """Show every node where the document has it, and all wires along their best ways."""
        self._show(self.network, self.session.view)

    # -- asking ---------------------------------------------------------------------------------------------------

    def content_rect(self, ids: Iterable[str] | None = None) -> QRectF:
        """The rectangle around these nodes (around all, where none are named); empty where there are none."""
        chosen = self.items_by_id if ids is None else [id for id in ids if id in self.items_by_id]
        boxes = [box for box in map(self.nodes.box, chosen) if box is not None]
        if not boxes:
            return QRectF()
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        return QRectF(left, top, max(box[2] for box in boxes) - left, max(box[3] for box in boxes) - top)

    def bounds(self) -> QRectF:
        """The rectangle around all nodes, worked out once after each change."""
        if self._bounds[0] != self.revision and not self.hurried:
            self._bounds = self.revision, self.content_rect()
        return self._bounds[1]

    @property
    def hurried(self) -> bool:
        """Whether so many nodes are there while some are in motion that what shows them all has to wait."""
        return self._moving and len(self.items_by_id) > 4 * _MANY

    def port_at(self, id: str, side: str, port: str) -> QPointF:
        """Where a port is in the scene."""
        item = self.items_by_id[id]
        return item.pos() + item.face.port(side, port)

    def rank_of(self, wire: Wire) -> int:
        """The place of a wire in the order in which they were drawn."""
        if not self._ranks:
            self._ranks = {wire: place for place, wire in enumerate(self.network.wires)}
        return self._ranks.get(wire, -1)

    def type_text(self, wire: Wire) -> str:
        """What is written on a wire: ``16×28×28``; "" where the type is not known."""
        type = self.resolution.wire_type(wire) if self.resolution is not None else None
        if type is None:
            return ""
        text = type.per_sample()
        return f"{type.classes} classes" if text == "scalar" and type.classes else text

    def hit(self, at: QPointF, scale: float) -> Hit:
        """What is at a point of the scene, shown at this scale."""
        reach = min(max(PORT_RADIUS + 5.0, 7.0 / scale), 18.0)
        area = QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
        items = [item for item in self.items(area) if isinstance(item, NodeItem)]
        for item in items if scale >= BATCH_SCALE else ():  # far away there are only nodes and wires
            end = self._port_near(item, at, reach)
            if end is not None:
                return Hit(item.id, end)
        for item in items:
            if item.face.rect().contains(at - item.pos()):
                return Hit(item.id)
        return Hit(wire=self.wires.at(at.x(), at.y(), min(max(5.0, 6.0 / scale), 16.0)))

    def _port_near(self, item: NodeItem, at: QPointF, reach: float) -> End | None:
        best, found = reach, None
        for side, names in (("inputs", item.face.inputs), ("outputs", item.face.outputs)):
            for name in names:
                away = at - item.pos() - item.face.port(side, name)
                distance = math.hypot(away.x(), away.y())
                if distance <= best:
                    best, found = distance, End(item.id, side, name)
        return found

    def inside(self, area: QRectF) -> frozenset[str]:
        """Nodes whose cards a rectangle touches."""
        return frozenset(self.nodes.hits((area.left(), area.top(), area.right(), area.bottom())))

    def box_with_margin(self, id: str) -> QRectF:
        """The card of a node with its margin, in the scene."""
        item = self.items_by_id[id]
        left, top, right, bottom = box_of(self._shown_at(id), (item.face.width, item.face.height))
        return QRectF(left - MARGIN, top - MARGIN, right - left + 2 * MARGIN, bottom - top + 2 * MARGIN)


def _sane(at: Position) -> Position:
    x, y = (value if math.isfinite(value) else 0.0 for value in at)
    return max(-REACH, min(REACH, x)), max(-REACH, min(REACH, y))
