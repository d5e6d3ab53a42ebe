"""What differs between two values that share most of what they hold, found by identity and mostly without a loop; and
values made of others with little changed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import compress, count, filterfalse
from types import MappingProxyType
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


def differing(old: Mapping[Key, object], new: Mapping[Key, object]) -> list[Key]:
    """The keys of ``new`` whose values are other objects than in ``old``, or that ``old`` lacks, in order."""
    if old is new:
        return []
    return list(compress(new, map(operator.is_not, map(old.get, new), new.values())))


def missing(old: Mapping[Key, object], new: Mapping[Key, object]) -> list[Key]:
    """The keys of ``old`` that ``new`` lacks."""
    return [] if old is new else list(filterfalse(new.__contains__, old))


def swapped(old: Sequence[T], new: Sequence[T]) -> tuple[list[T], list[T]]:
    """What is only in the one sequence, and only in the other, by identity."""
    if old is new:
        return [], []
    start = _alike(old, new)
    end = _alike(old[: start - 1 if start else None : -1], new[: start - 1 if start else None : -1])
    rest, more = old[start : len(old) - end], new[start : len(new) - end]
    before, after = set(map(id, rest)), set(map(id, more))
    gone = list(compress(rest, map(operator.not_, map(after.__contains__, map(id, rest)))))
    return gone, list(compress(more, map(operator.not_, map(before.__contains__, map(id, more)))))


def _alike(first: Sequence[object], second: Sequence[object]) -> int:
    """With how many of the same objects both begin."""
    return next(compress(count(), map(operator.is_not, first, second)), min(len(first), len(second)))


def changed(kept: Mapping[Key, T], new: Mapping[Key, T], gone: Iterable[Key] = ()) -> MappingProxyType[Key, T]:
    """A mapping with some values added or replaced, and without some keys."""
    made = kept.copy() if isinstance(kept, dict | MappingProxyType) else dict(kept)
    made.update(new)
    for key in gone:
        made.pop(key, None)
    return MappingProxyType(made)


def places_of(objects: Sequence[object], wanted: Iterable[object]) -> list[int]:
    """Where in a sequence these objects are, by identity."""
    ids = set(map(id, wanted))
    return list(compress(count(), map(ids.__contains__, map(id, objects)))) if ids else []


def regathered(
    kept: Mapping[str, tuple[T, ...]], end: Callable[[T], str], gone: Sequence[T], new: Sequence[T], all: Sequence[T]
) -> Mapping[str, tuple[T, ...]]:
    """What was gathered by one of its ends, after some have gone and others have come; in the order of ``all``."""
    lost = set(map(id, gone))
    came: dict[str, list[T]] = {end(each): [] for each in [*gone, *new]}
    for each in new:
        came[end(each)].append(each)
    left = {key: [each for each in kept.get(key, ()) if id(each) not in lost] for key in came}
    last = list(new) == list(all[len(all) - len(new) :])
    if not last and any((left[key] and more) or len(more) > 1 for key, more in came.items()):
        place = dict(zip(map(id, all), count(), strict=False))
        found = {key: sorted([*left[key], *more], key=lambda each: place[id(each)]) for key, more in came.items()}
    else:
        found = {key: [*left[key], *more] for key, more in came.items()}
    return changed(kept, {key: tuple(each) for key, each in found.items()}, [key for key in found if not found[key]])
