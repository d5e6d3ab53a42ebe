"""What a run will take, worked out before it: time from some steps on a copy, memory from the costs of the network."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from nnstudio.train import privacy
from nnstudio.train.augmenting import augmenting_of
from nnstudio.train.batches import Data, Rows
from nnstudio.train.environment import TrainingError, choose_device, environment
from nnstudio.train.evaluate import evaluate_rows
from nnstudio.train.losses import Losses
from nnstudio.train.memory import optimizer_numbers, spare_copies
from nnstudio.train.plan import Plan
from nnstudio.train.private import batches_of, per_sample
from nnstudio.train.state import State
from nnstudio.train.stepping import Stepper

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

#: Steps that are done before time is taken, and while it is; and the seconds after which no more are begun.
FIRST, TIMED, SECONDS = 3, 20, 1.5
#: Rows on which an evaluation is timed, at most.
EVALUATED = 4096


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will take, all its epochs done.

    seconds: of the whole run, of which ``step`` is one step and ``evaluation`` one look at the validation rows.
    memory: bytes of weights, gradients, optimizer, activations and the data (0 where it cannot be worked out).
    epsilon: what a private plan buys at its δ; 0 where it is not private.
    """

    seconds: float
    step: float
    evaluation: float
    memory: int
    samples_per_second: float
    epsilon: float = 0.0


def forecast(compiled: Compiled, data: Data, plan: Plan, stopping: Callable[[], bool] = lambda: False) -> Forecast:
    """Measure some steps on a copy of the weights and add up the plan. Nothing of ``compiled`` changes.

    TrainingError where there is nothing to train, or no rows.
    """
    device = choose_device(plan.device)
    rows = data.count("train")
    if not rows:
        raise TrainingError("There are no rows to train on", "give the training split a share of the data")
    with environment(plan, device):
        step, steps_per_epoch, size = _step_seconds(compiled, data, plan, device, stopping)
        evaluation = 0.0 if stopping() else _evaluation_seconds(compiled, data, plan, device)
    seconds = plan.epochs * (steps_per_epoch * step + evaluation)
    memory = memory_of(compiled, plan, plan.batch_size)
    size += per_sample(compiled, plan) if plan.private else 0
    return Forecast(
        seconds, step, evaluation, memory + size if memory else 0, min(rows, plan.batch_size) / step,
        privacy.forecast(plan, rows) if plan.private else 0.0,
    )  # fmt: skip


def memory_of(compiled: Compiled, plan: Plan, batch_size: int) -> int:
    """Bytes that training takes with batches of this size, data left out; 0 where it cannot be worked out."""
    from nnstudio.compile.costs import Regime, costs

    found = costs(compiled.resolution, Regime(batch_size, optimizer_numbers(plan), spare_copies(plan)))
    return found.total.training_memory if found.total.known else 0


def _step_seconds(
    compiled: Compiled, data: Data, plan: Plan, device: torch.device, stopping: Callable[[], bool]
) -> tuple[float, int, int]:
    """Seconds of a step (the median), steps of an epoch, and bytes of the rows."""
    state = State(compiled, plan, device)
    moment = state.capture()
    stepper = Stepper(compiled, state, Losses(state), 1)
    augmenting = augmenting_of(data, compiled.inputs, compiled)
    rows = Rows(compiled.inputs, data.arrays("train"), data.count("train"), device, augmenting)
    batches = batches_of(state, rows)
    took: list[float] = []
    try:
        compiled.train()
        step, until = stepper.plain(), perf_counter() + SECONDS
        for place, batch in enumerate(batches.epoch(0)):
            start = perf_counter()
            step(batch)
            _wait_for(device)
            if place >= FIRST or len(batches.sizes) <= FIRST:
                took.append(perf_counter() - start)
            if stopping() or len(took) >= TIMED or (took and perf_counter() > until):
                break
    finally:
        state.tracks.leave()
        state.restore(moment)
        compiled.training.eval()
    size = sum(tensor.nbytes for tensor in rows.tensors.values())
    return statistics.median(took), batches.steps_per_epoch, size


def _evaluation_seconds(compiled: Compiled, data: Data, plan: Plan, device: torch.device) -> float:
    """Seconds of an evaluation of all validation rows, measured on some of them."""
    count = data.count("validation")
    if not count:
        return 0.0
    rows = Rows(compiled.inputs, data.arrays("validation"), count, device)
    some = copy.copy(rows)
    some.rows = min(count, EVALUATED)
    start = perf_counter()
    evaluate_rows(compiled, some, plan.batch_size)
    _wait_for(device)
    return (perf_counter() - start) * count / some.rows


def _wait_for(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
