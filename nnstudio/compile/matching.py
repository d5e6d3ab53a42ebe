"""Which node of an edited network is which of the network before: by id, into blocks and out of them, or by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnstudio.graph import Network
from nnstudio.graph.expanding import Expansion


def matched(was: Network, now: Network) -> dict[str, str]:
    """For each node of a flat network the one of an earlier flat network that it is; new nodes are left out, and no
    node is there twice.

    Nodes of one id are the same. So are those whose ids end alike: they went into a block, came out of one, or are
    copies of one that is repeated more often or less often (the first copies are the same). What is left over is the
    same where the names are.
    """
    found = {id: id for id in now.nodes if id in was.nodes}
    gone = [id for id in was.nodes if id not in found]
    found.update(_moved(gone, [id for id in now.nodes if id not in found]))
    taken = set(found.values())
    called = {was.nodes[id].name: id for id in gone if id not in taken}
    for id, node in now.nodes.items():
        if id not in found and node.name in called:
            found[id] = called.pop(node.name)
    return found


def sources(was: Expansion, now: Expansion) -> dict[str, str]:
    """For each node whose weights are its own the earlier one that had them. Copies that shared one's weights go on
    from that one, so that two may have the same."""
    pairs = matched(was.flat, now.flat)
    return {id: was.shared.get(old, old) for id, old in pairs.items() if id not in now.shared}


def _moved(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a new id and an old one that end alike: first those alike to the longest end, of these those alike from
    the beginning, of these the first."""
    ways = {id: _way(id) for id in (*old, *new)}
    least = {id: len(_way(id.rpartition("/")[2])) for id in ways}
    for length in range(max(map(len, ways.values()), default=0), 0, -1):
        ends: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
        for side, ids in enumerate((old, new)):
            for id in ids:
                if len(ways[id]) >= length:
                    ends.setdefault(ways[id][-length:], ([], []))[side].append(id)
        taken: set[str] = set()
        for olds, news in ends.values():
            pairs = [(id, other) for id in news for other in olds if length >= min(least[id], least[other])]
            pairs.sort(key=lambda pair: -_alike(ways[pair[0]], ways[pair[1]]))
            for id, other in pairs:
                if not taken & {id, other}:
                    taken |= {id, other}
                    yield id, other
        old, new = ([id for id in ids if id not in taken] for ids in (old, new))


def _way(id: str) -> tuple[str, ...]:
    """The ids on the way to a node, those of a layer that was unpacked from a copy (``"block-1-conv"``) too."""
    return tuple(re.split("[/-]", id))


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How much of their beginnings is the same."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
