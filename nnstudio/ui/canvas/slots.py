"""Slots: where the wires of a port for many end, one below the other in their order."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.graph import Network, Wire
from nnstudio.graph.changes import swapped
from nnstudio.graph.places import NODE_HEIGHT, PORT_PITCH, node_size
from nnstudio.layers import AnyLayer
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import wire_color

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

#: The distance of slots where there is room for it, and how much of the card's height stays free.
_PITCH, _FREE = 11.0, 14.0
_RADIUS = 3.4
#: Of more wires than this between the first and the last that changed, only those that came or went count.
_MANY = 400
#: From this scale on slots are painted, and their numbers.
_SEEN, _NUMBERED = 0.45, 0.8


def slot_offsets(layer: AnyLayer, count: int) -> Sequence[float]:
    """How far below the port each of so many slots is, from the first on."""
    if count < 2:
        return (0.0,) * count
    room = node_size(layer)[1] - _FREE if len(layer.inputs) == 1 else PORT_PITCH - 2.0
    return _spread(min(_PITCH, max(room, NODE_HEIGHT / 4) / (count - 1)), count)


@functools.lru_cache
def _spread(pitch: float, count: int) -> tuple[float, ...]:
    return tuple((place - (count - 1) / 2) * pitch for place in range(count))


def many_wires(network: Network, id: str) -> Mapping[str, Sequence[Wire]]:
    """The wires at each port for many of a node that has at least two, in their order."""
    node, wires = network.nodes.get(id), network.incoming.get(id, ())
    if node is None or len(wires) < 2:
        return {}
    found = {
        name: [wire for wire in wires if wire.input == name] for name, port in node.layer.inputs.items() if port.many
    }
    return {name: at for name, at in found.items() if len(at) > 1}


def changed_slots(old: Network, new: Network) -> set[str]:
    """Nodes with a port for many at which wires came, went or changed their order."""
    if old.wires is new.wires:
        return set()
    start = _alike(old.wires, new.wires)
    end = _alike(old.wires[: start - 1 if start else None : -1], new.wires[: start - 1 if start else None : -1])
    between = [wire for wires in (old.wires, new.wires) for wire in wires[start : len(wires) - end]]
    if len(between) > _MANY:  # far apart; the order of those between them stayed
        gone, came = swapped(old.wires, new.wires)
        between = [*gone, *came] or between
    touched = {wire.target for wire in between}
    nodes = new.nodes
    return {id for id in touched if id in nodes and any(port.many for port in nodes[id].layer.inputs.values())}


def _alike(first: tuple[Wire, ...], second: tuple[Wire, ...]) -> int:
    """With how many equal wires both begin. It halves what is left, since tuples are compared quickly."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Slots:
    """Where the slots of the scene's nodes are, and their painter."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._of: Network | None = None  # the network that what is kept is of
        self._kept: dict[str, dict[str, list[Wire]]] = {}

    def at(self, wire: Wire) -> QPointF:
        """Where a wire ends."""
        port = self._scene.port_at(wire.target, "inputs", wire.input)
        wires = many_wires(self._scene.network, wire.target).get(wire.input, ())
        if wire not in wires:
            return port
        layer = self._scene.network.nodes[wire.target].layer
        return port + QPointF(0.0, slot_offsets(layer, len(wires))[wires.index(wire)])

    def span(self, id: str, port: str) -> float:
        """How far above and below a port its slots reach."""
        wires = many_wires(self._scene.network, id).get(port, ())
        return slot_offsets(self._scene.network.nodes[id].layer, len(wires))[-1] if wires else 0.0

    def place(self, id: str, port: str, y: float) -> int:
        """The place at a port for many that is nearest to a height of the scene."""
        wires = many_wires(self._scene.network, id).get(port, ())
        heights = [abs(self.at(wire).y() - y) for wire in wires]
        return heights.index(min(heights)) if heights else 0

    def _shown(self, id: str) -> dict[str, list[Wire]]:
        """The wires at each port for many that has at least two, as they are shown: from the topmost down."""
        network = self._scene.network
        if self._of is not network:
            self._of, self._kept = network, {}
        if id not in self._kept:
            self._kept[id] = self._found(id)
        return self._kept[id]

    def _found(self, id: str) -> dict[str, list[Wire]]:
        scene, table = self._scene, self._scene.wires.table
        node = scene.network.nodes[id]
        if not any(port.many for port in node.layer.inputs.values()):
            return {}
        rows = table.rows_of(scene.network.incoming.get(id, ()))
        found: dict[str, list[Wire]] = {}
        for row in rows[np.argsort(table.into[rows], kind="stable")].tolist():
            wire = table.wires[row]
            if wire is not None and wire.input in node.layer.inputs and node.layer.inputs[wire.input].many:
                found.setdefault(wire.input, []).append(wire)
        return {name: wires for name, wires in found.items() if len(wires) > 1}

    def paint(self, painter: QPainter, id: str, scale: float) -> None:
        """The slots of a node, the painter in scene units, numbered where they can be read."""
        if scale < _SEEN:
            return
        shown = self._shown(id)
        if not shown:
            return
        scene, tokens = self._scene, theme.current()
        pen, chosen, ground, canvas = _colors(theme.look())
        for name, wires in shown.items():
            port = scene.port_at(id, "inputs", name)
            layer = scene.network.nodes[id].layer
            told = scale >= _NUMBERED and (id in scene.selection or any(w in scene.marked_wires for w in wires))
            ys = [port.y() + offset for offset in slot_offsets(layer, len(wires))]
            painter.setPen(Qt.PenStyle.NoPen)  # over the one port that stands for them
            painter.setBrush(ground)
            top, bottom = ys[0] - _RADIUS - 2.0, ys[-1] + _RADIUS + 2.0
            painter.drawRoundedRect(QRectF(port.x() - 6.0, top, 12.0, bottom - top), 6.0, 6.0)
            for place, (wire, y) in enumerate(zip(wires, ys, strict=True), 1):
                marked = wire in scene.marked_wires
                painter.setPen(chosen if marked else pen)
                painter.setBrush(chosen.color() if marked else canvas)
                painter.drawEllipse(QPointF(port.x(), y), _RADIUS, _RADIUS)
                if told:
                    painter.setFont(theme.sheet_font(9, 500))
                    painter.setPen(QColor(tokens.muted))
                    spot = QRectF(port.x() - 24.0, y - 7.0, 14.0, 14.0)
                    painter.drawText(spot, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(place))


@functools.lru_cache(maxsize=4)
def _colors(_look: object) -> tuple[QPen, QPen, QColor, QColor]:
    """The lines of slots and of marked ones, the ground under them, and the canvas."""
    tokens = theme.current()
    return QPen(wire_color(), 1.4), QPen(QColor(tokens.accent), 1.4), QColor(tokens.raised), QColor(tokens.canvas)
