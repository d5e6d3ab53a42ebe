"""The small signs on a card that say what is special about a node: frozen, shared, worked out, a block, repeated."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from nnstudio.ui import theme

#: What a sign is called, and what a tip says of it.
MEANINGS = {
    "frozen": "frozen: its weights are not trained",
    "shared": "uses the weights of another node",
    "worked out": "parameters of it are worked out of the network's",
    "block": "a block: double-click to open it",
}
#: Room that a sign takes, and how far the first is from the card's right and upper edges.
PITCH, RIGHT, TOP = 17.0, 15.0, 15.0
_SIZE = 4.6


def widths(signs: tuple[str, ...]) -> float:
    """The room that these signs take from the name beside them. ``×3`` is a sign too, and a wider one."""
    return sum(PITCH + (8.0 if sign.startswith("×") else 0.0) for sign in signs)


def paint_signs(painter: QPainter, corner: QPointF, signs: tuple[str, ...]) -> None:
    """Paint signs leftwards from the upper right corner of a card."""
    x = corner.x() - RIGHT
    for sign in signs:
        if sign.startswith("×"):
            _paint_count(painter, QPointF(x - 4.0, corner.y() + TOP), sign)
            x -= PITCH + 8.0
        else:
            _SIGNS[sign](painter, QPointF(x, corner.y() + TOP))
            x -= PITCH


def _pen(width: float = 1.3) -> QPen:
    pen = QPen(QColor(theme.current().muted), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _paint_frozen(painter: QPainter, at: QPointF) -> None:
    """A snowflake."""
    painter.setPen(QPen(QColor(theme.current().accent), 1.2))
    for turn in range(3):
        painter.save()
        painter.translate(at)
        painter.rotate(60.0 * turn)
        painter.drawLine(QPointF(0, -_SIZE - 0.6), QPointF(0, _SIZE + 0.6))
        for end in (-1, 1):
            painter.drawLine(QPointF(0, end * 3.2), QPointF(1.7, end * 4.9))
            painter.drawLine(QPointF(0, end * 3.2), QPointF(-1.7, end * 4.9))
        painter.restore()


def _paint_shared(painter: QPainter, at: QPointF) -> None:
    """Two links of a chain."""
    painter.save()
    painter.translate(at)
    painter.rotate(-45.0)
    painter.setPen(_pen(1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x in (-6.2, -0.8):
        painter.drawRoundedRect(QRectF(x, -2.4, 7.0, 4.8), 2.4, 2.4)
    painter.restore()


def _paint_worked_out(painter: QPainter, at: QPointF) -> None:
    """The letter of a function."""
    font = theme.sheet_font(12, 600)
    font.setItalic(True)
    painter.setFont(font)
    painter.setPen(QColor(theme.current().muted))
    painter.drawText(QRectF(at.x() - 7, at.y() - 8, 14, 16), Qt.AlignmentFlag.AlignCenter, "ƒ")


def _paint_block(painter: QPainter, at: QPointF) -> None:
    """An arrow that leads out: there is something to be opened."""
    path = QPainterPath(at + QPointF(-1.0, -_SIZE))
    path.lineTo(at + QPointF(_SIZE, -_SIZE))
    path.lineTo(at + QPointF(_SIZE, 1.0))
    painter.setPen(_pen(1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.drawLine(at + QPointF(_SIZE, -_SIZE), at + QPointF(-_SIZE + 1.5, _SIZE - 1.5))


def _paint_count(painter: QPainter, at: QPointF, text: str) -> None:
    tokens = theme.current()
    rect = QRectF(at.x() - 11.0, at.y() - 8.0, 24.0, 16.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.mixed(tokens.raised, tokens.text, 0.14))
    painter.drawRoundedRect(rect, 8, 8)
    painter.setPen(QColor(tokens.text))
    painter.setFont(theme.sheet_font(10, 600))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)


_SIGNS = {
    "frozen": _paint_frozen,
    "shared": _paint_shared,
    "worked out": _paint_worked_out,
    "block": _paint_block,
}
