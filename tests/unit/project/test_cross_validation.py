"""Cross-validation from Python and from the command line."""

from __future__ import annotations

import json

import pytest

from nnstudio.cli import main
from nnstudio.project.errors import ProjectError
from nnstudio.project.project import Project
from nnstudio.train.control import Control


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project.new("digits-mlp")
    made.save(tmp_path_factory.mktemp("p") / "digits.nnstudio")
    return made


def test_each_fold_is_judged_by_its_own_rows_and_the_weights_stay(project):
    before = project.weights
    found = project.cross_validate(3, epochs=2)
    assert [fold.number for fold in found.folds] == [1, 2, 3]
    held = project.dataset.count("test")
    assert sum(fold.rows for fold in found.folds) == project.dataset.total - held
    losses = [fold.figures["loss"] for fold in found.folds]
    assert found.mean["loss"] == pytest.approx(sum(losses) / 3)
    assert found.deviation["loss"] > 0
    assert project.weights is before
    again = project.cross_validate(3, epochs=2)
    assert [fold.figures for fold in again.folds] == [fold.figures for fold in found.folds]


def test_it_can_be_stopped_between_folds(project):
    control = Control()
    found = project.cross_validate(4, epochs=1, control=control, done=lambda _: control.stop())
    assert len(found.folds) == 1
    assert found.asked == 4


def test_too_few_folds_are_refused(project):
    with pytest.raises(ProjectError, match="has 2 to 100 folds, not 1"):
        project.cross_validate(1)


def test_the_command_line_tells_each_fold_and_the_mean(project, capsys):
    assert main(["train", str(project.path), "--folds", "2", "--epochs", "1", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["event"] for item in told] == ["fold", "fold", "cross-validation"]
    assert told[2]["mean"]["loss"] == pytest.approx((told[0]["figures"]["loss"] + told[1]["figures"]["loss"]) / 2)
    assert main(["train", str(project.path), "--folds", "2", "--epochs", "1"]) == 0
    assert "±" in capsys.readouterr().out
