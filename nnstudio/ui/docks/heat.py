"""The heat map: magnitudes over two axes in the magma-like map."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from nnstudio.ui import theme
from nnstudio.ui.docks.plots import Overlay, View

#: Over how many of 256 levels the map fades in from the canvas.
FADE = 64
#: At which share of the greatest size a diverging map has reached its full colour.
FULL = 0.7


@functools.cache
def _colors(name: str) -> NDArray[np.uint32]:
    """The map of the theme of this name, which is the present one, as 256 packed colours. In the dark theme it begins
    at the canvas, so that nothing looks like nothing."""
    colors = [theme.magnitude_color(level / 255) for level in range(256)]
    if name == "dark":
        for level in range(FADE):
            colors[level] = theme.mixed(theme.current().canvas, colors[level].name(), level / FADE)
    return np.array([color.rgb() for color in colors], dtype=np.uint32)


@functools.cache
def _diverging(name: str) -> NDArray[np.uint32]:
    """From one colour (least) by way of the panel (0) to another (greatest), as 256 packed colours; in the theme of
    this name."""
    tokens = theme.LIGHT if name == "light" else theme.DARK
    below, above = tokens.families["attention"], tokens.families["normalisation"]
    shares = [(level + 1) / 128 for level in range(128)]
    made = [*(_away(tokens, below, share) for share in reversed(shares)), *(_away(tokens, above, s) for s in shares)]
    return np.array(made, dtype=np.uint32)


def _away(tokens: theme.Tokens, color: str, share: float) -> int:
    """A colour between the panel and, by way of ``color``, one that stands out from it even more."""
    if share < FULL:
        return theme.mixed(tokens.panel, color, share / FULL).rgb()
    return theme.mixed(color, tokens.text, 0.6 * (share - FULL) / (1 - FULL)).rgb()


def painted(values: NDArray[Any], low: NDArray[Any] | float, high: NDArray[Any] | float, *, signed: bool) -> QImage:
    """Values, shape (rows, columns), as a picture with a pixel for each, the first row on top.

    Colours go from ``low`` to ``high`` (numbers, or one for each row); signed: around 0 in two colours. What is not
    finite has the colour of a problem.
    """
    values = np.asarray(values, dtype=np.float32)
    span = np.asarray(high, np.float32) - np.asarray(low, np.float32)
    levels = (values - low) * (255.0 / np.where(span > 0, span, 1.0))
    good = np.isfinite(levels)
    colors = _diverging(theme.current().name) if signed else _colors(theme.current().name)
    pixels = colors[np.where(good, np.clip(levels, 0, 255), 0).astype(np.uint8)]
    if not good.all():
        pixels[~good] = QColor(theme.current().problem).rgb()
    pixels = np.ascontiguousarray(pixels)
    rows, columns = pixels.shape
    return QImage(pixels.tobytes(), columns, rows, columns * 4, QImage.Format.Format_RGB32).copy()


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
