"""What is exported brings along how rows are prepared: steps with what they learned, then the encoding."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.data import DataReference
from nnstudio.data.preparation import Preparation
from nnstudio.data.steps.numbers import Impute, Scale
from nnstudio.data.steps.texts import Tokens
from nnstudio.export.preparing import KEY, beside, write
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

ROWS = {"words": ["a dog 1", "an unknown elephant"], "size": [2.5, None]}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A trained project on a table with texts and gaps."""
    folder = tmp_path_factory.mktemp("texts")
    lines = [
        f"{'a dog' if n % 2 else 'the cat'} {n % 5},{'' if n % 7 == 0 else n % 3}.5,{'ab'[n % 2]}" for n in range(40)
    ]
    (folder / "texts.csv").write_text("words,size,label\n" + "\n".join(line.replace(",.5,", ",,") for line in lines))
    net = NetworkBuilder()
    words, size = net.add("Input", field="words", name="words"), net.add("Input", field="size", name="size")
    label = net.add("Input", field="label", name="label")
    inside = net.add("Flatten", net.add("Embedding", words, embedding_dim=3, name="embedded"), name="flat")
    both = net.add("Concatenate", inside, size, name="both")
    scores = net.add("Linear", both, out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("Output", scores, name="answer", kind="class scores")
    steps = (Tokens(column="words"), Impute(columns=("size",)), Scale(columns=("size",), how="robust"))
    data = DataReference.file(folder / "texts.csv", options={"format": "csv"}, steps=steps)
    made = Project(Sheet(network=net.network, plan=Plan(epochs=2, threads=1), data=data), folder / "it.nnstudio")
    made.train()
    return made


def expected(project: Project) -> list[float]:
    """The probability of the first class for each row, as the project itself predicts it."""
    return [answer["answer"]["probabilities"]["a"] for answer in project.predict(ROWS)]


def loaded(path: Path) -> Any:
    """The module that a file is."""
    spec = importlib.util.spec_from_file_location("exported_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def probabilities(scores: np.ndarray) -> list[float]:
    return torch.softmax(torch.from_numpy(np.asarray(scores)), 1)[:, 0].tolist()


@pytest.mark.skipif(os.name != "posix", reason="these are no names of files there")
@pytest.mark.parametrize("name", ['my "best" net.py', "it's a\\new {one}.py", 'two\n"lines".py', "\\N.py"])
def test_a_file_of_any_name_loads_and_prepares(project: Project, tmp_path: Path, name: str) -> None:
    project.export(tmp_path / name)
    module = loaded(tmp_path / name)
    arrays = module.prepare(ROWS)
    with torch.no_grad():
        assert module.load()(*map(torch.from_numpy, arrays.values())).shape == (2, 2)


def test_the_python_file_prepares_rows_and_answers_as_the_project(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    project.export(path)
    module = loaded(path)
    arrays = module.prepare(ROWS)
    assert list(arrays) == ["words", "size"]
    with torch.no_grad():
        scores = module.load()(*(torch.from_numpy(array) for array in arrays.values()))
    assert probabilities(scores.numpy()) == pytest.approx(expected(project), abs=1e-5)


def test_onnx_has_it_beside_and_inside(project: Project, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    path, value = tmp_path / "model.onnx", onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    same = onnx.helper.make_node("Identity", ["x"], ["y"])
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([same], "it", [value], [])), str(path))
    frozen = SimpleNamespace(inputs=project.compiled().model_inputs)
    write(project.dataset.prepared, frozen, path, "onnx")
    held = {entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}[KEY]
    written = json.loads(held)
    assert written == json.loads(beside(path).read_text(encoding="utf-8"))
    assert written["columns"] == {"words": ["words"], "size": ["size"]}
    assert Preparation.from_json(written["preparation"]) == project.dataset.prepared


def test_weights_alone_have_it_beside_them_too(project: Project, tmp_path: Path) -> None:
    project.export(tmp_path / "model.safetensors")
    written = json.loads((tmp_path / "model.preparation.json").read_text(encoding="utf-8"))
    assert Preparation.from_json(written["preparation"]) == project.dataset.prepared


def test_a_project_with_steps_is_saved_and_opened_in_its_own_format(project: Project, tmp_path: Path) -> None:
    path = project.save(tmp_path / "steps.nnstudio")
    again = Project.open(path)
    assert again.sheet.data.steps == project.sheet.data.steps
    assert again.dataset.prepared == project.dataset.prepared
