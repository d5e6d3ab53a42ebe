"""Where pyqtgraph comes in: a plot with two quiet axes, a few grid lines and a view that zooms by drag.

Import this module late: pyqtgraph takes half a second to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsWidget, QStyleOptionGraphicsItem, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers

Array = NDArray[np.float64]

#: Pixels between an axis and its texts; between ticks, at least.
GAP, TICK_ACROSS, TICK_DOWN = 6, 56, 28


class Axis(pyqtgraph.AxisItem):
    """An axis without a line: round ticks, a grid line at each, figures in the monospaced face.

    log: the range is in logarithms (base 10) and the texts are the numbers they stand for. whole: ticks at whole
    numbers alone. Named places (:meth:`name`) replace the ticks.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.log = False
        self.whole = False
        self.percent = False
        self.gridded = True
        self._places: list[tuple[float, str]] | None = None
        self.setStyle(
            tickLength=0, tickAlpha=255, tickTextOffset=GAP, autoExpandTextSpace=False, hideOverlappingLabels=False
        )
        self.setZValue(-1000)  # grid lines lie behind what is drawn

    def restyle(self) -> None:
        """Take the fonts and colours of the present theme."""
        tokens = theme.current()
        self.setPen(QPen(Qt.PenStyle.NoPen))
        self.setTickPen(QPen(QColor(tokens.line), 1))
        self.setTextPen(QColor(tokens.muted))
        self.setTickFont(theme.ui_font(11) if self._places is not None else theme.mono_font(10))
        self.setGrid(255 if self.gridded else False)

    def name(self, places: Sequence[tuple[float, str]]) -> None:
        """Put these texts at these places, and no other ticks."""
        fresh = list(places)
        if fresh != self._places:
            first, self._places = self._places is None, fresh
            self.setTicks([fresh])
            if first:
                self.restyle()

    def show_scale(self, *, log: bool = False, whole: bool = False, percent: bool = False) -> None:
        """Say how the range is to be read. percent: 1 is written as 100 %."""
        if (log, whole, percent) != (self.log, self.whole, self.percent):
            self.log, self.whole, self.percent = log, whole, percent
            self.picture = None
            self.update()

    def texts(self) -> list[str]:
        """The ticks' texts, as they are shown now."""
        if self._places is not None:
            return [text for _, text in self._places]
        size = self.height() if self.orientation == "left" else self.width()
        return self.tickStrings(self.tickValues(self.range[0], self.range[1], size)[0][1], 1.0, 1.0)

    def boundingRect(self) -> QRectF:
        return super().boundingRect().adjusted(-16, -8, 16, 8)  # so that the texts at both ends are drawn

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        most = max(2, int(size / (TICK_DOWN if self.orientation == "left" else TICK_ACROSS)))
        if self.log:
            return [(1.0, numbers.log_ticks(minVal, maxVal, most))]
        return [(1.0, numbers.ticks(minVal, maxVal, most, whole=self.whole))]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.log:
            return [numbers.log_text(value) for value in values]
        if self.percent:
            return [f"{text} %" for text in numbers.tick_texts([100 * value for value in values])]
        return numbers.tick_texts(values)

    def wheelEvent(self, event: Any) -> None:
        event.ignore()

    def mouseDragEvent(self, event: Any) -> None:
        event.ignore()


class View(pyqtgraph.ViewBox):
    """The inside of a plot. With ``zooms`` a drag draws a rectangle to zoom to, the wheel zooms along x, and a drag
    with Shift or the middle button pans."""

    def __init__(self, *, zooms: bool = False) -> None:
        super().__init__(enableMenu=False, enableMouse=zooms)
        self.setMouseMode(self.RectMode)
        self.disableAutoRange()
        self.zooms = zooms
        #: what is written beside the mouse, in words
        self.told = ""

    def show_range(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show exactly this part; nothing happens where it is shown already."""
        (x0, x1), (y0, y1) = self.viewRange()
        if (x0, x1, y0, y1) != (*x, *y):
            self.setRange(xRange=x, yRange=y, padding=0)

    def showAxRect(self, ax: QRectF, **options: Any) -> None:
        """Zoom to a rectangle that was drawn; a flat one zooms along its length alone."""
        rect = ax.normalized()
        (x0, x1), (y0, y1) = self.viewRange()
        wide = rect.width() > 0.02 * abs(x1 - x0)
        high = rect.height() > 0.06 * abs(y1 - y0)
        if not wide and not high:
            return
        x = (rect.left(), rect.right()) if wide else (x0, x1)
        y = (rect.top(), rect.bottom()) if high else (y0, y1)
        self.setRange(xRange=x, yRange=y, padding=0)
        self.sigRangeChangedManually.emit(self.state["mouseEnabled"])

    def pan(self, across: float, upward: float = 0.0) -> None:
        """Move what is seen by so many of its widths and heights."""
        (x0, x1), (y0, y1) = self.viewRange()
        dx, dy = across * (x1 - x0), upward * (y1 - y0)
        self.setRange(xRange=(x0 + dx, x1 + dx), yRange=(y0 + dy, y1 + dy), padding=0)
        self.sigRangeChangedManually.emit(self.state["mouseEnabled"])

    def magnify(self, factor: float, around: float | None = None) -> None:
        """Zoom in along x by a factor, around a place in data (the middle where there is none)."""
        (x0, x1), _ = self.viewRange()
        middle = (x0 + x1) / 2 if around is None else around
        self.setRange(xRange=(middle - (middle - x0) / factor, middle + (x1 - middle) / factor), padding=0)
        self.sigRangeChangedManually.emit(self.state["mouseEnabled"])

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        pans = ev.button() == Qt.MouseButton.MiddleButton or ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if self.zooms and pans and ev.button() != Qt.MouseButton.RightButton:
            ev.accept()
            moved = ev.pos() - ev.lastPos()
            self.pan(-moved.x() / max(1.0, self.width()), moved.y() / max(1.0, self.height()))
        elif self.zooms and ev.button() == Qt.MouseButton.LeftButton:
            tokens = theme.current()
            accent = QColor(tokens.accent)
            self.rbScaleBox.setPen(QPen(accent, 0))
            accent.setAlpha(40)
            self.rbScaleBox.setBrush(accent)
            super().mouseDragEvent(ev, axis)
        else:
            ev.ignore()

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        if self.zooms:
            super().wheelEvent(ev, axis=0)
        else:
            ev.ignore()


class Overlay(QGraphicsItem):
    """Something that paints itself in the pixels of a view (y down), whatever part of the data the view shows."""

    def __init__(self, view: View, above: float = 10.0) -> None:
        super().__init__(view)
        self.view = view
        self.setZValue(above)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._size = QSizeF(view.rect().size())
        view.sigRangeChanged.connect(self._view_changed)
        view.sigResized.connect(self._view_changed)

    def _view_changed(self, *_: object) -> None:
        self.prepareGeometryChange()
        self._size = QSizeF(self.view.rect().size())
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(QPointF(0, 0), self._size)

    def x_of(self, values: Any) -> Any:
        """Pixels from the left for places along x."""
        (low, high), _ = self.view.viewRange()
        return (values - low) * (self._size.width() / (high - low))

    def y_of(self, values: Any) -> Any:
        """Pixels from the top for places along y."""
        _, (low, high) = self.view.viewRange()
        return (high - values) * (self._size.height() / (high - low))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.save()
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.draw(painter, self._size.width(), self._size.height())
        finally:
            painter.restore()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        """Paint; the painter is antialiased and restored afterwards."""
        raise NotImplementedError


class Plot(pyqtgraph.GraphicsView):
    """A view with an axis on its left and below. ``hovered`` tells where the mouse is, in data; None where it left.

    With the focus, arrow keys do what the mouse does (Ctrl: faster), Return clicks, Home asks to see everything again
    (``whole``); where it zooms, Shift with arrows pans, + and − zoom.
    """

    hovered = Signal(object)
    clicked = Signal(object)
    whole = Signal()

    def __init__(self, *, zooms: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._at: QPointF | None = None
        self.viewport().setAutoFillBackground(False)
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.setMinimumSize(120, 48)
        self.enableMouse(False)
        self.view = View(zooms=zooms)
        self.left, self.bottom = Axis("left"), Axis("bottom")
        self.bottom.gridded = False
        inside = QGraphicsWidget()
        self.setCentralItem(inside)
        grid = pyqtgraph.QtWidgets.QGraphicsGridLayout(inside)
        grid.setContentsMargins(0, 8, 14, 0)  # half of a tick's text at the end
        grid.setSpacing(0)
        grid.addItem(self.left, 0, 0)
        grid.addItem(self.view, 0, 1)
        grid.addItem(self.bottom, 1, 1)
        grid.setColumnStretchFactor(1, 1)
        grid.setRowStretchFactor(0, 1)
        for axis in (self.left, self.bottom):
            axis.linkToView(self.view)
            axis.restyle()
        self.bottom.setHeight(theme.scaled(20))
        self.scene().sigMouseMoved.connect(self._moved)
        self.scene().sigMouseClicked.connect(self._clicked)

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        for axis in (self.left, self.bottom):
            axis.restyle()
        self.bottom.setHeight(theme.scaled(20))
        self.fit_left(self.left.texts())

    def fit_left(self, texts: Sequence[str] = (), widest: int = 140) -> None:
        """Make the left axis as wide as its texts need: names that are given, or usual figures and those given."""
        if self.left._places is None:
            figures = QFontMetricsF(theme.mono_font(10))
            width = max(figures.horizontalAdvance(text) for text in ("−0.000", *texts))
        else:
            font = QFontMetricsF(theme.ui_font(11))
            width = max((font.horizontalAdvance(text) for text in texts), default=24.0)
        self.left.setWidth(int(min(width, widest)) + GAP + 4)

    def add(self, item: Any) -> Any:
        """Put a pyqtgraph item into the view."""
        self.view.addItem(item, ignoreBounds=True)
        return item

    def place(self, position: QPointF) -> QPointF | None:
        """Where a scene position is in data; None outside the view."""
        if not self.view.sceneBoundingRect().contains(position):
            return None
        return self.view.mapSceneToView(position)

    def _moved(self, position: QPointF) -> None:
        self.hovered.emit(self.place(position))

    def _clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(event.scenePos())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    # --- the keyboard -------------------------------------------------------------------------------------------

    _ARROWS: ClassVar[dict[int, tuple[int, int]]] = {
        Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
    }  # fmt: skip

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if key in self._ARROWS:
            across, down = self._ARROWS[key]
            if modifiers & Qt.KeyboardModifier.ShiftModifier and self.view.zooms:
                self.view.pan(0.1 * across, -0.1 * down)
            else:
                self._go(across, down, 10 if modifiers & Qt.KeyboardModifier.ControlModifier else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._at is not None:
            self.clicked.emit(self._pointed())
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus) and self.view.zooms:
            around = self.place(self._pointed()) if self._at is not None else None
            self.view.magnify(0.8 if key == Qt.Key.Key_Minus else 1.25, around.x() if around is not None else None)
        elif key == Qt.Key.Key_Home:
            self.whole.emit()
        elif key == Qt.Key.Key_Escape and self._at is not None:
            self._at = None
            self.hovered.emit(None)
        else:
            event.ignore()  # pyqtgraph would swallow it

    def _pointed(self) -> QPointF:
        """The scene position that the keys point at."""
        rect = self.view.sceneBoundingRect()
        assert self._at is not None
        return QPointF(rect.left() + self._at.x() * rect.width(), rect.top() + self._at.y() * rect.height())

    def _go(self, across: int, down: int, times: int) -> None:
        """Point elsewhere: shares of the view's width and height."""
        step = times * 6
        size = self.view.sceneBoundingRect().size()
        at = self._at or QPointF(0.5, 0.5)
        x, y = at.x() + across * step / max(1.0, size.width()), at.y() + down * step / max(1.0, size.height())
        if self.view.zooms and not 0 <= x <= 1:
            self.view.pan(0.25 * across)
        self._at = QPointF(min(0.999, max(0.001, x)), min(0.999, max(0.001, y)))
        self.hovered.emit(self.place(self._pointed()))
        describe(self, self.view.told)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._at is not None:
            self._at = None
            self.hovered.emit(None)
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        super().drawForeground(painter, rect)
        if self.hasFocus():
            painter.save()
            painter.resetTransform()
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.restore()

    def wheelEvent(self, event: Any) -> None:
        if self.view.zooms:
            super().wheelEvent(event)
        else:
            event.ignore()


def line(color: str | QColor, width: float = 1.0, *, alpha: int = 255, dashed: bool = False) -> QPen:
    """A pen that is as wide at every zoom."""
    shade = QColor(color)
    shade.setAlpha(alpha)
    pen = QPen(shade, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def curve(*, smooth: bool = True) -> pyqtgraph.PlotCurveItem:
    """A line through points, with gaps where a value is not finite. ``smooth``: antialiased; not for long ones."""
    return pyqtgraph.PlotCurveItem(antialias=smooth, connect="finite", skipFiniteCheck=False)


def draw_with(item: pyqtgraph.PlotCurveItem, pen: QPen) -> None:
    """Have a curve drawn with a pen. Thick solid lines are drawn piece by piece: as one, antialiased, they take seven
    times as long."""
    pieces = pen.widthF() > 1 and pen.style() == Qt.PenStyle.SolidLine and pen.color().alpha() == 255
    if pieces:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # pieces that overlap would show as knots
    item.setPen(pen)
    item.setSegmentedLineMode("on" if pieces else "auto")
