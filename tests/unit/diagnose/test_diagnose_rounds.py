"""The doctor's visits in a thread: the window goes on meanwhile, and is told what was found."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from nnstudio.diagnose import Doctor, Rounds, doctor, rounds
from nnstudio.diagnose.case import Case
from nnstudio.train.events import Diagnosis, EpochEnded, PlanChanged, RunFinished, RunStarted, Steps
from nnstudio.train.history import History
from nnstudio.train.series import BLOCK

EPOCH = EpochEnded(step=1, time=0.0, epoch=1, training={"loss": 1.0}, validation={}, learning_rate=0.1, seconds=1.0)
END = RunFinished(step=1, time=1.0, reason="completed", epochs=1, seconds=1.0, best_epoch=1)


class Surgery:
    """Examinations that last until they are let go; each finds how many epochs it has seen."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.threads: list[threading.Thread] = []

    def __call__(self, case: Case) -> list[Diagnosis]:
        self.threads.append(threading.current_thread())
        assert self.go_on.wait(20.0)
        count = len(case.history.epochs)
        return [Diagnosis(step=1, time=0.0, code=f"epochs-{count}", node="", message=f"{count} epochs", hint="")]


@pytest.fixture
def surgery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Surgery]:
    made = Surgery()
    monkeypatch.setattr(doctor, "diagnose", made)
    yield made
    made.go_on.set()
    for thread in made.threads:
        thread.join(20.0)


@pytest.fixture
def visited() -> Rounds:
    history = History()
    history.feed(
        RunStarted(
            step=0, time=0.0, run="one", device="cpu", threads=1, epochs=3, steps_per_epoch=1, batch_size=1,
            samples={"train": 1}, nodes={}, trained=(), losses=(), metrics=(), parameters=0, plan={},
        )
    )  # fmt: skip
    return Rounds(Doctor(history))


def fed(visited: Rounds, *events: EpochEnded | RunFinished | PlanChanged) -> list[str]:
    for event in events:
        visited.doctor.history.feed(event)
    return [found.code for found in visited.after(events)]


def until_told(visited: Rounds) -> list[str]:
    told: list[str] = []
    until = time.monotonic() + 20.0
    while visited.busy and time.monotonic() < until:
        told += fed(visited)
    return told


def test_a_visit_takes_place_in_a_thread_and_is_told_later(visited: Rounds, surgery: Surgery) -> None:
    assert fed(visited, EPOCH) == []
    assert fed(visited) == []  # it goes on: nobody waits for it
    assert visited.busy
    surgery.go_on.set()
    assert until_told(visited) == ["epochs-1"]
    assert surgery.threads[0] is not threading.current_thread()


def test_there_is_one_visit_at_a_time_and_the_last_sees_the_whole_run(visited: Rounds, surgery: Surgery) -> None:
    fed(visited, EPOCH)
    fed(visited, EPOCH)
    fed(visited, EPOCH, END)
    surgery.go_on.set()
    assert until_told(visited) == ["epochs-1", "epochs-3"]


def test_what_was_found_before_the_plan_was_changed_is_not_told(visited: Rounds, surgery: Surgery) -> None:
    fed(visited, EPOCH)
    fed(visited, PlanChanged(step=1, time=0.0, before={}, after={}))
    surgery.go_on.set()
    assert until_told(visited) == []


def test_the_end_of_a_run_does_not_wait_for_ever(visited: Rounds, surgery: Surgery, monkeypatch) -> None:
    monkeypatch.setattr(rounds, "LAST", 0.0)
    fed(visited, EPOCH, END)
    assert not surgery.go_on.is_set()
    assert not visited.busy


def test_a_history_as_it_is_now_does_not_see_what_comes_later(visited: Rounds) -> None:
    history = visited.doctor.history
    long = 10 * BLOCK  # so that the first blocks lie in a file
    history.feed(
        Steps(step=1, time=0.0, first=0, losses=np.arange(long, dtype=np.float32), learning_rates=np.ones(long))
    )
    history.feed(EPOCH)
    now = history.as_now()
    history.feed(Steps(step=1, time=0.0, first=long, losses=np.ones(9 * BLOCK), learning_rates=np.ones(9 * BLOCK)))
    history.feed(EPOCH)
    assert (len(now.losses), len(now.epochs)) == (long, 1)
    assert np.array_equal(now.losses.values, np.arange(long, dtype=np.float32))
    assert len(now.losses.coarse(100)) == long // 256
    assert (len(history.losses), len(history.epochs)) == (long + 9 * BLOCK, 2)
