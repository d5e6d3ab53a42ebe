"""Finding things by a few letters of their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def score(query: str, text: str) -> float | None:
    """How well the letters of ``query`` (spaces left out) are found in order in ``text``; None where they are not.

    Letters that begin a word, or follow the one before at once, count more; short texts before long ones.
    """
    wanted, given = query.casefold().replace(" ", ""), text.casefold()
    if not wanted:
        return 0.0
    best: float | None = None
    start = given.find(wanted[0])
    while start >= 0:
        found = _from(wanted, given, text, start)
        if found is not None and (best is None or found > best):
            best = found
        start = given.find(wanted[0], start + 1)
    return None if best is None else best - len(text) / 200


def _from(wanted: str, given: str, text: str, start: int) -> float | None:
    total, at, before = 0.0, start, start - 2
    for letter in wanted:
        at = given.find(letter, at)
        if at < 0:
            return None
        begins = at == 0 or not given[at - 1].isalnum() or (text[at].isupper() and text[at - 1].islower())
        total += 1.0 + (2.0 if begins else 0.0) + (1.5 if at == before + 1 else 0.0)
        before = at
        at += 1
    return total


def by_words(query: str, words: str) -> bool:
    """Whether each word of ``query`` begins one of the ``words``."""
    given = words.casefold().split()
    return all(any(word.startswith(part) for word in given) for part in query.casefold().split())


def ranked(
    query: str, things: Iterable[T], name: Callable[[T], str], words: Callable[[T], str] | None = None
) -> list[T]:
    """The things whose name has the letters of ``query``, best first, then those whose name and words its words fit.

    All, as they are, for "".
    """
    found: list[tuple[float, int, T]] = []
    for place, thing in enumerate(things):
        best = score(query, name(thing))
        if best is None and words is not None and by_words(query, f"{name(thing)} {words(thing)}"):
            best = -1.0
        if best is not None:
            found.append((-best if query.strip() else 0.0, place, thing))
    return [thing for _, _, thing in sorted(found, key=lambda item: item[:2])]
