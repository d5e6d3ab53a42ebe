"""A run that begins anew keeps the weights of frozen nodes: what was learned elsewhere is used, not forgotten."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nnstudio.graph import edits
from nnstudio.project.project import Project


@pytest.fixture
def trained(tmp_path: Path) -> Project:
    project = Project.new("digits-mlp")
    project.save(tmp_path / "digits.nnstudio")
    project.train(epochs=1)
    return project


def test_frozen_layers_keep_what_they_learned_and_others_begin_anew(trained: Project) -> None:
    before = dict(trained.weights or {})
    network = edits.chain(edits.rename("hidden1", "kept"), edits.set_frozen(["hidden1"]))(trained.network)
    trained.sheet = dataclasses.replace(trained.sheet, network=network)
    trained.train(epochs=1, seed=5)
    assert trained.weights is not None
    assert np.array_equal(trained.weights["kept.weight"], before["hidden1.weight"])
    assert trained.notes == ()
    anew = Project.new("digits-mlp").compiled(trained=False, seed=5).training.state_dict()
    moved = np.abs(trained.weights["hidden2.weight"] - anew["hidden2.weight"].numpy()).mean()
    gone = np.abs(trained.weights["hidden2.weight"] - before["hidden2.weight"]).mean()
    assert moved < gone / 2


def test_without_frozen_layers_nothing_is_kept(trained: Project) -> None:
    before = dict(trained.weights or {})
    trained.train(epochs=1, seed=0)
    assert trained.weights is not None
    assert np.array_equal(trained.weights["hidden1.weight"], before["hidden1.weight"])  # the same run again
