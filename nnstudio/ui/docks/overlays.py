"""What is written over lines: labels at their ends, and the values under the mouse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.docks.plots import Overlay, View


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside the point where a line ends (in data), in the line's colour. Higher ``weight`` is kept first."""

    x: float
    y: float
    text: str
    color: str
    weight: float = 0.0


class EndLabels(Overlay):
    """Direct labels. Those that would overlap move apart; those for which there is no room are left out."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=20)
        self.labels: tuple[Label, ...] = ()

    def show_labels(self, labels: Sequence[Label]) -> None:
        """Show these labels instead of those before."""
        if tuple(labels) != self.labels:
            self.labels = tuple(labels)
            self.update()

    @property
    def row(self) -> float:
        """Pixels that a label takes along y."""
        return float(theme.scaled(14))

    def placed(self) -> list[tuple[Label, float]]:
        """Labels with the pixel row of their middle, none overlapping; those that end at the same place from top to
        bottom."""
        height = self._size.height()
        inside = [label for label in self.labels if -8 <= self.y_of(label.y) <= height + 8]
        metrics = QFontMetricsF(theme.ui_font(11))
        stacks: list[list[Label]] = []
        end = -1e9
        for label in sorted(inside, key=lambda label: self._left(label, metrics)):
            left = self._left(label, metrics)
            if left > end:
                stacks.append([])
            stacks[-1].append(label)
            end = max(end, left + metrics.horizontalAdvance(label.text) + 6)
        return [row for stack in stacks for row in self._stacked(stack)]

    def _left(self, label: Label, metrics: QFontMetricsF) -> float:
        wide = metrics.horizontalAdvance(label.text)
        return min(float(self.x_of(label.x)) + 8, self._size.width() - wide - 4)

    def _stacked(self, labels: Sequence[Label]) -> list[tuple[Label, float]]:
        height = self._size.height()
        each = self.row
        room = max(1, int(height // each))
        kept = sorted(labels, key=lambda label: -label.weight)[:room]
        rows = sorted(((label, float(self.y_of(label.y))) for label in kept), key=lambda row: row[1])
        at: list[float] = []
        for _, wanted in rows:
            wanted = min(max(wanted, each / 2), height - each / 2)
            at.append(wanted if not at else max(wanted, at[-1] + each))
        floor = height - each / 2
        for index in reversed(range(len(at))):
            at[index] = min(at[index], floor)
            floor = at[index] - each
        return [(label, y) for (label, _), y in zip(rows, at, strict=True)]

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        font = theme.ui_font(11)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        for label, y in self.placed():
            x, wide = self._left(label, metrics), metrics.horizontalAdvance(label.text)
            halo = QColor(theme.current().panel)
            halo.setAlpha(190)
            painter.fillRect(QRectF(x - 2, y - 0.43 * self.row, wide + 4, 0.86 * self.row), halo)
            painter.setPen(QColor(label.color))
            painter.drawText(QPointF(x, y + metrics.capHeight() / 2), label.text)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value under the mouse: its name, its text, its colour and, where it has a point, its place along y."""

    name: str
    value: str
    color: str
    y: float | None = None


class Cursor(Overlay):
    """A line at the mouse and a small card with the values there."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=30)
        self.at: float | None = None
        self.heading = ""
        self.readings: tuple[Reading, ...] = ()
        self.lined = True

    def point(
        self, x: float | None, heading: str = "", readings: Sequence[Reading] = (), *, lined: bool = True
    ) -> None:
        """Show the values at ``x`` (in data); None hides the cursor."""
        if (x, heading, tuple(readings)) != (self.at, self.heading, self.readings):
            self.at, self.heading, self.readings, self.lined = x, heading, tuple(readings), lined
            told = [heading, *(f"{reading.name} {reading.value}" for reading in self.readings)]
            self.view.told = ", ".join(part for part in told if part) if x is not None else ""
            self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if self.at is None:
            return
        tokens, x = theme.current(), float(self.x_of(self.at))
        if self.lined:
            painter.setPen(QPen(QColor(tokens.faint), 1))
            painter.drawLine(QPointF(round(x) + 0.5, 0), QPointF(round(x) + 0.5, height))
        for reading in self.readings:
            if reading.y is not None and reading.y == reading.y:
                painter.setPen(QPen(QColor(tokens.panel), 1.5))
                painter.setBrush(QColor(reading.color))
                painter.drawEllipse(QPointF(x, float(self.y_of(reading.y))), 3.5, 3.5)
        self._card(painter, x, width, height)

    def _card(self, painter: QPainter, x: float, width: float, height: float) -> None:
        tokens = theme.current()
        small, mono = theme.ui_font(11), theme.mono_font(11)
        names, values = QFontMetricsF(small), QFontMetricsF(mono)
        left = max([names.horizontalAdvance(r.name) for r in self.readings], default=0.0)
        right = max([values.horizontalAdvance(r.value) for r in self.readings], default=0.0)
        wide = max(left + 16 + right, values.horizontalAdvance(self.heading)) + 16
        each = float(theme.scaled(16))
        high = each * (len(self.readings) + bool(self.heading)) + 10
        at = x + 12 if x + 12 + wide <= width else x - 12 - wide
        card = QRectF(max(0.0, at), 4, wide, high)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        row = QRectF(card.left() + 8, card.top() + 5, wide - 16, each)
        if self.heading:
            painter.setFont(mono)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.heading)
            row.translate(0, each)
        for reading in self.readings:
            painter.setFont(small)
            painter.setPen(QColor(reading.color))
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, reading.name)
            painter.setFont(mono)
            painter.setPen(QColor(tokens.text))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, reading.value)
            row.translate(0, each)


class Dots(Overlay):
    """A dot at each point of a line that has few of them."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=12)
        self.points: tuple[tuple[float, float], ...] = ()
        self.color = "#000000"

    def show_points(self, points: Sequence[tuple[float, float]], color: str) -> None:
        """Show these points (in data) instead of those before."""
        self.points, self.color = tuple(points), color
        self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if len(self.points) > width / 9:
            return
        painter.setPen(QPen(Qt.PenStyle.NoPen))
        painter.setBrush(QColor(self.color))
        for x, y in self.points:
            if y == y:
                painter.drawEllipse(QPointF(float(self.x_of(x)), float(self.y_of(y))), 3.0, 3.0)


class Band(Overlay):
    """A range along y in which values usually lie, and the value around which they do."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=-5)
        self.usual: tuple[float, float, float] | None = None
        self.name = BandName(view)

    def show_usual(self, usual: tuple[float, float, float] | None, *, log: bool) -> None:
        """Mark from the first to the third value, around the second; None for nothing. log: along y lie logarithms."""
        places = tuple(math.log10(value) for value in usual) if usual is not None and log else usual
        if places != self.usual:
            self.usual = places  # type: ignore[assignment]
            text = f"usual: around {usual[1]:.0e}".replace("e-0", "e-") if usual is not None else ""
            self.name.say(text, self.usual[2] if self.usual is not None else 0.0)
            self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if self.usual is None:
            return
        tokens = theme.current()
        bottom, middle, top = (float(self.y_of(value)) for value in self.usual)
        painter.fillRect(QRectF(0, top, width, bottom - top), theme.color(tokens.good, 0.10))
        pen = QPen(theme.color(tokens.good, 0.6), 1)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawLine(QPointF(0, round(middle) + 0.5), QPointF(width, round(middle) + 0.5))


class BandName(Overlay):
    """What a band is, written over what is drawn in it."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=19)
        self.text, self._top = "", 0.0

    def say(self, text: str, top: float) -> None:
        """Write this below a place along y."""
        self.text, self._top = text, top
        self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if not self.text:
            return
        font, tokens = theme.ui_font(11), theme.current()
        metrics = QFontMetricsF(font)
        box = QRectF(4, max(1.0, float(self.y_of(self._top)) + 1), metrics.horizontalAdvance(self.text) + 6, 15)
        box.setHeight(metrics.height())
        painter.fillRect(box, theme.color(tokens.panel, 0.85))
        painter.setFont(font)
        painter.setPen(QColor(tokens.good))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self.text)


class Upright(Overlay):
    """A line that stands at one place along x: the moment of the run that is shown elsewhere."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=9)
        self.at: float | None = None

    def stand_at(self, x: float | None) -> None:
        """Stand at this place (in data); None: nowhere."""
        if x != self.at:
            self.at = x
            self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if self.at is not None:
            x = round(float(self.x_of(self.at))) + 0.5
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, height))
