"""A map of named points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.docks.plots import Overlay, View
from nnstudio.ui.docks.rows import color_apart

#: Names that are written at most.
NAMED = 120


class PointsItem(Overlay):
    """Paints points and as many of their names as do not overlap."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.places: NDArray[np.float64] = np.empty((0, 2))
        self.names: tuple[str, ...] = ()
        self.color = "#000000"
        self.message = ""
        self.used: frozenset[int] = frozenset()
        self.groups: NDArray[np.int64] | None = None
        self.titles: tuple[str, ...] = ()

    def show_points(
        self, places: NDArray[np.float64], names: Sequence[str], color: str, used: frozenset[int] = frozenset(),
        groups: NDArray[np.int64] | None = None, titles: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Show points at these places (in data), shape (points, 2), with these names.

        used: those that are ringed and named before others. groups: to which of the groups, called ``titles``, each
        point belongs (−1 to none), by which they are coloured; None: all have the same colour.
        """
        self.places, self.names, self.color, self.message = places, tuple(names), color, ""
        self.used, self.groups, self.titles = used, groups, tuple(titles)
        self.update()

    def group(self, point: int) -> str:
        """The title of a point's group; "" where it has none."""
        code = int(self.groups[point]) if self.groups is not None and point < len(self.groups) else -1
        return self.titles[code] if 0 <= code < len(self.titles) else ""

    def color_of(self, point: int) -> str:
        """The colour of a point."""
        if self.groups is None:
            return self.color
        return color_apart(int(self.groups[point])) if self.groups[point] >= 0 else theme.current().faint

    def say(self, message: str) -> None:
        """Write a sentence where there are no points."""
        self.message = message
        self.update()

    def nearest(self, x: float, y: float, within: float = 16.0) -> int | None:
        """The point that is nearest to a place (in data), within so many pixels."""
        if not len(self.places):
            return None
        away = np.hypot(self.x_of(self.places[:, 0]) - self.x_of(x), self.y_of(self.places[:, 1]) - self.y_of(y))
        best = int(np.argmin(away))
        return best if away[best] <= within else None

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if not len(self.places):
            self._sentence(painter, width, height)
            return
        x, y = self.x_of(self.places[:, 0]), self.y_of(self.places[:, 1])
        seen = np.flatnonzero((x > -4) & (x < width + 4) & (y > -4) & (y < height + 4))
        radius = 3.0 if len(seen) < 200 else 2.0
        self._points(painter, x, y, seen, radius)
        font = theme.ui_font(11)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().text))
        metrics = QFontMetricsF(font)
        taken: list[QRectF] = [self._legend(painter, metrics)] if self.groups is not None else []
        first = [at for at in seen.tolist() if at in self.used]
        for at in (*first, *seen[:: max(1, len(seen) // NAMED)].tolist()):
            box = QRectF(float(x[at]) + 5, float(y[at]) - metrics.height() / 2,
                         metrics.horizontalAdvance(self.names[at]), metrics.height())  # fmt: skip
            if box.right() <= width and not any(box.intersects(other) for other in taken):
                taken.append(box)
                painter.drawText(QPointF(box.left(), box.top() + metrics.ascent()), self.names[at])

    def _points(self, painter: QPainter, x: NDArray[Any], y: NDArray[Any], seen: NDArray[Any], radius: float) -> None:
        """Paint the points, all of a colour at once, and a ring around those that are used."""
        codes = self.groups[seen] if self.groups is not None else np.zeros(len(seen), np.int64)
        for code in np.unique(codes):
            of_it = seen[codes == code]
            pen = QPen(QColor(self.color_of(int(of_it[0]))), 2 * radius)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints([QPointF(float(x[at]), float(y[at])) for at in of_it])
        painter.setPen(QPen(QColor(theme.current().text), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for at in seen:
            if int(at) in self.used:
                painter.drawEllipse(QPointF(float(x[at]), float(y[at])), radius + 2.5, radius + 2.5)

    def _legend(self, painter: QPainter, metrics: QFontMetricsF) -> QRectF:
        """The groups and their colours, at the upper left; where that is."""
        high, left = metrics.height(), 6.0
        shown = np.unique(self.groups[self.groups >= 0]) if self.groups is not None else ()
        for code in shown:
            title = self.titles[int(code)]
            painter.setPen(QPen(QColor(color_apart(int(code))), 7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoint(QPointF(left + 4, 2 + high / 2))
            painter.setPen(QColor(theme.current().text))
            painter.drawText(QPointF(left + 12, 2 + metrics.ascent()), title)
            left += 24 + metrics.horizontalAdvance(title)
        return QRectF(0, 0, left, high + 4)

    def _sentence(self, painter: QPainter, width: float, height: float) -> None:
        painter.setFont(theme.ui_font(12))
        painter.setPen(QColor(theme.current().muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(8, 0, width - 16, height), int(flags), self.message)
