"""Made-up runs for the tests of the run database."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstudio.train.events import EpochEnded, Event, RunFinished, RunStarted, Steps
from nnstudio.train.plan import Plan


def started(run: str = "one", step: int = 0, time: float = 0.0, plan: Plan | None = None, **more: Any) -> RunStarted:
    """The first event of a run."""
    given = {
        "device": "cpu", "threads": 1, "epochs": 3, "steps_per_epoch": 10, "batch_size": 8,
        "samples": {"train": 80, "validation": 20}, "nodes": {"n": "hidden"}, "trained": ("n",), "losses": ("l",),
        "metrics": (), "parameters": 42, "environment": {"torch": "2"},
    }  # fmt: skip
    return RunStarted(step=step, time=time, run=run, plan=(plan or Plan()).to_json(), **{**given, **more})


def losses(first: int, values: Any, parts: tuple[str, ...] = ()) -> Steps:
    """The losses of some steps; the learning rate is their tenth."""
    array = np.asarray(values, np.float32)
    return Steps(
        step=first + len(array), time=first / 100, first=first, losses=array, learning_rates=array / 10,
        parts=dict.fromkeys(parts, array * 2), epoch=1, steps_per_second=50.0, seconds_left=3.0, watching=0.01,
    )  # fmt: skip


def steps(first: int, count: int, parts: tuple[str, ...] = ()) -> Steps:
    """Losses that are their steps' numbers."""
    return losses(first, np.arange(first, first + count, dtype=np.float32), parts)


def epoch(number: int, loss: float, best: bool = False, **more: float) -> EpochEnded:
    """The end of an epoch of ten steps."""
    return EpochEnded(
        step=number * 10, time=float(number), epoch=number, training={"loss": loss, **more},
        validation={"loss": loss, **more}, learning_rate=0.1, seconds=1.0, best=best,
    )  # fmt: skip


def finished(step: int = 30, reason: str = "completed") -> RunFinished:
    """The end of a run."""
    return RunFinished(step=step, time=step / 10, reason=reason, epochs=3, best_epoch=2, seconds=step / 10)


def whole(run: str = "one", plan: Plan | None = None, **more: Any) -> list[Event]:
    """A run of three epochs."""
    return [
        started(run, plan=plan, **more), steps(0, 10), epoch(1, 0.9, True), steps(10, 10), epoch(2, 0.5, True),
        steps(20, 10), epoch(3, 0.6), finished(),
    ]  # fmt: skip
