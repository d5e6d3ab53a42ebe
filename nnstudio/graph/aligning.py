"""Aligning: rectangles brought into line, spread evenly, or drawn towards their neighbours' edges. Pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nnstudio.graph.places import Box, around
from nnstudio.graph.view import Position

#: What rectangles can be aligned by, and the word for it in a label of undo.
EDGES = {
    "left": "left edges",
    "centre": "centres",
    "right": "right edges",
    "top": "top edges",
    "middle": "middles",
    "bottom": "bottom edges",
}


def aligned(boxes: Mapping[str, Box], edge: str) -> dict[str, Position]:
    """Centres of the rectangles with that edge (one of ``EDGES``) in line: with the outermost one for an edge, with
    the middle of all for ``centre`` and ``middle``. ValueError where there is no such edge."""
    if edge not in EDGES:
        raise ValueError(f"rectangles are aligned by one of {', '.join(EDGES)}, not by {edge!r}")
    if not boxes:
        return {}
    left, top, right, bottom = around(boxes.values())
    goals = {"left": left, "centre": (left + right) / 2, "right": right}
    goals |= {"top": top, "middle": (top + bottom) / 2, "bottom": bottom}
    made = {}
    for id, box in boxes.items():
        x, y = _centre(box)
        half = (box[2] - box[0]) / 2 if edge in ("left", "right") else (box[3] - box[1]) / 2
        inward = {"left": half, "top": half, "right": -half, "bottom": -half}.get(edge, 0.0)
        goal = goals[edge] + inward
        made[id] = (goal, y) if edge in ("left", "centre", "right") else (x, goal)
    return made


def distributed(boxes: Mapping[str, Box], axis: int) -> dict[str, Position]:
    """Centres of the rectangles with equal gaps between them along an axis (0 across, 1 down); the outermost stay.

    Where they have no room to be apart, their centres are at equal distances.
    """
    if len(boxes) < 3:
        return {id: _centre(box) for id, box in boxes.items()}
    order = sorted(boxes, key=lambda key: (_centre(boxes[key])[axis], key))
    first, last = boxes[order[0]], boxes[order[-1]]
    free = last[axis + 2] - first[axis] - sum(boxes[id][axis + 2] - boxes[id][axis] for id in order)
    made: dict[str, Position] = {}
    step = (_centre(last)[axis] - _centre(first)[axis]) / (len(order) - 1)
    at = first[axis]
    for place, id in enumerate(order):
        size = boxes[id][axis + 2] - boxes[id][axis]
        goal = at + size / 2 if free >= 0 else _centre(first)[axis] + place * step
        at += size + free / (len(order) - 1)
        x, y = _centre(boxes[id])
        made[id] = (goal, y) if axis == 0 else (x, goal)
    return made


@dataclass(frozen=True, slots=True)
class Guide:
    """A line that shows what is in line: ``at`` this x (``upright``) or y, from ``first`` to ``last`` along it."""

    upright: bool
    at: float
    first: float
    last: float


def guided(box: Box, others: Iterable[Box], reach: float) -> tuple[Position, tuple[Guide, ...]]:
    """How far a rectangle in motion is drawn so that an edge or its centre is in line with another's, and the lines.

    Of all that are within ``reach`` the nearest counts, centres before edges of the same distance; each axis by itself.
    """
    near = list(others)
    shift: list[float] = []
    for axis in (0, 1):
        options = [
            (abs(goal - own), abs(kind), goal - own)
            for other in near
            for (own, kind), (goal, _) in itertools.product(_lines(box, axis), _lines(other, axis))
            if _alike(own, box, goal, other, axis) and abs(goal - own) <= reach
        ]
        shift.append(min(options)[2] if options else 0.0)
    moved = (box[0] + shift[0], box[1] + shift[1], box[2] + shift[0], box[3] + shift[1])
    return (shift[0], shift[1]), _guides(moved, near)


def _guides(box: Box, others: Iterable[Box]) -> tuple[Guide, ...]:
    """A line for each edge or centre that is in line with others, as long as all that it touches."""
    found: dict[tuple[bool, float], tuple[float, float]] = {}
    for other in others:
        for axis in (0, 1):
            for (own, _), (goal, _) in itertools.product(_lines(box, axis), _lines(other, axis)):
                if abs(own - goal) < 0.5 and _alike(own, box, goal, other, axis):
                    across = 1 - axis
                    first, last = min(box[across], other[across]), max(box[across + 2], other[across + 2])
                    old = found.get((axis == 0, own), (first, last))
                    found[axis == 0, own] = min(first, old[0]), max(last, old[1])
    return tuple(Guide(upright, at, first, last) for (upright, at), (first, last) in sorted(found.items()))


def _lines(box: Box, axis: int) -> tuple[tuple[float, int], ...]:
    """Centre and edges along an axis; the centre, as 0, before the edges."""
    return ((box[axis] + box[axis + 2]) / 2, 0), (box[axis], 1), (box[axis + 2], 1)


def _alike(own: float, box: Box, goal: float, other: Box, axis: int) -> bool:
    """Whether both lines are centres, or both are edges."""
    middle, theirs = (box[axis] + box[axis + 2]) / 2, (other[axis] + other[axis + 2]) / 2
    return (own == middle) == (goal == theirs)


def _centre(box: Box) -> Position:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
