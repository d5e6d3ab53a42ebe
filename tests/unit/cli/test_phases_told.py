"""The command line tells each phase's loss, where the plan has phases."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from nnstudio.cli.main import main
from nnstudio.project.gallery import templates
from nnstudio.project.project import Project
from nnstudio.train.phases import Group, Phase


def test_train_tells_the_losses_of_the_phases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "digits.nnstudio"
    path.write_bytes(next(template.path for template in templates() if template.id == "digits-mlp").read_bytes())
    project = Project.open(path)
    hidden, scores = (project.network.named(name).id for name in ("hidden1", "scores"))
    phases = (Phase(name="front", trains=(hidden,)), Phase(name="back", trains=(scores,), optimizer="SGD"))
    project.sheet = dataclasses.replace(project.sheet, plan=project.plan.with_(phases=phases))
    project.save()
    assert main(["train", str(path), "--epochs", "1"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch 1/1"))
    assert "phases front " in line
    assert "  back " in line
    assert Project.open(path).plan.phases == phases


def test_check_tells_what_phases_and_groups_name_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "digits.nnstudio"
    path.write_bytes(next(template.path for template in templates() if template.id == "digits-mlp").read_bytes())
    project = Project.open(path)
    assert main(["check", str(path)]) == 0
    plan = project.plan.with_(phases=(Phase(name="front", losses=("gone",)),), groups=(Group(nodes=("away",)),))
    project.sheet = dataclasses.replace(project.sheet, plan=plan)
    project.save()
    capsys.readouterr()
    assert main(["check", str(path)]) == 1
    told = capsys.readouterr().out
    assert "error: The phase “front” names the loss “gone”, which the network has not; choose another loss" in told
    assert "error: Group 1 of the plan names the layer “away”" in told
    assert main(["check", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["errors"] == 2
