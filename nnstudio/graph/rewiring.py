"""Edits that keep what was drawn: another type in a node's place, and the order of wires at a port for many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nnstudio.graph.computed import standing
from nnstudio.graph.edits import Edit, EditError
from nnstudio.graph.network import Network, Wire
from nnstudio.layers import AnyLayer, Layer, ParameterError, Placeholder, Port


def like(layer: Layer, old: AnyLayer) -> Layer:
    """``layer`` with the values that ``old`` has under the same names, where they differ from its type's defaults and
    are allowed here too. What ``layer`` itself says other than its own defaults stays."""
    if isinstance(old, Placeholder):
        return layer
    defaults = {name: declared.default for name, declared in old.params.items()}
    for name, value in old.values().items():
        declared = layer.params.get(name)
        if declared is None or value == defaults.get(name, value):
            continue
        if getattr(layer, name) != declared.default:
            continue
        try:
            layer = layer.with_(**{name: value})
        except ParameterError:
            continue
    return layer


def put_in_place(id: str, layer: Layer) -> Edit:
    """Put another layer in a node's place, with the common parameters and the wires that it has ports for.

    A wire goes to the port of the same name, else to the port at the same place, else to the first that is free; wires
    for which no port is left are dropped. The node's name stays, unless it was the old type's own.
    """

    def edit(network: Network) -> Network:
        node = network.nodes.get(id)
        if node is None:
            raise EditError("that layer is no longer there")
        made = like(layer, node.layer)
        old = node.layer
        inputs = _ports(old.inputs, made.inputs)
        outputs = _ports(old.outputs, made.outputs)
        taken: set[str] = set()
        instead: dict[Wire, tuple[Wire, ...]] = {}
        for wire in dict.fromkeys((*network.incoming.get(id, ()), *network.outgoing.get(id, ()))):
            instead[wire] = ()
            moved = wire
            if wire.source == id:
                port = outputs.get(wire.output) or next(iter(made.outputs), "")
                if not port:
                    continue
                moved = moved._replace(output=port)
            if wire.target == id:
                port = inputs.get(wire.input, "")
                if not port or (port in taken and not made.inputs[port].many):
                    free = (name for name, each in made.inputs.items() if name not in taken or each.many)
                    port = next(free, "")
                if not port:
                    continue
                taken.add(port)
                moved = moved._replace(input=port)
            instead[wire] = (moved,)
        kept = standing(made, node.expressions, network.parameters)
        changed = replace(node, layer=made, expressions=kept)
        return (network.with_wires(instead) if instead else network).with_nodes({id: changed})

    return edit


def _ports(old: Mapping[str, Port], new: Mapping[str, Port]) -> dict[str, str]:
    """For each port of the old layer the new one's port of that name, else at that place."""
    names = list(new)
    found = {name: name for name in old if name in new}
    for place, name in enumerate(old):
        if name not in found and place < len(names) and names[place] not in found.values():
            found[name] = names[place]
    return found


def kept_wires(network: Network, id: str, layer: Layer | type[Layer]) -> int:
    """How many of a node's wires find a port where this layer takes its place."""
    into = len(network.incoming.get(id, ()))
    out = len(network.outgoing.get(id, ()))
    room = into if any(port.many for port in layer.inputs.values()) else min(into, len(layer.inputs))
    return room + (out if layer.outputs else 0)


def at_port(network: Network, wire: Wire) -> tuple[Wire, ...]:
    """The wires that end at the same port as this one, in their order."""
    return tuple(each for each in network.incoming.get(wire.target, ()) if each.input == wire.input)


def put_at(wire: Wire, place: int) -> Edit:
    """Give a wire another place (from 0) among those that end at its port; the others keep their order."""

    def edit(network: Network) -> Network:
        here = at_port(network, wire)
        if wire not in here:
            raise EditError("that wire is no longer there")
        others = [each for each in here if each != wire]
        others.insert(max(0, min(place, len(others))), wire)
        if tuple(others) == here:
            return network
        return network.with_wires({each: (other,) for each, other in zip(here, others, strict=True)})

    return edit


def reconnect(wire: Wire, new: Wire) -> Edit:
    """Let a wire begin or end elsewhere. It keeps its place; one that was at the new input is replaced, unless that
    takes many. EditError where it would close a loop or a port is not there."""

    def edit(network: Network) -> Network:
        if not network.has(wire):
            raise EditError("that wire is no longer there")
        if new == wire:
            return network
        target, source = network.nodes.get(new.target), network.nodes.get(new.source)
        if target is None or source is None or new.input not in target.layer.inputs:
            raise EditError("there is no such port")
        rest = network.with_wires({wire: ()})
        if rest.leads(new.target, new.source):
            raise EditError(f"a wire from {source.name} to {target.name} would close a loop")
        many = target.layer.inputs[new.input].many
        gone = () if many else [each for each in rest.incoming.get(new.target, ()) if each.input == new.input]
        return network.with_wires({**dict.fromkeys(gone, ()), wire: (new,)})

    return edit
