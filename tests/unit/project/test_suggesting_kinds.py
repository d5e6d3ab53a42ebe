"""A network is suggested for every kind of input and target, and for several of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import DataReference, describe_file, open_data
from nnstudio.data.steps.numbers import Scale
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest

RANDOM = np.random.default_rng(0)
SHAPED = {
    "vector": RANDOM.normal(size=(40, 7)).astype(np.float32),
    "steps": RANDOM.normal(size=(40, 12, 4)).astype(np.float32),
    "picture": RANDOM.normal(size=(40, 3, 16, 16)).astype(np.float32),
    "mask": RANDOM.integers(0, 3, (40, 16, 16)).astype(np.uint8),
    "volume": RANDOM.normal(size=(40, 1, 8, 8, 8)).astype(np.float32),
}


def shaped(tmp_path: Path, **columns: np.ndarray) -> DataReference:
    """Arrays, of which `answer…` are to be predicted and `mask…` are masks."""
    path = tmp_path / "made.npz"
    np.savez(path, **columns)
    reference = DataReference.file(path)
    for name in columns:
        kind = "mask" if "mask" in name else "auto"
        reference = reference.with_choice(name, kind=kind, role="target" if name.startswith("answer") else "input")
    return reference


@pytest.mark.parametrize("answer", SHAPED)
@pytest.mark.parametrize("read", SHAPED)
def test_every_kind_of_array_is_answered_from_every_other(tmp_path: Path, read: str, answer: str) -> None:
    reference = shaped(tmp_path, **{f"read {read}": SHAPED[read], f"answer {answer}": SHAPED[answer]})
    found = suggest(open_data(reference))
    project = Project(found.sheet)
    assert project.check().problems == ()
    project.train(epochs=1)
    assert np.isfinite(project.evaluate("test")["loss"])


@pytest.mark.parametrize("read", ["mask", "steps"])
def test_a_mask_and_a_sequence_alone_are_rebuilt_as_such(tmp_path: Path, read: str) -> None:
    project = Project(suggest(open_data(shaped(tmp_path, **{read: SHAPED[read]}))).sheet)
    assert project.check().problems == ()
    project.train(epochs=1)
    (output,) = project.network.of_role("output")
    assert output.layer.kind == {"mask": "mask", "steps": "values"}[read]


def test_all_targets_are_answered_also_where_one_is_a_mask(tmp_path: Path) -> None:
    arrays = {"picture": SHAPED["picture"], "answer mask": SHAPED["mask"], "answer": np.arange(40) % 3}
    found = suggest(open_data(shaped(tmp_path, **arrays)))
    kinds = [node.layer.kind for node in found.sheet.network.of_role("output")]
    assert sorted(kinds) == ["class scores", "mask"]
    inputs = [node.layer.field for node in found.sheet.network.of_role("input")]
    assert len(inputs) == len(set(inputs)) == 3, "each field is brought in once"


def test_an_input_that_is_not_read_is_told(tmp_path: Path) -> None:
    arrays = {"picture": SHAPED["picture"], "other": SHAPED["vector"], "answer mask": SHAPED["mask"]}
    told = suggest(open_data(shaped(tmp_path, **arrays))).told
    assert any("is not read; add layers for it" in each for each in told)


def test_several_numbers_are_told_in_the_unit_of_the_file(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)
    y = (1000 + 50 * x).astype(np.float32)
    reference = shaped(tmp_path, x=x, answer=y).with_(steps=(Scale(columns=("answer",)),))
    project = Project(suggest(open_data(reference)).sheet)
    project.train(epochs=40)
    (field,) = [name for name, known in project.dataset.fields.items() if known.role == "input"]
    said = project.predict({project.dataset.takes(field)[0]: x[:5].tolist()})
    assert np.array([each["answer"]["value"] for each in said]) == pytest.approx(y[:5], abs=100), "not as it is scaled"


def test_a_sequence_of_numbers_is_told_in_the_unit_of_the_file(tmp_path: Path) -> None:
    steps = 1000 + 50 * SHAPED["steps"]
    reference = shaped(tmp_path, x=SHAPED["steps"], answer=steps).with_(steps=(Scale(columns=("answer",)),))
    project = Project(suggest(open_data(reference)).sheet)
    project.train(epochs=1)
    said = np.array(project.predict({"x": SHAPED["steps"][:2].tolist()})[0]["answer"]["value"])
    assert said.shape == (12, 4)
    assert 700 < said.min() < said.max() < 1300


def test_a_text_is_written_also_where_no_other_text_is_read(tmp_path: Path) -> None:
    says = {"cat": "it says meow loudly", "dog": "this one barks at night"}
    kinds = ["cat" if place % 3 else "dog" for place in range(300)]
    path = tmp_path / "said.csv"
    path.write_text("size,kind,said\n" + "\n".join(f"{n % 7}.5,{kind},{says[kind]}" for n, kind in enumerate(kinds)))
    reference = describe_file(path).with_choice("said", kind="text", role="target")
    project = Project(suggest(open_data(reference)).sheet)
    project.train(epochs=8)
    for kind, text in says.items():
        assert project.predict({"size": ["1.5"], "kind": [kind]})[0]["answer"]["text"] == text


def test_single_words_that_recur_are_classes_however_many(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = tmp_path / "many.csv"
    rows = [f"{random.normal():.3f},c{n % 900}" for n in range(2000)]
    path.write_text("a,answer\n" + "\n".join(rows))
    found = suggest(open_data(describe_file(path).with_choice("answer", role="target")))
    (output,) = found.sheet.network.of_role("output")
    assert output.layer.kind == "class scores"
    assert len(found.dataset.fields["answer"].classes) == 900
