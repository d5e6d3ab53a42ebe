"""Two versions of a network: what is new, gone and changed."""

from __future__ import annotations

from dataclasses import replace

from nnstudio.graph import Network, Wire, blocks, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.compare import Alteration, difference
from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.layers import load


def chain() -> Network:
    net = NetworkBuilder()
    hidden = net.add("Linear", net.add("Input", field="x", name="x"), name="hidden")
    net.add("ReLU", hidden, name="active")
    return net.network


def id(network: Network, name: str) -> str:
    return network.named(name).id


def test_a_network_does_not_differ_from_itself_nor_from_an_equal_one() -> None:
    network = chain()
    assert not difference(network, network)
    again = Network(
        {key: replace(node) for key, node in network.nodes.items()}, tuple(wire._replace() for wire in network.wires)
    )
    assert not difference(network, again)


def test_nodes_and_wires_that_came_and_went() -> None:
    before = chain()
    after = edits.remove([id(before, "active")])(before)
    after = edits.add(load()["Tanh"].make({}), name="bent", id="bent")(after)
    after = edits.connect(id(before, "hidden"), "output", "bent", "input")(after)
    found = difference(before, after)
    assert found.added == {"bent"}
    assert found.removed == {id(before, "active")}
    assert found.wires_added == {Wire(id(before, "hidden"), "output", "bent", "input")}
    assert {(wire.source, wire.target) for wire in found.wires_removed} == {
        (id(before, "hidden"), id(before, "active"))
    }
    back = difference(after, before)
    assert (back.added, back.removed) == (found.removed, found.added)


def test_a_change_says_what_it_was_and_what_it_is() -> None:
    before = chain()
    hidden = id(before, "hidden")
    after = edits.chain(
        edits.set_params(hidden, out_features=77), edits.rename(hidden, "wide"), edits.set_frozen([hidden])
    )(before)
    found = difference(before, after)
    assert not found.added | found.removed | found.wires_added | found.wires_removed
    assert set(found.changed[hidden]) == {
        Alteration("name", "hidden", "wide"),
        Alteration("out_features", "32", "77"),
        Alteration("frozen", "no", "yes"),
    }


def test_a_formula_and_another_type_are_changes() -> None:
    before = set_network_parameter("width", 16)(chain())
    hidden, active = id(before, "hidden"), id(before, "active")
    after = set_expression(hidden, "out_features", "2*width")(before)
    after = edits.replace_layer(active, load()["Tanh"].make({}))(after)
    found = difference(before, after)
    assert Alteration("formula of out_features", "none", "2*width") in found.changed[hidden]
    assert Alteration("type", "ReLU", "Tanh") in found.changed[active]


def test_drawings_made_apart_are_matched_by_name_and_type() -> None:
    first = chain()
    ids = {old: f"other {old}" for old in first.nodes}
    other = edits.insert(first, ids)(Network())
    found = difference(first, other)
    assert not found
    assert found.twins == {new: old for old, new in ids.items()}


def test_what_changed_inside_a_block_is_a_change_of_the_block() -> None:
    before = chain()
    before = blocks.make_block([id(before, "hidden"), id(before, "active")], "Stage", id="stage")(before)
    inner = next(node for node in before.blocks["Stage"].nodes.values() if node.layer.type_name() == "Linear")
    after = blocks.in_block("Stage", edits.set_params(inner.id, out_features=5))(before)
    assert difference(before, after).changed["stage"] == (Alteration("inside", "", "1 layer differs"),)
