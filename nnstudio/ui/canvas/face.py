"""What a node looks like: its texts, its ports and the card that they stand on.

A card is painted once for each kind of look and zoom and then copied (DESIGN 10); a face is what is known of one node.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap, QStaticText

from nnstudio.graph import Network, Node, Problem
from nnstudio.graph.places import PORT_PITCH, node_size, port_height
from nnstudio.layers import AnyLayer
from nnstudio.layers.blocks import Block, Shared
from nnstudio.ui import theme
from nnstudio.ui.canvas.glyphs import paint_signs, widths

#: Room around the card for ports, shadow and the outline of a selected node.
MARGIN = 12.0
#: How far what belongs to a node reaches at its sides: the numbers of its slots do.
SURROUNDINGS = 28.0
RADIUS = 7.0
STRIP = 7.0
PORT_RADIUS = 4.5
TEXT_LEFT = 20.0
_TEXT_RIGHT = 12.0
#: Below this scale the name stands alone, larger; below the other (see `overview`) nodes are plain rectangles.
TEXT_SCALE = 0.6
BATCH_SCALE = 0.3
#: Pixels of cards that are kept, of four bytes each.
_MOST_PIXELS = 1_500_000


@dataclass(frozen=True, slots=True)
class Face:
    """What one node shows. ``badge`` is "" or the severity of its worst problem; ``signs`` see `glyphs`; ``stacked``
    is a node with others inside."""

    name: str
    subtitle: str
    family: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    width: float
    height: float
    badge: str = ""
    bypassed: bool = False
    stacked: bool = False
    signs: tuple[str, ...] = ()

    def rect(self) -> QRectF:
        """The card, in the item's coordinates (the node's centre is the origin)."""
        return QRectF(-self.width / 2, -self.height / 2, self.width, self.height)

    def port(self, side: str, name: str) -> QPointF:
        """Where a port is, from the node's centre. An unknown port is in the middle of its side."""
        names = self.inputs if side == "inputs" else self.outputs
        index = names.index(name) if name in names else (len(names) - 1) / 2
        x = -self.width / 2 if side == "inputs" else self.width / 2
        return QPointF(x, (index - (max(len(names), 1) - 1) / 2) * PORT_PITCH)


def face_of(node: Node, problems: Iterable[Problem] = (), copy: Network | None = None) -> Face:
    """The face of a node with these problems. ``copy``: the block that is looked into as it is in one place, where the
    parameters of its layers may be worked out of others than the definition's."""
    width, height = node_size(node.layer)
    severities = {problem.severity for problem in problems}
    badge = "error" if "error" in severities else "warning" if severities else ""
    layer = node.layer
    seen = copy.nodes.get(node.id, node) if copy is not None and node.expressions else node
    return Face(
        node.name,
        subtitle_of(seen.layer if seen.expressions == node.expressions else layer),
        layer.family.color,
        tuple(layer.inputs),
        tuple(layer.outputs),
        width,
        height,
        badge,
        node.bypassed,
        isinstance(layer, Block),
        signs_of(node),
    )


def signs_of(node: Node) -> tuple[str, ...]:
    """The signs on a node's card, from the right."""
    layer, signs = node.layer, []
    if isinstance(layer, Block):
        signs += ["block", *([f"×{layer.repeat}"] if layer.repeat > 1 else [])]
    if isinstance(layer, Shared):
        signs.append("shared")
    if node.frozen:
        signs.append("frozen")
    if node.expressions:
        signs.append("worked out")
    return tuple(signs)


def subtitle_of(layer: AnyLayer) -> str:
    """The layer's subtitle without empty parts."""
    return " · ".join(part for part in layer.subtitle().split(" · ") if part)


class Look(NamedTuple):
    """Everything that a card's picture depends on, besides theme and scale."""

    family: str
    width: float
    height: float
    inputs: int
    outputs: int
    selected: bool
    badge: str
    tint: str
    bypassed: bool = False
    stacked: bool = False
    signs: tuple[str, ...] = ()


class Cards:
    """Pictures of cards, made when first asked for; those of the scales that were seen lately are kept."""

    def __init__(self) -> None:
        self._key: tuple[str, float] = ("", 0.0)
        self._made: dict[tuple[str, float], dict[Look, QPixmap]] = {}
        self._pixels = 0

    def start(self, scale: float) -> None:
        """Be ready for this scale (device pixels a scene unit) and the present theme."""
        self._key = theme.current().name, round(scale, 4)
        if self._pixels > _MOST_PIXELS:
            self._made = {self._key: self._made.get(self._key, {})}
            self._pixels = sum(made.width() * made.height() for made in self._made[self._key].values())
            if self._pixels > _MOST_PIXELS:
                self._made.clear()
                self._pixels = 0

    def picture(self, look: Look) -> QPixmap:
        """The card with its ports, MARGIN around it."""
        known = self._made.setdefault(self._key, {})
        made = known.get(look)
        if made is None:
            made = known[look] = _card(look, self._key[1])
            self._pixels += made.width() * made.height()
        return made


def _card(look: Look, scale: float) -> QPixmap:
    width, height = look.width + 2 * MARGIN, look.height + 2 * MARGIN
    pixmap = QPixmap(max(1, round(width * scale)), max(1, round(height * scale)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(pixmap.width() / width, pixmap.height() / height)
        painter.translate(width / 2, height / 2)
        paint_card(painter, look, detailed=scale >= TEXT_SCALE)
    finally:
        painter.end()
    return pixmap


def paint_card(painter: QPainter, look: Look, *, detailed: bool = True) -> None:
    """Paint a card with its ports around the origin."""
    tokens = theme.current()
    rect = QRectF(-look.width / 2, -look.height / 2, look.width, look.height)
    body = tokens.raised if tokens.name == "dark" else tokens.panel
    if look.bypassed:
        _paint_bypassed(painter, rect, look)
        return
    if detailed:
        _paint_shadow(painter, rect, dark=tokens.name == "dark")
    for step in (2, 1) if look.stacked else ():
        painter.setPen(QPen(QColor(tokens.line), 1.0))
        painter.setBrush(theme.mixed(body, tokens.canvas, 0.25 * step))
        painter.drawRoundedRect(rect.translated(3.5 * step, -3.5 * step), RADIUS, RADIUS)
    outline = QPainterPath()
    outline.addRoundedRect(rect, RADIUS, RADIUS)
    painter.fillPath(outline, theme.mixed(body, look.tint, 0.30) if look.tint else QColor(body))
    strip = QPainterPath()
    strip.addRect(QRectF(rect.left(), rect.top(), STRIP, rect.height()))
    painter.fillPath(outline.intersected(strip), QColor(tokens.families.get(look.family, tokens.problem)))
    edge = {"error": tokens.problem, "warning": tokens.validation}.get(look.badge, tokens.line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(edge), 1.4 if look.badge else 1.0))
    if look.badge or look.stacked or tokens.name == "light":
        painter.drawPath(outline)
    _paint_selected(painter, rect, look)
    if detailed:
        paint_signs(painter, rect.topRight(), look.signs)
    if look.badge and detailed:
        paint_badge(painter, rect.topRight() + QPointF(-2, 2), look.badge)
    _paint_ports(painter, rect, look)


def _paint_selected(painter: QPainter, rect: QRectF, look: Look) -> None:
    if look.selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.current().accent), 2.0))
        painter.drawRoundedRect(rect.adjusted(-3.5, -3.5, 3.5, 3.5), RADIUS + 3, RADIUS + 3)


def _paint_bypassed(painter: QPainter, rect: QRectF, look: Look) -> None:
    """A ghost of a card, and a dashed line through it: what arrives goes on as it is."""
    tokens = theme.current()
    family = tokens.families.get(look.family, tokens.problem)
    painter.setBrush(theme.mixed(tokens.canvas, tokens.raised, 0.4))
    edge = QPen(theme.mixed(tokens.canvas, tokens.muted, 0.55), 1.0)
    edge.setDashPattern([4.0, 3.0])
    painter.setPen(edge)
    painter.drawRoundedRect(rect, RADIUS, RADIUS)
    strip = QPainterPath()
    strip.addRoundedRect(QRectF(rect.left(), rect.top() + 4, STRIP / 2, rect.height() - 8), 2, 2)
    painter.fillPath(strip, theme.mixed(tokens.canvas, family, 0.45))
    if look.inputs and look.outputs:
        through = QPen(theme.mixed(tokens.canvas, tokens.muted, 0.8), 1.6)
        through.setDashPattern([3.0, 3.0])
        painter.setPen(through)
        first, last = (port_height(0, count) for count in (look.inputs, look.outputs))
        painter.drawLine(QPointF(rect.left(), first), QPointF(rect.right(), last))
    _paint_selected(painter, rect, look)
    paint_signs(painter, rect.topRight(), look.signs)
    if look.badge:
        paint_badge(painter, rect.topRight() + QPointF(-2, 2), look.badge)
    _paint_ports(painter, rect, look)


def _paint_ports(painter: QPainter, rect: QRectF, look: Look) -> None:
    for x, count in ((rect.left(), look.inputs), (rect.right(), look.outputs)):
        for index in range(count):
            paint_port(painter, QPointF(x, port_height(index, count)))


def _paint_shadow(painter: QPainter, rect: QRectF, *, dark: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for spread in range(1, 7):
        painter.setBrush(QColor(0, 0, 0, 12 if dark else 5))
        soft = rect.adjusted(-spread, -spread + 2.5, spread, spread + 2.5)
        painter.drawRoundedRect(soft, RADIUS + spread, RADIUS + spread)


def paint_pointed_out(painter: QPainter, rect: QRectF) -> None:
    """The outline of a node that belongs to the one under the pointer."""
    pen = QPen(QColor(theme.current().accent), 1.8)
    pen.setDashPattern([3.0, 2.5])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(-3.5, -3.5, 3.5, 3.5), RADIUS + 3, RADIUS + 3)


def paint_badge(painter: QPainter, at: QPointF, severity: str) -> None:
    """A dot that says that something is wrong here."""
    tokens = theme.current()
    color = QColor(tokens.problem if severity == "error" else tokens.validation)
    painter.setPen(QPen(QColor(tokens.canvas), 1.5))
    painter.setBrush(color)
    painter.drawEllipse(at, 6.5, 6.5)
    painter.setPen(QPen(QColor("#FFFFFF" if tokens.name == "light" else tokens.window), 1.7))
    painter.drawLine(at + QPointF(0, -3.0), at + QPointF(0, 0.6))
    painter.drawPoint(at + QPointF(0, 3.0))


def paint_port(painter: QPainter, at: QPointF, state: str = "") -> None:
    """A port; ``state`` is "", ``fits`` (lit while a wire is drawn) or ``chosen`` (where it would end)."""
    tokens = theme.current()
    if state:
        halo = QColor(tokens.accent)
        halo.setAlphaF(0.28 if state == "fits" else 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(halo)
        painter.drawEllipse(at, PORT_RADIUS + 4.5, PORT_RADIUS + 4.5)
    painter.setPen(QPen(QColor(tokens.accent) if state else wire_color(), 1.6))
    painter.setBrush(QColor(tokens.accent if state == "chosen" else tokens.canvas))
    painter.drawEllipse(at, PORT_RADIUS, PORT_RADIUS)


def wire_color() -> QColor:
    """The colour of a wire that nothing is wrong with."""
    tokens = theme.current()
    return theme.mixed(tokens.line, tokens.muted, 0.5)


def flow_color(share: float) -> QColor:
    """The colour of a wire along which little (0) to much (1) flows: so little is nearly that of any other wire."""
    return theme.mixed(wire_color().name(), theme.magnitude_color(share).name(), 0.4 + 0.6 * share)


# -- texts --------------------------------------------------------------------------------------------------------


@functools.cache
def name_font() -> QFont:
    """A node's name."""
    return theme.sheet_font(13, 600)


@functools.cache
def subtitle_font() -> QFont:
    """What stands under a node's name."""
    return theme.sheet_font(11)


@functools.cache
def far_font() -> QFont:
    """A node's name where the network is seen from so far that nothing else can be read."""
    return theme.sheet_font(22, 600)


@functools.lru_cache(maxsize=2048)
def far_text(name: str, width: float) -> QStaticText:
    """A node's name for a far view. The numbers in it are kept, since names of a kind differ there: where they stand
    early the end is cut, else the middle."""
    early = any(sign.isdigit() for sign in name[: len(name) // 2])
    return _laid_out(name, far_font(), width, Qt.TextElideMode.ElideRight if early else Qt.TextElideMode.ElideMiddle)


@functools.lru_cache(maxsize=2048)
def static_text(text: str, subtitle: bool, width: float) -> QStaticText:
    """A text laid out once, cut with … where it is wider than the card's room for it."""
    return _laid_out(text, subtitle_font() if subtitle else name_font(), width, Qt.TextElideMode.ElideRight)


def name_width(face: Face) -> float:
    """The width that a node's name is laid out for: that of the card, less the room of its signs."""
    return face.width - max(0.0, widths(face.signs) - _TEXT_RIGHT + 6.0) if face.signs else face.width


@functools.lru_cache(maxsize=8)
def _metrics(px: int, weight: int) -> QFontMetricsF:
    return QFontMetricsF(theme.sheet_font(px, weight))


def _laid_out(text: str, font: QFont, width: float, elided: Qt.TextElideMode) -> QStaticText:
    metrics, room = _metrics(font.pixelSize(), font.weight()), width - TEXT_LEFT - _TEXT_RIGHT
    if metrics.horizontalAdvance(text) > room:
        text = metrics.elidedText(text, elided, room)
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    made.prepare(font=font)
    return made
