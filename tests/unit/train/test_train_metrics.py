"""Metrics of a pass over the data: what they gather survives a checkpoint, and sequences may be filled up."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train.figures import Metrics


@pytest.fixture
def compiled() -> Compiled:
    net = NetworkBuilder()
    steps = net.add("Input", field="steps")
    codes, padding = net.add("Input", field="codes"), net.add("Input", field="padding")
    scores = net.add("Linear", steps, out_features=3)
    net.add("Output", scores)
    net.add("ROCAUC", scores, codes, padding, name="auc")
    net.add("Accuracy", scores, codes, padding, name="accuracy")
    net.add("F1", scores, codes, name="f1")
    types = {
        "steps": TensorType.of("N T F", "N", 5, 4),
        "codes": TensorType.of("N T", "N", 5, dtype="int64", classes=3),
        "padding": TensorType.of("N T", "N", 5, dtype="bool"),
    }
    return compile_network(net.network, types, seed=0)


def batch(seed: int) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    steps = torch.randn(6, 5, 4, generator=random)
    lengths = torch.randint(1, 6, (6, 1), generator=random)
    return [steps, torch.randint(0, 3, (6, 5), generator=random), torch.arange(5) >= lengths]


@pytest.mark.parametrize("together", [1, 2, 64])
def test_a_run_that_is_gone_on_with_has_the_same_figures(compiled: Compiled, together: int) -> None:
    whole, first = (Metrics(compiled, torch.device("cpu"), together=together) for _ in range(2))
    outs = [compiled.training(*batch(seed)) for seed in range(5)]
    for out in outs[:3]:
        first.add(out)
    second = Metrics(compiled, torch.device("cpu"), together=together)
    second.restore(
        {name: tensor.clone() for name, tensor in first.tensors().items()}, first.numbers(), torch.device("cpu")
    )
    for out in outs:
        whole.add(out)
    for out in outs[3:]:
        second.add(out)
    assert second.compute() == whole.compute()
    second.reset()
    second.add(outs[0])
    whole.reset()
    whole.add(outs[0])
    assert second.compute() == whole.compute()


def test_what_fills_up_is_left_out(compiled: Compiled) -> None:
    steps, codes, padding = batch(1)
    garbled = torch.where(padding[..., None], 9 * torch.randn_like(steps), steps)

    def figures(*fed: torch.Tensor) -> dict[str, Any]:
        metrics = Metrics(compiled, torch.device("cpu"))
        metrics.add(compiled.training(*fed))
        return metrics.compute()

    one, other = figures(steps, codes, padding), figures(garbled, codes, padding)
    assert one["auc"] == other["auc"]
    assert one["accuracy"] == other["accuracy"]
    assert one["f1"] != other["f1"], "it is not told what fills up"
