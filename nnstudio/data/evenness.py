"""What is uneven, and what is hardly chance: shared by what is found in data and by the doctor of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.likeness import Piece, arrays_pieces, mixed

Array = NDArray[Any]

#: The share of an even share that the rarest class must have, and the share of the commonest that is too much.
RARE, COMMON = 0.2, 0.85
#: So many times as many equal rows as chance makes are no chance; pieces that are left out in turn to tell, at most.
TIMES, LEFT_OUT = 10.0, 64
#: Values recur that stand in so many rows, on average; of such pieces so many are compared with each other.
RECURRING, PAIRED = 4, 16


def hardly_chance(pieces: Sequence[Piece], others: Sequence[Piece] = ()) -> bool:
    """Whether equal rows, or such as are looked for, are hardly chance: there are far more than there would be.

    pieces: what rows are made of; others: what may follow from that, such as a target. How many pairs of rows would be
    equal by chance is told in two ways, of which the greater counts: from how many rows are possible (the birthday
    problem), and from how many pairs are equal in all but one piece, and how often that one is equal.
    """
    if not pieces:
        return False
    keys = [mixed(piece.keys, salt) for salt, piece in enumerate((*pieces, *others))]
    total: NDArray[np.uint64] = np.add.reduce(np.stack(keys))
    every = len(total) * (len(total) - 1) / 2
    equal = _pairs(total)
    possible = sum(float(np.log10(max(1.0, piece.possible))) for piece in _apart(pieces))
    chance, varied = every / 10.0 ** min(300.0, possible), 0
    for key in keys[:LEFT_OUT]:
        alike = _pairs(key)
        if alike < every:
            varied += 1
            chance = max(chance, (_pairs(total - key) - equal) * alike / (every - alike))
    return varied > 1 and TIMES * chance < max(equal, 1.0)


def _apart(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces without those that follow from another, as an age does from a year of birth: only such are looked at
    as have few different values, since of many each stands alone."""
    different = {place: len(np.unique(piece.keys)) for place, piece in enumerate(pieces)}
    few = [place for place, count in different.items() if count * RECURRING <= len(pieces[place].keys)]
    kept: list[int] = []
    for place in sorted(few, key=lambda place: -different[place])[:PAIRED]:
        key = mixed(pieces[place].keys)
        if not any(len(np.unique(mixed(pieces[by].keys, 1) + key)) == different[by] for by in kept):
            kept.append(place)
    return [piece for place, piece in enumerate(pieces) if place not in few or place in kept]


def array_pieces(arrays: Sequence[Array]) -> list[Piece]:
    """What the rows of arrays are made of."""
    return [piece for array in arrays for piece in arrays_pieces(array)]


def _pairs(keys: NDArray[np.uint64]) -> float:
    """How many pairs are equal."""
    counts = np.unique(keys, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1)).sum() / 2)


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
