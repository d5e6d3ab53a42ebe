"""What differs between two values that share most of what they hold, found by identity and mostly without a loop."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping, Sequence
from itertools import compress, count
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


def differing(old: Mapping[Key, object], new: Mapping[Key, object]) -> list[Key]:
    """The keys of ``new`` whose values are other objects than in ``old``, or that ``old`` lacks, in order."""
    if old is new:
        return []
    if all(map(operator.eq, old, new)):  # the same keys in the same order, up to the end of the shorter one
        found = list(compress(new, map(operator.is_not, old.values(), new.values())))
        return found + list(new)[len(old) :]
    return [key for key, value in new.items() if old.get(key) is not value]


def missing(old: Mapping[Key, object], new: Mapping[Key, object]) -> list[Key]:
    """The keys of ``old`` that ``new`` lacks."""
    if old is new or (len(old) <= len(new) and all(map(operator.eq, old, new))):
        return []
    return [key for key in old if key not in new]


def swapped(old: Sequence[T], new: Sequence[T]) -> tuple[list[T], list[T]]:
    """What is only in the one sequence, and only in the other, by identity."""
    if old is new:
        return [], []
    shared = next(compress(count(), map(operator.is_not, old, new)), min(len(old), len(new)))
    rest, more = old[shared:], new[shared:]
    before, after = set(map(id, rest)), set(map(id, more))
    return [each for each in rest if id(each) not in after], [each for each in more if id(each) not in before]
