"""Groups as lines: name, number of rows, and a figure with its confidence interval beside that of the whole."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QWidget

from nnstudio.project.judging.intervals import Interval
from nnstudio.project.judging.slices import Slice, Sliced
from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers

#: Pixels at 100 %: a group's height, what its number of rows takes, and its figure.
HIGH, COUNT, FIGURE = 24, 62, 64


class SlicesView(QWidget):
    """One line for each group, the worst first; ``chosen`` tells which. ↑ and ↓ go to the next one."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.sliced: Sliced | None = None
        self.current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Groups, the worst first")

    def show_sliced(self, sliced: Sliced) -> None:
        """Show these groups, none chosen."""
        self.sliced, self.current = sliced, -1
        self.setMinimumHeight((len(sliced.slices) + 1) * theme.scaled(HIGH) + 8)
        self.update()

    def line(self, place: int) -> QRectF:
        """Where a group's line is."""
        high = theme.scaled(HIGH)
        return QRectF(0, (place + 1) * high, self.width(), high)

    def told(self, place: int) -> str:
        """A group in words."""
        assert self.sliced is not None
        each = self.sliced.slices[place]
        figure = each.figures[self.sliced.figure]
        worse = ", worse than the whole" if self.sliced.stands_out(each) else ""
        return f"{each.name}, {numbers.count(each.count, 'row')}: {self.sliced.figure} {_ranged(figure)}{worse}"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int(event.position().y() // theme.scaled(HIGH)) - 1
        if self.sliced is not None and 0 <= place < len(self.sliced.slices):
            self.choose(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if by is None or self.sliced is None or not self.sliced.slices:
            super().keyPressEvent(event)
            return
        self.choose(min(len(self.sliced.slices) - 1, max(0, self.current + by)))

    def choose(self, place: int) -> None:
        """Choose a group, and have it in sight."""
        self.current = place
        describe(self, self.told(place))
        scroll = self.parent().parent() if self.parent() is not None else None
        if isinstance(scroll, QScrollArea):
            line = self.line(place).toRect()
            scroll.ensureVisible(0, line.top() - line.height() if place == 0 else line.top(), 0, 0)
            scroll.ensureVisible(0, line.bottom(), 0, 0)
        self.update()
        self.chosen.emit(place)

    # --- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.sliced is None:
            return
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._head(painter, self.sliced)
            for place, each in enumerate(self.sliced.slices):
                if self.line(place).intersects(QRectF(event.rect())):
                    self._group(painter, self.sliced, place, each)
            if self.hasFocus():
                painter.setPen(QPen(QColor(theme.current().accent), 1))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        finally:
            painter.end()

    def _span(self, sliced: Sliced) -> tuple[float, float]:
        """The least and greatest end of what is drawn."""
        known = [each.figures[sliced.figure] for each in (*sliced.slices, sliced.whole)]
        ends = [end for each in known for end in (each.value, each.low, each.high) if end == end]
        low, high = min(ends, default=0.0), max(ends, default=1.0)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _axis(self, sliced: Sliced) -> tuple[float, float, float, float]:
        """Pixels of its beginning and end, and their values."""
        left = min(0.4 * self.width(), theme.scaled(220)) + theme.scaled(COUNT)
        right = self.width() - theme.scaled(FIGURE) - 14
        return left, max(left + 20, right), *self._span(sliced)

    def _head(self, painter: QPainter, sliced: Sliced) -> None:
        tokens, high = theme.current(), theme.scaled(HIGH)
        left, right, low, far = self._axis(sliced)
        painter.setFont(theme.ui_font(11))
        painter.setPen(QColor(tokens.muted))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        count = QRectF(left - theme.scaled(COUNT) - 10, 0, theme.scaled(COUNT), high)
        painter.drawText(QRectF(8, 0, left, high), middle, sliced.column)
        painter.drawText(count, middle | int(Qt.AlignmentFlag.AlignRight), "rows")
        name = QRectF(left, 0, self.width() - left - 12, high)
        painter.drawText(name, middle | int(Qt.AlignmentFlag.AlignRight), sliced.figure)
        whole = sliced.whole.figures[sliced.figure].value
        x = left + (whole - low) / (far - low) * (right - left)
        text = f"all {numbers.figure(whole)}"
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text)
        painter.drawText(QPointF(max(left, min(x - wide / 2, right - 1.6 * wide)), 0.68 * high), text)
        pen = QPen(QColor(tokens.muted), 1)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(round(x) + 0.5, high), QPointF(round(x) + 0.5, (len(sliced.slices) + 1) * high))

    def _group(self, painter: QPainter, sliced: Sliced, place: int, each: Slice) -> None:
        tokens, box = theme.current(), self.line(place)
        if place == self.current:
            painter.fillRect(box, theme.row_selected(tokens))
        left, right, low, far = self._axis(sliced)
        middle, elided = int(Qt.AlignmentFlag.AlignVCenter), Qt.TextElideMode.ElideMiddle
        painter.setFont(theme.ui_font(12))
        painter.setPen(QColor(tokens.text))
        room = left - theme.scaled(COUNT) - 20
        name = QFontMetricsF(painter.font()).elidedText(each.name, elided, room)
        painter.drawText(box.adjusted(8, 0, 0, 0), middle, name)
        painter.setFont(theme.mono_font(11))
        painter.setPen(QColor(tokens.muted))
        count = QRectF(left - theme.scaled(COUNT) - 10, box.top(), theme.scaled(COUNT), box.height())
        painter.drawText(count, middle | int(Qt.AlignmentFlag.AlignRight), f"{each.count:,}")
        figure = each.figures[sliced.figure]
        color = QColor(tokens.problem if sliced.stands_out(each) else tokens.accent)
        painter.setPen(color if sliced.stands_out(each) else QColor(tokens.text))
        flags = middle | int(Qt.AlignmentFlag.AlignRight)
        painter.drawText(box.adjusted(0, 0, -12, 0), flags, numbers.figure(figure.value))

        def x(value: float) -> float:
            return left + (value - low) / (far - low) * (right - left)

        y = box.center().y()
        if figure.low == figure.low:
            painter.setPen(QPen(color, 2))
            painter.drawLine(QPointF(x(figure.low), y), QPointF(x(figure.high), y))
        if figure.value == figure.value:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(x(figure.value), y), 4, 4)


def _ranged(figure: Interval) -> str:
    if figure.low != figure.low:
        return numbers.figure(figure.value)
    told = (figure.value, figure.low, figure.high)
    return "{} ({} to {})".format(*map(numbers.figure, told))
