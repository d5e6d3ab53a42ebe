"""The canvas from near: cards copied from pictures, texts laid out once, wires as smooth lines."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QTransform

from nnstudio.graph.places import Box
from nnstudio.ui import theme
from nnstudio.ui.canvas import face as faces
from nnstudio.ui.canvas.face import BATCH_SCALE, MARGIN, SURROUNDINGS, TEXT_LEFT, TEXT_SCALE, Cards, Face, Look
from nnstudio.ui.canvas.magnitudes import LEVELS
from nnstudio.ui.canvas.node_table import Rows

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

#: From here on wires are smooth, and from TEXT_SCALE on they carry their types.
_SMOOTH = 0.35
#: So many wires are smooth while they are dragged; more are drawn plainly until they rest.
_SMOOTH_IN_MOTION = 12


class Sight(NamedTuple):
    """How the scene is seen: at ``scale`` device pixels a unit, its origin at ``dx, dy`` in device pixels."""

    scale: float
    dx: float
    dy: float

    def transform(self) -> QTransform:
        """From the scene to device pixels."""
        return QTransform(self.scale, 0, 0, self.scale, self.dx, self.dy)

    def area(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The part of the scene (edges) that is seen in a rectangle of device pixels (edges)."""
        s = self.scale
        return (left - self.dx) / s, (top - self.dy) / s, (right - self.dx) / s, (bottom - self.dy) / s


class Near:
    """Paints nodes and wires of a scene. ``ratio``: device pixels a pixel of the widget, so that lines keep a width."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._cards = Cards()
        self._tiles: dict[int, QPixmap] = {}  # of nodes in motion, by row: all that is painted of each
        self._tiled: tuple[object, ...] = ()  # what those depend on

    # -- wires ----------------------------------------------------------------------------------------------------

    def paint_wires(self, painter: QPainter, rows: Rows, sight: Sight, ratio: float, *, smooth: bool = True) -> None:
        """Paint the wires in these rows, about so where their ways are not worked out yet."""
        scene, layer = self._scene, self._scene.wires
        scale = sight.scale / ratio
        painter.setWorldTransform(sight.transform())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth and scale >= _SMOOTH)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setOpacity(0.35 if scene.lit is not None else 1.0)
        special = scene.marked_wires | scene.bad_wires | ({scene.hovered_wire} if scene.hovered_wire else set())
        last: list[int] = []
        straight: dict[int, list[QLineF]] = {}
        flows, pens = scene.magnitudes.flow_levels(), flow_pens(scale)
        shown = LEVELS
        painter.setPen(pens[shown])
        for row in rows.tolist():
            if special and layer.table.wires[row] in special:
                last.append(row)
                continue
            route, level = layer.route(row, exactly=False), int(flows[row])
            if route.level:
                a, b = route.path.elementAt(0), route.path.elementAt(1)
                line = QLineF(a.x, a.y, b.x, b.y)  # type: ignore[arg-type, call-overload]
                straight.setdefault(level, []).append(line)
                continue
            if level != shown:
                painter.setPen(pens[level])
                shown = level
            painter.drawPath(route.path)
        for level, lines in straight.items():
            painter.setPen(pens[level])
            painter.drawLines(lines)
        for row in sorted(last, key=lambda row: layer.table.wires[row] in scene.marked_wires):
            painter.setPen(self._special_pen(row, scale))
            painter.drawPath(layer.route(row, exactly=False).path)
        painter.setOpacity(1.0)

    def paint_plain_wires(self, painter: QPainter, rows: Rows) -> None:
        """Paint these wires for a picture of the drawing, the painter in scene units."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(faces.wire_color(), 1.7, 1.0))
        for row in rows.tolist():
            painter.drawPath(self._scene.wires.route(row).path)

    def _special_pen(self, row: int, scale: float) -> QPen:
        scene, tokens = self._scene, theme.current()
        wire = scene.wires.table.wires[row]
        if wire in scene.marked_wires:
            return _pen(QColor(tokens.accent), 2.4, scale)
        if wire == scene.hovered_wire:
            return _pen(QColor(tokens.muted), 2.2, scale)
        return _pen(QColor(tokens.problem), 1.8, scale)

    # -- nodes ----------------------------------------------------------------------------------------------------

    def paint_nodes(self, painter: QPainter, rows: Rows, sight: Sight, ratio: float, base: QTransform) -> None:
        """Paint the nodes in these rows; ``base`` takes device pixels to the painter's."""
        scene = self._scene
        self._cards.start(sight.scale)
        near, lit = sight.scale / ratio >= TEXT_SCALE, scene.lit
        view = sight.transform() * base
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = theme.current()
        first, second = QPen(QColor(tokens.text)), QPen(QColor(tokens.muted))
        fonts = faces.name_font(), faces.subtitle_font(), faces.far_font()
        levels, numbered = scene.magnitudes.levels(), sight.scale / ratio
        live = bool(scene.pointed_out) or lit is not None or bool((levels[rows[rows < len(levels)]] < LEVELS).any())
        for row in rows.tolist():
            id = scene.table.ids[row]
            face = scene.face(id)
            x, y = scene.table.at(row)
            if lit is not None:
                painter.setOpacity(1.0 if lit.touches(id) else 0.35)
            left, top = x - face.width / 2, y - face.height / 2
            at = (
                math.floor((left - MARGIN) * sight.scale + sight.dx + 0.5),
                math.floor((top - MARGIN) * sight.scale + sight.dy + 0.5),
            )
            painter.setWorldTransform(base)  # copied pixel by pixel, so that edges are sharp at every zoom
            look = self._look(id, row, face, live=live)
            painter.drawPixmap(at[0], at[1], self._cards.picture(look))
            painter.setWorldTransform(view)
            if near:
                spare = (face.height - 56.0) / 2
                painter.setFont(fonts[0])
                painter.setPen(second if face.bypassed else first)
                painter.drawStaticText(
                    QPointF(left + TEXT_LEFT, top + 11 + spare),
                    faces.static_text(face.name, False, faces.name_width(face)),
                )
                painter.setFont(fonts[1])
                painter.setPen(first if look.tint else second)
                painter.drawStaticText(
                    QPointF(left + TEXT_LEFT, top + 29 + spare), faces.static_text(face.subtitle, True, face.width)
                )
            else:
                painter.setFont(fonts[2])
                painter.setPen(first)
                text = faces.far_text(face.name, face.width)
                painter.drawStaticText(QPointF(left + TEXT_LEFT, y - text.size().height() / 2 - 3), text)
            scene.slots.paint(painter, id, numbered)
            if live:
                self._paint_live(painter, id, row, face, x, y)
        painter.setOpacity(1.0)

    def _paint_live(self, painter: QPainter, id: str, row: int, face: Face, x: float, y: float) -> None:
        """The bar of what nodes are coloured by, and the ports that light up."""
        scene = self._scene
        share = scene.magnitudes.share(row)
        if share is not None:
            _paint_bar(painter, x - face.width / 2, y + face.height / 2, face.width, share)
        if id in scene.pointed_out:
            faces.paint_pointed_out(painter, QRectF(x - face.width / 2, y - face.height / 2, face.width, face.height))
        if scene.lit is not None and scene.lit.touches(id):
            for side, port, state in scene.lit.states(id):
                faces.paint_port(painter, QPointF(x, y) + face.port(side, port), state)

    def _look(self, id: str, row: int, face: Face, *, live: bool) -> Look:
        """``live``: some of the nodes have a value."""
        scene = self._scene
        share = scene.magnitudes.share(row) if live and scene.magnitudes.tinted else None
        return Look(
            face.family, face.width, face.height, len(face.inputs), len(face.outputs),
            bool(scene.table.selected[row]), face.badge,
            theme.magnitude_color(share).name() if share is not None else "",
            face.bypassed, face.stacked, face.signs,
        )  # fmt: skip

    # -- all ------------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, box: Box, sight: Sight, ratio: float) -> bool:
        """Paint what stands still in a part of the scene (edges), the painter in device pixels. Returns whether every
        wire went its final way."""
        scene, table = self._scene, self._scene.wires.table
        wires = table.near(box)
        if len(scene.moving_wires):
            wires = np.setdiff1d(wires, scene.moving_wires)
        whole = scene.wires.decide(wires)
        self.paint_wires(painter, wires, sight, ratio)
        if sight.scale / ratio >= TEXT_SCALE:
            moving = {wire for row in scene.moving_wires.tolist() if (wire := table.wires[row]) is not None}
            strength = 0.35 if scene.lit is not None else 1.0
            reach = scene.wires.pills.reach  # a label may reach in where its wire does not
            labelled = table.near((box[0] - reach, box[1], box[2] + reach, box[3])) if reach else wires
            if len(scene.moving_wires):
                labelled = np.setdiff1d(labelled, scene.moving_wires)
            scene.wires.pills.paint(painter, labelled, frozenset(moving), strength=strength)
        nodes = scene.table.inside(box, SURROUNDINGS)
        if len(scene.moving):
            nodes = np.setdiff1d(nodes, scene.moving)
        self.paint_nodes(painter, nodes, sight, ratio, QTransform())
        painter.setWorldTransform(QTransform())
        return whole

    def paint_moving(self, painter: QPainter, box: Box, sight: Sight, ratio: float) -> None:
        """Paint the nodes and wires in motion over the others, the painter in the widget's pixels."""
        scene = self._scene
        base = QTransform.fromScale(1 / ratio, 1 / ratio)
        wires = np.intersect1d(scene.wires.table.near(box), scene.moving_wires)
        plain = Sight(sight.scale / ratio, sight.dx / ratio, sight.dy / ratio)
        carried, (dx, dy) = scene.wires.carried
        whole = np.isin(wires, carried)
        smooth = len(wires) <= _SMOOTH_IN_MOTION
        self.paint_wires(painter, wires[~whole], plain, 1.0, smooth=smooth)
        shifted = Sight(plain.scale, plain.dx + dx * plain.scale, plain.dy + dy * plain.scale)
        self.paint_wires(painter, wires[whole], shifted, 1.0, smooth=smooth)
        nodes = np.intersect1d(scene.table.inside(box, SURROUNDINGS), scene.moving)
        self._paint_tiles(painter, nodes, sight, ratio, base)
        painter.setWorldTransform(QTransform())

    def _paint_tiles(self, painter: QPainter, rows: Rows, sight: Sight, ratio: float, base: QTransform) -> None:
        """Paint nodes in motion, each from a picture of it that is kept while it moves."""
        scene = self._scene
        about = (scene.revision, sight.scale, ratio, theme.look(), scene.pointed_out)
        if about != self._tiled:
            self._tiled = about
            self._tiles.clear()
        painter.setWorldTransform(base)
        painter.setOpacity(1.0)
        for row in rows.tolist():
            left, top, right, bottom = scene.table.box(row)
            size = (
                math.ceil((right - left + 2 * SURROUNDINGS) * sight.scale),
                math.ceil((bottom - top + 2 * SURROUNDINGS) * sight.scale),
            )
            tile = self._tiles.get(row)
            if tile is None:
                tile = self._tiles[row] = QPixmap(*size)
                tile.fill(Qt.GlobalColor.transparent)
                inner = QPainter(tile)
                try:
                    here = Sight(
                        sight.scale, (SURROUNDINGS - left) * sight.scale, (SURROUNDINGS - top) * sight.scale
                    )  # fmt: skip
                    self.paint_nodes(inner, np.array([row]), here, ratio, QTransform())
                finally:
                    inner.end()
            painter.drawPixmap(
                math.floor((left - SURROUNDINGS) * sight.scale + sight.dx + 0.5),
                math.floor((top - SURROUNDINGS) * sight.scale + sight.dy + 0.5),
                tile,
            )

    def rest(self) -> None:
        """Nothing moves any more: let the pictures of what moved go."""
        self._tiles.clear()


@functools.lru_cache(maxsize=8)
def _flow_pens(_look: object, scale: float) -> tuple[QPen, ...]:
    span = LEVELS - 1
    made = [_pen(faces.flow_color(at / span), 1.4 + 3.4 * at / span, scale) for at in range(LEVELS)]
    return (*made, _pen(faces.wire_color(), 1.7, scale))


def flow_pens(scale: float) -> tuple[QPen, ...]:
    """How wires are drawn by the level of what flows (see `magnitudes`): thin and dark where it is little. The last is
    for those of which it is not known."""
    return _flow_pens(theme.look(), scale)


def _pen(color: QColor, width: float, scale: float) -> QPen:
    pen = QPen(color, max(width, 1.35 / scale))
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def _paint_bar(painter: QPainter, left: float, bottom: float, width: float, share: float) -> None:
    """The thin bar at the foot of the card: how large what nodes are coloured by is."""
    room = width - TEXT_LEFT - 22.0
    bar = QRectF(left + TEXT_LEFT, bottom - 9.0, room, 3.0)
    painter.setPen(Qt.PenStyle.NoPen)
    track = QColor(theme.current().line)
    track.setAlphaF(0.6)
    painter.setBrush(track)
    painter.drawRoundedRect(bar, 1.5, 1.5)
    bar.setWidth(max(6.0, room * share))
    painter.setBrush(theme.magnitude_color(share))
    painter.drawRoundedRect(bar, 1.5, 1.5)


__all__ = ["BATCH_SCALE", "Near", "Sight"]
