"""Events: the frozen records that training emits (DESIGN 6). Numbers and NumPy arrays, no tensors, no torch.

Nodes are named by id. ``time`` is in seconds since the run began, pauses left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``step`` counts optimizer steps that are done; ``time`` is when it happened."""

    step: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The run begins (or goes on: then ``step`` is where). What is needed to draw its plots before any figure.

    phases: where the plan has phases, the name of the one that does each step of a turn: step ``n`` is one of
    ``phases[n % len(phases)]``.
    """

    run: str
    device: str
    threads: int
    epochs: int
    steps_per_epoch: int
    batch_size: int
    samples: Mapping[str, int]
    nodes: Mapping[str, str]
    trained: tuple[str, ...]
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    parameters: int
    plan: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    phases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(Event):
    """The losses of every step since the last one.

    losses: total loss of steps ``first`` … ``first + n − 1`` (steps count from 0), shape (n,); with phases, that of the
    phase that did the step. parts: each loss node's own values, by node id, shape (n,), NaN where the step's phase does
    not work it out; empty where there is one loss.
    learning_rates: shape (n,). steps_per_second, seconds_left and watching (share of the time that probes cost,
    0 to 1) are as measured lately.
    """

    first: int
    losses: Floats
    learning_rates: Floats
    parts: Mapping[str, Floats] = field(default_factory=dict)
    epoch: int = 0
    steps_per_second: float = 0.0
    seconds_left: float = 0.0
    watching: float = 0.0


@dataclass(frozen=True, slots=True)
class Histogram:
    """How values are distributed: ``counts`` in equal bins from ``low`` to ``high``, and their summary.

    zeros: share of values that are exactly zero. bad: how many were NaN or Inf (left out of the rest).
    """

    counts: Floats
    low: float
    high: float
    mean: float
    std: float
    zeros: float
    bad: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations(Event):
    """What each layer put out for the last batch, by node id (first output port); with phases, those that the losses of
    the step's phase depend on."""

    layers: Mapping[str, Histogram]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients(Event):
    """For each node with weights that the step trained (with phases: those of its phase): L2 norm of its gradient, of
    its weights, and of the last update."""

    gradients: Mapping[str, float]
    weights: Mapping[str, float]
    updates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded(Event):
    """Figures of an epoch (counted from 1): ``loss`` and each loss's and metric's node name, for both splits.

    phases: by the name of each phase, the mean of its loss while it trained; empty where the plan has none.
    """

    epoch: int
    training: Mapping[str, float]
    validation: Mapping[str, float]
    learning_rate: float
    seconds: float
    best: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples(Event):
    """Predictions for a few validation samples: ``outputs`` by output node id, rows as in ``indices``."""

    indices: NDArray[np.int64]
    outputs: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is on disk, whole. kind: ``last`` or ``best``."""

    path: str
    epoch: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(Event):
    """A rule of `diagnose` found something wrong with the training."""

    code: str
    message: str
    hint: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused(Event):
    """The run stands still until it is told to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(Event):
    """The run goes on after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(Event):
    """The run ended by a failure. ``node``: id of the node it is about; ``detail``: for those who ask (a traceback)."""

    message: str
    hint: str = ""
    node: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The run ended. reason: ``completed``, ``stopped`` or ``early stopping``. The weights kept are of ``best_epoch``
    where the plan keeps the best, else the last."""

    reason: str
    epochs: int
    best_epoch: int
    seconds: float
