"""A project from Python: train it, ask it, save it, export it; and what does not fit is said."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import nnstudio as nns
from nnstudio.data import DataReference
from nnstudio.graph import Network, edits
from nnstudio.project import places
from nnstudio.project.drawings import drawing, drawn
from nnstudio.project.errors import ProjectError
from nnstudio.project.inputs import read_inputs
from nnstudio.project.png import fitted, read_png
from nnstudio.project.project import Project
from nnstudio.project.schema import SchemaError
from nnstudio.project.weights import compiled_with
from nnstudio.runs.database import RunDatabase
from nnstudio.train.events import EpochEnded, Event


@pytest.fixture
def line(tmp_path: Path) -> Project:
    project = Project.new("line")
    project.save(tmp_path / "line.nnstudio")
    return project


def test_a_line_is_learned_saved_and_asked(line: Project) -> None:
    ended = line.train()
    assert ended.reason == "completed"
    line.save()
    again = nns.open(str(line.path))
    assert again.weights is not None
    assert again.weights["weight.weight"].item() == pytest.approx(4.0, abs=1e-3)
    answers = again.predict({"x": [3, 10]})
    assert [row["answer"]["value"] for row in answers] == pytest.approx([12.0, 40.0], abs=0.01)
    assert again.evaluate("train")["error"] < 1e-6


def test_its_runs_stand_beside_it(line: Project) -> None:
    line.train(epochs=3)
    line.train(epochs=2)
    assert line.path is not None
    database = line.path.with_suffix(".runs") / places.RUNS
    with RunDatabase(database) as opened:
        assert sorted(run.epochs for run in opened.runs()) == [2, 3]


def test_a_run_keeps_the_network_that_it_trained(line: Project) -> None:
    line.train(epochs=1)
    trained, line.sheet = line.network, dataclasses.replace(line.sheet, network=Network())
    with RunDatabase(line.runs / places.RUNS) as opened:
        (run,) = opened.runs()
        content = opened.network(run.network)
    assert content is not None
    assert drawn(content).network == trained
    assert drawing(trained).hash == run.network != drawing(line.network).hash
    with pytest.raises(SchemaError, match="cut off"):
        drawn(content[:50])


def test_a_run_goes_on_where_it_was(line: Project) -> None:
    line.train(epochs=3)
    seen: list[Event] = []
    line.train(epochs=5, resume=True, progress=seen.append)
    assert [event.epoch for event in seen if isinstance(event, EpochEnded)] == [4, 5]
    resumed = line.weights
    line.train(epochs=5)
    assert resumed is not None
    assert line.weights is not None
    assert resumed["weight.weight"].tobytes() == line.weights["weight.weight"].tobytes()


def test_a_node_that_was_renamed_since_keeps_its_weights(line: Project) -> None:
    node = line.network.named("weight")
    weights = {"weight.weight": np.full((1, 1), 7.0, np.float32)}
    network = edits.rename(node.id, "slope")(line.network)
    made = compiled_with(network, line.fields(), 1, weights, line.network)
    assert made.notes == ()
    assert made.compiled.model.state_dict()["slope.weight"].item() == 7.0


def test_weights_of_another_shape_are_left_out_and_the_rest_load(line: Project) -> None:
    line.weights = {"weight.weight": np.zeros((2, 7), np.float32), "gone.bias": np.zeros(1, np.float32)}
    line.save()
    again = nns.open(str(line.path))
    again.compiled()
    assert len(again.notes) == 2
    assert "“weight”" in again.notes[0]
    assert "1×1 was expected, 2×7 came" in again.notes[0]
    assert "“gone”" in again.notes[1]
    again.save()
    kept = nns.open(str(line.path)).weights
    assert kept is not None
    assert kept["weight.weight"].shape == (2, 7)


def test_a_wider_network_that_goes_on_from_its_weights_is_as_good_as_it_was(tmp_path: Path) -> None:
    project = Project.new("digits-mlp")
    project.save(tmp_path / "digits.nnstudio")
    hidden = project.network.named("hidden1").id
    project.sheet = dataclasses.replace(
        project.sheet, network=edits.set_params(hidden, out_features=32)(project.network)
    )
    project.train(epochs=4)
    before = project.evaluate("test")["accuracy"]
    project.sheet = dataclasses.replace(
        project.sheet, network=edits.set_params(hidden, out_features=48)(project.network)
    )
    assert project.evaluate("test")["accuracy"] == pytest.approx(before, abs=0.02)
    assert any("“hidden1” has grown" in note for note in project.notes)
    accuracy = project.train(epochs=1, keep=True) and project.evaluate("test")["accuracy"]
    assert accuracy > before - 0.05
    project.save()
    assert Project.open(tmp_path / "digits.nnstudio").evaluate("test")["accuracy"] == accuracy


def test_a_renamed_node_is_saved_with_its_weights_under_its_new_name(line: Project) -> None:
    line.train(epochs=1)
    node = line.network.named("weight")
    line.sheet = dataclasses.replace(line.sheet, network=edits.rename(node.id, "slope")(line.network))
    line.save()
    again = nns.open(str(line.path))
    again.compiled()
    assert again.notes == ()
    assert again.weights is not None
    assert "slope.weight" in again.weights


def test_what_has_not_been_trained_cannot_be_asked(line: Project) -> None:
    for ask in (lambda: line.evaluate("train"), lambda: line.predict({"x": [1]}), lambda: line.export("a.onnx")):
        with pytest.raises(ProjectError, match="train it first"):
            ask()


def test_columns_that_are_missing_are_named(line: Project) -> None:
    line.train(epochs=1)
    with pytest.raises(ProjectError, match="needs “x”; what was given has “y”"):
        line.predict({"y": [1]})


def test_a_network_without_loss_or_data_says_so(line: Project) -> None:
    bare = Project(dataclasses.replace(line.sheet, data=None))
    with pytest.raises(ProjectError, match="no data"):
        bare.train()
    loss = line.network.of_role("loss")[0]
    bare = Project(dataclasses.replace(line.sheet, network=edits.remove([loss.id])(line.network)))
    with pytest.raises(ProjectError, match="no loss"):
        bare.train()


def test_a_project_checks_without_its_data(line: Project) -> None:
    _ = line.dataset
    reference = DataReference("file:gone.csv", types=line.dataset.types)
    moved = Project(dataclasses.replace(line.sheet, data=reference), line.path)
    assert moved.check().errors == ()


def test_data_is_found_after_the_project_moves(tmp_path: Path, line: Project) -> None:
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{n},{4 * n}.5\n" for n in range(30)))
    (tmp_path / "inner").mkdir()
    line.sheet = dataclasses.replace(line.sheet, data=DataReference("file:table.csv"))
    line.save()
    line.save(tmp_path / "inner" / "moved.nnstudio")
    assert nns.open(tmp_path / "inner" / "moved.nnstudio").dataset.count("train") > 0


def test_classes_come_with_their_names_and_how_sure_it_is(tmp_path: Path) -> None:
    project = Project.new("small-net")
    project.save(tmp_path / "small.nnstudio")
    project.train(epochs=15)
    assert project.evaluate("test")["accuracy"] > 0.9
    columns = project.dataset.fields["features"].columns
    low = {name: [float(np.min(project.dataset.columns[name].values))] for name in columns}
    high = {name: [float(np.max(project.dataset.columns[name].values))] for name in columns}
    (benign,), (malignant,) = project.predict(low), project.predict(high)
    assert benign["answer"]["class"] == "benign"
    assert malignant["answer"]["class"] == "malignant"
    assert benign["answer"]["probability"] > 0.8
    assert sum(benign["answer"]["probabilities"].values()) == pytest.approx(1.0)


def test_the_builder_compiles_to_a_module() -> None:
    import torch

    net = nns.Network()
    image = net.add("Input", field="image", shape=(1, 8, 8))
    net.add("Output", net.add("Linear", net.add("Flatten", image), out_features=10, name="scores"))
    model = nns.compile(net, seed=1)
    assert isinstance(model, torch.nn.Module)
    assert model(torch.zeros(5, 1, 8, 8)).shape == (5, 10)
    assert set(model.state_dict()) == {"scores.weight", "scores.bias"}


def png(pixels: np.ndarray, color: int = 0, filter: int = 0) -> bytes:
    """A PNG of these bytes, height × row, each row with the same filter (0: none, 1: difference to the left)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    step = {0: 1, 2: 3, 6: 4}[color]
    height, stride = pixels.shape
    rows = pixels.copy()
    if filter == 1:
        rows[:, step:] = pixels[:, step:] - pixels[:, :-step]
    elif filter == 2:
        rows[1:] = pixels[1:] - pixels[:-1]
    raw = b"".join(bytes([filter]) + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", stride // step, height, 8, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("filter", [0, 1, 2])
@pytest.mark.parametrize(("color", "channels"), [(0, 1), (2, 3)])
def test_a_png_is_read_as_it_is(filter: int, color: int, channels: int) -> None:
    pixels = np.arange(6 * 5 * channels, dtype=np.uint8).reshape(6, 5 * channels) * 7
    picture = read_png(png(pixels, color, filter), "a.png")
    expected = pixels.reshape(6, 5, channels).transpose(2, 0, 1) / np.float32(255)
    assert np.allclose(picture, expected)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", png(np.zeros((4, 4), np.uint8))[:50]])
def test_a_broken_png_is_said(content: bytes) -> None:
    with pytest.raises(ProjectError, match=r"a\.png"):
        read_png(content, "a.png")


def test_a_picture_is_fitted_by_means_of_areas() -> None:
    picture = np.kron(np.arange(6.0).reshape(1, 2, 3), np.ones((1, 10, 10)))
    assert np.allclose(fitted(picture, 1, 2, 3), np.arange(6.0).reshape(1, 2, 3))


def test_inputs_of_each_kind_are_read_alike(tmp_path: Path) -> None:
    project = Project.new("digits-mlp")
    dataset, needed = project.dataset, project.input_fields()
    assert needed == ("image",)
    picture = dataset.columns["image"].values[0]
    np.savez(tmp_path / "a.npz", image=picture[None])
    np.save(tmp_path / "a.npy", picture[None])
    (tmp_path / "a.png").write_bytes(png((picture[0] / 16 * 255).round().astype(np.uint8)))
    (tmp_path / "a.json").write_text(f'{{"image": {picture.tolist()}}}')
    paths = [str(tmp_path / f"a.{ending}") for ending in ("npz", "npy", "png", "json")]
    encoded = [dataset.encode(rows)["image"] for rows in read_inputs(paths, dataset, needed)]
    for other in encoded[1:]:
        assert np.allclose(encoded[0], other, atol=1 / 255)


@pytest.mark.parametrize("text", ["none.csv", '{"x": NaN}', '{"x": 1', "[]", "[1, 2]"])
def test_an_input_that_is_none_is_said(text: str, line: Project) -> None:
    with pytest.raises(ProjectError):
        read_inputs([text], line.dataset, ("x",))
