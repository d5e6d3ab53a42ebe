"""Where checkpoints stand: bounded in number and bytes, one writer for each run, and what a killed run leaves."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nnstudio.compile.lower import Compiled
from nnstudio.train import checkpoints, run_folder
from nnstudio.train.checkpoints import About
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import CheckpointSaved, EpochEnded, RunFailed, RunFinished
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan
from nnstudio.train.run_folder import TIMED, RunFolder, interrupted, latest, listed
from nnstudio.train.state import Moment

Make = Callable[..., Compiled]


@pytest.fixture
def one(tmp_path: Path) -> Iterator[RunFolder]:
    """The folder of a run that goes on."""
    made = RunFolder(tmp_path, "one")
    yield made
    made.close(ended=False)


def moment(step: int, best_epoch: int = 0, size: int = 4) -> tuple[Moment, dict[str, Any]]:
    place = {
        "epoch": step // 10,
        "batch": step % 10,
        "step": step,
        "best_epoch": best_epoch,
        "seconds": 0.5,
        "loss": 0.1,
    }
    return Moment({"model.weight": torch.full((size,), float(step))}, place), place


def add(folder: RunFolder, step: int, kind: str = "last", **options: Any) -> Path:
    made, place = moment(step, **options)
    return folder.add(made, About(run=folder.run, **place), kind)


def steps(folder: Path, kind: str = "") -> list[int]:
    return sorted(saved.about.step for saved in listed(folder) if not kind or saved.about.kind == kind)


def test_what_is_written_comes_back(one: RunFolder, tmp_path: Path) -> None:
    path = add(one, 25, "hand")
    made, about = checkpoints.load(path)
    assert torch.equal(made.tensors["model.weight"], torch.full((4,), 25.0))
    assert (about.run, about.kind, about.step, about.epoch, about.batch, about.loss) == ("one", "hand", 25, 2, 5, 0.1)
    assert checkpoints.described(path) == about
    assert latest(tmp_path).path == path  # type: ignore[union-attr]


def test_those_by_time_stay_spread_over_the_run_and_those_by_hand_stay(one: RunFolder, tmp_path: Path) -> None:
    for step in range(1, 65):
        add(one, step)
        if step in (3, 30):
            add(one, step, "hand")
    kept = steps(tmp_path, "last")
    assert kept[-1] == 64
    assert len(kept) == TIMED + 1
    assert max(after - before for before, after in itertools.pairwise(kept)) <= 16
    assert steps(tmp_path, "hand") == [3, 30]


def test_one_best_stays_and_one_that_was_surpassed_is_none(one: RunFolder, tmp_path: Path) -> None:
    add(one, 10, "best", best_epoch=1)
    add(one, 20, "best", best_epoch=2)
    assert steps(tmp_path, "best") == [20]
    add(one, 40, best_epoch=4)  # its best epoch came too fast to be written
    assert steps(tmp_path, "best") == []
    assert steps(tmp_path) == [20, 40]


def test_the_oldest_runs_are_given_up_but_nothing_made_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "RUNS", 3)
    for place in range(6):
        folder = RunFolder(tmp_path, f"run{place}")
        add(folder, 10)
        if place == 1:
            add(folder, 7, "hand")
        folder.close(ended=True)
    assert {saved.about.run for saved in listed(tmp_path)} == {"run1", "run3", "run4", "run5"}
    assert [saved.about.kind for saved in listed(tmp_path, "run1")] == ["hand"]


def test_bytes_are_bounded_and_the_newest_stays(
    one: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "BYTES", 100_000)
    for step in range(1, 9):
        add(one, step, size=10_000)
    assert steps(tmp_path)[-1] == 8
    assert sum(saved.size for saved in listed(tmp_path)) <= 100_000
    newest = add(one, 9, size=50_000)
    assert [saved.path for saved in listed(tmp_path)] == [newest]


CHILD = """
    import sys
    from pathlib import Path
    from nnstudio.train.run_folder import RunFolder
    folder = RunFolder(Path(sys.argv[1]), "one")
    print("mine", flush=True)
    sys.stdin.readline()
"""


def test_another_process_s_run_is_left_alone_until_it_dies(tmp_path: Path, blobs: Any, make_classifier: Make) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path, run_id="one"))
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        assert child.stdout.readline() == "mine\n"
        (failure,) = run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path, resume=True)
        assert isinstance(failure, RunFailed)
        assert failure.message == f"The run one is being trained by another program (process {child.pid})"
        assert "stop it there first, or begin a new run" in failure.hint
        assert interrupted(tmp_path) == []
        run_folder.forget(tmp_path, "one")
        assert listed(tmp_path)
        other = list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path, run_id="two"))
        assert isinstance(other[-1], RunFinished)
    finally:
        child.kill()
        child.wait(30)
        child.stdin.close()
        child.stdout.close()
    assert [saved.about.run for saved in interrupted(tmp_path)] == ["one"]
    events = list(
        run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path, resume=listed(tmp_path, "one")[0].path)
    )
    assert isinstance(events[-1], RunFinished)
    assert interrupted(tmp_path) == []


def test_a_run_that_was_cut_off_is_known_until_it_is_let_be(tmp_path: Path, blobs: Any, make_classifier: Make) -> None:
    events = run(make_classifier(), blobs, Plan(epochs=5), checkpoints=tmp_path, run_id="cut")
    next(event for event in events if isinstance(event, EpochEnded))
    events.close()
    assert interrupted(tmp_path) == []  # it had written nothing yet
    events = run(make_classifier(), blobs, Plan(epochs=5), checkpoints=tmp_path, run_id="cut")
    next(event for event in events if isinstance(event, CheckpointSaved))
    events.close()
    (saved,) = interrupted(tmp_path)
    assert saved.about.run == "cut"
    run_folder.let_be(tmp_path, "cut")
    assert interrupted(tmp_path) == []
    assert listed(tmp_path, "cut")


def test_a_run_that_ended_is_not_one_that_was_cut_off(tmp_path: Path, blobs: Any, make_classifier: Make) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path))
    assert interrupted(tmp_path) == []
    assert latest(tmp_path).about.epoch == 2  # type: ignore[union-attr]


def test_a_fork_goes_on_under_its_own_name(tmp_path: Path, blobs: Any, make_classifier: Make) -> None:
    list(run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path, run_id="first"))
    saved = latest(tmp_path)
    assert saved is not None
    plan = Plan(epochs=4)
    events = list(run(make_classifier(), blobs, plan, checkpoints=tmp_path, resume=saved.path, fork=True))
    started = events[0]
    assert (started.parent, started.parent_step, started.step) == ("first", 4, 4)  # type: ignore[attr-defined]
    assert started.run != "first"  # type: ignore[attr-defined]
    assert listed(tmp_path, "first")[0].about.step == 4
    again = list(run(make_classifier(), blobs, Plan(epochs=5), checkpoints=tmp_path, resume=True))
    assert (again[0].run, again[0].parent) == (started.run, "first")  # type: ignore[attr-defined]


def test_runs_move_with_their_project_and_can_be_forgotten(tmp_path: Path) -> None:
    source, target = tmp_path / "unsaved", tmp_path / "digits"
    for name in ("mine", "other"):
        folder = RunFolder(source, name)
        add(folder, 5)
        folder.close(ended=True)
    run_folder.move(source, target, {"mine", "not there"})
    assert [saved.about.run for saved in listed(target)] == ["mine"]
    assert [saved.about.run for saved in listed(source)] == ["other"]
    run_folder.forget(target, "mine")
    assert listed(target) == []


def test_checkpoints_of_the_first_format_can_be_gone_on_from(tmp_path: Path, blobs: Any, make_classifier: Make) -> None:
    """One file without a folder of its run, and fewer words about itself."""
    list(run(make_classifier(), blobs, Plan(epochs=1), checkpoints=tmp_path / "new", run_id="old"))
    made, _ = checkpoints.load(latest(tmp_path / "new").path)  # type: ignore[union-attr]
    from safetensors.torch import save_file

    progress = {name: value for name, value in made.progress.items() if name != "loss"}
    header = {"format": 1, "run": "old", "plan": Plan(epochs=1).to_json(), "progress": progress, "inside": made.inside}
    save_file(dict(made.tensors), tmp_path / "last.safetensors", metadata={"nnstudio": json.dumps(dict(header))})
    events = list(run(make_classifier(), blobs, Plan(epochs=2), checkpoints=tmp_path, resume=True))
    assert (events[0].run, events[0].step) == ("old", 2)  # type: ignore[attr-defined]
    assert isinstance(events[-1], RunFinished)


def test_a_run_s_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be named"):
        RunFolder(tmp_path / "inside", "../outside")
    assert not (tmp_path / "outside").exists()


def test_what_is_no_checkpoint_is_left_out(one: RunFolder, tmp_path: Path) -> None:
    add(one, 5)
    (tmp_path / "one" / "000000009-last.safetensors").write_bytes(b"\xff" * 100)
    (tmp_path / "one" / "notes.txt").write_text("mine")
    assert steps(tmp_path) == [5]
    with pytest.raises(TrainingError, match="cannot be read"):
        checkpoints.load(tmp_path / "one" / "000000009-last.safetensors")
