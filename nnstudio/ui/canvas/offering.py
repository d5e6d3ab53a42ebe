"""What the canvas offers to add, and where what was chosen goes: behind a node, into a wire, in a node's place."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QWidget

from nnstudio.graph import Wire
from nnstudio.layers import Layer
from nnstudio.layers.blocks import Shared
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.fitting import End, can_stand_in_wire, fitting_port, fitting_types
from nnstudio.ui.canvas.pointer import Pointing
from nnstudio.ui.canvas.quick_add import BETWEEN, WIRED, Offer, QuickAdd
from nnstudio.ui.canvas.scene import CanvasScene
from nnstudio.ui.canvas.sharing import Sharing
from nnstudio.ui.layer_list import LayerType
from nnstudio.ui.offered import Recent, fitting_first, name_of, type_for, types_for
from nnstudio.ui.session import Session
from nnstudio.ui.typed_layers import Said

#: How far behind a port the next node begins, and half of a node's width.
BESIDE, HALF = 96.0, 84.0


@dataclass(frozen=True)
class _Goal:
    """What the open offer is for."""

    at: QPointF = field(default_factory=QPointF)
    end: End | None = None
    wire: Wire | None = None
    replaced: tuple[str, ...] = ()
    behind: str = ""  # the selected node that it was opened behind


class Offering(Pointing):
    """A canvas to which layers are added by name. ``recent`` remembers which."""

    def __init__(self, canvas: CanvasScene, session: Session, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(canvas, session, editor, parent)
        self.recent = Recent()
        self.quick_add_box = QuickAdd(self)
        self.sharing = Sharing(self)
        self._goal = _Goal()
        self.quick_add_box.chosen.connect(self._take_chosen)
        self.quick_add_box.closed.connect(self.back_to_canvas)

    # -- offering -------------------------------------------------------------------------------------------------

    def add_layer(self, key: str) -> str:
        """Add a layer, or a block of the project: wired behind the one node that is selected where it fits there, else
        (and with Shift) in the middle of what is seen. Returns its id."""
        cls = self.type_of(key)
        if cls is None:
            self.session.notice.emit("warning", f"There is no layer type {key!r} that can be added here")
            return ""
        if cls.role == "shared":
            self.sharing.begin()
            return ""
        end = None if QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier else self._end_behind()
        network, resolution = self.session.network, self.canvas.resolution
        if end is not None and not fitting_port(cls, network, resolution, end):
            end = None
        at = self.seen().center()
        if end is not None:
            at = self.canvas.port_at(end.node, end.side, end.port) + QPointF(BESIDE + HALF, 0.0)
        ids = self.editor.add_chain([cls.make({})], at, end)
        if ids:
            self.recent.remember([cls.type_name()])
            self.reveal(self.canvas.content_rect(ids).adjusted(-20, -20, 20, 20))
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        return ids[0] if ids else ""

    def _end_behind(self) -> End | None:
        """The first output of the one node that is selected; None where there is none."""
        chosen = self.session.selection
        node = self.session.network.nodes.get(next(iter(chosen))) if len(chosen) == 1 else None
        output = next(iter(node.layer.outputs), "") if node is not None else ""
        return End(node.id, "outputs", output) if node is not None and output else None

    def quick_add(self) -> None:
        """Offer all layers where the pointer is, else in the middle; with one node selected, wired behind it."""
        chosen, marked = self.session.selection, self.canvas.marked_wires
        if len(chosen) == 1:
            self._offer_after(next(iter(chosen)))
        elif not chosen and len(marked) == 1:
            self.offer(self._beside_wire(next(iter(marked))), wire=next(iter(marked)))
        else:
            self.offer(self.pointer())

    def offer(self, at: QPoint, end: End | None = None, wire: Wire | None = None) -> None:
        """Offer layers at a point: all, those that a wire from ``end`` fits, or those that can stand in ``wire``."""
        types = self._types()
        title = "Add a layer"
        if wire is not None:
            title = "Insert a layer"
            resolution = self.canvas.resolution
            type = resolution.wire_type(wire) if resolution is not None else None
            types = [cls for cls in types if can_stand_in_wire(cls, type)]
        elif end is not None:
            name = self.session.network.nodes[end.node].name
            title = f"What {'follows' if end.side == 'outputs' else 'feeds'} {name}?"
            types = fitting_types(types, self.session.network, self.canvas.resolution, end)
        self._show(
            at, Offer(types, self._types(), title, ordered=self.recent.first), _Goal(self.mapToScene(at), end, wire)
        )

    def _offer_after(self, id: str) -> None:
        """Offer all layers beside a selected node; the one that is chosen is wired to it where it fits."""
        node = self.session.network.nodes[id]
        output = next(iter(node.layer.outputs), "")
        where = self.canvas.box_with_margin(id)
        beside = self.mapFromScene(where.topRight()) + QPoint(12, 0)
        if not self.viewport().rect().contains(beside):
            beside = self.pointer()
        if not output:
            self.offer(beside)
            return
        end = End(id, "outputs", output)
        goal = self.canvas.port_at(id, "outputs", output) + QPointF(BESIDE, 0.0)
        hint = f"Enter adds it after {node.name}, Shift+Enter on its own"
        if any(wire.output == output for wire in self.session.network.outgoing.get(id, ())):
            hint = f"Enter adds it after {node.name}, Ctrl+Enter before all that follows, Shift+Enter on its own"
        network, resolution = self.session.network, self.canvas.resolution

        def ordered(types: Sequence[LayerType]) -> list[LayerType]:
            return fitting_first(
                self.recent.first(types), lambda cls: bool(fitting_port(cls, network, resolution, end))
            )

        types = self._types()
        self._show(
            beside, Offer(ordered(types), types, "Add a layer", hint, ordered=ordered), _Goal(goal, end, behind=id)
        )

    def replace_selected(self) -> None:
        """Offer types to take the place of the selected nodes; those that keep all wires first."""
        ids = tuple(id for id in self.session.network.nodes if id in self.session.selection)
        if not ids:
            return
        names = self.session.network.nodes[ids[0]].name if len(ids) == 1 else f"{len(ids)} layers"
        where = self.canvas.box_with_margin(ids[0])
        at = self.mapFromScene(where.bottomLeft())
        if not self.viewport().rect().contains(at):
            at = self.pointer()

        def ordered(types: Sequence[LayerType]) -> list[LayerType]:
            return fitting_first(self.recent.first(types), lambda cls: self.editor.fits_place(cls, ids[0]))

        now = {self.session.network.nodes[id].layer.type_name() for id in ids}
        types = [cls for cls in ordered(self._types()) if now != {cls.type_name()}]
        hint = "Wires and parameters of the same name stay"
        self._show(at, Offer(types, types, f"Replace {names} by …", hint, True, ordered), _Goal(replaced=ids))

    def _show(self, at: QPoint, offer: Offer, goal: _Goal) -> None:
        self._goal = goal
        self.quick_add_box.offer(at, replace(offer, parameters=self.session.network.parameters))

    def _types(self) -> list[LayerType]:
        """All that can be added here."""
        return types_for(self.session.sheet.network, self.session.scope.block)

    def type_of(self, key: str) -> LayerType | None:
        """The type that is dragged or chosen under this key; None where it cannot be added here."""
        return type_for(key, self.session.sheet.network, self.session.scope.block)

    # -- taking ---------------------------------------------------------------------------------------------------

    def _take_chosen(self, layers: list[Layer], where: str) -> None:
        goal = self._goal
        if goal.behind and len(layers) == 1 and isinstance(layers[0], Shared) and self.editor.owner(goal.behind):
            self.sharing.begin()
        else:
            take = functools.partial(self._take, goal, where=where, said=self.quick_add_box.said)
            self.sharing.settle(layers, take, barred=goal.replaced)

    def use_again(self) -> None:
        """Add a node with the weights of the selected one, else of one that is chosen by its name."""
        self.sharing.begin()

    def _take(self, goal: _Goal, layers: list[Layer], where: str, said: Said) -> None:
        ids: list[str] = []
        self.recent.remember(name_of(layer) for layer in layers)
        wires = self._wires_behind(goal.end) if where == BETWEEN and goal.end is not None else []
        if goal.replaced:
            self.editor.replace(goal.replaced, layers[0], said)
        elif goal.wire is not None:
            ids = self.editor.insert_chain(layers, [goal.wire], goal.at, said)
        elif wires:
            ids = self.editor.insert_chain(layers, wires, goal.at, said)
        else:
            half = QPointF(HALF, 0.0)
            end = goal.end
            middle = goal.at if end is None else goal.at + half if end.side == "outputs" else goal.at - half
            ids = self.editor.add_chain(layers, middle, end if where == WIRED else None, said)
        if ids:
            self.reveal(self.canvas.content_rect(ids).adjusted(-20, -20, 20, 20))
        self.back_to_canvas()

    def _wires_behind(self, end: End) -> list[Wire]:
        return [wire for wire in self.session.network.outgoing.get(end.node, ()) if wire.output == end.port]

    def back_to_canvas(self) -> None:
        """Give the keyboard back to the canvas."""
        if self.isVisible():
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def pointer(self) -> QPoint:
        """Where the pointer is in the view; the middle where it is elsewhere."""
        at = self.viewport().mapFromGlobal(self.cursor().pos())
        return at if self.viewport().rect().contains(at) and self.underMouse() else self.viewport().rect().center()

    def _beside_wire(self, wire: Wire) -> QPoint:
        start = self.canvas.port_at(wire.source, "outputs", wire.output)
        end = self.canvas.port_at(wire.target, "inputs", wire.input)
        at = self.mapFromScene((start + end) / 2)
        return at if self.viewport().rect().contains(at) else self.pointer()
