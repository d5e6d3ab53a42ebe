"""Which nodes of the drawing events tell of, and what each wire carries: from the ids of the plain network to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.graph import Wire
from nnstudio.layers import TensorType
from nnstudio.layers.blocks import BlockInput, Standin
from nnstudio.ui.canvas.node_table import Rows

if TYPE_CHECKING:
    from nnstudio.graph.expanding import Origin
    from nnstudio.ui.canvas.scene import CanvasScene


def rows_of(scene: CanvasScene, ids: Sequence[str], *, layers: bool = False) -> Rows:
    """The row of the drawn node that each id stands for (a block, for what is in it); -1 where it is not drawn.

    layers: inputs, outputs, losses and metrics count as not drawn.
    """
    scope, rows, nodes = scene.session.scope, scene.table.rows, scene.network.nodes
    if scope.block and not scope.path:
        return np.full(len(ids), -1, np.intp)  # opened by its name alone: it may stand in many places
    prefix = scope.prefix
    if not prefix:
        made = np.array([rows.get(id, -1) for id in ids], np.intp)
        for place in np.flatnonzero(made < 0).tolist():  # those inside blocks
            made[place] = rows.get(ids[place].partition("/")[0], -1)
    else:
        inner = (id[len(prefix) :].partition("/")[0] if id.startswith(prefix) else "" for id in ids)
        made = np.array([rows.get(id, -1) for id in inner], np.intp)
    if layers:
        other = np.zeros(len(scene.table.ids) + 1, bool)  # the last is for -1
        other[[row for id, row in rows.items() if nodes[id].layer.role not in ("layer", "block", "shared")]] = True
        made[other[made]] = -1
    return made


def carried(scene: CanvasScene, ids: Sequence[str]) -> Rows:
    """For each row of the wire table the place in ``ids`` of the node whose first output the wire carries; -1 where it
    is not among them, or where what flows are no real numbers (class numbers, tokens)."""
    table, session = scene.wires.table, scene.session
    scope, prefix = session.scope, session.scope.prefix
    if scope.block and not scope.path:
        return np.full(len(table.source), -1, np.intp)
    place, rows, nodes = {id: at for at, id in enumerate(ids)}, scene.table.rows, scene.network.nodes
    by_row = np.full(len(scene.table.ids) + 1, -1, np.intp)  # the last is for wires that are not there
    special = np.zeros(len(scene.table.ids) + 1, bool)
    by_row[list(rows.values())] = [place.get(prefix + id, -1) for id in rows]
    special[[
        row
        for id, row in rows.items()
        if (node := nodes[id]).bypassed
        or len(node.layer.outputs) != 1
        or isinstance(node.layer, Standin | BlockInput)
    ]] = True  # fmt: skip
    known = scene.resolution.nodes if scene.resolution is not None else {}
    by_row[[rows[id] for id in known if id in rows and not _real(known[id].outputs)]] = -1
    found: Rows = by_row[table.source]
    for at in np.flatnonzero(special[table.source] & (table.source >= 0)).tolist():
        wire = table.wires[at]
        if wire is not None:
            found[at] = place.get(_producer(scene, wire), -1)
    return found


def _real(outputs: Mapping[str, TensorType | None]) -> bool:
    """Whether the first of a node's outputs is of real numbers, or not known."""
    first = next(iter(outputs.values()), None)
    return first is None or "float" in first.dtype or "complex" in first.dtype


def _producer(scene: CanvasScene, wire: Wire) -> str:
    """The id, in the plain network, of the node whose first output a wire carries; "" where there is none."""
    session, resolution, whole = scene.session, scene.resolution, scene.session.whole
    if resolution is None or whole is None:
        return ""
    prefix = session.scope.prefix
    at: Origin = wire.source, wire.output
    origins = resolution.expansion.origins.get(wire.source)
    if origins is not None:
        at = origins.get(wire.output)
    if at is None:
        return ""
    inside = session.network.nodes.get(at[0])
    if inside is not None and isinstance(inside.layer, BlockInput):
        opened = whole.expansion.opened.get(session.scope.path)
        entering = opened.entering.get(inside.name) if opened is not None else None
        if entering is None:
            return ""
        id, port = entering
    else:
        id, port = prefix + at[0], at[1]
    node = whole.flat.nodes.get(id)
    first = node is not None and next(iter(node.layer.outputs), "") == port
    return id if first and (id not in whole.nodes or _real(whole.nodes[id].outputs)) else ""
