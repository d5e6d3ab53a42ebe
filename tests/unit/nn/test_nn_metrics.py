"""Metrics say what scikit-learn says of the same numbers, fed in batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn

from nnstudio import nn


def fed(metric: Any, prediction: np.ndarray, target: np.ndarray) -> float:
    """The metric after batches of five."""
    for start in range(0, len(target), 5):
        metric.update(torch.from_numpy(prediction[start : start + 5]), torch.from_numpy(target[start : start + 5]))
    return float(metric.compute())


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("top_k", [1, 2])
def test_accuracy_of_classes(random: np.random.Generator, top_k: int) -> None:
    scores, target = random.normal(size=(23, 4)).astype("float32"), random.integers(0, 4, 23)
    expected = sklearn.top_k_accuracy_score(target, scores, k=top_k, labels=range(4))
    assert fed(nn.Accuracy(top_k), scores, target) == pytest.approx(expected)


def test_accuracy_of_every_step_of_a_sequence(random: np.random.Generator) -> None:
    scores, target = random.normal(size=(6, 3, 9)).astype("float32"), random.integers(0, 3, (6, 9))
    expected = sklearn.accuracy_score(target.ravel(), scores.argmax(1).ravel())
    assert fed(nn.Accuracy(), scores, target) == pytest.approx(expected)


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_accuracy_of_yes_or_no(random: np.random.Generator, threshold: float) -> None:
    scores, target = random.normal(size=(23, 1)).astype("float32"), random.integers(0, 2, 23)
    expected = sklearn.accuracy_score(target, scores[:, 0] > threshold)
    assert fed(nn.BinaryAccuracy(threshold), scores, target) == pytest.approx(expected)
    assert fed(nn.BinaryAccuracy(threshold), scores, target[:, None].astype("float32")) == pytest.approx(expected)


def test_errors_of_numbers(random: np.random.Generator) -> None:
    prediction, target = random.normal(size=(2, 23, 3)).astype("float32")
    assert fed(nn.MAE(), prediction, target) == pytest.approx(sklearn.mean_absolute_error(target, prediction))
    expected = math.sqrt(sklearn.mean_squared_error(target, prediction))
    assert fed(nn.RMSE(), prediction, target) == pytest.approx(expected)
    assert fed(nn.R2(), prediction, target) == pytest.approx(sklearn.r2_score(target, prediction), rel=1e-5)


def test_r2_of_large_numbers_that_differ_little_keeps_its_digits(random: np.random.Generator) -> None:
    target = (20_000 + random.integers(-40, 40, (2000, 1))).astype("float32")
    prediction = (target + random.integers(-9, 9, (2000, 1))).astype("float32")
    expected = sklearn.r2_score(target.astype("float64"), prediction.astype("float64"))
    assert fed(nn.R2(), prediction, target) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_r2_is_the_same_in_any_unit(random: np.random.Generator, scale: float) -> None:
    target = scale * random.normal(size=(23, 2))
    prediction = target + 1e-4 * scale * random.normal(size=(23, 2))
    expected = sklearn.r2_score(target, prediction)
    assert expected < 1
    assert 1 - fed(nn.R2(), prediction, target) == pytest.approx(1 - expected, rel=1e-4)


def test_r2_takes_no_harm_from_a_batch_without_rows(random: np.random.Generator) -> None:
    found, true = (torch.from_numpy(random.random((9, 2))) for _ in range(2))
    metric = nn.R2()
    for rows in (slice(0, 0), slice(0, 2), slice(2, 2), slice(2, 9)):
        metric.update(found[rows], true[rows])
    assert metric.compute() == pytest.approx(sklearn.r2_score(true, found), rel=1e-5)


def test_r2_of_a_target_that_never_varies() -> None:
    target = np.full((8, 1), 3.25, "float32")
    assert fed(nn.R2(), target, target) == sklearn.r2_score(target, target) == 1.0
    assert fed(nn.R2(), target + 1, target) == sklearn.r2_score(target, target + 1) == 0.0


@pytest.mark.parametrize("metric", [nn.Accuracy(), nn.BinaryAccuracy(), nn.MAE(), nn.RMSE(), nn.R2()])
def test_nothing_seen_is_no_number(metric: Any) -> None:
    assert math.isnan(metric.compute())


def test_update_does_not_wait_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> None:
        raise AssertionError("a value was fetched")

    prediction, target = torch.randn(6, 3), torch.randn(6, 3)
    codes = torch.tensor([0, 1, 2, 0, 1, 2])
    made = [(nn.Accuracy(), prediction, codes), (nn.MAE(), prediction, target), (nn.R2(), prediction, target)]
    for name in ("item", "__float__", "__bool__", "tolist", "cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, name, wait)
    for metric, given, expected in made:
        metric.update(given, expected)
        metric.update(given, expected)


def test_metrics_have_nothing_to_save() -> None:
    for metric in (nn.Accuracy(), nn.MAE(), nn.R2()):
        metric.update(torch.zeros(4, 2), torch.zeros(4, 2) if not isinstance(metric, nn.Accuracy) else torch.zeros(4))
        assert not metric.state_dict()
