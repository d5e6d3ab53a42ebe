"""A part of a network as text that can be pasted: in another window, or out of an e-mail."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnstudio.graph import Network, Node, Wire
from nnstudio.graph.edits import free_name
from nnstudio.graph.view import Position
from nnstudio.layers import layer_from_json, layer_to_json

_FORMAT = "nnstudio part"
_VERSION = 1
#: Longer texts are not looked at, and parts with more nodes are not taken.
_LONGEST = 20_000_000
_MOST_NODES = 20_000


@dataclass(frozen=True)
class Part:
    """Nodes with the wires between them, and where they stood."""

    network: Network
    positions: Mapping[str, Position]


def to_text(network: Network, positions: Mapping[str, Position]) -> str:
    """The text of all nodes and wires of ``network``."""
    nodes = [
        {
            "id": node.id,
            "name": node.name,
            "at": list(positions[node.id]) if node.id in positions else None,
            "layer": layer_to_json(node.layer),
        }
        for node in network.nodes.values()
    ]
    wires = [[wire.source, wire.output, wire.target, wire.input] for wire in network.wires]
    return json.dumps({"format": _FORMAT, "version": _VERSION, "nodes": nodes, "wires": wires}, indent=1)


def from_text(text: str) -> Part | None:
    """The part that a text holds; None where it is not one. Raises nothing; text around the braces is passed over."""
    if len(text) > _LONGEST or _FORMAT not in text:
        return None
    try:
        data = json.loads(text[text.index("{") : text.rindex("}") + 1])
        return _read(data)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def _read(data: Any) -> Part | None:
    if not isinstance(data, dict) or data.get("format") != _FORMAT or data.get("version") != _VERSION:
        return None
    entries, lines = data["nodes"], data["wires"]
    if not isinstance(entries, list) or not isinstance(lines, list) or not 0 < len(entries) <= _MOST_NODES:
        return None
    network = Network()
    nodes: dict[str, Node] = {}
    positions: dict[str, Position] = {}
    for entry in entries:
        id, name = entry["id"], entry["name"]
        if not isinstance(id, str) or not isinstance(name, str) or id in nodes or not isinstance(entry["layer"], dict):
            return None
        nodes[id] = Node(id, free_name(network, name[:200]), layer_from_json(entry["layer"]))
        at = entry.get("at")
        if isinstance(at, list) and len(at) == 2:
            x, y = float(at[0]), float(at[1])
            if math.isfinite(x) and math.isfinite(y):
                positions[id] = (x, y)
    return Part(Network(nodes, tuple(_wires(lines, nodes))), positions)


def _wires(lines: list[Any], nodes: Mapping[str, Node]) -> list[Wire]:
    """The wires whose both ends are there."""
    wires = []
    for line in lines:
        source, output, target, input = line
        if not all(isinstance(word, str) for word in line):
            raise TypeError(line)
        known = source in nodes and target in nodes
        if known and output in nodes[source].layer.outputs and input in nodes[target].layer.inputs:
            wires.append(Wire(source, output, target, input))
    return list(dict.fromkeys(wires))
