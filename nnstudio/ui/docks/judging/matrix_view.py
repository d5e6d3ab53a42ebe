"""The confusion matrix: a cell for each pair of classes, darker the more often; a click tells which."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from nnstudio.project.judging.classes import Confusion
from nnstudio.ui import theme
from nnstudio.ui.announce import describe

#: Pixels: the least and greatest side of a cell.
LEAST, GREATEST = 6.0, 64.0
#: Classes that are shown at most, and at least.
MOST, FEWEST = 60, 4
#: Pixels below which the end of a name is not written.
SHORTEST = 28.0


class MatrixView(QWidget):
    """True classes down, what they were taken for across. ``chosen`` tells the cell; arrow keys go to the next one.
    Where there is no room for all classes, those with most mistakes are shown."""

    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.matrix: Confusion | None = None
        self.cell = (-1, -1)
        self.shown: list[int] = []
        self._place: dict[int, int] = {}
        self._widest = 10.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Confusion matrix")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(320), theme.scaled(260))

    def width_for(self, height: float) -> int:
        """How many pixels across are of use where there are so many down."""
        if self.matrix is None:
            return theme.scaled(200)
        left, top, _ = self._grid()
        count = self._many(height)
        return int(left + count * min(max(LEAST, (height - top - 6) / count), theme.scaled(GREATEST)) + 10)

    def show_matrix(self, matrix: Confusion) -> None:
        """Show this matrix, no cell chosen."""
        self.matrix, self.cell = matrix, (-1, -1)
        self._pick()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._pick()

    def _many(self, height: float) -> int:
        """How many classes there is room for in so many pixels down."""
        assert self.matrix is not None
        top = 2 * QFontMetricsF(theme.ui_font(11)).height() + 8
        return min(len(self.matrix.classes), MOST, max(FEWEST, int((height - top - 6) // LEAST)))

    def _pick(self) -> None:
        """Take the classes that are shown: all, or as many as there is room for, those with most mistakes."""
        if self.matrix is None:
            return
        counts, many = self.matrix.counts, self._many(self.height())
        wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
        chosen = np.argsort(-wrong, kind="stable")[:many]
        self.shown = sorted(chosen.tolist()) if many < len(counts) else list(range(len(counts)))
        self._place = {code: at for at, code in enumerate(self.shown)}
        if not {*self.cell} <= self._place.keys():
            self.cell = (-1, -1)
        font = QFontMetricsF(theme.ui_font(11))
        self._widest = max((font.horizontalAdvance(self.matrix.classes[code]) for code in self.shown), default=10.0)

    # --- where things are ---------------------------------------------------------------------------------------

    def _grid(self) -> tuple[float, float, float]:
        """Left and top of the cells, and their side."""
        assert self.matrix is not None
        line = QFontMetricsF(theme.ui_font(11)).height()
        left = min(self._widest, 0.3 * self.width()) + line + 12
        top = 2 * line + 8
        count = max(1, len(self.shown))
        side = min((self.width() - left - 8) / count, (self.height() - top - 6) / count, theme.scaled(GREATEST))
        return left, top, max(LEAST, side)

    def rect_of(self, true: int, said: int) -> QRectF:
        """Where a cell of two classes that are shown is."""
        left, top, side = self._grid()
        return QRectF(left + self._place[said] * side, top + self._place[true] * side, side, side)

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """True and predicted class at a place in pixels."""
        if self.matrix is None:
            return None
        left, top, side = self._grid()
        said, true = int((at.x() - left) // side), int((at.y() - top) // side)
        count = len(self.shown)
        return (self.shown[true], self.shown[said]) if 0 <= true < count and 0 <= said < count else None

    # --- the person ---------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is not None:
            self._choose(cell)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.told(cell) if cell is not None else "", self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self.matrix is None:
            super().keyPressEvent(event)
            return
        last, now = len(self.shown) - 1, [self._place.get(code, -1) for code in self.cell]
        true, said = (self.shown[min(last, max(0, at + by))] for at, by in zip(now, step, strict=True))
        self._choose((true, said))

    def _choose(self, cell: tuple[int, int]) -> None:
        self.cell = cell
        describe(self, self.told(cell))
        self.update()
        self.chosen.emit(*cell)

    def told(self, cell: tuple[int, int]) -> str:
        """A cell in words: ``5 taken for 9: 3 times, 11 % of all 5``."""
        assert self.matrix is not None
        true, said = cell
        names, count = self.matrix.classes, int(self.matrix.counts[cell])
        share = count / max(1, int(self.matrix.counts[true].sum()))
        what = "taken rightly" if true == said else f"taken for {names[said]}"
        return f"{names[true]} {what}: {count:,} times, {100 * share:.0f} % of all {names[true]}"

    # --- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.matrix is None:
            return
        painter = QPainter(self)
        try:
            self._cells(painter)
            self._names(painter)
            if self.hasFocus():
                painter.setPen(QPen(QColor(theme.current().accent), 1))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        finally:
            painter.end()

    def _cells(self, painter: QPainter) -> None:
        assert self.matrix is not None
        tokens, counts = theme.current(), self.matrix.counts
        whole = counts.sum(axis=1)
        left, top, side = self._grid()
        painter.setFont(theme.mono_font(11))
        metrics = QFontMetricsF(painter.font())
        for down, true in enumerate(self.shown):
            for across, said in enumerate(self.shown):
                rect = QRectF(left + across * side, top + down * side, side, side)
                count = int(counts[true, said])
                share = count / max(1, int(whole[true]))
                color = tokens.good if true == said else tokens.problem
                gap = 1.0 if rect.width() > 10 else 0.0
                ground = theme.mixed(tokens.raised, color, 0.75 * share**0.6 if count else 0.0)
                painter.fillRect(rect.adjusted(gap, gap, -gap, -gap), ground)
                text = f"{count:,}"
                if count and metrics.horizontalAdvance(text) <= rect.width() - 2 and metrics.height() <= rect.height():
                    painter.setPen(readable(ground))
                    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)
        if self.cell[0] >= 0:
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(self.rect_of(*self.cell).adjusted(1, 1, -1, -1))

    def _names(self, painter: QPainter) -> None:
        assert self.matrix is not None
        tokens, names = theme.current(), [self.matrix.classes[code] for code in self.shown]
        left, top, side = self._grid()
        painter.setFont(theme.ui_font(11))
        metrics, elided = QFontMetricsF(painter.font()), Qt.TextElideMode.ElideRight
        line = metrics.height()
        every = max(1, -(-int(line) // max(1, int(side))))
        painter.setPen(QColor(tokens.text))
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for code in range(0, len(names), every):
            box = QRectF(line + 2, top + (code + 0.5) * side - line / 2, left - line - 8, line)
            painter.drawText(box, right, metrics.elidedText(names[code], elided, box.width()))
        widest = max((metrics.horizontalAdvance(name) for name in names), default=1.0)
        every = max(1, math.ceil(min(widest + 6, 66.0) / max(1.0, side)))
        for code in range(0, len(names), every):
            wide = min(side * every, self.width() - left - code * side)
            if wide < min(widest, SHORTEST):
                continue
            box = QRectF(left + code * side, line + 2, wide, line)  # over its own column
            text = metrics.elidedText(names[code], elided, box.width() - 4 * (every > 1))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter if every == 1 else Qt.AlignmentFlag.AlignLeft), text)
        painter.setPen(QColor(tokens.muted))
        across = QRectF(left, 0, self.width() - left, line)
        whole = len(self.matrix.classes)
        some = f" · {len(names)} of {whole:,} classes, those with most mistakes" if len(names) < whole else ""
        told = metrics.elidedText(f"taken for →{some}", elided, across.width())
        painter.drawText(across, int(Qt.AlignmentFlag.AlignLeft), told)
        painter.save()
        painter.translate(0, top + side * len(names) / 2 + 40)
        painter.rotate(-90)
        painter.drawText(QRectF(0, 0, 90, line), int(Qt.AlignmentFlag.AlignCenter), "← is really")
        painter.restore()


def readable(ground: QColor) -> QColor:
    """Text on a ground: the better readable of the themes' texts."""
    return QColor(theme.DARK.text if ground.lightnessF() < 0.55 else theme.LIGHT.text)
