"""One node on the canvas: an item that paints itself, in less detail the smaller it is. It knows its id, no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnstudio.ui import theme
from nnstudio.ui.canvas import face as faces
from nnstudio.ui.canvas.face import MARGIN, TEXT_LEFT, Face, Look

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

#: Below this scale the name stands alone, larger; below the other (see `overview`) nodes are plain rectangles.
TEXT_SCALE = 0.6
BATCH_SCALE = 0.3


class NodeItem(QGraphicsItem):
    """Paints the :class:`Face` that the scene has for its id, at the node's centre."""

    def __init__(self, id: str, face: Face) -> None:
        super().__init__()
        self.id = id
        self.face = face
        self._bounds = face.rect().adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)

    def set_face(self, face: Face) -> None:
        """Show this face from now on."""
        if face != self.face:
            self.prepareGeometryChange()
            self.face = face
            self._bounds = face.rect().adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
            self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        scene: CanvasScene = self.scene()  # type: ignore[assignment]
        view = painter.worldTransform()
        scale, ratio = view.m11(), painter.device().devicePixelRatioF()
        face = self.face
        lit = scene.lit
        if lit is not None and not lit.touches(self.id):
            painter.setOpacity(0.35)
        self._paint_card(painter, view, scale, ratio, scene)
        if scale >= TEXT_SCALE:
            tokens = theme.current()
            left, top = -face.width / 2 + TEXT_LEFT, -face.height / 2
            spare = (face.height - 56.0) / 2
            painter.setFont(faces.name_font())
            painter.setPen(QColor(tokens.text))
            painter.drawStaticText(QPointF(left, top + 11 + spare), faces.static_text(face.name, False, face.width))
            painter.setFont(faces.subtitle_font())
            painter.setPen(QColor(tokens.muted))
            painter.drawStaticText(QPointF(left, top + 29 + spare), faces.static_text(face.subtitle, True, face.width))
        else:
            painter.setFont(faces.far_font())
            painter.setPen(QColor(theme.current().text))
            text = faces.far_text(face.name, face.width)
            painter.drawStaticText(QPointF(-face.width / 2 + TEXT_LEFT, -text.size().height() / 2 - 3), text)
        share = scene.magnitudes.shares.get(self.id)
        if share is not None:
            _paint_bar(painter, face, share)
        if lit is not None and lit.touches(self.id):
            for side, port, state in lit.states(self.id):
                faces.paint_port(painter, face.port(side, port), state)

    def _paint_card(self, painter: QPainter, view: QTransform, scale: float, ratio: float, scene: CanvasScene) -> None:
        face = self.face
        share = scene.magnitudes.shares.get(self.id) if scene.tinted else None
        tint = theme.magnitude_color(round(share * 24) / 24).name() if share is not None else ""
        look = Look(
            face.family, face.width, face.height, len(face.inputs), len(face.outputs),
            self.id in scene.selection, face.badge, tint, theme.current().name, round(scale * ratio, 4),
            scale >= TEXT_SCALE,
        )  # fmt: skip
        at = view.map(QPointF(self._bounds.left(), self._bounds.top()))
        painter.setWorldTransform(QTransform())  # copied pixel by pixel, so that edges are sharp at every zoom
        painter.drawPixmap(
            QPointF(round(at.x() * ratio) / ratio, round(at.y() * ratio) / ratio), faces.card(look, ratio)
        )
        painter.setWorldTransform(view)


def _paint_bar(painter: QPainter, face: Face, share: float) -> None:
    """The thin bar at the foot of the card: how large the node's gradient is."""
    room = face.width - TEXT_LEFT - 22.0
    bar = QRectF(-face.width / 2 + TEXT_LEFT, face.height / 2 - 9.0, room, 3.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    track = QColor(theme.current().line)
    track.setAlphaF(0.6)
    painter.setBrush(track)
    painter.drawRoundedRect(bar, 1.5, 1.5)
    bar.setWidth(max(6.0, room * share))
    painter.setBrush(theme.magnitude_color(share))
    painter.drawRoundedRect(bar, 1.5, 1.5)
