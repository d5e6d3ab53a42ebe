"""Bad project and data files on the command line: one clear sentence, no traceback, and nothing lost."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from table_project import Said, changed, classifier, made, rows

from nnstudio.data import describe_file
from nnstudio.project.files import load, save
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

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
