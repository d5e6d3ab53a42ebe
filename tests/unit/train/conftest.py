"""A small data set and small networks to train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder, PortHandle, with_names_as_ids
from nnstudio.layers import TensorType

Body = Callable[[NetworkBuilder, PortHandle], PortHandle]


class Blobs:
    """Two classes of points in four dimensions that a line can nearly part; 50 rows to train on unless told."""

    types: ClassVar = {
        "x": TensorType.of("N F", "N", 4),
        "label": TensorType.of("N", "N", dtype="int64", classes=2),
        "value": TensorType.of("N F", "N", 1),
    }

    def __init__(self, train: int = 50, validation: int = 20, test: int = 10) -> None:
        drawn = np.random.default_rng(3)
        self.splits: dict[str, dict[str, np.ndarray[Any, Any]]] = {}
        for split, rows in (("train", train), ("validation", validation), ("test", test)):
            label = drawn.integers(0, 2, rows)
            x = drawn.normal(size=(rows, 4)).astype(np.float32) + 2 * label[:, None].astype(np.float32)
            value = x.sum(axis=1, keepdims=True).astype(np.float32)
            self.splits[split] = {"x": x, "label": label.astype(np.int64), "value": value}

    def count(self, split: str) -> int:
        return len(self.splits[split]["label"])

    def arrays(self, split: str) -> Mapping[str, np.ndarray[Any, Any]]:
        return self.splits[split]


def plain_body(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    return net.add("ReLU", net.add("Linear", x, out_features=8, name="hidden"), name="relu")


def rich_body(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    """With all that a step can change besides weights: running statistics and random numbers."""
    x = net.add("BatchNorm1d", net.add("Linear", x, out_features=8, name="hidden"), name="norm")
    return net.add("Dropout", net.add("ReLU", x, name="relu"), p=0.5, name="dropout")


def classifier(body: Body = plain_body, seed: int = 0) -> Compiled:
    """x -> body -> two scores -> cross-entropy; with accuracy and an output."""
    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    scores = net.add("Linear", body(net, x), out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("Accuracy", scores, label, name="accuracy")
    net.add("Output", scores, name="answer")
    return compile_network(net.network, Blobs.types, seed)


def two_headed(body: Body = plain_body, seed: int = 0, frozen: tuple[str, ...] = ()) -> Compiled:
    """x -> body -> two scores -> cross-entropy, and body -> guess -> squared error; with accuracy and two outputs."""
    net = NetworkBuilder()
    x, label, value = (net.add("Input", field=field, name=field) for field in ("x", "label", "value"))
    inside = body(net, x)
    scores = net.add("Linear", inside, out_features=2, name="scores")
    guess = net.add("Linear", inside, out_features=1, name="guess")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("MSELoss", guess, value, name="error")
    net.add("Accuracy", scores, label, name="accuracy")
    net.add("Output", scores, name="answer")
    network = with_names_as_ids(net.network)
    return compile_network(edits.set_frozen(frozen)(network) if frozen else network, Blobs.types, seed)


def id_of(compiled: Compiled, name: str) -> str:
    return compiled.network.named(name).id


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


@pytest.fixture
def make_blobs() -> type[Blobs]:
    return Blobs


@pytest.fixture
def make_classifier() -> Callable[..., Compiled]:
    return classifier


@pytest.fixture
def make_two_headed() -> Callable[..., Compiled]:
    return two_headed


@pytest.fixture
def bodies() -> dict[str, Body]:
    return {"plain": plain_body, "rich": rich_body}


@pytest.fixture
def node_id() -> Callable[[Compiled, str], str]:
    return id_of
