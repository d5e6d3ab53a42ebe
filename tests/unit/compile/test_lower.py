"""The compiled module is plain straight-line PyTorch with the names that a person sees."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nnstudio.compile.lower import CompileError, compile_network
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType

FIELDS = {
    "image": TensorType.of("N C H W", "N", 1, 8, 8),
    "label": TensorType.of("N", "N", dtype="int64", classes=10),
}


def residual() -> NetworkBuilder:
    net = NetworkBuilder()
    image = net.add("Input", field="image")
    label = net.add("Input", field="label")
    conv = net.add("Conv2d", image, out_channels=4, kernel_size=3, padding="same", name="conv")
    again = net.add("Conv2d", conv, out_channels=4, kernel_size=3, padding="same", name="again")
    skip = net.add("Add", conv, again, name="skip")
    scores = net.add("Linear", net.add("Flatten", skip), out_features=10, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("Accuracy", scores, label, name="accuracy")
    net.add("Output", scores, name="digit")
    return net


def batch(count: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 1, 8, 8, generator=generator), torch.randint(10, (count,), generator=generator)


def test_it_computes_what_the_hand_written_module_computes() -> None:
    compiled = compile_network(residual().network, FIELDS, seed=1)
    image, label = batch()
    conv, again, scores = (compiled.model.get_submodule(name) for name in ("conv", "again", "scores"))
    x = conv(image)
    expected = scores((x + again(x)).flatten(1))
    network = compiled.network
    out = compiled.training(image, label)
    assert torch.equal(out[network.named("digit").id], expected)
    assert torch.equal(out[network.named("loss").id], nn.functional.cross_entropy(expected, label))
    assert torch.equal(compiled.model(image), expected)


def test_state_dict_keys_are_the_names_on_the_canvas() -> None:
    compiled = compile_network(residual().network, FIELDS)
    names = {"conv.weight", "conv.bias", "again.weight", "again.bias", "scores.weight", "scores.bias"}
    assert set(compiled.model.state_dict()) == names
    assert set(compiled.training.state_dict()) >= names


def test_the_code_is_a_straight_line_that_reads_like_the_drawing() -> None:
    code = compile_network(residual().network, FIELDS).model.code
    assert "conv = self.conv(image)" in code
    assert "for " not in code
    assert "if " not in code


def test_the_observed_graph_shares_the_weights_and_shows_every_layer() -> None:
    compiled = compile_network(residual().network, FIELDS, seed=0)
    image, label = batch()
    results, seen = compiled.observed(image, label)
    network = compiled.network
    shown = {network.nodes[id].name for id in seen}
    assert shown == {"image", "conv", "again", "skip", "flatten", "scores", "loss"}, "classes have no size to show"
    assert seen[network.named("skip").id].shape == (6, 4, 8, 8)
    loss = network.named("loss").id
    assert torch.equal(results[loss], compiled.training(image, label)[loss])
    assert {id(p) for p in compiled.observed.parameters()} == {id(p) for p in compiled.training.parameters()}


def test_metrics_get_what_they_compare() -> None:
    compiled = compile_network(residual().network, FIELDS, seed=0)
    image, label = batch()
    out = compiled.training(image, label)
    accuracy = compiled.network.named("accuracy").id
    metric = compiled.metric(accuracy)
    metric.update(out[f"{accuracy}.prediction"], out[f"{accuracy}.target"])
    right = (compiled.model(image).argmax(1) == label).float().mean()
    assert float(metric.compute()) == pytest.approx(float(right))


def test_the_model_needs_only_what_its_outputs_need() -> None:
    compiled = compile_network(residual().network, FIELDS)
    assert [spec.field for spec in compiled.inputs] == ["image", "label"]
    assert [spec.field for spec in compiled.model_inputs] == ["image"]


def test_several_outputs_come_by_name() -> None:
    net = residual()
    conv = net.network.named("conv")
    network = edits.chain(
        edits.add(net.network.named("digit").layer, name="features", id="f"),
        edits.connect(conv.id, "output", "f", "input"),
    )(net.network)
    made = compile_network(network, FIELDS).model(batch()[0])
    assert set(made) == {"digit", "features"}


def test_weights_depend_on_the_seed_and_the_name_alone() -> None:
    one = compile_network(residual().network, FIELDS, seed=3)
    grown = residual()
    grown.add("Linear", grown.add("Input", shape=(1, 8, 8), field="image", name="other"), name="extra")
    two = compile_network(grown.network, FIELDS, seed=3)
    other = compile_network(residual().network, FIELDS, seed=4)
    assert torch.equal(one.model.state_dict()["conv.weight"], two.model.state_dict()["conv.weight"])
    assert not torch.equal(one.model.state_dict()["conv.weight"], other.model.state_dict()["conv.weight"])


def test_compiling_leaves_the_random_state_as_it_was() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    compile_network(residual().network, FIELDS, seed=3)
    assert torch.equal(before, torch.get_rng_state())


def test_a_half_drawn_part_beside_the_network_does_not_stop_it() -> None:
    net = residual()
    net.add("Conv2d", name="loose")
    assert compile_network(net.network, FIELDS).model(batch()[0]).shape == (6, 10)


def test_a_problem_on_the_way_to_a_loss_stops_it_with_the_problem_s_words() -> None:
    net = residual()
    wire = next(w for w in net.network.wires if w.target == net.network.named("conv").id)
    with pytest.raises(CompileError, match="nothing is wired to the input of conv") as caught:
        compile_network(edits.disconnect([wire])(net.network), FIELDS)
    assert caught.value.problems


def test_a_network_with_nothing_to_compute_says_so() -> None:
    net = NetworkBuilder()
    net.add("Input", shape=(3,), name="x")
    with pytest.raises(CompileError, match="neither a loss nor an output"):
        compile_network(net.network)


def test_noise_is_an_input_of_the_exported_model() -> None:
    net = NetworkBuilder()
    net.add(
        "Output", net.add("Linear", net.add("Noise", shape=(5,), name="z"), out_features=2), kind="values", name="x"
    )
    compiled = compile_network(net.network)
    assert compiled.model_inputs[0].draw is not None
    assert compiled.model(torch.zeros(3, 5)).shape == (3, 2)


def test_weight_initialisation_is_applied() -> None:
    net = NetworkBuilder()
    x = net.add("Input", shape=(4,), name="x")
    fc = net.add("Linear", x, out_features=3, weight_init="constant", init_value=0.25, name="fc")
    net.add("Output", fc, name="y")
    state = compile_network(net.network).model.state_dict()
    assert torch.equal(state["fc.weight"], torch.full((3, 4), 0.25))
    assert torch.equal(state["fc.bias"], torch.zeros(3))
