"""Snapshots: what was known of a run at one of its steps, put together from what its history keeps. No Qt, no torch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from nnstudio.train.events import Gradients, Histogram, Inside, Insides, Timings

T = TypeVar("T")
#: Gradients, weights, updates and signal, by node id.
Norms = tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float], Mapping[str, float]]

#: Snapshots of a kind that are kept; when there are more, every second of the older ones is dropped.
KEPT = 256
#: Bytes that looks inside nodes may take together; likewise.
ROOM = 32 << 20
#: So many looks back, nodes are looked for that the last one did not see (with phases, each sees one phase's).
_BACK = 64


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of a run: by node id, what `train.history.History` has of the latest. ``step``: of the newest of it."""

    step: int = 0
    activations: Mapping[str, Histogram] = field(default_factory=dict)
    gradients: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    updates: Mapping[str, float] = field(default_factory=dict)
    signal: Mapping[str, float] = field(default_factory=dict)
    distributions: Mapping[str, Mapping[str, Histogram]] = field(default_factory=dict)
    timings: Timings | None = None

    @property
    def ratios(self) -> dict[str, float]:
        """The L2 norm of the last update over that of the weights; empty where updates are not measured."""
        return {id: update / self.weights[id] for id, update in self.updates.items() if self.weights.get(id)}


@dataclass
class Thinned:
    """A bounded list of snapshots over time: old ones are thinned, so that they stay evenly spread."""

    steps: list[int] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    every: int = 1
    _count: int = 0

    def add(self, step: int, item: object) -> None:
        """Keep one of every ``every`` items."""
        self._count += 1
        if (self._count - 1) % self.every:
            return
        self.steps.append(step)
        self.items.append(item)
        while self.too_many():
            self.steps, self.items = self.steps[::2], self.items[::2]
            self.every *= 2

    def too_many(self) -> bool:
        """Whether some must go."""
        return len(self.items) > KEPT

    def as_now(self) -> Self:
        """As it is now, whatever is added later."""
        return replace(self, steps=list(self.steps), items=list(self.items))

    def cut(self, step: int) -> None:
        """Forget what was kept of later steps: the run went back to this one."""
        while self.steps and self.steps[-1] > step:
            del self.steps[-1], self.items[-1]


@dataclass
class Seen(Thinned):
    """Looks inside nodes (`Insides`) over time, as many as there is room for."""

    def too_many(self) -> bool:
        size = sum(inside.values.nbytes for look in self.items for inside in look.nodes.values())
        return len(self.items) > KEPT or (size > ROOM and len(self.items) > 2)

    def at(self, step: int, split: str, sample: int) -> tuple[int, dict[str, Inside]]:
        """See `History.insides_at`."""
        newest, found = -1, dict[str, Inside]()
        looks: list[Insides] = self.items[: bisect_right(self.steps, step)]
        for look in reversed(looks):
            if (look.split, look.sample) == (split, sample):
                newest = max(newest, look.step)
                for node, inside in look.nodes.items():
                    found.setdefault(node, inside)
        return newest, found


def latest(steps: Sequence[int], items: Sequence[T], step: int) -> T | None:
    """The newest item that is not younger than ``step``; the oldest where all are; None where there is none."""
    if not items:
        return None
    return items[max(0, bisect_right(steps, step) - 1)]


def joined(steps: Sequence[int], items: Sequence[Mapping[str, T]], step: int, *, back: bool) -> Mapping[str, T]:
    """The values by name of the newest item that is not younger than ``step``. ``back``: what it lacks is taken from
    those before it."""
    place = max(0, bisect_right(steps, step) - 1)
    if not items:
        return {}
    if not back:
        return items[place]
    found: dict[str, T] = {}
    for item in reversed(items[max(0, place - _BACK) : place + 1]):
        for name, value in item.items():
            found.setdefault(name, value)
    return found


def gradients_at(steps: Sequence[int], items: Sequence[Gradients], step: int, *, back: bool) -> Norms:
    """Gradients, weights, updates and signal at a step; see :func:`joined`."""
    if not back:
        event = latest(steps, items, step)
        return (event.gradients, event.weights, event.updates, event.signal) if event is not None else ({}, {}, {}, {})
    return (
        joined(steps, [item.gradients for item in items], step, back=True),
        joined(steps, [item.weights for item in items], step, back=True),
        joined(steps, [item.updates for item in items], step, back=True),
        joined(steps, [item.signal for item in items], step, back=True),
    )
