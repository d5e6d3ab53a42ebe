"""The command line trains privately, with noise chosen for an ε, and tells what the weights may tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnstudio.cli.main import main
from nnstudio.project.gallery import templates
from nnstudio.project.project import Project


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
    assert main(["train", str(digits), "--epsilon", "0"]) == 2
    assert "--epsilon 0 cannot be kept" in capsys.readouterr().err
