"""A full disk, too little memory, a damaged run database: what training says of it, and that no weights are lost."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from table_project import Said, made

from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project import archive
from nnstudio.project.files import load, save
from nnstudio.project.sheet import Sheet


def test_a_folder_that_cannot_be_written_is_told_before_training(
    trained: str, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = Path(trained).read_bytes()
    monkeypatch.setattr(tempfile, "TemporaryFile", forbidden)
    assert "writing there is not allowed; choose a folder of your own" in refused("train", trained)
    assert Path(trained).read_bytes() == before


def test_a_disk_that_is_full_after_training_leaves_the_old_file_and_a_way_to_the_new_weights(
    trained: str, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = Path(trained).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(archive, "write", full)
        status, _, told = say("train", trained, "--epochs", "4", "--seed", "5")
    assert status == 1
    assert "the disk is full" in told[-1]
    assert f"save it with “nnstudio train {trained} --resume”" in told[-1]
    assert Path(trained).read_bytes() == before
    assert say("train", trained, "--resume", "--epochs", "4", "--seed", "5")[0] == 0
    assert Path(trained).read_bytes() != before


def test_a_run_database_that_is_damaged_hinders_no_training(trained: str, say: Callable[..., Said]) -> None:
    Path("p.runs/runs.sqlite").write_bytes(b"no database" * 500)
    status, _, told = say("train", trained)
    assert status == 0
    assert "so runs are not recorded or shown; move it away to begin a new one" in told[-1]
    status, _, told = say("runs", trained)
    assert status == 1
    assert len(told) == 1


def failing(monkeypatch: pytest.MonkeyPatch, after: int, error: Exception) -> None:
    """The loss breaks after so many steps."""
    calls: list[int] = []
    forward = torch.nn.CrossEntropyLoss.forward

    def broken(self: Any, *given: Any) -> Any:
        if self.training or torch.is_grad_enabled():
            calls.append(1)
        if len(calls) > after:
            raise error
        return forward(self, *given)

    monkeypatch.setattr(torch.nn.CrossEntropyLoss, "forward", broken)


def test_memory_that_runs_out_keeps_the_weights_that_there_were(
    trained: str, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Path(trained).read_bytes()
    failing(monkeypatch, 12, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"))
    status, lines, told = say("train", trained, "--epochs", "20")
    assert status == 1
    assert any(line.startswith("epoch 1/20") for line in lines)
    assert f"{trained} keeps the weights that it had before this run" in told[-2]
    assert "Memory ran out while training with batches of 8 samples; try a batch size of 4" in told[-1]
    assert not any("Saved" in line for line in lines)
    assert Path(trained).read_bytes() == before


def test_a_first_run_that_fails_leaves_its_last_good_weights_in_the_project(
    say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made()
    with monkeypatch.context() as patch:
        failing(patch, 12, torch.OutOfMemoryError("out of memory"))
        status, _, told = say("train", project, "--epochs", "20")
    assert status == 1
    assert "The weights of the last good step are saved in p.nnstudio" in told[-2]
    weights = load(project).weights
    assert weights is not None
    assert all(np.isfinite(value).all() for value in weights.values())
    with sqlite3.connect("p.runs/runs.sqlite") as database:
        assert database.execute("SELECT outcome FROM runs").fetchone()[0].startswith("failed: Memory ran out")
    database.close()
    assert say("evaluate", project)[0] == 0


def test_a_run_that_fails_at_once_takes_no_weights(monkeypatch: pytest.MonkeyPatch, say: Callable[..., Said]) -> None:
    project = made()
    failing(monkeypatch, 0, torch.OutOfMemoryError("out of memory"))
    status, _, told = say("train", project)
    assert (status, len(told)) == (1, 1)
    assert load(project).weights is None


def test_what_is_wrong_with_a_training_is_told_while_it_runs(say: Callable[..., Said]) -> None:
    project = made(batch_size=8)
    loaded = load(project)
    net = NetworkBuilder()
    x, kind = net.add("Input", field="features", name="x"), net.add("Input", field="kind", name="y")
    dead = net.add("ReLU", net.add("Linear", x, out_features=4, name="in_", weight_init="constant"), name="dead")
    net.add("CrossEntropyLoss", net.add("Linear", dead, out_features=2, name="scores"), kind, name="loss")
    plan = loaded.sheet.plan.with_(epochs=2000, watching=0.3)  # long enough to be looked at some times on any machine
    save(Path(project), Sheet(network=net.network, plan=plan, data=loaded.sheet.data))
    status, _, told = say("train", project)
    assert status == 0
    assert any("“dead” puts out is zero" in text and "use LeakyReLU" in text for text in told)
    events = [json.loads(line) for line in say("train", project, "--json")[1]]
    assert any(event["event"] == "diagnosis" and event["code"] == "dead-output" for event in events)
    assert events[-1]["event"] == "finished"
