"""Blocks made of a selection and unpacked again, with everything keeping its place on the sheet: one step each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nnstudio.graph import EditError, Network, View, edits
from nnstudio.graph.arrange import COLUMN, complete
from nnstudio.graph.blocks import free_definition_name, make_block, unpack_block
from nnstudio.graph.places import Box, box_of, node_size
from nnstudio.graph.standins import inner_ports
from nnstudio.graph.view import Position, ViewEdit, chain, forget, in_block, place
from nnstudio.layers import ParameterError
from nnstudio.layers.blocks import Block
from nnstudio.ui.parts import capital
from nnstudio.ui.session import Session

Places = Mapping[str, Position]
#: Room between the copies of a block that is unpacked, and between ports that are level, in scene units.
GAP, LEVEL = 48.0, 80.0


def make_of_selection(session: Session, places: Places) -> str:
    """Make a block of the selected nodes, in their middle, and select it. Returns its id; "" where it cannot be.

    places: where the nodes of the open network stand.
    """
    chosen = frozenset(session.selection)
    before = replace(session.network, blocks=session.sheet.network.blocks)
    name, id = free_definition_name(session.sheet.network, "Block"), edits.new_id()
    try:
        after = make_block(chosen, name, id=id)(before)
    except (EditError, ParameterError) as error:
        _refuse(session, error)
        return ""
    inside = {node: places[node] for node in chosen if node in places}
    xs, ys = [x for x, _ in inside.values()] or [0.0], [y for _, y in inside.values()] or [0.0]
    middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    left = {node: at for node, at in places.items() if node not in chosen}
    inner = chain(place({**inside, **_ports_beside(after.blocks[name], inside)}), _kept(session.view, chosen))
    what = session.network.nodes[min(chosen)].name if len(chosen) == 1 else f"{len(chosen)} layers"
    view = chain(forget(chosen), place({**left, id: middle}))
    if not _do(session, f"Make a block of {what}", after, view, in_block(name, inner)):
        return ""
    session.select([id])
    return id


def unpack(session: Session, id: str, places: Places) -> bool:
    """Put what is in a block in its place, and select it; what stands beside it, over and under it makes room."""
    node = session.network.nodes[id]
    before = replace(session.network, blocks=session.sheet.network.blocks)
    try:
        after = unpack_block(id)(before)
    except (EditError, ParameterError) as error:
        _refuse(session, error)
        return False
    assert isinstance(node.layer, Block)
    new = [key for key in after.nodes if key not in session.network.nodes]
    drawn = session.sheet.view.blocks.get(node.layer.definition, View())
    inner, wide = _laid_out(after, new, drawn, node.layer.repeat, places.get(id, (0.0, 0.0)))
    boxes = [box_of(at, _size(after, key)) for key, at in inner.items()]
    others = _making_room(session.network, id, places, wide, boxes)
    if not _do(session, f"Unpack {node.name}", after, chain(forget([id]), place({**others, **inner}))):
        return False
    session.select(new)
    return True


def _size(network: Network, id: str) -> tuple[float, float]:
    return node_size(network.nodes[id].layer)


def _making_room(network: Network, id: str, places: Places, wide: float, inner: Sequence[Box]) -> Places:
    """Where the other nodes go when a block's node makes way for what is ``wide`` and lies in the boxes ``inner``: what
    is right of the node to the right, over it up, under it down, each by what is missing."""
    x0, y0 = places.get(id, (0.0, 0.0))
    width, height = _size(network, id)
    push = max(0.0, wide - width)
    up = max((y0 - height / 2 - top for _, top, _, _ in inner), default=0.0)
    down = max((bottom - y0 - height / 2 for *_, bottom in inner), default=0.0)
    found = {}
    for key, (x, y) in places.items():
        if key != id:
            apart = (height + _size(network, key)[1]) / 2
            if abs(y - y0) < apart:
                found[key] = (x + push if x > x0 + 1.0 else x, y)
            else:
                found[key] = (x, y + max(0.0, down) if y > y0 else y - max(0.0, up))
    return found


def _do(session: Session, label: str, after: Network, view: ViewEdit, whole: ViewEdit | None = None) -> bool:
    """Show ``after`` for the open network, with a view edit of the open scope and one of the whole view."""
    edit, seen = session.scopes.edits(lambda _: after, view)
    assert seen is not None
    try:
        return session.document.do(label, edit, view=chain(seen, whole) if whole is not None else seen)
    except (EditError, ParameterError) as error:
        _refuse(session, error)
        return False


def _refuse(session: Session, error: Exception) -> None:
    session.notice.emit("warning", capital(str(error), session.network.by_name))


def _laid_out(network: Network, new: list[str], drawn: View, copies: int, at: Position) -> tuple[Places, float]:
    """Where the layers of an unpacked block stand, one copy right of the other, and how wide they are together."""
    each = max(1, len(new) // max(1, copies))
    groups = [new[start : start + each] for start in range(0, len(new), each)]
    if not groups:
        return {}, 0.0
    own = complete(network.part(groups[0]), {id: drawn.positions[id] for id in groups[0] if id in drawn.positions})
    pattern = [own[id] for id in groups[0]]
    left, right = min(x for x, _ in pattern), max(x for x, _ in pattern)
    middle = (min(y for _, y in pattern) + max(y for _, y in pattern)) / 2
    step = right - left + max(node_size(network.nodes[id].layer)[0] for id in groups[0]) + GAP
    found = {}
    for number, group in enumerate(groups):
        for (x, y), id in zip(pattern, group, strict=False):
            found[id] = (at[0] + x - left + number * step, at[1] + y - middle)
    return found, step * len(groups) - GAP


def _ports_beside(definition: Network, inside: Places) -> Places:
    """Places for a definition's ports: a column left and right of all else, level with what they join."""
    ins, outs = inner_ports(definition)
    xs = [x for x, _ in inside.values()] or [0.0]
    found: dict[str, Position] = {}
    for nodes, x, other in ((ins, min(xs) - COLUMN, "target"), (outs, max(xs) + COLUMN, "source")):
        taken: set[float] = set()
        for node in nodes:
            wires = (*definition.incoming.get(node.id, ()), *definition.outgoing.get(node.id, ()))
            levels = [inside[getattr(wire, other)][1] for wire in wires if getattr(wire, other) in inside]
            y = min(levels, default=0.0)
            while any(abs(y - there) < LEVEL for there in taken):
                y += LEVEL
            taken.add(y)
            found[node.id] = (x, y)
    return found


def _kept(view: View, chosen: frozenset[str]) -> ViewEdit:
    """The bends of the wires between these nodes, and the frames that hold nothing else."""
    routes = {wire: points for wire, points in view.routes.items() if wire.source in chosen and wire.target in chosen}
    frames = {id: frame for id, frame in view.frames.items() if frame.members and frame.members <= chosen}
    return lambda inner: replace(inner, routes={**inner.routes, **routes}, frames={**inner.frames, **frames})
