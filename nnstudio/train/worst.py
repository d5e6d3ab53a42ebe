"""The row that a network does worst at."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from nnstudio.train.batches import Data, Rows
from nnstudio.train.evaluate import device_of, evaluating
from nnstudio.train.figures import Objective

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled

#: Rows that are tried at most, and seconds.
TRIED, SECONDS = 1000, 5.0


def worst_row(
    compiled: Compiled, data: Data, split: str, cancelled: Callable[[], bool] = lambda: False
) -> tuple[int, float, int]:
    """The row of a split with the greatest loss, that loss, and how many rows were tried, evenly spread over the split.

    (−1, NaN, 0) where there is no row or no loss. Losses that are not finite count as the greatest. Weights and running
    statistics stay as they are; ``compiled`` is not to be run by another thread meanwhile. RuntimeError where the
    network cannot take one row alone.
    """
    rows = data.count(split)
    if not rows or not compiled.losses:
        return -1, float("nan"), 0
    every = -(-rows // TRIED)
    arrays = {name: array[::every] for name, array in data.arrays(split).items()}
    count = -(-rows // every)
    source = Rows(compiled.inputs, arrays, count, device_of(compiled.training))
    objective = Objective(compiled)
    worst, greatest, tried = -1, float("-inf"), 0
    until = perf_counter() + SECONDS
    with evaluating(compiled.training):
        for row in range(count):
            if cancelled() or (perf_counter() > until and row):
                break
            loss = float(objective.total(compiled.training(*source.gather(slice(row, row + 1), 1, row))))
            tried += 1
            if not loss <= greatest:
                worst, greatest = row * every, loss
                if loss != loss:
                    break
    return worst, greatest, tried
