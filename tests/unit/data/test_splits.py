"""Splits: every row in one part, shares kept within classes, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.data import Split
from nnstudio.data.splitting import split_rows

#: What seed 7 makes of ten rows.
PINNED = {"train": [6, 3, 4, 9, 0, 2, 8], "validation": [5, 7], "test": [1]}
SHARES = st.floats(0.0, 1.0, allow_nan=False)
SPLIT = st.builds(
    Split, train=st.floats(0.05, 1.0), validation=SHARES, test=SHARES, seed=st.integers(0, 2**31 - 1),
    stratify=st.booleans(), by_time=st.booleans(),
)  # fmt: skip


def numbers(parts) -> dict[str, list[int]]:
    return {name: rows.tolist() for name, rows in parts.items()}


@settings(max_examples=200, deadline=None)
@given(split=SPLIT, classes=st.lists(st.integers(0, 4), min_size=1, max_size=200))
def test_every_usable_row_is_in_exactly_one_part(split, classes):
    usable = np.flatnonzero(np.arange(len(classes)) % 7 != 3) if len(classes) > 4 else np.arange(len(classes))
    parts = split_rows(split, usable, np.array(classes))
    assert sorted(np.concatenate(list(parts.values())).tolist()) == usable.tolist()
    assert len(parts["train"]) >= 1
    assert numbers(parts) == numbers(split_rows(split, usable, np.array(classes)))


@settings(max_examples=200, deadline=None)
@given(
    split=SPLIT.map(lambda s: s.with_(stratify=True, by_time=False)), counts=st.lists(st.integers(2, 80), min_size=1)
)
def test_each_class_has_its_share_of_each_part(split, counts):
    classes = np.repeat(np.arange(len(counts)), counts)
    parts = split_rows(split, np.arange(len(classes)), classes)
    for name, share in zip(("train", "validation", "test"), split.shares, strict=True):
        for code, count in enumerate(counts):
            part = int((classes[parts[name]] == code).sum())
            assert abs(part - share * count) <= 1 + 1e-6
            assert part == 0 or share > 0


def test_a_share_of_nothing_gets_no_rows_and_everything_is_trained_on():
    parts = split_rows(Split.everything(), np.arange(5))
    assert [len(parts[name]) for name in ("train", "validation", "test")] == [5, 0, 0]


def test_the_split_of_a_seed_never_changes():
    """These numbers are in projects that people have saved."""
    parts = split_rows(Split(seed=7, stratify=False), np.arange(10))
    assert numbers(parts) == PINNED
    assert numbers(split_rows(Split(seed=8, stratify=False), np.arange(10))) != PINNED


def test_by_time_the_latest_rows_are_tested():
    times = np.array([5.0, 1.0, np.nan, 3.0, 2.0, 4.0, 0.0, 6.0, 8.0, 7.0])
    parts = split_rows(Split(by_time=True, train=0.6, validation=0.2, test=0.2), np.arange(10), times=times)
    assert numbers(parts) == {"train": [6, 1, 4, 3, 5, 0], "validation": [7, 9], "test": [8, 2]}
    rows = split_rows(Split(by_time=True, train=0.5, validation=0.0, test=0.5), np.arange(4))
    assert numbers(rows) == {"train": [0, 1], "validation": [], "test": [2, 3]}


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_few_rows_go_to_training_first(rows):
    parts = split_rows(Split(train=0.1, validation=0.45, test=0.45), np.arange(rows), np.zeros(rows, dtype=np.int64))
    assert len(parts["train"]) == min(rows, 1)
