"""The sheet: how the canvas is looked at. Panning, zooming, fitting, the dotted ground, and painting from far away."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from nnstudio.graph.places import Box
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import BATCH_SCALE
from nnstudio.ui.canvas.near import Near, Sight
from nnstudio.ui.canvas.overview import Overview
from nnstudio.ui.canvas.picture import Picture
from nnstudio.ui.canvas.raster import Pixels, pixels_of
from nnstudio.ui.canvas.scene import REACH, CanvasScene, Paint
from nnstudio.ui.canvas.still import QUICK, Shot, Still, rects_of

SMALLEST, LARGEST = 0.02, 4.0
#: One step of zooming, and one notch of a wheel.
ZOOM_STEP, NOTCH = 1.25, 1.15
_DOTS = 24.0
_MARGIN = 40.0
#: The sheet rests when it was not zoomed for so many milliseconds.
_REST = 60


class SheetView(QGraphicsView):
    """Looks at a :class:`CanvasScene`. ``looked`` is emitted after another part, or another scale, is seen."""

    looked = Signal()

    def __init__(self, canvas: CanvasScene, parent: QWidget | None = None) -> None:
        super().__init__(canvas, parent)
        self.canvas = canvas
        self._overview, self._near = Overview(canvas), Near(canvas)
        self._still = Still(self._paint_still)
        self._dirty: list[QRectF] = []
        self.quick = QUICK  # pictures that take longer to paint, in milliseconds, are scaled while zooming
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST)
        self._resting.timeout.connect(self.viewport().update)
        canvas.touched.connect(self._touched)
        canvas.touched_all.connect(self._all_touched)
        self._fitted = True
        self.snapping = True  # whether there is a grid: dots are painted, and what is dragged snaps to it
        self._text_scale = theme.text_scale()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setRenderHints(
            QPainter.RenderHint.Antialiasing
            | QPainter.RenderHint.TextAntialiasing
            | QPainter.RenderHint.SmoothPixmapTransform
        )
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setSceneRect(-REACH, -REACH, 2 * REACH, 2 * REACH)  # fixed: panning never changes it
        self._looks = True  # whether the bars tell when they moved
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._scrolled)
        self.looked.connect(self._overlay_moved)
        theme.changed.connect(self._restyle)

    # -- looking --------------------------------------------------------------------------------------------------

    def scale_now(self) -> float:
        """Pixels a scene unit."""
        return self.transform().m11()

    def seen(self) -> QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def _scrolled(self) -> None:
        if self._looks:
            self.looked.emit()

    def pan(self, dx: float, dy: float) -> None:
        """Move the sheet by pixels."""
        self._fitted = False
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() - round(dx))
        down.setValue(down.value() - round(dy))

    def zoom_by(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom with the point ``at`` (pixels; the middle where it is not given) staying where it is.

        Where painting takes long, the picture is scaled until the sheet rests.
        """
        if self._still.cost > self.quick:
            self._resting.start()
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
        self._looks = False  # told once, below
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + away.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + away.y())
        self._looks = True
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
        for below in (0, *self._corner_heights()):
            self._fit(below)
            if not any(len(self.canvas.table.inside(box)) for box in self._covered()):
                return

    def picture(self, ids: Iterable[str] = ()) -> Picture:
        """The drawing of these nodes, of all where none are given, as a picture."""
        return Picture(self.canvas, self._near, self.extent(), ids)

    def extent(self) -> QRectF:
        """The rectangle around all that is on the sheet; empty where nothing is."""
        return self.canvas.content_rect()

    def _covered(self) -> list[Box]:
        """The parts of the scene that something floats over."""
        return []

    def _corner_heights(self) -> tuple[int, ...]:
        """How high the parts that float in the lower corners reach, in pixels, rising."""
        return ()

    def _bar_height(self) -> int:
        """How much of the upper edge something floats over, in pixels."""
        return 0

    def _fit(self, below: int) -> None:
        rect = self.extent()
        above = self._bar_height()
        width, height = self.viewport().width(), self.viewport().height() - below - above
        if rect.isEmpty() or width < 2 * _MARGIN or height < 2 * _MARGIN:
            scale, spare = theme.text_scale(), 0.0
        else:
            scale = min(
                (width - 2 * _MARGIN) / rect.width(), (height - 2 * _MARGIN) / rect.height(), theme.text_scale()
            )
            room = height - 2 * _MARGIN - rect.height() * scale
            spare = 0.0 if below else max(0.0, min(room, _MARGIN))
        scale = max(SMALLEST, scale)
        self._resting.stop()
        self.setTransform(QTransform.fromScale(scale, scale))
        self.centerOn(rect.center() + QPointF(0, (spare / 2 + (below - above) / 2) / scale))
        self._fitted = True
        self.looked.emit()

    def center_on(self, at: QPointF) -> None:
        """Bring a point of the scene to the middle."""
        self._fitted = False
        self.centerOn(at)

    def reveal(self, rect: QRectF) -> None:
        """Move the sheet as little as makes a rectangle of the scene seen, with nothing that floats over it."""
        seen, covered = self.seen().adjusted(30, 30, -30, -30), self._covered()
        hidden = any(QRectF(QPointF(*box[:2]), QPointF(*box[2:])).intersects(rect) for box in covered)
        if rect.isEmpty() or (seen.contains(rect) and not hidden):
            return
        free = seen.height() - max(self._corner_heights(), default=0) / self.scale_now()
        if free > rect.height():
            seen.setHeight(free)
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

    def _sight(self) -> Sight:
        """How the scene is seen, in whole device pixels, so that what is painted can be moved as it is."""
        view, ratio = self.viewportTransform(), self.viewport().devicePixelRatioF()
        return Sight(view.m11() * ratio, float(round(view.dx() * ratio)), float(round(view.dy() * ratio)))

    def _touched(self, area: QRectF) -> None:
        if area.isNull():
            self.viewport().update()
        else:
            self._dirty.append(area)
            self.viewport().update(self.viewportTransform().mapRect(area).toAlignedRect().adjusted(-2, -2, 2, 2))

    def _all_touched(self, areas: list[QRectF]) -> None:
        self._dirty += areas
        transform, region = self.viewportTransform(), QRegion()
        for area in areas:
            region += transform.mapRect(area).toAlignedRect().adjusted(-2, -2, 2, 2)
        self.viewport().update(region)

    @property
    def zooming(self) -> bool:
        """Whether the picture is shown scaled because a person is zooming."""
        return self._resting.isActive()

    def redraw(self) -> None:
        """Paint everything that is seen anew."""
        self._still.drop()
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        sight, ratio = self._sight(), self.viewport().devicePixelRatioF()
        painter = QPainter(self.viewport())
        try:
            painter.setClipRegion(event.region())
            painter.scale(1 / ratio, 1 / ratio)
            if self._resting.isActive() and self._still.shows():
                whole = QRect(QPoint(0, 0), self._pixels(ratio))
                if not self._still.covers(whole, sight):
                    painter.fillRect(whole, QColor(theme.current().canvas))
                self._still.scaled_onto(painter, sight)
            else:
                self._paint_from_still(painter, event, sight, ratio)
            area = self.mapToScene(event.rect()).boundingRect()
            painter.setWorldTransform(QTransform())
            if len(self.canvas.moving) and self.scale_now() >= BATCH_SCALE:
                box = (area.left(), area.top(), area.right(), area.bottom())
                self._near.paint_moving(painter, box, sight, ratio)
            elif not len(self.canvas.moving):
                self._near.rest()
            painter.setWorldTransform(self.viewportTransform())
            self.drawForeground(painter, area)
        finally:
            painter.end()

    def _pixels(self, ratio: float) -> QSize:
        size = self.viewport().size()
        return QSize(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio))

    def _paint_from_still(self, painter: QPainter, event: QPaintEvent, sight: Sight, ratio: float) -> None:
        scene, size = self.canvas, self._pixels(ratio)
        scene.seen = sight.area(0, 0, size.width(), size.height())
        far = self.scale_now() < BATCH_SCALE  # there, what moves is painted with the rest
        moved = scene.table.geometry if far and len(scene.moving) else -1
        dirty, self._dirty = self._dirty, []
        image = self._still.picture(Shot(size, sight, (scene.drawn, moved, theme.look())), dirty)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        for rect in rects_of(event.region()):
            wide = QRectF(rect.x() * ratio, rect.y() * ratio, rect.width() * ratio, rect.height() * ratio)
            part = wide.toAlignedRect().intersected(image.rect())
            painter.drawImage(part.topLeft(), image, part)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    def _paint_still(self, image: QImage, rect: QRect, sight: Sight) -> None:
        """Paint a rectangle of the still picture, in device pixels."""
        scene, ratio = self.canvas, self.viewport().devicePixelRatioF()
        scale = sight.scale / ratio
        edges = rect.left(), rect.top(), rect.left() + rect.width(), rect.top() + rect.height()
        box = sight.area(*edges)
        area = QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3]))
        pixels = pixels_of(image)[edges[1] : edges[3], edges[0] : edges[2]]
        pixels[:] = QColor(theme.current().canvas).rgba()
        here = Sight(sight.scale, sight.dx - edges[0], sight.dy - edges[1])
        if scale >= BATCH_SCALE and self.snapping:
            dotted(pixels, here, ratio)
        self._paint_extras(scene.beneath, image, rect, sight, area)
        if scale < BATCH_SCALE:
            self._overview.paint(pixels, box, here)
        else:
            painter = QPainter(image)
            try:
                painter.setClipRect(rect)
                if not self._near.paint(painter, box, sight, ratio):
                    QTimer.singleShot(0, self, self._finish_ways)
            finally:
                painter.end()
        self._paint_extras(scene.above, image, rect, sight, area)

    def _finish_ways(self) -> None:
        """Paint the wires as they go in the end, which took too long for one frame."""
        if len(self.canvas.moving):
            self.redraw()
        else:
            self.canvas.wires.finish()

    def _paint_extras(self, paints: Iterable[Paint], image: QImage, rect: QRect, sight: Sight, area: QRectF) -> None:
        scale = sight.scale / self.viewport().devicePixelRatioF()
        for paint in paints:
            painter = QPainter(image)
            try:
                painter.setClipRect(rect)
                painter.setRenderHints(self.renderHints())
                painter.setWorldTransform(sight.transform())
                paint(painter, area, scale)
            finally:
                painter.end()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Paint over everything, in scene units, at each frame."""

    def _overlay_moved(self) -> None:
        """Hook for what floats over the sheet."""

    def _restyle(self) -> None:
        before, self._text_scale = self._text_scale, theme.text_scale()
        if self._fitted:
            self.fit()
        else:
            self.zoom_by(self._text_scale / before)
        self.redraw()


def dotted(pixels: Pixels, sight: Sight, ratio: float) -> None:
    """Dots at scene distances, over a plain ground."""
    scale = sight.scale / ratio
    step = _DOTS * (1 if scale >= 0.55 else 2) * sight.scale
    rows, columns = pixels.shape
    xs = np.floor(np.arange(math.floor(-sight.dx / step), columns / step - sight.dx / step + 1) * step + sight.dx)
    ys = np.floor(np.arange(math.floor(-sight.dy / step), rows / step - sight.dy / step + 1) * step + sight.dy)
    xs, ys = xs.astype(np.intp), ys.astype(np.intp)
    for down, across, color in _dot((0.9 if scale < 1.5 else 1.2) * ratio, theme.look()):
        x, y = xs + across, ys + down
        x, y = x[(x >= 0) & (x < columns)], y[(y >= 0) & (y < rows)]
        pixels[y[:, None], x] = color


@functools.lru_cache(maxsize=8)
def _dot(radius: float, _look: object) -> list[tuple[int, int, int]]:
    """The pixels of a dot: how far below and right of its middle they are, and their colour."""
    tokens, reach = theme.current(), math.ceil(radius)
    strong = 0.30 if tokens.name == "dark" else 0.38
    found = []
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            covered = min(1.0, max(0.0, radius + 0.5 - math.hypot(down, across)))
            if covered:
                color = theme.mixed(tokens.canvas, tokens.faint, strong * covered).rgba()
                found.append((down, across, color))
    return found
