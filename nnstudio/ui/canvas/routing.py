"""Where wires run: straight curves where the way is free, else right-angled with round corners along a free lane."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from nnstudio.graph.places import Box, Occupied

Point = tuple[float, float]
#: From one height to another.
Stripe = tuple[float, float]
#: Of a right-angled wire: to ``x1``, at the height ``lane`` to ``x2``, and on to its end.
Way = tuple[float, float, float]

_STUB = 24.0
#: Over nodes of the same row, the way up is so close that a label beside it stays clear.
_CLOSE = 13.0
_RADIUS = 10.0
#: Distance between lanes, and how much free height a lane needs to each side of it.
_LANE, _CLEAR = 12.0, 9.0
#: Wires at most this long between neighbouring columns are drawn directly, without looking for obstacles.
_NEAR = 150.0
#: So many lanes to each side are looked at among the same nodes.
_LANES = 10
#: A free stripe of this height is as good as any wider one.
_WIDE = 80.0


class Route:
    """The way of one wire, as it is painted. ``level``: one level line; ``box`` is around it.

    What is only asked for now and then is worked out then: ``points``, which follow it closely, and ``anchors``, places
    for its label, best first.
    """

    def __init__(
        self, path: QPainterPath, box: Box, points: Callable[[], tuple[tuple[Point, ...], tuple[Point, ...]]], *,
        level: bool = False,
    ) -> None:  # fmt: skip
        """``points`` works out points and anchors."""
        self.path, self.box, self.level = path, box, level
        self._work_out = points

    @cached_property
    def _worked_out(self) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
        return self._work_out()

    @property
    def points(self) -> tuple[Point, ...]:
        """Points that follow the wire closely, from its beginning to its end."""
        return self._worked_out[0]

    @property
    def anchors(self) -> tuple[Point, ...]:
        """Places for a label, best first."""
        return self._worked_out[1]

    def distance(self, x: float, y: float) -> float:
        """How far a point is from the wire."""
        return min(_distance(x, y, a, b) for a, b in itertools.pairwise(self.points))


@dataclass(frozen=True, slots=True)
class Ends:
    """What a wire joins. ``group`` names its source port: wires of one group may share a lane. ``stagger`` is the
    rank of the input port from above and from below, so that ways into one node keep apart."""

    source: str
    target: str
    start: Point
    end: Point
    group: Hashable
    stagger: tuple[int, int] = (0, 0)


class Router:
    """Routes wires around the nodes of ``nodes`` and keeps lanes of different sources apart."""

    def __init__(self, nodes: Occupied[str], heights: Callable[[Box], set[Stripe]] | None = None) -> None:
        """``heights``: the heights (top, bottom) of the nodes in an area, where somebody knows them faster."""
        self._nodes = nodes
        self._heights = heights or self._looked_up
        self._lanes: dict[int, dict[Hashable, tuple[float, float, float, Hashable]]] = {}
        self._lane_of: dict[Hashable, int] = {}

    def clear(self) -> None:
        """Forget all lanes."""
        self._lanes.clear()
        self._lane_of.clear()

    def forget(self, key: Hashable) -> None:
        """Give back the lane of a wire."""
        bucket = self._lane_of.pop(key, None)
        if bucket is not None:
            self._lanes[bucket].pop(key, None)

    def route(self, key: Hashable, ends: Ends) -> Route:
        """The way of the wire ``key``, which gives back the lane that it had."""
        return way_route(ends.start, ends.end, self.decide(key, ends))

    def decide(self, key: Hashable, ends: Ends) -> Way | None:
        """The way of the wire ``key``, which gives back the lane that it had; None where a curve is free."""
        self.forget(key)
        (sx, _), (ex, ey) = ends.start, ends.end
        if ex - sx >= 24.0 and (ex - sx <= _NEAR or self._free_curve(ends)):
            return None
        lane = self._lane(key, ends)
        stub = _CLOSE if ex > sx else _STUB
        return sx + stub, lane, ex - stub - 8.0 * ends.stagger[0 if lane <= ey else 1]

    def _free_curve(self, ends: Ends) -> bool:
        (sx, sy), (ex, ey) = ends.start, ends.end
        area = (sx + 2.0, min(sy, ey) - 8.0, ex - 2.0, max(sy, ey) + 8.0)
        others = {id for id in self._nodes.hits(area) if id not in (ends.source, ends.target)}
        if not others:
            return True
        boxes = [box for box in map(self._nodes.box, others) if box is not None]
        return not any(
            left - 8 < x < right + 8 and top - 8 < y < bottom + 8
            for x, y in _bezier(ends.start, ends.end)
            for left, top, right, bottom in boxes
        )

    def _lane(self, key: Hashable, ends: Ends) -> float:
        """The free height nearest to the middle between the ends. Above is tried before below."""
        left, right = sorted((ends.start[0] + _STUB, ends.end[0] - _STUB))
        middle = self._between(ends)
        for first in range(0, 80, _LANES):
            reach = (first + _LANES) * _LANE + _CLEAR
            spans = self._spans((left, middle - reach, right, middle + reach))
            for step in range(first, first + _LANES):
                for y in (middle - step * _LANE, middle + step * _LANE) if step else (middle,):
                    if not any(top < y < low for top, low in spans) and not self._taken(y, left, right, ends.group):
                        self._keep(key, y, left, right, ends.group)
                        return y
        return middle

    def _looked_up(self, area: Box) -> set[Stripe]:
        boxes = (self._nodes.box(id) for id in set(self._nodes.hits(area)))
        return {(box[1], box[3]) for box in boxes if box is not None}

    def _spans(self, area: Box) -> list[Stripe]:
        """The heights at which a lane would come too near to one of the nodes in an area."""
        spans: list[Stripe] = []
        for top, low in sorted((top - _CLEAR, low + _CLEAR) for top, low in self._heights(area)):
            if spans and top < spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], low)
            else:
                spans.append((top, low))
        return spans

    def _between(self, ends: Ends) -> float:
        """The middle of the gap between both nodes where one stands above the other, else of their ends."""
        a, b = self._nodes.box(ends.source), self._nodes.box(ends.target)
        if a is not None and b is not None:
            if a[3] < b[1]:
                return self._widest(ends, a[3], b[1], downwards=True)
            if b[3] < a[1]:
                return self._widest(ends, b[3], a[1], downwards=False)
        return (ends.start[1] + ends.end[1]) / 2

    def _widest(self, ends: Ends, top: float, bottom: float, *, downwards: bool) -> float:
        """The middle of the widest free stripe between two heights; of wide ones the nearest to the target."""
        left, right = sorted((ends.start[0] + _STUB, ends.end[0] - _STUB))
        edges = sorted(self._heights((left, top, right, bottom)))
        stripes = []
        for upper, lower in (*edges, (bottom, bottom)):
            stripes.append((top, max(top, upper)))
            top = max(top, lower)
        low, high = max(
            reversed(stripes) if downwards else stripes, key=lambda stripe: min(stripe[1] - stripe[0], _WIDE)
        )
        return (low + high) / 2 if high - low < 2 * _WIDE else high - _WIDE / 2 if downwards else low + _WIDE / 2

    def _taken(self, y: float, left: float, right: float, group: Hashable) -> bool:
        bucket = round(y / _LANE)
        return any(
            other != group and abs(at - y) < _LANE - 2 and a < right + 8 and b > left - 8
            for near in (bucket - 1, bucket, bucket + 1)
            for at, a, b, other in self._lanes.get(near, {}).values()
        )

    def _keep(self, key: Hashable, y: float, left: float, right: float, group: Hashable) -> None:
        bucket = round(y / _LANE)
        self._lanes.setdefault(bucket, {})[key] = (y, left, right, group)
        self._lane_of[key] = bucket


def way_route(start: Point, end: Point, way: Way | None) -> Route:
    """A wire along a way: right-angled, or a curve where it is None."""
    if way is None:
        return curve(start, end)
    x1, lane, x2 = way
    return angled([start, (x1, start[1]), (x1, lane), (x2, lane), (x2, end[1]), end])


def led(start: Point, points: Sequence[Point], end: Point) -> Route:
    """Smooth through these points (Catmull and Rom, "A class of local interpolating splines", 1974), level at both
    ends. The label stands at one of the points."""
    (sx, sy), (ex, ey) = start, end
    knots = [start, *points, end]
    around = [(sx - 2 * _STUB, sy), *knots, (ex + 2 * _STUB, ey)]
    path = QPainterPath(QPointF(sx, sy))
    close = [start]
    for (ax, ay), b, c, (dx, dy) in zip(around, around[1:], around[2:], around[3:], strict=False):
        near = (b[0] + (c[0] - ax) / 6, b[1] + (c[1] - ay) / 6)
        far = (c[0] - (dx - b[0]) / 6, c[1] - (dy - b[1]) / 6)
        path.cubicTo(QPointF(*near), QPointF(*far), QPointF(*c))
        for step in range(1, 9):
            t, s = step / 8, 1 - step / 8
            parts = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
            close.append(tuple(sum(w * p[i] for w, p in zip(parts, (b, near, far, c), strict=True)) for i in (0, 1)))  # type: ignore[arg-type]
    middle = len(points) // 2
    anchors = tuple(sorted(points, key=lambda point: abs(points.index(point) - middle)))
    followed = tuple(close), anchors
    return Route(path, _bounds(close), lambda: followed)


def curve(start: Point, end: Point) -> Route:
    """A smooth curve that leaves and arrives level."""
    (sx, sy), (ex, ey) = start, end
    middle = ((sx + ex) / 2, (sy + ey) / 2)
    path = QPainterPath(QPointF(sx, sy))
    if abs(sy - ey) < 0.5:
        path.lineTo(ex, ey)
        return Route(path, _bounds((start, end)), lambda: ((start, end), (middle,)), level=True)
    reach = _reach(start, end)
    path.cubicTo(sx + reach, sy, ex - reach, ey, ex, ey)

    def followed() -> tuple[tuple[Point, ...], tuple[Point, ...]]:
        points = tuple(_bezier(start, end))
        return points, (middle, points[5], points[11])

    return Route(path, _bounds((start, (sx + reach, sy), (ex - reach, ey), end)), followed)


def _reach(start: Point, end: Point) -> float:
    across = end[0] - start[0]
    return min(max(abs(across) / 2, 30.0), 140.0)


def _bezier(start: Point, end: Point, steps: int = 16) -> list[Point]:
    (x0, y0), (x3, y3) = start, end
    reach = _reach(start, end)
    x1, x2 = x0 + reach, x3 - reach
    made = []
    for step in range(steps + 1):
        t = step / steps
        s = 1 - t
        a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
        made.append((a * x0 + b * x1 + c * x2 + d * x3, (a + b) * y0 + (c + d) * y3))
    return made


def angled(corners: list[Point]) -> Route:
    """Right-angled through these corners, rounded."""
    corners = [p for place, p in enumerate(corners) if not place or p != corners[place - 1]]
    path = QPainterPath(QPointF(*corners[0]))
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(_RADIUS, _length(before, corner) / 2, _length(corner, after) / 2)
        path.lineTo(QPointF(*_towards(corner, before, radius)))
        path.quadTo(QPointF(*corner), QPointF(*_towards(corner, after, radius)))
    path.lineTo(QPointF(*corners[-1]))

    def followed() -> tuple[tuple[Point, ...], tuple[Point, ...]]:
        level = [(a, b) for a, b in itertools.pairwise(corners) if a[1] == b[1]]
        (x0, y), (x1, _) = max(level, key=lambda ends: abs(ends[0][0] - ends[1][0]))
        return tuple(corners), tuple((x0 + (x1 - x0) * share, y) for share in (0.5, 0.35, 0.65, 0.2, 0.8))

    return Route(path, _bounds(corners), followed)


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a: Point, b: Point, by: float) -> Point:
    length = _length(a, b) or 1.0
    return a[0] + (b[0] - a[0]) * by / length, a[1] + (b[1] - a[1]) * by / length


def _bounds(points: Iterable[Point]) -> Box:
    xs, ys = zip(*points, strict=True)
    return min(xs) - 3.0, min(ys) - 3.0, max(xs) + 3.0, max(ys) + 3.0


def _distance(x: float, y: float, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = dx * dx + dy * dy
    t = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / along)) if along else 0.0
    return float(((x - a[0] - t * dx) ** 2 + (y - a[1] - t * dy) ** 2) ** 0.5)
