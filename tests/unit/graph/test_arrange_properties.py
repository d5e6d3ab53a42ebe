"""Arranging, said of all networks: what holds for any wires, sizes and frames (Hypothesis)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.graph import Network, Node, Wire
from nnstudio.graph.arrange import Cancelled, arrange, arrange_part
from nnstudio.graph.places import GRID, Box, Occupied, Size, box_of, frame_box, node_size
from nnstudio.graph.view import Frame, Position
from nnstudio.layers import load

LINEAR, PAIR = (load()[name].make({}) for name in ("Linear", "CrossEntropyLoss"))
(OUT,), (UPPER, LOWER) = PAIR.outputs, PAIR.inputs
Drawn = tuple[Network, dict[str, Size], list[Frame]]


@st.composite
def drawings(draw: st.DrawFn, loops: bool = True) -> Drawn:
    """A network of up to thirty nodes, sizes of some of them, and frames that share no node."""
    count = draw(st.integers(1, 30))
    place = st.integers(0, count - 1)
    links = draw(st.lists(st.tuples(place, place, st.sampled_from([UPPER, LOWER])), max_size=60))
    if not loops:
        links = [(min(a, b), max(a, b), port) for a, b, port in links if a != b]
    nodes = {str(i): Node(str(i), f"n{i}", PAIR) for i in range(count)}
    wires = tuple(Wire(str(a), OUT, str(b), port) for a, b, port in dict.fromkeys(links))
    side = st.integers(2, 40).map(lambda steps: steps * GRID)
    sizes = draw(st.dictionaries(place.map(str), st.tuples(side, side), max_size=8))
    homes = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    folded = draw(st.booleans())
    members = {home: frozenset(str(i) for i in range(count) if homes[i] == home) for home in (1, 2)}
    frames = [Frame(str(home), "", ids, folded=folded and home == 2) for home, ids in members.items() if ids]
    return Network(nodes, wires), sizes, frames


def boxes(net: Network, places: dict[str, Position], sizes: dict[str, Size]) -> dict[str, Box]:
    return {id: box_of(at, sizes.get(id, node_size(net.nodes[id].layer))) for id, at in places.items()}


def apart(first: Box, second: Box) -> bool:
    return first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]


@given(drawings())
def test_every_node_stands_on_the_grid_and_none_covers_another(drawn: Drawn) -> None:
    net, sizes, _ = drawn
    places = arrange(net, sizes=sizes)
    assert places.keys() == net.nodes.keys()
    assert all(x % GRID == 0 and y % GRID == 0 for x, y in places.values())
    assert all(apart(a, b) for a, b in itertools.combinations(boxes(net, places, sizes).values(), 2))


@given(drawings())
def test_the_members_of_a_frame_stand_together_and_no_other_node_within(drawn: Drawn) -> None:
    net, sizes, frames = drawn
    open_frames = [frame for frame in frames if not frame.folded]
    hidden = {id for frame in frames if frame.folded for id in frame.members}
    where = boxes(net, arrange(net, sizes=sizes, frames=frames), sizes)
    assert where.keys() == net.nodes.keys()
    shown = {id: box for id, box in where.items() if id not in hidden}
    assert all(apart(a, b) for a, b in itertools.combinations(shown.values(), 2))
    outlines = [frame_box(where[id] for id in frame.members) for frame in open_frames]
    assert all(apart(a, b) for a, b in itertools.combinations(outlines, 2))
    for frame, outline in zip(open_frames, outlines, strict=True):
        assert all(apart(outline, box) for id, box in shown.items() if id not in frame.members)


@given(drawings(loops=False))
def test_what_is_fed_stands_right_of_what_feeds_it_or_in_a_lower_row(drawn: Drawn) -> None:
    net, sizes, _ = drawn
    where = boxes(net, arrange(net, sizes=sizes), sizes)
    for wire in net.wires:
        source, target = where[wire.source], where[wire.target]
        assert source[2] <= target[0] or source[3] <= target[1]


@given(drawings())
def test_the_same_drawing_comes_every_time(drawn: Drawn) -> None:
    net, sizes, frames = drawn
    assert arrange(net, sizes=sizes, frames=frames) == arrange(net, sizes=dict(sizes), frames=list(frames))


@given(drawings(), st.data())
def test_a_selection_is_arranged_where_it_stood_and_covers_no_other_node(drawn: Drawn, data: st.DataObject) -> None:
    net, sizes, _ = drawn
    places = arrange(net, sizes=sizes)
    chosen = data.draw(st.sets(st.sampled_from(sorted(net.nodes)), min_size=1))
    part = arrange_part(net, chosen, places, sizes=sizes)
    assert part.keys() == chosen
    where = boxes(net, {**places, **part}, sizes)
    assert all(apart(a, b) for a, b in itertools.combinations(where.values(), 2))


def test_a_selection_with_room_around_it_keeps_its_middle() -> None:
    nodes = {str(i): Node(str(i), f"n{i}", LINEAR) for i in range(3)}
    net = Network(nodes, (Wire("0", "output", "1", "input"), Wire("1", "output", "2", "input")))
    places = {"0": (5000.0, 3000.0), "1": (5040.0, 3100.0), "2": (5080.0, 2900.0)}
    part = arrange_part(net, net.nodes, places)
    assert sorted(part.values()) == [part["0"], part["1"], part["2"]]
    assert abs(part["1"][0] - 5040) <= GRID
    assert abs(part["1"][1] - 3000) <= GRID


def test_nothing_selected_moves_nothing() -> None:
    assert arrange_part(Network(), (), {}) == {}


def test_what_feeds_a_node_stands_in_the_order_of_its_ports() -> None:
    nodes = {id: Node(id, f"n{id}", PAIR) for id in ("first", "second", "goal")}
    wires = (Wire("first", OUT, "goal", LOWER), Wire("second", OUT, "goal", UPPER))
    places = arrange(Network(nodes, wires))
    assert places["second"][1] < places["first"][1]


def test_a_skip_connection_does_not_bend_the_way_that_it_bypasses() -> None:
    nodes = {str(i): Node(str(i), f"n{i}", PAIR) for i in range(4)}
    chain = [Wire(str(i), OUT, str(i + 1), UPPER) for i in range(3)]
    places = arrange(Network(nodes, (*chain, Wire("0", OUT, "3", LOWER))))
    assert len({y for _, y in places.values()}) == 1


def test_an_arrangement_ends_as_soon_as_it_is_called_off_at_any_point() -> None:
    nodes = {str(i): Node(str(i), f"n{i}", PAIR) for i in range(3000)}
    net = Network(nodes, tuple(Wire(str(i * 7 // 9), OUT, str(i + 1), UPPER) for i in range(2999)))
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == patience

    patience = 0
    arrange(net, cancelled=cancelled)
    assert asked > 3
    for patience in range(1, asked + 1):
        asked = 0
        with pytest.raises(Cancelled):
            arrange(net, cancelled=cancelled)
        assert asked == patience


def test_progress_grows_to_the_whole() -> None:
    nodes = {str(i): Node(str(i), f"n{i}", PAIR) for i in range(9)}
    wires = tuple(Wire(str(i), OUT, str(i + 1), UPPER) for i in (0, 1, 3, 4, 6, 7))
    told: list[float] = []
    arrange(Network(nodes, wires), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def crossings(net: Network, places: dict[str, Position]) -> int:
    """Pairs of wires between the same two columns whose straight lines cross."""
    lines = [(places[wire.source], places[wire.target]) for wire in net.wires]
    return sum(
        (a[1] - c[1]) * (b[1] - d[1]) < 0 and a[0] == c[0] and b[0] == d[0]
        for (a, b), (c, d) in itertools.combinations(lines, 2)
    )


@given(st.lists(st.lists(st.integers(1, 3), min_size=2, max_size=5), min_size=1, max_size=3))
def test_branches_that_part_and_join_again_do_not_cross(modules: list[list[int]]) -> None:
    links, count, last = [], 1, 0
    for branches in modules:
        ends = []
        for length in branches:
            at = last
            for _ in range(length):
                links.append((at, count))
                at, count = count, count + 1
            ends.append(at)
        links += [(end, count) for end in ends]
        last, count = count, count + 1
    nodes = {str(i): Node(str(i), f"n{i}", LINEAR) for i in range(count)}
    net = Network(nodes, tuple(Wire(str(a), "output", str(b), "input") for a, b in links))
    assert crossings(net, arrange(net)) == 0


@given(st.lists(st.integers(0, 20), min_size=1, max_size=25))
def test_a_tree_is_drawn_without_crossings(parents: list[int]) -> None:
    links = [(min(parent, i), i + 1) for i, parent in enumerate(parents)]
    nodes = {str(i): Node(str(i), f"n{i}", LINEAR) for i in range(len(parents) + 1)}
    net = Network(nodes, tuple(Wire(str(a), "output", str(b), "input") for a, b in links))
    assert crossings(net, arrange(net)) == 0


BOX = st.tuples(*[st.floats(-900, 900)] * 2, *[st.floats(1, 500)] * 2).map(
    lambda each: (each[0], each[1], each[0] + each[2], each[1] + each[3])
)


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), BOX), max_size=8), max_size=8), BOX)
def test_rectangles_put_there_together_are_found_as_if_put_there_one_by_one(
    turns: list[list[tuple[int, Box]]], asked: Box
) -> None:
    one_by_one: Occupied[int] = Occupied()
    together: Occupied[int] = Occupied()
    for turn in turns:
        for id, box in turn:
            one_by_one.add_box(id, box)
        together.add_boxes(turn)
        assert set(together.hits(asked)) == set(one_by_one.hits(asked))
        assert [together.box(id) for id in range(10)] == [one_by_one.box(id) for id in range(10)]
