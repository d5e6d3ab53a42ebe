"""Layers come onto the canvas: where they stand, what they are wired to, and what makes room for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import QPointF

from nnstudio.graph import Network, Wire, edits
from nnstudio.graph.arrange import COLUMN
from nnstudio.graph.framing import housed
from nnstudio.graph.parameters import set_expressions
from nnstudio.graph.places import GRID, box_of, node_size, snapped
from nnstudio.graph.standins import bound, can_be_shared, shared_owner
from nnstudio.graph.view import Position, View, ViewEdit, place
from nnstudio.layers import AnyLayer, Layer
from nnstudio.layers.blocks import Shared
from nnstudio.layers.io import Input
from nnstudio.project.library import Brought, LibraryError, bring_all
from nnstudio.ui.canvas.fitting import End, fitting_port, port_between
from nnstudio.ui.offered import name_of
from nnstudio.ui.parts import capital
from nnstudio.ui.typed_layers import Said

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene
    from nnstudio.ui.session import Session


class Adding:
    """Edits that bring new layers, each one undoable step."""

    def __init__(self, session: Session, scene: CanvasScene) -> None:
        self._session = session
        self._scene = scene

    def add_chain(self, layers: Sequence[Layer], at: QPointF, end: End | None = None, said: Said = ()) -> list[str]:
        """Place layers in a row that begins (ends, where they feed ``end``) at a point, each wired to the one before.

        The nearest to ``end`` is wired to it where it fits. The last one is selected. ``said``: the expressions of
        each. Returns their ids, [] for none.
        """
        layers, brought = self._brought([self._bound(layer) for layer in layers])
        ids = [edits.new_id() for _ in layers]
        steps = [brought.edit] if brought is not None else []
        network = self._session.network
        steps += [edits.add(layer, id=id, name=_called(layer, network)) for layer, id in zip(layers, ids, strict=True)]
        steps += [*_joined_in_a_row(layers, ids), set_expressions(ids, said)]
        backwards = end is not None and end.side == "inputs"
        if end is not None:
            nearest = -1 if backwards else 0
            port = fitting_port(layers[nearest], self._scene.network, self._scene.resolution, end)
            if port:
                steps.append(_joined(end, ids[nearest], port))
        places = self._row(layers, ids, at, backwards=backwards)
        whole = brought.view if brought is not None else None
        if not layers or not self._session.do(
            _label("Add", layers), edits.chain(*steps), view=self.placing(places), whole=whole
        ):
            return []
        self._session.select([ids[0] if backwards else ids[-1]])
        return ids

    def _row(
        self, layers: Sequence[AnyLayer], ids: Sequence[str], at: QPointF, *, backwards: bool
    ) -> dict[str, Position]:
        """Where each of a row stands: as near to its column as there is room."""
        first = at.x() - (COLUMN * (len(ids) - 1) if backwards else 0.0)
        places: dict[str, Position] = {}
        height = at.y()
        for number, (id, layer) in enumerate(zip(ids, layers, strict=True)):
            x, y = self._scene.nodes.free((first + COLUMN * number, height), node_size(layer), margin=12.0)
            height = y  # the others follow in the same row
            places[id] = (x, y)
        return places

    def insert_chain(self, layers: Sequence[Layer], wires: Sequence[Wire], at: QPointF, said: Said = ()) -> list[str]:
        """Put layers, each wired to the one before, into wires that begin at the same port; ``said``: the expressions
        of each. Returns their ids."""
        layers, brought = self._brought([self._bound(layer) for layer in layers])
        ids = [edits.new_id() for _ in layers]
        unfit = next((layer for layer in layers if not layer.inputs or not layer.outputs), None)
        if unfit is not None:
            sentence = f"{unfit.type_name()} has no input and output, so it cannot stand in a wire"
            self._session.notice.emit("warning", sentence)
            return []
        if not layers:
            return []
        places = self._room_for(wires[0], layers, ids, (at.x(), at.y()))
        edit, whole = edits.chain(_into_wires(layers, ids, wires), set_expressions(ids, said)), None
        if brought is not None:
            edit, whole = edits.chain(brought.edit, edit), brought.view
        if not self._session.do(_label("Insert", layers), edit, view=self.placing(places), whole=whole):
            return []
        self._session.select([ids[-1]])
        return ids

    def insert_existing(self, id: str, wire: Wire, at: Position) -> bool:
        """Put a node that has no wires into a wire at a point."""
        layer = self._session.network.nodes[id].layer
        places = self._room_for(wire, [layer], [id], at)
        label = f"Insert {self._session.network.nodes[id].name}"
        return self._session.do(label, _into_wires([layer], [id], [wire], new=False), view=self.placing(places))

    def shareable(self) -> list[str]:
        """Ids of the nodes whose weights another node can use."""
        return [node.id for node in self._session.network.nodes.values() if can_be_shared(node)]

    def owner(self, id: str) -> str:
        """The node whose weights a node is run with: itself, or what it shares; "" where no other can use them."""
        node = shared_owner(self._session.network, id)
        return node.id if node is not None and can_be_shared(node) else ""

    def sharing(self, id: str) -> Layer:
        """A layer that runs a node's weights once more, with its ports."""
        network = self._session.network
        return cast(Layer, bound(Shared(of=id), network, self._session.sheet.network.blocks))

    def share(self, id: str) -> str:
        """Put a node that uses this one's weights below it, and select it. Returns its id; "" for none."""
        name, (x, y) = self._session.network.nodes[id].name, self._scene.places[id]
        layer, new = self.sharing(id), edits.new_id()
        below = y + node_size(layer)[1] + 2 * GRID
        at = {new: self._scene.nodes.free((x, below), node_size(layer), margin=12.0)}
        add = edits.add(layer, id=new, name=_called(layer, self._session.network))
        if not self._session.do(f"Use {name} again", add, view=self.placing(at)):
            return ""
        self._session.select([new])
        return new

    @property
    def places(self) -> Mapping[str, Position]:
        """Where the nodes stand."""
        return self._scene.places

    def _bound(self, layer: Layer) -> Layer:
        """An input without a field brings in the first field of the data that no input brings in yet."""
        if not isinstance(layer, Input) or layer.field or layer.shape:
            return layer
        used = {getattr(node.layer, "field", "") for node in self._session.network.of_role("input")}
        return layer.with_(field=next((name for name in self._session.fields if name not in used), ""))

    def _brought(self, layers: Sequence[Layer]) -> tuple[list[Layer], Brought | None]:
        """The layers with what of the library they bring; none, and a notice, where one is no longer there."""
        try:
            return bring_all(layers, self._session.sheet.network)
        except LibraryError as error:
            self._session.notice.emit("warning", capital(str(error)))
            return [], None

    def _room_for(
        self, wire: Wire, layers: Sequence[AnyLayer], ids: Sequence[str], wanted: Position
    ) -> dict[str, Position]:
        """Where inserted layers and the nodes that make room for them stand."""
        places, many = self._scene.places, len(ids)
        source, target = places[wire.source], places[wire.target]
        level = abs(source[1] - target[1]) < 40.0 and target[0] > source[0]
        if not level:
            at = QPointF(*wanted)
            return self._row(layers, ids, at, backwards=False)
        tight = target[0] - source[0] < (many + 1) * COLUMN
        x = max(min(wanted[0], target[0]), source[0] + COLUMN) if tight else wanted[0]
        first = snapped((x, source[1] if abs(source[1] - wanted[1]) < 60 else wanted[1]))
        push = max(0.0, first[0] + many * COLUMN - target[0])
        behind = self._session.network.reached(wire.target, self._level_with(target) if push else ())
        moved = {id: (places[id][0] + push, places[id][1]) for id in behind}
        return {**{id: (first[0] + COLUMN * place, first[1]) for place, id in enumerate(ids)}, **moved}

    def _level_with(self, at: Position) -> list[str]:
        """Nodes that stand about level with a point, or right of it."""
        table, places = self._scene.table, self._scene.places
        near = (table.x >= at[0] - 1) & (np.abs(table.y - at[1]) < 100.0)
        near |= table.folded >= 0  # these are shown elsewhere
        ids = (table.ids[row] for row in np.flatnonzero(near & (table.x == table.x)).tolist())
        return [id for id in ids if places[id][0] >= at[0] - 1 and abs(places[id][1] - at[1]) < 100.0]

    def placing(self, places: Mapping[str, Position]) -> ViewEdit:
        """Put nodes there; nodes that had no place of their own keep where they are shown, and new nodes that come to
        stand within a frame join it."""
        nodes, shown, standing = self._session.network.nodes, self._scene.places, self._scene.standing

        def edit(view: View) -> View:
            pinned = {id: shown[id] for id in standing.derived if id in nodes and id not in view.positions}
            view = place({**pinned, **places})(view)
            new = {id: at for id, at in places.items() if id not in shown}
            if not view.frames or not new:
                return view
            members = frozenset[str]().union(*(frame.members for frame in view.frames.values())) & shown.keys()
            boxes = {id: box_of(view.positions[id], node_size(nodes[id].layer)) for id in members}
            return housed(new, boxes)(view)

        return edit


def _label(word: str, layers: Sequence[AnyLayer]) -> str:
    if len(layers) == 1:
        return f"{word} {name_of(layers[0])}"
    return f"{word} {len(layers)} layers"


def _called(layer: AnyLayer, network: Network) -> str:
    """The name that a new node is given; "" where its type says that."""
    owner = network.nodes.get(layer.of) if isinstance(layer, Shared) else None
    return f"{owner.name}_again" if owner is not None else ""


def _joined(end: End, id: str, port: str) -> edits.Edit:
    if end.side == "outputs":
        return edits.connect(end.node, end.port, id, port)
    return edits.connect(id, port, end.node, end.port)


def _joined_in_a_row(layers: Sequence[AnyLayer], ids: Sequence[str]) -> list[edits.Edit]:
    made = []
    for number in range(len(layers) - 1):
        ports = port_between(layers[number], layers[number + 1])
        if ports is not None:
            made.append(edits.connect(ids[number], ports[0], ids[number + 1], ports[1]))
    return made


def _into_wires(
    layers: Sequence[AnyLayer], ids: Sequence[str], wires: Sequence[Wire], *, new: bool = True
) -> edits.Edit:
    """The first layer is fed by what fed the wires; the last one feeds all that they fed."""

    def edit(network: Network) -> Network:
        for wire in wires:
            if not network.has(wire):
                raise edits.EditError("that wire is no longer there")
        for layer, id in zip(layers, ids, strict=True) if new else ():
            network = edits.add(layer, id=id, name=_called(layer, network))(network)
        source, output = wires[0].source, wires[0].output
        feed = Wire(source, output, ids[0], next(iter(layers[0].inputs)))
        last, port = ids[-1], next(iter(layers[-1].outputs))
        moved = {wire: (wire._replace(source=last, output=port),) for wire in wires}
        first = wires[0]  # places decide the order at a port for many
        network = network.with_wires({**moved, first: (feed, *moved[first])})
        return edits.chain(*_joined_in_a_row(layers, ids))(network)

    return edit
