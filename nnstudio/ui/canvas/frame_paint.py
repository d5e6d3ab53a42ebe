"""What frames look like: a tinted rectangle with a title, or one card where they are folded."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from nnstudio.graph.places import FRAME_TITLE
from nnstudio.graph.view import Frame
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import RADIUS, STRIP, paint_port

#: Texts that would be smaller than this on the screen, in pixels, are made larger, up to so many scene units.
_LEAST, _LARGEST = 10.0, 64.0
#: From this scale on a card tells what is in it and has ports.
_NEAR = 0.5
_INSET = 12.0


def colour(name: str) -> QColor:
    """The colour of that name: one of the theme's families, neutral for ""."""
    tokens = theme.current()
    return QColor(tokens.families.get(name, tokens.muted))


def title_font(px: float, scale: float) -> QFont:
    """A font for titles that can still be read from afar."""
    return theme.sheet_font(round(min(_LARGEST, max(px, _LEAST / scale))), 600)


def paint_frame(painter: QPainter, frame: Frame, edge: QRectF, scale: float, *, marked: bool) -> None:
    """An open frame, under its members."""
    tokens, color = theme.current(), colour(frame.color)
    fill = QColor(color)
    fill.setAlphaF(0.07 if tokens.name == "dark" else 0.06)
    painter.setBrush(fill)
    line = QColor(tokens.accent) if marked else theme.mixed(tokens.canvas, color.name(), 0.55)
    pen = QPen(line, 2.0 if marked else 1.0)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.drawRoundedRect(edge, RADIUS + 3, RADIUS + 3)
    font = title_font(13, scale)
    high = max(FRAME_TITLE, 1.5 * font.pixelSize())
    room = QRectF(edge.left() + _INSET, edge.top() + 3.0, edge.width() - 2 * _INSET, high)
    _text(painter, room, frame.title, font, theme.mixed(color.name(), tokens.text, 0.55))


def paint_card(
    painter: QPainter, frame: Frame, edge: QRectF, scale: float, *, marked: bool, ports: tuple[bool, bool]
) -> None:
    """A folded frame: a card with another behind it, and a port where wires go in and out."""
    tokens, color = theme.current(), colour(frame.color)
    line = QPen(theme.mixed(tokens.line, color.name(), 0.5), 1.0)
    body = QColor(tokens.raised if tokens.name == "dark" else tokens.panel)
    painter.setPen(line)
    painter.setBrush(body)
    painter.drawRoundedRect(edge.translated(5.0, -5.0), RADIUS, RADIUS)
    painter.setPen(QPen(QColor(tokens.accent), 2.0) if marked else line)
    painter.drawRoundedRect(edge, RADIUS, RADIUS)
    painter.save()
    painter.setClipRect(QRectF(edge.left(), edge.top(), STRIP, edge.height()), Qt.ClipOperation.IntersectClip)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(edge, RADIUS, RADIUS)
    painter.restore()
    inner = edge.adjusted(STRIP + _INSET, 8.0, -_INSET, -8.0)
    if scale < _NEAR:
        _text(painter, inner, frame.title, title_font(15, scale), QColor(tokens.text))
        return
    half = inner.height() / 2
    _text(painter, inner.adjusted(0, 0, 0, -half), frame.title, theme.sheet_font(13, 600), QColor(tokens.text))
    count = len(frame.members)
    told = f"{count} layers, folded" if count != 1 else "1 layer, folded"
    _text(painter, inner.adjusted(0, half, 0, 0), told, theme.sheet_font(11), QColor(tokens.muted))
    for there, x in zip(ports, (edge.left(), edge.right()), strict=True):
        if there:
            paint_port(painter, QPointF(x, edge.center().y()))


def _text(painter: QPainter, room: QRectF, text: str, font: QFont, color: QColor) -> None:
    painter.setFont(font)
    painter.setPen(color)
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
