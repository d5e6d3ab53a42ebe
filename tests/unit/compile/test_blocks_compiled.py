"""Blocks, shared, frozen and bypassed nodes as they compile and train."""

from __future__ import annotations

import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import in_block, make_block, unpack_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load


@pytest.fixture
def residual() -> tuple[Network, dict[str, str]]:
    """x → (fc → act → +x) → out, and ids by name."""
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    fc = net.add("Linear", x, out_features=8, name="fc")
    plus = net.add("Add", net.add("ReLU", fc, name="act"), x, name="plus")
    net.add("Output", plus, name="out")
    ids = {node.name: node.id for node in net.network.nodes.values()}
    return make_block([ids["fc"], ids["act"], ids["plus"]], "Residual", id="B")(net.network), ids


def test_a_repeated_block_compiles_to_what_one_writes_by_hand(residual):
    network, _ = residual
    compiled = compile_network(edits.set_params("B", repeat=3)(network), seed=0)
    state = compiled.model.state_dict()
    assert list(state) == [f"residual.{k}.fc.{part}" for k in range(3) for part in ("weight", "bias")]
    x_NF = torch.randn(5, 8)
    expected = x_NF
    for k in range(3):
        fc = torch.nn.functional.linear(expected, state[f"residual.{k}.fc.weight"], state[f"residual.{k}.fc.bias"])
        expected = expected + torch.relu(fc)
    torch.testing.assert_close(compiled.model(x_NF), expected)


def test_unpacking_changes_no_number(residual):
    network, _ = residual
    x_NF = torch.randn(5, 8)
    blocked = compile_network(network, seed=0)
    plain = compile_network(unpack_block("B")(network), seed=0)
    plain.model.load_state_dict({key.removeprefix("residual."): v for key, v in blocked.model.state_dict().items()})
    torch.testing.assert_close(plain.model(x_NF), blocked.model(x_NF), rtol=0, atol=0)


def test_shared_copies_are_one_set_of_weights_that_all_copies_move(residual):
    network, _ = residual
    network = edits.set_params("B", repeat=3, weights="shared")(network)
    assert resolve(network).parameters == 72
    compiled = compile_network(network, seed=0)
    assert list(compiled.model.state_dict()) == ["residual.0.fc.weight", "residual.0.fc.bias"]
    compiled.model(torch.randn(5, 8)).sum().backward()
    weight = compiled.model.get_parameter("residual.0.fc.weight")
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0


def siamese(out_features: int = 8) -> tuple[Network, dict[str, str]]:
    """Two inputs of 8 and of ``out_features``, through one Linear's weights, subtracted."""
    net = NetworkBuilder()
    a = net.add("Input", field="a", shape=(8,), name="a")
    b = net.add("Input", field="b", shape=(out_features,), name="b")
    fc = net.add("Linear", a, out_features=4, name="fc")
    net.network = edits.add(load()["Shared"].make({"of": fc.node}), id="S", name="again")(net.network)
    network = edits.connect(b.node, "output", "S", "input")(net.network)
    network = edits.add(load()["Add"](), id="D", name="both")(network)
    for source in (fc.node, "S"):
        network = edits.connect(source, "output", "D", "input")(network)
    network = edits.add(load()["Output"](), id="O", name="out")(network)
    return edits.connect("D", "output", "O", "input")(network), {"fc": fc.node, "a": a.node, "b": b.node}


def test_a_shared_node_runs_the_same_weights_on_another_input():
    network, _ = siamese()
    compiled = compile_network(network, seed=0)
    assert list(compiled.model.state_dict()) == ["fc.weight", "fc.bias"]
    a_NF, b_NF = torch.randn(3, 8), torch.randn(3, 8)
    fc = compiled.model.get_submodule("fc")
    torch.testing.assert_close(compiled.model(a_NF, b_NF), fc(a_NF) + fc(b_NF))


def test_weights_that_do_not_fit_the_second_input_are_a_problem_on_it():
    network, _ = siamese(9)
    (problem,) = resolve(network).errors
    assert problem.node == "S"
    assert "uses the weights of fc" in problem.message


def test_a_shared_node_without_an_owner_is_a_problem_and_not_an_exception():
    network, ids = siamese()
    (problem,) = [each for each in resolve(edits.remove([ids["fc"]])(network)).errors if each.node == "S"]
    assert "which is not there" in problem.message


def test_a_shared_node_of_a_bypassed_owner_says_that_it_is_bypassed_and_what_to_do():
    network, ids = siamese()
    (problem,) = [each for each in resolve(edits.set_bypassed([ids["fc"]])(network)).errors if each.node == "S"]
    assert problem.message == "again is to use the weights of fc, which is bypassed"
    assert "use fc again" in problem.hint
    assert not resolve(network).errors


def test_frozen_weights_do_not_move_and_their_statistics_stay():
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    norm = net.add("BatchNorm1d", net.add("Linear", x, out_features=6, name="fc"), name="norm")
    net.add("Output", net.add("Linear", norm, out_features=2, name="head"), name="out")
    ids = [net.network.named(name).id for name in ("fc", "norm")]
    compiled = compile_network(edits.set_frozen(ids)(net.network), seed=0)
    trained = [name for name, p in compiled.training.named_parameters() if p.requires_grad]
    assert trained == ["head.weight", "head.bias"]
    compiled.train()
    before = compiled.training.get_buffer("norm.running_mean").clone()
    compiled.training(torch.randn(16, 8) + 3)
    assert torch.equal(compiled.training.get_buffer("norm.running_mean"), before)
    assert compiled.training.get_submodule("head").training


def test_no_gradient_passes_a_stop():
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    stopped = net.add("StopGradient", net.add("Linear", x, out_features=4, name="before"))
    net.add("Output", net.add("Linear", stopped, out_features=2, name="after"), name="out")
    compiled = compile_network(net.network, seed=0)
    compiled.model(torch.randn(3, 8)).sum().backward()
    assert compiled.model.get_parameter("before.weight").grad is None
    assert compiled.model.get_parameter("after.weight").grad is not None


def test_bypassed_nodes_take_no_part(residual):
    network, _ = residual
    compiled = compile_network(edits.set_bypassed(["B"])(network), seed=0)
    x_NF = torch.randn(3, 8)
    assert torch.equal(compiled.model(x_NF), x_NF)
    assert not list(compiled.model.parameters())


def test_a_problem_inside_a_block_stands_on_it_once_and_is_mended_in_its_definition(residual):
    network, ids = residual
    network = in_block("Residual", edits.set_params(ids["fc"], out_features=9))(
        edits.set_params("B", repeat=4)(network)
    )
    (problem,) = resolve(network).errors
    assert problem.node == "B"
    assert problem.message.startswith("in residual: plus")


def test_inside_a_block_types_are_those_of_its_copy():
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,), name="x")
    fc = net.add("Linear", x, out_features=5, name="fc")
    net.add("Output", fc, name="out")
    network = make_block([fc.node], "Layer", id="B")(net.network)
    resolution = resolve(edits.set_params("B", repeat=2)(network))
    first, second = resolution.inside("B/0"), resolution.inside("B/1")
    assert first is not None
    assert second is not None
    port = network.blocks["Layer"].named("input").id
    assert first.nodes[port].outputs["output"].sizes[1] == 8
    assert second.nodes[port].outputs["output"].sizes[1] == 5
