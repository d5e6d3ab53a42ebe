"""The points through which a wire is led, by keys: made in its middle, reached one after the other, moved, removed."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF

from nnstudio.graph import Wire
from nnstudio.graph.view import Position
from nnstudio.ui.announce import describe

if TYPE_CHECKING:
    from nnstudio.ui.canvas.keys import Keyed


class WirePoints:
    """The points of the one wire that is marked, one of which may be held: keys then mean it, not the wire."""

    def __init__(self, view: Keyed) -> None:
        self._view = view
        self._held: tuple[Wire, int] | None = None

    @property
    def held(self) -> tuple[Wire, int] | None:
        """The wire and which of its points keys mean; None where they mean the wire or something else."""
        if self._held is not None and (self._held[0] != self._wire() or self._held[1] >= len(self._of(self._held[0]))):
            self._held = None
        return self._held

    def _wire(self) -> Wire | None:
        marked = self._view.canvas.marked_wires
        return next(iter(marked)) if len(marked) == 1 and not self._view.session.selection else None

    def _of(self, wire: Wire) -> tuple[Position, ...]:
        return self._view.session.view.routes.get(wire, ())

    def middle(self, wire: Wire) -> QPointF:
        """The middle of a wire; of one that is led through points, that of its longest stretch."""
        scene = self._view.canvas
        points = self._of(wire)
        if not points:
            return scene.wires.route(scene.wires.table.rows[wire]).path.pointAtPercent(0.5)
        start = scene.port_at(wire.source, "outputs", wire.output)
        end = scene.port_at(wire.target, "inputs", wire.input)
        way = [(start.x(), start.y()), *points, (end.x(), end.y())]
        (x1, y1), (x2, y2) = max(pairwise(way), key=lambda pair: math.dist(*pair))
        return QPointF((x1 + x2) / 2, (y1 + y2) / 2)

    def bend(self, wire: Wire | None = None, at: QPointF | None = None) -> None:
        """Lead a wire (the marked one) through one more point (in its middle), and hold that."""
        wire = wire or self._wire()
        if wire is None:
            return
        at = at or self.middle(wire)
        self._view.editor.bend_at(wire, at)
        points = self._of(wire)
        nearest = min(range(len(points)), key=lambda each: math.dist(points[each], (at.x(), at.y())), default=-1)
        self._hold(wire, nearest)

    def next(self, by: int = 1) -> None:
        """Hold the next point of the marked wire; where it has none, a notice says how to make one."""
        wire, held = self._wire(), self.held
        if wire is None:
            return
        points = self._of(wire)
        if points:
            self._hold(wire, (held[1] + by) % len(points) if held is not None else 0)
        else:
            self._view.session.notice.emit("info", "This wire is led through no point yet; Shift+P bends it")

    def _hold(self, wire: Wire, index: int) -> None:
        if index < 0:
            return
        self._held = wire, index
        nodes, points = self._view.session.network.nodes, self._of(wire)
        way = f"from {nodes[wire.source].name} to {nodes[wire.target].name}"
        describe(self._view, f"point {index + 1} of {len(points)} of the wire {way}, selected")
        x, y = points[index]
        self._view.reveal(_around(x, y))
        self._view.viewport().update()

    def move(self, dx: float, dy: float) -> None:
        """Move the point that is held; steps in a row are one undo."""
        if self.held is not None:
            wire, index = self.held
            points = list(self._of(wire))
            points[index] = points[index][0] + dx, points[index][1] + dy
            self._view.editor.lead(wire, points, "Move bend", ("bend", wire, index))
            self._view.reveal(_around(*points[index]))

    def remove(self) -> bool:
        """Take the point that is held away. False where none is."""
        if self.held is None:
            return False
        wire, index = self.held
        self._held = None
        self._view.editor.unbend(wire, index)
        self._view.tell_wire(wire)
        return True

    def leave(self) -> bool:
        """Have keys mean the wire again. False where they did."""
        if self.held is None:
            return False
        wire, self._held = self.held[0], None
        self._view.tell_wire(wire)
        self._view.viewport().update()
        return True


def _around(x: float, y: float) -> QRectF:
    return QRectF(x - 20.0, y - 20.0, 40.0, 40.0)
