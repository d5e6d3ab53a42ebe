"""What parts of an input counted: bars by column, or words on grounds of colour."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.project.judging.explaining import Part, visible
from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers

#: Columns that are shown at most; words.
BARS, WORDS = 24, 600
#: What fills a text up, which is not shown at its end.
FILLED = "<pad>"


class PartsView(QWidget):
    """One field's attributions: what spoke for the answer in one colour, what spoke against it in another."""

    def __init__(self) -> None:
        super().__init__()
        self.part: Part | None = None
        self.texts: tuple[str, ...] = ()
        self.setAccessibleName("What counted")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_part(self, part: Part | None, texts: tuple[str, ...] = ()) -> None:
        """Show a part; ``texts``: what stood in each column."""
        self.part, self.texts = part, texts
        if part is not None and part.names:
            told = [f"{part.names[at]} {part.values.reshape(-1)[at]:+.3g}" for at in part.strongest[:5]]
            describe(self, ", ".join(told))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.part is None:
            return
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.part.kind == "codes" and len(self.part.names) > 1:
                self._words(painter, self.part)
            else:
                self._bars(painter, self.part)
        finally:
            painter.end()

    def _color(self, value: float) -> str:
        families = theme.current().families
        return families["normalisation"] if value >= 0 else families["attention"]

    def _bars(self, painter: QPainter, part: Part) -> None:
        tokens, high = theme.current(), float(theme.scaled(22))
        flat = part.values.reshape(-1)
        shown = part.strongest[: max(1, min(BARS, int(self.height() // high)))]
        painter.setFont(theme.ui_font(12))
        metrics, mono = QFontMetricsF(theme.ui_font(12)), QFontMetricsF(theme.mono_font(11))
        names = [part.names[at] if at < len(part.names) else f"number {at + 1}" for at in shown]
        texts = [self.texts[at] if at < len(self.texts) else "" for at in shown]
        wide = min(0.32 * self.width(), max(map(metrics.horizontalAdvance, names), default=10.0) + 8)
        value = min(0.16 * self.width(), max(map(mono.horizontalAdvance, texts), default=0.0) + 12)
        figure = mono.horizontalAdvance("−0.0000") + 10
        left, right = wide + value + figure, self.width() - figure
        most = float(np.abs(flat).max(initial=0.0)) or 1.0
        zero = (left + right) / 2 if (flat < 0).any() else left
        reach = right - zero
        middle, elided = int(Qt.AlignmentFlag.AlignVCenter), Qt.TextElideMode.ElideMiddle
        for line, at in enumerate(shown):
            top = line * high
            painter.setFont(theme.ui_font(12))
            painter.setPen(QColor(tokens.text))
            painter.drawText(QRectF(0, top, wide, high), middle, metrics.elidedText(names[line], elided, wide - 8))
            painter.setFont(theme.mono_font(11))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QRectF(wide, top, value, high), middle, mono.elidedText(texts[line], elided, value - 6))
            long = abs(float(flat[at])) / most * reach
            bar = QRectF(zero if flat[at] >= 0 else zero - long, top + 5, max(1.0, long), high - 10)
            painter.fillRect(bar, QColor(self._color(float(flat[at]))))
            text = numbers.figure(float(flat[at]))
            where = QRectF(bar.right() + 6, top, figure, high) if flat[at] >= 0 else \
                QRectF(bar.left() - figure - 6, top, figure, high)  # fmt: skip
            side = Qt.AlignmentFlag.AlignLeft if flat[at] >= 0 else Qt.AlignmentFlag.AlignRight
            painter.drawText(where, middle | int(side), text)

    def _words(self, painter: QPainter, part: Part) -> None:
        """The words in their order, the more colour the more they counted."""
        tokens, flat = theme.current(), part.values.reshape(-1)
        most = float(np.abs(flat).max(initial=0.0)) or 1.0
        painter.setFont(theme.ui_font(13))
        metrics = QFontMetricsF(painter.font())
        high, x, y = metrics.height() + 6, 2.0, 2.0
        last = max((at for at, name in enumerate(part.names) if name != FILLED), default=0)
        for name, value in list(zip(part.names, flat.tolist(), strict=True))[: min(WORDS, last + 1)]:
            text = visible(name)
            wide = metrics.horizontalAdvance(text) + 6
            if x + wide > self.width() and x > 2:
                x, y = 2.0, y + high + 3
            if y + high > self.height():
                break
            ground = theme.mixed(tokens.panel, self._color(value), 0.55 * abs(value) / most)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(QRectF(x, y, wide, high), 3, 3)
            painter.setPen(QColor(tokens.text))
            painter.drawText(QPointF(x + 3, y + 3 + metrics.ascent()), text)
            x += wide + 3
