"""What floats over the canvas: the map of the whole, and the invitation when it is empty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.canvas.magnitudes import LEVELS, level_colors
from nnstudio.ui.canvas.node_table import Rows
from nnstudio.ui.canvas.raster import fill_rects, pixels_of
from nnstudio.ui.layer_list import LAYER_MIME

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

#: With fewer nodes the map is simply painted anew, while panning and after an edit; of more it follows an edit when
#: so many milliseconds went by without another.
_FEW, _REST = 1000, 60
#: With fewer nodes their edges in the map are smooth, and it is there with the network, not a moment later.
_FINE = 400


def paint_plate(painter: QPainter, widget: QWidget) -> None:
    """Paint the ground of what floats over the canvas."""
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
        self._known: tuple[object, object] | None = None
        self._nodes = QImage()
        self._waits = False  # another network is being shown: first the sheet, then the map
        self._later = QTimer(self, singleShot=True, interval=_REST)
        self._later.timeout.connect(self._follow)
        self.resize(136, 78)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Map of the network")
        self.setToolTip("Click to go there; drop a layer to add it there")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAcceptDrops(True)

    def begin(self) -> None:
        """Another network is shown."""
        self._waits = len(self._view.canvas.table) >= _FINE
        if self._waits:
            self._later.start()

    def _frame(self) -> tuple[QRectF, float]:
        """The part of the scene that is shown and its scale."""
        content, seen = self._view.extent(), self._view.seen()
        shown = content.adjusted(-20, -20, 20, 20)
        if len(self._view.canvas.items_by_id) < _FEW:
            shown = content.united(seen).adjusted(-20, -20, 20, 20)
        elif not shown.contains(seen):
            step = 2.0 ** math.floor(math.log2(max(seen.width(), seen.height(), 1.0)) - 2)
            left, top = (math.floor(edge / step) * step for edge in (seen.left(), seen.top()))
            right, bottom = (math.ceil(edge / step) * step for edge in (seen.right(), seen.bottom()))
            shown = shown.united(QRectF(left, top, right - left, bottom - top))  # in steps: the picture can be kept
        scale = min((self.width() - 8) / max(shown.width(), 1.0), (self.height() - 8) / max(shown.height(), 1.0))
        return shown, scale

    def _spot(self, at: QPointF, shown: QRectF, scale: float) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2) + (at - shown.center()) * scale

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            if self._waits:
                paint_plate(painter, self)
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            tokens = theme.current()
            shown, scale = self._frame()
            painter.drawImage(0, 0, self._picture(shown, scale))
            seen = self._view.seen()
            frame = QRectF(self._spot(seen.topLeft(), shown, scale), self._spot(seen.bottomRight(), shown, scale))
            accent = QColor(tokens.accent)
            painter.setPen(QPen(accent, 1.2))
            accent.setAlphaF(0.07)
            painter.setBrush(accent)
            painter.drawRoundedRect(frame.intersected(QRectF(self.rect()).adjusted(3, 3, -3, -3)), 3, 3)
        finally:
            painter.end()

    def _picture(self, shown: QRectF, scale: float) -> QImage:
        """The plate and the nodes, painted again only when they or the frame have changed."""
        scene, ratio = self._view.canvas, self.devicePixelRatioF()
        key = (scene.revision, scene.table.geometry), (shown.getRect(), theme.look(), ratio)
        if key != self._known:
            if len(scene.table) > _FEW and self._known is not None and key[1] == self._known[1]:
                if not len(scene.moving):
                    self._later.start()
            else:
                self._known, self._nodes = key, self._painted(shown, scale, ratio)
        return self._nodes

    def _follow(self) -> None:
        """Show what was edited meanwhile."""
        self._known, self._waits = None, False
        self.update()

    def _painted(self, shown: QRectF, scale: float, ratio: float) -> QImage:
        table = self._view.canvas.table
        image = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        rows = table.shown()
        painter = QPainter(image)
        try:
            painter.scale(ratio, ratio)
            paint_plate(painter, self)
        finally:
            painter.end()
        self._paint_annotations(image, shown, scale, ratio)
        width, height = np.maximum(2.0 / scale, table.w[rows]), np.maximum(1.5 / scale, table.h[rows])
        middle = shown.center()
        left = (table.x[rows] - width / 2 - middle.x()) * scale + self.width() / 2
        top = (table.y[rows] - height / 2 - middle.y()) * scale + self.height() / 2
        boxes, chosen = (left, top, width * scale, height * scale), table.selected[rows]
        if len(rows) < _FINE:
            painter = QPainter(image)
            try:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.scale(ratio, ratio)
                painter.setPen(Qt.PenStyle.NoPen)
                for box, color in zip(np.stack(boxes, axis=1).tolist(), self._colours(rows).tolist(), strict=True):
                    painter.setBrush(QColor.fromRgba(color))
                    painter.drawRect(QRectF(*box))
            finally:
                painter.end()
        else:
            colors = self._colours(rows)
            for wanted in (~chosen, chosen):
                a, b, c, d = (part[wanted] * ratio for part in boxes)
                fill_rects(pixels_of(image), a, b, c, d, colors[wanted])
        image.setDevicePixelRatio(ratio)
        return image

    def _colours(self, rows: Rows) -> npt.NDArray[np.uint32]:
        """The colours of these nodes: by their values in a run, else neutral; the selected ones stand out."""
        tokens, scene = theme.current(), self._view.canvas
        colors = level_colors()
        colors[LEVELS] = QColor(tokens.faint).rgba()
        found = colors[scene.magnitudes.levels()[rows]]
        found[scene.table.selected[rows]] = QColor(tokens.accent).rgba()
        return found

    def _paint_annotations(self, image: QImage, shown: QRectF, scale: float, ratio: float) -> None:
        """Frames as tinted areas, folded ones and notes as plates."""
        annotations, tokens = self._view.annotations, theme.current()
        painter = QPainter(image)
        try:
            painter.scale(ratio, ratio)
            painter.setPen(Qt.PenStyle.NoPen)
            for mark, color, solid in annotations.colours():
                area = annotations.area(mark)
                marked = QColor(tokens.accent) if mark == annotations.marked else color
                marked.setAlphaF(0.8 if solid else 0.25)
                painter.setBrush(marked)
                corners = (self._spot(corner, shown, scale) for corner in (area.topLeft(), area.bottomRight()))
                painter.drawRect(QRectF(*corners))
        finally:
            painter.end()

    def _scene_spot(self, at: QPointF) -> QPointF:
        """The point of the scene that a point of the map stands for."""
        shown, scale = self._frame()
        return shown.center() + (at - QPointF(self.width() / 2, self.height() / 2)) / scale

    def _go(self, event: QMouseEvent) -> None:
        self._view.center_on(self._scene_spot(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(LAYER_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A layer dropped on the map is added at that place of the network, and shown there."""
        spot = self._scene_spot(event.position())
        self._view.center_on(spot)
        there = QPointF(self._view.mapFromScene(spot))
        keys = event.buttons(), event.modifiers()
        self._view.dropEvent(QDropEvent(there, event.possibleActions(), event.mimeData(), *keys))
        event.acceptProposedAction()


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
        self._fit_text()
        theme.changed.connect(self._fit_text)

    def _fit_text(self) -> None:
        self.setFixedWidth(theme.scaled(460))
        self.adjustSize()
