"""What is changed in the code of a network is changed in its drawing: nodes keep their ids, the rest stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import CodeError, edited
from nnstudio.export.python_source import written
from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import in_block, make_block
from nnstudio.graph.parameters import expose, set_expression, set_network_parameter
from nnstudio.layers import load


def network_of(
    layers: Mapping[str, tuple[str, Mapping[str, Any]]], wires: Iterable[tuple[str, str, str, str]]
) -> Network:
    """Nodes whose ids are their names."""
    types = load()
    made = [edits.add(types[name](**values), name=id, id=id) for id, (name, values) in layers.items()]
    return edits.chain(*made, *(edits.connect(*wire) for wire in wires))(Network())


def chain_of(**layers: tuple[str, Mapping[str, Any]]) -> Network:
    """Layers one after the other."""
    return network_of(layers, [(one, "output", two, "input") for one, two in pairwise(layers)])


@pytest.fixture
def picture() -> Network:
    """image → conv1 → act → plus (with conv1) → flat → fc → out."""
    network = chain_of(
        image=("Input", {"field": "image", "shape": (1, 8, 8)}),
        conv1=("Conv2d", {"out_channels": 4, "padding": 1}),
        act=("ReLU", {}),
        plus=("Add", {}),
        flat=("Flatten", {}),
        fc=("Linear", {"out_features": 10}),
        out=("Output", {}),
    )
    return edits.connect("conv1", "output", "plus", "input")(network)


def changed(network: Network, *replacements: tuple[str, str]) -> Network:
    """The network after these texts of its code were replaced by others."""
    source = written(resolve(network), ends=True)
    text = source.text
    for old, new in replacements:
        assert old in text, text
        text = text.replace(old, new)
    return edited(source, text).network


def refused(network: Network, *replacements: tuple[str, str]) -> CodeError:
    with pytest.raises(CodeError) as caught:
        changed(network, *replacements)
    return caught.value


def wires_into(network: Network, id: str) -> list[tuple[str, str]]:
    return [(wire.source, wire.input) for wire in network.incoming.get(id, ())]


def test_code_that_was_not_changed_changes_nothing(picture: Network) -> None:
    assert changed(picture) is picture
    assert changed(picture, ("  # N×4×8×8", ""), (" = ", "  =  ")) is picture


def test_an_argument_is_a_parameter(picture: Network) -> None:
    assert changed(picture, ("nn.Conv2d(1, 4,", "nn.Conv2d(1, 6,")) == edits.set_params("conv1", out_channels=6)(
        picture
    )
    wider = changed(picture, ("kernel_size=3", "kernel_size=5"), ("padding=1", "padding=2"))
    assert wider == edits.set_params("conv1", kernel_size=5, padding=2)(picture)
    bare = changed(picture, ("nn.Linear(256, 10)", "nn.Linear(256, 10, bias=False)"))
    assert bare == edits.set_params("fc", bias=False)(picture)


def test_what_follows_from_the_wires_cannot_be_written(picture: Network) -> None:
    error = refused(picture, ("nn.Linear(256, 10)", "nn.Linear(128, 10)"))
    assert "in_features follows from what is wired to it" in error.sentence
    assert "nn.Linear(256" in written(resolve(picture), ends=True).text.split("\n")[error.line]


def test_a_constant_is_a_parameter_of_the_network(picture: Network) -> None:
    made = changed(picture, ("class Model", "WIDTH = 6\n\nclass Model"), ("nn.Conv2d(1, 4,", "nn.Conv2d(1, 2 * WIDTH,"))
    wanted = set_expression("conv1", "out_channels", "2 * width")(set_network_parameter("width", 6)(picture))
    assert made == wanted
    assert changed(made, ("WIDTH = 6", "WIDTH = 3")) == set_network_parameter("width", 3)(made)


def test_an_attribute_is_the_name_of_its_node(picture: Network) -> None:
    assert changed(picture, ("self.conv1", "self.first")) == edits.rename("conv1", "first")(picture)
    assert "is used here and not made" in refused(picture, ("self.conv1 = ", "self.first = ")).sentence


def test_a_variable_of_a_plain_function_is_its_name(picture: Network) -> None:
    assert changed(picture, ("plus", "total")) == edits.rename("plus", "total")(picture)


def test_lines_that_are_deleted_are_nodes_that_are_gone(picture: Network) -> None:
    made = changed(
        picture, ("        self.act = nn.ReLU()\n", ""), ("        act = self.act(conv1)  # N×4×8×8\n", ""),
        ("act + conv1", "conv1"),
    )  # fmt: skip
    assert "act" not in made.nodes
    assert wires_into(made, "flat") == [("conv1", "input")]


def test_a_new_line_of_a_known_layer_is_a_new_node(picture: Network) -> None:
    made = changed(
        picture, ("        self.fc =", "        self.act2 = nn.LeakyReLU(0.3)\n        self.fc ="),
        ("        fc = self.fc(flat)", "        x = self.act2(flat)\n        fc = self.fc(x)"),
    )  # fmt: skip
    node = made.named("act2")
    assert node.layer == load()["LeakyReLU"](negative_slope=0.3)
    assert wires_into(made, node.id) == [("flat", "input")]
    assert wires_into(made, "fc") == [(node.id, "input")]
    assert {id: made.nodes[id] for id in picture.nodes} == picture.nodes


@pytest.mark.parametrize(
    ("line", "layer", "values"),
    [
        ("torch.relu(act)", "ReLU", {}),
        ("F.gelu(act)", "GELU", {}),
        ("act + conv1", "Add", {}),
        ("act * conv1", "Multiply", {}),
        ("torch.cat((act, conv1), dim=1)", "Concatenate", {}),
        ("torch.cat((act, conv1), 2)", "Concatenate", {"axis": 2}),
        ("act.flatten(1)", "Flatten", {}),
        ("torch.flatten(act, 2)", "Flatten", {"start_dim": 2}),
        ("torch.exp(act)", "Exp", {}),
        ("act.mean(dim=1, keepdim=True)", "Mean", {}),
    ],
)
def test_a_function_is_the_layer_that_is_printed_so(picture: Network, line: str, layer: str, values: Any) -> None:
    made = changed(picture, ("        plus = ", f"        extra = {line}\n        plus = "))
    node = (
        made.named("extra")
        if "extra" in made.by_name
        else next(n for id, n in made.nodes.items() if id not in picture.nodes)
    )
    assert node.layer.type_name() == layer
    for name, value in values.items():
        assert getattr(node.layer, name) == value


def test_lines_are_wired_as_forward_says(picture: Network) -> None:
    made = changed(picture, ("self.act(conv1)", "self.act(image)"), ("act + conv1", "conv1 + act"))
    assert wires_into(made, "act") == [("image", "input")]
    assert wires_into(made, "plus") == [("conv1", "input"), ("act", "input")]
    assert wires_into(changed(picture, ("act + conv1", "act * conv1")), "plus") == wires_into(picture, "plus")


def test_another_class_in_its_place_keeps_the_node(picture: Network) -> None:
    made = changed(picture, ("nn.ReLU()", "nn.GELU()"))
    assert made == edits.replace_layer("act", load()["GELU"]())(picture)


def test_calling_a_module_again_shares_its_weights(picture: Network) -> None:
    made = changed(
        picture, ("        plus = act + conv1", "        again = self.act(image)\n        plus = act + conv1")
    )
    assert made.named("again").layer.of == "act"


def test_what_comes_out_is_what_is_returned(picture: Network) -> None:
    assert wires_into(changed(picture, ("return fc", "return flat")), "out") == [("flat", "input")]


def test_a_frozen_line_freezes(picture: Network) -> None:
    made = changed(picture, ("        self.act = ", "        self.conv1.requires_grad_(False)\n        self.act = "))
    assert made == edits.set_frozen(["conv1"])(picture)


def test_inside_a_class_of_a_block_its_definition_is_edited() -> None:
    network = chain_of(
        x=("Input", {"field": "x", "shape": (8,)}), fc=("Linear", {"out_features": 8}), act=("ReLU", {}),
        out=("Output", {}),
    )  # fmt: skip
    network = make_block(["fc", "act"], "Part", id="B")(network)
    network = in_block("Part", expose([("fc", "out_features")], "width"))(network)
    assert changed(network) is network
    assert changed(network, ("nn.ReLU()", "nn.Tanh()")).blocks["Part"].named("act").layer == load()["Tanh"]()
    assert changed(network, ("width: int = 8", "width: int = 6")) == in_block(
        "Part", set_network_parameter("width", 6)
    )(network)
    assert changed(network, ("Part()", "Part(width=5)")) == edits.set_params("B", width=5)(network)
    thrice = edits.set_params("B", repeat=3)(network)
    assert changed(thrice, ("range(3)", "range(4)")) == edits.set_params("B", repeat=4)(thrice)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return fc", "return (fc", "not Python yet"),
        ("return fc", "return nothing", "Nothing is called nothing"),
        ("self.act(conv1)", "self.act(conv1, image)", "takes 1 inputs"),
        ("nn.ReLU()", "nn.NoSuchLayer()", "no layer that is known"),
        ("nn.ReLU()", "open('/etc/passwd')", "no layer that is known"),
        ("act + conv1", "__import__('os')", "cannot be drawn"),
        ("kernel_size=3", "kernel_size=-3", "kernel_size"),
        ("kernel_size=3", "kernel=3", "has no argument kernel"),
        ("import torch\n", "import torch\nprint(1)\n", "Only classes, imports and numbers"),
        ("self.fc(flat)", "self.fc(fc)", "Nothing is called fc"),
        ("        fc = self.fc(flat)", "        if flat: pass\n        fc = self.fc(flat)", "can be drawn"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_sentence(picture: Network, old: str, new: str, said: str) -> None:
    assert said in refused(picture, (old, new)).sentence
