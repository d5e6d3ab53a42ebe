"""The canvas from far away: nodes as rectangles and wires as lines, all at once (DESIGN 10)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from nnstudio.graph.places import Box
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import STRIP, flow_color, wire_color
from nnstudio.ui.canvas.magnitudes import LEVELS, level_colors
from nnstudio.ui.canvas.near import Sight
from nnstudio.ui.canvas.node_table import Floats, Rows
from nnstudio.ui.canvas.raster import Pixels, draw_lines, fill_rects, stamp
from nnstudio.ui.canvas.wire_table import LED

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

Lines = tuple[Floats, Floats, Floats, Floats, Rows]  # from x, y to x, y, and the row of each one's wire
Edges = tuple[Floats, Floats, Floats, Floats]


class Overview:
    """Paints a scene's nodes and wires into pixels. The lines are gathered again only after something has changed."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._known: tuple[int, int] | None = None
        self._lines: tuple[Lines, Edges] | None = None

    def paint(self, pixels: Pixels, box: Box, sight: Sight) -> None:
        """Paint what lies in ``box`` (edges, of the scene); ``sight`` leads to the places of the pixels."""
        self._paint_wires(pixels, box, sight)
        self._paint_nodes(pixels, box, sight)

    # -- wires ----------------------------------------------------------------------------------------------------

    def _paint_wires(self, pixels: Pixels, box: Box, sight: Sight) -> None:
        scene, tokens = self._scene, theme.current()
        gathered, edges = self._gathered()
        spare = 2.0 / sight.scale
        near = (edges[0] < box[2] + spare) & (edges[2] > box[0] - spare)
        near &= (edges[1] < box[3] + spare) & (edges[3] > box[1] - spare)
        x0, y0, x1, y1 = (part[near] for part in gathered[:4])
        rows = gathered[4][near]
        if not len(rows):
            return
        s = sight.scale
        lines = x0 * s + sight.dx, y0 * s + sight.dy, x1 * s + sight.dx, y1 * s + sight.dy
        share = 0.25 if scene.lit is not None else 0.8
        plain = theme.mixed(tokens.canvas, wire_color().name(), share).rgba()
        draw_lines(pixels, *lines, self._flowing(rows, plain))
        marked = [scene.wires.table.rows[wire] for wire in scene.marked_wires if wire in scene.wires.table.rows]
        if marked:
            chosen = np.isin(rows, marked)
            a, b, c, d = (part[chosen] for part in lines)
            draw_lines(pixels, a, b, c, d, QColor(tokens.accent).rgba())

    def _flowing(self, rows: Rows, plain: int) -> npt.NDArray[np.uint32] | int:
        """The colours of these wires by what flows along them; ``plain`` where that is not known."""
        levels = self._scene.magnitudes.flow_levels()
        if self._scene.lit is not None or not (levels < LEVELS).any():
            return plain
        colors = np.array([*(flow_color(at / (LEVELS - 1)).rgba() for at in range(LEVELS)), plain], np.uint32)
        return np.asarray(colors[levels][rows])

    def _gathered(self) -> tuple[Lines, Edges]:
        """The lines, and left, top, right and bottom of each."""
        table = self._scene.wires.table
        known = self._scene.table.geometry, table.changes
        if self._lines is None or self._known != known:
            x0, y0, x1, y1, rows = self._gather()
            edges = np.minimum(x0, x1), np.minimum(y0, y1), np.maximum(x0, x1), np.maximum(y0, y1)
            self._known, self._lines = known, ((x0, y0, x1, y1, rows), edges)
        return self._lines

    def _gather(self) -> Lines:
        """Straight lines for curves, five for a right-angled way."""
        table = self._scene.wires.table
        sx, sy, ex, ey = table.ends()
        angled, x1, lane, x2 = table.roughly()
        there = sx == sx
        straight = np.flatnonzero(there & ~angled & (table.kind != LED))
        bent = np.flatnonzero(there & angled)
        parts = [(sx[straight], sy[straight], ex[straight], ey[straight], straight)]
        a, b, c, d = sx[bent], sy[bent], ex[bent], ey[bent]
        left, level, right = x1[bent], lane[bent], x2[bent]
        corners = [(a, b), (left, b), (left, level), (right, level), (right, d), (c, d)]
        parts += [(*start, *end, bent) for start, end in itertools.pairwise(corners)]
        for row in table.led:
            if there[row]:
                points = np.array(self._scene.wires.route(row).points)
                parts.append((*points[:-1].T, *points[1:].T, np.full(len(points) - 1, row)))
        x0, y0, x3, y3, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
        return x0, y0, x3, y3, rows

    # -- nodes ----------------------------------------------------------------------------------------------------

    def _paint_nodes(self, pixels: Pixels, box: Box, sight: Sight) -> None:
        scene, tokens, s = self._scene, theme.current(), sight.scale
        table = scene.table
        rows = table.inside(box, 4.0 / s)
        if not len(rows):
            return
        w, h = table.w[rows] * s, table.h[rows] * s
        left, top = table.x[rows] * s - w / 2 + sight.dx, table.y[rows] * s - h / 2 + sight.dy
        marks = np.array([0, QColor(tokens.validation).rgba(), QColor(tokens.problem).rgba()], np.uint32)[
            table.badge[rows]
        ]
        marks[table.selected[rows]] = QColor(tokens.accent).rgba()
        marked = np.flatnonzero(marks)
        if len(marked):
            around = left[marked] - 2, top[marked] - 2, w[marked] + 4, h[marked] + 4
            fill_rects(pixels, *around, marks[marked])
        self._paint_cards(
            pixels, left, top, w, h, self._fills(rows), _family_colors()[table.family[rows]], 3 * STRIP * s
        )

    def _paint_cards(
        self, pixels: Pixels, left: Floats, top: Floats, w: Floats, h: Floats,
        fills: npt.NDArray[np.uint32], families: npt.NDArray[np.uint32], strip: float,
    ) -> None:  # fmt: skip
        """Cards with the strip of their family at the left, all of a kind at once."""
        wide, high = (np.maximum(np.round(part), 1).astype(np.uint64) for part in (w, h))
        looks = (fills.astype(np.uint64) << np.uint64(32)) | families
        sizes = (wide << np.uint64(32)) | high
        found, look = np.unique(looks, return_inverse=True)
        there, size = np.unique(sizes, return_inverse=True)
        pairs, kinds = np.unique(look * len(there) + size, return_inverse=True)
        tiles = []
        for pair in pairs.tolist():
            (fill, family), (across, down) = (divmod(int(part), 1 << 32) for part in (
                found[pair // len(there)], there[pair % len(there)],
            ))  # fmt: skip
            tile = np.full((down, across), fill, np.uint32)
            tile[:, : max(1, round(strip))] = family
            tiles.append(tile)
        stamp(pixels, left, top, tiles, kinds)

    def _fills(self, rows: Rows) -> npt.NDArray[np.uint32]:
        scene, tokens, table = self._scene, theme.current(), self._scene.table
        fills = np.full(len(rows), theme.mixed(tokens.raised, tokens.line, 0.6).rgba(), np.uint32)
        fills[table.faint[rows]] = theme.mixed(tokens.canvas, tokens.raised, 0.5).rgba()
        levels = scene.magnitudes.levels()
        valued = np.flatnonzero(rows < len(levels))
        colors = level_colors()[levels[rows[valued]]]
        fills[valued] = np.where(colors > 0, colors, fills[valued])
        if scene.lit is not None:
            fills[np.isin(rows, table.rows_of(scene.lit.nodes()))] = QColor(tokens.accent).rgba()
        return fills


def family_names() -> list[str]:
    """Names of the families' colours, in the order of their numbers in a `NodeTable`; the next is for unknown ones."""
    return list(theme.current().families)


def _family_colors() -> npt.NDArray[np.uint32]:
    tokens = theme.current()
    return np.array([QColor(name).rgba() for name in (*tokens.families.values(), tokens.problem)], np.uint32)
