"""A small picture of a network: nodes in the colours of their families, wires between them."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from nnstudio.graph import Network, View
from nnstudio.ui import theme

#: How large a node is in the view's units.
NODE = QSize(152, 56)


def paint(painter: QPainter, target: QRectF, network: Network, view: View) -> None:
    """Draw the network into ``target``, as large as fits."""
    places = {id: QPointF(*view.positions[id]) for id in network.nodes if id in view.positions}
    if not places:
        return
    box = QRectF()
    for place in places.values():
        box = box.united(_node(place))
    scale = min(target.width() / box.width(), target.height() / box.height(), 0.6)
    tokens = theme.current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(target.center())
    painter.scale(scale, scale)
    painter.translate(-box.center())
    pen = QPen(theme.mixed(tokens.line, tokens.text, 0.3), 1.4 / scale)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for wire in network.wires:
        if wire.source in places and wire.target in places:
            painter.drawPath(_curve(places[wire.source], places[wire.target]))
    for id, place in places.items():
        rect = _node(place)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.mixed(tokens.raised, tokens.text, 0.05))
        painter.drawRoundedRect(rect, 7, 7)
        painter.setBrush(theme.family_color(network.nodes[id].layer))
        painter.drawRoundedRect(QRectF(rect.left(), rect.top(), 16, rect.height()), 7, 7)
    painter.restore()


def _node(place: QPointF) -> QRectF:
    return QRectF(place.x() - NODE.width() / 2, place.y() - NODE.height() / 2, NODE.width(), NODE.height())


def _curve(start: QPointF, end: QPointF) -> QPainterPath:
    out, into = start + QPointF(NODE.width() / 2, 0), end - QPointF(NODE.width() / 2, 0)
    path = QPainterPath(out)
    if into.x() < out.x():  # on to the next row
        middle = (out.y() + into.y()) / 2
        for x, y in (
            (out.x() + 22, out.y()),
            (out.x() + 22, middle),
            (into.x() - 22, middle),
            (into.x() - 22, into.y()),
        ):
            path.lineTo(x, y)
        path.lineTo(into)
        return path
    reach = max(24.0, abs(into.x() - out.x()) / 2)
    path.cubicTo(out + QPointF(reach, 0), into - QPointF(reach, 0), into)
    return path


def png(network: Network, view: View, size: QSize = QSize(480, 300)) -> bytes:  # noqa: B008
    """The picture as a PNG file's bytes, on the canvas colour."""
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.current().canvas))
    painter = QPainter(image)
    try:
        paint(painter, QRectF(image.rect()).adjusted(16, 16, -16, -16), network, view)
    finally:
        painter.end()
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes, Qt takes text
    return bytes(held.data())
