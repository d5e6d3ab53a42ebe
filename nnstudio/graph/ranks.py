"""Ranks: numbers that grow along every wire, kept from network to network, so that most loops need no search.

An edit changes few of them (Pearce and Kelly, "A dynamic topological sort algorithm for directed acyclic graphs",
2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnstudio.graph.network import Network, Wire

#: Between two neighbours at first, so that others find room between them.
_STEP = 1024.0
#: Where more nodes than this would have to be ranked anew, all are, when it is next worked out.
_MOST = 2000

Ranks = Mapping[str, float]


def ranked(network: Network) -> Ranks | None:
    """A rank for every node at which a wire is; None where there is a loop."""
    nodes, ranks = network.nodes, dict[str, float]()
    waiting = {id: len({wire.source for wire in wires if wire.source in nodes})
               for id, wires in network.incoming.items() if id in nodes}  # fmt: skip
    ready = [id for id in network.outgoing if id in nodes and not waiting.get(id)]
    for count, id in enumerate(ready, 1):  # grows meanwhile
        ranks[id] = _STEP * count
        for target in {wire.target for wire in network.outgoing.get(id, ())}:
            if target in waiting:
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
    return ranks if all(not left or id in ranks for id, left in waiting.items()) else None


def followed(before: Ranks, network: Network, new: Sequence[Wire]) -> Ranks | None:
    """The ranks of a network after these wires have come (others, and nodes, may have gone); None where that is not
    found quickly, or there is a loop."""
    if not new:
        return before
    if len(new) > _MOST:
        return None
    new = [wire for wire in new if wire.source in network.nodes and wire.target in network.nodes]
    ranks = dict(before)
    touched: set[str] = set()
    if not _place(ranks, new):
        return None
    for wire in new:
        if ranks[wire.source] >= ranks[wire.target]:
            turned = _turn(ranks, network, wire)
            if turned is None:
                return None
            touched |= turned
    right = all(ranks[wire.source] < ranks[wire.target] for wire in new)
    return ranks if right and all(_grows(ranks, network, id) for id in touched) else None


def _place(ranks: dict[str, float], new: Iterable[Wire]) -> bool:
    """Rank the nodes that have none, which only these wires are at: between what feeds them and what they feed."""
    onto: dict[str, list[str]] = {}
    into: dict[str, list[str]] = {}
    for wire in new:
        onto.setdefault(wire.source, []).append(wire.target)
        into.setdefault(wire.target, []).append(wire.source)
    fresh = [id for id in dict.fromkeys((*onto, *into)) if id not in ranks]
    waiting = {id: sum(source not in ranks for source in into.get(id, ())) for id in fresh}
    order = [id for id in fresh if not waiting[id]]
    for id in order:  # grows meanwhile
        for target in onto.get(id, ()):
            if target in waiting:
                waiting[target] -= 1
                if not waiting[target]:
                    order.append(target)
    if len(order) < len(fresh):
        return False
    above: dict[str, float] = {}
    for id in reversed(order):
        above[id] = min((above.get(to, ranks.get(to, math.inf)) for to in onto.get(id, ())), default=math.inf)
    for id in order:
        low, high = max((ranks[source] for source in into.get(id, ())), default=-math.inf), above[id]
        if low == -math.inf:
            ranks[id] = high - _STEP / 2 if high < math.inf else 0.0
        else:
            ranks[id] = (low + high) / 2 if low < high < math.inf else low + _STEP / 2
    return True


def _turn(ranks: dict[str, float], network: Network, wire: Wire) -> set[str] | None:
    """Rank anew what lies between the ends of a wire that leads down. Returns which; None for a loop, or too many."""
    low, high = ranks[wire.target], ranks[wire.source]
    behind: set[str] = set()
    todo = [wire.target]
    while todo:
        id = todo.pop()
        if id not in behind and ranks.get(id, math.inf) <= high:
            behind.add(id)
            todo += [each.target for each in network.outgoing.get(id, ()) if each.target in network.nodes]
            if id == wire.source or len(behind) > _MOST:
                return None
    before: set[str] = set()
    todo = [wire.source]
    while todo:
        id = todo.pop()
        if id not in before and ranks.get(id, -math.inf) >= low:
            before.add(id)
            todo += [each.source for each in network.incoming.get(id, ()) if each.source in network.nodes]
            if len(before) > _MOST:
                return None
    key = ranks.__getitem__
    order = [*sorted(before, key=key), *sorted(behind, key=key)]
    ranks.update(dict(zip(order, sorted(map(key, order)), strict=True)))
    return set(order)


def _grows(ranks: Ranks, network: Network, id: str) -> bool:
    """Whether ranks grow along the wires at a node."""
    nodes, own = network.nodes, ranks[id]
    return all(wire.source not in nodes or ranks[wire.source] < own for wire in network.incoming.get(id, ())) and all(
        wire.target not in nodes or own < ranks[wire.target] for wire in network.outgoing.get(id, ())
    )
