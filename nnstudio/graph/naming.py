"""Names of nodes: made identifiers, and free."""

from __future__ import annotations

import re
from collections.abc import Callable, Container

from nnstudio.graph.network import Network
from nnstudio.graph.node_names import is_node_name

#: So many numbers behind a name are looked at one after another.
_IN_TURN = 100


def free_name(network: Network, wanted: str) -> str:
    """``wanted``, made an identifier, with the first number behind it that makes it unique."""
    return name_free_of(network.by_name, wanted, network.tried)


def name_free_of(taken: Container[str], wanted: str, tried: dict[str, int] | None = None) -> str:
    """``wanted``, made an identifier, with the first number behind it that is not among the names that are taken; where
    many are taken one behind the other, a number that follows one of them.

    ``tried``: the number behind each stem from which on it is worth looking, as far as that is known; it is kept up.
    """
    base = (wanted if wanted.isidentifier() else re.sub(r"\W+", "_", wanted)).strip("_") or "node"
    if base[0].isdigit():
        base = f"n{base}"
    if is_node_name(base) and base not in taken:
        return base
    stem = base.rstrip("0123456789") or base
    number = (tried or {}).get(stem) or (2 if is_node_name(stem) else 1)

    def free(number: int) -> bool:
        return f"{stem}{number}" not in taken and is_node_name(f"{stem}{number}")

    for _ in range(_IN_TURN):
        if free(number):
            break
        number += 1
    else:
        number = _leap(number - 1, free)
    if tried is not None:
        tried[stem] = number
    return f"{stem}{number}"


def _leap(taken: int, free: Callable[[int], bool]) -> int:
    """A free number right behind one that is taken, found in ever larger steps and then by halving."""
    step = 1
    while not free(taken + step):
        taken, step = taken + step, 2 * step
    last = taken + step
    while last - taken > 1:
        middle = (taken + last) // 2
        taken, last = (taken, middle) if free(middle) else (middle, last)
    return last


class Names:
    """Names that are taken, and more as they are added."""

    def __init__(self, taken: Container[str]) -> None:
        self._taken = taken
        self._own: set[str] = set()

    def add(self, name: str) -> None:
        self._own.add(name)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._taken
