"""All wires of the canvas in one item: routed, found and painted by area, with the tensor types in pills."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnstudio.graph import Wire
from nnstudio.graph.places import Box, Occupied
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import wire_color
from nnstudio.ui.canvas.routing import Ends, Route, Router

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

#: Below this scale wires are thin lines without pills.
PILL_SCALE = 0.6
_PILL_HEIGHT = 18.0
#: The lines of the overview are gathered in squares of this size.
_CHUNK = 2048.0


class WireLayer(QGraphicsItem):
    """Paints the scene's wires below the nodes. Wires follow the nodes when :meth:`reroute` is called for them."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__()
        self._canvas = scene
        self.routes: dict[Wire, Route] = {}
        self._router = Router(scene.nodes)
        self._found: Occupied[Wire] = Occupied(cell=1024.0)
        self._pills: dict[tuple[str, str], tuple[Wire, QRectF, str] | None] = {}
        self._pill_room: Occupied[tuple[str, str]] = Occupied()
        self._chunks: dict[tuple[int, int], tuple[set[Wire], list[QLineF] | None]] = {}
        self._bounds = QRectF()
        self.setZValue(-10)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    # -- content --------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Take all wires away."""
        self.remove(list(self.routes))
        self._router.clear()

    def reroute(self, wires: Iterable[Wire]) -> None:
        """Work out the ways of these wires, new or known, from where the nodes stand now."""
        for wire in wires:
            ends = self._ends(wire)
            if ends is None:
                self.remove([wire])
                continue
            route = self._router.route(wire, ends)
            self._drop(wire)
            self.routes[wire] = route
            self._found.add_box(wire, route.box)
            members, _ = self._chunks.get(self._chunk(route), (set(), None))
            members.add(wire)
            self._chunks[self._chunk(route)] = (members, None)
            self._grow(route.box)
            self._touch(route.box)
        self.forget_pills()

    def remove(self, wires: Iterable[Wire]) -> None:
        """Take wires away; those that are not there are passed over."""
        for wire in wires:
            self._router.forget(wire)
            self._drop(wire)
        self.forget_pills()

    def forget_pills(self) -> None:
        """Place the labels anew when they are next painted."""
        for pill in self._pills.values():
            if pill is not None:
                self.update(pill[1].adjusted(-2, -2, 2, 2))
        self._pills.clear()
        self._pill_room = Occupied()

    def _drop(self, wire: Wire) -> None:
        route = self.routes.pop(wire, None)
        if route is None:
            return
        self._found.remove(wire)
        members, _ = self._chunks[self._chunk(route)]
        members.discard(wire)
        self._chunks[self._chunk(route)] = (members, None)
        self._touch(route.box)

    @staticmethod
    def _chunk(route: Route) -> tuple[int, int]:
        return int(route.points[0][0] // _CHUNK), int(route.points[0][1] // _CHUNK)

    def _grow(self, box: Box) -> None:
        rect = QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3])).adjusted(-40, -12, 40, 12)
        if not self._bounds.contains(rect):
            self.prepareGeometryChange()
            self._bounds = self._bounds.united(rect)

    def _touch(self, box: Box) -> None:
        self.update(QRectF(QPointF(box[0] - 4, box[1] - 4), QPointF(box[2] + 4, box[3] + 4)))

    def _ends(self, wire: Wire) -> Ends | None:
        scene = self._canvas
        source, target = scene.items_by_id.get(wire.source), scene.items_by_id.get(wire.target)
        if source is None or target is None:
            return None
        start = scene.port_at(wire.source, "outputs", wire.output)
        end = scene.port_at(wire.target, "inputs", wire.input)
        ports = target.face.inputs
        rank = ports.index(wire.input) if wire.input in ports else 0
        stagger = (rank, max(len(ports) - 1 - rank, 0))
        return Ends(
            wire.source, wire.target, (start.x(), start.y()), (end.x(), end.y()), (wire.source, wire.output), stagger
        )

    # -- finding --------------------------------------------------------------------------------------------------

    def near(self, box: Box) -> Iterator[Wire]:
        """Wires whose surroundings overlap ``box``, each once, in no order."""
        return iter(set(self._found.hits(box)))

    def at(self, x: float, y: float, reach: float) -> Wire | None:
        """The wire nearest to a point, at most ``reach`` away."""
        best, found = reach, None
        for wire in self.near((x - reach, y - reach, x + reach, y + reach)):
            distance = self.routes[wire].distance(x, y)
            if distance <= best:
                best, found = distance, wire
        for pill in self._pills.values():
            if found is None and pill is not None and pill[1].contains(x, y):
                return pill[0]
        return found

    def pill_of(self, source: str, output: str) -> QRectF | None:
        """Where the tensor type of this output port is written; None where there is no room (or not painted yet)."""
        pill = self._pills.get((source, output))
        return pill[1] if pill is not None else None

    # -- painting -------------------------------------------------------------------------------------------------

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        area = option.exposedRect
        scale = painter.worldTransform().m11()
        box = (area.left() - 2, area.top() - 2, area.right() + 2, area.bottom() + 2)
        scene = self._canvas
        visible = sorted(self.near(box), key=lambda wire: (wire in scene.marked_wires, scene.rank_of(wire)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, scale >= 0.35)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        plain = wire_color()
        faded = 0.35 if scene.lit is not None else 1.0
        painter.setOpacity(faded)
        for wire in visible:
            color, width = self._pen_of(wire, plain)
            pen = QPen(color, max(width, 1.35 / scale))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPath(self.routes[wire].path)
        if scale >= PILL_SCALE:
            self._paint_pills(painter, visible, area)
        painter.setOpacity(1.0)

    def _pen_of(self, wire: Wire, plain: QColor) -> tuple[QColor, float]:
        scene, tokens = self._canvas, theme.current()
        if wire in scene.marked_wires:
            return QColor(tokens.accent), 2.4
        if wire == scene.hovered_wire:
            return QColor(tokens.muted), 2.2
        if wire in scene.bad_wires:
            return QColor(tokens.problem), 1.8
        return plain, 1.7

    def _paint_pills(self, painter: QPainter, visible: list[Wire], area: QRectF) -> None:
        tokens = theme.current()
        font = theme.sheet_font(10, mono=True)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for wire in sorted(visible, key=self._canvas.rank_of):
            key = (wire.source, wire.output)
            if key not in self._pills:
                self._pills[key] = self._placed(wire, metrics)
        for pill in self._pills.values():
            if pill is None or not pill[1].intersects(area):
                continue
            _, rect, text = pill
            painter.setPen(QPen(QColor(tokens.line), 1.0))
            painter.setBrush(QColor(tokens.panel))
            painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _placed(self, first: Wire, metrics: QFontMetricsF) -> tuple[Wire, QRectF, str] | None:
        """A place for the label of an output port: on one of its wires, free of nodes and of other labels."""
        text = self._canvas.type_text(first)
        if not text:
            return None
        width = metrics.horizontalAdvance(text) + 16.0
        for wire in self._canvas.network.outgoing.get(first.source, ()):
            route = self.routes.get(wire)
            if wire.output != first.output or route is None:
                continue
            for x, y in route.anchors:
                box = (x - width / 2, y - _PILL_HEIGHT / 2, x + width / 2, y + _PILL_HEIGHT / 2)
                roomy = (box[0] - 6.0, box[1] - 2.0, box[2] + 6.0, box[3] + 2.0)
                if not self._canvas.nodes.any(roomy) and not self._pill_room.any(roomy):
                    self._pill_room.add_box((first.source, first.output), box)
                    return wire, QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3])), text
        return None

    def overview(self, area: QRectF) -> Iterator[list[QLineF]]:
        """Straight lines for a small scale, in chunks that can overlap ``area``; long wires are in their first."""
        for key, (members, lines) in self._chunks.items():
            if lines is None:
                lines = [line for wire in members for line in _lines(self.routes[wire])]
                self._chunks[key] = (members, lines)
            if lines:
                yield lines


def _lines(route: Route) -> list[QLineF]:
    points = (route.points[0], route.points[-1]) if route.straight else route.points
    return [QLineF(*a, *b) for a, b in itertools.pairwise(points)]
