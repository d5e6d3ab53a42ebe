"""A run can be looked at as it was at any of its steps."""

from __future__ import annotations

import numpy as np

from nnstudio.train.events import Activations, Gradients, Histogram, RunStarted, Timings
from nnstudio.train.history import History


def started(step: int = 0, phases: tuple[str, ...] = ()) -> RunStarted:
    return RunStarted(
        step=step, time=0.0, run="one", device="cpu", threads=1, epochs=2, steps_per_epoch=500, batch_size=1,
        samples={}, nodes={"a": "a", "b": "b"}, trained=("a", "b"), losses=(), metrics=(), parameters=1, plan={},
        phases=phases,
    )  # fmt: skip


def histogram(mean: float) -> Histogram:
    return Histogram(np.ones(4, np.float32), 0.0, 1.0, mean, 1.0, 0.0)


def look(history: History, step: int, *nodes: str) -> None:
    sizes = {node: float(step) for node in nodes}
    history.feed(Activations(step=step, time=0.0, layers={node: histogram(step) for node in nodes}))
    history.feed(Gradients(step=step, time=0.0, gradients=sizes, weights=dict.fromkeys(nodes, 10.0), updates=sizes))


def test_a_moment_shows_the_nearest_snapshot_that_is_not_younger() -> None:
    history = History()
    history.feed(started())
    history.feed(Timings(step=10, time=0.0, forward={"a": 0.5}))
    for step in (10, 20, 30):
        look(history, step, "a", "b")
    assert history.moments == [10, 20, 30]
    then = history.at(29)
    assert then.gradients["a"] == 20.0
    assert then.activations["b"].mean == 20.0
    assert then.ratios["a"] == 2.0
    assert then.timings is not None
    assert then.timings.forward == {"a": 0.5}
    assert history.at(3).gradients["a"] == 10.0, "before the first one there is the first"
    assert history.at().gradients["a"] == 30.0


def test_with_phases_a_moment_has_what_every_phase_was_last_seen_to_do() -> None:
    history = History()
    history.feed(started(phases=("one", "two")))
    for step in range(1, 9):
        look(history, step, "a" if step % 2 else "b")
    assert dict(history.at(6).gradients) == {"b": 6.0, "a": 5.0}
    assert {id: seen.mean for id, seen in history.at(7).activations.items()} == {"a": 7.0, "b": 6.0}


def test_a_run_that_went_back_has_forgotten_what_came_later() -> None:
    history = History()
    history.feed(started())
    for step in (10, 20, 30):
        look(history, step, "a")
    history.feed(started(step=20))
    assert history.moments == [10, 20]
    look(history, 25, "a")
    assert history.at(30).gradients["a"] == 25.0


def test_a_long_run_is_kept_evenly_spread() -> None:
    history = History()
    history.feed(started())
    for step in range(3000):
        look(history, step, "a")
    steps = history.moments
    assert len(steps) <= 256
    assert max(np.diff(steps)) == min(np.diff(steps))
    assert abs(history.at(1500).gradients["a"] - 1500) <= max(np.diff(steps))


def test_a_history_without_snapshots_has_none() -> None:
    assert History().moments == []
    assert dict(History().at(5).gradients) == {}
