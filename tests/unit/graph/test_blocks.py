"""Blocks: a part of a drawing as one layer, once or repeated, and back."""

from __future__ import annotations

from dataclasses import replace

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.graph import EditError, Network, edits
from nnstudio.graph.blocks import (
    define_block,
    in_block,
    make_block,
    remove_block,
    rename_block,
    unpack_block,
    used_by,
)
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.expanding import expand
from nnstudio.graph.parameters import expose, set_network_parameter
from nnstudio.layers import load


@st.composite
def drawings(draw) -> Network:
    """Networks of layers that may follow one another in any way: an input, then layers with one or several inputs."""
    net = NetworkBuilder()
    handles = [net.add("Input", field="x", shape=(4,), name="x")]
    for at in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["Linear", "ReLU", "Add", "Tanh", "Concatenate"]))
        source = handles[draw(st.integers(0, len(handles) - 1))]
        if kind in ("Add", "Concatenate"):
            other = handles[draw(st.integers(0, len(handles) - 1))]
            handles.append(net.add(kind, *dict.fromkeys((source, other)), name=f"n{at}"))
        else:
            handles.append(net.add(kind, source, name=f"n{at}"))
    return net.network


def shape(network: Network) -> networkx.MultiDiGraph:
    """The wiring with what each node is, whatever its id."""
    graph = networkx.MultiDiGraph()
    for node in network.nodes.values():
        graph.add_node(node.id, what=(node.layer.type_name(), tuple(sorted(node.layer.values().items(), key=str))))
    for wire in network.wires:
        graph.add_edge(wire.source, wire.target, ports=(wire.output, wire.input))
    return graph


def same(one: Network, other: Network) -> bool:
    """Whether two networks are alike but for ids and names."""
    return networkx.is_isomorphic(
        shape(one),
        shape(other),
        node_match=lambda a, b: a["what"] == b["what"],
        edge_match=lambda a, b: sorted(e["ports"] for e in a.values()) == sorted(e["ports"] for e in b.values()),
    )


def leaves_and_comes_back(network: Network, chosen: set[str]) -> bool:
    """Whether a path goes out of these nodes and in again."""
    graph = network.graph
    outside = [id for id in network.nodes if id not in chosen]
    return any(networkx.ancestors(graph, id) & chosen and networkx.descendants(graph, id) & chosen for id in outside)


@settings(max_examples=150, deadline=None)
@given(drawings(), st.data())
def test_a_block_of_any_selection_stands_for_what_was_selected(network, data):
    layers = [node.id for node in network.nodes.values() if node.layer.role == "layer"]
    chosen = data.draw(st.sets(st.sampled_from(layers), min_size=1))
    if leaves_and_comes_back(network, chosen):
        with pytest.raises(EditError, match="comes back"):
            make_block(chosen, "Part", id="P")(network)
        return
    blocked = make_block(chosen, "Part", id="P")(network)
    assert same(expand(blocked).flat, network)
    assert not expand(blocked).problems or "not connected" in expand(blocked).problems[0].message
    unpacked = unpack_block("P")(blocked)
    assert same(unpacked, network)
    assert unpacked.by_name.keys() == network.by_name.keys()
    assert unpacked.nodes.keys() == network.nodes.keys()


@settings(max_examples=60, deadline=None)
@given(drawings(), st.data())
def test_what_is_bypassed_is_as_if_its_neighbours_were_wired(network, data):
    layers = [node.id for node in network.nodes.values() if node.layer.role == "layer"]
    chosen = data.draw(st.sets(st.sampled_from(layers), min_size=1))
    bypassed = edits.set_bypassed(chosen)(network)
    flat = expand(bypassed).flat
    once = replace(flat, wires=tuple(dict.fromkeys(flat.wires)))  # a drawing has no two equal wires
    assert same(once, edits.bridge([id for id in network.nodes if id in chosen])(network))
    assert edits.set_bypassed(chosen, False)(bypassed).nodes == network.nodes


@pytest.fixture
def residual() -> tuple[Network, dict[str, str]]:
    """x → fc → act → plus(+x) → out, fc and act and plus a block."""
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    fc = net.add("Linear", x, out_features=8, name="fc")
    plus = net.add("Add", net.add("ReLU", fc, name="act"), x, name="plus")
    net.add("Output", plus, name="out")
    ids = {node.name: node.id for node in net.network.nodes.values()}
    return make_block([ids["fc"], ids["act"], ids["plus"]], "Residual", id="B")(net.network), ids


def test_copies_follow_one_another_with_weights_of_their_own(residual):
    network, ids = residual
    flat = expand(edits.set_params("B", repeat=3)(network)).flat
    assert [node.name for node in flat.nodes.values() if "fc" in node.name] == [
        "residual.0.fc", "residual.1.fc", "residual.2.fc",
    ]  # fmt: skip
    assert {wire.source for wire in flat.incoming[f"B/1/{ids['fc']}"]} == {f"B/0/{ids['plus']}"}
    assert {wire.source for wire in flat.incoming[ids["out"]]} == {f"B/2/{ids['plus']}"}


def test_copies_may_share_one_set_of_weights(residual):
    network, ids = residual
    network = edits.set_params("B", repeat=3, weights="shared")(network)
    shared = expand(network).shared
    assert shared[f"B/2/{ids['fc']}"] == f"B/0/{ids['fc']}"
    unpacked = unpack_block("B")(network)
    assert expand(unpacked).shared[unpacked.named("fc3").id] == unpacked.named("fc").id


def test_a_repeated_block_is_edited_once(residual):
    network, ids = residual
    network = edits.set_params("B", repeat=3)(network)
    network = in_block("Residual", edits.replace_layer(ids["act"], load()["Tanh"]()))(network)
    acts = [node.layer.type_name() for node in expand(network).flat.nodes.values() if node.name.endswith("act")]
    assert acts == ["Tanh"] * 3


def test_each_block_can_set_what_its_definition_exposes(residual):
    network, ids = residual
    network = in_block("Residual", expose([(ids["fc"], "out_features")], "width"))(network)
    assert network.nodes["B"].layer.params.keys() == {"width", "repeat", "weights"}
    network = edits.set_params("B", width=5)(network)
    assert expand(network).flat.nodes[f"B/{ids['fc']}"].layer.out_features == 5
    network = in_block("Residual", set_network_parameter("width", 6))(network)
    assert network.nodes["B"].layer.width == 5
    again = edits.add(load()["Block"].make({"definition": "Residual"}), id="C")(network)
    assert again.nodes["C"].layer.width == 6
    assert again.nodes["C"].name == "residual2"


def test_a_setting_that_a_layer_inside_cannot_have_is_told_on_the_block(residual):
    network, ids = residual
    network = in_block("Residual", expose([(ids["fc"], "out_features")], "width"))(network)
    (problem,) = expand(edits.set_params("B", width=0)(network)).problems
    assert problem.node == "B"
    assert "at least 1" in problem.message


def test_blocks_stand_in_blocks_and_never_in_themselves(residual):
    network, ids = residual
    outer = make_block(["B"], "Stage", id="S")(edits.set_params("B", repeat=2)(network))
    assert used_by(outer.blocks["Stage"], outer.blocks) == {"Residual"}
    assert f"S/B/1/{ids['fc']}" in expand(outer).flat.nodes
    assert expand(outer).flat.nodes[f"S/B/1/{ids['fc']}"].name == "stage.residual.1.fc"
    with pytest.raises(EditError, match="contain itself"):
        in_block("Residual", edits.add(load()["Block"].make({"definition": "Stage"})))(outer)
    loop = replace(outer, blocks={**outer.blocks, "Residual": outer.blocks["Stage"]})  # as a file may say
    assert any("contains itself" in problem.message for problem in expand(loop).problems)


def test_names_of_definitions_can_change_and_unused_ones_go(residual):
    network, _ = residual
    network = rename_block("Residual", "Skip")(network)
    assert network.nodes["B"].layer.definition == "Skip"
    assert not expand(network).problems
    with pytest.raises(EditError, match="is used in the drawing"):
        remove_block("Skip")(network)
    assert remove_block("Skip")(unpack_block("B")(network)).blocks == {}


def test_a_renamed_port_keeps_its_wires(residual):
    network, _ = residual
    port = network.blocks["Residual"].named("input").id
    network = in_block("Residual", edits.rename(port, "features"))(network)
    assert [wire.input for wire in network.incoming["B"]] == ["features"]


def test_a_port_that_goes_takes_its_wires_with_it(residual):
    network, _ = residual
    port = network.blocks["Residual"].named("input").id
    network = in_block("Residual", edits.remove([port]))(network)
    assert "B" not in network.incoming
    assert network.nodes["B"].layer.inputs == {}


def test_whole_network_layers_stay_out_of_blocks(residual):
    network, ids = residual
    with pytest.raises(EditError, match="out cannot stand in a block"):
        make_block(["B", ids["out"]], "Everything")(network)
    with pytest.raises(EditError, match="cannot stand in a block"):
        define_block("Wrong", network)(network)


def test_a_shared_node_runs_a_blocks_weights(residual):
    network, ids = residual
    network = edits.add(load()["Shared"].make({"of": "B"}), id="T")(network)
    assert network.nodes["T"].layer.inputs.keys() == {"input"}
    network = edits.connect(ids["x"], "output", "T", "input")(network)
    expansion = expand(network)
    assert expansion.shared[f"T/{ids['fc']}"] == f"B/{ids['fc']}"
    assert expansion.flat.incoming[f"T/{ids['fc']}"][0].source == ids["x"]


def test_freezing_a_block_freezes_what_is_in_it(residual):
    network, ids = residual
    assert f"B/{ids['fc']}" in expand(edits.set_frozen(["B"])(network)).frozen
    assert expand(network).frozen == frozenset()


def test_a_value_that_reaches_a_port_in_two_ways_counts_twice(residual):
    network, ids = residual
    network = in_block("Residual", edits.add(load()["BlockInput"](), name="memory", id="M"))(network)
    network = in_block("Residual", edits.connect("M", "output", ids["plus"], "input"))(network)
    network = edits.connect(ids["x"], "output", "B", "memory")(network)
    assert [wire.source for wire in expand(network).flat.incoming[f"B/{ids['plus']}"]].count(ids["x"]) == 2
    unpacked = unpack_block("B")(network)
    assert len(set(unpacked.wires)) == len(unpacked.wires)
    assert len(unpacked.incoming[ids["plus"]]) == 3
