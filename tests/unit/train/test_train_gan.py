"""A GAN is one drawing and a plan of two phases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids
from nnstudio.layers import TensorType
from nnstudio.train.events import RunFinished
from nnstudio.train.loop import run
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan

#: Where the four clusters of points are; they spread by 0.2.
CENTRES = 1.5 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)


class Clusters:
    types: ClassVar = {"point": TensorType.of("N F", "N", 2)}

    def __init__(self) -> None:
        drawn = np.random.default_rng(0)
        points = CENTRES[drawn.integers(0, 4, 2048)] + 0.2 * drawn.normal(size=(2048, 2))
        self.points = points.astype(np.float32)

    def count(self, split: str) -> int:
        return len(self.points) if split == "train" else 0

    def arrays(self, split: str) -> Mapping[str, np.ndarray[Any, Any]]:
        return {"point": self.points[: self.count(split)]}


def gan() -> Network:
    """z → generator → made; a block, the discriminator, judges the points, and its weights judge what is made."""
    block = NetworkBuilder()
    x = block.add("BlockInput", name="point")
    for _ in range(2):
        x = block.add("LeakyReLU", block.add("Linear", x, out_features=32), negative_slope=0.2)
    block.add("BlockOutput", block.add("Linear", x, out_features=1, name="score"), name="score")
    net = NetworkBuilder()
    net.define("Discriminator", block)
    made = net.add("Noise", shape=(4,), name="z")
    for name in ("first", "second"):
        made = net.add("ReLU", net.add("Linear", made, out_features=32, name=name))
    made = net.add("Linear", made, out_features=2, name="made")
    points = net.add("Input", field="point", shape=(2,), name="point")
    score = net.add("Block", points, definition="Discriminator", name="discriminator")
    again = net.add("Shared", made, of=score.node, name="again")
    yes, no, fooled = (net.add("Constant", of, value=value) for of, value in ((score, 1.0), (again, 0.0), (again, 1.0)))
    net.add("BCEWithLogitsLoss", score, yes, name="real")
    net.add("BCEWithLogitsLoss", again, no, name="fake")
    net.add("BCEWithLogitsLoss", again, fooled, name="fool")
    net.add("Output", made, name="out")
    return with_names_as_ids(net.network)


PHASES = (
    Phase(name="discriminator", losses=("real", "fake"), trains=("discriminator",)),
    Phase(name="generator", losses=("fool",), trains=("first", "second", "made")),
)


def generated(phases: tuple[Phase, ...]) -> np.ndarray[Any, Any]:
    """2,000 points that the generator makes after training, shape (2000, 2)."""
    compiled = compile_network(gan(), Clusters.types, seed=0)
    plan = Plan(epochs=80, batch_size=128, learning_rate=0.003, beta1=0.5, threads=1, device="cpu", phases=phases)
    events = list(run(compiled, Clusters(), plan))
    assert isinstance(events[-1], RunFinished), events[-1]
    with torch.no_grad():
        made: np.ndarray[Any, Any] = compiled.model(
            torch.randn(2000, 4, generator=torch.Generator().manual_seed(1))
        ).numpy()
    return made


def near(made: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Share of the points that are within 0.8 of each centre, shape (4,)."""
    distances = np.linalg.norm(made[:, None] - CENTRES, axis=2)
    return np.asarray((distances < 0.8).mean(axis=0))


def test_a_gan_in_two_phases_learns_where_the_data_is() -> None:
    made = generated(PHASES)
    assert near(made).min() > 0.1
    assert near(made).sum() > 0.75
    assert made.mean(axis=0) == pytest.approx([0, 0], abs=0.4)
    assert made.std(axis=0) == pytest.approx(Clusters().points.std(axis=0), abs=0.3)


def test_the_same_drawing_in_one_phase_does_not() -> None:
    """All weights then lower the sum of losses that work against one another, and what is made falls on one point."""
    made = generated(())
    assert near(made).min() < 0.02
    assert made.std(axis=0).max() < 0.5
