"""Commands that cannot be done as they were given: one clear sentence, no traceback, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from table_project import Said, classifier, made

from nnstudio.graph import Network
from nnstudio.project.files import load, save
from nnstudio.project.sheet import Sheet


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--epochs", "0"], "--epochs must be a whole number from 1 to 1,000,000, not 0"),
        (["--epochs", "1.5"], "--epochs: a whole number was expected, not “1.5”"),
        (["--seed", "x"], "--seed: a whole number was expected, not “x”"),
        (["--seed", "-1"], "--seed must be a whole number from 0 to 2,147,483,647, not -1"),
        (["--device", "abacus"], "--device"),
        (["--resume"], "There is no checkpoint to go on from"),
        (["--resume", "--keep"], "--resume goes on with the last run and --keep begins a new one; give one of the two"),
    ],
)
def test_what_training_is_asked_for_and_cannot_be(given: list[str], said: str, refused: Callable[..., str]) -> None:
    assert said in refused("train", made(), *given)
    assert load("p.nnstudio").weights is None


@pytest.mark.parametrize("given", [("--epochs", "0"), ("--epochs", "99999999999"), ("--seed", "-1")])
def test_a_value_out_of_range_is_a_wrong_call(given: tuple[str, str], say: Callable[..., Said]) -> None:
    assert say("train", made(), *given)[0] == 2


def test_a_column_cannot_be_target_and_group(refused: Callable[..., str]) -> None:
    Path("t.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    said = refused("new", "--data", "t.csv", "--target", "b", "--group", "b", "-o", "p.nnstudio")
    assert "“b” cannot be both --target and --group" in said
    assert not Path("p.nnstudio").exists()


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
        ("others.csv", b"u,v\n1,2\n", "The prediction needs “a”, “b”; others.csv has “u”, “v”"),
        ("half.csv", b"a\n1\n", "The prediction needs a, b; what was given has a"),
        ("text.csv", b"a,b\nhello,1\n", "“a” must be a number, not 'hello'; give a number or leave it empty"),
        ("ragged.csv", b"a,b\n1\n", "line 2: 2 values were expected, 1 came"),
        ("binary.csv", b"\0\x80" * 50, "is no text file"),
        ("broken.npz", b"PK123", "holds no NumPy arrays that can be read"),
        ("broken.png", b"\x89PNG", "is a picture, but this network takes features"),
        ("song.mp3", b"x", "ends in “.mp3”; a prediction takes tables (.csv"),
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
