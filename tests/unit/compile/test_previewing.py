"""Before an edit is done it shows what it will do; and it does that."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.compile.previewing import preview
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph import Network, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.edits import Edit
from nnstudio.layers import TensorType

FIELDS = {
    "image": TensorType.of("N C H W", "N", 3, 16, 16),
    "label": TensorType.of("N", "N", dtype="int64", classes=5),
}


def residual() -> Network:
    net = NetworkBuilder()
    x = net.add("ReLU", net.add("Conv2d", net.add("Input", field="image"), out_channels=8, padding=1, name="stem"))
    y = net.add("Conv2d", x, out_channels=8, padding=1, name="conv")
    x = net.add("Flatten", net.add("MaxPool2d", net.add("Add", x, y, name="skip"), name="pool"), name="flat")
    scores = net.add("Linear", x, out_features=5, name="scores")
    net.add("CrossEntropyLoss", scores, net.add("Input", field="label"), name="loss")
    net.add("Output", scores, name="answer")
    return net.network


def seen(name: str, **values: Any) -> tuple[Resolution, Edit]:
    network = residual()
    return resolve(network, FIELDS), edits.set_params(network.named(name).id, **values)


def test_a_wider_layer_shows_the_new_problem_and_the_nodes_downstream() -> None:
    resolution, edit = seen("conv", out_channels=16)
    shown = preview(resolution, edit)
    names = {resolution.network.nodes[id].name for id in shown.changed}
    assert names == {"conv", "skip", "pool", "flat", "scores", "loss"}
    before, after = shown.changed[resolution.network.named("conv").id]
    assert (before["output"].per_sample(), after["output"].per_sample()) == ("8×16×16", "16×16×16")
    assert [problem.node for problem in shown.new] == [resolution.network.named("skip").id]
    assert shown.sentence().startswith("6 nodes change; 1 new problem: skip (Add) gets sizes")


def test_a_change_that_fits_shows_the_sizes_and_the_parameters_it_brings() -> None:
    resolution, edit = seen("pool", kernel_size=4)
    shown = preview(resolution, edit)
    assert {resolution.network.nodes[id].name for id in shown.changed} == {"pool", "flat"}
    wire = resolution.network.outgoing[resolution.network.named("pool").id][0]
    after = shown.wires[wire]
    assert after is not None
    assert after.per_sample() == "8×4×4"
    assert shown.growth == 5 * (8 * 4 * 4 - 8 * 8 * 8)
    assert shown.sentence() == "2 nodes change; −1,920 parameters"


def test_a_fix_shows_the_problem_that_it_solves() -> None:
    resolution, edit = seen("conv", out_channels=16)
    broken = resolve(edit(resolution.network), FIELDS, resolution)
    mended = preview(broken, edits.set_params(broken.network.named("conv").id, out_channels=8))
    assert mended.sentence().startswith("6 nodes change; 1 problem solved")
    assert not mended.new


def test_an_edit_that_cannot_be_made_says_why() -> None:
    resolution, _ = seen("conv")
    shown = preview(resolution, edits.rename(resolution.network.named("conv").id, "stem"))
    assert "another node is named" in shown.refused
    assert shown.sentence() == shown.refused


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["stem", "conv"]),
    channels=st.integers(1, 20),
    kernel=st.integers(1, 9),
    stride=st.integers(1, 3),
)
def test_the_preview_is_what_comes(name: str, channels: int, kernel: int, stride: int) -> None:
    resolution, edit = seen(name, out_channels=channels, kernel_size=kernel, stride=stride)
    shown, after = preview(resolution, edit), resolve(edit(resolution.network), FIELDS)
    for id, made in after.nodes.items():
        before, now = shown.changed.get(id, (resolution.nodes[id].outputs,) * 2)
        assert before == resolution.nodes[id].outputs
        assert now == made.outputs
    assert shown.parameters == (resolution.parameters, after.parameters)
    codes = {(problem.node, problem.code) for problem in after.problems}
    assert {(problem.node, problem.code) for problem in shown.new} == codes
