"""A history tells where a run is, also where its epochs had different numbers of steps or it goes on from another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nnstudio.train.events import PlanChanged, RunStarted, Steps
from nnstudio.train.history import History

STARTED = RunStarted(
    step=0, time=0.0, run="first", device="cpu", threads=1, epochs=10, steps_per_epoch=8, batch_size=4, samples={},
    nodes={}, trained=(), losses=(), metrics=(), parameters=1, plan={},
)  # fmt: skip


def steps(first: int, count: int) -> Steps:
    values = np.arange(first, first + count, dtype=np.float32)
    return Steps(step=first + count, time=0.0, first=first, losses=values, learning_rates=values)


def fed(*events: Any) -> History:
    history = History()
    for event in events:
        history.feed(event)
    return history


def test_epochs_of_different_lengths_are_counted() -> None:
    """Two epochs of eight steps, then epochs of four."""
    history = fed(STARTED, steps(0, 16), replace(STARTED, step=16, steps_per_epoch=4), steps(16, 6))
    assert history.epoch == 3.5
    assert history.progress == 0.35
    assert list(history.epochs_at(np.array([0.0, 4.0, 16.0, 18.0, 20.0]))) == [0.0, 0.5, 2.0, 2.5, 3.0]
    assert list(history.steps_at(np.array([0.0, 0.5, 2.0, 2.5, 3.0]))) == [0.0, 4.0, 16.0, 18.0, 20.0]


def test_more_epochs_in_the_middle_of_a_run_count_for_its_progress() -> None:
    history = fed(STARTED, steps(0, 40))
    assert history.progress == 0.5
    history.feed(PlanChanged(step=40, time=0.0, before={"epochs": 10}, after={"epochs": 20}))
    assert history.progress == 0.25


def test_a_fork_goes_on_from_what_is_shown_of_its_parent() -> None:
    history = fed(STARTED, steps(0, 30), replace(STARTED, run="fork", parent="first", parent_step=20, step=20))
    assert len(history.losses) == 20
    history.feed(steps(20, 2))
    assert list(np.asarray(history.losses)[-3:]) == [19.0, 20.0, 21.0]


def test_a_run_that_has_nothing_to_do_with_it_empties_the_history() -> None:
    history = fed(STARTED, steps(0, 30), replace(STARTED, run="other"))
    assert len(history.losses) == 0


def test_the_steps_before_a_fork_are_those_of_the_run_it_was_forked_from() -> None:
    history = fed(STARTED, steps(0, 20), replace(STARTED, run="second", parent="first", parent_step=12, step=12))
    history.feed(steps(12, 4))
    assert [history.run_at(step) for step in (0, 11, 12, 15)] == ["first", "first", "second", "second"]
    assert history.own_since == 12
    history.feed(replace(STARTED, run="third", parent="second", parent_step=14, step=14))
    assert [history.run_at(step) for step in (11, 13, 14)] == ["first", "second", "third"]
    history.feed(replace(STARTED, run="third", step=15))  # resumed
    assert (history.own_since, history.run_at(13)) == (14, "second")
