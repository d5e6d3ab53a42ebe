"""Figures of a network's answers: as scikit-learn works them out, or by hand."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics

from nnstudio.data import open_data
from nnstudio.data.reference import DataReference
from nnstudio.project.errors import ProjectError
from nnstudio.project.judging import classes, curves, numbers, slices
from nnstudio.project.judging.intervals import of_mean, of_share
from nnstudio.project.judging.judge import Judge, Judged
from nnstudio.project.judging.subjects import Subject
from nnstudio.project.judging.telling import answer_texts
from nnstudio.train.evaluate import evaluate


def test_the_loss_of_each_row_is_its_own_and_their_mean_is_the_split_s(kinds: Judge) -> None:
    judged = kinds.judged("test")
    by_hand = -np.log(judged.shares[np.arange(len(judged.target)), judged.target])
    np.testing.assert_allclose(judged.losses, by_hand, rtol=1e-5)
    assert judged.losses.mean() == pytest.approx(evaluate(kinds.compiled, kinds.dataset, "test")["loss"], rel=1e-5)
    assert judged.losses[judged.worst].tolist() == sorted(judged.losses.tolist(), reverse=True)


def test_weights_of_classes_do_not_change_the_loss_of_a_row(judge) -> None:  # type: ignore[no-untyped-def]
    made = judge("kind", [[-1.5, 0.9], [0.2, -0.1], [1.4, -1.0]], [0.3, 0.2, -0.6])
    judged = made.judged("test")
    loss = next(module for module in made.compiled.modules.values() if hasattr(module, "reduction"))
    import torch

    loss.weight = torch.tensor([1.0, 5.0, 2.0])
    again = Judge(made.compiled, made.dataset).judged("test")
    np.testing.assert_allclose(again.losses, judged.losses, rtol=1e-5)


def test_a_split_is_asked_once_and_progress_is_told(kinds: Judge) -> None:
    told: list[float] = []
    first = kinds.judged("train", progress=told.append)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert kinds.judged("train", progress=lambda _: pytest.fail("asked again")) is first


def test_what_progress_raises_ends_the_work_and_nothing_is_kept(kinds: Judge) -> None:
    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        kinds.judged("test", progress=stop)
    assert kinds.known("test") is None


def test_confusion_and_figures_by_class_are_scikit_learn_s(kinds: Judge) -> None:
    judged = kinds.judged("train")
    matrix = classes.confusion(judged)
    assert (matrix.among(range(3)) == metrics.confusion_matrix(judged.target, judged.predicted)).all()
    precision, recall, f1, count = metrics.precision_recall_fscore_support(judged.target, judged.predicted)
    found = classes.by_class(matrix)
    np.testing.assert_allclose([each.precision for each in found], precision)
    np.testing.assert_allclose([each.recall for each in found], recall)
    np.testing.assert_allclose([each.f1 for each in found], f1)
    assert [each.count for each in found] == count.tolist()
    assert [each.name for each in found] == ["low", "middle", "top"]
    np.testing.assert_allclose(
        [each.iou for each in found], metrics.jaccard_score(judged.target, judged.predicted, average=None)
    )


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("size", [1, 2, 7, 100, 101])
def test_as_many_are_counted_in_each_cell_whatever_the_training_asks_for(
    kinds: Judge, size: int, strict: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "_AT_ONCE", 50_000)  # several times
    random, none = np.random.default_rng(size), np.zeros(0)
    target, said = random.integers(-1, size, (300, 4)), random.integers(0, size, (300, 4))
    subject = replace(kinds.judged("train").subject, kind="places", classes=tuple(map(str, range(size))))
    judged = Judged(subject, "train", np.arange(300), np.zeros(300), target, said, np.zeros((300, 0)), none, none)
    expected = np.zeros((size, size), np.int64)
    np.add.at(expected, (target[target >= 0], said[target >= 0]), 1)
    torch.use_deterministic_algorithms(strict)
    try:
        assert (classes.confusion(judged).among(range(size)) == expected).all()
    finally:
        torch.use_deterministic_algorithms(False)


def test_of_fifty_thousand_classes_only_the_pairs_that_occur_are_counted(kinds: Judge) -> None:
    size, random = 50_000, np.random.default_rng(3)
    target = random.integers(0, size, (200, 50))
    said = np.where(random.random(target.shape) < 0.7, target, random.integers(0, size, target.shape))
    said[0, 0] = size - 1
    subject = replace(kinds.judged("train").subject, kind="places", classes=tuple(map(str, range(size))))
    none = np.zeros(0)
    judged = Judged(subject, "train", np.arange(200), np.zeros(200), target, said, np.zeros((200, 0)), none, none)
    tracemalloc.start()
    matrix = classes.confusion(judged)
    found = classes.by_class(matrix)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**20, "all pairs would take 20 GB"
    assert classes.accuracy(matrix) == pytest.approx((target == said).mean())
    assert int(matrix.times.sum()) == target.size
    code = int(target[3, 4])
    assert found[code].count == (target == code).sum()
    assert matrix.among([code, int(said[3, 4])]).sum() >= 1


def test_behind_each_cell_are_its_rows_the_worst_first(kinds: Judge) -> None:
    judged = kinds.judged("train")
    counts = classes.confusion(judged).among(range(3))
    for true in range(3):
        for said in range(3):
            found = classes.behind(judged, true, said)
            assert len(found) == counts[true, said]
            assert (judged.target[found] == true).all()
            assert (judged.predicted[found] == said).all()
            assert (np.diff(judged.losses[found]) <= 0).all()


def test_a_class_without_a_score_is_never_predicted_and_has_curves(kinds: Judge) -> None:
    judged = kinds.judged("test")
    short = replace(judged, shares=judged.shares[:, :2])  # the last class is ignored by the loss and has no score
    found = curves.curves(short, 2)
    assert found.positives == int((judged.target == 2).sum())
    assert found.at(0.5).hits == 0
    assert found.area.value == pytest.approx(0.5)


@pytest.mark.parametrize("ignored", [1, -100])
def test_rows_whose_class_does_not_count_are_in_no_figure(kinds: Judge, ignored: int) -> None:
    """As the loss leaves them out: a class of the data, or a code that is none."""
    whole = kinds.judged("train")
    kinds.subjects = (replace(kinds.subjects[0], ignored=ignored),)
    kinds._judged.clear()
    if ignored < 0:
        codes = kinds.dataset.arrays("train")["kind"]
        kinds.dataset._arrays["train"] = {**kinds.dataset.arrays("train"), "kind": np.where(codes == 1, -100, codes)}
    judged = kinds.judged("train")
    kept = whole.target != 1
    assert judged.counted.tolist() == kept.tolist()
    target, said = whole.target[kept], whole.predicted[kept]
    found = classes.confusion(judged)
    expected = metrics.confusion_matrix(target, said, labels=[0, 1, 2])
    assert (found.among(range(3)) == expected).all()
    share = (target == said).mean()
    assert classes.accuracy(found) == pytest.approx(share)
    every = slices.sliced(judged, kinds.dataset, "region").whole
    assert (every.count, every.figures["accuracy"].value) == (len(whole.rows), pytest.approx(share))
    assert classes.calibration(judged).counts.sum() == kept.sum()
    area = curves.curves(judged, 2).area.value
    assert area == pytest.approx(metrics.roc_auc_score(target == 2, whole.shares[kept, 2]))
    assert set(np.flatnonzero(~judged.right)) == set(np.flatnonzero((whole.target != whole.predicted) & kept))
    assert answer_texts(judged, int(np.flatnonzero(~kept)[0]))[0] == "does not count"


def test_curves_are_scikit_learn_s_for_each_class_against_the_rest(kinds: Judge) -> None:
    judged = kinds.judged("train")
    for code in range(3):
        found, is_ = curves.curves(judged, code), judged.target == code
        assert found.area.value == pytest.approx(metrics.roc_auc_score(is_, judged.shares[:, code]))
        assert found.average_precision == pytest.approx(metrics.average_precision_score(is_, judged.shares[:, code]))
        assert found.area.low < found.area.value < found.area.high
        false_rate, recall, _ = metrics.roc_curve(is_, judged.shares[:, code], drop_intermediate=False)
        np.testing.assert_allclose(found.recall, recall)
        np.testing.assert_allclose(found.false_rate, false_rate)


def test_a_threshold_gives_what_counting_gives(kinds: Judge) -> None:
    judged = kinds.judged("train")
    found, is_, shares = curves.curves(judged, 2), judged.target == 2, judged.shares[:, 2]
    for threshold in (0.0, 0.25, 0.5, float(shares[3]), 0.99, 1.5):
        said, at = shares >= np.float64(threshold), found.at(threshold)
        assert (at.hits, at.false_alarms) == ((said & is_).sum(), (said & ~is_).sum())
        assert (at.missed, at.passed) == ((~said & is_).sum(), (~said & ~is_).sum())
        assert at.accuracy == pytest.approx((said == is_).mean())
    best = found.at(found.best()).f1
    assert best == pytest.approx(metrics.f1_score(is_, shares >= found.best()))
    assert best >= max(metrics.f1_score(is_, shares >= threshold) for threshold in np.unique(shares)[::8])


def test_calibration_counts_by_hand(kinds: Judge) -> None:
    judged = kinds.judged("train")
    found = classes.calibration(judged, bins=5)
    certainty, error = judged.shares.max(axis=1).astype(np.float64), 0.0
    for place in range(5):
        inside = (certainty > place / 5) & (certainty <= (place + 1) / 5)
        assert found.counts[place] == inside.sum()
        if inside.any():
            assert found.right[place] == pytest.approx(judged.right[inside].mean())
            error += inside.mean() * abs(judged.right[inside].mean() - certainty[inside].mean())
    assert found.error == pytest.approx(error)


def test_numbers_are_judged_in_their_own_unit(amounts: Judge) -> None:
    judged = amounts.judged("train")
    raw = amounts.dataset.columns["amount"].values[amounts.dataset.indices("train")]
    np.testing.assert_allclose(judged.target[:, 0], raw, rtol=1e-4)
    found = numbers.number_figures(judged)
    assert found.r2 == pytest.approx(metrics.r2_score(judged.target, judged.predicted))
    assert found.absolute == pytest.approx(metrics.mean_absolute_error(judged.target, judged.predicted), rel=1e-5)
    assert found.root == pytest.approx(metrics.root_mean_squared_error(judged.target, judged.predicted), rel=1e-5)
    predicted, errors = numbers.residuals(judged, numbers.cells(judged))
    assert found.bias == pytest.approx(errors.mean(), rel=1e-4)
    edges, counts = numbers.error_histogram(errors)
    assert counts.sum() == len(predicted)
    assert edges[0] == -edges[-1]


def test_intervals_are_those_of_the_books() -> None:
    share = of_share(8, 10)
    assert (share.low, share.high) == pytest.approx((0.4901625, 0.9433178))
    for count in range(1, 200):
        assert (of_share(0, count).low, of_share(count, count).high) == (0.0, 1.0)
    mean = of_mean(np.array([1.0, 2.0, 3.0, 4.0]))
    assert (mean.value, mean.high - mean.low) == pytest.approx((2.5, 2 * 1.959964 * 0.6454972))


def test_slices_hold_each_row_once_and_the_worst_group_comes_first(kinds: Judge) -> None:
    judged = kinds.judged("train")
    for column in ("class", "region", "a"):
        found = slices.sliced(judged, kinds.dataset, column)
        assert sorted(place for each in found.slices for place in each.places.tolist()) == list(range(len(judged.rows)))
        values = [each.figures["accuracy"].value for each in found.slices]
        assert values == sorted(values)
        for each in found.slices:
            assert each.figures["accuracy"].value == pytest.approx(judged.right[each.places].mean())
            assert each.figures["accuracy"].low <= each.figures["accuracy"].value <= each.figures["accuracy"].high
    regions = {each.name: each for each in slices.sliced(judged, kinds.dataset, "region").slices}
    north = kinds.dataset.columns["region"].values[judged.rows[regions["north"].places]]
    assert {kinds.dataset.columns["region"].categories[code] for code in north.tolist()} == {"north"}


def test_numbers_are_sliced_by_their_error_the_greatest_first(amounts: Judge) -> None:
    judged = amounts.judged("train")
    found = slices.sliced(judged, amounts.dataset, "a")
    assert found.figure == "absolute error"
    values = [each.figures["absolute error"].value for each in found.slices]
    assert values == sorted(values, reverse=True)
    assert len(found.slices) == slices.RANGES


def test_a_column_with_one_group_in_what_is_judged_is_not_offered(kinds: Judge) -> None:
    judged = kinds.judged("train")
    region = kinds.dataset.columns["region"].values[judged.rows]
    one = replace(judged, rows=judged.rows[region == region[0]])
    offered, left = (set(slices.columns_to_slice(each, kinds.dataset)) for each in (judged, one))
    assert {"a", "region"} <= offered
    assert offered - left == {"region"}
    nothing = replace(kinds.dataset.columns["a"], values=np.full(240, np.nan))
    assert not slices._differs(nothing, judged.rows)
    assert slices._differs(replace(nothing, values=np.array([1.0, *np.full(239, np.nan)])), np.arange(240))


def test_bias_between_groups_of_two_classes_is_the_difference_of_their_shares(table: Path) -> None:
    reference = DataReference.file(table).with_choice("kind", role="ignored").with_choice("amount", role="ignored")
    dataset = open_data(reference.with_choice("region", role="target"))
    target, region = np.array([1, 1, 0, 0, 1, 0] * 10), np.array([0, 0, 0, 1, 1, 1] * 10)
    said = np.where(region == 0, 1, np.arange(60) % 4 == 3).astype(np.int64)
    shares = np.stack([1 - said, said], axis=1).astype(np.float32)
    rows = np.array([np.flatnonzero(dataset.columns["region"].values == code)[place] for place, code in
                     enumerate(region)])  # fmt: skip
    subject = Subject("answer", "classes", "softmax", "", "", ("", ""), ("", ""), "", ("refused", "given"))
    none = np.zeros(0)
    judged = Judged(subject, "test", rows, np.zeros(60), target, said, shares, none, none)
    found = slices.sliced(judged, dataset, "region")
    gap = found.gap("predicted share")
    assert gap is not None
    given = said[region == 1].mean()
    assert (gap.least, gap.most) == ("south", "north")
    assert gap.difference == pytest.approx(1 - given)
    assert gap.ratio == pytest.approx(given)


def test_a_column_that_is_none_is_said_with_the_nearest_name(kinds: Judge) -> None:
    judged = kinds.judged("test")
    with pytest.raises(ProjectError, match="did you mean “region”"):
        slices.sliced(judged, kinds.dataset, "regions")
    with pytest.raises(ProjectError, match="There is no figure “charm”"):
        slices.sliced(judged, kinds.dataset, "region", "charm")
