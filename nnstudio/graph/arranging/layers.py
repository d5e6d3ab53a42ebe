"""Layers: each box gets a column behind those that feed it; long links get a point in each column that they cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Points of long links that are made at most, for each box and in any case. Where there would be more, links over more
#: than a few columns go without: in such a tangle points cost much and bring nothing.
_POINTS, _FEW_POINTS, _FEW_COLUMNS = 1.0, 3000, 2
#: After how many boxes it is asked whether the work is still wanted.
_PATIENCE = 2048


class Cancelled(Exception):  # noqa: N818 - what happened, no mistake of anyone
    """The arrangement is no longer wanted."""


class Link(NamedTuple):
    """From one box to another; heights of both ends from the boxes' centres. ``lift`` is how much lower the target
    stands where the link looks straight: as a rule boxes stand at one height, though their ports differ a little."""

    source: int
    target: int
    leaves: float = 0.0
    enters: float = 0.0
    lift: float = 0.0


def never() -> bool:
    """Work that nobody can call off."""
    return False


def ask(cancelled: Callable[[], bool]) -> None:
    """Cancelled, where the work is no longer wanted."""
    if cancelled():
        raise Cancelled


@dataclass(slots=True)
class Layers:
    """Vertices in columns: 0 … ``real`` - 1 are boxes, those behind them points of long links.

    ``before`` and ``after`` are neighbours by vertex (of a link that is too long for points: both boxes). ``leaves``
    and ``enters`` say, as a share of its height from -0.5 to 0.5, where on the mean the links of a vertex end.
    ``through`` is the length of the longest way through a vertex. ``ties`` are the links between neighbouring columns
    as (source, target, share at the source, share at the target). ``chain`` is, for each point, the box that its link
    comes from and the last one that it goes to.
    """

    real: int
    column: list[int]
    through: list[int]
    before: list[list[int]]
    after: list[list[int]]
    leaves: list[float] = field(default_factory=list)
    enters: list[float] = field(default_factory=list)
    ties: list[tuple[int, int, float, float]] = field(default_factory=list)
    chain: list[tuple[int, int]] = field(default_factory=list)

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return max(self.column) + 1


def layered(heights: Sequence[float], links: Sequence[Link], cancelled: Callable[[], bool] = never) -> Layers:
    """Layers of connected boxes of these heights. Links that close a loop are left out; Cancelled where asked."""
    kept = _opened(len(heights), links, cancelled)
    made, head = _columns(len(heights), kept)
    ask(cancelled)
    _add_links(made, heights, kept, head)
    return made


def _opened(count: int, links: Sequence[Link], cancelled: Callable[[], bool]) -> list[Link]:
    """The links without those that close a loop (depth-first from what nothing feeds, without recursion)."""
    leaving: list[list[Link]] = [[] for _ in range(count)]
    fed = bytearray(count)
    for link in links:
        if link.source != link.target:
            leaving[link.source].append(link)
            fed[link.target] = 1
    state = bytearray(count)  # 1: on the way, 2: done
    kept: list[Link] = []
    seen = 0
    for root in (*(v for v in range(count) if not fed[v]), *range(count)):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(leaving[root]))]
        while stack:
            vertex, rest = stack[-1]
            for link in rest:
                if state[link.target] == 1:
                    continue
                kept.append(link)
                if not state[link.target]:
                    state[link.target] = 1
                    stack.append((link.target, iter(leaving[link.target])))
                    break
            else:
                state[vertex] = 2
                stack.pop()
                seen += 1
                if not seen % _PATIENCE:
                    ask(cancelled)
    return sorted(kept)


def _columns(count: int, links: Sequence[Link]) -> tuple[Layers, list[int]]:
    """The longest way to each box is its column; sources stand right before what they feed."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target, *_ in links:
        after[source].append(target)
        before[target].append(source)
    waiting = [len(around) for around in before]
    order = [vertex for vertex in range(count) if not waiting[vertex]]
    head, tail = [0] * count, [0] * count
    for vertex in order:
        behind = head[vertex] + 1
        for target in after[vertex]:
            if head[target] < behind:
                head[target] = behind
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    column = list(head)
    for vertex in reversed(order):
        onward = after[vertex]
        if onward:
            tail[vertex] = max([tail[target] for target in onward]) + 1
            if len(before[vertex]) <= len(onward):
                column[vertex] = min([column[target] for target in onward]) - 1
    through = [a + b for a, b in zip(head, tail, strict=True)]
    made = Layers(count, column, through, [[] for _ in range(count)], [[] for _ in range(count)])
    return made, head


def _add_links(made: Layers, heights: Sequence[float], links: Sequence[Link], head: Sequence[int]) -> None:
    """Links between neighbouring columns as they are; longer ones from point to point, one chain a source port."""
    column = made.column
    chains: dict[tuple[int, float], list[Link]] = {}
    for link in links:
        if column[link.target] - column[link.source] == 1:
            _tie(made, link.source, link.target, link.leaves / heights[link.source], link.enters / heights[link.target])
        else:
            chains.setdefault((link.source, link.leaves), []).append(link)
    spans = {port: max(column[link.target] for link in chain) - column[port[0]] for port, chain in chains.items()}
    tangled = sum(spans.values()) - len(spans) > max(_FEW_POINTS, _POINTS * made.real)
    for port, chain in chains.items():
        if spans[port] <= _FEW_COLUMNS or not tangled:
            _add_chain(made, heights, sorted(chain, key=lambda link: column[link.target]), head)
        else:
            for link in chain:
                made.after[link.source].append(link.target)
                made.before[link.target].append(link.source)
    _mean_ends(made)


def _add_chain(made: Layers, heights: Sequence[float], links: Sequence[Link], head: Sequence[int]) -> None:
    source, leaves = links[0].source, links[0].leaves / heights[links[0].source]
    through = max(head[source] + 1 + made.through[link.target] - head[link.target] for link in links)
    at, share, column = source, leaves, made.column[source]
    for link in links:
        while column < made.column[link.target] - 1:
            column += 1
            point = len(made.column)
            made.column.append(column)
            made.through.append(through)
            made.before.append([])
            made.after.append([])
            made.chain.append((source, links[-1].target))
            _tie(made, at, point, share, 0.0)
            at, share = point, 0.0
        _tie(made, at, link.target, share, link.enters / heights[link.target])


def _tie(made: Layers, source: int, target: int, leaves: float, enters: float) -> None:
    made.after[source].append(target)
    made.before[target].append(source)
    made.ties.append((source, target, leaves, enters))


def _mean_ends(made: Layers) -> None:
    count = len(made.column)
    leaves, enters = [0.0] * count, [0.0] * count
    for source, target, out, into in made.ties:
        if out:
            enters[target] += out
        if into:
            leaves[source] += into
    made.enters = [total / len(around) if total else 0.0 for total, around in zip(enters, made.before, strict=True)]
    made.leaves = [total / len(around) if total else 0.0 for total, around in zip(leaves, made.after, strict=True)]
