"""The drawing as a picture: PNG and SVG, of the whole network or of what is selected."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPaintDevice, QPainter

from nnstudio.atomic import replacing
from nnstudio.ui import theme
from nnstudio.ui.canvas import face as faces
from nnstudio.ui.canvas.face import TEXT_LEFT
from nnstudio.ui.canvas.node_table import Rows

if TYPE_CHECKING:
    from nnstudio.ui.canvas.near import Near
    from nnstudio.ui.canvas.scene import CanvasScene, Paint

#: Room around the drawing; pixels a scene unit of a PNG; and the most pixels that one has to a side.
_ROOM, _SHARP, _LARGEST = 32.0, 2.0, 12_000.0


class Picture:
    """A drawing of these nodes and the wires between them; of all nodes where none are given."""

    def __init__(self, scene: CanvasScene, near: Near, extent: QRectF, ids: Iterable[str] = ()) -> None:
        """``extent``: around all that is on the sheet, frames and notes included."""
        self._scene, self._near, self._extent = scene, near, extent
        chosen = [id for id in ids if id in scene.items_by_id]
        self._nodes = np.sort(scene.table.rows_of(chosen)) if chosen else scene.table.shown()
        self._part = bool(chosen)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be drawn."""
        return not len(self._nodes)

    def area(self) -> QRectF:
        """The part of the scene that the picture shows."""
        box = self._scene.table.bounds(self._nodes)
        rect = QRectF() if box is None else QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3]))
        rect = rect if self._part else rect.united(self._extent)
        routes = self._scene.wires
        for row in self._wires().tolist():
            left, top, right, bottom = routes.route(row).box
            rect = rect.united(QRectF(left, top, right - left, bottom - top))
        return rect.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)

    def _wires(self) -> Rows:
        table = self._scene.wires.table
        rows = table.at_nodes(self._nodes, both=True)
        return rows[table.there()[rows]]

    def paint(self, device: QPaintDevice, area: QRectF, scale: float) -> None:
        """Paint as it is seen at 100 %, without what is selected, problems or gradients."""
        scene = self._scene
        painter = QPainter(device)
        try:
            painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
            painter.scale(scale, scale)
            painter.translate(-area.topLeft())
            painter.fillRect(area, QColor(theme.current().canvas))
            self._paint_extras(painter, () if self._part else scene.beneath, area)
            wires = self._wires()
            self._near.paint_plain_wires(painter, wires)
            scene.wires.pills.paint(painter, wires)
            for row in self._nodes.tolist():
                self._paint_node(painter, row)
                scene.slots.paint(painter, scene.table.ids[row], 1.0)
            self._paint_extras(painter, () if self._part else scene.above, area)
        finally:
            painter.end()

    @staticmethod
    def _paint_extras(painter: QPainter, paints: Iterable[Paint], area: QRectF) -> None:
        for paint in paints:
            painter.save()
            paint(painter, area, 1.0)
            painter.restore()

    def _paint_node(self, painter: QPainter, row: int) -> None:
        face = self._scene.face(self._scene.table.ids[row])
        x, y = self._scene.table.at(row)
        painter.save()
        painter.translate(x, y)
        look = faces.Look(
            face.family, face.width, face.height, len(face.inputs), len(face.outputs), False, "", "",
            face.bypassed, face.stacked, face.signs,
        )  # fmt: skip
        faces.paint_card(painter, look)
        left, top = -face.width / 2 + TEXT_LEFT, -face.height / 2 + (face.height - 56.0) / 2
        tokens = theme.current()
        texts = (
            (face.name, faces.name_font(), tokens.text, 11.0, faces.name_width(face)),
            (face.subtitle, faces.subtitle_font(), tokens.muted, 29.0, face.width),
        )
        for text, font, color, down, width in texts:
            painter.setFont(font)
            painter.setPen(QColor(color))
            room = QRectF(left, top + down, width - TEXT_LEFT - 12.0, 18.0)
            cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, cut)
        painter.restore()

    def image(self) -> QImage:
        """The picture in pixels, twice as many as at 100 % where that is not too large."""
        area = self.area()
        scale = min(_SHARP, _LARGEST / max(area.width(), area.height(), 1.0))
        image = QImage(QSize(round(area.width() * scale), round(area.height() * scale)), QImage.Format.Format_RGB32)
        self.paint(image, area, scale)
        return image

    def png(self) -> bytes:
        """The picture as a PNG file."""
        held = QByteArray()
        buffer = QBuffer(held)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.image().save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes, Qt takes text
        return bytes(held.data())

    def svg(self, title: str = "") -> bytes:
        """The picture as an SVG file: lines and texts, sharp at every size."""
        from PySide6.QtSvg import QSvgGenerator

        area = self.area()
        held = QByteArray()
        buffer = QBuffer(held)
        made = QSvgGenerator()
        made.setOutputDevice(buffer)
        made.setTitle(title)
        made.setSize(area.size().toSize())
        made.setViewBox(QRectF(0, 0, area.width(), area.height()))
        self.paint(made, area, 1.0)
        return bytes(held.data())

    def mime(self, *, vector: bool) -> QMimeData:
        """The picture for the clipboard: as SVG and text of it, or as pixels."""
        data = QMimeData()
        if vector:
            svg = self.svg()
            data.setData("image/svg+xml", QByteArray(svg))
            data.setText(svg.decode())
        else:
            data.setImageData(self.image())
        return data

    def write(self, path: Path) -> None:
        """Write a PNG or SVG file, by the ending of its name. OSError where that cannot be."""
        content = self.svg(path.stem) if path.suffix.lower() == ".svg" else self.png()
        with replacing(path) as file:
            file.write(content)
