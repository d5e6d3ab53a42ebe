"""Bad input on the command line: one clear sentence, no traceback, and nothing lost."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nnstudio import cli
from nnstudio.data import describe_file
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project import archive
from nnstudio.project.files import load, save
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

Said = tuple[int, list[str], list[str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Give a command; returns its status, its lines and the sentences beside them."""

    def given(*arguments: str) -> Said:
        capsys.readouterr()
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "unexpected" not in err
        return status, out.splitlines(), err.splitlines()

    return given


@pytest.fixture
def refused(say: Callable[..., Said]) -> Callable[..., str]:
    """Give a command that cannot be done; returns the one sentence that it says."""

    def given(*arguments: str) -> str:
        status, _, told = say(*arguments)
        assert status in (1, 2)
        assert len(told) == 1, told
        assert told[0].startswith("nnstudio: ")
        assert told[0].endswith((".", "?"))
        return told[0].removeprefix("nnstudio: ")

    return given


def classifier(outputs: int = 2) -> Network:
    net = NetworkBuilder()
    x, kind = net.add("Input", field="features", name="x"), net.add("Input", field="kind", name="y")
    scores = net.add("Linear", x, out_features=outputs, name="scores")
    net.add("CrossEntropyLoss", scores, kind, name="loss")
    net.add("Output", scores, kind="class scores", name="answer")
    return net.network


def rows(count: int = 60, kinds: str = "xy") -> str:
    numbers = np.random.default_rng(0).normal(size=(count, 2))
    lines = (f"{a:.3f},{b:.3f},{kinds[i % len(kinds)]}" for i, (a, b) in enumerate(numbers))
    return "a,b,kind\n" + "\n".join(lines) + "\n"


def made(text: str | None = None, outputs: int = 2, **plan: Any) -> str:
    """A project on table.csv, with two epochs."""
    Path("table.csv").write_text(text or rows())
    data = describe_file("table.csv", Path.cwd())
    sheet = Sheet(network=classifier(outputs), plan=Plan(**{"epochs": 2, "batch_size": 8, **plan}), data=data)
    save(Path("p.nnstudio"), sheet)
    return "p.nnstudio"


@pytest.fixture
def trained(say: Callable[..., Said]) -> str:
    """A project on table.csv that has been trained."""
    project = made()
    assert say("train", project)[0] == 0
    return project


def changed(project: str, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit the JSON of a project file."""
    with zipfile.ZipFile(project) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    content = json.loads(members["project.json"])
    edit(content)
    members["project.json"] = json.dumps(content).encode()
    with zipfile.ZipFile(project, "w") as written:
        for name, data in members.items():
            written.writestr(name, data)


# project files


@pytest.mark.parametrize("verb", ["check", "train", "evaluate", "predict", "export", "runs"])
def test_no_verb_takes_a_file_that_is_no_project(verb: str, refused: Callable[..., str]) -> None:
    Path("cut.nnstudio").write_bytes(Path(made()).read_bytes()[:400])
    Path("text.nnstudio").write_text("I am no zip")
    Path("empty.nnstudio").touch()
    Path("folder.nnstudio").mkdir()
    more = {"predict": ["{}"], "export": ["-o", "out.onnx"]}.get(verb, [])
    expected = {
        "cut": "it ends before it should", "text": "it is not a NN Studio project", "empty": "it is empty",
        "folder": "is a folder", "gone": "There is no project at gone.nnstudio",
    }  # fmt: skip
    for name, said in expected.items():
        assert said in refused(verb, f"{name}.nnstudio", *more)
    assert not Path("out.onnx").exists()
    assert Path("text.nnstudio").read_text() == "I am no zip"


def test_a_project_of_a_newer_version_is_left_as_it_is(refused: Callable[..., str]) -> None:
    project = made()
    changed(project, lambda content: content.update(format=99))
    before = Path(project).read_bytes()
    for verb in ("check", "train"):
        assert "newer" in refused(verb, project)
    assert Path(project).read_bytes() == before


def test_a_layer_of_an_unknown_type_is_named_and_stays_in_the_file(say: Callable[..., Said]) -> None:
    project = made()

    def unknown(content: dict[str, Any]) -> None:
        node = next(node for node in content["network"]["nodes"] if node["layer"]["type"] == "Linear")
        node["layer"]["type"] = "Wormhole"

    changed(project, unknown)
    status, lines, told = say("check", project)
    assert status == 1
    assert any("Wormhole" in line for line in lines + told)
    status, _, told = say("train", project)
    assert status == 1
    assert "Wormhole" in told[-1]
    sheet = load(project).sheet
    save(Path("again.nnstudio"), sheet)
    with zipfile.ZipFile("again.nnstudio") as opened:
        assert "Wormhole" in opened.read("project.json").decode()


def test_weights_of_another_shape_are_left_out_with_a_sentence(trained: str, say: Callable[..., Said]) -> None:
    loaded = load(trained)
    assert loaded.weights is not None
    save(Path(trained), loaded.sheet, {**loaded.weights, "scores.weight": np.zeros((2, 7), np.float32)})
    status, _, told = say("evaluate", trained)
    assert status == 0
    assert "2×2 was expected, 2×7 came" in told[0]


# data


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "“table.csv” is empty; a CSV file with one row a line was expected"),
        (b"a,b,kind\n", "has no rows below its header"),
        (b"a,b,kind\n1,2,x\n3,4\n5,6,y\n", "Line 3 of “table.csv” has 2 values where 3 were expected"),
        (rows().replace("x", "é").encode("latin-1"), "is not written in utf-8 (line 2 has other bytes)"),
        (b"\0\1\2\3" * 100, "is no text file"),
        (None, "The data file “table.csv” is not at"),
    ],
    ids=["empty", "no rows", "ragged", "Latin-1", "binary", "missing"],
)
def test_data_that_can_no_longer_be_read_is_told_and_the_weights_stay(
    content: bytes | None, said: str, trained: str, say: Callable[..., Said], refused: Callable[..., str]
) -> None:
    Path("table.csv").unlink() if content is None else Path("table.csv").write_bytes(content)
    before = Path(trained).read_bytes()
    for arguments in (["train", trained], ["evaluate", trained]):
        assert said in refused(*arguments)
    assert say("predict", trained, '{"a": 1, "b": 2}')[0] == 0  # with what was learned from it
    status, lines, _ = say("check", trained)
    assert status == 1
    assert said in lines[-1]
    assert any("scores" in line for line in lines)
    assert Path(trained).read_bytes() == before


def test_a_table_in_latin_1_is_read_where_it_is_chosen(say: Callable[..., Said]) -> None:
    Path("table.csv").write_bytes(rows(kinds="éü").encode("latin-1"))
    data = describe_file("table.csv", Path.cwd())
    save(Path("p.nnstudio"), Sheet(network=classifier(), plan=Plan(epochs=1), data=data))
    assert say("train", "p.nnstudio")[0] == 0
    assert {"é", "ü"} == set(Project.open("p.nnstudio").dataset.fields["kind"].classes)


def test_a_few_texts_where_numbers_were_count_as_missing_and_are_told(trained: str, say: Callable[..., Said]) -> None:
    Path("table.csv").write_text(rows().replace("kind\n", "kind\noops,1.0,x\n"))
    status, _, told = say("check", trained)
    assert status == 0
    assert "Column “a” has 1 text where numbers were expected, such as “oops”" in told[0]
    assert Project.open(trained).dataset.fields["features"].columns == ("a", "b")
    status, _, told = say("evaluate", trained)
    assert status == 0
    assert any("“oops”" in text for text in told)


def test_a_column_of_texts_where_numbers_were_is_told(trained: str, say: Callable[..., Said]) -> None:
    Path("table.csv").write_text("a,b,kind\n" + "".join(f"{'uvw'[i % 3]},{i}.5,{'xy'[i % 2]}\n" for i in range(60)))
    _, _, told = say("check", trained)
    assert any("“a” held numbers when it was chosen and now holds text or classes" in text for text in told)


def test_one_row_is_trained_on_and_told(say: Callable[..., Said], trained: str) -> None:
    Path("table.csv").write_text("a,b,kind\n1.5,2.5,x\n")
    status, _, told = say("train", trained)
    assert status == 0
    assert any("has only one row, so none is left for validation and test" in text for text in told)


def test_one_class_is_told(say: Callable[..., Said], trained: str) -> None:
    Path("table.csv").write_text(rows(kinds="x"))
    status, _, told = say("train", trained)
    assert status == 0
    assert any("has only one class (“x”), so there is nothing to tell apart" in text for text in told)


def test_fewer_rows_than_a_batch_are_told(say: Callable[..., Said]) -> None:
    status, _, told = say("train", made(batch_size=512))
    assert status == 0
    assert [text for text in told if "fewer than the batch size of 512" in text and "choose a batch size" in text]


def test_more_classes_than_outputs_name_the_node_as_it_is_written(trained: str, refused: Callable[..., str]) -> None:
    Path("table.csv").write_text(rows(kinds="xyz"))
    assert refused("train", trained).startswith("loss (CrossEntropyLoss) gets 2 scores but the target has 3 classes")


# calls


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--epochs", "0"], "--epochs must be a whole number from 1 to 1,000,000, not 0"),
        (["--epochs", "1.5"], "--epochs: a whole number was expected, not “1.5”"),
        (["--seed", "x"], "--seed: a whole number was expected, not “x”"),
        (["--seed", "-1"], "--seed must be a whole number from 0 to 2,147,483,647, not -1"),
        (["--device", "abacus"], "--device"),
        (["--resume"], "There is no checkpoint to go on from"),
    ],
)
def test_what_training_is_asked_for_and_cannot_be(given: list[str], said: str, refused: Callable[..., str]) -> None:
    assert said in refused("train", made(), *given)
    assert load("p.nnstudio").weights is None


@pytest.mark.parametrize("given", [("--epochs", "0"), ("--epochs", "99999999999"), ("--seed", "-1")])
def test_a_value_out_of_range_is_a_wrong_call(given: tuple[str, str], say: Callable[..., Said]) -> None:
    assert say("train", made(), *given)[0] == 2


def test_a_gpu_that_is_not_there(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = refused("train", made(), "--device", "cuda")
    assert "this machine has no NVIDIA GPU" in said
    assert "choose the device “auto” or “cpu”" in said


def test_pictures_that_turned_out_to_be_broken_are_told_when_training_ends(
    say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnstudio.data import pictures

    monkeypatch.setattr(pictures, "TRIED", 2)
    draw = np.random.default_rng(0)
    for place in range(12):
        path = tmp_path / "animals" / ("cats", "dogs")[place % 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (8, 8), dtype=np.uint8)).save(path)
    broken = tmp_path / "animals" / "dogs" / "9.png"
    broken.write_bytes(broken.read_bytes()[:60])
    assert say("new", "--data", "animals", "-o", "animals.nnstudio")[0] == 0
    status, _, told = say("train", "animals.nnstudio", "--epochs", "1")
    assert status == 0
    assert sum("“dogs/9.png”" in text for text in told) == 1
    broken.unlink()
    status, lines, _ = say("predict", "animals.nnstudio", "animals/cats", "animals/dogs/1.png")
    assert status == 0
    assert [line.partition(" ")[0] for line in lines] == [*(f"{place}.png" for place in (0, 10, 2, 4, 6, 8)), "1.png"]


def test_a_run_cannot_go_on_after_the_network_has_changed(trained: str, refused: Callable[..., str]) -> None:
    loaded = load(trained)
    save(Path(trained), Sheet(network=classifier(5), plan=loaded.sheet.plan, data=loaded.sheet.data), loaded.weights)
    assert "another network: the weight “scores.weight” is 5×2 here and 2×2 there" in refused(
        "train", trained, "--resume"
    )
    for checkpoint in Path("p.runs/checkpoints").rglob("*.safetensors"):
        checkpoint.write_bytes(checkpoint.read_bytes()[:40])
    assert "cannot be read" in refused("train", trained, "--resume")
    assert load(trained).weights is not None


def test_a_project_can_be_trained_twice_and_both_runs_are_there(trained: str, say: Callable[..., Said]) -> None:
    assert say("train", trained)[0] == 0
    assert len(say("runs", trained, "--json")[1]) == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "holds no rows"),
        ("header.csv", b"a,b\n", "holds no rows"),
        ("others.csv", b"u,v\n1,2\n", "The prediction needs a, b; what was given has u, v"),
        ("half.csv", b"a\n1\n", "The prediction needs a, b; what was given has a"),
        ("text.csv", b"a,b\nhello,1\n", "“a” must be a number, not 'hello'; give a number or leave it empty"),
        ("ragged.csv", b"a,b\n1\n", "line 2: 2 values were expected, 1 came"),
        ("binary.csv", b"\0\x80" * 50, "is no text file"),
        ("broken.npz", b"PK123", "holds no NumPy arrays that can be read"),
        ("broken.png", b"\x89PNG", "is a picture, but this network takes features"),
        ("song.mp3", b"x", "ends in “.mp3”; a prediction takes .csv"),
    ],
)
def test_a_file_that_cannot_be_asked_about(
    name: str, content: bytes, said: str, trained: str, refused: Callable[..., str]
) -> None:
    Path(name).write_bytes(content)
    assert said in refused("predict", trained, name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gone.csv", "There is no file gone.csv; give"),
        (".", "is a folder without pictures or sounds; give"),
        ("{}", "The prediction needs a, b; what was given has nothing"),
        ("[1, 2]", "is not a row: give an object"),
        ("{bad", "is not a row as JSON"),
        ('{"a": NaN, "b": 1}', "NaN is not a number that JSON allows"),
        ('{"a": [1, 2], "b": [1, 2]}', "“a” must be a number, not [1, 2]"),
    ],
)
def test_a_row_that_cannot_be_asked_about(text: str, said: str, trained: str, refused: Callable[..., str]) -> None:
    assert said in refused("predict", trained, text)


def test_missing_values_are_answered_as_the_mean(trained: str, say: Callable[..., Said]) -> None:
    Path("nan.csv").write_text("a,b\nnan,1\n,2\n")
    status, lines, _ = say("predict", trained, "nan.csv")
    assert status == 0
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["-o", "model.tflite"], "there are onnx (.onnx), pt2 (.pt2)"),
        (["-o", "model"], "there are onnx (.onnx), pt2 (.pt2)"),
        (["-o", "model.onnx", "--format", "python"], "ends in .py"),
        (["-o", "model.onnx", "--format", "tflite"], "--format"),
        (["-o", "no folder/model.onnx"], "could not be written"),
        (["-o", "a.onnx"], "is a folder; choose the name of a file"),
    ],
)
def test_an_export_that_cannot_be(given: list[str], said: str, trained: str, refused: Callable[..., str]) -> None:
    Path("a.onnx").mkdir()
    before = sorted(Path().iterdir())
    assert said in refused("export", trained, *given)
    assert sorted(Path().iterdir()) == before


def test_a_network_with_problems_is_neither_exported_nor_trained(trained: str, refused: Callable[..., str]) -> None:
    loaded = load(trained)
    cut = loaded.sheet.network
    cut = Network(nodes=cut.nodes, wires=tuple(wire for wire in cut.wires if wire.target != cut.named("scores").id))
    save(Path(trained), Sheet(network=cut, plan=loaded.sheet.plan, data=loaded.sheet.data), loaded.weights)
    before = Path(trained).read_bytes()
    assert "wired to the input of scores" in refused("export", trained, "-o", "model.onnx")
    assert "wired to the input of scores" in refused("train", trained)
    assert not Path("model.onnx").exists()
    assert Path(trained).read_bytes() == before


def test_what_was_not_trained_is_neither_asked_nor_exported(refused: Callable[..., str]) -> None:
    project = made()
    for verb in (["evaluate", project], ["predict", project, '{"a": 1, "b": 2}'], ["export", project, "-o", "m.onnx"]):
        assert "has not been trained; train it first" in refused(*verb)


def test_a_new_project_needs_a_name_and_a_place(refused: Callable[..., str]) -> None:
    assert "is no file name; give one" in refused("new", "line", "-o", "")
    assert "the folder does not exist" in refused("new", "line", "-o", "no folder/a")
    Path("a.nnstudio").mkdir()
    assert "a folder has that name" in refused("new", "line", "-o", "a.nnstudio", "--force")


# the machine


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
    save(Path(project), Sheet(network=net.network, plan=loaded.sheet.plan.with_(epochs=400), data=loaded.sheet.data))
    status, _, told = say("train", project)
    assert status == 0
    assert any("“dead” puts out is zero" in text and "use LeakyReLU" in text for text in told)
    events = [json.loads(line) for line in say("train", project, "--json")[1]]
    assert any(event["event"] == "diagnosis" and event["code"] == "dead-output" for event in events)
    assert events[-1]["event"] == "finished"
