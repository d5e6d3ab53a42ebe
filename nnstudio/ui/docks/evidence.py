"""The evidence of a diagnosis as a small picture: a series over time, with what it is compared with, or a bar for each
of a few things."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import numbers

#: Bars that are drawn at most.
BARS = 7


class EvidencePlot(QWidget):
    """Draws `Diagnosis.evidence`. ``drawn``: whether there is anything to draw."""

    def __init__(self, evidence: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.evidence = evidence
        self.series = _numbers(evidence.get("series"))
        self.validation = _numbers(evidence.get("validation"))
        self.bars = _bars(evidence.get("by_node"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Evidence")
        self.setAccessibleDescription(self.said())

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw."""
        return len(self.series) > 2 or len(self.bars) > 1

    def said(self) -> str:
        """The evidence in words: what is measured, from where to where, or each thing with its figure."""
        measure = str(self.evidence.get("measure", ""))
        if len(self.series) > 2:
            parts = [f"{measure} from {numbers.figure(self.series[0])} to {numbers.figure(self.series[-1])}"]
            level = self.evidence.get("level")
            if isinstance(level, int | float):
                parts.append(f"{self.evidence.get('level_name', '')} {numbers.figure(level)}")
            return ", ".join(parts)
        return f"{measure}: " + ", ".join(f"{name} {numbers.figure(value)}" for name, value in self.bars)

    def sizeHint(self) -> QSize:
        lines = min(BARS, len(self.bars)) if len(self.series) <= 2 else 5
        return QSize(theme.scaled(300), theme.scaled(18 + max(4, lines) * 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            tokens = theme.current()
            painter.setFont(theme.ui_font(10))
            painter.setPen(QColor(tokens.muted))
            top = theme.scaled(16)
            heading = QRectF(0, 0, self.width(), top)
            painter.drawText(heading, Qt.AlignmentFlag.AlignLeft, str(self.evidence.get("measure", "")))
            inside = QRectF(0, top, self.width(), self.height() - top)
            if len(self.series) > 2:
                self._draw_series(painter, inside)
            else:
                self._draw_bars(painter, inside)
        finally:
            painter.end()

    def _draw_series(self, painter: QPainter, inside: QRectF) -> None:
        tokens = theme.current()
        level = self.evidence.get("level")
        level = float(level) if isinstance(level, int | float) else math.nan
        every = [*self.series, *self.validation, *([level] if math.isfinite(level) else [])]
        high, low = max(every), min(every)
        log = bool(self.evidence.get("log")) and low > 0 and high > 30 * low
        fit = (lambda value: math.log10(value)) if log else (lambda value: value)
        bottom, span = fit(low), max(fit(high) - fit(low), 1e-12)
        wide = QFontMetricsF(theme.mono_font(10)).horizontalAdvance("−0.0000") + 8
        plot = inside.adjusted(wide, 4, -4, -4)

        def y(value: float) -> float:
            return plot.bottom() - (fit(value) - bottom) / span * plot.height()

        painter.setPen(QPen(QColor(tokens.line), 1))
        for value in (high, low):
            painter.drawLine(QPointF(plot.left(), y(value)), QPointF(plot.right(), y(value)))
        painter.setFont(theme.mono_font(10))
        painter.setPen(QColor(tokens.muted))
        for value, at in ((high, plot.top() + 5), (low, plot.bottom() - 5)):
            where = QRectF(0, at - 8, wide - 6, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, numbers.figure(value))
        if math.isfinite(level):
            self._draw_level(painter, plot, y(level), str(self.evidence.get("level_name", "")))
        for values, color in ((self.validation, tokens.validation), (self.series, tokens.training)):
            if len(values) > 1:
                painter.setPen(QPen(QColor(color), 1.6))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawPath(_path(values, plot, y))

    def _draw_level(self, painter: QPainter, plot: QRectF, at: float, name: str) -> None:
        pen = QPen(QColor(theme.current().muted), 1)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(plot.left(), at), QPointF(plot.right(), at))
        painter.setFont(theme.ui_font(10))
        above = at - 15 if at > plot.top() + 15 else at + 1
        painter.drawText(QRectF(plot.left(), above, plot.width(), 14), Qt.AlignmentFlag.AlignRight, name)

    def _draw_bars(self, painter: QPainter, inside: QRectF) -> None:
        tokens = theme.current()
        bars = self.bars[:BARS] if len(self.bars) <= BARS else [*self.bars[: BARS - 3], *self.bars[-3:]]
        small, mono = theme.ui_font(10), theme.mono_font(10)
        names, figures = QFontMetricsF(small), QFontMetricsF(mono)
        left = min(0.45 * inside.width(), max(names.horizontalAdvance(name) for name, _ in bars) + 8)
        right = max(figures.horizontalAdvance(numbers.figure(value)) for _, value in bars) + 6
        row = min(theme.scaled(16), inside.height() / len(bars))
        known = [value for _, value in bars if value > 0]
        log = bool(self.evidence.get("log")) and len(known) > 1
        for place, (name, value) in enumerate(bars):
            top = inside.top() + place * row
            painter.setFont(small)
            painter.setPen(QColor(tokens.muted))
            shown = names.elidedText(name, Qt.TextElideMode.ElideMiddle, left - 8)
            painter.drawText(QRectF(0, top, left - 8, row), _MIDDLE, shown)
            room = inside.width() - left - right
            share = _share(value, known, log=log)
            painter.fillRect(QRectF(left, top + 3, max(1.5, share * room), row - 6), QColor(tokens.training))
            painter.setFont(mono)
            painter.setPen(QColor(tokens.text))
            painter.drawText(QRectF(left + share * room + 5, top, right, row), _MIDDLE, numbers.figure(value))


_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def _share(value: float, known: Sequence[float], *, log: bool) -> float:
    """How long a bar is, from 0 to 1."""
    if value <= 0 or not known:
        return 0.0
    if not log:
        return value / max(known)
    low, high = math.log10(min(known)) - 0.5, math.log10(max(known))
    return (math.log10(value) - low) / max(high - low, 1e-9)


def _path(values: Sequence[float], plot: QRectF, y: Any) -> QPainterPath:
    path = QPainterPath()
    step = plot.width() / max(1, len(values) - 1)
    for place, value in enumerate(values):
        point = QPointF(plot.left() + place * step, y(value))
        path.lineTo(point) if place else path.moveTo(point)
    return path


def _numbers(value: Any) -> list[float]:
    """The finite numbers of a list; none where it is something else."""
    if not isinstance(value, list | tuple):
        return []
    return [float(each) for each in value if isinstance(each, int | float) and np.isfinite(each)]


def _bars(value: Any) -> list[tuple[str, float]]:
    if not isinstance(value, Mapping):
        return []
    return [
        (str(name), float(size)) for name, size in value.items() if isinstance(size, int | float) and np.isfinite(size)
    ]
