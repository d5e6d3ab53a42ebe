"""Gestures on frames and notes: moving them and resizing notes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.graph.places import GRID
from nnstudio.graph.view import Frame, Note, Position, put_note
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import RADIUS
from nnstudio.ui.canvas.tools import Modifiers, Tool

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

#: A note is not made smaller than this.
NARROWEST, LOWEST = 96.0, 48.0


class _Shifting(Tool):
    """A gesture that is a shift in the scene, on the grid unless Alt is held."""

    def __init__(self, view: CanvasView, at: QPoint) -> None:
        super().__init__(view, at)
        self.shift: Position = (0.0, 0.0)

    def move(self, at: QPoint, modifiers: Modifiers) -> None:
        super().move(at, modifiers)
        if not self.dragged and self.shift == (0.0, 0.0):
            return
        delta = self.view.mapToScene(at) - self.view.mapToScene(self.start)
        step = 1.0 if modifiers & Qt.KeyboardModifier.AltModifier or not self.view.snapping else GRID
        self.shift = round(delta.x() / step) * step, round(delta.y() / step) * step
        self.show_shift()

    def show_shift(self) -> None:
        """Show what the gesture would do."""

    def cancel(self) -> None:
        self.view.annotations.settle()
        self.view.viewport().update()


class MoveFrameTool(_Shifting):
    """Move a frame with its members. Of a folded one an outline is moved."""

    def __init__(self, view: CanvasView, at: QPoint, frame: Frame) -> None:
        super().__init__(view, at)
        self._frame = frame
        self._from = {id: at for id, at in view.canvas.places.items() if id in frame.members}
        self._edge = view.annotations.edge(frame)

    def _places(self) -> dict[str, Position]:
        dx, dy = self.shift
        return {id: (x + dx, y + dy) for id, (x, y) in self._from.items()}

    def show_shift(self) -> None:
        if self._frame.folded:
            self.view.viewport().update()
        else:
            self.view.canvas.show_at(self._places())

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        if self.shift != (0.0, 0.0):
            self.view.session.do("Move frame", view=self.view.editor.placing(self._places()))
            self.view.canvas.settle()
        self.view.viewport().update()

    def cancel(self) -> None:
        if self.shift != (0.0, 0.0):
            self.view.canvas.settle()
        super().cancel()

    def paint(self, painter: QPainter) -> None:
        if self._frame.folded and self.shift != (0.0, 0.0):
            accent = QColor(theme.current().accent)
            painter.setPen(QPen(accent, 1.6))
            accent.setAlphaF(0.15)
            painter.setBrush(accent)
            painter.drawRoundedRect(QRectF(self._edge).translated(*self.shift), RADIUS, RADIUS)


class MoveNoteTool(_Shifting):
    """Move a note."""

    def __init__(self, view: CanvasView, at: QPoint, note: Note) -> None:
        super().__init__(view, at)
        self._note = note

    def _shown(self) -> Note:
        return replace(self._note, x=self._note.x + self.shift[0], y=self._note.y + self.shift[1])

    def show_shift(self) -> None:
        self.view.annotations.show_shifted(self._shown())

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        if self.shift != (0.0, 0.0):
            self.view.session.do("Move note", view=put_note(self._shown()))
        self.view.annotations.settle()


class ResizeNoteTool(_Shifting):
    """Make a note larger or smaller by its corner."""

    cursor = Qt.CursorShape.SizeFDiagCursor

    def __init__(self, view: CanvasView, at: QPoint, note: Note) -> None:
        super().__init__(view, at)
        self._note = note

    def show_shift(self) -> None:
        self.view.annotations.show_shifted(resized(self._note, *self.shift))

    def release(self, at: QPoint, modifiers: Modifiers) -> None:
        if self.shift != (0.0, 0.0):
            self.view.session.do("Resize note", view=put_note(resized(self._note, *self.shift)))
        self.view.annotations.settle()


def resized(note: Note, wider: float, higher: float) -> Note:
    """A note so much wider and higher, not smaller than can be taken hold of."""
    return replace(note, width=max(NARROWEST, note.width + wider), height=max(LOWEST, note.height + higher))
