"""A map of named points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.docks.plots import Overlay, View

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

    def show_points(self, places: NDArray[np.float64], names: Sequence[str], color: str) -> None:
        """Show points at these places (in data), shape (points, 2), with these names."""
        self.places, self.names, self.color, self.message = places, tuple(names), color, ""
        self.update()

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
        pen = QPen(QColor(self.color), 2 * radius)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints([QPointF(float(x[at]), float(y[at])) for at in seen])
        font = theme.ui_font(11)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().text))
        metrics = QFontMetricsF(font)
        taken: list[QRectF] = []
        for at in seen[:: max(1, len(seen) // NAMED)]:
            box = QRectF(float(x[at]) + 5, float(y[at]) - metrics.height() / 2,
                         metrics.horizontalAdvance(self.names[at]), metrics.height())  # fmt: skip
            if box.right() <= width and not any(box.intersects(other) for other in taken):
                taken.append(box)
                painter.drawText(QPointF(box.left(), box.top() + metrics.ascent()), self.names[at])

    def _sentence(self, painter: QPainter, width: float, height: float) -> None:
        painter.setFont(theme.ui_font(12))
        painter.setPen(QColor(theme.current().muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(8, 0, width - 16, height), int(flags), self.message)
