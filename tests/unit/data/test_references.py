"""The data reference: what a project file says of its data."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.data import ColumnChoice, DataError, DataReference, Split
from nnstudio.layers.params import ParameterError
from nnstudio.layers.types import TensorType

FULL = DataReference(
    "file:data/t.csv", "ab" * 32, {"delimiter": ";", "header": True, "pixel_max": 16},
    {"a": ColumnChoice(kind="number", role="target", scaling="none")}, Split(seed=3, by_time=True),
    {"a": TensorType.of("N F", "N", 1), "label": TensorType.of("N", "N", dtype="int64", classes=3)},
)  # fmt: skip


def test_it_is_read_back_as_it_was_written():
    assert DataReference.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL
    assert hash(copy.deepcopy(FULL)) == hash(pickle.loads(pickle.dumps(FULL))) == hash(FULL)
    assert DataReference.from_json({"source": "shipped:iris"}) == DataReference("shipped:iris")


@pytest.mark.parametrize(
    "change",
    [
        {"source": 5}, {"source": "http://example.org/x.csv"}, {"source": "file:"}, {"source": "file:a\0b"},
        {"sha256": None}, {"options": []}, {"options": {"delimiter": ",,"}}, {"options": {"header": "yes"}},
        {"options": {"colour": 1}}, {"options": {"pixel_max": 0}}, {"fields": {"a": 3}},
        {"fields": {"a": {"kind": "banana"}}}, {"split": {"train": -1}}, {"split": {"train": "all"}},
        {"split": {"share": 1}}, {"types": {"a": {"labels": 1}}}, {"whatever": 1},
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_in_a_sentence(change):
    with pytest.raises(DataError) as caught:
        DataReference.from_json({**FULL.to_json(), **change})
    assert not str(caught.value)[0].islower()
    assert "\n" not in str(caught.value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3)))
def test_what_is_no_object_is_refused(value):
    with pytest.raises(DataError):
        DataReference.from_json(value)


def test_a_path_below_the_project_is_kept_relative(tmp_path):
    inside = DataReference.file(tmp_path / "data" / "t.csv", tmp_path)
    assert inside.source == "file:data/t.csv"
    assert inside.path(tmp_path) == tmp_path / "data" / "t.csv"
    outside = DataReference.file(tmp_path / "t.csv", tmp_path / "project")
    assert outside.path(Path("elsewhere")) == tmp_path / "t.csv"


def test_a_choice_that_is_automatic_again_leaves_no_trace():
    chosen = DataReference("shipped:iris").with_choice("species", kind="text")
    assert chosen.fields["species"].kind == "text"
    assert chosen.with_choice("species", kind="auto") == DataReference("shipped:iris")
    with pytest.raises(ParameterError):
        chosen.with_choice("species", kind="banana")


def test_shares_count_in_proportion():
    assert Split(train=0.4, validation=0.2, test=0.2).shares == (0.5, 0.25, 0.25)
