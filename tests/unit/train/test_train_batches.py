"""Batches: every row once an epoch, in an order that the seed decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.compile.lower import Compiled
from nnstudio.train import batches as batches_module
from nnstudio.train.batches import Batches, Rows, batch_sizes
from nnstudio.train.environment import TrainingError
from nnstudio.train.evaluate import evaluate, predict

CPU = torch.device("cpu")


@given(st.integers(1, 500), st.integers(1, 600))
def test_batches_take_every_row_once_and_no_sample_stands_alone(rows: int, size: int) -> None:
    sizes = batch_sizes(rows, size)
    assert sum(sizes) == rows
    assert max(sizes) <= size + 1
    if rows > 1 and size > 1:
        assert min(sizes) > 1


@pytest.fixture
def make_batches(make_blobs: Any, make_classifier: Callable[..., Compiled]) -> Callable[..., Batches]:
    def make(rows: int = 53, size: int = 8, seed: int = 0) -> Batches:
        blobs = make_blobs(train=rows)
        blobs.splits["train"]["label"] = torch.arange(rows).numpy()
        inputs = make_classifier().inputs
        return Batches(Rows(inputs, blobs.arrays("train"), rows, CPU), size, seed)

    return make


def order(batches: Batches, epoch: int, start: int = 0) -> list[int]:
    return torch.cat([batch[1] for batch in batches.epoch(epoch, start)]).tolist()


def test_an_epoch_is_every_row_in_an_order_of_its_own(make_batches: Any) -> None:
    first, second = order(make_batches(), 0), order(make_batches(), 1)
    assert sorted(first) == sorted(second) == list(range(53))
    assert first != second
    assert order(make_batches(), 0) == first
    assert order(make_batches(seed=1), 0) != first


@pytest.mark.parametrize("window", [1, 100, 1000, 1 << 20])
def test_windows_and_the_place_to_begin_change_nothing(
    window: int, make_batches: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = order(make_batches(), 3)
    monkeypatch.setattr(batches_module, "WINDOW", window)
    made = make_batches()
    assert order(made, 3) == expected
    for start in range(made.steps_per_epoch):
        assert order(made, 3, start) == expected[start * 8 :]


def test_rows_of_the_inputs_belong_together(make_batches: Any) -> None:
    made = make_batches()
    for x, label in made.epoch(0):
        assert torch.equal(x, made.source.tensors["x"][label])


def test_evaluation_does_not_depend_on_how_rows_are_cut(
    blobs: Any, make_classifier: Callable[..., Compiled], monkeypatch: pytest.MonkeyPatch, bodies: Any
) -> None:
    compiled = make_classifier(bodies["rich"])
    whole = evaluate(compiled, blobs, "train")
    monkeypatch.setattr(batches_module, "EVALUATION_ROWS", 7)
    assert evaluate(compiled, blobs, "train") == pytest.approx(whole, rel=1e-5)
    assert set(whole) == {"loss", "entropy", "accuracy"}
    assert compiled.training.training


def test_a_split_without_rows_has_no_figures(make_blobs: Any, make_classifier: Callable[..., Compiled]) -> None:
    assert evaluate(make_classifier(), make_blobs(test=0), "test") == {}


def test_predictions_come_row_by_row_and_need_no_target(blobs: Any, make_classifier: Callable[..., Compiled]) -> None:
    compiled = make_classifier()
    x = blobs.arrays("test")["x"]
    answer = predict(compiled, {"x": x})["answer"]
    assert answer.shape == (10, 2)
    compiled.model.eval()
    assert torch.allclose(torch.from_numpy(answer), compiled.model(torch.from_numpy(x)))


def test_a_prediction_without_its_field_names_it(blobs: Any, make_classifier: Callable[..., Compiled]) -> None:
    with pytest.raises(TrainingError, match="“x”"):
        predict(make_classifier(), {"label": blobs.arrays("test")["label"]})
