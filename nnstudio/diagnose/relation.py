"""Whether targets have anything to do with inputs: what nearest neighbours and a line make of rows held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Numbers of a row that are looked at; more are mixed at random into so many (Johnson and Lindenstrauss, 1984).
WIDEST = 256
#: Neighbours that are asked, and the different codes up to which a sequence is counted.
NEIGHBOURS, CODES = 7, 2_000


@dataclass(frozen=True)
class Relation:
    """held: the rows that were held out. answers: the best model's, probabilities (rows, classes) or numbers (rows, n).
    score: its accuracy, or R²; by_chance: that of the best constant; doubt: three standard errors of the score."""

    score: float
    by_chance: float
    doubt: float
    held: Array
    answers: Array | None


def features(arrays: list[Array], most: int, chosen: Array | None = None) -> tuple[Array, Array] | None:
    """Rows (their numbers) and their inputs as standardised float64, shape (rows, at most WIDEST). None where the
    inputs cannot be compared by distance."""
    count = len(arrays[0])
    rows = chosen if chosen is not None else np.arange(count)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(1).choice(rows, most, replace=False))
    parts = []
    for array in arrays:
        taken = np.asarray(array[rows]).reshape(len(rows), -1)
        if taken.dtype.kind in "iu":
            size = int(taken.max(initial=0)) + 1
            if size > CODES or taken.min(initial=0) < 0:
                return None
            counted = np.zeros((len(rows), size))
            np.add.at(counted, (np.arange(len(rows))[:, None], taken), 1.0)
            taken = counted
        taken = taken.astype(np.float64)
        if taken.shape[1] > 2 * WIDEST:
            taken = taken[:, np.random.default_rng(2).choice(taken.shape[1], 2 * WIDEST, replace=False)]
        parts.append(taken)
    joined = np.concatenate(parts, axis=1)
    joined = np.nan_to_num(joined - joined.mean(axis=0), posinf=0.0, neginf=0.0)
    spread = joined.std(axis=0)
    joined = joined[:, spread > 0] / spread[spread > 0]
    if not joined.shape[1]:
        return None
    if joined.shape[1] > WIDEST:
        mixing = np.random.default_rng(3).normal(size=(joined.shape[1], WIDEST)) / np.sqrt(WIDEST)
        joined = joined @ mixing
    return rows, joined


def relation(inputs: Array, target: Array) -> Relation:
    """How well the simple models do on every third row after they have seen the others.

    inputs: (rows, features), standardised. target: class codes (rows,) or numbers (rows, n).
    """
    held = np.zeros(len(inputs), bool)
    held[np.random.default_rng(4).permutation(len(inputs))[: max(1, len(inputs) // 3)]] = True
    known, asked = inputs[~held], inputs[held]
    nearest = _nearest(known, asked)
    if target.ndim == 1:
        return _classes(known, asked, nearest, target, held)
    return _numbers(known, asked, nearest, target, held)


def _nearest(known: Array, asked: Array) -> Array:
    """The nearest known rows of each that is asked about, shape (asked, NEIGHBOURS)."""
    distances = (known**2).sum(axis=1) - 2 * asked @ known.T
    count = min(NEIGHBOURS, len(known) - 1)
    return np.argpartition(distances, count, axis=1)[:, :count]


def _line(known: Array, asked: Array, goal: Array) -> Array:
    """What a straight line (ridge regression) answers."""
    weight = 0.1 * len(known) ** 0.5 + known.shape[1] * 0.05
    gram = known.T @ known + weight * np.eye(known.shape[1])
    middle = goal.mean(axis=0)
    answered: Array = asked @ np.linalg.solve(gram, known.T @ (goal - middle)) + middle
    return answered


def _classes(known: Array, asked: Array, nearest: Array, target: Array, held: Array) -> Relation:
    seen, wanted = target[~held], target[held]
    count = int(target.max()) + 1
    goal = np.eye(count)[seen]
    shares = goal.mean(axis=0)
    votes = (goal[nearest].sum(axis=1) + shares) / (nearest.shape[1] + 1.0)
    scores = _line(known, asked, goal)
    by_votes, by_line = (float((each.argmax(axis=1) == wanted).mean()) for each in (votes, scores))
    by_chance = float((wanted == shares.argmax()).mean())
    best = max(by_votes, by_line)
    if by_line > by_votes:
        votes = np.maximum(scores, 0.02)
        votes /= votes.sum(axis=1, keepdims=True)
    doubt = 3.0 * float(np.sqrt(max(best * (1 - best), 0.05) / len(wanted)))
    return Relation(best, by_chance, doubt, held, votes)


def _numbers(known: Array, asked: Array, nearest: Array, target: Array, held: Array) -> Relation:
    seen, wanted = target[~held], target[held]
    spread = float(((wanted - seen.mean(axis=0)) ** 2).mean())
    tried = [seen[nearest].mean(axis=1), _line(known, asked, seen)]
    errors = [float(((each - wanted) ** 2).mean()) for each in tried]
    best = int(np.argmin(errors))
    score = 1.0 - errors[best] / spread if spread > 0 else 0.0
    return Relation(score, 0.0, 3.0 / float(np.sqrt(len(wanted))), held, tried[best])
