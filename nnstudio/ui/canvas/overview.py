"""The canvas from far away: nodes as rectangles and wires as lines, each kind drawn in one call (DESIGN 10)."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.ui import theme
from nnstudio.ui.canvas.face import STRIP, wire_color
from nnstudio.ui.canvas.scene import CanvasScene


def paint_overview(painter: QPainter, scene: CanvasScene, area: QRectF) -> None:
    """Paint what of the scene lies in ``area``; the painter has the view's transform and a filled background."""
    tokens = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    faded = scene.lit is not None
    color = wire_color()
    color.setAlphaF(0.3 if faded else 0.75)
    pen = QPen(color, 0)
    painter.setPen(pen)
    for lines in scene.wires.overview(area):
        painter.drawLines(lines)
    if scene.marked_wires:
        painter.setPen(QPen(QColor(tokens.accent), 0))
        for wire in scene.marked_wires:
            if wire in scene.wires.routes:
                painter.drawPath(scene.wires.routes[wire].path)
    bodies: dict[str, list[QRectF]] = defaultdict(list)
    strips: dict[str, list[QRectF]] = defaultdict(list)
    marks: dict[str, list[QRectF]] = defaultdict(list)
    left, top, right, bottom = area.left() - 200, area.top() - 200, area.right() + 200, area.bottom() + 200
    shares, selection, lit = scene.magnitudes.shares, scene.selection, scene.lit
    body = theme.mixed(tokens.raised, tokens.line, 0.6).name()
    for id, item in scene.items_by_id.items():
        at = item.pos()
        x, y = at.x(), at.y()
        if not (left < x < right and top < y < bottom):
            continue
        face = item.face
        rect = QRectF(x - face.width / 2, y - face.height / 2, face.width, face.height)
        share = shares.get(id)
        fill = theme.magnitude_color(round(share * 16) / 16).name() if share is not None else body
        if lit is not None and lit.touches(id):
            fill = tokens.accent
        bodies[fill].append(rect)
        strips[face.family].append(QRectF(rect.left(), rect.top(), 3 * STRIP, rect.height()))
        if id in selection:
            marks[tokens.accent].append(rect)
        elif face.badge:
            marks[tokens.problem if face.badge == "error" else tokens.validation].append(rect)
    painter.setPen(Qt.PenStyle.NoPen)
    for name, rects in bodies.items():
        painter.setBrush(QColor(name))
        painter.drawRects(rects)
    for name, rects in strips.items():
        painter.setBrush(QColor(tokens.families.get(name, tokens.problem)))
        painter.drawRects(rects)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for name, rects in marks.items():
        mark = QPen(QColor(name), 2)
        mark.setCosmetic(True)
        painter.setPen(mark)
        painter.drawRects(rects)
