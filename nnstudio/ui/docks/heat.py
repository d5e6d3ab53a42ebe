"""The heat map: magnitudes over two axes in the magma-like map."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from nnstudio.ui import theme
from nnstudio.ui.docks.plots import Overlay, View

#: Over how many of 256 levels the map fades in from the canvas.
FADE = 64


@functools.cache
def _colors(name: str) -> NDArray[np.uint32]:
    """The map of the theme of this name, which is the present one, as 256 packed colours. In the dark theme it begins
    at the canvas, so that nothing looks like nothing."""
    colors = [theme.magnitude_color(level / 255) for level in range(256)]
    if name == "dark":
        for level in range(FADE):
            colors[level] = theme.mixed(theme.current().canvas, colors[level].name(), level / FADE)
    return np.array([color.rgb() for color in colors], dtype=np.uint32)


class HeatItem(Overlay):
    """Paints shares from 0 to 1, shape (rows, columns), over a rectangle of the data; the first row is the lowest."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=0)
        self.shares: NDArray[np.float64] = np.zeros((0, 0))
        self.across = self.upward = (0.0, 1.0)
        self._image = QImage()
        self._theme = ""

    def show_shares(self, shares: NDArray[np.float64], x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show these shares between these places along x and y."""
        self.shares, self.across, self.upward = shares, x, y
        self._paint_image()
        self.update()

    def _paint_image(self) -> None:
        self._theme = theme.current().name
        levels = (np.clip(self.shares[::-1], 0, 1) * 255).astype(np.uint8)
        pixels = np.ascontiguousarray(_colors(self._theme)[levels])
        rows, columns = pixels.shape
        self._image = QImage(pixels.tobytes(), columns, rows, columns * 4, QImage.Format.Format_RGB32).copy()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if not self.shares.size:
            return
        if self._theme != theme.current().name:
            self._paint_image()
        left, right = (float(self.x_of(place)) for place in self.across)
        low, high = (float(self.y_of(place)) for place in self.upward)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(QRectF(QPointF(left, high), QPointF(right, low)), self._image)
