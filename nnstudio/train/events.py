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
    ``phases[n % len(phases)]``. network: a hash of the drawn network (`project.schema`). parent: the run that this one
    was forked from, at ``parent_step``; "" where it began by itself.
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
    network: str = ""
    parent: str = ""
    parent_step: int = 0


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

    zeros: share of values that are exactly zero. bad: how many were NaN or Inf (left out of the rest). saturated: share
    of values within 1 % of a bound of the activation that made them (sigmoid, tanh and their like; 0 for others). dead:
    share of units (channels of an image, features of a vector) that were zero for the whole batch.
    """

    counts: Floats
    low: float
    high: float
    mean: float
    std: float
    zeros: float
    bad: int = 0
    saturated: float = 0.0
    dead: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations(Event):
    """What each layer put out for the last batch, by node id (first output port); with phases, those that the losses of
    the step's phase depend on. ports: of layers with several output ports, what the others put out, by node id, then by
    port (an LSTM's ``cell``); numbers only, no indices."""

    layers: Mapping[str, Histogram]
    ports: Mapping[str, Mapping[str, Histogram]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients(Event):
    """For each node with weights that the step trained (with phases: those of its phase): L2 norm of its gradient, of
    its weights, and of the last update.

    signal: the gradient's signal-to-noise ratio over the batches that were looked at lately: the L2 norm of its mean
    over that of its standard deviation; left out until some batches have been seen.
    """

    gradients: Mapping[str, float]
    weights: Mapping[str, float]
    updates: Mapping[str, float] = field(default_factory=dict)
    signal: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights(Event):
    """How the weights of each trained node are distributed: by node id, then by parameter (``weight``, ``bias``)."""

    layers: Mapping[str, Mapping[str, Histogram]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings(Event):
    """Seconds that each node took for one batch of training, by node id. backward: with it, where it was measured."""

    forward: Mapping[str, float]
    backward: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inside:
    """What one node does with one sample, to be drawn.

    kind and values (float32): ``maps``: an image layer's feature maps, (channels, height, width); ``attention``: how
    much each place looks at each other, (heads, queries, keys); ``states``: a sequence layer's state over time,
    (time, features); ``embedding``: the table's rows, (entries, features); ``vector``: a layer's output, (features,).
    total: how many channels, heads, entries … there are, where not all are given. labels: names of the entries of an
    embedding, or of the tokens at the places of a sequence, where they are known.
    """

    kind: str
    values: Floats
    total: int = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Insides(Event):
    """What the nodes that are looked into do with one sample: row ``sample`` of ``split``."""

    split: str
    sample: int
    nodes: Mapping[str, Inside]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(Event):
    """Values of the plan changed in the middle of the run; from ``step`` on ``after`` holds. By name."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChanged(Event):
    """The network was edited in the middle of the run; a RunStarted of the same run follows.

    kept, cut, fresh: names of weights (state-dict keys) that went over whole, in part, or not at all.
    """

    kept: tuple[str, ...]
    cut: tuple[str, ...]
    fresh: tuple[str, ...]


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
    """A checkpoint is on disk, whole. kind: ``last`` (by time), ``best`` or ``hand`` (asked for by a person)."""

    path: str
    epoch: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(Event):
    """A rule of `diagnose` found something wrong with the training.

    evidence: what it was concluded from: numbers, texts and lists of numbers by name, as JSON has them.
    """

    code: str
    message: str
    hint: str
    node: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasted(Event):
    """What the run was expected to take: seconds of all its epochs, and bytes of memory (0: unknown)."""

    seconds: float
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySpent(Event):
    """What private training has given away until now: it is (ε, δ)-private for adding or removing any one training
    row (`train.privacy`). planned: the ε with all epochs of the plan done. rows: those that a step draws on average,
    of ``of`` rows; noise: the noise multiplier, norm: to what each sample's gradient is clipped, as they are now."""

    epsilon: float
    delta: float
    planned: float
    rows: float
    of: int
    noise: float
    norm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightRecorded(Event):
    """Numbers went bad, and the last steps were done again to see where it began; a RunFailed follows.

    what: the first thing that was not finite: ``data``, ``output``, ``gradient`` or ``weights`` of ``node``, or the
    ``loss``. value: ``NaN`` or ``Inf``. epoch: counted from 1; batch: of that epoch, from 0; rows: those of the
    training split in that batch; sample: the row in which it began, -1 where that cannot be told.
    steps: the last steps that were done again, shape (k,); losses: their losses, shape (k,); outputs, gradients,
    weights: the largest absolute number of each of ``nodes``, shape (k, nodes), NaN where there is none.
    """

    node: str
    what: str
    value: str
    epoch: int
    batch: int
    rows: NDArray[np.int64]
    sample: int
    steps: NDArray[np.int64]
    nodes: tuple[str, ...]
    losses: Floats
    outputs: Floats
    gradients: Floats
    weights: Floats


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
    where the plan keeps the best, else the last. memory: bytes that the run took at most, as far as could be seen: of
    the GPU, or what the process had more than before it."""

    reason: str
    epochs: int
    best_epoch: int
    seconds: float
    memory: int = 0
