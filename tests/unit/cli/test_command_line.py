"""The command line as a person and a script meet it, in processes of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnstudio import cli
from nnstudio.cli.training import Stopped
from nnstudio.graph import edits
from nnstudio.project.files import load
from nnstudio.project.project import Project
from nnstudio.train.control import Control

HEAVY = {"torch", "PySide6", "pyqtgraph", "polars", "onnx", "onnxruntime", "pandas", "scipy", "sklearn"}


def nnstudio(*arguments: str, cwd: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    return subprocess.run(
        [sys.executable, "-m", "nnstudio", *arguments],
        cwd=cwd, capture_output=True, text=True, encoding="utf-8", env=environment, input=stdin,
    )  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process: status, output, errors."""
    status = cli.main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path = str(tmp_path / "line.nnstudio")
    assert run(capsys, "new", "line", "-o", path)[0] == 0
    return path


def test_from_the_gallery_to_an_exported_model(tmp_path: Path) -> None:
    made = nnstudio("new", "line", "-o", "my.nnstudio", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    checked = nnstudio("check", "my.nnstudio", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No problems" in checked.stdout
    trained = nnstudio("train", "my.nnstudio", "--json", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    events = objects(trained.stdout)
    assert [event["event"] for event in events] == ["started", *["epoch"] * 100, "finished"]
    predicted = nnstudio("predict", "my.nnstudio", '{"x": 3}', cwd=tmp_path)
    assert predicted.stdout.strip() == "answer 12"
    exported = nnstudio("export", "my.nnstudio", "-o", "my.onnx", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert "exported and checked" in exported.stdout
    assert (tmp_path / "my.onnx").stat().st_size > 100


@pytest.mark.parametrize(
    "arguments", [["templates"], ["layers"], ["layers", "conv2d"], ["new", "line", "-o", "x"], ["--help"]]
)
def test_light_verbs_load_neither_torch_nor_qt(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys\nfrom nnstudio.cli import main\n"
        f"try: status = main({arguments!r})\nexcept SystemExit as end: status = end.code\n"
        "assert status == 0\n"
        f"print('LOADED', *sorted({HEAVY!r} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].strip() == "LOADED"


def test_the_gallery_and_the_catalogue_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "digits-mlp" in run(capsys, "templates")[1]
    assert objects(run(capsys, "templates", "--json")[1])[0]["id"] == "line"
    listed = run(capsys, "layers")[1]
    assert "Conv2d" in listed
    assert "Losses" in listed
    explained = run(capsys, "layers", "conv2d")[1]
    assert "kernel_size" in explained
    assert "y_(c',h,w) = b_(c') + Σ_c" in explained
    assert objects(run(capsys, "layers", "Linear", "--json")[1])[0]["inputs"] == {"input": "N * F"}


def test_check_tells_each_node_its_type_and_what_is_wrong(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    *nodes, total = objects(run(capsys, "check", line, "--json")[1])
    assert {node["node"] for node in nodes} == {"x", "y", "weight", "error", "answer"}
    assert next(node for node in nodes if node["node"] == "weight")["parameters"] == 1
    assert total == {"layers": 5, "parameters": 1, "errors": 0, "data": None, "plan": []}
    project = Project.open(line)
    broken = edits.disconnect(project.network.incoming["weight"])(project.network)
    project.sheet = dataclasses.replace(project.sheet, network=broken)
    project.save()
    status, out, _ = run(capsys, "check", line)
    assert status == 1
    assert "error: " in out
    assert "weight" in out
    status, out, _ = run(capsys, "check", line, "--json")
    assert status == 1
    assert objects(out)[-1]["errors"] >= 1
    status, _, err = run(capsys, "train", line)
    assert status == 1
    assert "weight" in err


def test_training_prints_a_line_an_epoch_and_keeps_its_runs(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "train", line, "--epochs", "3", "--seed", "7")
    assert (status, err) == (0, "")
    assert "epoch 3/3" in out
    assert "Saved in" in out
    status, out, _ = run(capsys, "train", line, "--epochs", "5", "--seed", "7", "--resume", "--json")
    events = objects(out)
    assert status == 0
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [4, 5]
    listed = objects(run(capsys, "runs", line, "--json")[1])
    assert listed
    assert listed[0]["outcome"] == "completed"
    assert listed[0]["epochs"] == 5
    assert "completed" in run(capsys, "runs", line)[1]


def test_figures_of_a_split_are_told(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "train", line, "--epochs", "50")
    found = objects(run(capsys, "evaluate", line, "--split", "train", "--json")[1])[0]
    assert found["samples"] == 5
    assert found["loss"] < 0.01
    status, _, err = run(capsys, "evaluate", line, "--split", "test")
    assert status == 1
    assert "no rows for test" in err


def test_rows_of_a_file_are_predicted_one_by_one(tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "train", line)
    (tmp_path / "ask.csv").write_text("x\n1\n2\n")
    found = objects(run(capsys, "predict", line, str(tmp_path / "ask.csv"), '{"x": 5}', "--json")[1])
    assert [row["outputs"]["answer"]["value"] for row in found] == pytest.approx([4, 8, 20], abs=0.01)
    assert [row["row"] for row in found] == [0, 1, 0]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["nosuch"], 2, "no command"),
        (["trian", "a.nnstudio"], 2, "did you mean “train”"),
        (["train"], 2, "PROJECT"),
        (["train", "a.nnstudio", "--epochs", "many"], 2, "--epochs"),
        (["train", "gone.nnstudio"], 1, "no project at gone.nnstudio"),
        (["new", "lime", "-o", "x"], 2, "did you mean “line”"),
        (["layers", "Convd2"], 2, "Conv"),
        (["export", "gone.nnstudio", "--format", "tflite", "-o", "x"], 2, "--format"),
        (["evaluate", "gone.nnstudio", "--split", "all"], 2, "--split"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    arguments: list[str], status: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    found, out, err = run(capsys, *arguments)
    assert found == status
    assert told in err
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("nnstudio: ")
    assert "Traceback" not in err


def test_a_value_that_the_plan_refuses_is_one_sentence(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "train", line, "--epochs", "0")
    assert status == 2
    assert "epochs" in err
    assert err.count("\n") == 1


def test_debug_shows_where_an_error_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = run(capsys, "--debug", "train", "gone.nnstudio")
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("nnstudio: ")


def test_an_existing_project_is_not_replaced_unasked(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(line).read_bytes()
    assert run(capsys, "new", "digits-mlp", "-o", line)[0] == 2
    assert Path(line).read_bytes() == before
    assert run(capsys, "new", "digits-mlp", "-o", line, "--force")[0] == 0
    assert Path(line).read_bytes() != before


def test_a_damaged_project_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.nnstudio").write_bytes(b"PK\x03\x04 cut off")
    for verb in ("check", "train", "evaluate", "runs"):
        status, _, err = run(capsys, verb, str(tmp_path / "bad.nnstudio"))
        assert status == 1
        assert "cut off" in err


def test_cuda_where_there_is_none_is_said(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one here")
    status, _, err = run(capsys, "train", line, "--device", "cuda")
    assert status == 1
    assert "cuda" in err.lower()
    assert err.count("\n") == 1


def test_torch_that_cannot_be_imported_is_said(line: str, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules['torch'] = None\nfrom nnstudio.cli import main; sys.exit(main(['train', {line!r}]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 1
    assert "torch" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes close in another way")
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    with subprocess.Popen(
        [sys.executable, "-m", "nnstudio", "layers", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


@pytest.mark.skipif(os.name != "posix", reason="signals are sent in another way")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_or_the_system_ends_training_and_what_was_learned_is_kept(
    line: str, tmp_path: Path, number: int, status: int
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "nnstudio", "train", line, "--epochs", "1000000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        for text in process.stdout:
            if text.startswith("epoch"):
                break
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait() == status
        assert "Stopped after" in rest
        assert process.stderr.read() == ""
    assert load(line).weights is not None


def test_a_cross_validation_that_is_stopped_says_how_far_it_came(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnstudio.cli import folds

    @contextlib.contextmanager
    def stopped_at_once(control: Control) -> Iterator[Stopped]:
        control.stop()
        yield Stopped(signal.SIGINT)

    monkeypatch.setattr(folds, "stoppable", stopped_at_once)
    status, out, _ = run(capsys, "train", line, "--folds", "2", "--epochs", "3")
    assert status == 130
    assert out.splitlines()[-1] == "Stopped after 0 of 2 folds."


def test_without_a_command_the_window_opens(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    opened: list[Any] = []
    window = types.ModuleType("nnstudio.app")
    window.main = lambda path=None: opened.append(path) or 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nnstudio.app", window)
    assert cli.main([]) == 0
    assert cli.main([line]) == 0
    assert opened == [None, line]


def test_a_bar_shows_the_time_left_where_a_person_watches(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnstudio.cli.output import Output

    monkeypatch.setattr(Output, "live", True)
    status, out, _ = run(capsys, "train", line, "--epochs", "4")
    assert status == 0
    assert "epoch 4/4" in out
    assert "Trained 4 epochs" in out


def test_the_page_of_a_project_of_the_gallery_is_read(capsys):
    status, text, _ = run(capsys, "templates", "line")
    assert status == 0
    assert text.startswith("# One weight")
    assert "What to try" in text
    status, _, told = run(capsys, "templates", "lime")
    assert status == 1
    assert "line" in told


def test_a_project_is_made_for_data_of_ones_own(capsys, tmp_path):
    data = tmp_path / "loans.csv"
    rows = "\n".join(f"{n % 17},{n % 5},{'yes' if n % 17 > 8 else 'no'}" for n in range(120))
    data.write_text("income,age,paid\n" + rows)
    out = tmp_path / "mine.nnstudio"
    status, text, _ = run(capsys, "new", "--data", str(data), "--target", "paid", "-o", str(out))
    assert status == 0
    assert "“paid” is one of 2 classes" in text
    assert run(capsys, "check", str(out))[0] == 0
    status, _, told = run(capsys, "new", "--data", str(data), "--target", "pay", "-o", str(tmp_path / "b.nnstudio"))
    assert (status, "income, age, paid" in told) == (1, True)
    assert run(capsys, "new", "-o", str(tmp_path / "c.nnstudio"))[0] == 2


def test_a_table_of_a_database_is_chosen_by_a_query(capsys, tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.execute("create table notes (words text)")
        made.execute("create table loans (income real, age real, paid text)")
        rows = [(n % 17, n % 5, "yes" if n % 17 > 8 else "no") for n in range(120)]
        made.executemany("insert into loans values (?, ?, ?)", rows)
    made.close()

    def new(name, *more):
        data = ("new", "--data", str(path), "-o", str(tmp_path / name))
        return run(capsys, *data, *more)

    status, text, _ = new("a", "--query", "select income, paid from loans where age < 3", "--target", "paid")
    assert status == 0
    assert "“paid” is one of 2 classes" in text
    assert Project.open(tmp_path / "a.nnstudio").dataset.total == 72
    assert new("b", "--query", "Loans", "--target", "paid")[0] == 0
    assert list(Project.open(tmp_path / "b.nnstudio").dataset.columns) == ["income", "age", "paid"]
    status, _, told = new("c", "--query", "orders")
    assert (status, told.strip()) == (1, "nnstudio: “shop.db” has no table “orders”; its tables are “notes”, “loans”.")
    status, _, told = new("c", "--query", "select * from orders")
    assert (status, "no such table: orders" in told, "its tables are “notes”, “loans”" in told) == (1, True, True)
    status, _, told = new("c", "--sheet", "loans")
    assert (status, "a sheet is for Excel table (.xlsx); leave it out" in told) == (1, True)
    assert not (tmp_path / "c.nnstudio").exists()


def test_a_query_or_a_role_goes_with_data_that_takes_it(capsys, tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n1,2\n" * 20)
    out = str(tmp_path / "d.nnstudio")
    status, _, told = run(capsys, "new", "--data", str(tmp_path / "d.csv"), "--query", "select 1", "-o", out)
    assert status == 1
    assert "“d.csv” is of the kind table (.csv), and a query is for SQLite database" in told
    for option in ("--query", "--sheet", "--target", "--group", "--weight"):
        status, _, told = run(capsys, "new", "line", option, "x", "-o", out)
        assert (status, f"{option} goes with data of your own, and none is given; add --data" in told) == (2, True)
