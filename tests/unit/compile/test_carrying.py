"""An edit keeps what was trained, wherever it still fits, and says what it kept, cut and began afresh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.carrying import Carried, carry, renamed
from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import make_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.edits import Edit
from nnstudio.layers import TensorType, load

FIELDS = {
    "image": TensorType.of("N C H W", "N", 2, 8, 8),
    "vector": TensorType.of("N F", "N", 6),
    "series": TensorType.of("N T F", "N", 5, 3),
    "label": TensorType.of("N", "N", dtype="int64", classes=4),
}


def weights(compiled: Compiled) -> dict[str, Any]:
    return {key: value.detach().numpy().copy() for key, value in compiled.training.state_dict().items()}


def trained(network: Network) -> dict[str, Any]:
    """Weights as if trained: other ones than any start gives."""
    made = weights(compile_network(network, FIELDS, 1))
    drawn = np.random.default_rng(7)
    return {
        key: np.abs(drawn.normal(size=value.shape)).astype(value.dtype) if value.dtype == np.float32 else value
        for key, value in made.items()
    }


def edited(network: Network, old: Mapping[str, Any], edit: Edit) -> tuple[Compiled, Carried]:
    """The network after an edit, with what could be carried over."""
    compiled = compile_network(edit(network), FIELDS, 2)
    return compiled, carry(compiled, old, resolve(network, FIELDS))


def answers(compiled: Compiled, given: Mapping[str, torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        found = compiled.model.eval()(**given)
    return found if isinstance(found, torch.Tensor) else next(iter(found.values()))


def mlp() -> Network:
    net = NetworkBuilder()
    x = net.add("Input", field="vector", name="vector")
    x = net.add("ReLU", net.add("Linear", x, out_features=8, name="first"), name="bend")
    x = net.add("ReLU", net.add("Linear", x, out_features=5, name="second"), name="bend2")
    net.add("Output", net.add("Linear", x, out_features=4, name="scores"), name="answer")
    return net.network


def cnn() -> Network:
    net = NetworkBuilder()
    x = net.add("Input", field="image", name="image")
    a = net.add("BatchNorm2d", net.add("Conv2d", x, out_channels=3, padding=1, name="left"), name="norm")
    b = net.add("Conv2d", x, out_channels=2, padding=1, name="right")
    both = net.add("Concatenate", a, b, name="both")
    deep = net.add("ReLU", net.add("Conv2d", both, out_channels=4, padding=1, name="deep"), name="bend")
    x = net.add("Flatten", net.add("Concatenate", deep, both, name="dense"), name="flat")
    net.add("Output", net.add("Linear", x, out_features=4, name="scores"), name="answer")
    return net.network


def recurrent() -> Network:
    net = NetworkBuilder()
    read = net.add("LSTM", net.add("Input", field="series", name="series"), hidden_size=4, num_layers=2, name="read",
                   bidirectional=True)  # fmt: skip
    net.add("Output", net.add("Linear", read.last, out_features=4, name="scores"), name="answer")
    return net.network


def set_of(network: Network, name: str, **values: Any) -> Edit:
    return edits.set_params(network.named(name).id, **values)


def inputs(network: Network) -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(3)
    field = network.of_role("input")[0].name
    return {field: torch.randn(FIELDS[field].shape({"N": 9}), generator=drawn)}


@pytest.mark.parametrize(
    ("network", "name", "wider"),
    [
        (mlp(), "first", {"out_features": 13}),
        (cnn(), "left", {"out_channels": 5}),
        (cnn(), "right", {"out_channels": 7}),
        (cnn(), "deep", {"out_channels": 6}),
        (cnn(), "deep", {"kernel_size": 5, "padding": 2}),
        (recurrent(), "read", {"hidden_size": 7}),
    ],
)
def test_a_wider_network_answers_as_it_did(network: Network, name: str, wider: dict[str, Any]) -> None:
    old = trained(network)
    before, _ = edited(network, old, edits.chain())
    after, carried = edited(network, old, set_of(network, name, **wider))
    given = inputs(network)
    assert torch.allclose(answers(before, given), answers(after, given), rtol=1e-4)
    assert name in {part.name for part in carried.of("grown")}
    assert not carried.of("fresh")
    assert not carried.of("cut")


def test_the_kept_part_is_the_same_to_the_bit_and_the_new_rows_can_learn() -> None:
    network = mlp()
    old = trained(network)
    compiled, carried = edited(network, old, set_of(network, "first", out_features=13))
    now = weights(compiled)
    assert now["first.weight"][:8].tobytes() == old["first.weight"].tobytes()
    assert now["first.bias"][:8].tobytes() == old["first.bias"].tobytes()
    assert np.all(np.any(now["first.weight"][8:] != 0, axis=1))
    assert now["second.weight"][:, :8].tobytes() == old["second.weight"].tobytes()
    assert not np.any(now["second.weight"][:, 8:])
    assert now["scores.weight"].tobytes() == old["scores.weight"].tobytes()
    assert carried.summary() == "1 layer keeps its weights, 2 have grown"


def test_each_column_stays_with_its_branch_when_one_of_several_grows() -> None:
    network = cnn()
    old = trained(network)
    compiled, _ = edited(network, old, set_of(network, "left", out_channels=5))
    now = weights(compiled)["deep.weight"]
    assert now[:, :3].tobytes() == old["deep.weight"][:, :3].tobytes()
    assert now[:, 5:].tobytes() == old["deep.weight"][:, 3:].tobytes()
    assert not np.any(now[:, 3:5])


def test_a_narrower_layer_is_cut_and_that_is_said() -> None:
    network = mlp()
    old = trained(network)
    compiled, carried = edited(network, old, set_of(network, "first", out_features=3))
    now = weights(compiled)
    assert now["first.weight"].tobytes() == old["first.weight"][:3].tobytes()
    assert now["second.weight"].tobytes() == old["second.weight"][:, :3].copy().tobytes()
    assert [part.name for part in carried.of("cut")] == ["first", "second"]
    assert any("“first” was cut to fit: 3×6 was expected, 8×6 came" in note for note in carried.notes())


def test_the_gates_of_a_recurrent_layer_keep_their_own_rows() -> None:
    network = recurrent()
    old = trained(network)
    compiled, _ = edited(network, old, set_of(network, "read", hidden_size=6))
    now, was = weights(compiled)["read.weight_hh_l0"], old["read.weight_hh_l0"]
    for gate in range(4):
        assert np.array_equal(now[gate * 6 : gate * 6 + 4, :4], was[gate * 4 : gate * 4 + 4])


def test_inserting_a_layer_that_does_nothing_keeps_every_answer() -> None:
    network = mlp()
    old = trained(network)
    wire = network.incoming[network.named("second").id][0]
    still = load()["Dropout"].make({"p": 0.0})
    before, _ = edited(network, old, edits.chain())
    after, carried = edited(network, old, edits.insert_on(wire, still))
    assert torch.equal(answers(before, inputs(network)), answers(after, inputs(network)))
    assert carried.whole


def test_inserting_a_layer_leaves_all_others_their_weights() -> None:
    network = mlp()
    old = trained(network)
    wire = network.incoming[network.named("second").id][0]
    compiled, carried = edited(
        network, old, edits.insert_on(wire, load()["Linear"].make({"out_features": 8}), name="new")
    )
    assert [part.name for part in carried.of("fresh")] == ["new"]
    assert {part.name for part in carried.of("kept")} == {"first", "second", "scores"}
    for key, value in old.items():
        assert weights(compiled)[key].tobytes() == value.tobytes()


def test_a_node_keeps_its_weights_under_another_name_even_where_names_are_swapped() -> None:
    network = mlp()
    old = trained(network)
    a, b = network.named("first").id, network.named("second").id
    swap = edits.chain(edits.rename(a, "third"), edits.rename(b, "first"), edits.rename(a, "second"))
    compiled, carried = edited(network, old, swap)
    assert carried.whole
    assert weights(compiled)["second.weight"].tobytes() == old["first.weight"].tobytes()
    saved = renamed(old, network, swap(network))
    assert saved["second.weight"] is old["first.weight"]


def test_weights_go_with_a_layer_into_a_block_and_out_of_it() -> None:
    network = mlp()
    old = trained(network)
    inner = [network.named(name).id for name in ("first", "bend", "second")]
    boxed = make_block(inner, "Body", id="box")
    compiled, carried = edited(network, old, boxed)
    assert carried.whole, carried
    assert torch.equal(
        answers(compiled, inputs(network)), answers(edited(network, old, edits.chain())[0], inputs(network))
    )


def test_a_deleted_layer_is_told_as_left_out() -> None:
    network = mlp()
    _, carried = edited(network, trained(network), edits.bridge([network.named("second").id]))
    assert [part.name for part in carried.of("lost")] == ["second"]
    assert "“second” were left out" in carried.notes()[-1]


def test_weights_of_which_only_the_names_are_known_are_taken_by_name() -> None:
    network = mlp()
    old = trained(network)
    compiled = compile_network(network, FIELDS, 2)
    assert carry(compiled, old).whole
    assert weights(compiled)["first.weight"].tobytes() == old["first.weight"].tobytes()


def test_a_network_of_a_thousand_layers_keeps_what_it_learned() -> None:
    net = NetworkBuilder()
    x = net.add("Input", field="vector", name="vector")
    for _ in range(1000):
        x = net.add("Identity", x)
    net.add("Output", net.add("Linear", x, out_features=4, name="scores"), name="answer")
    old = trained(net.network)
    compiled, carried = edited(net.network, old, edits.chain())
    assert carried.notes() == ()
    assert np.array_equal(weights(compiled)["scores.weight"], old["scores.weight"])
