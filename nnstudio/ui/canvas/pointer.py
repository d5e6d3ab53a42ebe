"""Mouse and drops on the canvas: which gesture begins where."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QWidget

from nnstudio.graph import Wire
from nnstudio.graph.places import node_size
from nnstudio.layers import AnyLayer
from nnstudio.ui import theme
from nnstudio.ui.canvas.edge_scroll import EdgeScroll
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.face import RADIUS
from nnstudio.ui.canvas.fitting import End, can_stand_in_wire
from nnstudio.ui.canvas.scene import CanvasScene, Hit
from nnstudio.ui.canvas.sheet_view import SheetView
from nnstudio.ui.canvas.slots import many_wires
from nnstudio.ui.canvas.tools import MoveTool, PanTool, RubberTool, Tool
from nnstudio.ui.canvas.wiring import BendTool, CutTool, DetachTool, WireTool, end_near, paint_points
from nnstudio.ui.layer_list import LAYER_MIME, LayerType
from nnstudio.ui.session import Session

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

#: How near to a point of a wire, in pixels, is on it.
_BEND_REACH = 9.0
#: How near to a slot of a port for many, in scene units, is on it.
_SLOT_REACH = 5.5
_ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class Pointing(SheetView):
    """A sheet on which things can be taken hold of. At most one gesture (``tool``) is in progress."""

    def __init__(self, canvas: CanvasScene, session: Session, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(canvas, parent)
        self.session = session
        self.editor = editor
        self.tool: Tool | None = None
        self._edge_scroll = EdgeScroll(self)  # type: ignore[arg-type]
        self._space = False
        self._drop: tuple[LayerType, QPointF, Wire | None] | None = None
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def hit(self, at: QPoint) -> Hit:
        """What is at a point of the view."""
        return self.canvas.hit(self.mapToScene(at), self.scale_now())

    def cancel_tool(self) -> None:
        """Give up the gesture in progress."""
        tool, self.tool = self.tool, None
        if tool is not None:
            tool.cancel()
            self._show_cursor()

    # -- mouse ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button, keys = event.position().toPoint(), event.button(), event.modifiers()
        view: CanvasView = self  # type: ignore[assignment]
        if self.tool is not None:
            return
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._space):
            self.tool = PanTool(view, at)
        elif button == Qt.MouseButton.RightButton:
            self.tool = CutTool(view, at) if keys & _ADDING == _ADDING else None
        elif button == Qt.MouseButton.LeftButton:
            self.tool = self._tool_at(at, keys)
        self._show_cursor()

    def _tool_at(self, at: QPoint, keys: Qt.KeyboardModifier) -> Tool | None:
        """What a press of the left button begins."""
        view: CanvasView = self  # type: ignore[assignment]
        hit, adding, control = self.hit(at), bool(keys & _ADDING), bool(keys & Qt.KeyboardModifier.ControlModifier)
        bend = self.bend_under(at)
        if bend is not None:
            return BendTool(view, at, *bend)
        if hit.end is not None:
            return self._wire_tool(at, hit.end)
        if hit.wire is not None:
            return self._tool_on_wire(at, hit.wire, keys)
        if not adding:
            self.canvas.mark_wires(())
        if not hit.node:
            return CutTool(view, at) if keys & _ADDING == _ADDING else RubberTool(view, at, adding=adding)
        if control:
            return MoveTool(view, at, hit.node, alone=False, toggles=True)
        chosen = self.session.selection
        if adding:
            self.session.select(chosen ^ {hit.node})
        elif hit.node not in chosen:
            self.session.select([hit.node])
        return MoveTool(view, at, hit.node, alone=not adding)

    def _wire_tool(self, at: QPoint, end: End) -> Tool:
        """A new wire; from an input that has one there, that one's end is taken off."""
        view: CanvasView = self  # type: ignore[assignment]
        if end.side == "inputs":
            goal = self.mapToScene(at)
            for wire in self.session.network.incoming.get(end.node, ()):
                away = self.canvas.slots.at(wire) - goal
                near = len(many_wires(self.session.network, end.node)) == 0 or abs(away.y()) <= _SLOT_REACH
                if wire.input == end.port and near:
                    return DetachTool(view, at, wire, "inputs")
        return WireTool(view, at, end)

    def _tool_on_wire(self, at: QPoint, wire: Wire, keys: Qt.KeyboardModifier) -> Tool | None:
        view: CanvasView = self  # type: ignore[assignment]
        adding, marked = bool(keys & _ADDING), self.canvas.marked_wires
        if keys & _ADDING == _ADDING:
            return CutTool(view, at)
        if keys & Qt.KeyboardModifier.AltModifier:
            self.canvas.mark_wires({wire})
            self.editor.bend_at(wire, self.mapToScene(at))
            return None
        self.session.select(self.session.selection if adding else ())
        self.canvas.mark_wires(marked ^ {wire} if adding else {wire})
        if adding:
            return None
        side = end_near(view, wire, at)
        return DetachTool(view, at, wire, side) if side else BendTool(view, at, wire)

    def bend_under(self, at: QPoint) -> tuple[Wire, int] | None:
        """The point of a marked wire, or of the one under the pointer, that a point of the view is on."""
        canvas, routes = self.canvas, self.session.view.routes
        if not routes:
            return None
        shown = {*canvas.marked_wires, *filter(None, [canvas.hovered_wire])}
        for wire in shown & routes.keys():
            for index, (x, y) in enumerate(routes[wire]):
                away = self.mapFromScene(QPointF(x, y)) - at
                if math.hypot(away.x(), away.y()) <= _BEND_REACH:
                    return wire, index
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self.tool is not None:
            self.tool.move(at, event.modifiers())
            self._edge_scroll.follow(at, event.modifiers())
        elif not event.buttons():
            self._hover(at)

    def _hover(self, at: QPoint) -> None:
        hit = self.hit(at)
        self.canvas.hover(hit)
        self._show_cursor(hit)

    def _show_cursor(self, hit: Hit | None = None) -> None:
        if self.tool is not None and self.tool.cursor is not None:
            shape = self.tool.cursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        elif hit is not None and hit.end is not None:
            shape = Qt.CursorShape.CrossCursor
        elif hit is not None and hit.wire is not None:
            shape = Qt.CursorShape.PointingHandCursor
        else:
            shape = Qt.CursorShape.ArrowCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        tool, self.tool = self.tool, None
        self._edge_scroll.stop()
        if tool is not None:
            tool.release(event.position().toPoint(), event.modifiers())
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position().toPoint()
        hit, bend = self.hit(at), self.bend_under(at)
        view: CanvasView = self  # type: ignore[assignment]
        if bend is not None:
            self.editor.unbend(*bend)
        elif hit.node:
            self.session.select([hit.node])
            view.enter()
        elif hit.wire is not None:
            view.offer(at, wire=hit.wire)
        else:
            view.offer(at)

    # -- drops ----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._dragged(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._dragged(event)

    def _dragged(self, event: QDragMoveEvent) -> None:
        name = bytes(event.mimeData().data(LAYER_MIME).data()).decode(errors="replace")
        view: CanvasView = self  # type: ignore[assignment]
        cls = view.type_of(name) if name else None
        if cls is None:
            event.ignore()
            return
        at = event.position().toPoint()
        goal = self.mapToScene(at)
        wire = self.wire_for(cls, goal)
        self._drop = cls, goal, wire
        self.canvas.mark_wires([wire] if wire is not None else ())
        self.viewport().update()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def wire_for(self, layer: LayerType | AnyLayer, goal: QPointF, ignoring: str = "") -> Wire | None:
        """The wire on which a layer that is dropped at a point of the scene would be inserted."""
        wire = self.canvas.wires.at(goal.x(), goal.y(), max(16.0, 14.0 / self.scale_now()))
        around = (goal.x() - 1, goal.y() - 1, goal.x() + 1, goal.y() + 1)
        if wire is None or any(id != ignoring for id in self.canvas.nodes.hits(around)):
            return None
        type = self.canvas.resolution.wire_type(wire) if self.canvas.resolution is not None else None
        return wire if can_stand_in_wire(layer, type) else None

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._end_drop()

    def _end_drop(self) -> None:
        self._drop = None
        self.canvas.mark_wires(())
        self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._dragged(event)  # type: ignore[arg-type]
        drop = self._drop
        self._end_drop()
        if drop is None:
            return
        cls, goal, wire = drop
        put = self.editor.add_chain if wire is None else functools.partial(self.editor.insert_chain, wires=[wire])
        view: CanvasView = self  # type: ignore[assignment]
        view.sharing.settle([cls.make({})], functools.partial(put, at=goal))
        event.acceptProposedAction()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    # -- painting -------------------------------------------------------------------------------------------------

    def paint_gesture(self, painter: QPainter) -> None:
        """Paint the gesture in progress over everything."""
        routes = self.session.view.routes
        if routes:
            shown = {*self.canvas.marked_wires, *filter(None, [self.canvas.hovered_wire])}
            view: CanvasView = self  # type: ignore[assignment]
            held = view.points.held
            for wire in shown & routes.keys():
                paint_points(painter, list(routes[wire]), held[1] if held is not None and held[0] == wire else -1)
        if self.tool is not None:
            painter.save()
            self.tool.paint(painter)
            painter.restore()
        if self._drop is not None:
            cls, goal, _ = self._drop
            width, height = node_size(cls.make({}))
            accent = QColor(theme.current().accent)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(accent, 1.6))
            accent.setAlphaF(0.15)
            painter.setBrush(accent)
            rect = QRectF(goal.x() - width / 2, goal.y() - height / 2, width, height)
            painter.drawRoundedRect(rect, RADIUS, RADIUS)
            painter.setPen(QColor(theme.current().text))
            painter.setFont(theme.sheet_font(13, 600))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, cls.type_name())
