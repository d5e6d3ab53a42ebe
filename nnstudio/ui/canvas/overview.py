"""The canvas from far away: nodes as rectangles and wires as lines, each kind drawn in one call (DESIGN 10)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.canvas.face import STRIP, wire_color
from nnstudio.ui.canvas.scene import CanvasScene

Rects = dict[str, list[QRectF]]


class Overview:
    """Rectangles of the scene's nodes by colour, gathered again only after something has changed."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._known: Hashable = None
        self._bodies: Rects = {}
        self._strips: Rects = {}
        self._marks: Rects = {}

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint what lies in ``area``; the painter has the view's transform and a filled background."""
        scene, tokens = self._scene, theme.current()
        now = scene.revision, tokens.name
        if now != self._known:
            self._gather()
            self._known = now
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        share = 0.25 if scene.lit is not None else 0.8
        painter.setPen(QPen(theme.mixed(tokens.canvas, wire_color().name(), share), 0))
        for lines in scene.wires.overview(area):
            painter.drawLines(lines)
        self._paint_marked_wires(painter)
        painter.setPen(Qt.PenStyle.NoPen)
        for rects, color_of in ((self._bodies, QColor), (self._strips, _family_color)):
            for name, boxes in rects.items():
                painter.setBrush(color_of(name))
                painter.drawRects(boxes)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for name, boxes in self._marks.items():
            mark = QPen(QColor(name), 2)
            mark.setCosmetic(True)
            painter.setPen(mark)
            painter.drawRects(boxes)

    def _paint_marked_wires(self, painter: QPainter) -> None:
        routes = self._scene.wires.routes
        painter.setPen(QPen(QColor(theme.current().accent), 0))
        for wire in self._scene.marked_wires & routes.keys():
            points = [QPointF(*point) for point in routes[wire].points]
            painter.drawLines([QLineF(a, b) for a, b in itertools.pairwise(points)])

    def _gather(self) -> None:
        scene, tokens = self._scene, theme.current()
        bodies: Rects = defaultdict(list)
        strips: Rects = defaultdict(list)
        marks: Rects = defaultdict(list)
        shares, selection, lit = scene.magnitudes.shares, scene.selection, scene.lit
        plain = theme.mixed(tokens.raised, tokens.line, 0.6).name()
        for id, item in scene.items_by_id.items():
            face = item.face
            width, height = face.width, face.height
            rect = QRectF(item.x() - width / 2, item.y() - height / 2, width, height)
            share = shares.get(id)
            fill = plain if share is None else theme.magnitude_color(round(share * 16) / 16).name()
            if lit is not None and lit.touches(id):
                fill = tokens.accent
            bodies[fill].append(rect)
            strips[face.family].append(QRectF(rect.left(), rect.top(), 3 * STRIP, height))
            if id in selection:
                marks[tokens.accent].append(rect)
            elif face.badge:
                marks[tokens.problem if face.badge == "error" else tokens.validation].append(rect)
        self._bodies, self._strips, self._marks = bodies, strips, marks


def _family_color(name: str) -> QColor:
    tokens = theme.current()
    return QColor(tokens.families.get(name, tokens.problem))
