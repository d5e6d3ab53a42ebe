"""The batch-size finder: the largest batch that fits into memory, and how fast each size learns from a sample.

On a GPU sizes are tried until memory runs out. On the CPU memory that runs out ends the program, so there it is worked
out from the costs of the network and what the machine has free, and only time is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnstudio.train.batches import Data
from nnstudio.train.environment import choose_device
from nnstudio.train.failures import is_out_of_memory
from nnstudio.train.forecast import forecast, memory_of
from nnstudio.train.memory import free_memory
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled

#: The share of the free memory that a batch may take.
SHARE = 0.8
#: A size this close to the best samples a second is as fast.
AS_FAST = 0.95


@dataclass(frozen=True, slots=True)
class SizeTrial:
    """What has been tried so far.

    sizes: those that fit, rising; samples_per_second: of each; memory: bytes of each, 0 where not known. largest: the
    largest that fits (no more than there are rows); fastest: the smallest that is about as fast as the fastest.
    limit: bytes that a batch may take. done: nothing more comes.
    """

    sizes: tuple[int, ...] = ()
    samples_per_second: tuple[float, ...] = ()
    memory: tuple[int, ...] = ()
    limit: int = 0
    largest: int = 0
    fastest: int = 0
    done: bool = False


def find_batch_size(
    compiled: Compiled, data: Data, plan: Plan, stopping: Callable[[], bool] = lambda: False
) -> Iterator[SizeTrial]:
    """Try batch sizes, each twice the last, up to the number of rows. Weights and random state stay as they were.

    Yields the trial so far after every size; the last one is ``done``. ``largest`` is 0 where not even one sample fits.
    TrainingError where there is nothing to train, or no rows.
    """
    rows, device = data.count("train"), choose_device(plan.device)
    limit = int(SHARE * free_memory(device))
    trial = SizeTrial(limit=limit)
    size = min(8, max(rows, 1))
    while not stopping():
        tried = plan.with_(batch_size=size, epochs=1, device=device.type)
        needs = memory_of(compiled, tried, size)
        if needs > limit and device.type == "cpu":
            break
        speed = _speed(compiled, data, tried, stopping)
        if speed is None:
            break
        trial = replace(
            trial, sizes=(*trial.sizes, size), samples_per_second=(*trial.samples_per_second, speed),
            memory=(*trial.memory, needs), largest=size,
        )  # fmt: skip
        yield trial
        if size >= rows:
            break
        size = min(2 * size, rows)
    yield _judged(trial)


def _speed(compiled: Compiled, data: Data, plan: Plan, stopping: Callable[[], bool]) -> float | None:
    """Samples a second with a batch size; None where it does not fit."""
    try:
        return forecast(compiled, data, plan, stopping).samples_per_second
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
    import torch  # outside of the except block: its traceback held the tensors

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None


def _judged(trial: SizeTrial) -> SizeTrial:
    if not trial.sizes:
        return replace(trial, done=True)
    best = max(trial.samples_per_second)
    pairs = zip(trial.sizes, trial.samples_per_second, strict=True)
    fastest = next(size for size, speed in pairs if speed >= AS_FAST * best)
    return replace(trial, fastest=fastest, done=True)
