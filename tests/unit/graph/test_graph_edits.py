"""Edits give a new network, leave the old one as it was, and refuse with a sentence what cannot be."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from nnstudio.graph import Document, EditError, Network, Wire, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import Layer, ParameterError, Placeholder, load
from nnstudio.project.sheet import Sheet

CATALOGUE = load()


def layer(name: str, **values: Any) -> Layer:
    return CATALOGUE[name].make(values)


def line(*names: str) -> Network:
    """Nodes ``a``, ``b``, … wired one after another, their ids as their names."""
    network = Network()
    for place, name in enumerate(names):
        id = "abcdefgh"[place]
        network = edits.add(layer(name), name=id, id=id)(network)
        if place:
            network = edits.connect("abcdefgh"[place - 1], "output", id, "input")(network)
    return network


@pytest.fixture
def network() -> Network:
    return line("Input", "Linear", "ReLU", "Linear")


def ends(network: Network) -> list[tuple[str, str]]:
    return [(wire.source, wire.target) for wire in network.wires]


def test_an_edit_leaves_the_old_network_and_shares_what_it_did_not_touch(network: Network) -> None:
    changed = edits.set_params("b", out_features=7)(network)
    assert network.nodes["b"].layer == layer("Linear")
    assert changed.nodes["b"].layer == layer("Linear", out_features=7)
    assert all(changed.nodes[id] is network.nodes[id] for id in "acd")
    assert changed.wires is network.wires


def test_a_network_cannot_be_changed_in_place(network: Network) -> None:
    with pytest.raises(TypeError):
        network.nodes["x"] = network.nodes["a"]  # type: ignore[index]
    with pytest.raises(Exception, match=r"frozen|cannot assign"):
        network.wires = ()  # type: ignore[misc]


def test_names_are_made_free_and_fit_for_python() -> None:
    network = Network()
    for wanted in ("conv", "conv", "conv", "conv9", "conv9", "train", "2nd layer", "größe", "class", "", "_x", "torch"):
        network = edits.add(layer("ReLU"), name=wanted)(network)
    names = [node.name for node in network.nodes.values()]
    assert names[:3] == ["conv", "conv2", "conv3"]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name not in ("train", "class", "torch") for name in names)


def test_an_input_is_called_as_its_field() -> None:
    network = edits.add(layer("Input", field="image"))(Network())
    network = edits.add(layer("Conv2d"))(network)
    assert set(network.by_name) == {"image", "conv2d"}


def test_a_wire_to_a_taken_port_takes_its_place(network: Network) -> None:
    changed = edits.connect("a", "output", "d", "input")(network)
    assert ends(changed) == [("a", "b"), ("b", "c"), ("a", "d")]


def test_a_port_for_many_takes_each_wire_once() -> None:
    network = edits.add(layer("Add"), id="z")(line("Input", "Linear"))
    for source in ("a", "b", "a"):
        network = edits.connect(source, "output", "z", "input")(network)
    assert [wire.source for wire in network.incoming["z"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (("d", "output", "b", "input"), "from d to b would close a loop"),
        (("b", "output", "b", "input"), "from b to b would close a loop"),
        (("a", "no", "d", "input"), "a has no port no"),
        (("a", "output", "d", "no"), "d has no port no"),
        (("x", "output", "d", "input"), "there is no node x"),
    ],
)
def test_wires_that_cannot_be_are_refused(network: Network, wire: tuple[str, str, str, str], said: str) -> None:
    with pytest.raises(EditError, match=said):
        edits.connect(*wire)(network)


def test_removing_a_node_removes_its_wires(network: Network) -> None:
    assert ends(edits.remove(["b"])(network)) == [("c", "d")]


def test_bridging_joins_what_is_left(network: Network) -> None:
    assert ends(edits.bridge(["b", "c"])(network)) == [("a", "d")]
    assert ends(edits.bridge(["a"])(network)) == [("b", "c"), ("c", "d")]


def test_bridging_keeps_the_order_at_a_port_for_many() -> None:
    network = line("Input", "Linear", "ReLU")
    network = edits.add(layer("Concatenate"), id="z")(network)
    for source in ("c", "a"):
        network = edits.connect(source, "output", "z", "input")(network)
    assert [wire.source for wire in edits.bridge(["c"])(network).incoming["z"]] == ["b", "a"]


def test_a_layer_is_put_into_a_wire_in_its_place() -> None:
    network = edits.add(layer("Concatenate"), id="z")(line("Input", "Linear"))
    for source in ("a", "b"):
        network = edits.connect(source, "output", "z", "input")(network)
    changed = edits.insert_on(Wire("a", "output", "z", "input"), layer("ReLU"), id="y")(network)
    assert [wire.source for wire in changed.incoming["z"]] == ["y", "b"]
    assert [wire.source for wire in changed.incoming["y"]] == ["a"]
    with pytest.raises(EditError, match="no longer there"):
        edits.insert_on(Wire("a", "output", "y", "input"), layer("ReLU"))(network)
    with pytest.raises(EditError, match="no input and output"):
        edits.insert_on(network.wires[0], layer("Output"))(network)


def test_another_layer_in_its_place_keeps_the_wires(network: Network) -> None:
    changed = edits.replace_layer("c", layer("LSTM"))(network)
    assert ends(changed) == ends(network)
    assert changed.outgoing["c"][0].output == "sequence"
    assert changed.nodes["c"].name == "c"


def test_renaming(network: Network) -> None:
    assert edits.rename("b", "hidden")(network).named("hidden").id == "b"
    assert edits.rename("b", "b")(network) is network
    with pytest.raises(EditError, match="another node is named 'c'"):
        edits.rename("b", "c")(network)
    for bad in ("two words", "", "7up", "forward", "_hidden", "for"):
        with pytest.raises(EditError, match="use letters, digits and _"):
            edits.rename("b", bad)(network)


def test_an_output_that_feeds_an_input_follows_its_name() -> None:
    net = NetworkBuilder()
    text, other = net.add("Input", field="text", name="text"), net.add("Input", field="other", name="other")
    net.add("Output", text, name="out", kind="tokens", feeds="text")
    document = Document(Sheet(network=net.network))
    assert document.do("Rename text", edits.rename(text.node, "prompt"))
    assert document.value.network.named("out").layer.feeds == "prompt"  # type: ignore[union-attr]
    assert document.do("Rename other", edits.rename(other.node, "rest"))
    assert document.value.network.named("out").layer.feeds == "prompt"  # type: ignore[union-attr]
    document.undo()
    document.undo()
    assert document.value.network == net.network


def test_parameters_are_checked(network: Network) -> None:
    with pytest.raises(ParameterError, match=r"Linear.out_features must be a whole number of at least 1, not 0"):
        edits.set_params("b", out_features=0)(network)
    assert edits.set_params("b", out_features=32)(network) is network
    unknown = edits.replace_layer("b", Placeholder({"type": "Gone"}, "lost"))(network)
    with pytest.raises(EditError, match="this program lacks"):
        edits.set_params("b", out_features=3)(unknown)


def test_a_part_is_inserted_beside_what_is_there(network: Network) -> None:
    part = network.part(["b", "c"])
    assert ends(part) == [("b", "c")]
    changed = edits.insert(part)(network)
    assert len(changed.nodes) == 6
    assert len({node.name for node in changed.nodes.values()}) == 6
    assert len(changed.wires) == 4


def test_a_chain_of_edits_is_one(network: Network) -> None:
    edit = edits.chain(
        edits.remove(["d"]), edits.add(layer("Output"), id="o"), edits.connect("c", "output", "o", "input")
    )
    assert ends(edit(network))[-1] == ("c", "o")


def test_a_network_goes_to_another_process_whole(network: Network) -> None:
    assert pickle.loads(pickle.dumps(network)) == network


def test_the_graph_and_reachability(network: Network) -> None:
    assert network.graph.number_of_edges() == 3
    assert network.ancestors(["c"]) == {"a", "b", "c"}
    assert network.descendants(["c"]) == {"c", "d"}
    with pytest.raises(Exception, match="[Ff]rozen"):
        network.graph.add_node("z")
    looped = Network(network.nodes, (*network.wires, Wire("d", "output", "b", "input")))
    assert looped.ancestors(["c"]) == {"a", "b", "c", "d"}
    with pytest.raises(KeyError, match="no node is named 'zz'; there are a, b, c, d"):
        network.named("zz")


def test_the_builder_wires_ports_by_place_and_by_name() -> None:
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    scores = net.add("Linear", image, out_features=3, name="scores")
    loss = net.add("CrossEntropyLoss", scores, target=label)
    total = net.add("Add", image, scores, image)
    memory = net.add("LSTM", total)
    net.add("Output", memory.hidden)
    network = net.network
    assert [wire.input for wire in network.incoming[loss.node]] == ["prediction", "target"]
    assert len(network.incoming[total.node]) == 2
    assert network.incoming[network.of_role("output")[0].id][0].output == "hidden"
    with pytest.raises(AttributeError, match="no output port 'nothing'; it has sequence, last, hidden, cell"):
        _ = memory.nothing
    with pytest.raises(KeyError, match="no layer type 'Convolve'"):
        net.add("Convolve")
    with pytest.raises(EditError, match="Linear has 1 input ports, 2 were given"):
        net.add("Linear", image, label)
    with pytest.raises(ParameterError, match=r"Linear.target is not an input port"):
        net.add("Linear", target=image)
    assert net.network is network, "what was refused left something behind"


def test_bridging_never_doubles_a_wire() -> None:
    network = edits.add(layer("Add"), id="z")(line("Input", "Linear"))
    for source in ("a", "b"):
        network = edits.connect(source, "output", "z", "input")(network)
    assert ends(edits.bridge(["b"])(network)) == [("a", "z")]


def test_bridging_goes_from_the_first_input_to_what_the_first_output_fed() -> None:
    network = line("Input", "Linear", "LSTM")
    for node in ("Linear", "GRU"):
        network = edits.add(layer(node), id=node)(network)
    for wire in (("b", "output", "c", "initial"), ("a", "output", "c", "input"), ("c", "sequence", "Linear", "input"),
                 ("c", "last", "GRU", "initial")):  # fmt: skip
        network = edits.connect(*wire)(network)
    assert ends(edits.bridge(["c"])(network)) == [("a", "b"), ("a", "Linear")]
