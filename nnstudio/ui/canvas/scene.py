"""The scene: what is drawn, in step with the document. Everything here is derived; nothing of it is the model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsScene

from nnstudio.compile.resolve import Resolution
from nnstudio.graph import Change, Network, Node, Wire
from nnstudio.graph.changes import differing, missing, swapped
from nnstudio.graph.places import Box, Occupied, Size, node_size
from nnstudio.graph.view import Position, View
from nnstudio.ui.canvas.comparison import Comparison
from nnstudio.ui.canvas.face import MARGIN, SURROUNDINGS, Face, face_of
from nnstudio.ui.canvas.foretelling import Foretelling
from nnstudio.ui.canvas.hitting import find
from nnstudio.ui.canvas.lit import Hit, Lit, sharing
from nnstudio.ui.canvas.magnitudes import Magnitudes
from nnstudio.ui.canvas.node_item import Items, NodeItem
from nnstudio.ui.canvas.node_table import NodeTable, Rows
from nnstudio.ui.canvas.overview import family_names
from nnstudio.ui.canvas.provisional import arrange_later
from nnstudio.ui.canvas.repainting import Repainting
from nnstudio.ui.canvas.slots import Slots, changed_slots
from nnstudio.ui.canvas.standing import REACH, Standing
from nnstudio.ui.canvas.wire_layer import WireLayer

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Paints something of the sheet: with the painter in scene units, the part of the scene to paint, and the scale.
Paint = Callable[[QPainter, QRectF, float], None]

#: With more nodes than this changed at once, everything is worked out anew.
_MANY = 400
_FACES = 4000
#: So many nodes that look otherwise are painted one by one, else everything is.
_FEW = 24


class CanvasScene(QGraphicsScene):
    """Nodes and wires of the session's network.

    ``reset`` is emitted after another document has come, ``layout_changed`` after nodes came, went or moved,
    ``touched`` with a rectangle of the scene when something in it looks otherwise (empty: anything; ``_all``: several).
    """

    reset = Signal()
    layout_changed = Signal()
    touched, touched_all = Signal(QRectF), Signal(list)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.network = Network()
        self.resolution: Resolution | None = None
        self.selection: frozenset[str] = frozenset()
        self.places: Mapping[str, Position] = {}
        self.standing = Standing()
        self._view = View()
        self.table = NodeTable()
        self.items_by_id = Items(self)
        self._faces: dict[str, Face] = {}
        self.marked_wires: frozenset[Wire] = frozenset()
        self.bad_wires: frozenset[Wire] = frozenset()
        self.hovered_wire: Wire | None = None
        self.pointed_out: frozenset[str] = frozenset()  # nodes that belong to what is under the pointer
        self.lit: Lit | None = None
        self.moving = self.moving_wires = np.zeros(0, np.intp)  # rows of what is in motion
        self.beneath: list[Paint] = []  # painted under wires and nodes (frames); call redraw() when they change
        self.above: list[Paint] = []  # painted over them (notes)
        self.revision = self.drawn = 0  # changes of the look of any node; how often all had to be painted anew
        self.seen: Box | None = None  # the part that was painted last (edges)
        self.wires = WireLayer(self)
        self.slots = Slots(self)
        self.repainting = Repainting(self)
        self.foretelling = Foretelling(self)
        self.magnitudes = Magnitudes(self)
        self.comparison = Comparison(self)
        self.magnitudes.changed.connect(self.redraw)
        session.changed.connect(self._document_changed)
        session.resolved.connect(self._resolved)
        session.selection_changed.connect(self._selection_changed)
        session.scope_changed.connect(self._scope_changed)
        self._scope = session.scope
        self.rebuild()

    # -- following the document -----------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Take everything anew from the session."""
        self.marked_wires = frozenset()
        self.resolution = self.session.resolution
        self._show(self.session.network, self.session.view)
        self._selection_changed()
        self._resolved(self.resolution)

    def _document_changed(self, change: Change) -> None:
        if change.why == "reset":
            self._clear()
            self.rebuild()
            self.magnitudes.clear()
            self.redraw()
            self.layout_changed.emit()
            self.reset.emit()
            arrange_later(self)
        else:
            self._show(change.after.network, change.after.view)

    def _scope_changed(self) -> None:
        """Show the inside of a block, or what is around it, from anew."""
        if self._scope != self.session.scope:
            self._scope = self.session.scope
            self._clear()
            self.rebuild()
            self.magnitudes.refresh()
            self.redraw()
            self.layout_changed.emit()
            self.reset.emit()
            arrange_later(self)

    def take_arranged(self, found: Mapping[str, Position]) -> None:
        """Show nodes that only stood in rows where they were arranged to."""
        self.standing.found(found)
        self.places = self.standing.places
        self.table.move(self.places)
        self.table.forget_occupied()
        self.wires.follow(None)
        self.redraw()
        self.layout_changed.emit()
        self.reset.emit()

    def _clear(self) -> None:
        self.table.clear()
        self.wires.clear()
        self._faces.clear()
        self.standing = Standing()
        self.network, self._view, self.places = Network(), View(), {}
        self.selection = frozenset()
        self.moving = self.moving_wires = self.moving[:0]

    def _show(self, network: Network, view: View) -> None:
        old, self.network = self.network, network
        if old is network and view.positions is self._view.positions and not len(self.moving):
            self._show_routes(view)
            return
        gone, changed = missing(old.nodes, network.nodes), differing(old.nodes, network.nodes)
        few = changed if len(changed) <= _MANY else ()
        alike = {id for id in few if _alike(old.nodes.get(id), network.nodes[id])}
        places = self.standing.follow(network, view, gone, changed)
        moved = self._moved(places, [id for id in changed if id not in alike])
        self._view, self.places = view, places
        slots = changed_slots(old, network) if old.wires else set()
        self.repainting.begin(self.table.rows_of((*gone, *moved)), old, network, slots)
        left = self.table.boxes(self.table.rows_of((*gone, *moved[:_MANY])))
        self._change_nodes(gone, moved)
        self._change_wires(old, set(changed) - alike, slots)
        self.moving = self.moving_wires = self.moving[:0]
        self.wires.lead(view.routes)
        self._restyle(alike - set(moved))
        if gone or moved or old.wires is not network.wires:
            rows = self.table.rows_of(moved)
            self.repainting.end(rows, self.wires.follow(rows if max(len(moved), len(gone)) <= _MANY else None, left))
            self.layout_changed.emit()

    def _set_faint(self, ids: Collection[str]) -> None:
        self.table.faint[self.table.rows_of(ids)] = [self.network.nodes[id].bypassed for id in ids]

    def _restyle(self, ids: Collection[str]) -> None:
        """Show these nodes anew where they stand."""
        self._set_faint(ids)
        for each in ids:
            self._faces.pop(each, None)
        if len(ids) > _FEW:
            self.redraw()
        for each in ids if len(ids) <= _FEW else ():
            self.touched.emit(self.box_with_margin(each))

    def _show_routes(self, view: View) -> None:
        if view.routes is not self._view.routes:
            self.wires.lead(view.routes)
            self.repainting.everything()
        self._view = view

    def _moved(self, places: Mapping[str, Position], changed: list[str]) -> list[str]:
        """Nodes that stand elsewhere than they are shown, or have another size, or are new."""
        moving = (self.table.ids[row] for row in self.moving.tolist())
        moved = dict.fromkeys((*changed, *differing(self.places, places), *moving))
        return [id for id in moved if id in places]

    def _change_nodes(self, gone: list[str], moved: list[str]) -> None:
        self.table.remove(gone)
        for each in (*gone, *moved) if self._faces else ():
            self._faces.pop(each, None)
        colors = {name: place for place, name in enumerate(family_names())}
        nodes, places = self.network.nodes, self.places
        layers = [nodes[each].layer for each in moved]
        sizes: dict[tuple[int, int], Size] = {}  # layers of a type share their ports
        for layer in layers:
            key = id(layer.inputs), id(layer.outputs)
            if key not in sizes:
                sizes[key] = node_size(layer)
        self.table.put(
            moved,
            [places[each] for each in moved],
            [sizes[id(layer.inputs), id(layer.outputs)] for layer in layers],
            [colors.get(layer.family.color, len(colors)) for layer in layers],
        )
        self._set_faint(moved)
        if self.selection:
            self.table.selected[self.table.rows_of(self.selection & set(moved))] = True

    def _change_wires(self, old: Network, changed: set[str], slots: set[str]) -> None:
        gone, new = swapped(old.wires, self.network.wires)
        if len(changed) > _MANY:
            new = list(self.network.wires)
        elif changed:
            rows = self.wires.table.at_nodes(self.table.rows_of(changed))  # their ports may be others
            new += [wire for row in rows.tolist() if (wire := self.wires.table.wires[row]) is not None]
        for each in slots if len(changed) <= _MANY else ():
            new += self.network.incoming.get(each, ())
        if gone:
            has = self.network.has
            gone = [wire for wire in gone if not has(wire)]  # another object may be the same wire
            new = [wire for wire in new if has(wire)] if len(new) <= _MANY else new
        if not (gone or new):
            return
        self.wires.change(new, gone)
        self.marked_wires &= self.wires.table.rows.keys()
        self.bad_wires &= self.wires.table.rows.keys()

    # -- following the session ------------------------------------------------------------------------------------

    def _resolved(self, resolution: Resolution | None) -> None:
        before, self.resolution = self.resolution, resolution
        if resolution is None:
            return
        rows, table = self.table.rows, self.table
        badges, bad = table.badge.copy(), self.bad_wires
        table.badge[:] = 0
        for problem in resolution.problems:
            if problem.node in rows:
                row = rows[problem.node]
                table.badge[row] = max(table.badge[row], 2 if problem.severity == "error" else 1)
        for row in np.flatnonzero((badges != table.badge) | bool(self._scope.block)).tolist():
            self._faces.pop(table.ids[row] if row < len(table.ids) else "", None)
        wrong = {(problem.node, problem.port) for problem in resolution.errors if problem.port}
        there = (wire for id in {node for node, _ in wrong} for wire in self.network.incoming.get(id, ()))
        self.bad_wires = frozenset(w for w in there if (w.target, w.input) in wrong) & self.wires.table.rows.keys()
        self.repainting.resolved(before, badges, bad)

    def _selection_changed(self) -> None:
        old, self.selection = self.selection, frozenset(self.session.selection)
        turned = old ^ self.selection
        if not turned:
            return
        self.table.selected[:] = False
        self.table.selected[self.table.rows_of(self.selection)] = True
        if len(turned) > _FEW:
            self.redraw()
        else:
            self.revision += 1
            for id in turned & self.table.rows.keys():
                self.touched.emit(self.box_with_margin(id))
        self.layout_changed.emit()

    def redraw(self) -> None:
        """Paint everything anew: something that is painted has changed."""
        self.revision += 1
        self.drawn += 1
        self.touched.emit(QRectF())

    def mark_wires(self, wires: Iterable[Wire]) -> None:
        """Select wires (nodes are selected in the session)."""
        marked = frozenset(wires)
        turned, self.marked_wires = marked ^ self.marked_wires, marked
        self._touch_wires(turned)

    def hover_wire(self, wire: Wire | None) -> None:
        """Show that a wire is under the pointer."""
        if wire != self.hovered_wire:
            turned = [each for each in (wire, self.hovered_wire) if each is not None]
            self.hovered_wire = wire
            self._touch_wires(turned)

    def hover(self, hit: Hit) -> None:
        """Show what is under the pointer: a wire; of a shared node, the one whose weights it uses; of that one, all."""
        self.hover_wire(hit.wire)
        ids = sharing(self.network, hit.node) if hit.node else frozenset()
        turned, self.pointed_out = ids ^ self.pointed_out, ids
        for id in turned & self.table.rows.keys():
            self.touched.emit(self.box_with_margin(id))

    def _touch_wires(self, wires: Iterable[Wire]) -> None:
        for wire in wires:
            row = self.wires.table.rows.get(wire)
            if row is not None:
                for part in self.wires.table.parts(row):
                    self.touched.emit(_rect(part))

    def set_lit(self, lit: Lit | None) -> None:
        """Light ports up, or none."""
        if lit != self.lit:
            self.lit = lit
            self.redraw()

    # -- motion ---------------------------------------------------------------------------------------------------

    def show_at(self, places: Mapping[str, Position]) -> None:
        """Show nodes elsewhere while they are dragged or an arrangement moves; the document is not touched."""
        before = self.table.x.copy(), self.table.y.copy()
        rows = self.table.move(places)
        if not len(rows):
            return
        dx, dy = self.table.x[rows] - before[0][rows], self.table.y[rows] - before[1][rows]
        alike = np.ptp(dx) < 1e-6 and np.ptp(dy) < 1e-6
        wires = self.wires.carry(rows, (float(dx[0]), float(dy[0])) if alike else None)
        rows = np.union1d(rows, self.moving)
        if len(rows) != len(self.moving):
            self.moving, self.moving_wires = rows, np.union1d(wires, self.moving_wires)
            self.redraw()
        else:
            self.update()
        self.layout_changed.emit()

    def settle(self) -> None:
        """Show every node where the document has it, and all wires along their best ways."""
        self._show(self.network, self.session.view)

    # -- asking ---------------------------------------------------------------------------------------------------

    def face(self, id: str) -> Face:
        """What a node shows."""
        found = self._faces.get(id)
        if found is None:
            if len(self._faces) > _FACES:
                self._faces.clear()
            problems = self.resolution.problems_of(id) if self.resolution is not None else ()
            copy = self.resolution.network if self._scope.block and self.resolution is not None else None
            found = self._faces[id] = face_of(self.network.nodes[id], problems, copy)
        return found

    @property
    def nodes(self) -> Occupied[str]:
        """The nodes' rectangles, for what looks for room."""
        return self.table.occupied

    def content_rect(self, ids: Iterable[str] | None = None) -> QRectF:
        """The rectangle around these nodes (around all, where none are named); empty where there are none."""
        box = self.table.bounds(None if ids is None else self.table.rows_of(ids))
        return _rect(box) if box is not None else QRectF()

    def port_at(self, id: str, side: str, port: str) -> QPointF:
        """Where a port is in the scene."""
        item = self.items_by_id[id]
        return item.pos() + item.face.port(side, port)

    def type_text(self, wire: Wire) -> str:
        """What is written on a wire: ``16×28×28``; "" where the type is not known."""
        type = self.resolution.wire_type(wire) if self.resolution is not None else None
        if type is None:
            return ""
        text = type.per_sample()
        return f"{type.classes} classes" if text == "scalar" and type.classes else text

    def hit(self, at: QPointF, scale: float) -> Hit:
        """What is at a point of the scene, shown at this scale."""
        return find(self, at, scale)

    def inside(self, area: QRectF) -> frozenset[str]:
        """Nodes whose cards a rectangle touches."""
        rows = self.table.inside((area.left(), area.top(), area.right(), area.bottom()))
        return frozenset(self.table.ids[row] for row in rows.tolist())

    def box_with_margin(self, id: str) -> QRectF:
        """The card of a node with its margin, in the scene."""
        return _rect(self.table.box(self.table.rows[id])).adjusted(-SURROUNDINGS, -MARGIN, MARGIN, MARGIN)


def _rect(box: Box) -> QRectF:
    return QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3]))


def _alike(old: Node | None, new: Node) -> bool:
    """Whether a node that was changed has its ports and its family still."""
    if old is None:
        return False
    a, b = old.layer, new.layer
    if a.inputs is not b.inputs or a.outputs is not b.outputs:
        return list(a.inputs) == list(b.inputs) and list(a.outputs) == list(b.outputs) and a.family is b.family
    return a.family is b.family


__all__ = ["REACH", "CanvasScene", "Hit", "Lit", "NodeItem", "Paint", "Rows"]
