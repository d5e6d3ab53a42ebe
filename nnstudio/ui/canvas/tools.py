"""What the mouse does on the canvas between press and release: one small class for each gesture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.graph import Wire
from nnstudio.graph.view import Position
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import RADIUS

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
    """Move the selected nodes; a click without moving selects the one that was pressed.

    With Ctrl the nodes stay and a copy is put where they were dragged; with Ctrl and Shift the pressed node and the
    one it is dropped on change places. A node without wires that is dropped on a wire is inserted there.
    """

    def __init__(self, view: CanvasView, at: QPoint, node: str, *, alone: bool, toggles: bool = False) -> None:
        super().__init__(view, at)
        self._node, self._alone, self._toggles = node, alone, toggles
        self._from: dict[str, Position] = {}
        self._shift: Position = (0.0, 0.0)
        self._copies = self._swaps = False

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        scene, session = self.view.canvas, self.view.session
        if not self._from:
            if not self.dragged:
                return
            if self._toggles and self._node not in session.selection:
                session.select([self._node])
            self._from = {id: scene.places[id] for id in session.selection if id in scene.places}
            if self._node not in self._from:
                self._from = {}
                return
        delta = self.view.mapToScene(at) - self.view.mapToScene(self.start)
        held = {self._node: self._from[self._node], **self._from}
        free = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        self._shift = self.view.guided(held, (delta.x(), delta.y()), free=free)
        self._show(modifiers)

    def _show(self, modifiers: Modifiers) -> None:
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        stays, stayed = control, self._copies or self._swaps
        self._copies, self._swaps = control and not shift, control and shift
        scene = self.view.canvas
        if stays:
            if not stayed:
                scene.settle()
            self.view.viewport().update()
        else:
            scene.show_at(self._places())
            wire = self._wire_under()
            scene.mark_wires([wire] if wire is not None else ())

    def _places(self) -> dict[str, Position]:
        dx, dy = self._shift
        return {id: (x + dx, y + dy) for id, (x, y) in self._from.items() if id in self.view.canvas.places}

    def _partner(self) -> str:
        """The other node under the pointer."""
        hit = self.view.hit(self.at)
        return hit.node if hit.node and hit.node != self._node else ""

    def _wire_under(self) -> Wire | None:
        """The wire into which the one node that is dragged would be inserted."""
        network = self.view.session.network
        if len(self._from) != 1 or network.incoming.get(self._node) or network.outgoing.get(self._node):
            return None
        x, y = self._places()[self._node]
        return self.view.wire_for(network.nodes[self._node].layer, QPointF(x, y), ignoring=self._node)

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        if self._from:
            self.move(at, modifiers)
        moved = bool(self._from) and self._shift != (0.0, 0.0)
        editor, scene = self.view.editor, self.view.canvas
        if moved and self._swaps:
            partner = self._partner()
            if partner:
                editor.swap(self._node, partner)
        elif moved and self._copies:
            editor.copy_by(self._shift)
        elif moved:
            wire, places = self._wire_under(), self._places()
            scene.mark_wires(())
            if wire is None or not editor.insert_existing(self._node, wire, places[self._node]):
                self.view.drop(places)
            scene.settle()
        elif not self.dragged:
            self._click()
        self.view.forget_guides()
        self.view.viewport().update()

    def _click(self) -> None:
        session = self.view.session
        if self._toggles:
            session.select(session.selection ^ {self._node})
        elif self._alone:
            session.select([self._node])

    def cancel(self) -> None:
        if self._from:
            self.view.canvas.mark_wires(())
            self.view.canvas.settle()
        self.view.forget_guides()
        self.view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        if not self._copies and not self._swaps:
            return
        accent = QColor(theme.current().accent)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(accent, 1.6))
        accent.setAlphaF(0.15)
        painter.setBrush(accent)
        scene = self.view.canvas
        dx, dy = self._shift
        if self._swaps:
            partner = self._partner()
            for id in filter(None, (self._node, partner)):
                painter.drawRoundedRect(scene.box_with_margin(id), RADIUS, RADIUS)
        else:
            for id in self._from:
                painter.drawRoundedRect(scene.content_rect([id]).translated(dx, dy), RADIUS, RADIUS)


class RubberTool(Tool):
    """Select what a rectangle touches; with Shift or Ctrl, in addition to what is selected."""

    def __init__(self, view: CanvasView, at: QPoint, *, adding: bool) -> None:
        super().__init__(view, at)
        self._before = view.session.selection
        self._kept = self._before if adding else frozenset()
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
        session = self.view.session
        session.select(self._before & session.network.nodes.keys())
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
