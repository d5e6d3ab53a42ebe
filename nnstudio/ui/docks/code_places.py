"""Where what was written in the code stands in the drawing: near what feeds it, over nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnstudio.graph import Network, View
from nnstudio.graph import view as view_edits
from nnstudio.graph.places import NODE_WIDTH, Occupied, node_size
from nnstudio.graph.view import Position, ViewEdit

if TYPE_CHECKING:
    from nnstudio.export.code_editing import CodeEdit

#: Room between a new node and what feeds it.
APART = 64.0


def view_of(before: Network, view: View, made: CodeEdit) -> ViewEdit:
    """The edit of the whole network's view that goes with an edit of the code."""
    steps = [_inside(before, made.network, view, made.added.get("", {}))]
    for name, definition in made.network.blocks.items():
        was = before.blocks.get(name)
        if was is not None and was is not definition:
            inner = _inside(was, definition, view.blocks.get(name, View()), made.added.get(name, {}))
            steps.append(view_edits.in_block(name, inner))
    return view_edits.chain(*steps)


def _inside(before: Network, after: Network, view: View, added: Mapping[str, str]) -> ViewEdit:
    gone = before.nodes.keys() - after.nodes.keys()
    places = {id: at for id, at in view.positions.items() if id in after.nodes}
    room: Occupied[str] = Occupied({id: (at, node_size(after.nodes[id].layer)) for id, at in places.items()})
    fresh: dict[str, Position] = {}
    for id, near in added.items():
        size = node_size(after.nodes[id].layer)
        x, y = {**places, **fresh}.get(near, (0.0, 0.0))
        fresh[id] = room.free((x + NODE_WIDTH + APART, y), size)
        room.add(id, fresh[id], size)
    forgotten = view_edits.forget(gone)
    return view_edits.chain(forgotten, view_edits.place(fresh)) if fresh else forgotten
