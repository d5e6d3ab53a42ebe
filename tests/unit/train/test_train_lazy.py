"""Data that is read while training: the same run as from memory, bit for bit."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.data.lazy import Lazy, Picked, Stored
from nnstudio.train import batches
from nnstudio.train.events import EpochEnded, Event, Steps
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan
from tests.unit.train.conftest import Blobs, classifier, rich_body


class Counted(Lazy):
    """An array that counts how often it is read, and in which threads."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.reads, self.threads, self.rows = 0, set[str](), list[int]()

    def take(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        self.reads += 1
        self.rows.append(len(rows))
        self.threads.add(threading.current_thread().name.partition("_")[0])
        return self.array[rows]


class LazyBlobs(Blobs):
    def __init__(self) -> None:
        super().__init__()
        self.lazy = {split: Counted(fields["x"]) for split, fields in self.splits.items()}

    def arrays(self, split: str) -> Mapping[str, np.ndarray[Any, Any]]:
        return {**self.splits[split], "x": cast("np.ndarray[Any, Any]", self.lazy[split])}


def told(events: list[Event]) -> tuple[list[float], list[Any]]:
    losses = np.concatenate([event.losses for event in events if isinstance(event, Steps)]).tolist()
    return losses, [event.validation for event in events if isinstance(event, EpochEnded)]


def test_a_run_on_data_that_is_read_is_the_run_on_data_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "READ_WINDOW", 16 * 4 * 8)  # two batches at a time
    plan, lazy = Plan(epochs=3, batch_size=8), LazyBlobs()
    read = told(list(run(classifier(rich_body), lazy, plan)))
    assert read == told(list(run(classifier(rich_body), Blobs(), plan)))
    assert lazy.lazy["train"].reads >= 3 * 3
    assert "reading" in lazy.lazy["train"].threads  # the next window is read while one is trained on


def test_the_first_step_waits_for_its_own_rows_alone() -> None:
    lazy = LazyBlobs()
    rows = batches.Rows(classifier().inputs, lazy.arrays("train"), lazy.count("train"), torch.device("cpu"))
    made = batches.Batches(rows, 8, seed=0)
    lazy.lazy["train"].rows.clear()
    whole = [batch[0] for batch in made.epoch(0)]
    assert made.window > 2
    assert lazy.lazy["train"].rows[0] == 8 < max(lazy.lazy["train"].rows)
    for start in range(len(whole) + 1):
        assert all(
            torch.equal(one, batch[0]) for one, batch in zip(whole[start:], made.epoch(0, start), strict=True)
        )  # fmt: skip


def test_what_cannot_be_read_ends_the_run_with_its_sentence() -> None:
    lazy = LazyBlobs()
    lazy.lazy["train"].take = lambda _: (_ for _ in ()).throw(OSError("the disk is gone"))  # type: ignore[method-assign]
    *_, failure = run(classifier(), lazy, Plan(epochs=1))
    assert "the disk is gone" in failure.message  # type: ignore[attr-defined]


@given(st.lists(st.integers(0, 11), max_size=20), st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_rows_come_in_the_order_in_which_they_are_asked_for(rows: list[int], picked: list[int]) -> None:
    array = np.arange(24, dtype=np.float32).reshape(12, 2)
    stored = Stored(array)
    assert np.array_equal(stored[np.array(rows, np.int64)], array[rows])
    assert np.array_equal(stored[2:7], array[2:7])
    assert np.array_equal(stored[-1], array[-1])
    some = Picked(stored, np.array(picked))
    assert np.array_equal(some[::-1], array[picked][::-1])
    assert len(some) == len(picked)
    assert some.nbytes == 8 * len(picked)
