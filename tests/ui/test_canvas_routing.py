"""Wires keep out of the nodes' way and of one another's."""

from __future__ import annotations

import itertools

import pytest

from nnstudio.graph.places import Occupied
from nnstudio.ui.canvas.routing import Ends, Point, Route, Router

SIZE = (168.0, 56.0)


def router(**nodes: Point) -> Router:
    return Router(Occupied({id: (at, SIZE) for id, at in nodes.items()}))


def ends(source: str, start: Point, target: str, end: Point) -> Ends:
    return Ends(source, target, (start[0] + 84, start[1]), (end[0] - 84, end[1]), (source, "output"))


def crosses(route: Route, at: Point) -> bool:
    """Whether the wire comes over the card of a node."""
    for (x0, y0), (x1, y1) in itertools.pairwise(route.points):
        for step in range(41):
            x, y = x0 + (x1 - x0) * step / 40, y0 + (y1 - y0) * step / 40
            if abs(x - at[0]) < 84 and abs(y - at[1]) < 28:
                return True
    return False


def test_neighbours_in_a_row_are_joined_by_a_straight_line() -> None:
    a, b = (0.0, 0.0), (264.0, 0.0)
    assert router(a=a, b=b).route("wire", ends("a", a, "b", b)).points == ((84.0, 0.0), (180.0, 0.0))


def test_a_skip_connection_goes_around_the_nodes_between() -> None:
    a, middle, b = (0.0, 0.0), (264.0, 0.0), (528.0, 0.0)
    route = router(a=a, middle=middle, b=b).route("wire", ends("a", a, "b", b))
    assert not crosses(route, middle)


@pytest.mark.parametrize("target", [(0.0, 144.0), (0.0, -144.0), (-600.0, 400.0)])
def test_a_wire_to_the_left_leaves_to_the_right_and_arrives_from_the_left(target: Point) -> None:
    start = (792.0, 0.0)
    route = router(a=start, b=target).route("wire", ends("a", start, "b", target))
    assert route.points[1][0] > route.points[0][0]
    assert route.points[-2][0] < route.points[-1][0]
    assert not crosses(route, start)
    assert not crosses(route, target)


def test_a_wire_to_the_next_row_keeps_clear_of_both_rows() -> None:
    top = {f"t{i}": (264.0 * i, 0.0) for i in range(4)}
    low = {f"l{i}": (264.0 * i, 144.0) for i in range(4)}
    route = router(**top, **low).route("wire", ends("t3", top["t3"], "l0", low["l0"]))
    assert not any(crosses(route, at) for at in (*top.values(), *low.values()))


def test_wires_of_different_sources_take_different_lanes_and_give_them_back() -> None:
    a, b, c, d = (528.0, 0.0), (528.0, 80.0), (0.0, 300.0), (0.0, 380.0)
    made = router(a=a, b=b, c=c, d=d)
    first = made.route("first", ends("a", a, "c", c))
    second = made.route("second", ends("b", b, "c", c))
    assert first.points[2][1] != second.points[2][1]
    made.forget("first")
    assert made.route("third", ends("a", a, "c", c)).points == first.points


def test_a_point_on_the_wire_is_near_and_one_beside_it_is_not() -> None:
    a, b = (0.0, 0.0), (600.0, 200.0)
    route = router(a=a, b=b).route("wire", ends("a", a, "b", b))
    x, y = route.anchors[0]
    assert route.distance(x, y) < 1.0
    assert route.distance(x, y + 80.0) > 20.0
