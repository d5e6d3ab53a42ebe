"""Frames: what they enclose, who belongs to them after a move, and the room that unfolding takes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nnstudio.graph.framing import CARD, Boxes, folded, framed, housed, left_out, outline, rehomed, unfolded
from nnstudio.graph.places import FRAME_MARGIN, Box, box_of
from nnstudio.graph.view import Frame, View, place

SIZE = (160.0, 56.0)


def boxes(**places: tuple[float, float]) -> dict[str, Box]:
    return {id: box_of(at, SIZE) for id, at in places.items()}


def view(*frames: Frame) -> View:
    return View(frames={frame.id: frame for frame in frames})


STEM = Frame("stem", "Stem", frozenset("ab"))
HEAD = Frame("head", "Head", frozenset("c"))
WHERE = boxes(a=(0, 0), b=(300, 0), c=(900, 0), d=(1500, 0))


def test_a_frame_encloses_its_members_with_room_for_its_title() -> None:
    edge = outline(STEM, WHERE)
    assert edge is not None
    assert edge[0] == -80 - FRAME_MARGIN
    assert edge[2] == 380 + FRAME_MARGIN
    assert edge[1] < -28 - FRAME_MARGIN


def test_a_folded_frame_is_a_card_in_the_middle_of_its_members() -> None:
    folded_one = Frame("stem", "", frozenset("ab"), folded=True)
    assert outline(folded_one, WHERE) == box_of((150, 0), CARD)


def test_a_frame_without_members_has_no_rectangle() -> None:
    assert outline(Frame("f", "", frozenset()), WHERE) is None


def test_nodes_that_are_framed_leave_their_old_frame_which_goes_when_empty() -> None:
    made = framed(Frame("new", "", frozenset("bc")))(view(STEM, HEAD))
    assert {id: set(frame.members) for id, frame in made.frames.items()} == {"stem": {"a"}, "new": {"b", "c"}}


def test_a_node_dropped_into_a_frame_joins_it_and_leaves_the_one_it_was_in() -> None:
    after = {**WHERE, **boxes(c=(150, 10))}
    made = rehomed({"c"}, WHERE, after)(view(STEM, Frame("tail", "", frozenset("cd"))))
    assert {id: set(frame.members) for id, frame in made.frames.items()} == {"stem": {"a", "b", "c"}, "tail": {"d"}}


def test_a_node_dropped_clear_of_its_frame_leaves_it() -> None:
    made = rehomed({"b"}, WHERE, {**WHERE, **boxes(b=(300, 400))})(view(STEM))
    assert made.frames["stem"].members == {"a"}


def test_a_node_pulled_over_the_edge_of_its_frame_stretches_it() -> None:
    before = view(STEM)
    assert rehomed({"b"}, WHERE, {**WHERE, **boxes(b=(460, 0))})(before) is before


def test_a_frame_moved_as_a_whole_into_another_keeps_its_members() -> None:
    both = Frame("head", "", frozenset("cd"))
    after = {**WHERE, **boxes(c=(100, 0), d=(200, 0))}
    assert rehomed(set("cd"), WHERE, after)(view(STEM, both)).frames["head"].members == set("cd")


def test_a_new_node_within_a_frame_joins_it_and_one_beside_it_does_not() -> None:
    made = housed({"in": (150.0, 0.0), "out": (150.0, 500.0)}, WHERE)(view(STEM))
    assert made.frames["stem"].members == {"a", "b", "in"}


def test_taking_the_last_node_out_of_a_frame_takes_it_away() -> None:
    assert not left_out("c")(view(HEAD)).frames


def test_folding_pins_the_members_where_they_are_shown() -> None:
    made = folded(STEM, {"a": (1.0, 2.0), "b": (3.0, 4.0)})(place({"a": (5.0, 6.0)})(view(STEM)))
    assert made.frames["stem"].folded
    assert made.positions == {"a": (5.0, 6.0), "b": (3.0, 4.0)}


@given(st.lists(st.tuples(st.integers(-60, 60), st.integers(-60, 60)), min_size=1, max_size=8))
def test_what_stands_in_the_way_of_an_unfolded_frame_moves_clear_of_it(others: list[tuple[int, int]]) -> None:
    where: Boxes = {**WHERE, **boxes(**{f"n{i}": (10.0 * x, 10.0 * y) for i, (x, y) in enumerate(others)})}
    closed = Frame("stem", "", frozenset("ab"), folded=True)
    made = unfolded(closed, where)(view(closed))
    after = {id: box_of(made.positions[id], SIZE) if id in made.positions else box for id, box in where.items()}
    edge = outline(made.frames["stem"], after)
    assert edge is not None
    assert not made.frames["stem"].folded
    for id, box in after.items():
        clear = box[2] <= edge[0] or edge[2] <= box[0] or box[3] <= edge[1] or edge[3] <= box[1]
        assert clear or id in "ab"


def test_unfolding_where_there_is_room_moves_nothing() -> None:
    closed = Frame("stem", "", frozenset("ab"), folded=True)
    assert not unfolded(closed, WHERE)(view(closed)).positions


def test_nodes_on_one_side_keep_their_distances_when_they_make_room() -> None:
    closed = Frame("stem", "", frozenset("ab"), folded=True)
    where = {**boxes(a=(0, 0), b=(1000, 0)), **boxes(x=(700, 0), y=(900, 200), z=(1100, 0))}
    made = unfolded(closed, where)(view(closed)).positions
    gaps = [made[b][0] - made[a][0] for a, b in itertools.pairwise("xyz")]
    assert gaps == [200.0, 200.0]
