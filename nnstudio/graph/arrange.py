"""Arranging: where the nodes of a network stand when nobody has placed them.

A layered drawing from left to right (`nnstudio.graph.arranging`): each node stands behind those that feed it, few
wires cross, the longest way is straight, the members of a frame stand together, and what would not fit a wide screen
goes on in a new row, as text does. Pure functions; positions are centres, in scene units.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nnstudio.graph.arranging import Cancelled, Drawing, Link, drawn, grid, stacked
from nnstudio.graph.arranging.layers import ask, never
from nnstudio.graph.arranging.rows import COLUMN_GAP, NODE_GAP, ROW_GAP
from nnstudio.graph.network import Network
from nnstudio.graph.places import (
    FRAME_MARGIN,
    FRAME_TITLE,
    GRID,
    NODE_HEIGHT,
    NODE_WIDTH,
    Occupied,
    Size,
    around,
    box_of,
    frame_box,
    node_size,
    port_height,
    snapped,
)
from nnstudio.graph.view import Frame, Position
from nnstudio.layers import Port

__all__ = ["COLUMN", "Cancelled", "arrange", "arrange_part", "complete"]

#: Distance between the centres of two columns of plain nodes.
COLUMN = NODE_WIDTH + COLUMN_GAP
#: Ports that are further from the middle of their node than this are brought to one height instead of the nodes.
_ASIDE = 28.0
Progress = Callable[[float], object]


def arrange(
    network: Network,
    *,
    sizes: Mapping[str, Size] | None = None,
    frames: Iterable[Frame] = (),
    cancelled: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> dict[str, Position]:
    """Positions for all nodes. Works with loops, with parts that are not connected, and with 10,000 nodes.

    Args:
        sizes: width and height by node id; those that are not given are as `places.node_size` says.
        frames: their members stand together, with no other node within the frame; those of a folded frame stand
            around the place of the one card that is shown for them.
        cancelled: asked now and then; `Cancelled` is raised once it is true.
        progress: told the share of the work that is done, from 0 to 1.
    """
    known = {id: node_size(node.layer) for id, node in network.nodes.items()} | dict(sizes or {})
    return _Arranging(network, known, cancelled, progress).all(frames)


def arrange_part(
    network: Network,
    ids: Iterable[str],
    positions: Mapping[str, Position],
    *,
    sizes: Mapping[str, Size] | None = None,
    frames: Iterable[Frame] = (),
    cancelled: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> dict[str, Position]:
    """Positions for these nodes alone, around the middle of where they stand, or as near to it as they do not cover
    a node (or the frame) of the others. ``positions`` are those of all nodes; the rest as for :func:`arrange`."""
    chosen = {id for id in ids if id in network.nodes}
    frames = list(frames)
    whole = [frame for frame in frames if frame.members & chosen]
    if not chosen:
        return {}
    made = arrange(network.part(chosen), sizes=sizes, frames=whole, cancelled=cancelled, progress=progress)
    known = {id: node_size(node.layer) for id, node in network.nodes.items()} | dict(sizes or {})
    own = around(box_of(made[id], known[id]) for id in chosen)
    old = around(box_of(positions[id], known[id]) for id in chosen)
    goal = (old[0] + old[2]) / 2, (old[1] + old[3]) / 2
    ask(cancelled)
    rest: Occupied[str] = Occupied()
    for id in network.nodes:
        if id not in chosen and id in positions:
            rest.add(id, positions[id], known[id])
    for frame in frames:
        members = [id for id in frame.members if id in positions and id in known]
        if members and not frame.members & chosen:
            rest.add_box(f"frame {frame.id}", frame_box(box_of(positions[id], known[id]) for id in members))
    x, y = _free_place(rest, goal, (own[2] - own[0], own[3] - own[1]))
    dx, dy = x - (own[0] + own[2]) / 2, y - (own[1] + own[3]) / 2
    return {id: snapped((px + dx, py + dy)) for id, (px, py) in made.items()}


def _free_place(rest: Occupied[str], goal: Position, size: Size) -> Position:
    """The centre nearest to ``goal`` where a drawing of this size covers nothing; searched in growing rings."""
    roomy = size[0] + 2 * NODE_GAP, size[1] + 2 * NODE_GAP
    step = 4 * GRID
    while step < 1e6:
        for ring in range(12):
            for dx, dy in _around_ring(ring):
                at = goal[0] + dx * step, goal[1] + dy * step
                if not rest.any(box_of(at, roomy)):
                    return at
        step *= 4
    return goal


def _around_ring(ring: int) -> list[tuple[int, int]]:
    """Steps on the edge of a square, the shortest first, below before above."""
    across = range(-ring, ring + 1)
    edge = {(d, s) for d in across for s in (ring, -ring)} | {(s, d) for d in across for s in (ring, -ring)}
    return sorted(edge, key=lambda step: (step[0] ** 2 + step[1] ** 2, -step[1], -step[0]))


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


# -- boxes of nodes and frames ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Box:
    """A node, or a frame with its members' places from the box's centre. A ``closed`` one has one port a side."""

    size: Size
    inside: dict[str, Position]
    closed: bool = False
    links: list[Link] = field(default_factory=list)

    def end(self, id: str, below: float) -> tuple[float, float]:
        """How far below the box's centre a node's centre is, and its port below that."""
        return (0.0, 0.0) if self.closed else (self.inside[id][1], below)


class _Arranging:
    """One arrangement: frames first, each as a drawing of its own, then all with each frame as one box."""

    def __init__(
        self, network: Network, sizes: Mapping[str, Size], cancelled: Callable[[], bool], progress: Progress | None
    ) -> None:
        self._network = network
        self._sizes = sizes
        self._cancelled = cancelled
        self._progress = progress
        self._done = 0

    def all(self, frames: Iterable[Frame]) -> dict[str, Position]:
        """Positions of every node."""
        rank = {id: place for place, id in enumerate(self._network.nodes)}
        framed: set[str] = set()
        boxes: list[_Box] = []
        for frame in frames:
            members = sorted((id for id in frame.members if id in rank and id not in framed), key=rank.__getitem__)
            if members:
                boxes.append(self._frame(frame, members))
                framed.update(members)
        boxes += [_Box(self._sizes[id], {id: (0.0, 0.0)}) for id in rank if id not in framed]
        return self._placed(boxes)[0]

    def _frame(self, frame: Frame, members: Sequence[str]) -> _Box:
        """A frame as a box, its members arranged in it."""
        positions, (width, height) = self._placed([_Box(self._sizes[id], {id: (0.0, 0.0)}) for id in members])
        if frame.folded:
            inside = {id: (x - width / 2, y - height / 2) for id, (x, y) in positions.items()}
            return _Box((NODE_WIDTH, NODE_HEIGHT), inside, closed=True)
        middle = snapped((width / 2, (height - FRAME_TITLE) / 2))
        edges = 2 * FRAME_MARGIN + GRID
        size = width + edges, height + FRAME_TITLE + edges
        return _Box(size, {id: (x - middle[0], y - middle[1]) for id, (x, y) in positions.items()})

    def _placed(self, boxes: Sequence[_Box]) -> tuple[dict[str, Position], Size]:
        """Positions of all nodes in boxes, and the size of the drawing."""
        links = self._links(boxes)
        parts: list[tuple[list[int], Drawing]] = []
        single: list[int] = []
        for members in _components(len(boxes), links):
            if len(members) == 1:
                single += members
                continue
            number = {box: place for place, box in enumerate(members)}
            own = [
                link._replace(source=number[link.source], target=number[link.target])
                for box in members
                for link in boxes[box].links
            ]
            parts.append((members, drawn([boxes[box].size for box in members], own, self._cancelled)))
            self._report(sum(len(boxes[box].inside) for box in members))
        parts.sort(key=lambda part: -len(part[0]))
        if single:
            wide = max([part.width for _, part in parts], default=0.0)
            parts.append((single, grid([boxes[box].size for box in single], wide)))
        corners, size = stacked([part for _, part in parts])
        placed: dict[str, Position] = {}
        for (members, part), (left, top) in zip(parts, corners, strict=True):
            for box, (x, y) in zip(members, part.positions, strict=True):
                cx, cy = snapped((left + x, top + y))
                for id, (dx, dy) in boxes[box].inside.items():
                    placed[id] = cx + dx, cy + dy
        return placed, size

    def _links(self, boxes: Sequence[_Box]) -> list[Link]:
        """The wires between boxes; each box gets those that leave it."""
        home = {id: number for number, box in enumerate(boxes) for id in box.inside}
        nodes, outgoing, found = self._network.nodes, self._network.outgoing, []
        for wire in itertools.chain.from_iterable(outgoing.get(id, ()) for id in home):
            source, target = home[wire.source], home.get(wire.target, -1)
            if target < 0 or source == target:
                continue
            out, leaves = boxes[source].end(wire.source, _below(nodes[wire.source].layer.outputs, wire.output))
            into, enters = boxes[target].end(wire.target, _below(nodes[wire.target].layer.inputs, wire.input))
            lift = out - into + (leaves if abs(leaves) > _ASIDE else 0.0) - (enters if abs(enters) > _ASIDE else 0.0)
            link = Link(source, target, out + leaves, into + enters, lift)
            boxes[source].links.append(link)
            found.append(link)
        return found

    def _report(self, nodes: int) -> None:
        self._done += nodes
        if self._progress is not None:
            self._progress(min(1.0, self._done / max(1, len(self._network.nodes))))


def _below(ports: Mapping[str, Port], name: str) -> float:
    """How far below the node's centre the port of this name is."""
    if len(ports) < 2 or name not in ports:
        return 0.0
    return port_height(list(ports).index(name), len(ports))


def _components(count: int, links: Iterable[Link]) -> list[list[int]]:
    """Boxes that hang together, by the first of each."""
    near: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        near[link.source].append(link.target)
        near[link.target].append(link.source)
    seen = bytearray(count)
    found = []
    for start in range(count):
        if seen[start]:
            continue
        seen[start] = 1
        part = [start]
        for box in part:
            for other in near[box]:
                if not seen[other]:
                    seen[other] = 1
                    part.append(other)
        found.append(sorted(part))
    return found
