"""What differs between two values that share most of what they hold, found by identity and mostly without a loop; and
values made of others with little changed."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from itertools import compress, count, filterfalse
from types import MappingProxyType
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


#: Mappings with fewer keys are simply walked through; more changed keys are not worth remembering.
_SMALL, _MOST = 512, 400
#: So many pairs are remembered, with the values themselves.
_PAIRS = 10


class _Remembered(threading.local):
    """Pairs of values by the keys that may differ between them, latest last: by thread, as each has its own."""

    keys: tuple[tuple[Mapping[Any, object], Mapping[Any, object], tuple[Any, ...]], ...] = ()
    items: tuple[tuple[Sequence[Any], Sequence[Any], list[Any], list[Any]], ...] = ()


_remembered = _Remembered()


def differing(old: Mapping[Key, object], new: Mapping[Key, object]) -> list[Key]:
    """The keys of ``new`` whose values are other objects than in ``old``, or that ``old`` lacks."""
    if old is new:
        return []
    if not old:
        return list(new)
    keys = _touched(old, new)
    return [key for key in keys if key in new and (key not in old or old[key] is not new[key])]


def missing(old: Mapping[Key, object], new: Mapping[Key, object]) -> list[Key]:
    """The keys of ``old`` that ``new`` lacks."""
    if old is new or not old:
        return []
    return [key for key in _touched(old, new) if key in old and key not in new]


def _touched(old: Mapping[Key, object], new: Mapping[Key, object]) -> Iterable[Key]:
    """Keys among which are all that differ: as was remembered when the one was made of the other, by way of others
    between them; else found by a walk through both, and then remembered."""
    pairs = _remembered.keys if max(len(old), len(new)) >= _SMALL else ()
    ways: list[tuple[Mapping[Any, object], tuple[Any, ...]]] = [(new, ())]
    seen = {id(new)}
    for at, keys in ways:  # grows meanwhile
        for first, second, between in reversed(pairs):
            other = second if first is at else first if second is at else None
            if other is old:
                return dict.fromkeys((*between, *keys))
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                ways.append((other, (*between, *keys)))
    found = list(compress(new, map(operator.is_not, map(old.get, new), new.values())))
    found += filterfalse(new.__contains__, old)
    remember(old, new, found)
    return found


def remember(old: Mapping[Key, object], new: Mapping[Key, object], keys: Sequence[Key]) -> None:
    """Know for :func:`differing` and :func:`missing` that two mappings differ in these keys at most."""
    if max(len(old), len(new)) >= _SMALL and len(keys) <= _MOST:
        _remembered.keys = (*_remembered.keys[1 - _PAIRS :], (old, new, tuple(keys)))


def swapped(old: Sequence[T], new: Sequence[T]) -> tuple[list[T], list[T]]:
    """What is only in the one sequence, and only in the other, by identity."""
    if old is new:
        return [], []
    if not old or not new:
        return list(old), list(new)
    known = _exchange(old, new) or _by_way_of_another(old, new)
    if known is not None:
        return known
    start = _alike(old, new)
    end = _alike(old[: start - 1 if start else None : -1], new[: start - 1 if start else None : -1])
    rest, more = old[start : len(old) - end], new[start : len(new) - end]
    before, after = set(map(id, rest)), set(map(id, more))
    gone = list(compress(rest, map(operator.not_, map(after.__contains__, map(id, rest)))))
    came = list(compress(more, map(operator.not_, map(before.__contains__, map(id, more)))))
    exchanged(old, new, gone, came)
    return gone, came


def _exchange(old: Sequence[T], new: Sequence[T]) -> tuple[list[T], list[T]] | None:
    """What is remembered to be only in the one sequence, and only in the other."""
    for first, second, gone, came in reversed(_remembered.items):
        if first is old and second is new:
            return list(gone), list(came)
        if first is new and second is old:
            return list(came), list(gone)
    return None


def _by_way_of_another(old: Sequence[T], new: Sequence[T]) -> tuple[list[T], list[T]] | None:
    """The same, where both are remembered beside a third one between them."""
    for first, second, *_ in reversed(_remembered.items):
        between = second if first is old else first if second is old else old
        known, then = _exchange(old, between), _exchange(between, new)
        if known is not None and then is not None:
            gone, came = known
            brought, lost, were, are = (set(map(id, each)) for each in (came, then[0], gone, then[1]))
            left = [*gone, *(each for each in then[0] if id(each) not in brought)]
            put = [*(each for each in came if id(each) not in lost), *then[1]]
            return [each for each in left if id(each) not in are], [each for each in put if id(each) not in were]
    return None


def exchanged(old: Sequence[T], new: Sequence[T], gone: Sequence[T], came: Sequence[T]) -> None:
    """Remember that these are what is only in the one sequence and only in the other."""
    if max(len(old), len(new)) >= _SMALL and len(gone) + len(came) <= _MOST:
        _remembered.items = (*_remembered.items[1 - _PAIRS :], (old, new, list(gone), list(came)))


def _alike(first: Sequence[object], second: Sequence[object]) -> int:
    """With how many of the same objects both begin."""
    return next(compress(count(), map(operator.is_not, first, second)), min(len(first), len(second)))


def changed(kept: Mapping[Key, T], new: Mapping[Key, T], gone: Collection[Key] = ()) -> MappingProxyType[Key, T]:
    """A mapping with some values added or replaced, and without some keys."""
    made = kept.copy() if isinstance(kept, dict | MappingProxyType) else dict(kept)
    made.update(new)
    for key in gone:
        made.pop(key, None)
    return MappingProxyType(made)


def derived(kept: Mapping[Key, T], new: Mapping[Key, T], gone: Collection[Key] = ()) -> MappingProxyType[Key, T]:
    """The same, remembered for :func:`differing` and :func:`missing`."""
    value = changed(kept, new, gone)
    remember(kept, value, (*new, *gone))
    return value


#: About where objects are in a sequence, by their ``id``: where most were a few edits ago, and those that came since.
Hints = tuple[Mapping[int, int], Mapping[int, int]]
_NO_HINTS: Hints = ({}, {})
#: So many places to each side of a hint are looked at.
_REACH = 48


def hints_of(objects: Sequence[object]) -> Hints:
    """Where these objects are; nothing where one is there twice."""
    found = dict(zip(map(id, objects), count()))
    return (found, {}) if len(found) == len(objects) else _NO_HINTS


def places_of(objects: Sequence[object], wanted: Iterable[object], hints: Hints = _NO_HINTS) -> list[int]:
    """Where in a sequence these objects are, by identity. Objects without a true hint are searched for."""
    objects_by_id = {id(each): each for each in wanted}
    near = [_hinted(objects, each, hints) for each in objects_by_id.values()]
    if None not in near:
        return sorted(place for place in near if place is not None)
    return list(compress(count(), map(objects_by_id.keys().__contains__, map(id, objects))))


def _hinted(objects: Sequence[object], wanted: object, hints: Hints) -> int | None:
    most, late = hints
    key = id(wanted)
    at = late[key] if key in late else most.get(key)
    if at is None:
        return None
    first = max(at - _REACH, 0)
    if at < len(objects) and objects[at] is wanted:
        return at
    return next((place for place, each in enumerate(objects[first : at + _REACH], first) if each is wanted), None)


def regathered(
    kept: Mapping[str, tuple[T, ...]], end: Callable[[T], str], gone: Sequence[T], new: Sequence[T],
    all: Sequence[T], hints: Hints = _NO_HINTS,
) -> Mapping[str, tuple[T, ...]]:  # fmt: skip
    """What was gathered by one of its ends, after some have gone and others have come; in the order of ``all``."""
    lost = set(map(id, gone))
    came: dict[str, list[T]] = {end(each): [] for each in [*gone, *new]}
    for each in new:
        came[end(each)].append(each)
    left = {key: [each for each in kept.get(key, ()) if id(each) not in lost] for key in came}
    last = list(new) == list(all[len(all) - len(new) :])
    if not last and any((left[key] and more) or len(more) > 1 for key, more in came.items()):
        mixed = [each for key in came for each in (*left[key], *came[key])]
        place = {id(all[at]): at for at in places_of(all, mixed, hints)}
        found = {key: sorted([*left[key], *more], key=lambda each: place[id(each)]) for key, more in came.items()}
    else:
        found = {key: [*left[key], *more] for key, more in came.items()}
    return changed(kept, {key: tuple(each) for key, each in found.items()}, [key for key in found if not found[key]])
