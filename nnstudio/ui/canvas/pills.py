"""The tensor types on wires: one small label for each output port, where it covers no node and no other label."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QStaticText

from nnstudio.graph import Wire
from nnstudio.graph.places import Box, Occupied
from nnstudio.ui import theme
from nnstudio.ui.canvas.node_table import Rows
from nnstudio.ui.canvas.wire_table import ANGLED

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene
    from nnstudio.ui.canvas.wire_layer import WireLayer

_HEIGHT = 18.0
Port = tuple[str, str]  # node, output


class Pills:
    """Labels are placed when they are first seen and stay there until :meth:`forget`."""

    def __init__(self, scene: CanvasScene, wires: WireLayer) -> None:
        self._scene = scene
        self._wires = wires
        self._placed: dict[Port, tuple[Wire, QRectF, str] | None] = {}
        self._room: Occupied[Port] = Occupied()

    def forget(self) -> None:
        """Place them anew when they are next painted."""
        self._placed.clear()
        self._room = Occupied()

    def of(self, source: str, output: str) -> QRectF | None:
        """Where the label of an output port is; None where it has none."""
        pill = self._placed.get((source, output))
        return pill[1] if pill is not None else None

    def at(self, x: float, y: float) -> Wire | None:
        """The wire whose label is at a point."""
        hits = self._room.hits((x, y, x + 0.01, y + 0.01))
        pill = next((self._placed.get(key) for key in hits), None)
        return pill[0] if pill is not None else None

    def paint(
        self, painter: QPainter, rows: Rows, hidden: frozenset[Wire] = frozenset(), *, strength: float = 1.0
    ) -> None:
        """Paint the labels of these wires, but for those on ``hidden`` wires; the painter is in scene units. Of less
        ``strength`` they fade into the canvas, and still cover what is under them."""
        tokens = theme.current()
        font = theme.sheet_font(10, mono=True)
        painter.setFont(font)
        line, muted, panel = (
            theme.mixed(tokens.canvas, c, strength) for c in (tokens.line, tokens.muted, tokens.panel)
        )
        edge, text_pen = QPen(line, 1.0), QPen(muted)
        painter.setBrush(panel)
        for key in self._keys(rows):
            if key not in self._placed:
                self._placed[key] = self._place(key)
            pill = self._placed[key]
            if pill is None or pill[0] in hidden:
                continue
            rect = pill[1]
            written = _written(pill[2])
            painter.setPen(edge)
            painter.drawRoundedRect(rect, _HEIGHT / 2, _HEIGHT / 2)
            painter.setPen(text_pen)
            size = written.size()
            painter.drawStaticText(rect.center() - QPointF(size.width() / 2, size.height() / 2), written)

    def _keys(self, rows: Rows) -> list[Port]:
        wires = self._wires.table.wires
        found = [wire for row in rows.tolist() if (wire := wires[row]) is not None]
        return list(dict.fromkeys((wire.source, wire.output) for wire in found))

    def _place(self, key: Port) -> tuple[Wire, QRectF, str] | None:
        """A place for a label: on one of the port's wires, free of nodes and of other labels."""
        scene, table = self._scene, self._wires.table
        rows = np.flatnonzero(table.source == scene.table.rows.get(key[0], -2))
        mine = [(row, wire) for row in rows.tolist() if (wire := table.wires[row]) and wire.output == key[1]]
        text = scene.type_text(mine[0][1]) if mine else ""
        if not text:
            return None
        width = _metrics().horizontalAdvance(text) + 16.0
        for row, wire in mine:
            for x, y in self._wires.route(row).anchors:
                box = (x - width / 2, y - _HEIGHT / 2, x + width / 2, y + _HEIGHT / 2)
                roomy = (box[0] - 6.0, box[1] - 2.0, box[2] + 6.0, box[3] + 2.0)
                if not scene.nodes.any(roomy) and not self._room.any(roomy) and not self._hides_a_bend(row, box):
                    self._room.add_box(key, box)
                    return wire, QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3])), text
        return None

    def _hides_a_bend(self, own: int, box: Box) -> bool:
        """Whether another port's wire turns a corner under the box, so that it would not be seen where it goes."""
        table = self._wires.table
        rows = table.near(box)
        rows = rows[(table.kind[rows] == ANGLED) & (table.source[rows] != table.source[own])]
        if not len(rows):
            return False
        _, start, _, end = (part[rows] for part in table.ends())
        first, lane, last = table.x1[rows], table.lane[rows], table.x2[rows]
        turns = ((first, start), (first, lane), (last, lane), (last, end))
        return any(np.any((box[0] < x) & (x < box[2]) & (box[1] < y) & (y < box[3])) for x, y in turns)


@functools.lru_cache(maxsize=1)
def _metrics() -> QFontMetricsF:
    return QFontMetricsF(theme.sheet_font(10, mono=True))


@functools.lru_cache(maxsize=512)
def _written(text: str) -> QStaticText:
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    made.prepare(font=theme.sheet_font(10, mono=True))
    return made
