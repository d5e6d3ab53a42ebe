"""The Python source of networks with blocks: classes as one writes them, weights under the same names."""

from __future__ import annotations

import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.export.errors import ExportError
from nnstudio.export.python_source import written
from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import in_block, make_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.parameters import expose, set_expression, set_network_parameter
from nnstudio.layers import load


def same_numbers(network: Network, *sizes: int) -> str:
    """Run the source: it has the compiled model's weights by the same names, and gives the same numbers."""
    text = written(resolve(network)).text
    space: dict[str, object] = {}
    exec(compile(text, "model.py", "exec"), space)
    compiled = compile_network(network, seed=0)
    model = space["Model"]()
    model.load_state_dict(compiled.model.state_dict())
    inputs = [torch.randn(3, size) for size in sizes]
    torch.testing.assert_close(model.eval()(*inputs), compiled.model.eval()(*inputs), rtol=0, atol=0)
    return text


@pytest.fixture
def residual() -> tuple[Network, dict[str, str]]:
    """x → (fc → act → +x) → out, its width exposed."""
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    fc = net.add("Linear", x, out_features=8, name="fc")
    plus = net.add("Add", net.add("ReLU", fc, name="act"), x, name="plus")
    net.add("Output", plus, name="out")
    ids = {node.name: node.id for node in net.network.nodes.values()}
    network = make_block([ids["fc"], ids["act"], ids["plus"]], "Residual", id="B")(net.network)
    return in_block("Residual", expose([(ids["fc"], "out_features")], "width"))(network), ids


def test_a_definition_is_a_class_and_its_copies_a_sequence(residual):
    network, _ = residual
    text = same_numbers(edits.set_params("B", repeat=3)(network), 8)
    assert "class Residual(nn.Module):" in text
    assert "def __init__(self, width: int = 8) -> None:" in text
    assert "self.fc = nn.Linear(8, width)" in text
    assert "self.residual = nn.Sequential(*(Residual() for _ in range(3)))" in text


def test_what_a_block_sets_is_said_where_it_is_made(residual):
    network, ids = residual
    network = in_block("Residual", edits.remove([ids["plus"]]))(network)
    inner = network.blocks["Residual"]
    network = in_block("Residual", edits.connect(ids["act"], "output", inner.named("output").id, "input"))(network)
    text = same_numbers(edits.set_params("B", width=5)(network), 8)
    assert "Residual(width=5)" in text


def test_sizes_that_differ_between_copies_are_arguments():
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    fc = net.add("Linear", x, out_features=5, name="fc")
    net.add("Output", fc, name="out")
    network = edits.set_params("B", repeat=3)(make_block([fc.node], "Layer", id="B")(net.network))
    text = same_numbers(network, 8)
    assert "Layer(in_features=8), *(Layer(in_features=5) for _ in range(2))" in text


def test_shared_copies_and_shared_nodes_use_one_module(residual):
    network, ids = residual
    text = same_numbers(edits.set_params("B", repeat=3, weights="shared")(network), 8)
    assert "for _ in range(3):  # the same weights each time" in text
    network = edits.add(load()["Shared"].make({"of": "B"}), id="S", name="again")(network)
    network = edits.connect("B", "output", "S", "input")(network)
    network = edits.connect("S", "output", ids["out"], "input")(network)
    assert "again = self.residual(residual)" in same_numbers(network, 8)


def test_several_ports_are_looped_over(residual):
    network, ids = residual
    network = in_block("Residual", edits.add(load()["BlockInput"](), name="memory", id="M"))(network)
    network = in_block("Residual", edits.connect("M", "output", ids["plus"], "input"))(network)
    network = edits.connect(ids["x"], "output", "B", "memory")(network)
    text = same_numbers(edits.set_params("B", repeat=2)(network), 8)
    assert "for copy in self.residual:" in text
    assert "residual = copy(residual, x)" in text


def test_blocks_in_blocks(residual):
    network, _ = residual
    network = make_block(["B"], "Stage", id="S")(edits.set_params("B", repeat=2)(network))
    text = same_numbers(edits.set_params("S", repeat=2)(network), 8)
    assert text.index("class Residual") < text.index("class Stage") < text.index("class Model")


def test_expressions_stay_expressions(residual):
    network, ids = residual
    network = set_network_parameter("width", 8)(network)
    network = edits.add(load()["Linear"](), id="L", name="wide")(network)
    network = edits.connect("B", "output", "L", "input")(network)
    network = edits.connect("L", "output", ids["out"], "input")(network)
    network = set_expression("L", "out_features", "2*width")(network)
    text = same_numbers(network, 8)
    assert "WIDTH = 8" in text
    assert "self.wide = nn.Linear(8, 2*WIDTH)" in text


def test_frozen_and_bypassed_nodes_are_said(residual):
    network, ids = residual
    network = in_block("Residual", edits.set_bypassed([ids["act"]]))(edits.set_frozen(["B"])(network))
    text = same_numbers(network, 8)
    assert "# act is bypassed" in text
    assert "self.residual.requires_grad_(False)  # frozen" in text


def test_each_line_knows_its_nodes(residual):
    network, ids = residual
    source = written(resolve(network))
    lines = source.text.split("\n")
    found = {(span.block, node): lines[span.line] for span in source.spans for node in span.nodes}
    assert "fc = self.fc(input)" in found["Residual", ids["fc"]]
    assert "residual = self.residual(x)" in found["", "B"]


def test_beside_the_drawing_all_that_can_be_made_is_written_and_the_rest_is_named(residual):
    network, ids = residual
    network = edits.add(load()["ReLU"](), id="D", name="dangling")(network)
    network = edits.connect(ids["x"], "output", "D", "input")(network)
    network = edits.add(load()["Conv2d"](), id="C", name="unfit")(network)  # a vector is no picture
    network = edits.connect("D", "output", "C", "input")(network)
    source = written(resolve(network), ends=True)
    assert "dangling = self.dangling(x)" in source.text
    assert "unfit" not in source.text
    assert source.left_out == ("C",)
    assert "dangling" not in written(resolve(network)).text  # an exported model has what its outputs need


def test_without_an_output_the_last_layers_are_given_back_even_where_a_loss_is_fed(residual):
    network, ids = residual
    network = edits.remove([ids["out"]])(network)
    network = edits.add(load()["MSELoss"](), id="L", name="loss")(network)
    network = edits.connect("B", "output", "L", "prediction")(network)
    assert "return residual\n" in written(resolve(network), ends=True).text


def test_a_network_of_which_nothing_can_be_made_is_refused_in_a_sentence():
    with pytest.raises(ExportError, match="there is nothing to write"):
        written(resolve(Network()), ends=True)
