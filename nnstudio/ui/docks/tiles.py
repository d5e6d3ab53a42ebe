"""Tiles: small pictures of numbers side by side, such as the channels of an image or the heads of an attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.heat import painted
from nnstudio.ui.docks.plots import Overlay, View

#: Pixels between tiles; what the scale of colours takes at the right at least.
GAP, SCALE = 4, 62
#: What of it stands before the figures.
BAR = 28.0


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """What is drawn. values: (tiles, rows, columns), the first row on top.

    name: what one tile is (``channel``). down, across: names of rows and columns; their numbers where there are none,
    and nothing where ``places`` is off. square: pixels stay square. own: each tile has colours from its own least to
    its own greatest value. flipped: rows are counted from the bottom. diverging: values below 0 mean the opposite of
    those above, also where there are none of the others.
    """

    values: NDArray[np.float32]
    name: str
    down: tuple[str, ...] = ()
    across: tuple[str, ...] = ()
    places: bool = False
    square: bool = True
    own: bool = False
    flipped: bool = False
    diverging: bool = False

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value; (0, 1) where none is finite."""
        good = self.values[np.isfinite(self.values)]
        return (float(good.min()), float(good.max())) if good.size else (0.0, 1.0)

    @property
    def signed(self) -> bool:
        """Whether there are values on both sides of 0."""
        low, high = self.range
        return self.diverging or low < 0 < high

    @property
    def span(self) -> tuple[float, float]:
        """From where to where the scale of colours goes: as far to both sides of 0, or from 0 up."""
        low, high = self.range
        if self.signed:
            high = max(-low, high)
            return -high, high
        return min(low, 0.0), high


class TilesItem(Overlay):
    """Paints tiles as large as there is room for, and a scale of their colours."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.tiles: Tiles | None = None
        self._images: list[QImage] = []
        self._look: tuple[str, float] | None = None
        self._signed = False
        self._span = (0.0, 1.0)

    def show_tiles(self, tiles: Tiles | None) -> None:
        """Show these tiles instead of those before."""
        self.tiles = tiles
        self._look = None
        self.update()

    def _paint_image(self, tiles: Tiles) -> None:
        """A picture of each tile, with a pixel for each number."""
        self._look = theme.look()
        self._signed = tiles.signed
        count, rows, columns = tiles.values.shape
        flat = tiles.values.reshape(count * rows, columns)
        if tiles.own:
            clean = np.where(np.isfinite(tiles.values), tiles.values, 0.0).reshape(count, -1)
            lows, highs = clean.min(axis=1), clean.max(axis=1)
            if self._signed:
                highs = np.maximum(np.abs(lows), np.abs(highs))
                lows = -highs
            image = painted(flat, np.repeat(lows, rows)[:, None], np.repeat(highs, rows)[:, None], signed=self._signed)
            self._images = [image.copy(0, index * rows, columns, rows) for index in range(count)]
            return
        self._span = tiles.span
        image = painted(flat, *self._span, signed=self._signed)
        self._images = [image.copy(0, index * rows, columns, rows) for index in range(count)]

    # --- where tiles are ----------------------------------------------------------------------------------------

    def _margins(self, tiles: Tiles) -> tuple[float, float, float]:
        """Pixels of each tile for the names at its left, above it and below it."""
        if not tiles.places:
            return 0.0, 0.0, 0.0
        font = QFontMetricsF(theme.mono_font(10))
        names = tiles.down or (str(tiles.values.shape[1]),)
        left = min(90.0, max(font.horizontalAdvance(name) for name in names)) + 6
        return left, font.height() if len(tiles.values) > 1 else 0.0, font.height() + 2

    def rects(self, width: float, height: float) -> list[QRectF]:
        """Where the pictures of the tiles are: in as many columns as make them largest."""
        tiles = self.tiles
        if tiles is None or not tiles.values.size:
            return []
        count, rows, columns = tiles.values.shape
        left, above, below = self._margins(tiles)
        width -= 0 if tiles.own else self._beside(tiles)
        best: tuple[float, int, float, float] = (0.0, 1, 1.0, 1.0)
        for across in range(1, count + 1):
            down = math.ceil(count / across)
            wide = (width - GAP * (across - 1)) / across - left
            high = (height - GAP * (down - 1)) / down - above - below
            if wide <= 0 or high <= 0:
                continue
            if tiles.square:
                each = min(wide / columns, high / rows)
                wide, high = each * columns, each * rows
            if wide * high > best[0]:
                best = (wide * high, across, wide, high)
        _, across, wide, high = best
        return [
            QRectF((at % across) * (left + wide + GAP) + left, (at // across) * (above + high + below + GAP) + above,
                   wide, high)
            for at in range(count)
        ]  # fmt: skip

    def at(self, x: float, y: float) -> tuple[int, int, int] | None:
        """Tile, row and column at a place in pixels."""
        if self.tiles is None:
            return None
        _, rows, columns = self.tiles.values.shape
        for index, rect in enumerate(self.rects(self._size.width(), self._size.height())):
            if rect.contains(QPointF(x, y)):
                row = min(rows - 1, int((y - rect.top()) / rect.height() * rows))
                return index, row, min(columns - 1, int((x - rect.left()) / rect.width() * columns))
        return None

    def _beside(self, tiles: Tiles) -> float:
        """Pixels that the scale of colours takes at the right, its figures with it."""
        font = QFontMetricsF(theme.mono_font(10))
        return max(float(theme.scaled(SCALE)), BAR + max(font.horizontalAdvance(text) for text in _figures(tiles)))

    # --- painting -----------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        tiles = self.tiles
        if tiles is None or not tiles.values.size:
            return
        if self._look != theme.look():
            self._paint_image(tiles)
        rects = self.rects(width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for image, rect in zip(self._images, rects, strict=False):
            painter.drawImage(rect.toAlignedRect(), image)
        if tiles.places:
            self._names(painter, tiles, rects)
        if not tiles.own:
            self._scale(painter, QRectF(width - self._beside(tiles) + 12, 4, 10, min(120.0, height - 8)), tiles)

    def _names(self, painter: QPainter, tiles: Tiles, rects: Sequence[QRectF]) -> None:
        font = theme.mono_font(10)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().muted))
        metrics = QFontMetricsF(font)
        line = metrics.height()
        _, rows, columns = tiles.values.shape
        wide = max([metrics.horizontalAdvance(name) for name in tiles.across], default=0.0)
        widest = max(metrics.horizontalAdvance(str(columns)), min(56.0, wide)) + 6
        for index, rect in enumerate(rects):
            if len(rects) > 1:
                painter.drawText(QPointF(rect.left(), rect.top() - metrics.descent()), f"{tiles.name} {index}")
            each, every = rect.height() / rows, _every(rows, rect.height(), line)
            for row in range(0, rows, every):
                at = rows - 1 - row if tiles.flipped else row
                name = metrics.elidedText(tiles.down[row] if tiles.down else str(row), Qt.TextElideMode.ElideRight, 90)
                box = QRectF(rect.left() - 96, rect.top() + (at + 0.5) * each - line / 2, 92, line)
                painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), name)
            each, every = rect.width() / columns, _every(columns, rect.width(), widest)
            for column in range(0, columns, every):
                name = tiles.across[column] if tiles.across else str(column)
                name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(widest, each * every) - 2)
                box = QRectF(rect.left() + (column + 0.5) * each - 60, rect.bottom() + 1, 120, line)
                painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), name)

    def _scale(self, painter: QPainter, bar: QRectF, tiles: Tiles) -> None:
        low, high = self._span
        steps = np.linspace(high, low, 64, dtype=np.float32)[:, None]
        painter.drawImage(bar, painted(steps, low, high, signed=self._signed))
        font = theme.mono_font(10)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().muted))
        metrics = QFontMetricsF(font)
        least, greatest = _figures(tiles)
        painter.drawText(QPointF(bar.right() + 4, bar.top() + metrics.capHeight()), greatest)
        painter.drawText(QPointF(bar.right() + 4, bar.bottom()), least)


def _figures(tiles: Tiles) -> tuple[str, str]:
    """What stands at the lower and the upper end of the scale of colours."""
    low, high = tiles.span
    return numbers.figure(low), numbers.figure(high)


def _every(count: int, room: float, each: float) -> int:
    """Every how manyth of ``count`` names is written where each takes so many pixels: a round number."""
    rough = max(1.0, count * each / max(1.0, room))
    return 1 if rough <= 1 else int(numbers.nice_top(math.ceil(rough)))
