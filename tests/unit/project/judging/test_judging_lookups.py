"""Attributions of codes, however the network looks them up: they add up to what the score rose by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import DataReference, Split
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.judging import explaining
from nnstudio.project.judging.explaining import Explained
from nnstudio.project.judging.judge import Judge

CODES, STEPS, ROWS = 9, 6, 12


def judge_of(look_up: Callable[[NetworkBuilder, Any], Any]) -> Judge:
    """Of a network that makes vectors of a text's codes so, and scores of those by a crooked way."""
    random = np.random.default_rng(3)
    columns = {
        "text": Column("text", "codes", random.integers(1, CODES, (ROWS, STEPS)), size=CODES),
        "label": Column("label", "category", np.arange(ROWS) % 2, ("dull", "bright"), "target"),
    }
    dataset = Dataset(DataReference("file:none", split=Split.everything()), Source(columns, ROWS, False, {}), "texts")
    net = NetworkBuilder()
    text, label = net.add("Input", field="text"), net.add("Input", field="label")
    bent = net.add("Tanh", net.add("Flatten", look_up(net, text)))
    scores = net.add("Linear", bent, out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label)
    net.add("Output", scores, name="answer")
    return Judge(compile_network(net.network, dataset.types, seed=2), dataset)


def cut(net: NetworkBuilder, text: Any) -> Any:
    return net.add("Embedding", net.add("Slice", text, axis=1, start=2), embedding_dim=3)


def twice(net: NetworkBuilder, text: Any) -> Any:
    first, second = (net.add("Embedding", text, embedding_dim=wide) for wide in (3, 2))
    return net.add("Concatenate", first, second, axis=2)


def tied(net: NetworkBuilder, text: Any) -> Any:
    found = net.add("TiedEmbedding", text, embedding_dim=3)
    return net.add("TiedLinear", found, found.table)


def backwards(net: NetworkBuilder, text: Any) -> Any:
    return net.add("Embedding", net.add("Flip", text, axis=1), embedding_dim=3)


def total(found: Explained) -> float:
    return sum(float(part.values.sum()) for part in found.parts)


@pytest.mark.parametrize("look_up", [cut, twice, tied, backwards])
def test_they_add_up_to_what_the_score_rose_by(look_up: Callable[..., Any]) -> None:
    found = explaining.explained(judge_of(look_up), 3, "gradients", "train", code=1, steps=100)
    assert abs(found.score - found.baseline) > 0.01
    assert total(found) == pytest.approx(found.score - found.baseline, abs=1e-3)


@pytest.mark.parametrize("way", ["gradients", "saliency", "occlusion"])
def test_a_code_that_is_cut_off_gives_nothing_and_the_others_stand_in_their_places(way: str) -> None:
    (part,) = explaining.explained(judge_of(cut), 3, way, "train", code=1).parts
    assert part.values.shape == (STEPS,)
    assert (part.values[:2] == 0).all()
    assert (part.values[2:] != 0).all()


def test_what_is_read_backwards_is_told_forwards() -> None:
    """The last code alone counts where only the first of those that are read does."""

    def first(net: NetworkBuilder, text: Any) -> Any:
        return net.add("Slice", backwards(net, text), axis=1, end=1)

    (part,) = explaining.explained(judge_of(first), 3, "gradients", "train", code=1).parts
    assert np.flatnonzero(part.values).tolist() == [STEPS - 1]


def test_codes_that_no_table_is_asked_for_promise_no_sum() -> None:
    found = explaining.explained(judge_of(lambda net, text: net.add("OneHot", text)), 3, "gradients", "train", code=1)
    assert found.baseline != found.baseline
    assert np.isfinite(found.parts[0].values).all()
