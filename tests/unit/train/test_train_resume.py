"""A run that is killed and resumed has the losses and weights of one that was not, bit for bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled
from nnstudio.train.control import Control
from nnstudio.train.evaluate import evaluate
from nnstudio.train.events import (
    CheckpointSaved,
    Diagnosis,
    EpochEnded,
    PlanChanged,
    RunFailed,
    RunFinished,
    RunStarted,
)
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.phases import Group, Phase
from nnstudio.train.plan import OPTIMIZERS, Plan
from nnstudio.train.run_folder import latest

Make = Callable[..., Compiled]


def told(events: Any, history: History | None = None) -> History:
    history = history or History()
    for event in events:
        history.feed(event)
    return history


def killed_at(step: int, compiled: Compiled, data: Any, plan: Plan, folder: Path) -> History:
    """The run up to a checkpoint after ``step`` steps; then it is given up, as by a kill."""
    control, history = Control(paused=True), History()
    for _ in range(step):
        control.step_once()
    pauses = 0
    events = run(compiled, data, plan, control, checkpoints=folder)
    for event in events:
        history.feed(event)
        if history.paused and history.step == step and not pauses:
            pauses += 1
            control.checkpoint()
        if isinstance(event, CheckpointSaved):
            break
    events.close()  # type: ignore[attr-defined]
    return history


def assert_same(resumed: History, whole: History) -> None:
    assert np.array_equal(resumed.losses, whole.losses)
    assert np.array_equal(resumed.learning_rates, whole.learning_rates)
    assert [(e.training, e.validation, e.best) for e in resumed.epochs] == [
        (e.training, e.validation, e.best) for e in whole.epochs
    ]


def test_a_short_run_has_something_to_go_on_from_soon(
    blobs: Any, make_classifier: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnstudio.train.keeping.FIRST", 0.0)  # else after two seconds
    history = History()
    events = run(make_classifier(), blobs, Plan(epochs=1000, batch_size=8), checkpoints=tmp_path)
    for event in events:
        history.feed(event)
        if isinstance(event, CheckpointSaved):
            break
    events.close()  # type: ignore[attr-defined]
    assert history.time < 10
    assert latest(tmp_path, history.started.run) is not None


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("step", [1, 6, 7, 11])
def test_a_resumed_run_is_the_same_run(
    optimizer: str, step: int, blobs: Any, make_classifier: Make, bodies: Any, tmp_path: Path
) -> None:
    """In the first epoch, just before, at and after the end of an epoch; with dropout and batch normalisation."""
    plan = Plan(
        epochs=4, batch_size=8, optimizer=optimizer, learning_rate=0.01, schedule="cosine", clip_norm=1.0, l1=1e-4
    )
    uninterrupted, killed, fresh = (make_classifier(bodies["rich"], seed) for seed in (0, 0, 9))
    whole = told(run(uninterrupted, blobs, plan))
    history = killed_at(step, killed, blobs, plan, tmp_path)
    assert history.step == step
    told(run(fresh, blobs, plan, checkpoints=tmp_path, resume=True), history)
    assert isinstance(history.ended, RunFinished), history.ended
    assert_same(history, whole)
    for name, value in uninterrupted.training.state_dict().items():
        assert torch.equal(fresh.training.state_dict()[name], value), name


@pytest.mark.parametrize("step", [1, 2, 3, 8, 14])
def test_a_run_in_phases_goes_on_at_its_place_in_the_turn(
    step: int, blobs: Any, make_two_headed: Make, bodies: Any, tmp_path: Path
) -> None:
    """Turns of three steps, seven steps an epoch; each phase with its optimizer; groups, a frozen layer, dropout."""
    plan = Plan(
        epochs=4, batch_size=8, learning_rate=0.01, schedule="one-cycle", clip_norm=1.0,
        phases=(
            Phase(name="label", losses=("entropy",), trains=("hidden", "norm", "scores"), steps=2),
            Phase(name="value", losses=("error",), optimizer="SGD", learning_rate=0.002, momentum=0.5),
        ),
        groups=(Group(nodes=("hidden",), learning_rate=0.1), Group(nodes=("scores",), weight_decay=0.01)),
    )  # fmt: skip
    uninterrupted, killed, fresh = (make_two_headed(bodies["rich"], seed, ("norm",)) for seed in (0, 0, 9))
    whole = told(run(uninterrupted, blobs, plan))
    history = killed_at(step, killed, blobs, plan, tmp_path)
    assert history.step == step
    told(run(fresh, blobs, plan, checkpoints=tmp_path, resume=True), history)
    assert isinstance(history.ended, RunFinished), history.ended
    assert_same(history, whole)
    assert [epoch.phases for epoch in history.epochs] == [epoch.phases for epoch in whole.epochs]
    for id, values in whole.parts.items():
        assert np.array_equal(history.parts[id], values, equal_nan=True)
    for name, value in uninterrupted.training.state_dict().items():
        assert torch.equal(fresh.training.state_dict()[name], value), name


def test_a_run_can_go_on_in_phases(blobs: Any, make_two_headed: Make, tmp_path: Path) -> None:
    list(run(make_two_headed(), blobs, Plan(epochs=1), checkpoints=tmp_path))
    plan = Plan(epochs=2, phases=(Phase(name="label", losses=("entropy",)), Phase(name="value", losses=("error",))))
    events = list(run(make_two_headed(), blobs, plan, checkpoints=tmp_path, resume=True))
    assert isinstance(events[-1], RunFinished)
    (changed,) = [event for event in events if isinstance(event, PlanChanged)]
    assert set(changed.after) == {"epochs", "phases"}
    assert events[-1].step == 4


@pytest.mark.parametrize("schedule", ["step", "warm-up", "one-cycle", "reduce on plateau"])
def test_schedules_go_on_where_they_were(
    schedule: str, blobs: Any, make_classifier: Make, bodies: Any, tmp_path: Path
) -> None:
    plan = Plan(
        epochs=5, batch_size=8, schedule=schedule, step_epochs=1, plateau_epochs=1, learning_rate=0.05,
        early_stopping=True, patience=2,
    )  # fmt: skip
    whole = told(run(make_classifier(bodies["rich"]), blobs, plan))
    history = killed_at(17, make_classifier(bodies["rich"]), blobs, plan, tmp_path)
    told(run(make_classifier(bodies["rich"]), blobs, plan, checkpoints=tmp_path, resume=True), history)
    assert_same(history, whole)
    assert history.ended.reason == whole.ended.reason  # type: ignore[union-attr]


def test_a_run_that_was_stopped_goes_on(blobs: Any, make_classifier: Make, bodies: Any, tmp_path: Path) -> None:
    plan, control = Plan(epochs=3, batch_size=8), Control()
    whole = told(run(make_classifier(bodies["rich"]), blobs, plan))
    history = History()
    for event in run(make_classifier(bodies["rich"]), blobs, plan, control, checkpoints=tmp_path):
        history.feed(event)
        if isinstance(event, EpochEnded):
            control.stop()
    assert isinstance(history.ended, RunFinished)
    assert history.ended.reason == "stopped"
    told(run(make_classifier(bodies["rich"]), blobs, plan, checkpoints=tmp_path, resume=True), history)
    assert history.ended.reason == "completed"
    assert_same(history, whole)


def test_a_finished_run_can_be_given_more_epochs(blobs: Any, make_classifier: Make, tmp_path: Path) -> None:
    whole = told(run(make_classifier(), blobs, Plan(epochs=5)))
    history = told(run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path))
    name = history.started.run if history.started else ""
    compiled = make_classifier(seed=4)
    events = list(run(compiled, blobs, Plan(epochs=5), checkpoints=tmp_path, resume=True))
    assert isinstance(events[0], RunStarted)
    assert (events[0].run, events[0].step) == (name, 4)
    assert_same(told(events, history), whole)


def test_a_finished_run_that_is_resumed_has_its_best_weights(blobs: Any, make_classifier: Make, tmp_path: Path) -> None:
    plan = Plan(epochs=30, learning_rate=0.3, batch_size=10)
    first, second = make_classifier(), make_classifier(seed=5)
    list(run(first, blobs, plan, checkpoints=tmp_path))
    events = list(run(second, blobs, plan, checkpoints=tmp_path, resume=True))
    assert isinstance(events[-1], RunFinished)
    assert evaluate(first, blobs, "test") == evaluate(second, blobs, "test")


def test_resuming_without_a_checkpoint_says_so(blobs: Any, make_classifier: Make, tmp_path: Path) -> None:
    (failure,) = run(make_classifier(), blobs, Plan(), checkpoints=tmp_path, resume=True)
    assert isinstance(failure, RunFailed)
    assert "no checkpoint" in failure.message


def test_a_checkpoint_of_another_seed_is_not_gone_on_from(blobs: Any, make_classifier: Make, tmp_path: Path) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path))
    (failure,) = run(make_classifier(), blobs, Plan(epochs=2, seed=5), checkpoints=tmp_path, resume=True)
    assert isinstance(failure, RunFailed)
    assert "seed 0" in failure.message
    assert "5" in failure.message


def test_what_the_plan_has_other_than_the_checkpoint_is_changed_there(
    blobs: Any, make_classifier: Make, tmp_path: Path
) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path))
    plan = Plan(epochs=2, batch_size=5, learning_rate=0.1)
    events = list(run(make_classifier(), blobs, plan, checkpoints=tmp_path, resume=True))
    started = [event for event in events if isinstance(event, RunStarted)][-1]
    (changed,) = [event for event in events if isinstance(event, PlanChanged)]
    assert changed.step == 2
    assert changed.after == {"epochs": 2, "batch_size": 5, "learning_rate": 0.1}
    assert changed.before == {"epochs": 1, "batch_size": 32, "learning_rate": 0.001}
    assert (started.steps_per_epoch, started.batch_size) == (10, 5)
    assert events[-1].step == 12


def test_a_checkpoint_of_another_network_names_the_weight(
    blobs: Any, make_classifier: Make, bodies: Any, tmp_path: Path
) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path))
    compiled = make_classifier(bodies["rich"])
    before = {name: value.clone() for name, value in compiled.training.state_dict().items()}
    failure = list(run(compiled, blobs, Plan(epochs=2), checkpoints=tmp_path, resume=True))[-1]
    assert isinstance(failure, RunFailed)
    assert "“norm." in failure.message
    assert all(torch.equal(compiled.training.state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_a_damaged_checkpoint_is_told_and_nothing_else_happens(
    keep: int, blobs: Any, make_classifier: Make, tmp_path: Path
) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path))
    (path,) = tmp_path.rglob("*-last.safetensors")
    for best in tmp_path.rglob("*-best.safetensors"):
        best.unlink()
    path.write_bytes(path.read_bytes()[:keep])
    (failure,) = run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path, resume=True)
    assert isinstance(failure, RunFailed)
    assert "cannot be read" in failure.message


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one_and_training_goes_on(
    blobs: Any, make_classifier: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path))
    old = {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    events = list(run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path))
    assert isinstance(events[-1], RunFinished)
    warnings = [event for event in events if isinstance(event, Diagnosis) and event.code == "checkpoint-failed"]
    assert warnings
    assert all("No space left" in warning.message for warning in warnings)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == old


CHILD = """
    import importlib.util, json, os, signal, sys
    from pathlib import Path
    spec = importlib.util.spec_from_file_location("shared", sys.argv[1])
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)
    from nnstudio.train.control import Control
    from nnstudio.train.events import CheckpointSaved
    from nnstudio.train.loop import run
    from nnstudio.train.plan import Plan
    control, plan = Control(), Plan(**json.loads(sys.argv[3]))
    for event in run(shared.classifier(shared.rich_body), shared.Blobs(), plan, control, checkpoints=Path(sys.argv[2])):
        if event.step >= 9:
            control.checkpoint()
        if isinstance(event, CheckpointSaved) and event.step >= 9:
            print(event.step, flush=True)
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
"""


def test_a_process_that_is_killed_leaves_a_checkpoint_to_go_on_from(
    blobs: Any, make_classifier: Make, bodies: Any, tmp_path: Path
) -> None:
    values = {"epochs": 400, "batch_size": 8, "threads": 1}
    shared = Path(__file__).with_name("conftest.py")
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(shared), str(tmp_path), json.dumps(values)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert child.returncode != 0
    step = int(child.stdout)
    plan = Plan(**{**values, "epochs": step // 7 + 3})
    whole = told(run(make_classifier(bodies["rich"]), blobs, plan))
    resumed = told(run(make_classifier(bodies["rich"]), blobs, plan, checkpoints=tmp_path, resume=True))
    assert np.isnan(resumed.losses[:step]).all()
    assert np.array_equal(resumed.losses[step:], whole.losses[step:])
