"""Edits: pure functions from a network to a network.

Each function returns an ``Edit``, so that it can be handed to ``Document.do``, kept as a fix, or applied at once.
An edit that cannot be made raises :class:`EditError` with a sentence for a person.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from nnstudio.graph.network import Network, Node, Wire, is_node_name
from nnstudio.layers import AnyLayer, Placeholder, Port

Edit = Callable[[Network], Network]


class EditError(ValueError):
    """An edit cannot be made; the text is for a person."""


def new_id() -> str:
    """An id that no other node has."""
    return uuid.uuid4().hex[:12]


def free_name(network: Network, wanted: str) -> str:
    """``wanted``, made an identifier, with the first number behind it that makes it unique."""
    base = re.sub(r"\W+", "_", wanted).strip("_") or "node"
    if base[0].isdigit():
        base = f"n{base}"
    if is_node_name(base) and base not in network.by_name:
        return base
    stem = base.rstrip("0123456789") or base
    number = 2 if is_node_name(stem) else 1
    while f"{stem}{number}" in network.by_name or not is_node_name(f"{stem}{number}"):
        number += 1
    return f"{stem}{number}"


def default_name(layer: AnyLayer) -> str:
    """What a new node of this layer is called: ``conv2d``; an input is called as its field."""
    field = getattr(layer, "field", "") if layer.role == "input" else ""
    return str(field) or layer.type_name().lower()


def add(layer: AnyLayer, *, name: str = "", id: str = "") -> Edit:
    """Place a layer. The name is made free where it is taken."""

    def edit(network: Network) -> Network:
        node = Node(id or new_id(), free_name(network, name or default_name(layer)), layer)
        if node.id in network.nodes:
            raise EditError(f"a node with the id {node.id} is there already")
        return replace(network, nodes={**network.nodes, node.id: node})

    return edit


def remove(ids: Iterable[str]) -> Edit:
    """Delete nodes and the wires at them."""
    gone = frozenset(ids)

    def edit(network: Network) -> Network:
        nodes = {id: node for id, node in network.nodes.items() if id not in gone}
        wires = tuple(wire for wire in network.wires if wire.source not in gone and wire.target not in gone)
        return replace(network, nodes=nodes, wires=wires)

    return edit


def bridge(ids: Iterable[str]) -> Edit:
    """Delete nodes and wire what fed the first input of each to what its first output fed."""
    gone = tuple(ids)

    def edit(network: Network) -> Network:
        for id in gone:
            node = network.nodes.get(id)
            if node is None:
                continue
            into = network.incoming.get(id, ())
            first = (wire for name in node.layer.inputs for wire in into if wire.input == name)
            feed = next(first, into[0] if into else None)
            output = next(iter(node.layer.outputs), None)
            wires = []
            for wire in network.wires:  # each keeps its place, which decides the order at a port for many
                if (
                    wire.source == id
                    and feed is not None
                    and feed.source != id
                    and wire.output == (output or wire.output)
                ):
                    wires.append(replace(wire, source=feed.source, output=feed.output))
                elif id not in (wire.source, wire.target):
                    wires.append(wire)
            nodes = {other: kept for other, kept in network.nodes.items() if other != id}
            network = replace(network, nodes=nodes, wires=tuple(dict.fromkeys(wires)))
        return network

    return edit


def port_of(network: Network, id: str, name: str, side: str) -> Port | None:
    """The port of a node by name (side ``inputs`` or ``outputs``); None where there is none."""
    node = network.nodes.get(id)
    return None if node is None else getattr(node.layer, side).get(name)


def connect(source: str, output: str, target: str, input: str) -> Edit:
    """Draw a wire. One that is at the input port already is replaced, unless the port takes many."""
    wire = Wire(source, output, target, input)

    def edit(network: Network) -> Network:
        for id, name, side in ((source, output, "outputs"), (target, input, "inputs")):
            if id not in network.nodes:
                raise EditError(f"there is no node {id} to wire")
            known = isinstance(network.nodes[id].layer, Placeholder)
            if not known and port_of(network, id, name, side) is None:
                raise EditError(f"{network.nodes[id].name} has no port {name}")
        if source in network.descendants([target]):
            raise EditError(
                f"a wire from {network.nodes[source].name} to {network.nodes[target].name} would close a loop"
            )
        port = port_of(network, target, input, "inputs")
        wires = network.wires
        if port is None or not port.many:
            wires = tuple(w for w in wires if (w.target, w.input) != (target, input))
        elif wire in wires:
            return network
        return replace(network, wires=(*wires, wire))

    return edit


def disconnect(wires: Iterable[Wire]) -> Edit:
    """Remove wires."""
    gone = frozenset(wires)

    def edit(network: Network) -> Network:
        return replace(network, wires=tuple(wire for wire in network.wires if wire not in gone))

    return edit


def rename(id: str, name: str) -> Edit:
    """Give a node another name."""

    def edit(network: Network) -> Network:
        node = network.nodes[id]
        if name == node.name:
            return network
        if not is_node_name(name):
            raise EditError(
                f"a node cannot be named {name!r}: use letters, digits and _, not beginning with a digit, and none of "
                "PyTorch's own words"
            )
        if name in network.by_name:
            raise EditError(f"another node is named {name!r}")
        return replace(network, nodes={**network.nodes, id: replace(node, name=name)})

    return edit


def set_params(id: str, **values: Any) -> Edit:
    """Change parameters of a node's layer. ParameterError where a value is not allowed."""

    def edit(network: Network) -> Network:
        node = network.nodes[id]
        if isinstance(node.layer, Placeholder):
            raise EditError(f"{node.name} is of a type that this program lacks; its parameters cannot be changed")
        layer = node.layer.with_(**values)
        if layer == node.layer:
            return network
        return replace(network, nodes={**network.nodes, id: replace(node, layer=layer)})

    return edit


def replace_layer(id: str, layer: AnyLayer) -> Edit:
    """Put another layer in a node's place. Wires stay where the new layer has a port of that name, or one port."""

    def edit(network: Network) -> Network:
        node = replace(network.nodes[id], layer=layer)
        wires = []
        for wire in network.wires:
            if wire.source == id and wire.output not in layer.outputs and layer.outputs:
                wire = replace(wire, output=next(iter(layer.outputs)))
            if wire.target == id and wire.input not in layer.inputs and layer.inputs:
                wire = replace(wire, input=next(iter(layer.inputs)))
            wires.append(wire)
        return replace(network, nodes={**network.nodes, id: node}, wires=tuple(dict.fromkeys(wires)))

    return edit


def insert_on(wire: Wire, layer: AnyLayer, *, name: str = "", id: str = "") -> Edit:
    """Put a layer into a wire, through its first input and first output."""
    made = id or new_id()

    def edit(network: Network) -> Network:
        if not layer.inputs or not layer.outputs:
            raise EditError(f"{layer.type_name()} has no input and output, so it cannot stand in a wire")
        if wire not in network.wires:
            raise EditError("that wire is no longer there")
        network = add(layer, name=name, id=made)(network)
        before = Wire(wire.source, wire.output, made, next(iter(layer.inputs)))
        after = Wire(made, next(iter(layer.outputs)), wire.target, wire.input)
        place = network.wires.index(wire)  # the place decides the order at a port for many
        wires = (*network.wires[:place], before, after, *network.wires[place + 1 :])
        return replace(network, wires=wires)

    return edit


def insert(part: Network, ids: Mapping[str, str] | None = None) -> Edit:
    """Add a part of a network (from the clipboard, say) with fresh ids, or those of ``ids`` (old to new)."""
    fresh = dict(ids) if ids is not None else {id: new_id() for id in part.nodes}

    def edit(network: Network) -> Network:
        for old, node in part.nodes.items():
            network = add(node.layer, name=node.name, id=fresh[old])(network)
        wires = tuple(
            replace(wire, source=fresh[wire.source], target=fresh[wire.target])
            for wire in part.wires
            if wire.source in fresh and wire.target in fresh
        )
        return replace(network, wires=(*network.wires, *wires))

    return edit


def chain(*edits: Edit) -> Edit:
    """Several edits as one."""

    def edit(network: Network) -> Network:
        for each in edits:
            network = each(network)
        return network

    return edit
