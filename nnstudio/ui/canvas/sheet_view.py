"""The sheet: how the canvas is looked at. Panning, zooming, fitting, the dotted ground, and painting from far away."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from nnstudio.graph.places import Box
from nnstudio.ui import theme
from nnstudio.ui.canvas.node_item import BATCH_SCALE
from nnstudio.ui.canvas.overview import Overview
from nnstudio.ui.canvas.scene import REACH, CanvasScene

SMALLEST, LARGEST = 0.02, 4.0
#: One step of zooming, and one notch of a wheel.
ZOOM_STEP, NOTCH = 1.25, 1.15
_DOTS = 24.0
_MARGIN = 40.0


class SheetView(QGraphicsView):
    """Looks at a :class:`CanvasScene`. ``looked`` is emitted after another part, or another scale, is seen."""

    looked = Signal()

    def __init__(self, canvas: CanvasScene, parent: QWidget | None = None) -> None:
        super().__init__(canvas, parent)
        self.canvas = canvas
        self._overview = Overview(canvas)
        self._fitted = True
        self._text_scale = theme.text_scale()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setRenderHints(
            QPainter.RenderHint.Antialiasing
            | QPainter.RenderHint.TextAntialiasing
            | QPainter.RenderHint.SmoothPixmapTransform
        )
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setSceneRect(-REACH, -REACH, 2 * REACH, 2 * REACH)  # fixed: panning never changes it
        self.horizontalScrollBar().valueChanged.connect(self.looked)
        self.verticalScrollBar().valueChanged.connect(self.looked)
        self.looked.connect(self._overlay_moved)
        theme.changed.connect(self._restyle)

    # -- looking --------------------------------------------------------------------------------------------------

    def scale_now(self) -> float:
        """Pixels a scene unit."""
        return self.transform().m11()

    def seen(self) -> QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def pan(self, dx: float, dy: float) -> None:
        """Move the sheet by pixels."""
        self._fitted = False
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() - round(dx))
        down.setValue(down.value() - round(dy))

    def zoom_by(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom with the point ``at`` (pixels; the middle where it is not given) staying where it is."""
        self.zoom_to(self.scale_now() * factor, at)

    def zoom_to(self, scale: float, at: QPoint | None = None) -> None:
        """Show the scene at this scale."""
        scale = max(SMALLEST, min(LARGEST, scale))
        if abs(scale - 1.0) < 0.03:
            scale = 1.0
        if scale == self.scale_now():
            return
        self._fitted = False
        at = at if at is not None else self.viewport().rect().center()
        kept = self.mapToScene(at)
        self.setTransform(QTransform.fromScale(scale, scale))
        away = self.mapFromScene(kept) - at
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + away.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + away.y())
        self.looked.emit()

    def zoom_in(self) -> None:
        """One step nearer."""
        self.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        """One step away."""
        self.zoom_by(1 / ZOOM_STEP)

    def zoom_reset(self) -> None:
        """Show at 100 %: with text as large as in the rest of the window."""
        self.zoom_to(theme.text_scale())

    def fit(self) -> None:
        """Show the whole network, at most at its actual size, and no node under what floats in the lower corners."""
        self._fit(0)
        if any(next(self.canvas.nodes.hits(box), None) for box in self._covered()):
            self._fit(self._corner_height())

    def _covered(self) -> list[Box]:
        """The parts of the scene that something floats over."""
        return []

    def _corner_height(self) -> int:
        """How high what floats in the lower corners is, in pixels."""
        return 0

    def _fit(self, below: int) -> None:
        rect = self.canvas.content_rect()
        width, height = self.viewport().width(), self.viewport().height() - below
        if rect.isEmpty() or width < 2 * _MARGIN or height < 2 * _MARGIN:
            scale, spare = theme.text_scale(), 0.0
        else:
            scale = min(
                (width - 2 * _MARGIN) / rect.width(), (height - 2 * _MARGIN) / rect.height(), theme.text_scale()
            )
            room = height - 2 * _MARGIN - rect.height() * scale
            spare = 0.0 if below else max(0.0, min(room, _MARGIN))
        scale = max(SMALLEST, scale)
        self.setTransform(QTransform.fromScale(scale, scale))
        self.centerOn(rect.center() + QPointF(0, (spare / 2 + below / 2) / scale))
        self._fitted = True
        self.looked.emit()

    def center_on(self, at: QPointF) -> None:
        """Bring a point of the scene to the middle."""
        self._fitted = False
        self.centerOn(at)

    def reveal(self, rect: QRectF) -> None:
        """Move the sheet as little as makes a rectangle of the scene seen."""
        seen = self.seen().adjusted(30, 30, -30, -30)
        if rect.isEmpty() or seen.contains(rect):
            return
        dx = min(0.0, rect.left() - seen.left()) or max(0.0, rect.right() - seen.right())
        dy = min(0.0, rect.top() - seen.top()) or max(0.0, rect.bottom() - seen.bottom())
        self.pan(-dx * self.scale_now(), -dy * self.scale_now())

    def wheelEvent(self, event: QWheelEvent) -> None:
        modifiers = event.modifiers()
        steps, pixels = event.angleDelta(), event.pixelDelta()
        if modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier):
            self.zoom_by(NOTCH ** (steps.y() / 120.0), event.position().toPoint())
        else:
            moved = pixels if not pixels.isNull() else steps * 0.6
            if modifiers & Qt.KeyboardModifier.ShiftModifier and not moved.x():
                moved = QPoint(moved.y(), 0)
            self.pan(moved.x(), moved.y())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1.0 + event.value(), event.position().toPoint())
            return True
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
        self.looked.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fitted:
            self.fit()

    # -- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.scale_now() >= BATCH_SCALE:
            super().paintEvent(event)
            return
        painter = QPainter(self.viewport())
        try:
            painter.setClipRegion(event.region())
            painter.setWorldTransform(self.viewportTransform())
            area = self.mapToScene(event.rect()).boundingRect()
            self.drawBackground(painter, area)
            self._overview.paint(painter, area)
            self.drawForeground(painter, area)
        finally:
            painter.end()

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        painter.fillRect(rect, QColor(theme.current().canvas))
        scale = self.scale_now()
        if scale >= BATCH_SCALE:
            painter.fillRect(rect, _dots(theme.current().name, 1 if scale >= 0.55 else 2, scale))
        for paint in self.canvas.beneath:
            painter.save()
            paint(painter, QRectF(rect), scale)
            painter.restore()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        for paint in self.canvas.above:
            painter.save()
            paint(painter, QRectF(rect), self.scale_now())
            painter.restore()

    def _overlay_moved(self) -> None:
        """Hook for what floats over the sheet."""

    def _restyle(self) -> None:
        before, self._text_scale = self._text_scale, theme.text_scale()
        if self._fitted:
            self.fit()
        else:
            self.zoom_by(self._text_scale / before)
        self.resetCachedContent()
        self.viewport().update()


def _dots(name: str, spread: int, scale: float) -> QBrush:
    """A brush of dots at scene distances, drawn at about the screen's scale."""
    step = _DOTS * spread
    size = max(4, round(step * scale))
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    tokens = theme.current()
    dot = theme.mixed(tokens.canvas, tokens.faint, 0.30 if name == "dark" else 0.38)
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(dot)
        radius = 0.9 if scale < 1.5 else 1.2
        painter.drawEllipse(QPointF(math.floor(size / 2) + 0.5, math.floor(size / 2) + 0.5), radius, radius)
    finally:
        painter.end()
    brush = QBrush(pixmap)
    brush.setTransform(QTransform.fromScale(step / size, step / size))
    return brush
