"""Makes the gallery's projects: a module for each kind of project, each with its PROJECTS.

Each is drawn with the Python builder. A node is about 150 × 58 pixels; columns are 240 apart, so that the tensor type
has its place on the wire. What is too large to be placed by hand is arranged by the program's own layout.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

from nnstudio.data import DataReference, open_data
from nnstudio.graph import View
from nnstudio.graph.arrange import arrange
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids
from nnstudio.layers import TensorType
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

COLUMN, ROW = 240.0, 120.0


def rows(*lines: str, height: float = 1.25) -> dict[str, tuple[float, float]]:
    """Places of nodes that are written as they stand, a text for each row; "." leaves a column free."""
    return {
        name: (column, row * height)
        for row, line in enumerate(lines)
        for column, name in enumerate(line.split())
        if name != "."
    }


def sheet(
    net: NetworkBuilder, places: Mapping[str, tuple[float, float]], plan: Plan, data: DataReference, title: str,
    summary: str, view: View | None = None,
) -> Sheet:  # fmt: skip
    """The sheet of what was built: ids are the names, so that each making gives the same file; places are in columns
    and rows. view: frames, notes and the drawings of blocks; a block that has none is arranged."""
    network = with_names_as_ids(net.network)
    at = {name: (column * COLUMN, row * ROW) for name, (column, row) in places.items()}
    if at.keys() != network.nodes.keys():
        raise SystemExit(f"{title}: {at.keys() ^ network.nodes.keys()} lack a place or a node")
    view = view or View()
    drawn = {name: view.blocks.get(name) or View(arrange(block)) for name, block in network.blocks.items()}
    fields = {str(getattr(node.layer, "field", "")) for node in network.of_role("input")}
    types = data.types or (_types(data) if data.is_shipped else {})
    data = data.with_(types={name: type for name, type in types.items() if name in fields})
    return Sheet(network, replace(view, positions=at, blocks=drawn), plan, data, title, summary)


@functools.cache
def _types(data: DataReference) -> Mapping[str, TensorType]:
    """The types of a shipped set's fields, so that the drawing has them before the data is read."""
    return open_data(data).types
