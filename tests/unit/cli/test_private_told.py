"""The command line trains privately, with noise chosen for an ε, and tells what the weights may tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nnstudio.cli.main import main
from nnstudio.project.gallery import templates
from nnstudio.project.project import Project
from nnstudio.train.privacy import figure


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    path = tmp_path / "digits.nnstudio"
    path.write_bytes(next(template.path for template in templates() if template.id == "digits-mlp").read_bytes())
    return path


def test_train_keeps_within_an_epsilon_and_tells_it(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(digits), "--epsilon", "2", "--epochs", "2", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (planned,) = (each for each in told if each["event"] == "private")
    spent = [each["epsilon"] for each in told if each["event"] in ("epoch", "finished")]
    assert 1.9 < planned["planned"] <= 2
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(planned["planned"])
    assert not Project.open(digits).plan.private, "what is given counts for this run"


def test_what_cannot_be_private_is_told_before_it_begins(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(digits), "--noise-multiplier", "0"]) == 2
    assert capsys.readouterr().err.startswith("nnstudio: --noise-multiplier must be a number from 0.01")
    for wrong in ("0", "-1", "nan", "inf"):
        assert main(["train", str(digits), f"--epsilon={wrong}"]) == 2
        assert (
            capsys.readouterr().err == f"nnstudio: --epsilon must be a number above 0, not {wrong}; 1 to 10 is usual.\n"
        )
    assert main(["train", str(digits), "--epsilon", "0.0001"]) == 2
    assert "--epsilon 0.0001 cannot be kept" in capsys.readouterr().err


def test_runs_and_check_tell_what_is_given_away(digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(digits), "--epochs", "1"]) == 0
    project = Project.open(digits)
    project.sheet = replace(project.sheet, plan=project.plan.with_(private=True, epochs=1))
    project.save()
    capsys.readouterr()
    assert main(["check", str(digits), "--json"]) == 0
    planned = next(each for each in map(json.loads, capsys.readouterr().out.splitlines()) if "planned" in each)
    assert main(["train", str(digits)]) == 0
    capsys.readouterr()
    assert main(["runs", str(digits), "--json"]) == 0
    private, usual = map(json.loads, capsys.readouterr().out.splitlines())
    assert private["epsilon"] == pytest.approx(planned["planned"])
    assert "epsilon" not in usual
    told = f"ε {figure(private['epsilon'])}"
    assert main(["runs", str(digits)]) == 0
    assert capsys.readouterr().out.count(told) == 1
    assert main(["runs", str(digits), "2"]) == 0
    assert told.replace(" ", " = ") in capsys.readouterr().out


def test_check_tells_what_keeps_a_plan_from_being_private(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project.new("batchnorm")
    project.sheet = replace(project.sheet, plan=project.plan.with_(private=True))
    project.save(tmp_path / "batchnorm.nnstudio")
    assert main(["check", str(tmp_path / "batchnorm.nnstudio")]) == 1
    assert "so that no sample’s gradient is its own" in capsys.readouterr().out


def test_a_cross_validation_keeps_within_an_epsilon_in_each_fold(
    digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(digits), "--folds", "3", "--epsilon", "2", "--epochs", "1", "--json"]) == 0
    *folds, whole = map(json.loads, capsys.readouterr().out.splitlines())
    assert [fold["event"] for fold in folds] == ["fold"] * 3
    assert all(1.8 < fold["epsilon"] <= 2 for fold in folds)
    assert 2 < whole["epsilon"] < 4, "two of the three trainings saw any one row"
    assert not Project.open(digits).plan.private
    assert main(["train", str(digits), "--folds", "2", "--private", "--epochs", "1"]) == 0
    assert "Private: ε = " in capsys.readouterr().out
