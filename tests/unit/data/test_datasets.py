"""What a data set gives to training, to prediction and to the data dock."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.data import ColumnChoice, DataError, DataReference, Split, open_data, shipped, shipped_reference
from nnstudio.data.preparation import Preparation
from nnstudio.resources import resource_path


@pytest.mark.parametrize("id", [id for id, _, _ in shipped()])
def test_every_array_has_the_type_that_is_promised(id):
    data = open_data(shipped_reference(id))
    for split in ("train", "validation", "test"):
        for name, kind in data.types.items():
            array = data.arrays(split)[name]
            assert array.shape == kind.shape({"N": data.count(split)})
            assert str(array.dtype) == kind.dtype
            assert array.flags.c_contiguous
            assert data.arrays(split)[name] is array
    assert data.warnings == ()


def test_the_digits_are_pictures_between_0_and_1_with_ten_classes():
    data = open_data(shipped_reference("digits"))
    assert data.total == 1797
    assert str(data.types["image"]) == "N×1×8×8 (batch, channel, height, width) float32"
    assert data.types["label"].classes == 10
    images = data.arrays("train")["image"]
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert set(np.unique(images * 16).tolist()) <= set(range(17))
    assert data.pictures([0, 5]).shape == (2, 8, 8)
    assert data.fields["label"].role == "target"


def test_iris_has_four_features_and_three_species():
    data = open_data(shipped_reference("iris"))
    assert data.types["features"].sizes[1:] == (4,)
    assert data.fields["species"].classes == ("setosa", "versicolor", "virginica")
    features = data.arrays("train")["features"]
    assert np.allclose(features.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(features.std(axis=0), 1, atol=1e-5)
    assert data.summary("species").classes["setosa"] == {"train": 35, "validation": 8, "test": 7}


def test_breast_cancer_has_two_classes_as_codes_and_as_a_number():
    data = open_data(shipped_reference("breast_cancer"))
    assert data.fields["diagnosis"].classes == ("benign", "malignant")
    arrays = data.arrays("test")
    assert np.array_equal(arrays["diagnosis_01"][:, 0], arrays["diagnosis"].astype("f4"))


def test_the_line_is_all_trained_on_as_it_is():
    data = open_data(shipped_reference("line"))
    arrays = data.arrays("train")
    assert [data.count(split) for split in ("train", "validation", "test")] == [5, 0, 0]
    assert sorted(arrays["x"][:, 0].tolist()) == [0, 1, 2, 3, 4]
    assert np.array_equal(arrays["y"], 4 * arrays["x"])


def test_the_shipped_files_are_those_that_scikit_learn_has():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = np.load(resource_path("datasets", "digits.npz"), allow_pickle=False)
    assert np.array_equal(digits["image"], datasets.load_digits().images)
    iris = open_data(shipped_reference("iris"))
    assert np.array_equal(
        np.stack([iris.columns[name].values for name in iris.fields["features"].columns], 1), datasets.load_iris().data
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=30), st.integers(0, 100))
def test_what_stands_in_other_rows_changes_nothing_in_training(tmp_path_factory, others, seed):
    path = tmp_path_factory.mktemp("data") / "t.csv"
    rows = [(i * 0.5, "ab"[i % 2], i * 0.25) for i in range(60)]
    split = Split(seed=seed, stratify=False)

    def training(changed):
        path.write_text("a,kind,y\n" + "".join(f"{a!r},{k},{y!r}\n" for a, k, y in changed))
        choices = {"y": ColumnChoice(kind="number", role="target"), "a": ColumnChoice(kind="number")}
        return open_data(DataReference.file(path, split=split, fields=choices))

    before = training(rows)
    kept = set(before.indices("train").tolist())
    changed = [row if i in kept else (others[i % 30], row[1], others[-1 - i % 30]) for i, row in enumerate(rows)]
    after = training(changed)
    for name in before.types:
        assert np.array_equal(before.arrays("train")[name], after.arrays("train")[name])
    assert before.prepared.to_json() == after.prepared.to_json()


def test_new_rows_are_encoded_as_the_training_rows_were():
    data = open_data(shipped_reference("breast_cancer"))
    row = int(data.indices("test")[3])
    names = data.fields["features"].columns
    given_ = {name: [float(data.columns[name].values[row])] for name in names}
    assert np.allclose(data.encode(given_)["features"], data.arrays("test")["features"][3:4])
    as_texts = {name: [str(values[0])] for name, values in given_.items()}
    assert np.allclose(data.encode(as_texts)["features"], data.arrays("test")["features"][3:4])
    assert data.encode({**given_, names[0]: [None]})["features"][0, 0] == 0.0


def test_predictions_become_values_again():
    iris = open_data(shipped_reference("iris"))
    assert iris.decode("species", np.array([[0.1, 0.2, 3.0]])) == ["virginica"]
    assert iris.decode("species", np.array([1, 0])) == ["versicolor", "setosa"]
    lengths = iris.decode("sepal_length", iris.arrays("train")["sepal_length"])
    assert np.allclose(lengths, iris.columns["sepal_length"].values[iris.indices("train")], atol=1e-5)
    vector = iris.decode("features", iris.arrays("train")["features"][:2])
    assert vector[1]["sepal_length"] == pytest.approx(lengths[1], abs=1e-5)
    cancer = open_data(shipped_reference("breast_cancer"))
    assert cancer.decode("diagnosis_01", np.array([[0.2], [0.9]])) == ["benign", "malignant"]


def test_one_picture_is_encoded_as_it_stands_in_the_file():
    digits = open_data(shipped_reference("digits"))
    row = int(digits.indices("train")[0])
    picture = digits.columns["image"].values[row, 0]
    assert np.array_equal(digits.encode({"image": [picture]})["image"], digits.arrays("train")["image"][:1])
    with pytest.raises(DataError, match="“image” must be 1×8×8 a sample, not 1×4×4"):
        digits.encode({"image": [np.zeros((1, 4, 4))]})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"weight": [1]}, "None of the given columns"),
        ({"sepal_length": [1], "sepal_width": [1, 2]}, "as many values"),
        ({"sepal_length": ["long"]}, "must be a number, not 'long'"),
    ],
)
def test_rows_that_cannot_be_are_refused(rows, message):
    with pytest.raises(DataError, match=message):
        open_data(shipped_reference("iris")).encode(rows)


@pytest.mark.parametrize("id", ["digits", "iris", "breast_cancer", "line"])
def test_the_preparation_can_be_saved_without_the_data(id):
    data = open_data(shipped_reference(id))
    read = Preparation.from_json(json.loads(json.dumps(data.prepared.to_json())))
    assert read == data.prepared
    assert read.types == data.types
    with pytest.raises(DataError, match="cannot be read"):
        Preparation.from_json({"columns": [{"name": "x", "colour": 1}]})


def test_a_column_is_summed_up():
    data = open_data(shipped_reference("line"))
    summed = data.summary("y", bins=4)
    assert (summed.count, summed.missing, summed.mean, summed.minimum, summed.maximum) == (5, 0, 8.0, 0.0, 16.0)
    assert summed.quantiles[0.5] == 8.0
    assert summed.counts.tolist() == [1, 1, 1, 2]
    assert len(summed.edges) == 5
    assert data.cells(3, 99) == [("3", "12"), ("4", "16")]


def test_a_missing_file_says_where_it_was_looked_for(tmp_path):
    reference = DataReference("file:data/gone.csv")
    with pytest.raises(DataError, match="gone.csv” is not at .*data.*move it back there or choose it again") as caught:
        open_data(reference, tmp_path)
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(DataError, match="is a folder"):
        open_data(DataReference.file(tmp_path))


def test_a_shipped_set_that_there_is_not_is_refused():
    with pytest.raises(DataError, match="No data set called 'cats'"):
        open_data(DataReference("shipped:cats"))


def test_a_file_that_has_changed_is_told_and_moves_with_its_project(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "t.csv").write_text("a,y\n1,2.5\n2,3.5\n3,4.5\n4,4.75\n5,8.5\n6,9.5\n7,7.5\n8,1.5\n")
    reference = open_data(DataReference.file(tmp_path / "a" / "t.csv", tmp_path / "a"), tmp_path / "a").reference
    (tmp_path / "a").rename(tmp_path / "b")
    assert open_data(reference, tmp_path / "b").warnings == ()
    (tmp_path / "b" / "t.csv").write_text("a,y\n1,2.5\n2,3.5\n3,4.5\n4,4.75\n5,8.5\n6,9.5\n7,7.5\n8,9.5\n")
    assert any("has changed since" in warning for warning in open_data(reference, tmp_path / "b").warnings)


def test_progress_goes_from_0_to_1():
    seen: list[float] = []
    open_data(shipped_reference("iris"), progress=seen.append)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


def test_references_are_light_and_data_needs_neither_torch_nor_qt():
    code = (
        "import sys, nnstudio.data as d\n"
        "assert not {'numpy', 'polars', 'torch'} & sys.modules.keys()\n"
        "d.open_data(d.shipped_reference('iris')); d.open_data(d.shipped_reference('digits'))\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('torch', 'PySide6', 'sklearn')]\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


def test_an_array_in_a_row_is_told_by_its_size(tmp_path):
    np.savez(tmp_path / "a.npz", features=np.zeros((4, 9)), window=np.zeros((4, 3, 2)), answer=np.arange(4) % 2)
    data = open_data(DataReference.file(tmp_path / "a.npz"))
    assert data.cells(0, 1)[0][:2] == ("9 numbers", "3×2")
