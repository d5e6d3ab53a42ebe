"""Answers that are sequences are told as texts, tags and spans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.data import DataReference, open_data
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import Split
from nnstudio.data.steps import STEPS
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from nnstudio.project.answers import answers
from nnstudio.project.answers_sequences import spans, tokens
from nnstudio.project.predicting import predicted


def test_scores_of_each_place_are_told_by_their_best() -> None:
    layer = load()["Output"](kind="tokens")
    scores = np.eye(5, dtype=np.float32)[[[1, 4, 2, 0]]]
    assert tokens(layer, scores, "", None)[0]["tokens"] == ["1", "4", "2"]


def test_ctc_joins_what_it_reads() -> None:
    layer = load()["Output"](kind="tokens", decoder="ctc")
    scores = 20 * np.eye(6, dtype=np.float32)[[[5, 5, 0, 5, 4, 4]]]
    assert tokens(layer, scores, "", None)[0]["text"] == "5 5 4"


@pytest.mark.parametrize("measured", [False, True])
def test_ctc_reads_no_step_that_only_fills_up(measured: bool) -> None:
    """As many as the loss is told of: by a column, or by a layer that finds out."""
    heard = np.array([[1, 1, 2, 3, 3], [2, 1, 3, 3, 3], [1, 3, 3, 3, 3], [2, 2, 1, 2, 1]])
    steps = np.array([3, 2, 1, 5])
    if measured:
        heard = np.where(np.arange(5) < steps[:, None], heard, 0)
    columns = {
        "heard": Column("heard", "codes", heard, size=4),
        "steps": Column("steps", "category", steps, tuple("012345")),
        "said": Column("said", "codes", np.ones((4, 2), np.int64), role="target", size=4),
    }
    dataset = Dataset(DataReference("file:none", split=Split.everything()), Source(columns, 4, False, {}), "heard")
    net = NetworkBuilder()
    codes = net.add("Input", field="heard")
    scores = net.add("LogSoftmax", net.add("Embedding", codes, embedding_dim=4, name="scores"))
    lengths = net.add("SequenceLengths", net.add("PaddingMask", codes)) if measured else net.add("Input", field="steps")
    net.add("CTCLoss", prediction=scores, target=net.add("Input", field="said"), prediction_lengths=lengths)
    net.add("Output", scores, name="text", kind="tokens", decoder="ctc")
    compiled = compile_network(net.network, dataset.types, seed=0)
    table: Any = next(module for module in compiled.modules.values() if isinstance(module, torch.nn.Embedding))
    with torch.no_grad():
        table.weight.copy_(20 * torch.tensor([[0, 0, 0, 1.0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    rows = {"heard": list(heard), "steps": [str(step) for step in steps]}
    told, _ = predicted(net.network, compiled, dataset, rows)
    assert [each["text"]["tokens"] for each in told] == [["1", "2"], ["2", "1"], ["1"], ["2", "1", "2", "1"]]


@pytest.mark.parametrize("turned", [False, True])
def test_a_span_ends_where_it_begins_or_later(turned: bool) -> None:
    scores = np.zeros((1, 6, 2), np.float32)
    scores[0, 4, 0], scores[0, 1, 1], scores[0, 2, 0], scores[0, 3, 1] = 9.0, 9.5, 8.0, 8.5
    (found,) = spans(scores.swapaxes(1, 2) if turned else scores)
    assert (found["start"], found["end"]) in ((2, 3), (4, 5))
    assert found["start"] <= found["end"]
    assert 0 < found["probability"] < 1
    assert spans(scores[:, :, 0])[0]["place"] == 4


def test_an_embedding_is_told_as_it_is() -> None:
    net = NetworkBuilder()
    net.add("Output", net.add("Input", field="x"), name="out", kind="embedding")
    assert answers(net.network, None, {"out": np.ones((2, 3))}) == [{"out": {"embedding": [1.0, 1.0, 1.0]}}] * 2


def test_codes_are_told_as_the_text_they_stand_for(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("word,kind\n" + "ab,x\nba,y\n" * 5)
    step = STEPS["tokens"].make({"column": "word", "by": "characters", "start": True, "end": True})
    dataset = open_data(DataReference(source=f"file:{path.as_posix()}", steps=(step,)))
    layer = load()["Output"](kind="tokens", feeds="word")
    vocabulary = dataset.prepared.columns["word"].categories
    codes = np.array([[vocabulary.index("b"), vocabulary.index("a"), 0]])
    assert tokens(layer, codes, "word", dataset) == [{"text": "ba", "tokens": ["b", "a"]}]
    scores = np.eye(len(vocabulary), dtype=np.float32)[codes]
    assert tokens(layer, scores, "word", dataset)[0]["text"] == "ba"
    assert tokens(layer, scores.swapaxes(1, 2), "word", dataset)[0]["text"] == "ba"
