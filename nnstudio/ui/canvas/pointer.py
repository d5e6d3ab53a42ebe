"""Mouse, keyboard and drops on the canvas: which gesture begins where, and what each key does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QWidget

from nnstudio.graph import Wire
from nnstudio.graph.places import node_size
from nnstudio.layers import load
from nnstudio.ui import theme
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.face import RADIUS
from nnstudio.ui.canvas.fitting import can_stand_in_wire
from nnstudio.ui.canvas.scene import CanvasScene, Hit
from nnstudio.ui.canvas.sheet_view import SheetView
from nnstudio.ui.canvas.tools import MoveTool, PanTool, RubberTool, Tool, WireTool
from nnstudio.ui.layer_list import LAYER_MIME, LayerType
from nnstudio.ui.session import Session

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

Key = Qt.Key
_ARROWS = {Key.Key_Left: (-1, 0), Key.Key_Right: (1, 0), Key.Key_Up: (0, -1), Key.Key_Down: (0, 1)}
_ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class Pointing(SheetView):
    """A sheet on which things can be taken hold of. At most one gesture (``tool``) is in progress."""

    def __init__(self, canvas: CanvasScene, session: Session, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(canvas, parent)
        self.session = session
        self.editor = editor
        self.tool: Tool | None = None
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
        at, button = event.position().toPoint(), event.button()
        view: CanvasView = self  # type: ignore[assignment]
        if self.tool is not None or button == Qt.MouseButton.RightButton:
            return
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._space):
            self.tool = PanTool(view, at)
        elif button == Qt.MouseButton.LeftButton:
            self.tool = self._tool_at(at, bool(event.modifiers() & _ADDING))
        self._show_cursor()

    def _tool_at(self, at: QPoint, adding: bool) -> Tool | None:
        view: CanvasView = self  # type: ignore[assignment]
        hit, chosen = self.hit(at), self.session.selection
        if hit.end is not None:
            return WireTool(view, at, hit.end)
        if hit.wire is not None:
            self.session.select(chosen if adding else ())
            self.canvas.mark_wires(self.canvas.marked_wires ^ {hit.wire} if adding else {hit.wire})
            return None
        if not adding:
            self.canvas.mark_wires(())
        if not hit.node:
            return RubberTool(view, at, adding=adding)
        if adding:
            self.session.select(chosen ^ {hit.node})
            return MoveTool(view, at, hit.node, alone=False)
        if hit.node not in chosen:
            self.session.select([hit.node])
        return MoveTool(view, at, hit.node, alone=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self.tool is not None:
            self.tool.move(at, event.modifiers())
        elif not event.buttons():
            self._hover(at)

    def _hover(self, at: QPoint) -> None:
        hit = self.hit(at)
        self.canvas.hover_wire(hit.wire)
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
        if tool is not None:
            tool.release(event.position().toPoint(), event.modifiers())
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position().toPoint()
        hit = self.hit(at)
        view: CanvasView = self  # type: ignore[assignment]
        if hit.node:
            self.session.select([hit.node])
            view.rename()
        elif hit.wire is not None:
            view.offer(at, wire=hit.wire)
        else:
            view.offer(at)

    # -- keys -----------------------------------------------------------------------------------------------------

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab adds a layer; Shift+Tab leaves the canvas."""
        return False if next else super().focusNextPrevChild(next)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        modifiers, key = event.modifiers(), Key(event.key())
        if key in _ARROWS:
            self._arrow(*_ARROWS[key], modifiers)
            return
        callback = self._callback(event, key)
        if callback is not None:
            callback()
        elif key == Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self._show_cursor()
        elif key != Key.Key_Space:
            event.ignore()

    def _callback(self, event: QKeyEvent, key: Qt.Key) -> Callable[[], object] | None:
        view: CanvasView = self  # type: ignore[assignment]
        standard = QKeySequence.StandardKey
        for keys, callback in (
            (standard.Copy, view.copy), (standard.Cut, view.cut), (standard.Paste, view.paste),
            (standard.SelectAll, view.select_all), (standard.ZoomIn, view.zoom_in), (standard.ZoomOut, view.zoom_out),
        ):  # fmt: skip
            if event.matches(keys):
                return callback
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if control:
            known = {Key.Key_D: view.duplicate, Key.Key_0: view.fit, Key.Key_Equal: view.zoom_in}
            return known.get(key)
        if key in (Key.Key_Delete, Key.Key_Backspace):
            return self.editor.bridge if shift else view.delete_selection
        return {
            Key.Key_Plus: view.zoom_in, Key.Key_Equal: view.zoom_in, Key.Key_Minus: view.zoom_out,
            Key.Key_1: view.zoom_reset, Key.Key_F: view.fit, Key.Key_Home: view.fit, Key.Key_Tab: view.quick_add,
            Key.Key_F2: view.rename, Key.Key_Return: view.rename, Key.Key_Enter: view.rename,
            Key.Key_Escape: self._escape,
        }.get(key)  # fmt: skip

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_cursor()
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        super().focusOutEvent(event)

    def _escape(self) -> None:
        if self.tool is not None:
            self.cancel_tool()
        else:
            self.canvas.mark_wires(())
            self.session.select(())

    def _arrow(self, dx: int, dy: int, modifiers: Qt.KeyboardModifier) -> None:
        far = 8 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
        if modifiers & Qt.KeyboardModifier.AltModifier or (
            not self.session.selection and not modifiers and not self._any_seen()
        ):
            self.go(dx, dy)
        elif self.session.selection:
            self.editor.nudge(dx * far, dy * far)
        else:
            self.pan(-dx * 40 * far, -dy * 40 * far)

    def _any_seen(self) -> bool:
        return bool(self.canvas.inside(self.seen()))

    def go(self, dx: int, dy: int) -> None:
        """Select the nearest node in a direction; the one nearest to the middle where none is selected."""
        places = self.canvas.places
        chosen = [id for id in self.session.selection if id in places]
        middle = self.seen().center()
        x, y = places[chosen[0]] if chosen else (middle.x(), middle.y())
        best, found = math.inf, ""
        for id, (px, py) in places.items():
            along = (px - x) * dx + (py - y) * dy
            aside = abs((px - x) * dy) + abs((py - y) * dx)
            if id in chosen or (chosen and along <= 1.0):
                continue
            cost = along + 2.5 * aside if chosen else math.hypot(px - x, py - y)
            if cost < best:
                best, found = cost, id
        if found:
            self.session.select([found])
            self.reveal(self.canvas.box_with_margin(found))

    # -- drops ----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._dragged(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._dragged(event)

    def _dragged(self, event: QDragMoveEvent) -> None:
        name = bytes(event.mimeData().data(LAYER_MIME).data()).decode(errors="replace")
        catalogue = load()
        if name not in catalogue:
            event.ignore()
            return
        at = event.position().toPoint()
        goal, cls = self.mapToScene(at), catalogue[name]
        wire = self._wire_for(cls, goal)
        self._drop = cls, goal, wire
        self.canvas.mark_wires([wire] if wire is not None else ())
        self.viewport().update()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def _wire_for(self, cls: LayerType, goal: QPointF) -> Wire | None:
        """The wire on which a layer that is dropped there would be inserted."""
        wire = self.canvas.wires.at(goal.x(), goal.y(), max(16.0, 14.0 / self.scale_now()))
        if wire is None or any(self.canvas.nodes.hits((goal.x() - 1, goal.y() - 1, goal.x() + 1, goal.y() + 1))):
            return None
        type = self.canvas.resolution.wire_type(wire) if self.canvas.resolution is not None else None
        return wire if can_stand_in_wire(cls, type) else None

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
        if wire is not None:
            self.editor.insert(wire, cls.type_name(), goal)
        else:
            self.editor.add(cls.type_name(), goal)
        event.acceptProposedAction()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    # -- painting -------------------------------------------------------------------------------------------------

    def paint_gesture(self, painter: QPainter) -> None:
        """Paint the gesture in progress over everything."""
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
