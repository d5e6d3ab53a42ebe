"""Gestures at wires: drawing one, taking an end off and putting it elsewhere, bending, and cutting by a stroke."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QToolTip

from nnstudio.graph import Wire
from nnstudio.graph.places import snapped
from nnstudio.graph.view import Position
from nnstudio.ui import theme
from nnstudio.ui.canvas.fitting import End, fitting_ends, open_port, why_not
from nnstudio.ui.canvas.routing import curve, led
from nnstudio.ui.canvas.scene import Hit, Lit
from nnstudio.ui.canvas.tools import Modifiers, Tool

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

#: How near to a wire's end, in pixels, a drag takes that end off.
END_REACH = 26.0


class WireTool(Tool):
    """Draw a wire from a port. Only ports that fit light up; in the void it offers the layers that fit."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, at: QPoint, end: End) -> None:
        super().__init__(view, at)
        self.origin = end
        self.ends = fitting_ends(view.session.network, view.canvas.resolution, end)
        self.chosen: End | None = None
        self._told = ""
        view.canvas.set_lit(Lit(end, self.ends))

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        hit = self.view.hit(at)
        self.chosen = self.end_for(hit)
        self.view.canvas.set_lit(Lit(self.origin, self.ends, self.chosen))
        self._tell(hit)
        self.view.viewport().update()

    def end_for(self, hit: Hit) -> End | None:
        """Where the wire would end if it were dropped on what was hit."""
        if hit.end in self.ends:
            return hit.end
        if hit.end is not None and hit.end.side != self.origin.side and hit.end.node != self.origin.node:
            return None  # that port was meant, and it does not fit
        return open_port(self.view.session.network, self.ends, hit.node) if hit.node else None

    def _tell(self, hit: Hit) -> None:
        """Say beside the pointer why what is under it does not fit."""
        reason = ""
        if self.dragged and hit.node and self.chosen is None and hit.end != self.origin:
            reason = self._reason(hit)
        if reason != self._told:
            self._told = reason
            if reason:
                QToolTip.showText(self.view.viewport().mapToGlobal(self.at), reason, self.view.viewport())
            else:
                QToolTip.hideText()

    def _reason(self, hit: Hit) -> str:
        network, resolution = self.view.session.network, self.view.canvas.resolution
        if hit.end is not None:
            return why_not(network, resolution, self.origin, hit.end)
        side = "inputs" if self.origin.side == "outputs" else "outputs"
        ports = list(getattr(network.nodes[hit.node].layer, side))
        if not ports:
            return f"{network.nodes[hit.node].name} has no {side[:-1]}"
        return why_not(network, resolution, self.origin, End(hit.node, side, ports[0]))

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        hit = self.view.hit(at)
        chosen, reason = self.end_for(hit), ""
        if chosen is None and hit.node and hit.node != self.origin.node:
            reason = self._reason(hit)
        self.cancel()
        if not self.dragged:
            self.view.session.select([self.origin.node])
        elif chosen is not None:
            self.join(chosen)
        elif reason:
            self.view.session.notice.emit("info", reason)
        elif not hit.node:
            self.let_go(at)

    def join(self, chosen: End) -> None:
        """The wire was dropped on a port."""
        self.view.editor.connect(self.origin, chosen)

    def let_go(self, at: QPoint) -> None:
        """The wire was dropped on nothing."""
        self.view.offer(at, self.origin)

    def cancel(self) -> None:
        self.view.canvas.set_lit(None)
        if self._told:
            QToolTip.hideText()
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        canvas = self.view.canvas
        if self.origin.node not in canvas.places or not self.dragged:
            return
        start = canvas.port_at(self.origin.node, self.origin.side, self.origin.port)
        end = self.view.mapToScene(self.at)
        if self.chosen is not None and self.chosen.node in canvas.places:
            end = canvas.port_at(self.chosen.node, self.chosen.side, self.chosen.port)
        paint_pending(painter, start, end, forwards=self.origin.side == "outputs", firm=self.chosen is not None)
        if self.chosen is not None and self.view.scale_now() > 0.5:
            _paint_port_name(painter, end, self.chosen)


class DetachTool(WireTool):
    """Take one end of a wire off and put it on another port; dropped on nothing, the wire is gone.

    At a port for many it may be dropped on another place in the order. An end taken off an input may also be dropped
    on an output: that then feeds the input instead.
    """

    def __init__(self, view: CanvasView, at: QPoint, wire: Wire, side: str) -> None:
        """``side``: the one that is taken off, ``inputs`` or ``outputs``."""
        self.wire, self._side = wire, side
        source, target = End(wire.source, "outputs", wire.output), End(wire.target, "inputs", wire.input)
        fixed, self._loose = (source, target) if side == "inputs" else (target, source)
        super().__init__(view, at, fixed)
        self._others: frozenset[End] = frozenset()
        if side == "inputs":
            self._others = fitting_ends(view.session.network, view.canvas.resolution, target)
        view.canvas.mark_wires([wire])

    def end_for(self, hit: Hit) -> End | None:
        if hit.end == self._loose:
            return self._loose
        if hit.end in self._others:
            return hit.end
        found = super().end_for(hit)
        if found is None and hit.node and hit.node not in (self.wire.source, self.wire.target):
            return open_port(self.view.session.network, self._others, hit.node)
        return found

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        moved = (at - self.start).manhattanLength() >= 4
        if moved:
            super().release(at, modifiers)
            return
        self.cancel()
        self.view.session.select(())
        self.view.canvas.mark_wires([self.wire])

    def join(self, chosen: End) -> None:
        wire = self.wire
        if chosen == self._loose:
            if chosen.side == "inputs":
                place = self.view.canvas.slots.place(chosen.node, chosen.port, self.view.mapToScene(self.at).y())
                self.view.editor.put_at(wire, place)
            return
        if chosen.side == "inputs":
            new = Wire(wire.source, wire.output, chosen.node, chosen.port)
        else:
            new = Wire(chosen.node, chosen.port, wire.target, wire.input)
        self.view.editor.reconnect(wire, new)

    def let_go(self, at: QPoint) -> None:
        self.view.editor.disconnect([self.wire])

    def paint(self, painter: QPainter) -> None:
        if self.chosen is not None and self.chosen.side == self.origin.side and self.dragged:
            canvas = self.view.canvas  # another output for the same input
            start = canvas.port_at(self.chosen.node, self.chosen.side, self.chosen.port)
            end = canvas.port_at(self._loose.node, self._loose.side, self._loose.port)
            paint_pending(painter, start, end, forwards=True, firm=True)
        else:
            super().paint(painter)


class BendTool(Tool):
    """Lead a wire through a point: one that it has, or a new one where it was pressed. A click selects the wire."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, view: CanvasView, at: QPoint, wire: Wire, index: int = -1) -> None:
        """``index``: which of the wire's points; -1 for a new one."""
        super().__init__(view, at)
        self._wire, self._index = wire, index
        self._points = list(view.session.view.routes.get(wire, ()))

    def _now(self) -> list[Position]:
        at = self.view.mapToScene(self.at)
        if self._index < 0:
            return self.view.editor.bent(self._wire, self.view.mapToScene(self.start), at)
        points = list(self._points)
        points[self._index] = snapped((at.x(), at.y()))
        return points

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        if self.dragged:
            self.view.viewport().update()

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        if self.dragged and self._wire in self.view.session.network.wires:
            self.view.editor.lead(self._wire, self._now())
        self.view.viewport().update()

    def cancel(self) -> None:
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        wire, canvas = self._wire, self.view.canvas
        if not self.dragged or wire.source not in canvas.places or wire.target not in canvas.places:
            return
        start = canvas.port_at(wire.source, "outputs", wire.output)
        end = canvas.slots.at(wire)
        points = self._now()
        _paint_path(painter, led((start.x(), start.y()), points, (end.x(), end.y())).path, firm=False)
        paint_points(painter, points)


class CutTool(Tool):
    """Cut all wires that a stroke crosses."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, at: QPoint) -> None:
        super().__init__(view, at)
        self._stroke = [view.mapToScene(at)]
        self._cut: set[Wire] = set()

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        point = self.view.mapToScene(at)
        before = self._stroke[-1]
        self._cut.update(self.view.canvas.wires.crossed((before.x(), before.y()), (point.x(), point.y())))
        self._stroke.append(point)
        self.view.canvas.mark_wires(self._cut)
        self.view.viewport().update()

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        self.move(at, modifiers)
        cut = [wire for wire in self.view.session.network.wires if wire in self._cut]
        self.cancel()
        if cut:
            self.view.editor.disconnect(cut, "Cut wires" if len(cut) > 1 else "Cut wire")

    def cancel(self) -> None:
        self.view.canvas.mark_wires(())
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        pen = QPen(QColor(theme.current().problem), 1.6, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        painter.drawPolyline(self._stroke)


def end_near(view: CanvasView, wire: Wire, at: QPoint) -> str:
    """Which end of a wire is near a point of the view: ``inputs``, ``outputs`` or "" for neither."""
    ends = (("inputs", wire.target, wire.input), ("outputs", wire.source, wire.output))
    spots = {side: view.mapFromScene(view.canvas.port_at(id, side, port)) for side, id, port in ends}
    length = (spots["inputs"] - spots["outputs"]).manhattanLength()
    reach = min(END_REACH, length / 4)
    for side, spot in spots.items():
        away = at - spot
        if math.hypot(away.x(), away.y()) <= reach:
            return side
    return ""


def paint_pending(painter: QPainter, start: QPointF, end: QPointF, *, forwards: bool, firm: bool) -> None:
    """A wire that is not one yet."""
    a, b = (start, end) if forwards else (end, start)
    _paint_path(painter, curve((a.x(), a.y()), (b.x(), b.y())).path, firm=firm)


def _paint_path(painter: QPainter, path: QPainterPath, *, firm: bool) -> None:
    pen = QPen(QColor(theme.current().accent), 2.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    if not firm:
        pen.setDashPattern([3.0, 3.0])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


def paint_points(painter: QPainter, points: list[Position], held: int = -1) -> None:
    """The points through which a wire is led, as handles; the one that is held is filled."""
    tokens = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.accent), 1.6))
    for place, (x, y) in enumerate(points):
        painter.setBrush(QColor(tokens.accent if place == held else tokens.canvas))
        painter.drawEllipse(QPointF(x, y), 4.5, 4.5)


def _paint_port_name(painter: QPainter, at: QPointF, end: End) -> None:
    """The name of the port that the wire would end at, beside it."""
    tokens = theme.current()
    painter.setFont(theme.sheet_font(11, 500))
    width = painter.fontMetrics().horizontalAdvance(end.port) + 14.0
    left = at.x() - width - 12 if end.side == "inputs" else at.x() + 12
    rect = QRectF(left, at.y() - 25, width, 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.accent))
    painter.drawRoundedRect(rect, 9, 9)
    painter.setPen(theme.on_accent(tokens))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, end.port)
