"""What the mouse does on the canvas between press and release: one small class for each gesture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from nnstudio.graph.places import GRID
from nnstudio.graph.view import Position
from nnstudio.ui import theme
from nnstudio.ui.canvas.fitting import End, fitting_ends, open_port
from nnstudio.ui.canvas.routing import curve
from nnstudio.ui.canvas.scene import Lit

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

Modifiers = Qt.KeyboardModifier
#: How far the pointer goes before a press becomes a drag, in pixels.
DRAG_DISTANCE = 4


class Tool:
    """A gesture in progress. ``at`` is in the view's pixels. What it paints is in scene units, over everything."""

    cursor: Qt.CursorShape | None = None

    def __init__(self, view: CanvasView, at: QPoint) -> None:
        self.view = view
        self.start = at
        self.at = at

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        """The pointer went on."""
        self.at = at

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        """The button was released: do what the gesture means."""

    def cancel(self) -> None:
        """Leave everything as it was."""

    def paint(self, painter: QPainter) -> None:
        """Paint what the gesture shows."""

    @property
    def dragged(self) -> bool:
        """Whether the pointer has gone far enough to mean it."""
        return (self.at - self.start).manhattanLength() >= DRAG_DISTANCE


class PanTool(Tool):
    """Move the sheet with the hand."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        step = at - self.at
        super().move(at, modifiers)
        self.view.pan(step.x(), step.y())


class MoveTool(Tool):
    """Move the selected nodes; a click without moving selects the one that was pressed."""

    def __init__(self, view: CanvasView, at: QPoint, node: str, *, alone: bool) -> None:
        super().__init__(view, at)
        self._node, self._alone = node, alone
        self._from: dict[str, Position] = {}
        self._shift: Position = (0.0, 0.0)

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        scene = self.view.canvas
        if not self._from:
            if not self.dragged:
                return
            self._from = {id: scene.places[id] for id in self.view.session.selection if id in scene.places}
            if self._node not in self._from:
                self._from = {}
                return
        delta = self.view.mapToScene(at) - self.view.mapToScene(self.start)
        x0, y0 = self._from[self._node]
        x, y = x0 + delta.x(), y0 + delta.y()
        if not modifiers & Qt.KeyboardModifier.AltModifier:
            x, y = round(x / GRID) * GRID, round(y / GRID) * GRID
        shift = (x - x0, y - y0)
        if shift != self._shift:
            self._shift = shift
            scene.show_at(self._places())

    def _places(self) -> dict[str, Position]:
        dx, dy = self._shift
        return {id: (x + dx, y + dy) for id, (x, y) in self._from.items() if id in self.view.canvas.places}

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        if self._from and self._shift != (0.0, 0.0):
            self.view.editor.move(self._places())
            self.view.canvas.settle()
        elif self._alone and not self.dragged:
            self.view.session.select([self._node])

    def cancel(self) -> None:
        if self._from:
            self.view.canvas.settle()


class RubberTool(Tool):
    """Select what a rectangle touches; with Shift or Ctrl, in addition to what is selected."""

    def __init__(self, view: CanvasView, at: QPoint, *, adding: bool) -> None:
        super().__init__(view, at)
        self._kept = view.session.selection if adding else frozenset()
        self._origin = view.mapToScene(at)

    def rect(self) -> QRectF:
        """The rectangle, in the scene."""
        return QRectF(self._origin, self.view.mapToScene(self.at)).normalized()

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        if self.dragged:
            self.view.session.select(self._kept | self.view.canvas.inside(self.rect()))
            self.view.viewport().update()

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        if not self.dragged and not self._kept:
            self.view.session.select(())
        self.view.viewport().update()

    def cancel(self) -> None:
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        if not self.dragged:
            return
        accent = QColor(theme.current().accent)
        pen = QPen(accent, 1.0)
        pen.setCosmetic(True)
        painter.setPen(pen)
        accent.setAlphaF(0.12)
        painter.setBrush(accent)
        painter.drawRect(self.rect())


class WireTool(Tool):
    """Draw a wire from a port. Only ports that fit light up; in the void it offers the layers that fit."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, at: QPoint, end: End) -> None:
        super().__init__(view, at)
        self.origin = end
        self.ends = fitting_ends(view.session.network, view.canvas.resolution, end)
        self.chosen: End | None = None
        view.canvas.set_lit(Lit(end, self.ends))

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        self.chosen = self._end_at(at)
        self.view.canvas.set_lit(Lit(self.origin, self.ends, self.chosen))
        self.view.viewport().update()

    def _end_at(self, at: QPoint) -> End | None:
        canvas = self.view.canvas
        hit = canvas.hit(self.view.mapToScene(at), self.view.scale_now())
        if hit.end in self.ends:
            return hit.end
        return open_port(self.view.session.network, self.ends, hit.node) if hit.node else None

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        chosen = self._end_at(at)
        hit = self.view.canvas.hit(self.view.mapToScene(at), self.view.scale_now())
        self.cancel()
        if not self.dragged:
            self.view.session.select([self.origin.node])
        elif chosen is not None:
            self.view.editor.connect(self.origin, chosen)
        elif hit.node and hit.node != self.origin.node:
            names = self.view.session.network.nodes
            self.view.session.notice.emit(
                "info", f"{names[hit.node].name} has no port that a wire from {names[self.origin.node].name} fits"
            )
        elif not hit.node:
            self.view.offer(at, self.origin)

    def cancel(self) -> None:
        self.view.canvas.set_lit(None)
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        canvas = self.view.canvas
        if self.origin.node not in canvas.items_by_id or not self.dragged:
            return
        start = canvas.port_at(self.origin.node, self.origin.side, self.origin.port)
        end = self.view.mapToScene(self.at)
        if self.chosen is not None and self.chosen.node in canvas.items_by_id:
            end = canvas.port_at(self.chosen.node, self.chosen.side, self.chosen.port)
        paint_pending(painter, start, end, forwards=self.origin.side == "outputs", firm=self.chosen is not None)
        if self.chosen is not None and self.view.scale_now() > 0.5:
            _paint_port_name(painter, end, self.chosen)


def paint_pending(painter: QPainter, start: QPointF, end: QPointF, *, forwards: bool, firm: bool) -> None:
    """A wire that is not one yet."""
    a, b = (start, end) if forwards else (end, start)
    pen = QPen(QColor(theme.current().accent), 2.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    if not firm:
        pen.setDashPattern([3.0, 3.0])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    path: QPainterPath = curve((a.x(), a.y()), (b.x(), b.y())).path
    painter.drawPath(path)


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
