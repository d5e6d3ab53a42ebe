"""The ridge: one distribution above the other, each in its family's colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui import theme
from nnstudio.ui.docks import distributions, numbers
from nnstudio.ui.docks.plots import Overlay, View
from nnstudio.ui.docks.rows import Row

#: Up to so many rows are drawn with the thicker line, which takes longer to paint.
FEW = 10


@dataclass(frozen=True, slots=True)
class Ridge:
    """One row of a ridge."""

    row: Row
    histogram: Histogram

    def told(self) -> str:
        """Its figures in words: ``38 % zero · 0.12 ± 0.90``."""
        parts = []
        if self.histogram.zeros >= 0.005:
            parts.append(f"{numbers.share(self.histogram.zeros)} zero")
        parts.append(f"{numbers.figure(self.histogram.mean)} ± {numbers.figure(self.histogram.std)}")
        if self.histogram.saturated >= 0.005:
            parts.append(f"{numbers.share(self.histogram.saturated)} saturated")
        if self.histogram.dead >= 0.005:
            parts.append(f"{numbers.share(self.histogram.dead)} dead units")
        if self.histogram.bad:
            parts.append(f"{numbers.count(self.histogram.bad, 'value')} not finite")
        return " · ".join(parts)


class RidgeItem(Overlay):
    """Paints ridges, the first on top. Along y the view goes from 0 to the number of rows; a row's line lies at
    :meth:`base`. told: write each row's figures at its right. own: each row has its own scale along x."""

    def __init__(self, view: View, *, told: bool = False) -> None:
        super().__init__(view)
        self.ridges: tuple[Ridge, ...] = ()
        self.selected: frozenset[str] = frozenset()
        self.told = told
        self.own = False
        self._shapes: list[tuple[np.ndarray, np.ndarray]] = []
        self._seen = QRectF()

    def show_ridges(self, ridges: Sequence[Ridge], selected: frozenset[str]) -> None:
        """Show these distributions instead of those before."""
        self.ridges, self.selected = tuple(ridges), selected
        self._shapes = [distributions.outline(ridge.histogram) for ridge in self.ridges]
        self.update()

    def base(self, index: int) -> float:
        """Where along y the line of a row lies."""
        return len(self.ridges) - index - 0.92

    def index_at(self, y: float) -> int | None:
        """Which row is at a place along y."""
        index = int(len(self.ridges) - y)
        return index if 0 <= index < len(self.ridges) and y >= 0 else None

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self._seen = QRectF(widget.visibleRegion().boundingRect()) if widget is not None else QRectF()
        super().paint(painter, option, widget)

    def _in_sight(self, each: float) -> range:
        """The rows that are seen in a part of a window; all where they are drawn for elsewhere."""
        if self._seen.isEmpty():
            return range(len(self.ridges))
        first, last = int(self._seen.top() / each) - 2, int(self._seen.bottom() / each) + 2
        return range(max(0, first), min(len(self.ridges), last))

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if not self.ridges:
            return
        each = height / len(self.ridges)
        up = (0.8 if each > 26 else 1.0) * each
        for index in self._in_sight(each):
            ridge = self.ridges[index]
            base = float(self.y_of(self.base(index)))
            if ridge.row.node in self.selected:
                painter.fillRect(QRectF(0, index * each, width, each), theme.color(theme.current().accent, 0.10))
            self._shape(painter, index, base, min(up, base - 1.0) if index == 0 else up, width)  # over it is no room
        if self.told and each >= 15:
            self._figures(painter, each, width)

    def _shape(self, painter: QPainter, index: int, base: float, up: float, width: float) -> None:
        color = QColor(self.ridges[index].row.color)
        at, heights = self._shapes[index]
        if self.own:
            low, high = distributions.common_range([self.ridges[index].histogram])
            x = (at - low) * (width / (high - low))
        else:
            x = self.x_of(at)
        y = base - heights * up
        points = arrayToQPolygonF(x, y)
        fill = QColor(color)
        fill.setAlphaF(0.34)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # its edge lies under the line
        painter.drawPolygon(points)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        pen = QPen(color, 1.4 if len(self.ridges) <= FEW else 1)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # Line by line: one thick antialiased polyline takes seven times as long.
        ends = list(zip(x.tolist(), y.tolist(), strict=True))
        lines = [QLineF(*start, *end) for start, end in pairwise(ends)]
        lines += [QLineF(0, base, max(0.0, x[0]), base), QLineF(min(width, x[-1]), base, width, base)]
        painter.drawLines(lines)

    def _figures(self, painter: QPainter, each: float, width: float) -> None:
        font = theme.mono_font(10)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().muted))
        metrics = QFontMetricsF(font)
        for index in self._in_sight(each):
            text = self.ridges[index].told()
            top = float(self.y_of(self.base(index))) - min(each * 0.86, 24.0)
            painter.drawText(QPointF(width - metrics.horizontalAdvance(text) - 6, top + metrics.ascent()), text)
