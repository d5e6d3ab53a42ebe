"""Snapshots: what was known of a run at one of its steps, put together from what its history keeps. No Qt, no torch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from nnstudio.train.events import Gradients, Histogram, Timings

T = TypeVar("T")
#: Gradients, weights, updates and signal, by node id.
Norms = tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float], Mapping[str, float]]

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
