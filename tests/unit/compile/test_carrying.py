"""An edit keeps what was trained, wherever it still fits, and says what it kept, cut and began afresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.carrying import Carried, Part, carry, renamed
from nnstudio.compile.lower import compile_network
from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import make_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from tests.unit.compile.carried import FIELDS, answers, edited, inputs, set_of, trained, weights


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


def recurrent(*, bidirectional: bool = True) -> Network:
    net = NetworkBuilder()
    read = net.add("LSTM", net.add("Input", field="series", name="series"), hidden_size=4, num_layers=2, name="read",
                   bidirectional=bidirectional)  # fmt: skip
    net.add("Output", net.add("Linear", read.last, out_features=4, name="scores"), name="answer")
    return net.network


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


def attentive() -> Network:
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="series", name="series"), out_features=8, name="embed")
    x = net.add("MultiheadAttention", x, x, x, num_heads=2, name="attend")
    x = net.add("TransformerEncoderLayer", x, nhead=2, dim_feedforward=12, dropout=0.0, name="encode")
    net.add("Output", net.add("Linear", x, out_features=4, name="scores"), name="answer")
    return net.network


def part_of(carried: Carried, name: str) -> Part:
    return next(part for part in carried.parts if part.name == name)


def test_a_bias_that_is_switched_off_is_told_as_dropped() -> None:
    network = mlp()
    old = trained(network)
    compiled, carried = edited(network, old, set_of(network, "second", bias=False))
    assert not carried.whole
    assert part_of(carried, "second").state == "cut"
    assert part_of(carried, "second").detail == "“second” keeps its other weights; its saved bias was dropped."
    assert weights(compiled)["second.weight"].tobytes() == old["second.weight"].tobytes()


def test_a_bias_that_is_switched_on_is_told_as_untrained_and_the_rest_as_kept() -> None:
    network = mlp()
    plain = set_of(network, "second", bias=False)(network)
    _, carried = edited(plain, trained(plain), set_of(plain, "second", bias=True))
    assert part_of(carried, "second").detail == "“second” keeps its other weights; its bias starts untrained."
    assert part_of(carried, "second").weights == {"second.weight": "kept", "second.bias": "fresh"}


@pytest.mark.parametrize("network", [recurrent(), recurrent(bidirectional=False)])
def test_more_recurrent_layers_leave_those_that_there_were_their_weights(network: Network) -> None:
    old = trained(network)
    compiled, carried = edited(network, old, set_of(network, "read", num_layers=3))
    now, read = weights(compiled), part_of(carried, "read")
    assert read.state == "grown"
    for key, value in old.items():
        assert now[key].tobytes() == value.tobytes()
    fresh = {key for key, what in read.weights.items() if what == "fresh"}
    assert fresh == now.keys() - old.keys()
    assert all(key.removeprefix("read.") in read.detail for key in fresh)


def test_a_recurrent_layer_that_reads_the_other_way_too_answers_as_it_did() -> None:
    network = recurrent(bidirectional=False)
    old = trained(network)
    compiled, carried = edited(network, old, set_of(network, "read", bidirectional=True, hidden_size=6))
    now = weights(compiled)["read.weight_ih_l1"]
    for gate in range(4):
        assert np.array_equal(now[gate * 6 : gate * 6 + 4, :4], old["read.weight_ih_l1"][gate * 4 : gate * 4 + 4])
    assert not np.any(now[:4, 4:])
    assert part_of(carried, "read").state == "grown"


def test_a_transformer_layer_with_a_wider_middle_answers_as_it_did() -> None:
    network = attentive()
    old = trained(network)
    before, _ = edited(network, old, edits.chain())
    after, carried = edited(network, old, set_of(network, "encode", dim_feedforward=20))
    assert torch.allclose(answers(before, inputs(network)), answers(after, inputs(network)), rtol=1e-4)
    states = part_of(carried, "encode").weights
    assert {key for key, what in states.items() if what != "kept"} == {
        "encode.linear1.weight", "encode.linear1.bias", "encode.linear2.weight",
    }  # fmt: skip


def test_attention_without_offsets_keeps_its_other_weights() -> None:
    network = attentive()
    old = trained(network)
    compiled, carried = edited(network, old, set_of(network, "attend", bias=False))
    detail = part_of(carried, "attend").detail
    assert detail == "“attend” keeps its other weights; its saved in_proj_bias and out_proj.bias were dropped."
    for key in ("attend.in_proj_weight", "attend.out_proj.weight"):
        assert weights(compiled)[key].tobytes() == old[key].tobytes()


def test_a_layer_of_another_type_starts_afresh_and_one_that_came_back_is_kept() -> None:
    network = cnn()
    old = trained(network)
    left, conv = network.named("left").id, network.named("left").layer
    turned = edits.replace_layer(left, load()["ConvTranspose2d"](out_channels=3, kernel_size=3, stride=1, padding=1))
    compiled, carried = edited(network, old, turned)
    assert part_of(carried, "left").state == "fresh"
    assert "it was a Conv2d and is a ConvTranspose2d" in part_of(carried, "left").detail
    start = weights(compile_network(turned(network), FIELDS, 2))
    assert weights(compiled)["left.weight"].tobytes() == start["left.weight"].tobytes()
    _, carried = edited(network, old, edits.chain(turned, edits.replace_layer(left, conv)))
    assert carried.whole


def test_another_normalisation_keeps_the_gain_and_the_offset() -> None:
    network = cnn()
    old = trained(network)
    group = edits.replace_layer(network.named("norm").id, load()["GroupNorm"](num_groups=1))
    compiled, carried = edited(network, old, group)
    assert weights(compiled)["norm.weight"].tobytes() == old["norm.weight"].tobytes()
    assert "running_mean" in part_of(carried, "norm").detail
