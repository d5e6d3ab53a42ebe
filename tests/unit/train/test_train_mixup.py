"""Two samples mixed: their classes become shares of both."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from nnstudio.data import shipped_reference
from nnstudio.data.augment import Mixup
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.train.augmenting import augmenting_of
from nnstudio.train.environment import TrainingError
from nnstudio.train.plan import Plan


def mixing(loss="CrossEntropyLoss", **options):
    """A project whose classes of pictures are mixed."""
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Flatten", net.add("Input", field="image")), out_features=10)
    label = net.add("Input", field="label")
    net.add(loss, scores, label, name="loss", **options)
    net.add("Accuracy", scores, label, name="accuracy")
    data = shipped_reference("digits").with_(augment=(Mixup(alpha=1.0),))
    return Project(Sheet(net.network, plan=Plan(epochs=1, batch_size=100), data=data))


def test_classes_are_mixed_where_a_cross_entropy_compares_them():
    project = mixing()
    compiled = project.compiled()
    made = augmenting_of(project.dataset, compiled.inputs, compiled)
    arrays = project.dataset.arrays("train")
    fields = {name: torch.from_numpy(arrays[name][:50].copy()) for name in ("image", "label")}
    mixed = made(fields, 0)
    assert mixed["label"].shape == (50, 10)
    torch.testing.assert_close(mixed["label"].sum(1), torch.ones(50))
    assert ((mixed["label"] > 0).sum(1) == 2).sum() > 20
    own, random = mixed["label"].argmax(1), torch.randn(50, 10, generator=torch.Generator().manual_seed(0))
    other = mixed["label"].masked_fill(torch.nn.functional.one_hot(own, 10).bool(), 0)
    share, second = other.max(1)
    each = partial(torch.nn.functional.cross_entropy, random, reduction="none")
    both = (1 - share) * each(own) + share * each(second)
    torch.testing.assert_close(torch.nn.functional.cross_entropy(random, mixed["label"]), both.mean())
    finished = project.train()
    assert finished.reason == "completed"
    assert 0.0 < project.evaluate("validation")["accuracy"] <= 1.0


@pytest.mark.parametrize(("loss", "options"), [("FocalLoss", {}), ("CrossEntropyLoss", {"ignore_index": 3})])
def test_classes_are_not_mixed_for_a_loss_that_takes_codes_alone(loss, options):
    project = mixing(loss, **options)
    compiled = project.compiled()
    with pytest.raises(TrainingError, match="“label” holds codes, of which only those that a cross-entropy"):
        augmenting_of(project.dataset, compiled.inputs, compiled)
