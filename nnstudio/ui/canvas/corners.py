"""What floats over the canvas: the map of the whole, the legend, and the invitation when it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from nnstudio.ui import theme

if TYPE_CHECKING:
    from nnstudio.ui.canvas.magnitudes import Magnitudes
    from nnstudio.ui.canvas.view import CanvasView


def _paint_plate(painter: QPainter, widget: QWidget) -> None:
    tokens = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.line), 1.0))
    plate = QColor(tokens.panel)
    plate.setAlphaF(0.94)
    painter.setBrush(plate)
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 7, 7)


class Minimap(QWidget):
    """The whole network small, and what of it is seen; a click or drag goes there."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.resize(136, 78)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Map of the network")
        self.setToolTip("Click to go there")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _frame(self) -> tuple[QRectF, float]:
        """The part of the scene that is shown and its scale."""
        shown = self._view.canvas.content_rect().united(self._view.seen())
        shown = shown.adjusted(-20, -20, 20, 20)
        scale = min((self.width() - 8) / max(shown.width(), 1.0), (self.height() - 8) / max(shown.height(), 1.0))
        return shown, scale

    def _spot(self, at: QPointF, shown: QRectF, scale: float) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2) + (at - shown.center()) * scale

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            _paint_plate(painter, self)
            tokens = theme.current()
            shown, scale = self._frame()
            scene = self._view.canvas
            plain: list[QRectF] = []
            chosen: list[QRectF] = []
            for id, item in scene.items_by_id.items():
                at = self._spot(item.pos(), shown, scale)
                size = QRectF(0, 0, max(2.0, item.face.width * scale), max(1.5, item.face.height * scale))
                size.moveCenter(at)
                (chosen if id in scene.selection else plain).append(size)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.faint))
            painter.drawRects(plain)
            painter.setBrush(QColor(tokens.accent))
            painter.drawRects(chosen)
            seen = self._view.seen()
            frame = QRectF(self._spot(seen.topLeft(), shown, scale), self._spot(seen.bottomRight(), shown, scale))
            accent = QColor(tokens.accent)
            painter.setPen(QPen(accent, 1.2))
            accent.setAlphaF(0.07)
            painter.setBrush(accent)
            painter.drawRoundedRect(frame.intersected(QRectF(self.rect()).adjusted(3, 3, -3, -3)), 3, 3)
        finally:
            painter.end()

    def _go(self, event: QMouseEvent) -> None:
        shown, scale = self._frame()
        middle = QPointF(self.width() / 2, self.height() / 2)
        self._view.center_on(shown.center() + (event.position() - middle) / scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()


class Legend(QWidget):
    """What the colours of the bars mean."""

    def __init__(self, magnitudes: Magnitudes, parent: QWidget) -> None:
        super().__init__(parent)
        self._magnitudes = magnitudes
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Legend: gradient magnitude")
        magnitudes.changed.connect(self.refresh)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(256, 34)

    def refresh(self) -> None:
        """Show the present range, or nothing where no gradients are shown."""
        self.setVisible(self._magnitudes.shown)
        self.setAccessibleDescription(self._magnitudes.range_text)
        self.resize(self.sizeHint())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            _paint_plate(painter, self)
            tokens = theme.current()
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.setPen(QColor(tokens.muted))
            painter.setFont(theme.ui_font(11, 500))
            painter.drawText(QRectF(12, 0, 60, self.height()), middle, "Gradient")
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            for step in range(96):
                painter.setBrush(theme.magnitude_color(step / 95))
                painter.drawRect(QRectF(68 + step, self.height() / 2 - 4, 1, 8))
            painter.setPen(QColor(tokens.muted))
            painter.setFont(theme.mono_font(10))
            painter.drawText(QRectF(172, 0, 82, self.height()), middle, self._magnitudes.range_text)
        finally:
            painter.end()


class Invitation(QWidget):
    """On an empty canvas: what to do first, and a button that does it."""

    pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        title = QLabel("Drag a layer here, or press Tab to add one by name")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title.setProperty("role", "strong")
        note = QLabel("Begin with an Input: it brings a field of the data into the network")
        note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        self.button = QPushButton("Add a layer")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self.pressed)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(title)
        layout.addWidget(note)
        layout.addSpacing(6)
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignCenter)
        self.setFixedWidth(460)
        self.adjustSize()
