"""`nnstudio check --costs` says what every layer costs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nnstudio.cli.main import main
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet


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


def test_how_long_a_run_will_take_is_forecast(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", project, "--costs", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out.splitlines()[-1])
    ahead, epochs = whole["forecast"], Project.open(Path(project)).plan.epochs
    assert ahead["epochs"] == epochs
    assert ahead["memory"] > whole["training_memory"]  # the rows too
    rows = Project.open(Path(project)).dataset.count("train")
    assert ahead["seconds"] > 0.5 * epochs * rows / ahead["samples_per_second"]
    assert main(["check", project, "--costs"]) == 0
    assert re.search(rf"A run of {epochs} epochs will take about [\d.]+ (s|min) here", capsys.readouterr().out)


def test_what_cannot_be_trained_has_no_forecast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = NetworkBuilder()
    made.add("Linear", made.add("Input", field="x"), out_features=1)
    Project(Sheet(network=made.network), tmp_path / "net.nnstudio").save()
    main(["check", str(tmp_path / "net.nnstudio"), "--costs", "--json"])
    assert "forecast" not in json.loads(capsys.readouterr().out.splitlines()[-1])


def test_without_asking_there_are_none(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", project]) == 0
    assert "multiply" not in capsys.readouterr().out
