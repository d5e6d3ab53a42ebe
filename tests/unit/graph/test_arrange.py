"""Arranging: nodes stand apart, in the order in which things flow, on a page that fits a screen."""

from __future__ import annotations

import itertools

import pytest

from nnstudio.graph import Network, Node, Wire
from nnstudio.graph.arrange import arrange, complete
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.places import GRID, Occupied, box_of, node_size
from nnstudio.layers import load

LINEAR = load()["Linear"].make({})


def network(count: int, wires: list[tuple[int, int]]) -> Network:
    nodes = {str(i): Node(str(i), f"linear{i}", LINEAR) for i in range(count)}
    return Network(nodes, tuple(Wire(str(a), "output", str(b), "input") for a, b in wires))


def chain(count: int) -> Network:
    return network(count, list(itertools.pairwise(range(count))))


def overlapping(net: Network, positions: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    seen: Occupied[str] = Occupied()
    pairs = []
    for id, at in positions.items():
        size = node_size(net.nodes[id].layer)
        pairs += [(id, other) for other in set(seen.hits(box_of(at, size)))]
        seen.add(id, at, size)
    return pairs


DIAMOND = network(6, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4), (5, 4)])
LOOP = network(4, [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3)])
PARTS = network(9, [(0, 1), (1, 2), (3, 4), (5, 6)])


@pytest.mark.parametrize("net", [chain(1), chain(13), DIAMOND, LOOP, PARTS, network(7, []), Network()])
def test_every_node_has_a_place_of_its_own_on_the_grid(net: Network) -> None:
    places = arrange(net)
    assert places.keys() == net.nodes.keys()
    assert not overlapping(net, places)
    assert all(x % GRID == 0 and y % GRID == 0 for x, y in places.values())


def test_a_short_chain_is_one_straight_line_from_left_to_right() -> None:
    places = arrange(chain(4))
    assert len({y for _, y in places.values()}) == 1
    assert [x for x, _ in places.values()] == sorted(x for x, _ in places.values())


def test_a_long_chain_goes_on_in_a_new_row_and_fits_a_wide_screen() -> None:
    places = arrange(chain(13))
    rows = sorted({y for _, y in places.values()})
    assert len(rows) > 1
    for row in rows:
        in_row = [(int(id), x) for id, (x, y) in places.items() if y == row]
        assert [x for _, x in sorted(in_row)] == sorted(x for _, x in in_row)
    width = max(x for x, _ in places.values()) - min(x for x, _ in places.values())
    height = rows[-1] - rows[0]
    assert width > height
    assert width < 1300


def test_what_is_fed_stands_right_of_what_feeds_it_within_a_row() -> None:
    places = arrange(DIAMOND)
    for wire in DIAMOND.wires:
        (x0, y0), (x1, y1) = places[wire.source], places[wire.target]
        assert x0 < x1 or y0 < y1


def test_a_target_input_stands_near_the_loss_and_not_at_the_beginning() -> None:
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    x = net.add("Linear", image)
    x = net.add("Linear", x)
    net.add("CrossEntropyLoss", x, label, name="loss")
    places = arrange(net.network)
    named = {node.name: places[id] for id, node in net.network.nodes.items()}
    assert named["loss"][0] - named["label"][0] < named["loss"][0] - named["image"][0]


def test_the_same_network_is_always_arranged_alike() -> None:
    assert arrange(DIAMOND) == arrange(DIAMOND)


def test_ten_thousand_nodes_are_arranged_without_overlap() -> None:
    net = network(10_000, [(max(0, i - 1 - i % 7), i) for i in range(1, 10_000)])
    places = arrange(net)
    assert len(places) == 10_000
    assert not overlapping(net, places)


def test_places_that_are_given_are_kept_and_new_nodes_find_room_beside_their_neighbours() -> None:
    net = chain(4)
    given = {"0": (0.0, 0.0), "1": (264.0, 0.0), "3": (528.0, 0.0)}
    places = complete(net, given)
    assert {id: places[id] for id in given} == given
    assert not overlapping(net, places)
    assert abs(places["2"][0] - 396.0) < 300


def test_new_nodes_that_touch_nothing_are_put_below_the_drawing() -> None:
    net = network(4, [(0, 1)])
    places = complete(net, {"0": (0.0, 0.0), "1": (264.0, 0.0)})
    assert min(places["2"][1], places["3"][1]) > 50
    assert not overlapping(net, places)


def test_a_place_of_a_node_that_is_gone_is_dropped() -> None:
    assert complete(chain(1), {"0": (8.0, 8.0), "old": (0.0, 0.0)}) == {"0": (8.0, 8.0)}
