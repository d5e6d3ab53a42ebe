"""What a network costs agrees with closed formulas and with what torch really keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from nnstudio.compile.costs import Regime, costs
from nnstudio.compile.lower import Compiled, lower
from nnstudio.compile.resolve import resolve
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType
from nnstudio.project.gallery import templates
from nnstudio.project.project import Project

IMAGE = TensorType.of("N C H W", "N", 6, 12, 10)
SEQUENCE = TensorType.of("N T F", "N", 9, 5)
VECTOR = TensorType.of("N F", "N", 7)
LABEL = TensorType.of("N", "N", dtype="int64", classes=10)


def multiply_adds(layer: str, *types: TensorType, **parameters: Any) -> int:
    """Of one sample through one layer."""
    net = NetworkBuilder()
    ends = [net.add("Input", field=f"f{place}") for place in range(len(types))]
    node = net.add(layer, *ends, **parameters)
    found = costs(resolve(net.network, {f"f{place}": type for place, type in enumerate(types)}), Regime(batch_size=4))
    assert found.nodes[node.node].known
    return found.nodes[node.node].multiply_adds


@pytest.mark.parametrize(
    ("expected", "layer", "types", "parameters"),
    [
        (8 * 12 * 10 * 6 * 9, "Conv2d", (IMAGE,), {"out_channels": 8, "kernel_size": 3, "padding": 1}),
        (8 * 5 * 4 * 3 * 9, "Conv2d", (IMAGE,), {"out_channels": 8, "kernel_size": 3, "stride": 2, "groups": 2}),
        (12 * 10 * 6 * 8 * 4, "ConvTranspose2d", (IMAGE,), {"out_channels": 8, "kernel_size": 2, "stride": 2}),
        (9 * 5 * 11, "Linear", (SEQUENCE,), {"out_features": 11}),
        (7 * 7 * 3, "Bilinear", (VECTOR, VECTOR), {"out_features": 3}),
        (9 * 4 * 6 * (5 + 6), "LSTM", (SEQUENCE,), {"hidden_size": 6}),
        (2 * 9 * 3 * 6 * (5 + 6), "GRU", (SEQUENCE,), {"hidden_size": 6, "bidirectional": True}),
        (9 * (6 * (5 + 6) + 6 * 12), "RNN", (SEQUENCE,), {"hidden_size": 6, "num_layers": 2}),
        (9 * 9 * 5, "MatMul", (SEQUENCE, SEQUENCE), {"transpose_right": True}),
        (0, "MaxPool2d", (IMAGE,), {}),
        (0, "ReLU", (IMAGE,), {}),
        (0, "BatchNorm2d", (IMAGE,), {}),
    ],
)
def test_multiply_adds_are_those_of_the_textbook(
    expected: int, layer: str, types: tuple[TensorType, ...], parameters: dict[str, Any]
) -> None:
    assert multiply_adds(layer, *types, **parameters) == expected


def tensors_of(compiled: Compiled, count: int) -> list[torch.Tensor]:
    """A batch of zeros for a compiled network."""
    return [
        torch.zeros(spec.type.shape({"N": count}), dtype=getattr(torch, spec.type.dtype)) for spec in compiled.inputs
    ]


def kept_for_backward(compiled: Compiled, count: int) -> int:
    """Bytes that torch really keeps after a forward pass, weights left out."""
    own = {each.untyped_storage()._cdata for each in (*compiled.training.parameters(), *compiled.training.buffers())}
    noted: list[torch.Tensor] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        noted.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        compiled.training(*tensors_of(compiled, count))
    found = {each.untyped_storage()._cdata: each.untyped_storage().nbytes() for each in noted}
    return sum(size for memory, size in found.items() if memory not in own)


#: Projects whose layers normalise or compare over the batch while training, which takes more than one sample.
TOGETHER = ("batchnorm", "gan", "self-supervised")


@pytest.mark.parametrize("template", [each.id for each in templates()])
def test_what_is_kept_for_the_backward_pass_is_what_torch_keeps(template: str) -> None:
    project = Project.new(template)
    if not project.network.of_role("loss"):
        pytest.skip("it is not made to be trained")
    assert project.sheet.data is not None
    resolution = resolve(project.network, project.sheet.data.types)  # as it was last seen: the rows are not needed
    compiled = lower(resolution, 0)
    for count in (4,) if template in TOGETHER else (1, 4):
        found = costs(resolution, Regime(batch_size=count))
        assert found.total.known
        assert found.total.kept == pytest.approx(kept_for_backward(compiled, count), rel=0.1), count


def mixed_network() -> tuple[NetworkBuilder, Mapping[str, TensorType]]:
    """Branches, dropout, a reshape, an LSTM and attention by hand."""
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    conv = net.add("Conv2d", image, out_channels=8, padding="same", name="conv")
    both = net.add("Concatenate", conv, net.add("Sigmoid", conv), axis=1)
    calm = net.add("Dropout", net.add("GELU", net.add("GroupNorm", both, num_groups=2)))
    steps = net.add("Permute", net.add("Reshape", calm, shape=(16, 120)), order=(2, 1))
    read = net.add("LSTM", steps, hidden_size=12, num_layers=2, name="lstm")
    sequence = PortHandle(read.node, "sequence", ())
    scores = net.add("Softmax", net.add("MatMul", sequence, sequence, transpose_right=True))
    seen = net.add("LayerNorm", net.add("MatMul", scores, sequence))
    net.add("CrossEntropyLoss", net.add("Linear", net.add("Flatten", seen), out_features=10), label)
    return net, {"image": IMAGE, "label": LABEL}


def test_branches_shapes_sequences_and_dropout_are_kept_once_each() -> None:
    net, fields = mixed_network()
    resolution = resolve(net.network, fields)
    assert not resolution.errors
    found = costs(resolution, Regime(batch_size=5))
    assert found.total.kept == pytest.approx(kept_for_backward(lower(resolution, 0), 5), rel=0.02)


def test_the_sums_of_the_nodes_are_the_totals() -> None:
    net, fields = mixed_network()
    resolution = resolve(net.network, fields)
    found = costs(resolution)
    assert found.total.parameters == resolution.parameters
    for name in ("parameters", "multiply_adds", "kept", "training_memory"):
        assert getattr(found.total, name) == sum(getattr(node, name) for node in found.nodes.values())


def test_a_frozen_layer_needs_no_gradients_and_keeps_no_input() -> None:
    net = NetworkBuilder()
    data, label = net.add("Input", field="x"), net.add("Input", field="label")
    first = net.add("Linear", data, out_features=20, name="first")
    net.add("CrossEntropyLoss", net.add("Linear", first, out_features=10), label)
    fields = {"x": VECTOR, "label": LABEL}
    before = costs(resolve(net.network, fields)).nodes
    after = costs(resolve(edits.set_frozen([first.node], True)(net.network), fields)).nodes
    assert before[data.node].kept == 32 * 7 * 4
    assert after[data.node].kept == 0
    assert after[first.node].trained == after[first.node].gradients == after[first.node].optimizer == 0
    assert after[first.node].parameters == before[first.node].parameters == 160


def test_memory_grows_with_the_batch_and_multiply_adds_of_a_sample_do_not() -> None:
    resolution = Project.new("digits-cnn-small").check()
    small, large = costs(resolution, Regime(batch_size=8)).total, costs(resolution, Regime(batch_size=64)).total
    assert large.kept > 7 * small.kept
    assert large.multiply_adds == small.multiply_adds
    assert large.weights == small.weights


def test_the_optimizer_and_the_best_epochs_weights_take_their_share() -> None:
    resolution = Project.new("digits-mlp").check()
    bare = costs(resolution, Regime(optimizer_numbers=0, spare_copies=0)).total
    full = costs(resolution, Regime(optimizer_numbers=2, spare_copies=1)).total
    assert full.training_memory - bare.training_memory == 3 * bare.weights


def test_predicting_takes_what_is_alive_at_once_and_no_more() -> None:
    net = NetworkBuilder()
    flow = net.add("Input", field="x")
    for _ in range(6):
        flow = net.add("Tanh", flow)
    net.add("Output", flow)
    assert costs(resolve(net.network, {"x": VECTOR})).total.prediction_memory == 2 * 32 * 7 * 4


def test_nodes_with_problems_are_not_known_and_hold_up_nothing() -> None:
    net = NetworkBuilder()
    data = net.add("Input", field="x")
    good = net.add("Linear", data, out_features=3)
    wrong = net.add("Conv2d", data)
    found = costs(resolve(net.network, {"x": VECTOR}))
    assert found.nodes[good.node].multiply_adds == 21
    assert not found.nodes[wrong.node].known
    assert not found.total.known


def test_large_layers_are_weighed_without_their_memory() -> None:
    wide = TensorType.of("N F", "N", 100_000)
    assert multiply_adds("Linear", wide, out_features=1_000_000) == 100_000 * 1_000_000


def test_nothing_random_is_drawn() -> None:
    net, fields = mixed_network()
    resolution = resolve(net.network, fields)
    before = torch.get_rng_state()
    costs(resolution, Regime(batch_size=17))
    assert torch.equal(torch.get_rng_state(), before)
