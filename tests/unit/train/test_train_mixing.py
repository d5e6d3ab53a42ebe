"""What cannot be trained privately is refused, and mended where it can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.data.augment import Mixup
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from nnstudio.train import mixing
from nnstudio.train.batches import Rows
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import RunFailed, RunFinished
from nnstudio.train.loop import run
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan
from nnstudio.train.private import batches_of
from nnstudio.train.state import State

CPU = torch.device("cpu")
PRIVATE = Plan(private=True, repeatable=True, threads=1, batch_size=10, epochs=3, learning_rate=0.01)


def test_what_mixes_samples_is_refused_and_mended(
    make_classifier: Callable[..., Compiled], bodies: Any, blobs: Any
) -> None:
    compiled = make_classifier(bodies["rich"])
    ended = list(run(compiled, blobs, PRIVATE))[-1]
    assert isinstance(ended, RunFailed)
    assert ended.message.startswith("norm works out mean and variance over the batch")
    assert "GroupNorm" in ended.hint
    network = compiled.resolution.network
    (found,) = mixing.hindrances(PRIVATE, network)
    assert found.fix is not None
    mended = compile_network(found.fix.edit(network), type(blobs).types, 0)
    assert mixing.hindrances(PRIVATE, mended.resolution.network) == ()
    assert isinstance(list(run(mended, blobs, PRIVATE))[-1], RunFinished)


def test_batch_normalisation_that_is_frozen_or_unused_is_no_hindrance() -> None:
    from nnstudio.graph import edits

    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    inside = net.add("BatchNorm1d", x, name="norm")
    net.add("CrossEntropyLoss", net.add("Linear", inside, out_features=2, name="scores"), label, name="entropy")
    network = net.network
    assert mixing.hindrances(PRIVATE, network)
    assert not mixing.hindrances(PRIVATE.with_(private=False), network)
    assert not mixing.hindrances(PRIVATE, edits.set_frozen([network.named("norm").id])(network))


def test_groups_divide_the_channels_and_keep_some() -> None:
    assert mixing.groups_of({64}) == 16
    assert mixing.groups_of({64, 48}) == 8
    assert mixing.groups_of({6}) == 1
    assert mixing.groups_of({0, 64}) == 1


def test_phases_and_blended_samples_are_refused(make_two_headed: Callable[..., Compiled], blobs: Any) -> None:
    phases = (Phase(name="one", losses=("entropy",)), Phase(name="two", losses=("error",)))
    ended = list(run(make_two_headed(), blobs, PRIVATE.with_(phases=phases)))[-1]
    assert isinstance(ended, RunFailed)
    assert "one phase" in ended.message
    compiled = make_two_headed()
    state = State(compiled, PRIVATE, CPU)
    rows = Rows(compiled.inputs, blobs.arrays("train"), 50, CPU)
    rows.augmenting = type("Blended", (), {"records": (Mixup(),)})()
    with pytest.raises(TrainingError, match="blends samples"):
        batches_of(state, rows)


def test_layers_that_mix_say_so() -> None:
    """Those of the catalogue whose output for one sample depends on the others, or that keep figures of them."""
    said = {cls.type_name() for cls in load() if cls().mixes()}
    batch = {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"}
    assert said == batch | {"BatchTripletLoss", "NTXentLoss"}
    assert load()["InstanceNorm2d"](track_running_stats=True).mixes()
    assert load()["Embedding"](max_norm=1.0).mixes()
