"""The loss of a split is the mean over what counts in it, however its rows are cut into batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train import batches
from nnstudio.train.evaluate import evaluate

ROWS, STEPS, CODES = 130, 12, 9


class Sentences:
    """Codes of sequences of 1 to 12 steps, the rest 0; where a step fills up, ``padding`` is true."""

    def __init__(self) -> None:
        random = np.random.default_rng(5)
        lengths = np.sort(random.integers(1, STEPS + 1, ROWS))[::-1]  # the last batches hold far fewer
        fills = np.arange(STEPS) >= lengths[:, None]
        codes = np.where(fills, 0, random.integers(1, CODES, (ROWS, STEPS)))
        self.fields = {
            "given": codes.astype(np.int64), "next": np.where(fills, 0, (codes * 2) % (CODES - 1) + 1).astype(np.int64),
            "padding": fills, "value": random.normal(size=(ROWS, STEPS, 1)).astype(np.float32),
        }  # fmt: skip
        self.types = {
            "given": TensorType.of("N T", "N", STEPS, dtype="int64", classes=CODES),
            "next": TensorType.of("N T", "N", STEPS, dtype="int64", classes=CODES),
            "padding": TensorType.of("N T", "N", STEPS, dtype="bool"),
            "value": TensorType.of("N T F", "N", STEPS, 1),
        }

    def count(self, split: str) -> int:
        return ROWS

    def arrays(self, split: str) -> dict[str, Any]:
        return self.fields


def language_model(loss: str, data: Sentences, **options: Any) -> Compiled:
    net = NetworkBuilder()
    given, following, padding = (net.add("Input", field=name, name=name) for name in ("given", "next", "padding"))
    inside = net.add("Embedding", given, embedding_dim=6)
    scores = net.add("Linear", inside, out_features=CODES)
    if loss == "CrossEntropyLoss":
        net.add(loss, net.add("Permute", scores, order=(2, 1)), following, name="surprise", **options)
    else:
        net.add(loss, scores, following, name="surprise", **options)
    net.add("MSELoss", net.add("Linear", inside, out_features=1), net.add("Input", field="value", name="value"),
            padding, name="apart", weight=0.5)  # fmt: skip
    net.add("Output", scores, name="answer")
    return compile_network(net.network, data.types, seed=0)


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("SequenceCrossEntropyLoss", {}),
        ("SequenceCrossEntropyLoss", {"class_weights": tuple(1.0 + code for code in range(CODES))}),
        ("CrossEntropyLoss", {"ignore_index": 0}),
        ("CrossEntropyLoss", {"class_weights": tuple(1.0 + code for code in range(CODES))}),
        ("FocalLoss", {"ignore_index": 0}),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 7, 64, ROWS])
def test_the_batch_size_changes_no_figure(
    loss: str, options: dict[str, Any], batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Sentences()
    compiled = language_model(loss, data, **options)
    whole = compiled.training(*(torch.from_numpy(data.fields[spec.field]) for spec in compiled.inputs))
    expected = {compiled.name(id): float(whole[id].detach()) for id in compiled.losses}
    monkeypatch.setattr(batches, "EVALUATION_ROWS", 1)
    found = evaluate(compiled, data, "test", batch_size=batch_size)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    assert found["loss"] == pytest.approx(expected["surprise"] + 0.5 * expected["apart"], rel=1e-5)


def test_a_split_in_which_nothing_counts_has_a_loss_of_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Sentences()
    data.fields["next"][:], data.fields["padding"][:] = 0, True
    monkeypatch.setattr(batches, "EVALUATION_ROWS", 1)
    found = evaluate(language_model("SequenceCrossEntropyLoss", data), data, "test", batch_size=7)
    assert found["loss"] == 0
