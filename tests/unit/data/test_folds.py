"""Splits by group, and the folds of a cross-validation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnstudio.data import DataError, DataReference, Split, open_data, splitting
from nnstudio.data.splitting import folded, split_by_time, split_rows

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


def grouped_over_time(reach: int, groups: int = 20) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times in no order, and groups that begin one after the other and reach over so many rows of time."""
    times = np.random.default_rng(0).permutation(len(ROWS)).astype(float)
    begins = (times // (len(ROWS) / groups)).astype(np.int64)
    late = (times % (len(ROWS) / groups)) < reach
    return times, np.where(late & (begins > 0), begins - 1, begins)


def test_by_time_groups_stay_together_and_those_over_a_border_are_left_out():
    times, groups = grouped_over_time(reach=2)
    told: list[str] = []
    split = Split(by_time=True, train=0.55, validation=0.2, test=0.25)
    parts = split_by_time(split, ROWS, times, None, groups, ("d", "person"), told)
    ends = [(times[rows].min(), times[rows].max()) for rows in parts.values()]
    assert ends[0][1] < ends[1][0] <= ends[1][1] < ends[2][0], "no part begins before the one before it ends"
    held = [set(groups[rows].tolist()) for rows in parts.values()]
    assert sum(map(len, held)) == len(held[0] | held[1] | held[2]), "no group is in two parts"
    left = np.setdiff1d(ROWS, np.concatenate(list(parts.values())))
    crossing = [g for g in range(20) if not any(g in each for each in held)]
    assert set(groups[left].tolist()) == set(crossing)
    assert 1 <= len(crossing) <= 2
    assert told == [
        f"{len(left)} rows are in no part, since groups of “person” reach from the time of one part into that of "
        "another; split by time or by group alone to use all"
    ]


def test_groups_that_all_reach_over_time_are_refused_in_one_sentence(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("person,day,y\n" + "".join(f"p{i % 4},{i},{i * i}\n" for i in range(40)))
    split = Split(by_time=True, time_column="day", group="person")
    with pytest.raises(DataError, match="All groups of “person” reach beyond the time of training.*not by both"):
        open_data(DataReference.file(path, split=split))
    path.write_text("person,day,y\n" + "".join(f"p{i // 4},{i},{i * i}\n" for i in range(40)))
    data = open_data(DataReference.file(path, split=split))
    people = [set(data.columns["person"].values[data.indices(part)].tolist()) for part in ("train", "test")]
    assert all(people)
    assert not people[0] & people[1]


def test_by_time_no_group_of_a_fold_that_is_tested_was_trained_on():
    times, groups = grouped_over_time(reach=3)
    for fold in range(4):
        parts = folded(Split(by_time=True), ROWS, fold, 4, None, times, groups)
        seen = np.concatenate([parts["train"], parts["validation"]])
        assert times[seen].max() < times[parts["test"]].min()
        assert not set(groups[seen]) & set(groups[parts["test"]])
        assert len(parts["train"])
    with pytest.raises(DataError, match="Fold 1 has no group that ends before it"):
        folded(Split(by_time=True), ROWS, 0, 4, None, times, ROWS % 3)
