"""The learning-rate finder: it tries rates on some batches, and leaves weights and random state as they were.

Source: Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.augmenting import augmenting_of
from nnstudio.train.batches import Batch, Data, Rows
from nnstudio.train.environment import TrainingError, choose_device, environment
from nnstudio.train.losses import Losses
from nnstudio.train.plan import Plan
from nnstudio.train.private import batches_of
from nnstudio.train.state import State
from nnstudio.train.stepping import Stepper
from nnstudio.train.tracks import Track

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled

#: Rates that are tried: from the lowest to the highest in so many steps, each a constant factor above the last.
LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 120
#: A loss so many times its lowest ends the search: the rate is too high by now.
TOO_HIGH = 4.0
#: How much of the smoothed loss each new one is.
SMOOTHING = 0.15
#: Rates that are passed over at the beginning, where the smoothed loss is still settling.
SETTLING = 8
#: A fall of the loss smaller than this share of it is noise.
FALLEN = 0.02


@dataclass(frozen=True, slots=True)
class RateTrial:
    """The loss at rising learning rates, as far as it has been tried.

    rates, losses, smoothed: shape (n,), float64; ``smoothed`` is an exponential mean without its bias. total: how many
    will be tried at most. suggestion: the rate to take, None while it is not known or where none is found. steepest:
    where the loss falls fastest by the logarithm of the rate; lowest: where it is lowest. done: nothing more comes.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    total: int
    done: bool = False
    suggestion: float | None = None
    steepest: float | None = None
    lowest: float | None = None

    @property
    def sentence(self) -> str:
        """What came of it, for a person."""
        if not self.done:
            return "Trying learning rates"
        if self.suggestion is None:
            return "No rate made the loss fall, so none is suggested; look at the network, the data and Problems first"
        return (
            f"A learning rate of {self.suggestion:.2g} is suggested: the loss falls fastest at {self.steepest:.2g} "
            f"and no longer above {self.lowest:.2g}"
        )


def find_learning_rate(
    compiled: Compiled, data: Data, plan: Plan, *, lowest: float = LOWEST, highest: float = HIGHEST, steps: int = STEPS,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[RateTrial]:  # fmt: skip
    """Train for some steps at a rate that rises from ``lowest`` to ``highest``, and see where the loss falls fastest.

    Yields the trial so far after every step; the last one is ``done``. Weights, buffers and random state are put back
    as they were, however it ends. The suggestion is the rate of the steepest fall, and at most a third of that of the
    lowest loss. With phases, each trains at the rate in its turn.

    TrainingError where there is nothing to train.
    """
    device = choose_device(plan.device)
    with environment(plan, device):
        state = State(compiled, plan, device)
        moment = state.capture()
        try:
            yield from _tried(compiled, data, state, np.geomspace(lowest, highest, steps), stopping)
        finally:
            state.tracks.leave()
            for parameter in state.parameters:
                parameter.grad = None
            state.restore(moment)
            compiled.training.eval()


def _tried(
    compiled: Compiled, data: Data, state: State, rates: NDArray[np.float64], stopping: Callable[[], bool]
) -> Iterator[RateTrial]:
    losses: list[float] = []
    smoothed: list[float] = []
    stepper = Stepper(compiled, state, Losses(state), 1)
    updates = {track: stepper.updater(track) for track in state.tracks.all}
    compiled.train()
    mean = 0.0
    for at, batch in enumerate(_batches(compiled, data, state, len(rates))):
        if stopping():
            break
        loss = _step(state, batch, float(rates[at]), updates)
        if not math.isfinite(loss):
            break
        mean += SMOOTHING * (loss - mean)
        losses.append(loss)
        smoothed.append(mean / (1.0 - (1.0 - SMOOTHING) ** (at + 1)))
        state.progress.step += 1
        yield _trial(rates, losses, smoothed)
        if at > SETTLING and smoothed[-1] > TOO_HIGH * min(smoothed):
            break
    yield _judged(_trial(rates, losses, smoothed))


def _batches(compiled: Compiled, data: Data, state: State, count: int) -> Iterator[Batch]:
    """So many batches, as an epoch after the other gives them."""
    augmenting = augmenting_of(data, compiled.inputs, compiled)
    rows = Rows(compiled.inputs, data.arrays("train"), data.count("train"), state.device, augmenting)
    batches = batches_of(state, rows)
    if not batches.sizes:
        raise TrainingError("There are no rows to train on", "give the training split a share of the data")
    given, epoch = 0, 0
    while True:
        for batch in batches.epoch(epoch):
            if given == count:
                return
            yield batch
            given += 1
        epoch += 1


def _step(state: State, batch: Batch, rate: float, updates: Mapping[Track, Callable[[], None]]) -> float:
    """One step at a rate, and the loss before it."""
    track = state.track
    state.tracks.enter(track)
    for group in track.optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    if track.private is not None:
        _, total = track.private(batch)
    else:
        total = track.objective.total(track.part.training.forward(*batch))
        total.backward()  # type: ignore[no-untyped-call]
    updates[track]()
    return float(total.detach())


def _trial(rates: NDArray[np.float64], losses: list[float], smoothed: list[float]) -> RateTrial:
    return RateTrial(rates[: len(losses)], np.asarray(losses), np.asarray(smoothed), len(rates))


def _judged(trial: RateTrial) -> RateTrial:
    """The trial with what came of it."""
    smoothed = trial.smoothed
    if len(smoothed) <= SETTLING + 2:
        return replace(trial, done=True)
    low = int(np.argmin(smoothed[SETTLING:])) + SETTLING
    if smoothed[low] > (1.0 - FALLEN) * smoothed[SETTLING // 2]:
        return replace(trial, done=True)
    slope = np.gradient(smoothed, np.log(trial.rates))
    steepest = int(np.argmin(slope[SETTLING : low + 1])) + SETTLING
    at_steepest, at_lowest = float(trial.rates[steepest]), float(trial.rates[low])
    suggestion = _rounded(min(at_steepest, at_lowest / 3.0))
    return replace(trial, done=True, suggestion=suggestion, steepest=at_steepest, lowest=at_lowest)


def _rounded(value: float) -> float:
    """To two digits: what a person would type."""
    return float(f"{value:.1e}")
