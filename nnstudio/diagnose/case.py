"""The case: all that a rule may look at, and what several rules read out of it. No torch, no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.diagnose.facts import Facts
from nnstudio.diagnose.phased import contested, losses_of
from nnstudio.graph import Network, Node
from nnstudio.layers import ParameterError
from nnstudio.train.events import Diagnosis, EpochEnded, Gradients, Histogram
from nnstudio.train.history import History
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan

Array = NDArray[np.float64]

#: Snapshots that a rule judges by: one bad batch is no illness.
LATELY = 5
#: Looks that tell of a whole run.
SPREAD = 24
#: Points of a series that is kept as evidence.
POINTS = 60
#: A run of more steps is very long.
LONG = 1_000_000


@dataclass(frozen=True)
class Case:
    """A run so far, or a network before its first.

    network: the plain network that is trained (blocks opened; ids as in the events), None where it is not known. facts:
    what is known of the data, None where that is not known (yet). plan: as it is now, in the phase. shared: for each of
    the network's nodes that runs another's weights, that other. phase: the one of the plan's phases of which
    losses, gradients and figures are told here; None: all of the run.
    """

    history: History = field(default_factory=History)
    network: Network | None = None
    facts: Facts | None = None
    given: Plan | None = None
    shared: Mapping[str, str] = field(default_factory=dict)
    phase: Phase | None = None

    @cached_property
    def plan(self) -> Plan:
        """The plan that was given, else that of the run, with what was changed since."""
        if self.given is not None:
            return self.given
        started = self.history.started
        values: dict[str, Any] = dict(started.plan) if started is not None else {}
        for change in self.history.changed:
            values.update(getattr(change, "after", {}))
        try:
            return Plan.from_json({name: value for name, value in values.items() if name in Plan.params})
        except (ParameterError, TypeError, ValueError):
            return Plan.make({})

    @property
    def contested(self) -> bool:
        """Whether another phase works against this one, as in a GAN: then its loss need not fall."""
        return self.phase is not None and self.phase.name in self._contested

    @cached_property
    def _contested(self) -> frozenset[str]:
        trained = self.history.started.trained if self.history.started else ()
        return contested(self.plan.phases, self.network, self.shared, trained)

    @cached_property
    def turns(self) -> list[Case]:
        """The case phase by phase, for what is told by a loss; itself where the plan has no phases. Empty where it is
        not known which steps were whose."""
        plan, started = self.plan, self.history.started
        if not plan.phases:
            return [self]
        turn = tuple(phase.name for phase in plan.phases for _ in range(phase.steps))
        if started is None or started.phases != turn:
            return []
        return [replace(self, given=plan.of_phase(phase), phase=phase) for phase in plan.phases]

    # nodes

    def name(self, id: str) -> str:
        """What a person calls a node."""
        node = self.node(id)
        if node is not None:
            return node.name
        return self.history.started.nodes.get(id, id) if self.history.started else id

    def names(self, ids: Iterable[str], most: int = 4) -> str:
        """Names for a sentence: “a”, “b” and 3 more."""
        named = [f"“{self.name(id)}”" for id in ids]
        shown = ", ".join(named[:most])
        return shown if len(named) <= most else f"{shown} and {len(named) - most} more"

    def node(self, id: str) -> Node | None:
        """A node of the network; None where it is not known."""
        return self.network.nodes.get(id) if self.network is not None else None

    def kind(self, id: str) -> str:
        """The layer type of a node; "" where it is not known."""
        node = self.node(id)
        return node.layer.type_name() if node is not None else ""

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The place of each node in the flow."""
        return {id: place for place, id in enumerate(self.history.started.nodes)} if self.history.started else {}

    def in_order(self, ids: Iterable[str]) -> list[str]:
        """Nodes as they stand in the flow."""
        return sorted(ids, key=lambda each: self.order.get(each, len(self.order)))

    # looks

    @cached_property
    def looks(self) -> list[Mapping[str, Histogram]]:
        """The activations of the last looks, oldest first."""
        return self.history.last_looks(LATELY)

    @cached_property
    def norms(self) -> list[Gradients]:
        """All looks at the gradients that are kept, oldest first; of a phase, those at its steps."""
        every, turn = self.history.last_norms(), self._turn
        if self.phase is None or not turn:
            return every
        return [event for event in every if turn[(event.step - 1) % len(turn)] == self.phase.name]

    @cached_property
    def some_norms(self) -> list[Gradients]:
        """Looks at the gradients spread evenly over the run, few enough to be read in no time."""
        return self.norms[:: max(1, len(self.norms) // SPREAD)]

    def lately(self, name: str) -> dict[str, Array]:
        """``gradients``, ``weights`` or ``updates`` by node over the last :data:`LATELY` looks at it, for the nodes
        that were seen so often, all finite."""
        if name not in self._lately:
            table = _table(self.norms[-LATELY * max(1, len(self.plan.phases)) :], name)
            often = {id: values[-LATELY:] for id, values in table.items() if len(values) >= LATELY}
            self._lately[name] = {id: values for id, values in often.items() if np.isfinite(values).all()}
        return self._lately[name]

    @cached_property
    def _lately(self) -> dict[str, dict[str, Array]]:
        return {}

    @cached_property
    def ratios(self) -> dict[str, Array]:
        """How far each node's weights moved, relative to their length, at looks spread over the run."""
        return steps_of(self.some_norms)

    @property
    def collapsed(self) -> bool:
        """Whether the weights have shrunk to little, as strong weight decay makes them."""
        if not self.norms:
            return False
        first, last = self.norms[0].weights, self.norms[-1].weights
        shares = [last[id] / size for id, size in first.items() if size and id in last]
        return bool(shares) and middle(shares) < 0.3

    # losses

    @cached_property
    def losses(self) -> Array:
        """The loss of every step (of the phase) that is known and finite; of a very long run, means of a few hundred
        steps each."""
        if self.phase is None:
            return self.history.losses.coarse(LONG)
        if len(self.history.losses) > LONG:
            return self._long
        values = np.asarray(self.history.losses[:], np.float64)[self._own(len(self.history.losses))]
        return values[np.isfinite(values)]

    @property
    def _long(self) -> Array:
        """A phase's losses of a very long run: the weighted sum of its loss nodes' own."""
        parts = self.history.parts
        own = [weight * parts[id].coarse(LONG) for id, weight in self.objective.items() if id in parts]
        if not own:
            return self.history.losses.coarse(LONG)
        size = min(map(len, own))
        return np.asarray(sum(values[len(values) - size :] for values in own))

    def _own(self, steps: int) -> NDArray[np.bool_]:
        """Which of the first steps are of the phase."""
        of_it = [name == self.phase.name for name in self._turn] if self.phase is not None else [True]
        return np.asarray(np.resize(np.array(of_it), steps))

    @property
    def _turn(self) -> tuple[str, ...]:
        """The phases of a turn's steps."""
        return self.history.started.phases if self.phase is not None and self.history.started else ()

    @cached_property
    def objective(self) -> Mapping[str, float]:
        """The loss nodes that are lowered (in the phase) and the weight of each."""
        every = self.history.started.losses if self.history.started else ()
        ids = losses_of(self.phase, every) if self.phase is not None else every
        nodes = {id: self.node(id) for id in ids}
        return {
            id: float(getattr(node.layer, "weight", 1.0)) if node is not None else 1.0 for id, node in nodes.items()
        }

    @cached_property
    def windows(self) -> Array:
        """Means of the losses over equal parts of the run: at most 40 parts, of at least 8 steps each; the last is the
        latest. Empty before there are three."""
        count = min(40, len(self.losses) // 8)
        if count < 3:
            return np.empty(0)
        size = len(self.losses) // count
        return np.asarray(self.losses[len(self.losses) - count * size :].reshape(count, size).mean(axis=1))

    @property
    def start(self) -> float:
        """The loss at the start, of a network that has not moved: of the first step, or of a few where batches are
        small. NaN before there is one."""
        steps = max(1, 16 // max(1, self.plan.batch_size))
        first = np.asarray(self.history.losses[: steps * max(1, len(self._turn))], np.float64)
        first = first[self._own(len(first))]
        first = first[np.isfinite(first)]
        return float(first.mean()) if len(first) else float("nan")

    @property
    def scale(self) -> float:
        """How large a loss is that needs no input at all, where that is known; at least 1."""
        chances = [target.chance for target in self.facts.targets if target.chance] if self.facts is not None else []
        return max([1.0, *chances])

    def epochs(self, name: str, split: str) -> Array:
        """A figure of a split by epoch."""
        return self.history.series(name, split)[1]

    def totals(self, split: str) -> tuple[NDArray[np.int64], Array]:
        """The loss of a split by epoch: epochs and values. Of a phase, what it lowers."""
        if self.phase is None:
            return self.history.series("loss", split)
        every = [self.history.series(self.name(id), split) for id in self.objective]
        if not every or len({len(values) for _, values in every}) != 1:
            return np.empty(0, np.int64), np.empty(0)
        weights = self.objective.values()
        return every[0][0], np.asarray(sum(weight * own for weight, (_, own) in zip(weights, every, strict=True)))

    @property
    def last_epoch(self) -> EpochEnded | None:
        return self.history.epochs[-1] if self.history.epochs else None

    # what is found

    def diagnosis(self, code: str, message: str, hint: str, *, nodes: Iterable[str] = (), **evidence: Any) -> Diagnosis:
        """A finding. nodes: those that it is about, the one to look at first in front."""
        ids = list(nodes)
        told = {**({"nodes": ids} if ids else {}), **{name: _plain(value) for name, value in evidence.items()}}
        return Diagnosis(
            step=self.history.step, time=self.history.time, code=code, node=ids[0] if ids else "", message=message,
            hint=hint, evidence=told,
        )  # fmt: skip


def steps_of(events: Sequence[Gradients]) -> dict[str, Array]:
    """How far each node's weights moved, relative to their length, at each of these looks where both are known."""
    updates, weights = _table(events, "updates"), _table(events, "weights")
    both = [id for id, moved in updates.items() if id in weights and len(weights[id]) == len(moved)]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {id: updates[id] / weights[id] for id in both}
    return {id: values[np.isfinite(values)] for id, values in found.items() if np.isfinite(values).any()}


def _table(events: Sequence[Gradients], name: str) -> dict[str, Array]:
    """A figure of each node at each look that has seen it."""
    rows = [getattr(event, name) for event in events]
    rows = [row for row in rows if row]
    if not rows:
        return {}
    keys = rows[0].keys()
    if all(row.keys() == keys for row in rows):  # without phases every look sees the same nodes
        columns = np.array([[row[key] for key in keys] for row in rows], np.float64).T
        return dict(zip(keys, columns, strict=True))
    found: dict[str, list[float]] = {}
    for row in rows:
        for id, value in row.items():
            found.setdefault(id, []).append(value)
    return {id: np.asarray(values, np.float64) for id, values in found.items()}


def middle(values: Iterable[float]) -> float:
    """The median; of few numbers many times faster than NumPy's. 0 where there are none."""
    ordered = sorted(values.tolist() if isinstance(values, np.ndarray) else values)
    half, odd = divmod(len(ordered), 2)
    if not ordered:
        return 0.0
    return float(ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2)


def thinned(values: Iterable[float], most: int = POINTS) -> list[float]:
    """A series of a few points as evidence: means of equal parts, to four digits."""
    array = np.asarray(list(values), np.float64)
    array = array[np.isfinite(array)]
    if len(array) > most:
        array = np.asarray([part.mean() for part in np.array_split(array, most)])
    return [float(f"{value:.4g}") for value in array]


def _plain(value: Any) -> Any:
    """A value of JSON."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
