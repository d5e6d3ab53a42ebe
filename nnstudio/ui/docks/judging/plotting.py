"""What the pages' plots are made of: a frame with lines, points and bars whose axes say what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.overlays import Cursor, Dots, EndLabels, Label
from nnstudio.ui.docks.plots import Overlay, View, curve, draw_with, line

Floats = NDArray[np.float64]
#: Points that a scatter paints at most.
POINTS = 20_000


class Lines(PlotFrame):
    """A plot of named lines. ``marked`` puts dots on it."""

    def __init__(self, title: str, caption: str) -> None:
        super().__init__(title, caption=caption, table=self.numbers)
        self.shown: dict[str, tuple[Floats, Floats]] = {}
        self._curves: list[object] = []
        view = self.plot.view
        self.labels, self.dots, self.reader = EndLabels(view), Dots(view), Cursor(view)

    def show_lines(
        self, lines: Mapping[str, tuple[Floats, Floats, str]], x: tuple[float, float], y: tuple[float, float],
        labels: Sequence[Label] = (),
    ) -> None:  # fmt: skip
        """Show these lines (x, y, colour) by name, in this part. A name that begins with ``·`` is dashed."""
        for item in self._curves:
            self.plot.view.removeItem(item)
        self._curves = []
        self.shown = {name.strip("· "): (along, up) for name, (along, up, _) in lines.items()}
        for name, (along, up, color) in lines.items():
            made = self.plot.add(curve())
            draw_with(made, line(color, 1.0 if name.startswith("·") else 1.8, dashed=name.startswith("·")))
            made.setData(along, up)
            self._curves.append(made)
        self.plot.view.show_range(x, y)
        self.plot.fit_left(self.plot.left.texts())
        self.labels.show_labels(labels)

    def numbers(self) -> Table:
        """The lines as columns."""
        made: dict[str, np.ndarray] = {}
        for name, (along, up) in self.shown.items():
            made[f"{name} x"], made[f"{name} y"] = along, up
        return made


class Cloud(Overlay):
    """Many points."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.along: Floats = np.empty(0)
        self.up: Floats = np.empty(0)

    def show_points(self, x: Floats, y: Floats) -> None:
        """Show points at these places (in data), thinned where they are very many."""
        every = max(1, -(-len(x) // POINTS))
        self.along, self.up = x[::every], y[::every]
        self.update()

    def nearest(self, x: float, y: float, within: float = 10.0) -> int | None:
        """The point that is nearest to a place (in data), within so many pixels."""
        if not len(self.along):
            return None
        away = np.hypot(self.x_of(self.along) - self.x_of(x), self.y_of(self.up) - self.y_of(y))
        best = int(np.argmin(np.nan_to_num(away, nan=np.inf)))
        return best if away[best] <= within else None

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        x, y = self.x_of(self.along), self.y_of(self.up)
        radius = 2.5 if len(x) < 1000 else 1.5
        pen = QPen(theme.color(theme.current().accent, 0.75 if len(x) < 1000 else 0.4), 2 * radius)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints([QPointF(float(a), float(b)) for a, b in zip(x, y, strict=True)])


class Columns(Overlay):
    """Bars that stand side by side between edges, from 0 up."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=0)
        self.edges: Floats = np.empty(0)
        self.heights: Floats = np.empty(0)
        self.strength = 0.8

    def show_bars(self, edges: Floats, heights: Floats, strength: float = 0.8) -> None:
        """Show a bar of each height between two edges; of what is NaN none."""
        self.edges, self.heights, self.strength = edges, np.nan_to_num(heights), strength
        self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(theme.current().accent, self.strength))
        at, zero = self.x_of(self.edges), float(self.y_of(0.0))
        for left, right, top in zip(at[:-1], at[1:], self.y_of(self.heights), strict=True):
            if zero - top > 0:
                painter.drawRect(QRectF(float(left) + 0.5, float(top), max(1.0, float(right - left) - 1), zero - top))


class Level(Overlay):
    """A quiet line across at a height."""

    def __init__(self, view: View, at: float = 0.0) -> None:
        super().__init__(view, above=5)
        self.at = at

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        pen = QPen(QColor(theme.current().muted), 1)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        y = round(float(self.y_of(self.at))) + 0.5
        painter.drawLine(QPointF(0, y), QPointF(width, y))
