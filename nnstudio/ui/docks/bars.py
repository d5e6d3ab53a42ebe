"""Bars: one for each layer on a log axis, coloured by magnitude, with the greatest value so far as a dashed tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.docks.plots import Overlay, View


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its key (a node's id), name, colour, height and greatest height so far, both in the plot's y.

    zero: the value is 0, which has no place on a log axis; it is written instead."""

    key: str
    name: str
    color: str
    y: float
    most: float = float("nan")
    zero: bool = False


class BarsItem(Overlay):
    """Paints bars side by side: bar ``i`` stands around x = i + 0.5, from the bottom up to its height."""

    #: Pixels: the widest a bar gets.
    WIDEST = 44.0

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.bars: tuple[Bar, ...] = ()
        self.selected: frozenset[str] = frozenset()
        self.hovered = -1

    def show_bars(self, bars: Sequence[Bar], selected: frozenset[str] = frozenset()) -> None:
        """Show these bars instead of those before."""
        self.bars, self.selected = tuple(bars), selected
        self.update()

    def hover(self, index: int) -> None:
        """Lift the bar under the mouse; −1 for none."""
        if index != self.hovered:
            self.hovered = index
            self.update()

    def index_at(self, x: float) -> int | None:
        """Which bar is at a place along x."""
        return int(x) if 0 <= x < len(self.bars) else None

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if not self.bars:
            return
        each = float(self.x_of(1.0) - self.x_of(0.0))
        wide = min(self.WIDEST, max(1.0, 0.56 * each))
        tokens = theme.current()
        for index, bar in enumerate(self.bars):
            middle = float(self.x_of(index + 0.5))
            if bar.key in self.selected or index == self.hovered:
                strength = 0.14 if bar.key in self.selected else 0.07
                painter.fillRect(QRectF(middle - each / 2, 0, each, height), theme.color(tokens.accent, strength))
            if bar.y == bar.y:
                top = float(self.y_of(bar.y))
                self._bar(painter, QRectF(middle - wide / 2, top, wide, height - top), QColor(bar.color))
            if bar.zero:
                painter.setFont(theme.mono_font(10))
                painter.setPen(QColor(tokens.problem))
                painter.drawText(QRectF(middle - each / 2, height - 18, each, 16), Qt.AlignmentFlag.AlignCenter, "0")
            if bar.most == bar.most:
                pen = QPen(QColor(tokens.muted), 1)
                pen.setDashPattern([3, 2])
                painter.setPen(pen)
                at = round(float(self.y_of(bar.most))) + 0.5
                reach = wide / 2 + min(4.0, 0.1 * each)
                painter.drawLine(QPointF(middle - reach, at), QPointF(middle + reach, at))

    def _bar(self, painter: QPainter, rect: QRectF, color: QColor) -> None:
        if rect.height() <= 0:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        corner = min(3.0, rect.width() / 3, rect.height() / 2)
        painter.drawRoundedRect(rect, corner, corner)
        painter.fillRect(rect.adjusted(0, corner, 0, 0), color)  # only the upper corners are round


class ValuesItem(Overlay):
    """Paints numbers as bars from 0 up and down: number ``i`` from x = i to i + 1. Where there are more than pixels, a
    bar goes from the least to the greatest of each pixel."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.values: NDArray[np.float64] = np.empty(0)
        self.color = "#000000"
        self.marked = -1

    def show_values(self, values: NDArray[np.float64], color: str, marked: int = -1) -> None:
        """Show these numbers; ``marked`` is the one that stands out."""
        self.values, self.color, self.marked = np.nan_to_num(np.asarray(values, np.float64)), color, marked
        self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        count = len(self.values)
        if not count:
            return
        zero = float(self.y_of(0.0))
        every = max(1, -(-count // max(1, int(width))))
        starts = np.arange(0, count, every)
        tops = self.y_of(np.maximum(np.maximum.reduceat(self.values, starts), 0.0))
        ends = self.y_of(np.minimum(np.minimum.reduceat(self.values, starts), 0.0))
        each = float(self.x_of(float(every)) - self.x_of(0.0))
        lefts = self.x_of(starts.astype(np.float64))
        gap = max(min(0.2 * each, 12.0), each - 80.0) if each >= 4 else 0.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.color))
        painter.drawRects(
            [
                QRectF(left + gap / 2, top, max(1.0, each - gap), max(1.0, end - top))
                for left, top, end in zip(lefts.tolist(), tops.tolist(), ends.tolist(), strict=True)
            ]
        )
        if self.marked >= 0:
            at = self.marked // every
            painter.setBrush(QColor(theme.current().accent))
            painter.drawRect(QRectF(lefts[at] + gap / 2, tops[at], max(1.0, each - gap), max(1.0, ends[at] - tops[at])))
        painter.setPen(QPen(QColor(theme.current().muted), 1))
        painter.drawLine(QPointF(0, round(zero) + 0.5), QPointF(width, round(zero) + 0.5))
