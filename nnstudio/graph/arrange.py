"""Arranging: where the nodes of a network stand when nobody has placed them.

Layered drawing after Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures" (1981): loops are opened, each node gets a column behind those that feed it, the order within columns
follows the neighbours, and the heights are the least-squares ones that keep that order. Columns that would not fit a
wide screen go on in a new row, as text does. Pure functions; positions are centres, in scene units.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nnstudio.graph.network import Network
from nnstudio.graph.places import Occupied, node_size, snapped
from nnstudio.graph.view import Position

#: Distance between the centres of two columns, room for a wire with its tensor type included.
COLUMN = 264.0
#: Free height between two nodes of a column, and between two rows.
NODE_GAP, ROW_GAP = 32.0, 88.0
#: The surface that a drawing should fit without being made smaller, as it is in a window of 1600×1000.
WIDE, HIGH = 1180.0, 560.0
_SWEEPS = 4
#: How much larger the drawing must be shown for one row to become several.
_WRAP = 1.15


def arrange(network: Network) -> dict[str, Position]:
    """Positions for all nodes. Works with loops, with parts that are not connected, and with 10,000 nodes."""
    parts = [_part(network, ids) for ids in _components(network) if len(ids) > 1]
    single = [ids[0] for ids in _components(network) if len(ids) == 1]
    parts.sort(key=lambda part: -len(part.positions))
    if single:
        parts.append(_grid(network, single, max([part.width for part in parts], default=0.0)))
    return _stacked(parts)


def complete(network: Network, positions: Mapping[str, Position]) -> dict[str, Position]:
    """Positions for all nodes: those that are given, and for each other node a free place near its neighbours."""
    placed = {id: at for id, at in positions.items() if id in network.nodes}
    missing = [id for id in network.nodes if id not in placed]
    if not missing:
        return placed
    if not placed:
        return arrange(network)
    taken = Occupied({id: (at, node_size(network.nodes[id].layer)) for id, at in placed.items()})
    near = {id for id in missing if _neighbours(network, id, placed)}
    loose = [id for id in missing if id not in near]
    todo = [id for id in missing if id in near]
    while todo or loose:
        if not todo:
            todo, loose = _place_loose(network, loose, placed, taken), []
            continue
        id = todo.pop(0)
        size = node_size(network.nodes[id].layer)
        placed[id] = taken.free(_wanted(network, id, placed), size)
        taken.add(id, placed[id], size)
        reached = {w.target for w in network.outgoing.get(id, ())} | {w.source for w in network.incoming.get(id, ())}
        todo += [other for other in loose if other in reached]
        loose = [other for other in loose if other not in reached]
    return {id: placed[id] for id in network.nodes}


def _place_loose(network: Network, ids: list[str], placed: dict[str, Position], taken: Occupied[str]) -> list[str]:
    """Put nodes that touch nothing placed below all others, arranged among themselves."""
    made = arrange(network.part(ids))
    left = min(x for x, _ in placed.values())
    low = max(y for _, y in placed.values()) + ROW_GAP + 2 * NODE_GAP
    x0, y0 = min(x for x, _ in made.values()), min(y for _, y in made.values())
    for id, (x, y) in made.items():
        placed[id] = (left + x - x0, low + y - y0)
        taken.add(id, placed[id], node_size(network.nodes[id].layer))
    return []


def _neighbours(network: Network, id: str, placed: Mapping[str, Position]) -> bool:
    return any(wire.source in placed for wire in network.incoming.get(id, ())) or any(
        wire.target in placed for wire in network.outgoing.get(id, ())
    )


def _wanted(network: Network, id: str, placed: Mapping[str, Position]) -> Position:
    before = [placed[wire.source] for wire in network.incoming.get(id, ()) if wire.source in placed]
    after = [placed[wire.target] for wire in network.outgoing.get(id, ()) if wire.target in placed]
    if before and after:
        return snapped(((before[0][0] + after[0][0]) / 2, (before[0][1] + after[0][1]) / 2))
    if before:
        return snapped((max(x for x, _ in before) + COLUMN, before[0][1]))
    return snapped((min(x for x, _ in after) - COLUMN, after[0][1]))


# -- one connected part ------------------------------------------------------------------------------------------


@dataclass
class _Part:
    """A drawing with its upper left corner at (0, 0)."""

    positions: dict[str, Position]
    width: float
    height: float


@dataclass
class _Layered:
    """A connected part without loops: neighbours, column, and length of the longest way through each node."""

    before: dict[str, list[str]]
    after: dict[str, list[str]]
    column: dict[str, int] = field(default_factory=dict)
    through: dict[str, int] = field(default_factory=dict)
    row: dict[str, int] = field(default_factory=dict)


def _components(network: Network) -> list[list[str]]:
    seen: set[str] = set()
    found = []
    for start in network.nodes:
        if start in seen:
            continue
        seen.add(start)
        part = [start]
        for id in part:
            around = [wire.target for wire in network.outgoing.get(id, ())]
            around += [wire.source for wire in network.incoming.get(id, ())]
            for other in around:
                if other not in seen and other in network.nodes:
                    seen.add(other)
                    part.append(other)
        found.append(part)
    return found


def _part(network: Network, ids: Sequence[str]) -> _Part:
    inside = set(ids)
    ids = [id for id in network.nodes if id in inside] if len(inside) * 4 > len(network.nodes) else list(ids)
    graph = _acyclic(network, ids)
    order = _columns(graph, ids)
    columns: list[list[str]] = [[] for _ in range(max(graph.column.values()) + 1)]
    for id in order:
        columns[graph.column[id]].append(id)
    height = {id: node_size(network.nodes[id].layer)[1] for id in ids}
    _order_columns(columns, graph)
    rows = _rows(columns, graph, height)
    return _coordinates(columns, rows, graph, height)


def _acyclic(network: Network, ids: Sequence[str]) -> _Layered:
    """Neighbours of each node, wires that close a loop left out (depth-first, without recursion)."""
    after: dict[str, list[str]] = {
        id: list(dict.fromkeys(w.target for w in network.outgoing.get(id, ()) if w.target in network.nodes))
        for id in ids
    }
    state: dict[str, int] = {}
    kept: dict[str, list[str]] = {id: [] for id in ids}
    fed = {target for targets in after.values() for target in targets}
    for root in (*(id for id in ids if id not in fed), *ids):
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            id, rest = stack[-1]
            for target in rest:
                if state.get(target) == 1:
                    continue  # closes a loop
                kept[id].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(after[target])))
                    break
            else:
                state[id] = 2
                stack.pop()
    before: dict[str, list[str]] = {id: [] for id in ids}
    for id in ids:
        for target in kept[id]:
            before[target].append(id)
    return _Layered(before, kept)


def _columns(graph: _Layered, ids: Sequence[str]) -> list[str]:
    """Give each node its column; sources stand right before what they feed. Returns a topological order."""
    waiting = {id: len(graph.before[id]) for id in ids}
    order = [id for id in ids if not waiting[id]]
    column = graph.column
    for id in order:
        column[id] = max((column[other] + 1 for other in graph.before[id]), default=0)
        for target in graph.after[id]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    down: dict[str, int] = {}
    for id in reversed(order):
        down[id] = max((down[other] + 1 for other in graph.after[id]), default=0)
        graph.through[id] = column[id] + down[id]
    for id in reversed(order):
        if graph.after[id] and len(graph.before[id]) <= len(graph.after[id]):
            column[id] = min(column[other] for other in graph.after[id]) - 1
    return order


def _order_columns(columns: list[list[str]], graph: _Layered) -> None:
    """Order each column by where its neighbours stand, from the left and from the right in turn."""
    if all(len(column) == 1 for column in columns):
        return
    place: dict[str, float] = {}

    def number(column: list[str]) -> None:
        middle = (len(column) - 1) / 2
        for index, id in enumerate(column):
            place[id] = index - middle

    for column in columns:
        column.sort(key=lambda node: -graph.through[node])  # the longest way on top, what joins it late below
        number(column)
    for sweep in range(_SWEEPS):
        rightwards = sweep % 2 == 0
        around = graph.before if rightwards else graph.after
        for column in columns if rightwards else reversed(columns):
            if len(column) > 1:
                key = {id: _mean([place[other] for other in around[id]], place[id]) for id in column}
                column.sort(key=key.__getitem__)
                number(column)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


# -- rows ---------------------------------------------------------------------------------------------------------


def _rows(columns: list[list[str]], graph: _Layered, height: Mapping[str, float]) -> list[tuple[int, int]]:
    """Cut the columns into rows, (first, end) each, so that the drawing is shown as large as it can be."""
    tall = [sum(height[id] for id in column) + NODE_GAP * (len(column) - 1) for column in columns]
    crossing = _crossing(columns, graph)
    best: tuple[float, list[tuple[int, int]]] | None = None
    for count in _row_counts(len(columns), sum(tall) / len(tall)):
        rows = _cut(len(columns), count, crossing)
        wide = max(end - first for first, end in rows) * COLUMN
        high = sum(max(tall[first:end]) + ROW_GAP for first, end in rows) - ROW_GAP
        scale = min(1.0, WIDE / wide, HIGH / max(high, 1.0))
        if best is None or scale > best[0] * (_WRAP if len(best[1]) == 1 else 1.0 + 1e-9):
            best = scale, rows
        if scale >= 1.0:
            break
    assert best is not None
    for row, (first, end) in enumerate(best[1]):
        for column in columns[first:end]:
            for id in column:
                graph.row[id] = row
    return best[1]


def _row_counts(columns: int, tall: float) -> Iterable[int]:
    """Numbers of rows worth trying, fewest first: all for a small drawing, those near the proportions of the screen."""
    if columns <= 64:
        return range(1, columns + 1)
    ideal = math.sqrt(columns * COLUMN / WIDE * HIGH / (tall + ROW_GAP))
    return sorted({max(1, min(columns, round(ideal * (0.6 + 0.05 * step)))) for step in range(16)})


def _crossing(columns: list[list[str]], graph: _Layered) -> list[int]:
    """How many wires cross the gap before each column."""
    change = [0] * (len(columns) + 1)
    for id, targets in graph.after.items():
        for target in targets:
            change[graph.column[id] + 1] += 1
            change[graph.column[target] + 1 if graph.column[target] + 1 <= len(columns) else len(columns)] -= 1
    total, found = 0, []
    for step in change:
        total += step
        found.append(total)
    return found


def _cut(columns: int, count: int, crossing: Sequence[int]) -> list[tuple[int, int]]:
    """``count`` rows of about the same length, cut one column earlier or later where fewer wires are in the way."""
    cuts = [0]
    for row in range(1, count):
        ideal = cuts[-1] + math.ceil((columns - cuts[-1]) / (count - row + 1))
        options = [at for at in (ideal, ideal - 1, ideal + 1) if cuts[-1] < at < columns - (count - row) + 1]
        cuts.append(min(options or [cuts[-1] + 1], key=lambda at: (crossing[at] > 1, crossing[at])))
    cuts.append(columns)
    return [(first, end) for first, end in itertools.pairwise(cuts) if end > first]


# -- heights ------------------------------------------------------------------------------------------------------


def _coordinates(
    columns: list[list[str]], rows: list[tuple[int, int]], graph: _Layered, height: Mapping[str, float]
) -> _Part:
    y: dict[str, float] = {}
    for column in columns:
        at = 0.0
        for id in column:
            y[id] = at + height[id] / 2
            at += height[id] + NODE_GAP
    positions: dict[str, Position] = {}
    top = 0.0
    for first, end in rows:
        band = columns[first:end]
        for sweep in range(_SWEEPS + 1):
            rightwards = sweep % 2 == 0
            for column in band if rightwards else reversed(band):
                _settle(column, graph, graph.before if rightwards else graph.after, y, height)
        high = min(y[id] - height[id] / 2 for column in band for id in column)
        low = max(y[id] + height[id] / 2 for column in band for id in column)
        for place, column in enumerate(band):
            for id in column:
                positions[id] = snapped((place * COLUMN, y[id] - high + top))
        top += low - high + ROW_GAP
    width = max(end - first for first, end in rows) * COLUMN
    return _Part(positions, width, top - ROW_GAP)


def _settle(
    column: list[str],
    graph: _Layered,
    around: Mapping[str, list[str]],
    y: dict[str, float],
    height: Mapping[str, float],
) -> None:
    """Move a column's nodes to their neighbours' heights, in order and apart; the longest way stays straight."""
    wanted, weights, offsets = [], [], []
    offset = 0.0
    longest = max(graph.through[id] for id in column)
    for id in column:
        near = [other for other in around[id] if graph.row[other] == graph.row[id]]
        target = y[id]
        if near:
            strongest = max(graph.through[other] for other in near)
            shares = [20.0 if graph.through[other] == strongest else 1.0 for other in near]
            target = sum(s * y[o] for s, o in zip(shares, near, strict=True)) / sum(shares)
        offset += height[id] / 2
        wanted.append(target - offset)
        weights.append((40.0 if graph.through[id] == longest else 1.0) if near else 0.2)
        offsets.append(offset)
        offset += height[id] / 2 + NODE_GAP
    for id, at, shift in zip(column, _rising(wanted, weights), offsets, strict=True):
        y[id] = at + shift


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest sequence that never falls (pool adjacent violators; Ayer et al. 1955)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        count = 1
        while blocks and blocks[-1][0] > value:
            last, heavy, many = blocks.pop()
            value = (value * weight + last * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        blocks.append((value, weight, count))
    return [value for value, _, count in blocks for _ in range(count)]


# -- parts on the page --------------------------------------------------------------------------------------------


def _grid(network: Network, ids: Sequence[str], width: float) -> _Part:
    """Nodes that nothing is wired to, in rows."""
    across = max(round(width / COLUMN), min(len(ids), 4), math.ceil(math.sqrt(len(ids) / 2)), 1)
    high = max(node_size(network.nodes[id].layer)[1] for id in ids) + NODE_GAP
    positions = {
        id: snapped((place % across * COLUMN, (place // across + 0.5) * high - NODE_GAP / 2))
        for place, id in enumerate(ids)
    }
    return _Part(positions, min(across, len(ids)) * COLUMN, math.ceil(len(ids) / across) * high - NODE_GAP)


def _stacked(parts: Iterable[_Part]) -> dict[str, Position]:
    """Parts beside one another on shelves of a page with the proportions of a screen."""
    parts = list(parts)
    area = sum(part.width * (part.height + ROW_GAP) for part in parts)
    page = max(max((part.width for part in parts), default=0.0), math.sqrt(area * WIDE / HIGH))
    placed: dict[str, Position] = {}
    x = y = shelf = 0.0
    for part in parts:
        if x and x + part.width > page:
            x, y, shelf = 0.0, y + shelf + ROW_GAP, 0.0
        placed.update({id: (px + x, py + y) for id, (px, py) in part.positions.items()})
        x, shelf = x + part.width, max(shelf, part.height)
    return {id: snapped(at) for id, at in placed.items()}
