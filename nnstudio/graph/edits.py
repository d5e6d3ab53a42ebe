"""Edits: pure functions from a network to a network.

Each function returns an ``Edit``, so that it can be handed to ``Document.do``, kept as a fix, or applied at once.
An edit that cannot be made raises :class:`EditError` with a sentence for a person.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from nnstudio.graph.computed import standing
from nnstudio.graph.expressions import names_in
from nnstudio.graph.naming import Names, free_name, name_free_of
from nnstudio.graph.network import Network, Node, Wire
from nnstudio.graph.node_names import is_node_name
from nnstudio.graph.standins import bound, rebound, without_loose_wires
from nnstudio.layers import AnyLayer, Layer, Placeholder, Port
from nnstudio.layers.blocks import Shared

Edit = Callable[[Network], Network]


class EditError(ValueError):
    """An edit cannot be made; the text is for a person."""


def new_id() -> str:
    """An id that no other node has."""
    return secrets.token_hex(6)


def default_name(layer: AnyLayer) -> str:
    """What a new node of this layer is called: ``conv2d``; an input is called as its field."""
    telling = {"input": "field", "block": "definition"}.get(layer.role, "")
    said = str(getattr(layer, telling, "")) if telling else ""
    return said if layer.role == "input" and said else (said or layer.type_name()).lower()


def add(layer: AnyLayer, *, name: str = "", id: str = "") -> Edit:
    """Place a layer. The name is made free where it is taken."""

    def edit(network: Network) -> Network:
        stands = bound(layer, network, network.blocks)
        node = Node(id or new_id(), free_name(network, name or default_name(layer)), stands)
        if node.id in network.nodes:
            raise EditError(f"a node with the id {node.id} is there already")
        return network.with_nodes({node.id: node})

    return edit


def remove(ids: Iterable[str]) -> Edit:
    """Delete nodes and the wires at them."""
    gone = frozenset(ids)

    def edit(network: Network) -> Network:
        wires = {wire: () for id in gone for each in (network.incoming, network.outgoing) for wire in each.get(id, ())}
        return (network.with_wires(wires) if wires else network).with_nodes({}, gone)

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
            instead: dict[Wire, tuple[Wire, ...]] = dict.fromkeys(into, ())
            for wire in network.outgoing.get(
                id, ()
            ):  # each keeps its place, which decides the order at a port for many
                joined = feed is not None and feed.source != id and wire.output == (output or wire.output)
                kept = (wire._replace(source=feed.source, output=feed.output),) if joined and feed is not None else ()
                instead[wire] = () if wire.target == id else kept
            network = network.with_wires(instead).with_nodes({}, [id])
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
        if network.leads(target, source):
            raise EditError(
                f"a wire from {network.nodes[source].name} to {network.nodes[target].name} would close a loop"
            )
        port = port_of(network, target, input, "inputs")
        there = [each for each in network.incoming.get(target, ()) if each.input == input]
        if port is None or not port.many:
            network = network.with_wires(dict.fromkeys(there, ())) if there else network
        elif wire in there:
            return network
        return network.with_wires({}, (wire,))

    return edit


def disconnect(wires: Iterable[Wire]) -> Edit:
    """Remove wires."""
    gone = frozenset(wires)

    def edit(network: Network) -> Network:
        return network.with_wires(dict.fromkeys(gone, ()))

    return edit


def rename(id: str, name: str) -> Edit:
    """Give a node another name. An output that feeds it with what it writes follows."""

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
        changed = {id: replace(node, name=name)}
        for output in network.of_role("output") if node.layer.role == "input" else ():
            if getattr(output.layer, "feeds", "") == node.name:
                changed[output.id] = replace(output, layer=cast(Layer, output.layer).with_(feeds=name))
        return network.with_nodes(changed)

    return edit


def set_params(id: str, **values: Any) -> Edit:
    """Change parameters of a node's layer. ParameterError where a value is not allowed."""

    def edit(network: Network) -> Network:
        node = network.nodes[id]
        if isinstance(node.layer, Placeholder):
            raise EditError(f"{node.name} is of a type that this program lacks; its parameters cannot be changed")
        layer = node.layer.with_(**values)
        said = tuple(pair for pair in node.expressions if pair[0] not in values)
        if layer == node.layer and said == node.expressions:
            return network
        return changed_layer(network, replace(node, layer=layer, expressions=said))

    return edit


def changed_layer(network: Network, node: Node) -> Network:
    """The network with this node in the place of the one with its id; what shares its weights and the wires at its
    ports follow."""
    before = network.nodes[node.id].layer
    layer = bound(node.layer, network, network.blocks)
    node = node if layer is node.layer else replace(node, layer=layer)
    network = network.with_nodes({node.id: node})
    if (layer.inputs, layer.outputs) == (before.inputs, before.outputs):
        return network
    network = without_loose_wires(network, (node.id,))
    return rebound(network) if any(isinstance(other.layer, Shared) for other in network.nodes.values()) else network


def set_bypassed(ids: Iterable[str], on: bool = True) -> Edit:
    """Let what arrives at these nodes pass them by, or not. EditError for what has no input or no output."""
    return _flagged(ids, "bypassed", on, lambda node: bool(node.layer.inputs) and node.layer.role != "port")


def set_frozen(ids: Iterable[str], on: bool = True) -> Edit:
    """Keep the weights of these nodes as they are while training, or train them again."""
    return _flagged(ids, "frozen", on, lambda node: node.layer.role in ("layer", "block", "shared"))


def _flagged(ids: Iterable[str], flag: str, on: bool, may: Callable[[Node], bool]) -> Edit:
    chosen = tuple(ids)

    def edit(network: Network) -> Network:
        nodes = {id: network.nodes[id] for id in chosen if id in network.nodes}
        allowed = {id: node for id, node in nodes.items() if may(node)}
        if on and nodes and not allowed:
            names = ", ".join(node.name for node in nodes.values())
            raise EditError(f"{names} cannot be {flag}; choose a layer")
        changed = {
            id: replace(node, **{flag: on})  # type: ignore[arg-type]
            for id, node in allowed.items()
            if getattr(node, flag) is not on
        }
        return network.with_nodes(changed) if changed else network

    return edit


def swap(first: str, second: str) -> Edit:
    """Let two nodes change places in the wiring: each takes the other's wires, by the order of the ports.

    EditError where one lacks a port that the other's wires need, or where a loop would close.
    """

    def edit(network: Network) -> Network:
        ends = {first: second, second: first}

        def port(of: str, name: str, side: str) -> str:
            mine = list(getattr(network.nodes[of].layer, side))
            theirs = list(getattr(network.nodes[ends[of]].layer, side))
            if name in theirs and name in mine:
                return name
            place = mine.index(name) if name in mine else 0
            if place >= len(theirs):
                raise EditError(
                    f"{network.nodes[first].name} and {network.nodes[second].name} cannot change places: "
                    f"{network.nodes[ends[of]].name} has no port for the wire at {name}"
                )
            return str(theirs[place])

        instead = {}
        for wire in _at(network, first, second):
            moved = wire
            if wire.source in ends:
                output = port(wire.source, wire.output, "outputs")
                moved = moved._replace(source=ends[wire.source], output=output)
            if wire.target in ends:
                moved = moved._replace(target=ends[wire.target], input=port(wire.target, wire.input, "inputs"))
            instead[wire] = (moved,)
        made = network.with_wires(instead)
        if any(made.leads(wire.target, wire.source) for id in ends for wire in made.outgoing.get(id, ())):
            raise EditError("changing their places would close a loop")
        return made

    return edit


def replace_layer(id: str, layer: AnyLayer) -> Edit:
    """Put another layer in a node's place. Wires stay where the new layer has a port of that name, or one port."""

    def edit(network: Network) -> Network:
        stands = bound(layer, network, network.blocks)
        said = network.nodes[id].expressions
        said = () if isinstance(stands, Placeholder) else standing(stands, said, network.parameters)
        node = replace(network.nodes[id], layer=stands, expressions=said)
        instead: dict[Wire, tuple[Wire, ...]] = {}
        taken: set[str] = set()
        for wire in _at(network, id):
            moved = wire
            if wire.source == id and wire.output not in stands.outputs and stands.outputs:
                moved = moved._replace(output=next(iter(stands.outputs)))
            if wire.target == id:
                if wire.input not in stands.inputs and stands.inputs:
                    moved = moved._replace(input=next(iter(stands.inputs)))
                port = stands.inputs.get(moved.input)
                if port is not None and not port.many and moved.input in taken:
                    instead[wire] = ()  # the new layer has fewer ports: the first wire keeps its place
                    continue
                taken.add(moved.input)
            if moved is not wire:
                instead[wire] = (moved,)
        network = network.with_wires(instead) if instead else network
        return changed_layer(network, node)

    return edit


def _at(network: Network, *ids: str) -> tuple[Wire, ...]:
    """The wires that begin or end at these nodes, each once: at each node those that come in first."""
    wires = (wire for id in ids for each in (network.incoming, network.outgoing) for wire in each.get(id, ()))
    return tuple(dict.fromkeys(wires))


def insert_on(wire: Wire, layer: AnyLayer, *, name: str = "", id: str = "") -> Edit:
    """Put a layer into a wire, through its first input and first output."""
    made = id or new_id()

    def edit(network: Network) -> Network:
        if not layer.inputs or not layer.outputs:
            raise EditError(f"{layer.type_name()} has no input and output, so it cannot stand in a wire")
        if not network.has(wire):
            raise EditError("that wire is no longer there")
        network = add(layer, name=name, id=made)(network)
        before = Wire(wire.source, wire.output, made, next(iter(layer.inputs)))
        after = Wire(made, next(iter(layer.outputs)), wire.target, wire.input)
        return network.with_wires({wire: (before, after)})  # the place decides the order at a port for many

    return edit


def insert(part: Network, ids: Mapping[str, str] | None = None) -> Edit:
    """Add a part of a network (from the clipboard, say) with fresh ids, or those of ``ids`` (old to new)."""
    fresh = dict(ids) if ids is not None else {id: new_id() for id in part.nodes}

    def edit(network: Network) -> Network:
        own = {name: definition for name, definition in part.blocks.items() if name not in network.blocks}
        if own:
            network = replace(network, blocks={**network.blocks, **own})
        nodes: dict[str, Node] = {}
        names, tried = Names(network.by_name), dict(network.tried)
        for old, node in part.nodes.items():
            layer = node.layer
            if isinstance(layer, Shared) and layer.of in fresh:
                layer = layer.with_(of=fresh[layer.of])
            if fresh[old] in network.nodes or fresh[old] in nodes:
                raise EditError(f"a node with the id {fresh[old]} is there already")
            name = name_free_of(names, node.name, tried)
            names.add(name)  # values stay where the parameters that they were worked out of are not known here
            said = tuple(pair for pair in node.expressions if names_in(pair[1]) <= network.parameters.keys())
            nodes[fresh[old]] = Node(fresh[old], name, layer, node.bypassed, node.frozen, said)
        network = network.with_nodes(nodes)
        network.tried.update(tried)
        wires = tuple(
            Wire(fresh[wire.source], wire.output, fresh[wire.target], wire.input)
            for wire in part.wires
            if wire.source in fresh and wire.target in fresh
        )
        return rebound(network.with_wires({}, wires) if wires else network)

    return edit


def chain(*edits: Edit) -> Edit:
    """Several edits as one."""

    def edit(network: Network) -> Network:
        for each in edits:
            network = each(network)
        return network

    return edit
