"""What was learned from the training data is saved with the weights and used from then on, whatever becomes of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nnstudio.data import DataError, describe_file, open_data
from nnstudio.data.columns import Column
from nnstudio.data.encoding import learned
from nnstudio.data.fitted import Fitted
from nnstudio.data.preparation import Preparation
from nnstudio.data.steps.texts import Tokens
from nnstudio.data.steps.windows import Windows
from nnstudio.project import files, tensors
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest
from nnstudio.train.control import Control
from nnstudio.train.run_folder import listed, preparation_of

COLOURS = ("blue", "green", "red")
NEW = {"size": [1.5, 8.0, None], "colour": ["red", "blue", "green"]}


def table(path, colours=COLOURS, scale=1.0, kinds=("cat", "dog"), rows=60):
    draw = np.random.default_rng(0)
    lines = ["size,colour,kind"]
    for row in range(rows):
        size = scale * (row % 10 + draw.random())
        lines.append(f"{size:.3f},{colours[row % len(colours)]},{kinds[(row // 2) % len(kinds)]}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def trained(tmp_path):
    """A project that was trained on a table beside it, and saved."""
    path = table(tmp_path / "pets.csv")
    reference = describe_file(path, tmp_path)
    sheet = suggest(open_data(reference, tmp_path), lambda each: open_data(each, tmp_path)).sheet
    project = Project(sheet, tmp_path / "pets.nnstudio")
    project.train(epochs=2)
    project.save()
    return project


def same(first, second):
    assert json.dumps(first) == json.dumps(second)


def test_a_project_whose_data_went_away_predicts_and_exports_with_what_it_learned(trained, tmp_path):
    before = trained.predict(NEW)
    (tmp_path / "pets.csv").unlink()
    opened = Project.open(trained.path)
    same(opened.predict(NEW), before)
    opened.export(tmp_path / "pets.py", "python")
    written = json.loads((tmp_path / "pets.preparation.json").read_text())
    assert written["preparation"] == trained.dataset.prepared.to_json()


def test_a_project_whose_data_changed_predicts_with_what_it_learned(trained, tmp_path):
    before = trained.predict(NEW)
    table(tmp_path / "pets.csv", ("amber", *COLOURS), 100.0, ("ant", "cat", "dog"))
    same(Project.open(trained.path).predict(NEW), before)


def test_data_that_changed_is_evaluated_with_what_was_learned_and_without_labels_never_seen(trained, tmp_path):
    table(tmp_path / "pets.csv", ("amber", *COLOURS), 100.0, ("ant", "cat", "dog"))
    opened = Project.open(trained.path)
    judged = opened.judged_data
    assert judged.prepared.to_json() == trained.dataset.prepared.to_json()
    assert any("“ant”, which this network was not trained to tell" in told for told in judged.warnings)
    assert any("“amber”, which no training row had" in told for told in judged.warnings)
    kinds = judged.columns["kind"]
    labels = {kinds.categories[kinds.values[row]] for split in ("train", "test") for row in judged.indices(split)}
    assert labels == {"cat", "dog"}
    sizes = judged.arrays("train")["features"][:, 0]
    assert sizes.mean() > 50  # in the scale of the data that it was trained on
    assert opened.evaluate("test").keys() == trained.evaluate("test").keys()


def test_windows_over_data_that_grew_are_read_as_in_training(tmp_path):
    def series(rows):
        lines = [f"{np.sin(at / 5):.4f},{at % 7}" for at in range(rows)]
        (tmp_path / "load.csv").write_text("load,day\n" + "\n".join(lines) + "\n")

    series(120)
    reference = describe_file(tmp_path / "load.csv", tmp_path)
    reference = reference.with_(steps=(Windows(columns=("load", "day"), past=6, horizon=2),), types={})
    dataset = open_data(reference, tmp_path)
    before = dataset.fitted
    field = next(iter(dataset.fields))
    series(200)
    again = open_data(reference, tmp_path)
    kept = again.prepared_as(before)
    assert kept.prepared == before.prepared != again.prepared
    assert kept.arrays("train")[field].shape[1:] == dataset.arrays("train")[field].shape[1:]
    assert kept.count("train") > dataset.count("train")


def test_evaluating_data_that_lost_a_column_says_which(trained, tmp_path):
    (tmp_path / "pets.csv").write_text("size,kind\n" + "1,cat\n2,dog\n" * 20)
    with pytest.raises(DataError, match="has no column “colour”, with which this network was trained"):
        Project.open(trained.path).evaluate("test")


def test_training_anew_learns_from_the_data_as_it_is_now(trained, tmp_path):
    table(tmp_path / "pets.csv", scale=100.0)
    opened = Project.open(trained.path)
    opened.train(epochs=1)
    opened.save()
    assert Project.open(trained.path).fitted == opened.fitted
    assert abs(opened.dataset.arrays("train")["features"][:, 0].mean()) < 1e-3
    assert opened.fitted.prepared.digest != trained.fitted.prepared.digest


def test_a_run_that_is_resumed_goes_on_with_what_it_learned_when_it_began(trained, tmp_path):
    control = Control()
    project = Project(trained.sheet, tmp_path / "again.nnstudio")
    project.train(epochs=4, control=control, progress=lambda event: getattr(event, "epoch", 0) and control.stop())
    table(tmp_path / "pets.csv", scale=100.0)
    opened = Project(trained.sheet, tmp_path / "again.nnstudio")
    opened.train(epochs=5, resume=True)
    assert opened.fitted == project.fitted
    kept = preparation_of(listed(opened.runs / "checkpoints")[0].path.parent)
    assert kept.prepared.digest == project.fitted.prepared.digest


def test_a_file_of_an_earlier_version_opens_and_predicts_with_its_data(trained):
    files.save(trained.path, trained.sheet, trained.weights)
    opened = Project.open(trained.path)
    assert opened.fitted is None
    same(opened.predict(NEW), trained.predict(NEW))


def test_weights_with_a_preparation_of_a_newer_version_open_with_a_note(trained):
    content = bytearray(tensors.written(trained.weights, {files.PREPARATION: '{"format": 99}'}))
    members = {"weights.safetensors": content}
    notes: list[str] = []
    assert files._fitted(members["weights.safetensors"], notes) is None
    assert "newer NN Studio" in notes[0]
    assert tensors.parse(content).keys() == trained.weights.keys()


def test_what_texts_taught_is_read_back_as_it_was(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text("text,kind\n" + "\n".join(f"word{row} and more,{'ab'[row % 2]}" for row in range(40)) + "\n")
    reference = describe_file(path).with_(steps=(Tokens(column="text", by="words"),))
    data = open_data(reference)
    read = Fitted.from_json(json.loads(json.dumps(data.fitted.to_json())))
    assert (read.prepared.digest, read.fields) == (data.prepared.digest, dict(data.fields))
    path.write_text("text,kind\n" + "\n".join(f"other{row} and,{'ab'[row % 2]}" for row in range(40)) + "\n")
    again = open_data(reference).prepared_as(read)
    np.testing.assert_array_equal(again.fed["text"].values[0], data.encode({"text": ["other0 and"]})["text"][0])
    assert open_data(reference).prepared.digest != read.prepared.digest


def test_boxes_and_pixels_of_a_class_never_seen_are_not_taken_for_one_that_was():
    boxes = np.array([[[0.5, 0.5, 0.2, 0.2, 0.0], [0.2, 0.2, 0.1, 0.1, 1.0]]], np.float32)
    mask = np.array([[[0, 1], [1, 0]]])
    rows = np.array([0])

    def columns(kinds):
        return {
            "boxes": Column("boxes", "boxes", boxes, kinds, role="target"),
            "area": Column("area", "mask", mask, kinds, role="target"),
        }

    before = columns(("cat", "dog"))
    known = Fitted(Preparation({name: learned(column, rows) for name, column in before.items()}, {}))
    told: list[str] = []
    read = known.read(columns(("ant", "dog")), "pets", told)
    assert read["boxes"].values[0, :, 4].tolist() == [-1.0, 1.0]
    assert read["area"].values.tolist() == mask.tolist()
    assert "“boxes” has “ant”, which this network was not trained to tell; boxes of it are left out" in told[0]
    assert "its pixels count as “cat”, until it is trained again" in told[1]
