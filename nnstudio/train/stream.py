"""The mailbox between the trainer and those who watch: bounded, and the trainer never waits for it."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from nnstudio.train.events import Activations, EpochEnded, Event, Gradients, Insides, Samples, Steps, Timings, Weights

#: Kinds of which the latest alone matters.
SNAPSHOTS = (Activations, Gradients, Weights, Timings, Insides, Samples)
#: Epochs that wait, at most; beyond it every second waiting one is left out (those that were the best stay).
EPOCHS = 10_000


class EventStream:
    """Events from one trainer to one reader.

    Steps that wait are merged into one event, at the place of the first: no loss is ever lost. Of each kind of
    snapshot the latest is kept. Everything else is kept in its order. Both ends may be in different
    threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Event] = {}
        self._steps: list[Steps] = []
        self._steps_at = -1
        self._snapshots: dict[type[Event], int] = {}
        self._epochs = 0
        self._count = 0
        self._arrived = threading.Event()

    def put(self, event: Event) -> None:
        """Add an event. Never blocks (but for the moment in which the reader takes what is there)."""
        with self._lock:
            self._count += 1
            if isinstance(event, Steps):
                if not self._steps:
                    self._steps_at = self._count
                    self._waiting[self._count] = event
                self._steps.append(event)
            else:
                if isinstance(event, SNAPSHOTS):
                    self._waiting.pop(self._snapshots.get(type(event), -1), None)
                    self._snapshots[type(event)] = self._count
                elif isinstance(event, EpochEnded):
                    self._epochs += 1
                    if self._epochs > EPOCHS:
                        self._thin()
                self._waiting[self._count] = event
            if not self._arrived.is_set():  # to set it takes as long as all the rest
                self._arrived.set()

    def drain(self) -> list[Event]:
        """All that waits, in order; afterwards nothing waits."""
        with self._lock:
            waiting, steps, at = self._waiting, self._steps, self._steps_at
            self._waiting, self._steps, self._snapshots, self._epochs = {}, [], {}, 0
            self._arrived.clear()
        if steps:
            waiting[at] = merged(steps)
        return list(waiting.values())

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until something waits; whether it does."""
        return self._arrived.wait(timeout)

    def _thin(self) -> None:
        epochs = [at for at, event in self._waiting.items() if isinstance(event, EpochEnded)]
        for at in epochs[:-1:2]:
            event = self._waiting[at]
            if isinstance(event, EpochEnded) and not event.best:
                del self._waiting[at]
        self._epochs = sum(isinstance(event, EpochEnded) for event in self._waiting.values())


def merged(steps: list[Steps]) -> Steps:
    """Steps events that follow one another as one. What is measured lately is the last one's."""
    last = steps[-1]
    if len(steps) == 1:
        return last
    parts = {id: np.concatenate([event.parts[id] for event in steps]) for id in last.parts}
    return replace(
        last,
        first=steps[0].first,
        losses=np.concatenate([event.losses for event in steps]),
        learning_rates=np.concatenate([event.learning_rates for event in steps]),
        parts=parts,
    )
