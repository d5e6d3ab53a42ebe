"""A small sheet to draw a picture on, pixel by pixel of what the network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.try_dropping import TakesFile

Pixels = NDArray[np.float32]
#: The brush is so wide, as a share of the picture's shorter edge.
BRUSH = 0.085
#: Pixels at 100 %.
SIDE = 168


class DrawingPad(TakesFile):
    """A picture, C×H×W from 0 to 1, that can be painted on with the mouse: the left button draws with ``ink``, the
    right one with ``paper``. ``drawn`` whenever it was painted on, ``dropped`` with the path of a dropped file."""

    drawn = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pixels: Pixels = np.zeros((1, 28, 28), np.float32)
        self.paper, self.ink = 0.0, 1.0
        self._last: QPointF | None = None
        self.setAccessibleName(name)
        self.setToolTip("Draw with the mouse; the right button erases. Delete clears it. Drop a picture file on it.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(72, 72)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(SIDE), theme.scaled(SIDE))

    def show_pixels(self, pixels: Pixels) -> None:
        """Show this picture, C×H×W from 0 to 1."""
        self.pixels = np.ascontiguousarray(pixels, dtype=np.float32).copy()
        self.update()

    def clear(self) -> None:
        """Begin with an empty sheet."""
        self.pixels[:] = self.paper
        self.update()
        self.drawn.emit()

    # --- painting -------------------------------------------------------------------------------------------------

    def _area(self) -> QRectF:
        _, height, width = self.pixels.shape
        scale = min(self.width() / width, self.height() / height)
        return QRectF((self.width() - width * scale) / 2, 0, width * scale, height * scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            area = self._area()
            shown = np.clip(self.pixels * 255, 0, 255).astype(np.uint8)
            image = image_of(shown[0] if len(shown) in (1, 2) else np.moveaxis(shown[:3], 0, 2))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() >= area.width())
            painter.drawImage(area, image, QRectF(image.rect()))
            edge = theme.current().accent if self.hasFocus() else theme.current().line
            painter.setPen(QPen(QColor(edge), 1))
            painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
        finally:
            painter.end()

    def _stroke(self, start: QPointF, end: QPointF, value: float) -> None:
        """Paint a line between two places of the widget, softly at its edges as a pen does."""
        area, (_, height, width) = self._area(), self.pixels.shape
        scale = width / area.width()
        ends = [((point - area.topLeft()) * scale) for point in (start, end)]
        rows, columns = np.mgrid[0:height, 0:width] + 0.5
        (x0, y0), (x1, y1) = ((each.x(), each.y()) for each in ends)
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        away = np.hypot(columns - x0 - along * dx, rows - y0 - along * dy)
        radius = max(0.6, BRUSH * min(height, width))
        cover = np.clip(radius + 0.5 - away, 0, 1)
        blended = self.pixels + (value - self.pixels) * cover
        self.pixels = blended.astype(np.float32)
        self.update()

    # --- hands ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._last = event.position()
            self._draw_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._draw_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    def _draw_to(self, event: QMouseEvent) -> None:
        erases = bool(event.buttons() & Qt.MouseButton.RightButton)
        self._stroke(self._last or event.position(), event.position(), self.paper if erases else self.ink)
        self._last = event.position()
        self.drawn.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        else:
            super().keyPressEvent(event)


def fitted(image: QImage, shape: tuple[int, int, int]) -> Pixels:
    """A picture of any size as the network takes it, C×H×W from 0 to 1: the whole of it, centred on black."""
    channels, height, width = shape
    form = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    scaled = image.scaled(
        width, height, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    ).convertToFormat(form)  # fmt: skip
    depth = 1 if channels == 1 else 3
    lines = np.frombuffer(scaled.constBits(), np.uint8).reshape(scaled.height(), scaled.bytesPerLine())
    inside = lines[:, : scaled.width() * depth].reshape(scaled.height(), scaled.width(), depth)
    made = np.zeros(shape, np.float32)
    top, left = (height - scaled.height()) // 2, (width - scaled.width()) // 2
    part = np.moveaxis(inside, 2, 0).astype(np.float32) / 255
    made[:, top : top + scaled.height(), left : left + scaled.width()] = (
        part[:channels] if channels in (1, 3) else part[:1]
    )
    return made
