"""Room on the canvas: how large a node is, the grid that positions snap to, and where there is still a free place."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from nnstudio.graph.view import Position
from nnstudio.layers import AnyLayer

#: A node's size and the distance of its ports, in scene units (a pixel at 100 %).
NODE_WIDTH, NODE_HEIGHT, PORT_PITCH = 168.0, 56.0, 18.0
#: What positions snap to.
GRID = 8.0
#: Room between a frame's edge and its members, and above them for its title.
FRAME_MARGIN, FRAME_TITLE = 24.0, 32.0
_CELL = 256.0  # a little more than a node

#: So many rings are searched for room among the same neighbours.
_RINGS = 10

Key = TypeVar("Key", bound=Hashable)
#: Left, top, right, bottom.
Box = tuple[float, float, float, float]
Size = tuple[float, float]


def node_size(layer: AnyLayer) -> Size:
    """Width and height of a node: higher where it has many ports."""
    ports = max(len(layer.inputs), len(layer.outputs), 1)
    return NODE_WIDTH, max(NODE_HEIGHT, PORT_PITCH * (ports + 1))


def snapped(at: Position) -> Position:
    """The nearest point of the grid."""
    return round(at[0] / GRID) * GRID, round(at[1] / GRID) * GRID


def box_of(at: Position, size: Size) -> Box:
    """The rectangle of a node whose centre is ``at``."""
    return at[0] - size[0] / 2, at[1] - size[1] / 2, at[0] + size[0] / 2, at[1] + size[1] / 2


def around(boxes: Iterable[Box]) -> Box:
    """The smallest rectangle that holds these. ValueError where there are none."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def frame_box(boxes: Iterable[Box]) -> Box:
    """The rectangle of a frame around its members' rectangles. ValueError where there are none."""
    left, top, right, bottom = around(boxes)
    return left - FRAME_MARGIN, top - FRAME_MARGIN - FRAME_TITLE, right + FRAME_MARGIN, bottom + FRAME_MARGIN


def port_height(index: int, count: int) -> float:
    """How far below the node's centre its port of this index (of so many on that side) is."""
    return (index - (max(count, 1) - 1) / 2) * PORT_PITCH


class Occupied(Generic[Key]):
    """Rectangles by id that can be asked for by area: a grid of cells (a spatial hash)."""

    def __init__(self, nodes: Mapping[Key, tuple[Position, Size]] | None = None, *, cell: float = _CELL) -> None:
        self._cell = cell
        self._boxes: dict[Key, Box] = {}
        self._cells: dict[tuple[int, int], set[Key]] = {}
        for id, (at, size) in (nodes or {}).items():
            self.add(id, at, size)

    def add(self, id: Key, at: Position, size: Size) -> None:
        """Put a rectangle there; one of that id is moved."""
        self.add_box(id, box_of(at, size))

    def add_box(self, id: Key, box: Box) -> None:
        """The same by its edges."""
        before = self._boxes.get(id)
        if before is not None and self._span(before) == self._span(box):
            self._boxes[id] = box
            return
        self.remove(id)
        self._boxes[id] = box
        for cell in self._covered(box):
            self._cells.setdefault(cell, set()).add(id)

    def add_boxes(self, boxes: Iterable[tuple[Key, Box]]) -> None:
        """The same for many."""
        known, cells, size = self._boxes, self._cells, self._cell
        for id, box in boxes:
            before = known.get(id)
            left, top, right, bottom = (int(edge // size) for edge in box)
            if before is not None:
                if self._span(before) == (left, top, right, bottom):
                    known[id] = box
                    continue
                self.remove(id)
            known[id] = box
            for cell in itertools.product(range(left, right + 1), range(top, bottom + 1)):
                if cell in cells:
                    cells[cell].add(id)
                else:
                    cells[cell] = {id}

    def remove(self, id: Key) -> None:
        """Take a rectangle away; nothing where there is none."""
        box = self._boxes.pop(id, None)
        if box is not None:
            for cell in self._covered(box):
                self._cells[cell].discard(id)

    def __len__(self) -> int:
        return len(self._boxes)

    def box(self, id: Key) -> Box | None:
        """The rectangle of this id."""
        return self._boxes.get(id)

    def hits(self, box: Box) -> Iterator[Key]:
        """Ids of the rectangles that overlap ``box`` (an id may come twice)."""
        left, top, right, bottom = box
        size = self._cell
        if ((right - left) // size + 1) * ((bottom - top) // size + 1) > len(self._boxes):  # fewer boxes than cells
            for id, (a, b, c, d) in self._boxes.items():
                if a < right and c > left and b < bottom and d > top:
                    yield id
            return
        for cell in self._covered(box):
            for id in self._cells.get(cell, ()):
                other = self._boxes[id]
                if other[0] < right and other[2] > left and other[1] < bottom and other[3] > top:
                    yield id

    def any(self, box: Box) -> bool:
        """Whether something overlaps ``box``."""
        return next(self.hits(box), None) is not None

    def _span(self, box: Box) -> tuple[int, int, int, int]:
        cell = self._cell
        return int(box[0] // cell), int(box[1] // cell), int(box[2] // cell), int(box[3] // cell)

    def _covered(self, box: Box) -> Iterable[tuple[int, int]]:
        left, top, right, bottom = self._span(box)
        return itertools.product(range(left, right + 1), range(top, bottom + 1))

    def free(self, wanted: Position, size: Size, margin: float = 16.0) -> Position:
        """The place nearest to ``wanted`` (on the grid, searched in rings) where a node of this size stands free."""
        x, y = snapped(wanted)
        across, down = size[0] / 2 + margin, size[1] / 2 + margin
        for first in range(0, 80, _RINGS):
            reach = first + _RINGS
            wide, high = reach * 4 * GRID + across, reach * GRID + down
            near = {id: self._boxes[id] for id in self.hits((x - wide, y - high, x + wide, y + high))}
            taken = [(a - across, b - down, c + across, d + down) for a, b, c, d in near.values()]
            blocked = [0] * (2 * reach + 1)  # for each row of places, a bit for each that something is in the way of
            for a, b, c, d in taken:
                low, high = _steps(a - x, c - x, 4 * GRID, reach)
                mask = ((1 << max(high - low + 1, 0)) - 1) << (low + reach)
                low, high = _steps(b - y, d - y, GRID, reach)
                for row in range(low + reach, high + reach + 1):
                    blocked[row] |= mask
            for ring in range(first, reach):
                for dx, dy in _ring(ring):
                    if not blocked[dy + reach] >> (dx + reach) & 1:
                        return snapped((x + dx * 4 * GRID, y + dy * GRID))
        return x, y


def _steps(low: float, high: float, step: float, reach: int) -> tuple[int, int]:
    """The first and the last of the steps (of −reach … reach) that lead between two distances."""
    return max(math.floor(low / step) + 1, -reach), min(math.ceil(high / step) - 1, reach)


@functools.lru_cache(maxsize=80)
def _ring(radius: int) -> list[tuple[int, int]]:
    """The edge of a square around (0, 0), nearest first, below and to the right before above and to the left."""
    if not radius:
        return [(0, 0)]
    across = range(-radius, radius + 1)
    edge = [(d, s) for d in across for s in (radius, -radius)] + [(s, d) for d in across for s in (radius, -radius)]
    return sorted(edge, key=lambda step: (4 * abs(step[0]) + abs(step[1]), step[1] < 0, step[0] < 0))
