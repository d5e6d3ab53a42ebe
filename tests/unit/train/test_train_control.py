"""Pause, resume, one step, checkpoint, stop: from another thread, answered within a step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnstudio.compile.lower import Compiled
from nnstudio.train.control import Control
from nnstudio.train.events import (
    Activations,
    CheckpointSaved,
    EpochEnded,
    Event,
    Gradients,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
)
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan
from nnstudio.train.worker import Worker

Make = Callable[..., Compiled]
LONG = Plan(epochs=100_000, batch_size=10)


@pytest.fixture
def worker(blobs: Any, make_classifier: Make) -> Any:
    made: list[Worker] = []

    def make(plan: Plan = LONG, **options: Any) -> Worker:
        made.append(Worker(make_classifier, blobs, plan, **options))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.control.stop()
        assert one.join(30)


def until(worker: Worker, history: History, reached: Callable[[], bool]) -> list[Event]:
    """All events until something holds; fails after 30 quiet seconds."""
    seen: list[Event] = []
    while not reached():
        assert worker.stream.wait(30), "nothing happened"
        for event in worker.stream.drain():
            history.feed(event)
            seen.append(event)
    return seen


def test_pause_and_resume_are_acknowledged(worker: Any) -> None:
    running, history = worker(), History()
    until(running, history, lambda: len(history.losses) > 20)
    running.control.pause()
    until(running, history, lambda: history.paused)
    step = history.step
    assert len(history.losses) == step
    running.control.resume()
    until(running, history, lambda: history.step > step)
    assert not history.paused


def test_a_run_that_begins_paused_does_one_step_at_a_time(worker: Any) -> None:
    running, history = worker(paused=True), History()
    until(running, history, lambda: history.paused)
    assert history.step == 0
    for step in (1, 2, 3):
        running.control.step_once()
        seen = []
        while not any(isinstance(event, RunPaused) for event in seen):
            assert running.stream.wait(30)
            seen += running.stream.drain()
        assert {Activations, Gradients} <= {type(event) for event in seen}
        for event in seen:
            history.feed(event)
        assert history.step == step
        assert len(history.losses) == step


def test_one_step_asked_for_while_running_pauses_after_it(worker: Any) -> None:
    running, history = worker(), History()
    until(running, history, lambda: len(history.losses) > 5)
    running.control.step_once()
    until(running, history, lambda: history.paused)
    assert history.ended is None


def test_stop_ends_a_run_that_trains_and_one_that_stands_still(worker: Any) -> None:
    for paused in (False, True):
        running, history = worker(paused=paused), History()
        until(running, history, lambda: history.paused if paused else len(history.losses) > 0)  # noqa: B023
        running.control.stop()
        until(running, history, lambda: history.ended is not None)  # noqa: B023
        assert isinstance(history.ended, RunFinished)
        assert history.ended.reason == "stopped"
        assert running.join(30)
        assert running.compiled is not None


def test_a_checkpoint_can_be_asked_for_while_the_run_stands_still(worker: Any, tmp_path: Path) -> None:
    running, history = worker(paused=True, checkpoints=tmp_path), History()
    until(running, history, lambda: history.paused)
    running.control.checkpoint()
    until(running, history, lambda: history.checkpoint is not None)
    assert Path(history.checkpoint.path).is_file()  # type: ignore[union-attr]
    assert history.paused


def test_requests_are_answered_before_the_next_step(blobs: Any, make_classifier: Make) -> None:
    """Asked between two events of the generator, so that the step is known."""
    control, seen = Control(), []
    for event in run(make_classifier(), blobs, LONG, control):
        seen.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 2:
            control.pause()
        if isinstance(event, RunPaused):
            assert event.step == 10
            control.stop()
    assert [type(event) for event in seen[-2:]] == [RunPaused, RunFinished]
    assert seen[-1].step == 10


def test_a_pause_does_not_count_as_training_time(blobs: Any, make_classifier: Make) -> None:
    control, paused_at = Control(), 0.0
    from nnstudio.train import clock

    now = [0.0]
    original, clock.perf_counter = clock.perf_counter, lambda: now[0]  # type: ignore[assignment]
    try:
        for event in run(make_classifier(), blobs, Plan(epochs=2), control):
            if isinstance(event, EpochEnded) and event.epoch == 1:
                control.pause()
            if isinstance(event, RunPaused):
                paused_at = event.time
                now[0] += 1000.0
                control.resume()
            if isinstance(event, RunResumed):
                assert event.time == paused_at
        assert isinstance(event, RunFinished)
        assert event.seconds < 500
    finally:
        clock.perf_counter = original


def test_several_pauses_and_resumes_before_a_step_leave_the_last(blobs: Any, make_classifier: Make) -> None:
    control = Control()
    control.pause()
    control.resume()
    events = list(run(make_classifier(), blobs, Plan(epochs=1), control))
    assert not any(isinstance(event, RunPaused) for event in events)
    assert isinstance(events[-1], RunFinished)


def test_a_network_that_cannot_be_compiled_is_a_failure_event(blobs: Any) -> None:
    from nnstudio.compile.lower import compile_network
    from nnstudio.graph.builder import NetworkBuilder

    net = NetworkBuilder()
    x = net.add("Input", field="nothing like it", name="x")
    net.add("Output", net.add("Linear", x, out_features=2), name="answer")
    worker = Worker(lambda: compile_network(net.network, blobs.types), blobs, Plan())
    worker.start()
    assert worker.join(30)
    (failure,) = worker.stream.drain()
    assert isinstance(failure, RunFailed)
    assert failure.node
    assert worker.compiled is None


def test_torch_that_fails_to_import_is_a_failure_event(blobs: Any) -> None:
    def broken() -> Any:
        raise ImportError("libtorch.so: cannot open shared object file")

    worker = Worker(broken, blobs, Plan())
    worker.start()
    assert worker.join(30)
    (failure,) = worker.stream.drain()
    assert isinstance(failure, RunFailed)
    assert failure.message.startswith("PyTorch cannot be loaded")


def test_the_worker_leaves_garbage_collection_alone(blobs: Any, make_classifier: Make) -> None:
    """A collection in this thread would destroy Qt objects here (DESIGN 10)."""
    import gc
    import threading

    collected: list[str] = []

    def note(*_: object) -> None:
        collected.append(threading.current_thread().name)

    gc.collect()
    gc.disable()
    gc.callbacks.append(note)
    try:
        worker = Worker(make_classifier, blobs, Plan(epochs=5))
        worker.start()
        assert worker.join(60)
        assert gc.isenabled() is False
    finally:
        gc.callbacks.remove(note)
        gc.enable()
    assert "training" not in collected
    assert any(isinstance(event, RunFinished) for event in worker.stream.drain())


def test_other_listeners_get_every_event(blobs: Any, make_classifier: Make, tmp_path: Path) -> None:
    heard: list[Event] = []
    worker = Worker(make_classifier, blobs, Plan(epochs=3), also=(heard.append,), checkpoints=tmp_path)
    worker.start()
    assert worker.join(60)
    assert isinstance(heard[-1], RunFinished)
    assert any(isinstance(event, CheckpointSaved) for event in heard)
