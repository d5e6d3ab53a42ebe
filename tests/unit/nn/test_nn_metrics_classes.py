"""Metrics of classes, vectors and sequences say what scikit-learn or torchmetrics says, fed in batches of any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn
from torchmetrics.functional import classification
from torchmetrics.functional.text import perplexity

from nnstudio import nn

AVERAGES = ["macro", "micro", "weighted"]


def fed(metric: Any, *tensors: torch.Tensor) -> float:
    """The metric after batches of five, the last first."""
    starts = range(0, len(tensors[0]), 5)
    for start in reversed(starts):
        metric.update(*(tensor[start : start + 5] for tensor in tensors))
    return float(metric.compute())


@pytest.fixture
def scores() -> torch.Tensor:
    return 3 * torch.randn(43, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randint(0, 3, (43,), generator=torch.Generator().manual_seed(2))  # the fourth never occurs


@pytest.mark.parametrize("average", AVERAGES)
def test_shares_of_classes(scores: torch.Tensor, codes: torch.Tensor, average: str) -> None:
    best = scores.argmax(1)
    for made, expected in (
        (nn.F1, sklearn.f1_score), (nn.Precision, sklearn.precision_score), (nn.Recall, sklearn.recall_score),
    ):  # fmt: skip
        known = expected(codes, best, average=average, zero_division=0)
        assert fed(made(4, average=average), scores, codes) == pytest.approx(known)
        assert fed(made(4, average=average, axis=-1), scores[:, None], codes[:, None]) == pytest.approx(known)


def test_one_class_and_yes(scores: torch.Tensor, codes: torch.Tensor) -> None:
    expected = sklearn.f1_score(codes, scores.argmax(1), average=None)[2]
    assert fed(nn.F1(4, average="one class", code=2), scores, codes) == pytest.approx(expected)
    yes = nn.F1(2, average="one class", threshold=0.5)
    expected = sklearn.f1_score(codes == 1, scores[:, 0] > 0.5)
    assert fed(yes, scores[:, :1], (codes == 1).float()[:, None]) == pytest.approx(expected)


def test_overlap_of_areas(scores: torch.Tensor, codes: torch.Tensor) -> None:
    pictures, masks = scores[:40].T.reshape(4, 5, 8).movedim(0, 1), codes[:40].reshape(5, 8)
    each = sklearn.jaccard_score(masks.flatten(), pictures.argmax(1).flatten(), average=None)
    assert fed(nn.MeanIoU(4), pictures, masks) == pytest.approx(each.mean())
    assert fed(nn.MeanIoU(4, background=False), pictures, masks) == pytest.approx(each[1:].mean())
    assert fed(nn.MeanIoU(5), torch.cat((pictures, pictures[:, :1] - 1), 1), masks) == pytest.approx(each.mean())


def test_a_confusion_matrix_in_one_number(scores: torch.Tensor, codes: torch.Tensor) -> None:
    expected = classification.multiclass_matthews_corrcoef(scores, codes, 4)
    assert fed(nn.MatthewsCorrelation(4), scores, codes) == pytest.approx(float(expected), abs=1e-6)
    yes = codes == 1
    expected = sklearn.matthews_corrcoef(yes, scores[:, 0] > 0.2)
    assert fed(nn.MatthewsCorrelation(2, threshold=0.2), scores[:, :1], yes.float()) == pytest.approx(expected)
    assert fed(nn.MatthewsCorrelation(4), scores, torch.ones_like(codes)) == 0


def test_classes_are_counted_as_torchmetrics_counts_them(scores: torch.Tensor, codes: torch.Tensor) -> None:
    marked = torch.where(torch.arange(43) % 5 == 0, torch.tensor(-1), codes)
    for ignored, target in ((None, codes), (-1, marked), (2, codes)):
        metric = nn.F1(4, ignore_index=ignored)
        fed(metric, scores, target)
        assert torch.equal(
            metric.counts, classification.multiclass_confusion_matrix(scores, target, 4, ignore_index=ignored)
        )


def test_a_class_of_one_in_a_million_counts_in_the_confusion_matrix() -> None:
    metric, rare, rest = nn.MatthewsCorrelation(2), 10, 10_000_000
    counts = torch.tensor([[rest, rare], [rare // 2, rare // 2]]).double()
    (right, alarms), (missed, found) = counts.tolist()
    apart = (found + alarms) * (found + missed) * (right + alarms) * (right + missed)
    assert metric.figure(counts) == pytest.approx((found * right - alarms * missed) / math.sqrt(apart), rel=1e-9)


def test_areas_under_curves(scores: torch.Tensor, codes: torch.Tensor) -> None:
    yes = codes == 1
    far = 50 * scores[:, 0]  # further than a sigmoid can tell apart
    far[3] = far[7]
    assert fed(nn.ROCAUC(None), far, yes.float()) == pytest.approx(sklearn.roc_auc_score(yes, far))
    expected = sklearn.average_precision_score(yes, far)
    assert fed(nn.AveragePrecision(None), far[:, None], yes) == pytest.approx(expected)
    assert fed(nn.ROCAUC(), scores[:, :2], yes.long()) == pytest.approx(
        sklearn.roc_auc_score(yes, scores[:, 1] - scores[:, 0])
    )
    shares, three = scores[:, :3].softmax(1), scores[:, :3]
    expected = sklearn.roc_auc_score(codes, shares, multi_class="ovr")
    assert fed(nn.ROCAUC(), three, codes) == pytest.approx(expected, rel=1e-5)
    assert fed(nn.ROCAUC(probabilities=True), shares, codes) == pytest.approx(expected, rel=1e-5)


def test_one_kind_alone_has_no_area() -> None:
    assert math.isnan(fed(nn.ROCAUC(None), torch.randn(7), torch.ones(7)))
    assert math.isnan(fed(nn.AveragePrecision(), torch.randn(7, 3), torch.ones(7, dtype=torch.int64)))


def test_calibration(scores: torch.Tensor, codes: torch.Tensor) -> None:
    expected = classification.multiclass_calibration_error(scores.softmax(1), codes, 4, n_bins=10)
    assert fed(nn.CalibrationError(10), scores, codes) == pytest.approx(float(expected), abs=1e-6)
    expected = classification.binary_calibration_error(scores[:, 0].sigmoid(), (codes == 1).long(), n_bins=10)
    found = fed(nn.CalibrationError(10, axis=None), scores[:, :1], (codes == 1).float())
    assert found == pytest.approx(float(expected), abs=1e-6)


def test_perplexity(scores: torch.Tensor, codes: torch.Tensor) -> None:
    steps, target = scores[:40].reshape(8, 5, 4), codes[:40].reshape(8, 5).clone()
    target[:, 4] = -100
    expected = perplexity(steps, target, ignore_index=-100)
    assert fed(nn.Perplexity(axis=-1, ignore_index=-100), steps, target) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(
    "metric",
    [
        lambda **more: nn.Accuracy(axis=-1, **more), lambda **more: nn.Perplexity(axis=-1, **more),
        lambda **more: nn.F1(4, axis=-1, **more), lambda **more: nn.CalibrationError(axis=-1, **more),
        lambda **more: nn.ROCAUC(-1, **more),
    ],
)  # fmt: skip
def test_what_fills_up_does_not_count(metric: Any, scores: torch.Tensor, codes: torch.Tensor) -> None:
    steps, target = scores[:40].reshape(8, 5, 4), codes[:40].reshape(8, 5)
    padding = torch.arange(5) >= torch.tensor([5, 3, 1, 4, 2, 5, 3, 2])[:, None]
    expected = metric()
    expected.update(steps[~padding][:, None], target[~padding][:, None])
    assert fed(metric(), steps, target, padding) == pytest.approx(expected.compute())
    marked = torch.where(padding, torch.tensor(-1), target)
    assert fed(metric(ignore_index=-1), steps, marked) == pytest.approx(expected.compute())


def test_errors_of_sequences_that_are_filled_up() -> None:
    prediction, target = torch.randn(2, 4, 3, 2)
    padding = torch.tensor([[False, False, True], [False, True, True], [True, True, True], [False, False, False]])
    assert fed(nn.MAE(), prediction, target, padding) == pytest.approx(
        float((prediction - target)[~padding].abs().mean())
    )


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_neighbours_of_the_same_class(k: int, distance: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, codes = torch.randn(30, 5), torch.arange(30) % 7
    codes[29] = 99  # alone in its class: nothing to be found
    hits = []
    for row in range(29):
        far = sklearn.pairwise_distances(vectors[row : row + 1], vectors, metric=distance)[0]
        far[row] = np.inf
        hits.append(bool((codes[np.argsort(far)[:k]] == codes[row]).any()))
    monkeypatch.setattr(nn.RecallAtK, "_AT_ONCE", 100)
    assert fed(nn.RecallAtK(k, distance), vectors, codes) == pytest.approx(np.mean(hits))


def test_equal_errors() -> None:
    distance = torch.tensor([0.1, 0.2, 0.3, 0.9, 0.15, 0.8, 0.85, 0.95]) * 1000
    same = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0])
    assert fed(nn.EqualErrorRate(), distance, same) == 0.25  # one of four is refused, one of four let pass
    assert fed(nn.EqualErrorRate(distance=False), -distance, 2 * same - 1) == 0.25
    assert fed(nn.EqualErrorRate(), torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([1, 1, 0, 0])) == 0


def test_counting_does_not_wait_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> None:
        raise AssertionError("a value was fetched")

    scores, codes, padding = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2]), torch.zeros(6, dtype=torch.bool)
    made = [nn.Accuracy(), nn.F1(3), nn.MeanIoU(3), nn.CalibrationError(), nn.Perplexity()]
    for name in ("item", "__float__", "__bool__", "tolist", "cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, name, wait)
    for metric in made:
        metric.update(scores, codes, padding)
        metric.update(scores, codes)
