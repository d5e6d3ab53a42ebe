"""``nnstudio check`` says what can be said of the data and the plan before training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnstudio.cli.main import main
from nnstudio.graph import edits
from nnstudio.project.project import Project


def saved(tmp_path: Path, template: str, **plan: object) -> Path:
    project = Project.new(template)
    project.sheet = type(project.sheet)(
        **{**vars(project.sheet), "plan": project.plan.with_(**plan)}  # type: ignore[arg-type]
    )
    return project.save(tmp_path / "p.nnstudio")


def test_batches_of_one_with_batch_normalisation_are_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path, "digits-cnn-small", batch_size=1)
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "warning: “bn1” normalises over a batch, and a batch has one sample" in said
    assert "No problems" not in said
    assert main(["check", str(path), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["diagnosis"] for item in found if "diagnosis" in item] == ["batch-norm-batch-one"]


def test_columns_that_are_not_scaled_are_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "big.csv").write_text(
        "\n".join(["size,price", *(f"{1000 + 37 * i % 900},{i % 7}.5" for i in range(200))])
    )
    project = Project()
    from nnstudio.data import ColumnChoice, DataReference
    from nnstudio.graph.builder import NetworkBuilder

    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="size", name="size"), out_features=1, name="answer")
    net.add("MSELoss", x, net.add("Input", field="price", name="price"), name="error")
    net.add("Output", x, kind="number", name="out")
    reference = DataReference.file(
        tmp_path / "big.csv",
        fields={"size": ColumnChoice.make({"scaling": "none"}), "price": ColumnChoice.make({"role": "target"})},
    )  # fmt: skip
    project.sheet = type(project.sheet)(network=net.network, data=reference)
    assert main(["check", str(project.save(tmp_path / "p.nnstudio"))]) == 0
    assert "warning: “size” is not scaled" in capsys.readouterr().out


def test_a_sound_project_has_no_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(saved(tmp_path, "small-net"))]) == 0
    assert "No problems." in capsys.readouterr().out


def test_a_layer_behind_a_stopped_gradient_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project.new("digits-mlp")
    network = project.network
    from nnstudio.layers import load

    wire = network.incoming[network.named("hidden2").id][0]
    project.sheet = type(project.sheet)(
        **{**vars(project.sheet), "network": edits.insert_on(wire, load()["StopGradient"](), name="stop")(network)}
    )
    assert main(["check", str(project.save(tmp_path / "p.nnstudio"))]) == 0
    assert "warning: No gradient reaches “hidden1”: it stops at “stop”" in capsys.readouterr().out
