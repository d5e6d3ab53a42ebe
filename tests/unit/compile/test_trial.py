"""A layer is tried out where that is cheap, and what comes out does not depend on where."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from nnstudio.compile import trial
from nnstudio.compile.resolve import forget, resolve
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder

LAYERS: list[tuple[str, tuple[int, ...], dict[str, object]]] = [
    ("Linear", (12,), {"out_features": 7}),
    ("Conv2d", (3, 16, 16), {"out_channels": 5, "kernel_size": 3, "stride": 2}),
    ("BatchNorm2d", (4, 6, 6), {}),
    ("MaxPool2d", (2, 8, 8), {}),
    ("LSTM", (9, 5), {"hidden_size": 6}),
    ("Upsample", (2, 4, 4), {}),
    ("Flatten", (2, 3, 4), {}),
    ("Dropout", (8,), {}),
]


def network(type_name: str, shape: tuple[int, ...], values: dict[str, object]) -> Network:
    net = NetworkBuilder()
    net.add("Output", net.add(type_name, net.add("Input", shape=shape, name="x"), name="layer", **values), name="y")
    return net.network


@pytest.mark.parametrize(("type_name", "shape", "values"), LAYERS)
def test_the_meta_device_says_the_same(
    type_name: str, shape: tuple[int, ...], values: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = network(type_name, shape, values)
    forget()
    here = resolve(drawn).nodes[drawn.named("layer").id]
    forget()
    monkeypatch.setattr(trial, "_seems_small", lambda *_: False)
    there = resolve(drawn).nodes[drawn.named("layer").id]
    forget()
    assert here.ok
    assert (here.outputs, here.parameters) == (there.outputs, there.parameters)


@pytest.mark.parametrize(("type_name", "shape", "values"), LAYERS)
def test_resolving_draws_no_random_number(type_name: str, shape: tuple[int, ...], values: dict[str, object]) -> None:
    forget()
    before = torch.get_rng_state()
    resolve(network(type_name, shape, values))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("type_name", "shape", "values"),
    [
        ("Linear", (100_000,), {"out_features": 100_000}),
        ("Upsample", (1, 64, 64), {"scale_factor": 64}),
        ("Conv2d", (1, 32, 32), {"padding": 20_000}),
        ("ConvTranspose2d", (1, 64, 64), {"stride": 500}),
        ("Embedding", (3,), {"num_embeddings": 2_000_000_000}),
    ],
)
def test_a_layer_too_large_for_this_machine_still_resolves(
    type_name: str, shape: tuple[int, ...], values: dict[str, object]
) -> None:
    net = NetworkBuilder()
    dtype = "int64" if type_name == "Embedding" else "float32"
    x = net.add("Input", shape=shape, dtype=dtype, name="x")
    net.add("Output", net.add(type_name, x, name="layer", **values), name="y")
    resolution = resolve(net.network)
    assert not resolution.errors


def test_two_large_inputs_that_are_spread_against_each_other_take_no_memory() -> None:
    net = NetworkBuilder()
    one, other = net.add("Input", shape=(50_000, 1), name="one"), net.add("Input", shape=(1, 50_000), name="other")
    net.add("Output", net.add("Add", one, other, name="sum"), name="y")
    resolution = resolve(net.network)
    assert resolution.nodes[net.network.named("sum").id].outputs["output"].per_sample() == "50000×50000"


def test_networks_of_usual_size_resolve_without_torch_s_compiler() -> None:
    code = """
import sys
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.compile.resolve import resolve
net = NetworkBuilder()
x, y = net.add("Input", shape=(4,), name="x"), net.add("Input", shape=(1,), name="y")
out = net.add("Linear", net.add("ReLU", net.add("Linear", x, name="a")), out_features=1, name="b")
net.add("MSELoss", out, y, name="loss")
picture = net.add("Input", shape=(3, 32, 32), name="picture")
for width in (64, 128, 256):
    made = net.add("Conv2d", picture, out_channels=width, kernel_size=3, padding="same")
    picture = net.add("MaxPool2d", net.add("ReLU", net.add("BatchNorm2d", made)))
net.add("Output", picture)
assert not resolve(net.network).errors
print([name for name in ("sympy", "torch._dynamo") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
