"""The tensor types on wires: one small label for each output port, where it covers no node and no other label."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
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
#: Of more labels than this, all are placed anew when types change.
_MANY = 400
#: So many labels that had no room are tried again in the turn of an edit.
_AT_ONCE = 8
Port = tuple[str, str]  # node, output


class Pills:
    """Labels are placed when they are first seen and stay there until :meth:`forget`."""

    def __init__(self, scene: CanvasScene, wires: WireLayer) -> None:
        self._scene = scene
        self._wires = wires
        self._placed: dict[Port, tuple[Wire, QRectF, str] | None] = {}
        self._waiting: dict[Port, None] = {}
        self._room: Occupied[Port] = Occupied()
        self.reach = 0.0  # how far the widest reaches beyond its middle

    def forget(self) -> None:
        """Place them anew when they are next painted."""
        self._placed.clear()
        self._waiting.clear()
        self._room = Occupied()

    def mend(self, rows: Rows, areas: Iterable[Box]) -> list[Box]:
        """Place anew the labels of wires that go elsewhere, and of those in ``areas`` that lie on a node now or had no
        room (of many, some; the others are :attr:`waiting`). Returns where they were and are."""
        keys, areas = dict.fromkeys(self._keys(rows)), list(areas)
        near = dict.fromkeys(key for area in areas for key in self._room.hits(area))
        keys.update(dict.fromkeys(key for key in near if self._covered(key)))
        lacking = {key for key, pill in self._placed.items() if pill is None}
        if lacking:
            some = [key for key in self._keys(self._wires.table.near_any(areas)) if key in lacking]
            keys.update(dict.fromkeys(some[:_AT_ONCE]))
            self._waiting.update(dict.fromkeys(some[_AT_ONCE:]))
        there = self._wires.table.rows
        keys.update(dict.fromkeys(key for key, pill in self._placed.items() if pill and pill[0] not in there))
        return self._again([key for key in keys if key in self._placed])

    @property
    def waiting(self) -> bool:
        """Whether there are labels that had no room, and may have some now."""
        return bool(self._waiting)

    def retry(self, seconds: float) -> list[Box]:
        """Place some of those, as far as there is time. Returns where they are."""
        until, boxes = time.perf_counter() + seconds, list[Box]()
        while self._waiting and time.perf_counter() < until:
            key, _ = self._waiting.popitem()
            if key in self._placed and self._placed[key] is None:
                boxes += self._again([key])
        return boxes

    def retold(self) -> list[Box] | None:
        """Place labels anew whose types are others now. Returns where they were and are; None where they are many."""
        if len(self._placed) > _MANY:
            return None
        changed = []
        for key, pill in self._placed.items():
            wire = pill[0] if pill is not None else self._first(key)
            text = self._scene.type_text(wire) if wire is not None else ""
            if text != (pill[2] if pill is not None else ""):
                changed.append(key)
        return self._again(changed)

    def _again(self, keys: list[Port]) -> list[Box]:
        boxes = []
        for key in keys:
            pill = self._placed.pop(key)
            if pill is not None:
                boxes.append(_edges(pill[1]))
                self._room.remove(key)
        for key in keys:
            self._placed[key] = pill = self._place(key)
            if pill is not None:
                boxes.append(_edges(pill[1]))
        return boxes

    def _covered(self, key: Port) -> bool:
        """Whether a node lies where a label is."""
        pill = self._placed.get(key)
        return pill is not None and self._scene.nodes.any(_edges(pill[1]))

    def _first(self, key: Port) -> Wire | None:
        """A wire of a port."""
        wires = self._scene.network.outgoing.get(key[0], ())
        return next((wire for wire in wires if wire.output == key[1]), None)

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
        self.reach = max(self.reach, width / 2)
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


def _edges(rect: QRectF) -> Box:
    """A label's rectangle with its line."""
    return rect.left() - 1.0, rect.top() - 1.0, rect.right() + 1.0, rect.bottom() + 1.0


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
