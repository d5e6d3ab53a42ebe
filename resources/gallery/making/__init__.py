"""Makes the gallery's projects: a module for each kind of project, each with its PROJECTS.

Each is drawn with the Python builder. A node is about 150 × 58 pixels; columns are 240 apart, so that the tensor type
has its place on the wire. What is too large to be placed by hand is arranged by the program's own layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nnstudio.data import DataReference
from nnstudio.graph import Network, View
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

COLUMN, ROW = 240.0, 120.0


def sheet(
    net: NetworkBuilder, places: Mapping[str, tuple[float, float]], plan: Plan, data: DataReference, title: str,
    summary: str,
) -> Sheet:  # fmt: skip
    """The sheet of what was built: ids are the names, so that each making gives the same file; places are in columns
    and rows."""
    network, names = net.network, {id: node.name for id, node in net.network.nodes.items()}
    nodes = {names[id]: replace(node, id=names[id]) for id, node in network.nodes.items()}
    wires = tuple(replace(wire, source=names[wire.source], target=names[wire.target]) for wire in network.wires)
    view = View({name: (column * COLUMN, row * ROW) for name, (column, row) in places.items()})
    if view.positions.keys() != nodes.keys():
        raise SystemExit(f"{title}: {view.positions.keys() ^ nodes.keys()} lack a place or a node")
    return Sheet(Network(nodes, wires), view, plan, data, title, summary)
