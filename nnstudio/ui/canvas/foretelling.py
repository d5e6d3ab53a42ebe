"""What an edit would do, drawn over the sheet before it is done: new sizes on the wires, new problems on the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from nnstudio.compile.previewing import Preview
from nnstudio.layers import TensorType
from nnstudio.ui import theme

if TYPE_CHECKING:
    from nnstudio.graph import Wire
    from nnstudio.ui.canvas.scene import CanvasScene

_HEIGHT = 18.0
#: From this scale on sizes are written; below, nodes are outlined alone.
_WRITTEN = 0.35
#: So many sizes are written at most, and so many nodes outlined.
_MOST = 400


class Foretelling:
    """Paints the session's preview over the scene."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._shown: Preview | None = None
        scene.above.append(self.paint)
        scene.session.previewed.connect(self._show)

    def _show(self, preview: Preview | None) -> None:
        before, self._shown = self._shown, preview
        area = self._area(before).united(self._area(preview))
        if not area.isEmpty():
            self._scene.touched.emit(area)

    def _area(self, preview: Preview | None) -> QRectF:
        """Around all that a preview paints."""
        if preview is None:
            return QRectF()
        area = QRectF()
        for id in self._nodes(preview):
            area = area.united(self._scene.box_with_margin(id))
        for wire in list(preview.wires)[:_MOST]:
            area = area.united(self._pill(wire, "×" * 24))
        return area

    def _nodes(self, preview: Preview) -> list[str]:
        wanted = (*preview.changed, *(problem.node for problem in (*preview.new, *preview.solved)))
        there = self._scene.items_by_id
        return [id for id in dict.fromkeys(wanted) if id in there][:_MOST]

    def paint(self, painter: QPainter, area: QRectF, scale: float) -> None:
        """Paint the preview that is shown, if any."""
        preview = self._shown
        if preview is None:
            return
        tokens = theme.current()
        worse = {problem.node for problem in preview.new if problem.severity == "error"}
        better = {problem.node for problem in preview.solved} - worse
        painter.save()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for id in self._nodes(preview):
            color = tokens.problem if id in worse else tokens.good if id in better else tokens.accent
            self._outline(painter, id, color, solid=id in worse or id in better)
        if scale >= _WRITTEN:
            for wire, type in list(preview.wires.items())[:_MOST]:
                self._write(painter, wire, type, tokens.problem if type is None else tokens.accent)
        painter.restore()

    def _outline(self, painter: QPainter, id: str, color: str, *, solid: bool) -> None:
        pen = QPen(QColor(color), 2.0 if solid else 1.4)
        if not solid:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(self._scene.box_with_margin(id).adjusted(7, 7, -7, -7), 9, 9)

    def _write(self, painter: QPainter, wire: Wire, type: TensorType | None, color: str) -> None:
        """The new size on a wire, in place of the old one."""
        text = type.per_sample() if type is not None else "?"
        rect = self._pill(wire, text)
        font = theme.sheet_font(10, mono=True)
        painter.setFont(font)
        painter.setPen(QPen(QColor(color), 1.4))
        painter.setBrush(QColor(theme.current().panel))
        painter.drawRoundedRect(rect, _HEIGHT / 2, _HEIGHT / 2)
        painter.setPen(QColor(color))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _pill(self, wire: Wire, text: str) -> QRectF:
        """Where a size is written: over the wire's label, else in its middle."""
        known = self._scene.wires.pills.of(wire.source, wire.output)
        if known is not None:
            at = known.center()
        else:
            ends = self._scene.items_by_id
            if wire.source not in ends or wire.target not in ends:
                return QRectF()
            start = self._scene.port_at(wire.source, "outputs", wire.output)
            at = (start + self._scene.port_at(wire.target, "inputs", wire.input)) / 2
        width = QFontMetricsF(theme.sheet_font(10, mono=True)).horizontalAdvance(text) + 16.0
        return QRectF(at - QPointF(width / 2, _HEIGHT / 2), at + QPointF(width / 2, _HEIGHT / 2))
