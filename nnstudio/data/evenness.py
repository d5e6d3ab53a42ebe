"""What is uneven, and what is hardly chance: shared by what is found in data and by the doctor of runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: The share of an even share that the rarest class must have, and the share of the commonest that is too much.
RARE, COMMON = 0.2, 0.85


def hardly_chance(arrays: list[Array]) -> bool:
    """Whether columns have so many different values that two equal rows are hardly chance: the number of possible rows
    is far greater than the square of the number of rows (the birthday problem)."""
    if not arrays:
        return False
    possible = 0.0
    rows = len(arrays[0])
    for array in arrays:
        flat = array.reshape(rows, -1)[:, :64]
        possible += sum(np.log10(max(1, len(np.unique(flat[:, column])))) for column in range(flat.shape[1]))
    return bool(possible > 2.5 * np.log10(max(rows, 10)) + 1)


def uneven(counts: list[int]) -> tuple[float, float] | None:
    """The shares of the commonest and of the rarest class where they are far from even; None where they are not.

    counts: rows of each class; classes without rows are left out."""
    present = [count for count in counts if count]
    if len(present) < 2:
        return None
    most, least, total = max(present), min(present), sum(present)
    if most / total < COMMON and least > RARE * total / len(present):
        return None
    return most / total, least / total
