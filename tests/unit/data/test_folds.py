"""Splits by group, and the folds of a cross-validation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.data import DataError, DataReference, Split, open_data, splitting
from nnstudio.data.splitting import folded, split_rows

ROWS = np.arange(300)


@settings(max_examples=12)
@given(seed=st.integers(0, 1000), groups=st.integers(3, 80), stratify=st.booleans(), few=st.sampled_from([20_000, 0]))
def test_no_group_is_in_two_parts_and_parts_have_about_their_share(seed, groups, stratify, few):
    random = np.random.default_rng(seed)
    of = random.integers(-1, groups, len(ROWS))
    classes = random.integers(0, 3, len(ROWS))
    before, splitting.MOST_GROUPS = splitting.MOST_GROUPS, few
    try:
        parts = split_rows(Split(seed=seed, stratify=stratify), ROWS, classes, groups=of)
    finally:
        splitting.MOST_GROUPS = before
    assert sorted(np.concatenate(list(parts.values())).tolist()) == ROWS.tolist()
    seen = [set(of[rows][of[rows] >= 0].tolist()) for rows in parts.values()]
    assert sum(map(len, seen)) == len(set().union(*seen))
    largest = np.bincount(of[of >= 0]).max()
    assert abs(len(parts["train"]) - 0.7 * len(ROWS)) <= 2 * largest + 2


@settings(max_examples=12)
@given(folds=st.integers(2, 9), seed=st.integers(0, 99), kind=st.sampled_from(["plain", "classes", "groups"]))
def test_each_row_is_tested_once_and_never_trained_on_then(folds, seed, kind):
    classes = ROWS % 7 // 3
    groups = ROWS // 5 if kind == "groups" else None
    tested = []
    for fold in range(folds):
        split = Split(seed=seed, stratify=kind == "classes")
        parts = folded(split, ROWS, fold, folds, classes, None, groups)
        tested += parts["test"].tolist()
        assert not set(parts["test"]) & (set(parts["train"]) | set(parts["validation"]))
        assert len(parts["train"]) + len(parts["validation"]) + len(parts["test"]) == len(ROWS)
        assert 0 < len(parts["validation"]) < len(parts["train"])
        if groups is not None:
            assert not set(groups[parts["test"]]) & set(groups[np.concatenate([parts["train"], parts["validation"]])])
        if kind == "classes":
            assert np.ptp(np.bincount(classes[parts["test"]]) - np.bincount(classes) / folds) <= 2
    assert sorted(tested) == ROWS.tolist()


def test_by_time_a_fold_is_tested_after_all_it_was_trained_on():
    times = np.random.default_rng(0).permutation(len(ROWS)).astype(float)
    for fold in range(4):
        parts = folded(Split(by_time=True), ROWS, fold, 4, None, times)
        assert times[parts["train"]].max() < times[parts["validation"]].min()
        assert times[parts["validation"]].max() < times[parts["test"]].min()
        assert len(parts["test"]) == 60


def test_too_few_rows_or_groups_for_the_folds_are_told():
    with pytest.raises(DataError, match="3 rows are too few for 5 folds"):
        folded(Split(), np.arange(3), 0, 5)
    with pytest.raises(DataError, match="fewer groups than 5 folds"):
        folded(Split(), ROWS, 0, 5, None, None, ROWS // 100)


def test_folds_of_a_data_set_learn_from_their_own_training_rows(tmp_path):
    path = tmp_path / "t.csv"
    random = np.random.default_rng(0)
    rows = [f"{random.normal():.3f},p{i // 4},{'ab'[i % 2]}" for i in range(120)]
    path.write_text("\n".join(["a,person,class", *rows]))
    data = open_data(DataReference.file(path, split=Split(group="person")))
    folds = list(data.folds(3))
    held = set(data.indices("test").tolist())
    assert len({fold.prepared.columns["a"].mean for fold in folds}) == 3
    tested = np.concatenate([fold.indices("test") for fold in folds])
    assert sorted([*tested.tolist(), *held]) == list(range(120))
    for fold in folds:
        persons = [set(fold.columns["person"].values[fold.indices(part)]) for part in ("train", "test")]
        assert not persons[0] & persons[1]
    with pytest.raises(DataError, match="“town” should name the group of each row, but there is none"):
        open_data(data.reference.with_(split=Split(group="town")))
