"""`nnstudio check --costs` says what every layer costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnstudio.cli.main import main


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path = str(tmp_path / "net.nnstudio")
    assert main(["new", "digits-cnn-small", "-o", path]) == 0
    capsys.readouterr()
    return path


def test_each_layer_and_the_whole_have_their_costs(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", project, "--costs", "--json"]) == 0
    *nodes, whole = map(json.loads, capsys.readouterr().out.splitlines())
    conv = next(node for node in nodes if node["node"] == "conv2")
    assert conv["multiply_adds"] == 16 * 16 * 9 * 64
    assert [axis["size"] for axis in conv["receptive_field"]] == [5, 5]
    assert whole["multiply_adds"] == sum(node["multiply_adds"] for node in nodes)
    assert whole["training_memory"] == sum(node["training_memory"] for node in nodes)
    assert whole["batch_size"] == 32


def test_a_person_gets_columns_and_a_line_of_totals(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", project, "--costs"]) == 0
    said = capsys.readouterr().out
    assert "multiply–adds" in said.splitlines()[0]
    assert "159 k multiply–adds a sample" in said


def test_without_asking_there_are_none(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", project]) == 0
    assert "multiply" not in capsys.readouterr().out
