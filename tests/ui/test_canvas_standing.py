"""Every node stands where the view says, or at a place that was found for it, after any change."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.graph import Network, Node, View
from nnstudio.graph.changes import derived, differing, missing
from nnstudio.layers import load
from nnstudio.ui.canvas.standing import REACH, Standing

NAMES = st.sampled_from([f"n{at}" for at in range(8)])
SPOTS = st.tuples(
    st.sampled_from([0.0, 90.0, -180.0, 2 * REACH, math.nan]), st.sampled_from([0.0, 50.0, 100.0, math.inf])
)
#: Put or move a node of the network; take one away; give it a place, or take its place from the view.
DEEDS = st.tuples(st.sampled_from(["put", "put", "take", "place", "forget"]), NAMES, SPOTS)


@given(st.lists(st.lists(DEEDS, max_size=3), max_size=20))
@settings(max_examples=120)
def test_all_nodes_stand_somewhere_and_where_the_view_says(
    edits: list[list[tuple[str, str, tuple[float, float]]]],
) -> None:
    layer, standing = load()["ReLU"].make({}), Standing()
    network, view = Network(), View()
    for deeds in edits:
        before, nodes, positions = network, network.nodes, view.positions
        for deed, id, at in deeds:
            if deed == "put":
                nodes = derived(nodes, {id: Node(id, id, layer)})
                positions = derived(positions, {id: at})
            elif deed == "take":
                nodes = derived(nodes, {}, [id] if id in nodes else [])
            elif deed == "place":
                positions = derived(positions, {id: at})
            else:
                positions = derived(positions, {}, [id] if id in positions else [])
        network, view = Network(nodes), View(positions=positions)
        gone, changed = missing(before.nodes, network.nodes), differing(before.nodes, network.nodes)
        places = standing.follow(network, view, gone, changed)
        assert places is standing.places
        assert set(places) == set(network.nodes)
        for id, (x, y) in places.items():
            assert abs(x) <= REACH
            assert abs(y) <= REACH
            if id in positions:
                asked = (value if math.isfinite(value) else 0.0 for value in positions[id])
                assert (x, y) == tuple(max(-REACH, min(REACH, value)) for value in asked)


def test_places_of_a_view_that_has_all_are_not_copied() -> None:
    layer, standing = load()["ReLU"].make({}), Standing()
    one, two = (Network({id: Node(id, id, layer) for id in ids}) for ids in ("ab", "abc"))
    first = View(positions={"a": (0.0, 0.0), "b": (90.0, 0.0)})
    assert standing.follow(one, first, [], ["a", "b"]) is first.positions
    second = View(positions=derived(first.positions, {"a": (9.0, 9.0), "c": (180.0, 0.0)}))
    assert standing.follow(two, second, [], ["c"]) is second.positions
    third = View(positions=derived(second.positions, {}, ["b"]))
    assert standing.follow(two, third, [], []) is not third.positions
    assert set(standing.places) == set("abc")
