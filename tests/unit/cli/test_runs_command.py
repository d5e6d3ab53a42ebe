"""`nnstudio runs`: the table, one run, two beside one another, and files for other programs."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nnstudio.cli.main import main
from nnstudio.graph import edits
from nnstudio.project.project import Project
from nnstudio.runs import RunDatabase


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The line, trained twice: first as it is, then with another plan and a wider network."""
    path = tmp_path_factory.mktemp("runs") / "line.nnstudio"
    made = Project.new("line")
    made.save(path)
    made.train(epochs=3)
    network = made.network
    node = network.named("weight")
    made.sheet = dataclasses.replace(
        made.sheet,
        network=edits.rename(node.id, "slope")(network),
        plan=made.plan.with_(learning_rate=0.02),
    )
    made.train(epochs=5)
    with RunDatabase(made.runs / "runs.sqlite") as database:
        database.describe(database.runs()[0].id, name="faster", tags=["good"], note="twice the rate")
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main([str(each) for each in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def items(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_table_lists_the_newest_first(project: Path, capsys) -> None:
    status, out, _ = said(capsys, "runs", project)
    head, newest, oldest = out.splitlines()
    assert status == 0
    assert head.split()[:3] == ["run", "name", "started"]
    assert newest.split()[:2] == ["2", "faster"]
    assert "good" in newest
    assert "completed" in oldest
    _, out, _ = said(capsys, "runs", project, "--json")
    assert [(item["number"], item["epochs"], item["state"]) for item in items(out)] == [
        (2, 5, "completed"), (1, 3, "completed"),
    ]  # fmt: skip


def test_one_run_tells_its_plan_network_and_figures(project: Path, capsys) -> None:
    status, out, _ = said(capsys, "runs", project, "faster")
    assert status == 0
    assert out.startswith("faster (")
    for part in ("5 of 5 epochs", "5 steps", "5 layers", "Learning rate 0.02", "twice the rate", "on disk"):
        assert part in out


def test_two_runs_are_compared(project: Path, capsys) -> None:
    status, out, _ = said(capsys, "runs", project, "1", "2")
    assert status == 0
    assert "Learning rate" in out
    assert "~ slope · name" in out
    assert "What differs: 2 values of the plan, the network." in out
    _, out, _ = said(capsys, "runs", project, "1", "faster", "--json")
    (found,) = items(out)
    assert {"what": "Learning rate", "before": "0.01", "after": "0.02", "kind": ""} in found["plan"]
    assert found["networks_known"]


def test_runs_are_written_for_other_programs(project: Path, capsys, tmp_path: Path) -> None:
    status, out, _ = said(
        capsys, "runs", project, "--csv", tmp_path / "all.csv", "--tensorboard", tmp_path / "board", "--json"
    )
    assert status == 0
    assert items(out)[0]["rows"] == 8
    assert (tmp_path / "all.csv").read_text().startswith("run,step,epoch,loss")
    assert len(items(out)[1]["tensorboard"]) == 2
    assert said(capsys, "runs", project, "1", "--csv", tmp_path / "one.csv")[1].startswith("Wrote 3 rows")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("9" * 13,), 2, "has no run “9999"),  # longer than an id, which may begin with a 9
        (("1", "2", "1"), 2, "Two runs can be compared"),
        (("--csv", "/nowhere/at/all.csv"), 1, "the folder does not exist"),
        (("--mlflow", "x"), 1, 'pip install "nnstudio[mlflow]"'),
    ],
)
def test_what_cannot_be_done_is_said(project: Path, capsys, monkeypatch, arguments, status, message) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    got, _, err = said(capsys, "runs", project, *arguments)
    assert got == status
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_project_without_runs_says_how_to_begin(capsys, tmp_path: Path) -> None:
    Project.new("line").save(tmp_path / "fresh.nnstudio")
    status, out, _ = said(capsys, "runs", tmp_path / "fresh.nnstudio")
    assert status == 0
    assert "nnstudio train" in out
    assert not (tmp_path / "fresh.runs").exists()
