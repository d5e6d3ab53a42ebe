"""Masks, boxes and sounds as columns: their types, how they are encoded, told and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import ColumnChoice, DataError, DataReference, open_data
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.objects import packed
from nnstudio.data.preparation import Preparation

CAT = {"class": "cat", "x": 0.5, "y": 0.25, "width": 0.5, "height": 0.25}


def scenes() -> Dataset:
    drawn = np.random.default_rng(0)
    mask = np.zeros((20, 4, 6), np.uint8)
    mask[::2, 1, 2] = 1
    boxes = packed([[(0.5, 0.25, 0.5, 0.25, 0.0)] * (row % 3) for row in range(20)])
    columns = {
        "image": Column("image", "image", drawn.integers(0, 256, (20, 1, 4, 6), np.uint8), divisor=255.0),
        "mask": Column("mask", "mask", mask, ("background", "cell"), role="target"),
        "boxes": Column("boxes", "boxes", boxes, ("cat", "dog"), role="target"),
        "sound": Column("sound", "sound", np.full((20, 1, 8), -(2**15), np.int16), divisor=2.0**15, rate=8000),
    }
    rows = {name: column.values for name, column in columns.items()}
    return Dataset(DataReference("file:scenes"), Source(columns, 20, False, rows), "scenes")


def test_types_say_what_a_network_is_fed() -> None:
    types = scenes().types
    assert [str(size) for size in types["mask"].sizes] == ["N", "4", "6"]
    assert (types["mask"].dtype, types["mask"].classes) == ("int64", 2)
    assert types["boxes"].sizes[1:] == (2, 5)
    assert types["sound"].labels == ("N", "C", "T")
    assert scenes().fields["boxes"].classes == ("cat", "dog")


def test_arrays_are_what_types_promise() -> None:
    data = scenes()
    arrays = data.arrays("train")
    assert arrays["mask"].dtype == np.int64
    assert arrays["boxes"].dtype == np.float32
    assert (arrays["sound"] == -1.0).all()
    assert arrays["image"].max() <= 1.0


def test_predictions_become_values_again() -> None:
    data = scenes()
    scores = np.zeros((1, 2, 4, 6), np.float32)
    scores[0, 1, 0, 0] = 3.0
    assert data.decode("mask", scores)[0].tolist()[0] == [1, 0, 0, 0, 0, 0]
    found = np.array([[[0.5, 0.25, 0.5, 0.25, 0.0, 0.9], [0, 0, 0, 0, -1, 0]]], np.float32)
    assert data.decode("boxes", found) == [[{**CAT, "score": pytest.approx(0.9)}]]


def test_boxes_are_given_as_they_are_told() -> None:
    data = scenes()
    encoded = data.encode({"boxes": [[CAT], []]})["boxes"]
    assert encoded.shape == (2, 2, 5)
    assert data.decode("boxes", encoded) == [[CAT], []]
    with pytest.raises(DataError, match="no class “cow”"):
        data.encode({"boxes": [[{**CAT, "class": "cow"}]]})
    with pytest.raises(DataError, match="shares of the picture"):
        data.encode({"boxes": [[[0.1, 0.2]]]})


def test_what_was_learned_is_saved_and_read() -> None:
    prepared = scenes().prepared
    again = Preparation.from_json(json.loads(json.dumps(prepared.to_json())))
    assert again == prepared
    assert again.columns["sound"].rate == 8000


def test_the_rows_tell_how_many_boxes_and_the_figures_of_which_class() -> None:
    data = scenes()
    assert data.cells(0, 3)[2][2] == "2 boxes"
    sound = data.columns["sound"]
    assert data.cells(0, 1)[0][list(data.columns).index("sound")] == f"{sound.values.shape[-1] / sound.rate:.2f} s"
    assert sum(data.summary("boxes").classes["cat"].values()) == sum(row % 3 for row in range(20))
    assert sum(data.summary("mask").classes["cell"].values()) == 10


def test_an_array_of_a_numpy_file_can_be_said_to_be_masks_boxes_or_sounds(tmp_path: Path) -> None:
    mask, boxes = np.arange(96).reshape(4, 4, 6) % 3, np.zeros((4, 2, 5), np.float32)
    np.savez(tmp_path / "a.npz", m=mask, b=boxes, s=np.zeros((4, 9), np.int16))
    kinds = {name: ColumnChoice.make({"kind": kind}) for name, kind in (("m", "mask"), ("b", "boxes"), ("s", "sound"))}
    data = open_data(DataReference.file(tmp_path / "a.npz", fields=kinds))
    assert data.types["m"].classes == 3
    assert data.types["s"].sizes[1:] == (1, 9)
    with pytest.raises(DataError, match="“s” cannot be boxes"):
        open_data(DataReference.file(tmp_path / "a.npz", fields={"s": ColumnChoice.make({"kind": "boxes"})}))
