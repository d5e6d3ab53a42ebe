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

#: Pixels: the least and greatest side of a cell; what is lower than this has its names and heading in one line.
LEAST, GREATEST, LOW = 6.0, 64.0, 260
#: Classes that are shown at most, and at least.
MOST, FEWEST = 60, 4
#: In the middle, also where a line is lower than its letters could be: figures are not.
MIDDLE = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip)
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
        self._counts = np.zeros((0, 0), np.int64)
        self._widest = self._figures = 10.0
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
        line, count = self._line(), self._many(height)
        high = min(max(LEAST, (height - self._top(height) - 6) / count), theme.scaled(GREATEST))
        wide = min(max(high, self._figures), theme.scaled(GREATEST))
        left = min(self._widest, theme.scaled(120)) + line + 12
        return math.ceil(left + count * wide + 10 + self._beside(height))

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
        return min(len(self.matrix.classes), MOST, max(FEWEST, int((height - self._top(height) - 6) // LEAST)))

    def _line(self) -> float:
        return QFontMetricsF(theme.ui_font(11)).height()

    def _top(self, height: float) -> float:
        """What is above the cells: the names of what was said, and what they are; where there is little room beside one
        another."""
        return self._line() * (1 if height < theme.scaled(LOW) else 2) + 8

    def _beside(self, height: float) -> float:
        """What the heading takes at the right of the names."""
        low = height < theme.scaled(LOW)
        return QFontMetricsF(theme.ui_font(11)).horizontalAdvance(self._heading(low)) + 10 if low else 0.0

    def _heading(self, low: bool) -> str:
        """What stands across."""
        assert self.matrix is not None
        shown, whole = len(self.shown), len(self.matrix.classes)
        some = f" · {shown} of {whole:,} classes" if shown < whole else ""
        if low:
            return f"← taken for{some}"
        return f"taken for →{some}, those with most mistakes" if some else "taken for →"

    def _pick(self) -> None:
        """Take the classes that are shown: all, or as many as there is room for, those with most mistakes."""
        if self.matrix is None:
            return
        matrix, many = self.matrix, self._many(self.height())
        wrong = matrix.occurs + matrix.named - 2 * matrix.hits
        chosen = np.argsort(-wrong, kind="stable")[:many]
        self.shown = sorted(chosen.tolist()) if many < len(wrong) else list(range(len(wrong)))
        self._counts = matrix.among(self.shown)
        self._place = {code: at for at, code in enumerate(self.shown)}
        if not {*self.cell} <= self._place.keys():
            self.cell = (-1, -1)
        font, mono = QFontMetricsF(theme.ui_font(11)), QFontMetricsF(theme.mono_font(11))
        self._figures = mono.horizontalAdvance(f"{self._counts.max(initial=0):,}") + 8
        self._widest = max((font.horizontalAdvance(self.matrix.classes[code]) for code in self.shown), default=10.0)

    # --- where things are ---------------------------------------------------------------------------------------

    def _grid(self) -> tuple[float, float, float, float]:
        """Left and top of the cells, and how wide and high each is: as wide as its figure where it is low."""
        assert self.matrix is not None
        line, count = self._line(), max(1, len(self.shown))
        left = min(self._widest, 0.3 * self.width()) + line + 12
        top, greatest = self._top(self.height()), theme.scaled(GREATEST)
        high = max(LEAST, min((self.height() - top - 6) / count, greatest))
        room = self.width() - left - 8 - self._beside(self.height())
        wide = max(LEAST, min(room / count, max(high, self._figures), greatest))
        return left, top, wide, min(high, max(wide, line + 2))

    def rect_of(self, true: int, said: int) -> QRectF:
        """Where a cell of two classes that are shown is."""
        left, top, wide, high = self._grid()
        return QRectF(left + self._place[said] * wide, top + self._place[true] * high, wide, high)

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """True and predicted class at a place in pixels."""
        if self.matrix is None:
            return None
        left, top, wide, high = self._grid()
        said, true = int((at.x() - left) // wide), int((at.y() - top) // high)
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
        names, count = self.matrix.classes, int(self._counts[self._place[true], self._place[said]])
        share = count / max(1, int(self.matrix.occurs[true]))
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
        tokens, counts, whole = theme.current(), self._counts, self.matrix.occurs
        left, top, wide, high = self._grid()
        painter.setFont(theme.mono_font(11))
        metrics = QFontMetricsF(painter.font())
        for down, true in enumerate(self.shown):
            for across, said in enumerate(self.shown):
                rect = QRectF(left + across * wide, top + down * high, wide, high)
                count = int(counts[down, across])
                share = count / max(1, int(whole[true]))
                color = tokens.good if true == said else tokens.problem
                gap = 1.0 if high > 10 else 0.5 if high > LEAST + 2 else 0.0
                ground = theme.mixed(tokens.raised, color, 0.75 * share**0.6 if count else 0.0)
                painter.fillRect(rect.adjusted(gap, gap, -gap, -gap), ground)
                text = f"{count:,}"
                if count and metrics.horizontalAdvance(text) <= wide - 2 and metrics.capHeight() + 3 <= high:
                    painter.setPen(readable(ground))
                    painter.drawText(rect, MIDDLE, text)
        if self.cell[0] >= 0:
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(self.rect_of(*self.cell).adjusted(1, 1, -1, -1))

    def _names(self, painter: QPainter) -> None:
        assert self.matrix is not None
        tokens, names = theme.current(), [self.matrix.classes[code] for code in self.shown]
        left, top, wide, high = self._grid()
        painter.setFont(theme.ui_font(11))
        metrics, elided = QFontMetricsF(painter.font()), Qt.TextElideMode.ElideRight
        line = metrics.height()
        every = max(1, -(-int(line) // max(1, int(high))))
        painter.setPen(QColor(tokens.text))
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for code in range(0, len(names), every):
            box = QRectF(line + 2, top + (code + 0.5) * high - line / 2, left - line - 8, line)
            painter.drawText(box, right, metrics.elidedText(names[code], elided, box.width()))
        widest = max((metrics.horizontalAdvance(name) for name in names), default=1.0)
        every, end = max(1, math.ceil(min(widest + 6, 66.0) / max(1.0, wide))), left + wide * len(names)
        for code in range(0, len(names), every):
            room = min(wide * every, self.width() - self._beside(self.height()) - left - code * wide)
            if room < min(widest, SHORTEST):
                continue
            box = QRectF(left + code * wide, top - line - 2, room, line)  # over its own column
            text = metrics.elidedText(names[code], elided, box.width() - 4 * (every > 1))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter if every == 1 else Qt.AlignmentFlag.AlignLeft), text)
            end = max(end, box.left() + metrics.horizontalAdvance(text))
        self._headings(painter, QPointF(end, top + high * len(names)))

    def _headings(self, painter: QPainter, end: QPointF) -> None:
        """What is down and what across. end: where the last name and the last cell end."""
        left, top, *_ = self._grid()
        low, metrics = self.height() < theme.scaled(LOW), QFontMetricsF(painter.font())
        line = metrics.height()
        painter.setPen(QColor(theme.current().muted))
        across = QRectF(end.x() + 8 if low else left, top - line - 2 if low else 0, self.width(), line)
        across.setRight(self.width())
        told = metrics.elidedText(self._heading(low), Qt.TextElideMode.ElideRight, across.width())
        painter.drawText(across, int(Qt.AlignmentFlag.AlignLeft), told)
        painter.save()
        painter.translate(0, (top + end.y()) / 2 + 45)
        painter.rotate(-90)
        painter.drawText(QRectF(0, 0, 90, line), int(Qt.AlignmentFlag.AlignCenter), "← is really")
        painter.restore()


def readable(ground: QColor) -> QColor:
    """Text on a ground: the better readable of the themes' texts."""
    return QColor(theme.DARK.text if ground.lightnessF() < 0.55 else theme.LIGHT.text)
