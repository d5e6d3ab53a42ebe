"""The command line tells each phase's loss, where the plan has phases."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from nnstudio.cli.main import main
from nnstudio.project.gallery import templates
from nnstudio.project.project import Project
from nnstudio.train.phases import Phase


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
