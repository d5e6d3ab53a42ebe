"""Weights go with their layers into blocks and out of them, and columns stay with the branch that they read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnstudio.compile.carrying import Carried, renamed
from nnstudio.compile.lower import compile_network
from nnstudio.graph import Network, Wire, edits
from nnstudio.graph.blocks import make_block, unpack_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.edits import Edit
from nnstudio.layers import Layer, load
from tests.unit.compile.carried import FIELDS, answers, answers_before, edited, inputs, trained, weights


def joined() -> Network:
    """Two convolutions of one size and the one before them, joined and read by a Linear."""
    net = NetworkBuilder()
    x = net.add("Input", field="image", name="image")
    first = net.add("ReLU", net.add("Conv2d", x, out_channels=4, padding="same", name="conv1"), name="relu1")
    second = net.add("Conv2d", first, out_channels=4, padding="same", name="conv2")
    flat = net.add("Flatten", net.add("Concatenate", second, first, name="both"), name="flat")
    net.add("Output", net.add("Linear", flat, out_features=3, name="fc"), name="answer")
    return net.network


def repeated(times: int, own: str = "own") -> Network:
    """A block of a Linear and a ReLU, several times."""
    net = NetworkBuilder()
    x = net.add("Input", field="vector", name="vector")
    bend = net.add("ReLU", net.add("Linear", x, out_features=6, name="l1"), name="bend")
    net.add("Output", net.add("Linear", bend, out_features=4, name="head"), name="answer")
    network = make_block([net.network.named(name).id for name in ("l1", "bend")], "R", id="r")(net.network)
    return edits.set_params("r", repeat=times, weights=own)(network)


def ids(network: Network, *names: str) -> list[str]:
    return [network.named(name).id for name in names]


def wire(network: Network, source: str, target: str) -> Wire:
    start, end = ids(network, source, target)
    return next(wire for wire in network.wires if (wire.source, wire.target) == (start, end))


def rejoined(network: Network, source: str) -> Edit:
    """Take a wire away and draw it again: it is the last of those at its port then."""
    one = wire(network, source, "both")
    return edits.chain(edits.disconnect([one]), edits.connect(*one))


def conv(channels: int = 4) -> Layer:
    return load()["Conv2d"](out_channels=channels, padding="same")


def states(carried: Carried) -> dict[str, str]:
    return {part.name: part.state for part in carried.parts}


@pytest.mark.parametrize("inside", [("conv1", "relu1"), ("conv1",), ("conv2", "both"), ("conv1", "relu1", "conv2")])
def test_a_block_of_layers_before_a_concatenate_changes_no_weight(inside: tuple[str, ...]) -> None:
    network = joined()
    boxed = make_block(ids(network, *inside), "Box", id="box")
    for before, edit in ((network, boxed), (boxed(network), unpack_block("box"))):
        old = trained(before)
        after, carried = edited(before, old, edit)
        assert carried.whole, carried.notes()
        assert torch.equal(answers(after, inputs(before)), answers_before(before, old))


@pytest.mark.parametrize("branch", ["conv2", "relu1"])
def test_a_layer_that_is_put_into_a_branch_leaves_all_columns_behind_it(branch: str) -> None:
    network = joined()
    old = trained(network)
    insert = edits.insert_on(wire(network, branch, "both"), conv(), name="new")
    compiled, carried = edited(network, old, insert)
    assert weights(compiled)["fc.weight"].tobytes() == old["fc.weight"].tobytes()
    assert states(carried) == {"conv1": "kept", "conv2": "kept", "fc": "kept", "new": "fresh"}
    between = insert(network)
    compiled, carried = edited(between, old, edits.bridge(ids(between, "new")))
    assert weights(compiled)["fc.weight"].tobytes() == old["fc.weight"].tobytes()


def test_a_wider_layer_that_is_put_into_a_branch_leaves_the_other_branch_its_columns() -> None:
    network = joined()
    old = trained(network)
    compiled, carried = edited(network, old, edits.insert_on(wire(network, "conv2", "both"), conv(6), name="new"))
    now, was = weights(compiled)["fc.weight"], old["fc.weight"]
    assert np.array_equal(now[:, : 4 * 64], was[:, : 4 * 64])
    assert not np.any(now[:, 4 * 64 : 6 * 64])
    assert np.array_equal(now[:, 6 * 64 :], was[:, 4 * 64 :])
    assert states(carried)["fc"] == "grown"


def test_a_branch_that_is_taken_away_takes_its_columns_with_it() -> None:
    network = joined()
    old = trained(network)
    alone = edits.chain(rejoined(network, "conv2"), edits.set_bypassed(ids(network, "both")))
    compiled, carried = edited(network, old, alone)
    assert np.array_equal(weights(compiled)["fc.weight"], old["fc.weight"][:, 4 * 64 :])
    assert states(carried)["fc"] == "cut"


def test_columns_follow_branches_that_are_joined_in_another_order() -> None:
    network = joined()
    old = trained(network)
    turned = rejoined(network, "conv2")
    after, carried = edited(network, old, turned)
    assert torch.allclose(answers(after, inputs(network)), answers_before(network, old), rtol=1e-4)
    assert carried.whole
    insert = edits.insert_on(wire(turned(network), "conv2", "both"), conv())
    compiled, carried = edited(network, old, edits.chain(turned, insert))
    assert states(carried)["fc"] == "kept"
    assert np.array_equal(np.roll(weights(compiled)["fc.weight"], 4 * 64, axis=1), old["fc.weight"])


def test_another_branch_of_that_size_in_another_place_is_told_as_new() -> None:
    network = joined()
    old = trained(network)
    other = edits.chain(
        edits.disconnect([wire(network, "conv2", "both")]),
        edits.add(conv(), name="new", id="new"),
        edits.connect(network.named("image").id, "output", "new", "input"),
        edits.connect("new", "output", *wire(network, "conv2", "both")[2:]),
    )
    compiled, carried = edited(network, old, other)
    now = weights(compiled)["fc.weight"]
    assert np.array_equal(now[:, : 4 * 64], old["fc.weight"][:, 4 * 64 :])
    assert not np.any(now[:, 4 * 64 :])
    detail = next(part.detail for part in carried.parts if part.name == "fc")
    assert detail == (
        "“fc” reads other features than it did: 256 of 512 places in its weight are untrained; train it again."
    )


def test_each_copy_of_a_repeated_block_keeps_its_weights_when_it_is_unpacked_and_put_together_again() -> None:
    network = repeated(3)
    old = trained(network)
    after, carried = edited(network, old, unpack_block("r"))
    assert carried.whole, carried.notes()
    assert torch.equal(answers(after, inputs(network)), answers_before(network, old))
    plain = unpack_block("r")(network)
    inner = [node.id for node in plain.nodes.values() if node.layer.type_name() in ("Linear", "ReLU")][:-1]
    boxed = make_block(inner, "S")
    for start, edit in ((plain, boxed), (network, edits.chain(unpack_block("r"), boxed))):
        old = trained(start)
        after, carried = edited(start, old, edit)
        assert carried.whole, carried.notes()
        assert torch.equal(answers(after, inputs(start)), answers_before(start, old))


def test_a_repeated_block_in_another_block_keeps_the_weights_of_its_copies() -> None:
    network = repeated(3)
    old = trained(network)
    outer = make_block(["r"], "Outer", id="outer")
    opened = edits.chain(outer, unpack_block("outer"))
    for edit in (outer, opened, edits.chain(opened, unpack_block("r"))):
        after, carried = edited(network, old, edit)
        assert carried.whole, carried.notes()
        assert torch.equal(answers(after, inputs(network)), answers_before(network, old))


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (3, 2), (2, 4)])
def test_the_first_copies_keep_theirs_when_a_block_is_repeated_more_or_less_often(before: int, after: int) -> None:
    network = repeated(before)
    old = trained(network)
    compiled, carried = edited(network, old, edits.set_params("r", repeat=after))
    now, name = weights(compiled), network.nodes["r"].name

    def key(copy: int, times: int) -> str:
        return f"{name}.{copy}.l1.weight" if times > 1 else f"{name}.l1.weight"

    for copy in range(min(before, after)):
        assert now[key(copy, after)].tobytes() == old[key(copy, before)].tobytes()
    assert now["head.weight"].tobytes() == old["head.weight"].tobytes()
    assert len(carried.of("fresh")) == max(0, after - before)
    assert len(carried.of("lost")) == max(0, before - after)


def test_copies_that_shared_their_weights_begin_with_them_when_each_has_its_own() -> None:
    network = repeated(3, "shared")
    old = trained(network)
    for edit in (edits.set_params("r", weights="own"), unpack_block("r")):
        after, carried = edited(network, old, edit)
        assert carried.whole, carried.notes()
        assert torch.equal(answers(after, inputs(network)), answers_before(network, old))


def test_weights_of_an_unpacked_block_are_saved_under_the_names_that_its_layers_have_now() -> None:
    for own in ("own", "shared"):
        network = repeated(3, own)
        old = trained(network)
        plain = unpack_block("r")(network)
        saved = renamed(old, network, plain)
        assert saved.keys() == compile_network(plain, FIELDS, 1).training.state_dict().keys()
        after, carried = edited(plain, saved, edits.chain())
        assert carried.whole, carried.notes()
        assert torch.equal(answers(after, inputs(network)), answers_before(network, old))


def test_a_wider_layer_in_an_unpacked_block_keeps_its_old_part() -> None:
    network = repeated(3)
    old = trained(network)
    plain = unpack_block("r")(network)
    last = plain.named("l3")
    after, carried = edited(network, old, edits.chain(unpack_block("r"), edits.set_params(last.id, out_features=9)))
    assert torch.allclose(answers(after, inputs(network)), answers_before(network, old), rtol=1e-4)
    assert states(carried) == {"l1": "kept", "l2": "kept", "l3": "grown", "head": "grown"}
