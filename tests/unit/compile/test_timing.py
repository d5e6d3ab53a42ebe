"""Every node's time is measured by running it."""

from __future__ import annotations

import pytest
import torch

from nnstudio.compile.costs import Regime, costs
from nnstudio.compile.resolve import resolve
from nnstudio.compile.timing import NotMeasuredError, measure
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.project.project import Project

IMAGE = TensorType.of("N C H W", "N", 64, 112, 112)


def test_every_layer_that_does_something_has_a_time_and_nothing_else_has() -> None:
    resolution = Project.new("digits-cnn-small").check()
    found = measure(costs(resolution))
    working = {id for id, node in resolution.network.nodes.items() if node.layer.role in ("layer", "loss")}
    assert set(found.seconds) == working
    assert all(seconds > 0 for seconds in found.seconds.values())
    assert found.total == pytest.approx(sum(found.seconds.values()))
    assert (found.samples, found.device) == (32, "cpu")


def test_a_network_that_is_large_is_run_on_fewer_samples() -> None:
    net = NetworkBuilder()
    net.add("Conv2d", net.add("Input", field="x"), out_channels=64, padding="same")
    found = measure(costs(resolve(net.network, {"x": IMAGE}), Regime(batch_size=512)))
    assert 1 <= found.samples < 512


def test_weights_of_the_project_and_the_random_state_are_not_touched() -> None:
    resolution = Project.new("digits-mlp").check()
    before = torch.get_rng_state()
    measure(costs(resolution))
    assert torch.equal(before, torch.get_rng_state())


def test_where_nothing_can_be_run_a_sentence_says_so() -> None:
    with pytest.raises(NotMeasuredError, match="wire an input to a layer first"):
        measure(costs(resolve(NetworkBuilder().network)))


def test_it_stops_when_it_is_no_longer_wanted() -> None:
    found = measure(costs(Project.new("digits-cnn-small").check()), cancelled=lambda: True)
    assert found.seconds == {}
