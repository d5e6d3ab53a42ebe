"""Rows that a prediction is asked for and cannot be read, or lack what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.data import describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.errors import DataError
from nnstudio.data.steps.texts import Tokens
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.errors import ProjectError
from nnstudio.project.predicting import predicted


@pytest.fixture
def reviews(tmp_path: Path) -> Dataset:
    """Texts, a category and a number each."""
    words = ("good fine film", "bad dull film", "what a great play", "a poor play indeed")
    lines = (f"{words[i % 4]} {i},{'uv'[i % 2]},{i}.5,{'yn'[i % 2]}" for i in range(40))
    (tmp_path / "t.csv").write_text("text,place,size,liked\n" + "\n".join(lines) + "\n")
    reference = describe_file(tmp_path / "t.csv")
    reference = reference.with_choice("text", kind="text").with_choice("liked", role="target")
    return open_data(reference.with_(steps=(Tokens(column="text"),), types={}))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, r"“text” must be a text, not \{\}; give a text or leave it empty"),
        (True, r"“text” must be a text, not True; give a text or leave it empty"),
        (["a", "b"], r"“text” must be a text, not \['a', 'b'\]; give a text or leave it empty"),
    ],
)
def test_what_is_no_text_is_no_text(reviews: Dataset, value: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        reviews.encode({"text": [value], "place": ["u"], "size": [1]})


@pytest.mark.parametrize("value", ["good", "", None, 7, 2.5, np.str_("fine")])
def test_texts_numbers_and_nothing_are_texts(reviews: Dataset, value: Any) -> None:
    assert reviews.encode({"text": [value], "place": ["u"], "size": [1]})


@pytest.mark.parametrize("value", [{}, ["u"]])
def test_an_object_or_a_list_is_no_class(reviews: Dataset, value: Any) -> None:
    with pytest.raises(DataError, match="“place” must be one of its classes, not .*; give one as a text"):
        reviews.encode({"text": ["good"], "place": [value], "size": [1]})


def test_all_columns_that_are_missing_are_named(reviews: Dataset) -> None:
    net = NetworkBuilder()
    text = net.add("Flatten", net.add("Embedding", net.add("Input", field="text", name="t"), embedding_dim=4))
    parts = net.add("Concatenate", text, net.add("Input", field="features", name="x"))
    net.add("Output", net.add("Linear", parts, out_features=1), kind="values", name="answer")
    compiled = compile_network(net.network, reviews.types)
    with pytest.raises(ProjectError, match=r"The prediction needs place, size; what was given has text\."):
        predicted(net.network, compiled, reviews, {"text": ["good"]})
    with pytest.raises(ProjectError, match=r"The prediction needs text, place, size; what was given has size\."):
        predicted(net.network, compiled, reviews, {"size": [1]})


@pytest.mark.parametrize("value", [1e300, -1e300, float("inf"), 10**39])
def test_a_number_of_an_array_that_is_too_large_counts_as_missing(value: float, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", x=rows, label=np.arange(40) % 2)
    dataset = open_data(describe_file(tmp_path / "rows.npz"))
    wanted = dataset.encode({"features": [[np.nan, 1, 2]]})["features"]
    half = [np.array([[np.inf, 1, 2]], np.float16)] if value == np.inf else []
    for given in ([[value, 1, 2]], np.array([[value, 1, 2]], np.float64), *half):
        assert np.array_equal(dataset.encode({"features": given})["features"], wanted)
