"""Aligning, distributing and guides: what comes into line and what stays."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.graph.aligning import EDGES, Guide, aligned, distributed, guided
from nnstudio.graph.places import Box, box_of

BOXES = {"a": (0.0, 0.0, 100.0, 40.0), "b": (50.0, 100.0, 250.0, 160.0), "c": (400.0, 30.0, 440.0, 50.0)}
PLACE = {"left": 0, "right": 2, "top": 1, "bottom": 3}


def moved(box: Box, at: tuple[float, float]) -> Box:
    return box_of(at, (box[2] - box[0], box[3] - box[1]))


@pytest.mark.parametrize(("edge", "goal"), [("left", 0.0), ("right", 440.0), ("top", 0.0), ("bottom", 160.0)])
def test_edges_come_into_line_with_the_outermost(edge: str, goal: float) -> None:
    places = aligned(BOXES, edge)
    assert {moved(box, places[id])[PLACE[edge]] for id, box in BOXES.items()} == {goal}


@pytest.mark.parametrize(("edge", "axis", "goal"), [("centre", 0, 220.0), ("middle", 1, 80.0)])
def test_centres_come_into_line_with_the_middle_of_all(edge: str, axis: int, goal: float) -> None:
    places = aligned(BOXES, edge)
    assert {at[axis] for at in places.values()} == {goal}


@pytest.mark.parametrize("edge", EDGES)
def test_aligning_moves_along_one_axis_only(edge: str) -> None:
    other = 1 if edge in ("left", "centre", "right") else 0
    for id, at in aligned(BOXES, edge).items():
        assert at[other] == (BOXES[id][other] + BOXES[id][other + 2]) / 2


def test_an_edge_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="left, centre, right"):
        aligned(BOXES, "diagonal")


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 20)), min_size=3, max_size=8), st.sampled_from([0, 1]))
def test_distributed_rectangles_have_equal_gaps_and_the_outermost_stay(spans: list[tuple[int, int]], axis: int) -> None:
    boxes: dict[str, Box] = {}
    for number, (at, size) in enumerate(spans):
        boxes[str(number)] = (at, 5.0, at + size, 9.0) if axis == 0 else (5.0, at, 9.0, at + size)
    places = distributed(boxes, axis)
    after = {id: moved(box, places[id]) for id, box in boxes.items()}
    order = sorted(boxes, key=lambda key: ((boxes[key][axis] + boxes[key][axis + 2]) / 2, key))
    for end in (order[0], order[-1]):
        assert after[end] == pytest.approx(boxes[end])
    room = boxes[order[-1]][axis + 2] - boxes[order[0]][axis] - sum(size for _, size in spans)
    if room >= 0:
        gaps = [after[b][axis] - after[a][axis + 2] for a, b in itertools.pairwise(order)]
        assert gaps == pytest.approx([room / (len(order) - 1)] * len(gaps), abs=1e-6)


def test_two_rectangles_are_left_where_they_are() -> None:
    two = {id: BOXES[id] for id in "ab"}
    assert distributed(two, 0) == {"a": (50.0, 20.0), "b": (150.0, 130.0)}


def test_a_rectangle_near_the_line_of_another_is_drawn_to_it_and_a_line_shows_it() -> None:
    shift, guides = guided((203.0, 200.0, 303.0, 240.0), [(200.0, 0.0, 300.0, 40.0)], 6.0)
    assert shift == (-3.0, 0.0)
    assert Guide(True, 250.0, 0.0, 240.0) in guides


def test_a_rectangle_far_from_every_line_is_left_alone() -> None:
    assert guided((220.0, 200.0, 320.0, 240.0), [(200.0, 0.0, 300.0, 40.0)], 6.0) == ((0.0, 0.0), ())


def test_of_two_lines_the_nearer_one_counts() -> None:
    others = [(204.0, 0.0, 304.0, 40.0), (201.0, 400.0, 301.0, 440.0)]
    assert guided((200.0, 200.0, 300.0, 240.0), others, 6.0)[0] == (1.0, 0.0)
