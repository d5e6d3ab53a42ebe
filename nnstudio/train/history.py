"""History: events added up for whoever shows them. No Qt, no torch; live runs and old ones go through the same code."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.events import (
    Activations,
    CheckpointSaved,
    Diagnosis,
    EpochEnded,
    Event,
    FlightRecorded,
    Forecasted,
    Gradients,
    Histogram,
    Inside,
    Insides,
    NetworkChanged,
    PlanChanged,
    PrivacySpent,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Samples,
    Steps,
    Timings,
    Weights,
)
from nnstudio.train.series import Series
from nnstudio.train.snapshots import KEPT, Seen, Snapshot, Thinned, gradients_at, joined, latest

T = TypeVar("T")

#: Epochs that are kept; when there are more, every second of the older ones is dropped, but for those that were best.
EPOCHS_KEPT = 8192


class History:
    """What is known of a run so far. Feed it events in their order.

    losses, learning_rates: of every step, by step from 0 (NaN where a step is not known), as a `Series`, which can be
    sliced like an array. parts: each loss node's own losses, by id. epochs: every EpochEnded, of very many each
    second. activations, gradients, weights, updates: the latest snapshot by node id. peaks: each node's greatest
    gradient so far. ended: RunFinished or RunFailed, once it has. distributions: each node's weights, by parameter.
    signal: each gradient's signal-to-noise ratio. timings: what each node takes. insides: by node id, the latest look
    into it. changed: what was changed in the middle of the run. flight: the last steps before numbers went bad.
    forecast: what it was expected to take. privacy: what a private run gave away, at the end of each epoch and now.
    ``changes`` counts the events that were fed, so that a view can see whether
    it is up to date.
    """

    def __init__(self) -> None:
        self.changes = 0
        self.started: RunStarted | None = None
        self.ended: RunFinished | RunFailed | None = None
        self.flight: FlightRecorded | None = None
        self.forecast: Forecasted | None = None
        self.privacy: list[PrivacySpent] = []
        self.paused = False
        self.step, self.time = 0, 0.0
        self.epochs: list[EpochEnded] = []
        #: names of the figures that any epoch has had
        self.named: dict[str, None] = {}
        self.diagnoses: list[Diagnosis] = []
        self.samples: Samples | None = None
        self.checkpoints: list[CheckpointSaved] = []
        self.activations: dict[str, Histogram] = {}
        self.gradients: dict[str, float] = {}
        self.weights: dict[str, float] = {}
        self.updates: dict[str, float] = {}
        self.peaks: dict[str, float] = {}
        self.signal: dict[str, float] = {}
        self.distributions: dict[str, Mapping[str, Histogram]] = {}
        self.timings: Timings | None = None
        self.insides: dict[str, Inside] = {}
        self.inside_sample: tuple[str, int] = ("", 0)
        self.changed: list[PlanChanged | NetworkChanged] = []
        #: whose steps these are: from which step on, and the run's id; more than one where it was forked from another
        self.lineage: list[tuple[int, str]] = []
        #: from which step and epoch on an epoch has how many steps
        self._paces: list[tuple[int, float, int]] = [(0, 0.0, 1)]
        self.steps_per_second = self.seconds_left = self.watching = 0.0
        self._losses, self._rates = Series(), Series()
        self._parts: dict[str, Series] = {}
        self._figures: dict[tuple[str, str], tuple[object, int, NDArray[np.int64], NDArray[np.float64]]] = {}
        self._looks, self._norms, self._distributions = Thinned(), Thinned(), Thinned()
        self._timings, self._seen = Thinned(), Seen()

    def as_now(self) -> History:
        """As it is now, for another thread to read while this one is fed. What it holds is not copied: it takes well
        under a millisecond, also of a long run."""
        made = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list | dict):
                setattr(made, name, copy.copy(value))
            elif isinstance(value, Series | Thinned):
                setattr(made, name, value.as_now())
        made._parts = {id: series.as_now() for id, series in self._parts.items()}
        return made

    @property
    def checkpoint(self) -> CheckpointSaved | None:
        """The newest checkpoint."""
        return self.checkpoints[-1] if self.checkpoints else None

    @property
    def losses(self) -> Series:
        """The total loss of every step."""
        return self._losses

    @property
    def learning_rates(self) -> Series:
        """The learning rate of every step."""
        return self._rates

    @property
    def parts(self) -> dict[str, Series]:
        """Each loss node's own loss of every step, by id; empty where there is one loss."""
        return dict(self._parts)

    @property
    def progress(self) -> float:
        """Share of the steps that is done, 0 to 1; 1 where the run is completed, also by early stopping."""
        if isinstance(self.ended, RunFinished) and self.ended.reason != "stopped":
            return 1.0
        return min(1.0, self.epoch / self.started.epochs) if self.started else 0.0

    @property
    def epoch(self) -> float:
        """How many epochs are done, with the part of the one that is under way."""
        return float(self.epochs_at(self.step))

    def epochs_at(self, steps: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """How many epochs are done after so many steps; they may have had different batch sizes."""
        starts = np.array([step for step, _, _ in self._paces], np.float64)
        at = np.asarray(steps, np.float64)
        place = np.clip(np.searchsorted(starts, at, side="right") - 1, 0, None)
        before = np.array([epochs for _, epochs, _ in self._paces])[place]
        each = np.array([steps_per_epoch for _, _, steps_per_epoch in self._paces], np.float64)[place]
        done: NDArray[np.float64] = before + (at - starts[place]) / each
        return done

    def steps_at(self, epochs: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """How many steps are done after so many epochs."""
        before = np.array([done for _, done, _ in self._paces])
        at = np.asarray(epochs, np.float64)
        place = np.clip(np.searchsorted(before, at, side="right") - 1, 0, None)
        starts = np.array([step for step, _, _ in self._paces], np.float64)[place]
        each = np.array([steps_per_epoch for _, _, steps_per_epoch in self._paces], np.float64)[place]
        done: NDArray[np.float64] = starts + (at - before[place]) * each
        return done

    @property
    def own_since(self) -> int:
        """The step at which the run itself began; what is told of earlier ones is of the run it was forked from."""
        return self.lineage[-1][0] if len(self.lineage) > 1 else 0

    def run_at(self, step: float) -> str:
        """The id of the run that did a step: of a fork, until then, the one that it was forked from."""
        return next((run for since, run in reversed(self.lineage[1:]) if step >= since), self._first_run)

    @property
    def _first_run(self) -> str:
        return self.lineage[0][1] if self.lineage else ""

    @property
    def best_epoch(self) -> EpochEnded | None:
        """The best epoch so far."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.best), None)

    @property
    def activation_steps(self) -> list[int]:
        """Steps of the snapshots that :meth:`activation_history` gives."""
        return list(self._looks.steps)

    @property
    def moments(self) -> list[int]:
        """Steps, rising, of which :meth:`at` knows something of its own."""
        return sorted({*self._looks.steps, *self._norms.steps})

    def at(self, step: int | None = None) -> Snapshot:
        """What was known at a step, from the nearest snapshots before it that are kept; None: what is known now."""
        if step is None:
            return Snapshot(
                self.step, self.activations, self.gradients, self.weights, self.updates, self.signal,
                self.distributions, self.timings,
            )  # fmt: skip
        back = self.started is not None and bool(self.started.phases)

        def seen(kept: Thinned) -> Any:
            items: list[Any] = kept.items
            return joined(kept.steps, items, step, back=back)

        norms: list[Gradients] = self._norms.items
        timings: list[Timings] = self._timings.items
        return Snapshot(
            step, seen(self._looks), *gradients_at(self._norms.steps, norms, step, back=back),
            seen(self._distributions), latest(self._timings.steps, timings, step),
        )  # fmt: skip

    def insides_at(self, step: int, split: str, sample: int) -> tuple[int, dict[str, Inside]]:
        """What was last seen inside nodes with a row until a step, by node id, and at which step that was (of the
        newest of it; −1 where nothing was seen)."""
        return self._seen.at(step, split, sample)

    def activation_history(self, node: str) -> list[Histogram | None]:
        """A node's histograms over time, as many as :attr:`activation_steps` (None where it was not seen)."""
        return [layers.get(node) for layers in self._looks.items]

    def gradient_history(self, node: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and L2 norms of a node's gradient over time (NaN where it was not seen)."""
        values = [event.gradients.get(node, np.nan) for event in self._norms.items]
        return np.asarray(self._norms.steps, np.int64), np.asarray(values, np.float64)

    def last_looks(self, most: int) -> list[Mapping[str, Histogram]]:
        """The histograms of the last snapshots, by node id, the oldest first."""
        return self._looks.items[-most:]

    def last_norms(self, most: int = KEPT + 1) -> list[Gradients]:
        """The last looks at the gradients, the oldest first."""
        return self._norms.items[-most:]

    def distribution_history(self, node: str, parameter: str) -> tuple[list[int], list[Histogram | None]]:
        """Steps and histograms of a node's weights over time (None where they were not seen)."""
        seen = [layers.get(node, {}).get(parameter) for layers in self._distributions.items]
        return list(self._distributions.steps), seen

    def signal_history(self, node: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and signal-to-noise ratios of a node's gradient over time (NaN where they are not known)."""
        values = [event.signal.get(node, np.nan) for event in self._norms.items]
        return np.asarray(self._norms.steps, np.int64), np.asarray(values, np.float64)

    @property
    def ratios(self) -> dict[str, float]:
        """The L2 norm of the last update over that of the weights, by node id; empty where updates are not measured."""
        return {id: update / self.weights[id] for id, update in self.updates.items() if self.weights.get(id)}

    def ratio_history(self, node: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and :attr:`ratios` of a node over time (NaN where they are not known)."""
        pairs = [(event.updates.get(node), event.weights.get(node)) for event in self._norms.items]
        values = [update / weight if update is not None and weight else np.nan for update, weight in pairs]
        return np.asarray(self._norms.steps, np.int64), np.asarray(values, np.float64)

    def series(self, name: str, split: str = "validation") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Epochs and values of a figure (``loss``, a loss's or a metric's name) of a split; not to be written to."""
        last, count = (self.epochs[-1] if self.epochs else None), len(self.epochs)
        known = self._figures.get((split, name))
        if known is None or known[0] is not last or known[1] != count:
            pairs = [(epoch.epoch, getattr(epoch, split).get(name)) for epoch in self.epochs]
            epochs = np.asarray([epoch for epoch, value in pairs if value is not None], np.int64)
            values = np.asarray([value for _, value in pairs if value is not None], np.float64)
            known = self._figures[split, name] = (last, count, epochs, values)
        return known[2], known[3]

    def restore(self, losses: Series, rates: Series, parts: Mapping[str, Series]) -> None:
        """Take the series of an old run from where they are kept, in place of the Steps events that told them."""
        self._losses, self._rates, self._parts = losses, rates, dict(parts)
        self.changes += 1

    def feed(self, event: Event) -> None:
        """Take in an event. A RunStarted of another run empties the history first, unless that was forked from the one
        that is here: then it goes on from the step of the fork."""
        here = self.started.run if self.started is not None else None
        if isinstance(event, RunStarted) and here not in (event.run, event.parent):
            self.__init__()  # type: ignore[misc]
        self.changes += 1
        self.step, self.time = event.step, event.time
        match event:
            case RunStarted():
                self._begin(event)
            case Steps():
                self._take_steps(event)
            case Activations():
                self.activations = self._joined(self.activations, event.layers)
                self._looks.add(event.step, event.layers)
            case Gradients():
                self.gradients = self._joined(self.gradients, event.gradients)
                self.weights = self._joined(self.weights, event.weights)
                self.updates = self._joined(self.updates, event.updates)
                self.signal = self._joined(self.signal, event.signal)
                self.peaks.update(
                    {
                        id: max(size, self.peaks.get(id, size))
                        for id, size in event.gradients.items()
                        if size < float("inf")
                    }
                )
                self._norms.add(event.step, event)
            case Weights():
                self.distributions = self._joined(self.distributions, event.layers)
                self._distributions.add(event.step, event.layers)
            case Timings():
                self.timings = event
                self._timings.add(event.step, event)
            case Insides():
                self.insides, self.inside_sample = dict(event.nodes), (event.split, event.sample)
                self._seen.add(event.step, event)
            case PlanChanged() | NetworkChanged():
                self.changed.append(event)
                if self.started is not None and isinstance(event, PlanChanged) and "epochs" in event.after:
                    self.started = replace(self.started, epochs=event.after["epochs"])
            case EpochEnded():
                self._take_epoch(event)
            case Samples():
                self.samples = event
            case CheckpointSaved():
                self.checkpoints.append(event)
            case Diagnosis():
                self.diagnoses.append(event)
            case RunPaused() | RunResumed():
                self.paused = isinstance(event, RunPaused)
            case FlightRecorded():
                self.flight = event
            case Forecasted():
                self.forecast = event
            case PrivacySpent():
                self._take_privacy(event)
            case RunFinished() | RunFailed():
                self.ended, self.paused, self.seconds_left = event, False, 0.0

    def _begin(self, event: RunStarted) -> None:
        """A run begins or goes on from ``event.step``: what was told of later steps is told again."""
        each = max(1, event.steps_per_epoch)
        if self.started is None:
            self._paces = [(0, 0.0, each)]
        elif each != self._paces[-1][2] or event.step < self._paces[-1][0]:
            reached = float(self.epochs_at(event.step))
            self._paces = [pace for pace in self._paces if pace[0] < event.step]
            self._paces.append((event.step, reached, each))
        if not self.lineage or self.lineage[-1][1] != event.run:
            self.lineage = [of for of in self.lineage if of[0] < event.step] + [(event.step, event.run)]
        self.started, self.ended, self.paused = event, None, False
        empty = np.empty(0, np.float32)
        for series in (self._losses, self._rates, *self._parts.values()):
            if len(series) > event.step:
                series.place(event.step, empty)
        self.epochs = [epoch for epoch in self.epochs if epoch.step <= event.step]
        self.checkpoints = [saved for saved in self.checkpoints if saved.step <= event.step]
        self.changed = [change for change in self.changed if change.step <= event.step]
        self.privacy = [spent for spent in self.privacy if spent.step <= event.step]
        for kept in (self._looks, self._norms, self._distributions, self._timings, self._seen):
            kept.cut(event.step)

    def _joined(self, before: dict[str, T], now: Mapping[str, T]) -> dict[str, T]:
        """The latest of every node: with phases, a look sees the nodes of one phase only."""
        return {**before, **now} if self.started is not None and self.started.phases else dict(now)

    def _take_epoch(self, event: EpochEnded) -> None:
        self.named.update(dict.fromkeys((*event.training, *event.validation)))
        self.epochs.append(event)
        if len(self.epochs) > 2 * EPOCHS_KEPT:
            self.epochs = [epoch for at, epoch in enumerate(self.epochs) if at % 2 == 0 or epoch.best or epoch is event]

    def _take_privacy(self, event: PrivacySpent) -> None:
        """Keep the last of each epoch."""
        epochs = [float(np.ceil(self.epochs_at(spent.step))) for spent in (*self.privacy[-1:], event)]
        if epochs[0] == epochs[-1] and self.privacy:
            self.privacy.pop()
        self.privacy.append(event)

    def _take_steps(self, event: Steps) -> None:
        self._losses.place(event.first, event.losses)
        self._rates.place(event.first, event.learning_rates)
        for id, values in event.parts.items():
            self._parts.setdefault(id, Series()).place(event.first, values)
        self.steps_per_second, self.seconds_left = event.steps_per_second, event.seconds_left
        self.watching = event.watching
