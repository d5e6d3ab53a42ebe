"""The mailbox between trainer and watchers, and the history that adds events up."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.train import snapshots
from nnstudio.train import stream as stream_module
from nnstudio.train.events import (
    Activations,
    EpochEnded,
    Event,
    Gradients,
    Histogram,
    RunFinished,
    RunPaused,
    RunStarted,
    Steps,
)
from nnstudio.train.history import History
from nnstudio.train.stream import EventStream


def steps(first: int, count: int) -> Steps:
    values = np.arange(first, first + count, dtype=np.float32)
    return Steps(
        step=first + count, time=0.0, first=first, losses=values, learning_rates=values / 10, parts={"a": -values}
    )


def epoch(number: int, best: bool = False, training: float = 1.0, validation: float = 1.0) -> EpochEnded:
    return EpochEnded(
        step=number, time=0.0, epoch=number, training={"loss": training}, validation={"loss": validation},
        learning_rate=0.1, seconds=1.0, best=best,
    )  # fmt: skip


def look(step: int) -> Activations:
    histogram = Histogram(np.ones(3, np.float32), 0.0, 1.0, 0.5, 0.1, float(step))
    return Activations(step=step, time=0.0, layers={"n": histogram})


def started(run: str = "r", step: int = 0) -> RunStarted:
    return RunStarted(
        step=step, time=0.0, run=run, device="cpu", threads=1, epochs=4, steps_per_epoch=25, batch_size=8,
        samples={"train": 200}, nodes={"n": "node"}, trained=("n",), losses=("l",), metrics=(), parameters=3, plan={},
    )  # fmt: skip


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.sets(st.integers(0, 29)))
def test_no_loss_is_lost_however_often_the_reader_comes(counts: list[int], reads: set[int]) -> None:
    stream, history, first = EventStream(), History(), 0
    for place, count in enumerate(counts):
        stream.put(steps(first, count))
        first += count
        if place in reads:
            for event in stream.drain():
                history.feed(event)
    for event in stream.drain():
        history.feed(event)
    assert np.array_equal(history.losses, np.arange(first))
    assert np.array_equal(history.parts["a"], -np.arange(first, dtype=np.float32))


def test_steps_that_wait_are_one_event_and_of_snapshots_the_latest_stays() -> None:
    stream = EventStream()
    put: list[Event] = [started(), steps(0, 2), look(2), epoch(1), steps(2, 3), look(5), RunPaused(step=5, time=0.0)]
    for event in put:
        stream.put(event)
    drained = stream.drain()
    assert [type(event) for event in drained] == [RunStarted, Steps, EpochEnded, Activations, RunPaused]
    assert drained[3].step == 5
    assert stream.drain() == []


def test_waiting_epochs_are_thinned_but_the_best_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "EPOCHS", 100)
    stream = EventStream()
    for number in range(1, 5001):
        stream.put(epoch(number, best=number % 1000 == 0))
    drained: list[Any] = stream.drain()
    assert len(drained) <= 101 + 5
    assert [event.epoch for event in drained if event.best] == [1000, 2000, 3000, 4000, 5000]
    assert [event.epoch for event in drained] == sorted(event.epoch for event in drained)


def test_a_reader_in_another_thread_sees_all_events_in_order() -> None:
    stream, seen, count = EventStream(), History(), 3000
    done = threading.Event()

    def read() -> None:
        while not (done.is_set() and not stream.wait(0)):
            stream.wait(1)
            for event in stream.drain():
                seen.feed(event)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(count):
        stream.put(steps(number, 1))
        stream.put(epoch(number + 1))
    done.set()
    reader.join(30)
    assert np.array_equal(seen.losses, np.arange(count))
    assert [event.epoch for event in seen.epochs] == list(range(1, count + 1))


def test_a_history_tells_progress_time_and_the_end() -> None:
    history = History()
    history.feed(started())
    history.feed(steps(0, 50))
    assert history.progress == 0.5
    history.feed(RunPaused(step=50, time=0.0))
    assert history.paused
    history.feed(RunFinished(step=50, time=1.0, reason="stopped", epochs=2, best_epoch=1, seconds=1.0))
    assert not history.paused
    assert history.ended is not None


def test_another_run_empties_the_history_and_the_same_run_goes_on() -> None:
    history = History()
    for event in (started("one"), steps(0, 10), epoch(1), started("two")):
        history.feed(event)
    assert (len(history.losses), history.epochs) == (0, [])
    for event in (steps(0, 10), epoch(4), epoch(9), started("two", step=6)):
        history.feed(event)
    assert list(history.losses) == [0, 1, 2, 3, 4, 5]
    assert [event.epoch for event in history.epochs] == [4]


def test_a_run_that_is_joined_late_has_gaps_not_wrong_places() -> None:
    history = History()
    history.feed(steps(4, 2))
    assert np.isnan(history.losses[:4]).all()
    assert list(history.losses[4:]) == [4, 5]


def test_snapshots_over_time_are_bounded_and_evenly_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "KEPT", 64)
    history = History()
    for number in range(2000):
        history.feed(look(number))
        history.feed(Gradients(step=number, time=0.0, gradients={"n": float(number)}, weights={"n": 1.0}))
    kept = history.activation_steps
    assert 32 <= len(kept) <= 65
    assert len({after - before for before, after in pairwise(kept)}) == 1
    assert [look.zeros for look in history.activation_history("n") if look] == kept
    at, values = history.gradient_history("n")
    assert list(at) == list(values)
    assert history.gradients == {"n": 1999.0}


def test_series_give_a_figure_over_the_epochs() -> None:
    history = History()
    for number in (1, 2, 3):
        history.feed(epoch(number, best=number == 2, validation=number / 10))
    epochs, values = history.series("loss")
    assert list(epochs) == [1, 2, 3]
    assert list(values) == pytest.approx([0.1, 0.2, 0.3])
    assert history.best_epoch is not None
    assert history.best_epoch.epoch == 2
    assert len(history.series("nothing")[0]) == 0
