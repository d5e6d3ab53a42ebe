"""Fixes for pictures: a Linear that works on each row by itself, and skips whose sizes are known only at run time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.compile.mending.ranking import ranked
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Fix, Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType

FIELDS: Mapping[str, TensorType] = {
    "image": TensorType.of("N C H W", "N", 3, "H", "W"),
    "grey": TensorType.of("N C H W", "N", 1, 28, 28),
    "photo": TensorType.of("N C H W", "N", 3, 224, 224),
    "label": TensorType.of("N", "N", dtype="int64", classes=10),
}


def offered(network: Network) -> tuple[Fix, ...]:
    resolution = resolve(network, FIELDS)
    return ranked(resolution, resolution.errors[0])


def rows(field: str, outputs: int = 10, hidden: bool = False) -> Network:
    """An image that goes into a Linear as it is, and then to a loss for classes."""
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Input", field=field), out_features=32 if hidden else outputs, name="dense")
    if hidden:
        scores = net.add("Linear", net.add("ReLU", scores), out_features=outputs, name="scores")
    net.add("CrossEntropyLoss", scores, net.add("Input", field="label"), name="loss")
    net.add("Output", scores, name="answer")
    return net.network


@pytest.mark.parametrize(
    ("network", "first"),
    [
        (rows("grey"), "Insert Flatten before dense"),
        (rows("photo"), "Insert Flatten before dense"),
        (rows("grey", hidden=True), "Insert Flatten before dense"),
        (rows("grey", outputs=5), "Insert Flatten before dense, and give dense 10 outputs"),
    ],
)
def test_an_image_is_flattened_before_the_linear_and_not_behind_it(network: Network, first: str) -> None:
    found = offered(network)
    assert found[0].title == first
    mended = resolve(found[0].edit(network), FIELDS)
    assert not mended.problems


def test_no_fix_gives_a_loss_more_scores_than_there_are_classes() -> None:
    network = rows("grey")
    for fix in offered(network):
        mended = resolve(fix.edit(network), FIELDS)
        (loss,) = (node for node in mended.network.nodes.values() if node.name == "loss")
        (wire,) = (wire for wire in mended.network.incoming[loss.id] if wire.input == "prediction")
        fed = mended.wire_type(wire)
        assert fed is not None
        assert fed.sizes[1] == 10, fix.title


def skip(kind: str, channels: int = 3) -> Network:
    """A picture that is halved, enlarged again and joined with itself: where a side is odd, a pixel is lost."""
    net = NetworkBuilder()
    image = net.add("Input", field="image", name="photo")
    small = net.add("Conv2d", net.add("MaxPool2d", image), out_channels=channels, padding=1)
    joined = net.add(kind, net.add("Upsample", small, name="up"), image, name="join")
    net.add("Output", joined, kind="image", name="picture")
    return net.network


@pytest.mark.parametrize(
    ("network", "first"),
    [
        (skip("Add"), "Interpolate up to the size of photo"),
        (skip("Concatenate", 8), "Interpolate up to the size of photo"),
        (skip("Add", 8), "Interpolate up to the size of photo and a 1×1 convolution 8 → 3"),
    ],
)
def test_a_skip_of_unknown_height_and_width_is_brought_to_the_other_branch_size(network: Network, first: str) -> None:
    found = offered(network)
    assert found[0].title == first
    assert not any(fix.title.startswith("Delete") for fix in found)
    mended = found[0].edit(network)
    assert not resolve(mended, FIELDS).errors
    model = compile_network(mended, FIELDS, seed=0).model.eval()
    for height, width in ((7, 9), (8, 11)):
        with torch.no_grad():
            assert model(torch.randn(2, 3, height, width)).shape[2:] == (height, width)


def test_convolutions_that_lose_their_edges_are_padded_all_at_once() -> None:
    net = NetworkBuilder()
    image = x = net.add("Input", field="image")
    for _ in range(3):
        x = net.add("Conv2d", x, out_channels=8, padding=0)
    net.add("Output", net.add("Concatenate", x, image), kind="image", name="picture")
    found = offered(net.network)
    assert found[0].title == "Set the padding of 3 convolutions to same, so that sizes stay"
    assert not resolve(found[0].edit(net.network), FIELDS).errors


@pytest.mark.parametrize("kind", ["Add", "Concatenate"])
def test_a_skip_of_odd_sides_that_are_known_is_enlarged_first(kind: str) -> None:
    net = NetworkBuilder()
    image = net.add("Input", shape=(3, 15, 15), name="photo")
    up = net.add("Upsample", net.add("MaxPool2d", image), name="up")
    net.add("Output", net.add(kind, up, image), kind="image")
    resolution = resolve(net.network)
    assert ranked(resolution, resolution.errors[0])[0].title == "Insert Interpolate to 15×15 on the wire from up"
