"""Keeping true what blocks and shared nodes say of their ports: they have those of what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nnstudio.graph.network import Network, Node, Wire
from nnstudio.layers import AnyLayer, Placeholder, Port
from nnstudio.layers.blocks import Block, BlockInput, BlockOutput, Interface, Shared


def inner_ports(definition: Network) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The nodes of a definition that are its blocks' input and output ports, in their order."""
    nodes = definition.nodes.values()
    ins = tuple(node for node in nodes if isinstance(node.layer, BlockInput))
    return ins, tuple(node for node in nodes if isinstance(node.layer, BlockOutput))


def definition_interface(definition: Network) -> Interface:
    """What every block of this definition has: its ports by the names of the port nodes, its exposed parameters."""
    ins, outs = inner_ports(definition)
    return Interface(
        tuple((node.name, Port("*", dtype="any")) for node in ins),
        tuple((node.name, Port("*", dtype="any")) for node in outs),
        tuple(definition.parameters.items()),
    )


def shared_owner(network: Network, id: str) -> Node | None:
    """The node whose weights a shared node uses, through other shared ones; None where there is none."""
    seen = set()
    node = network.nodes.get(id)
    while node is not None and isinstance(node.layer, Shared):
        if node.id in seen:
            return None
        seen.add(node.id)
        node = network.nodes.get(node.layer.of)
    return node


def can_be_shared(node: Node) -> bool:
    """Whether another node can be run with this one's weights: it is a layer or block that takes something in."""
    layer = node.layer
    return layer.role in ("layer", "block") and bool(layer.inputs) and not isinstance(layer, Placeholder)


def bound(layer: AnyLayer, network: Network, definitions: Mapping[str, Network]) -> AnyLayer:
    """The layer with the ports of what it stands for in this network; itself where it stands for nothing else, or for
    something that is not there."""
    if isinstance(layer, Block):
        definition = definitions.get(layer.definition)
        interface = layer.interface if definition is None else definition_interface(definition)
        if layer.interface == interface:
            return layer
        exposed = dict(interface.parameters)
        settings = tuple((name, value) for name, value in layer.settings if name in exposed)
        return replace(layer, interface=interface, settings=settings)
    if isinstance(layer, Shared):
        owner = shared_owner(network, layer.of)
        interface = layer.interface
        if owner is not None and not isinstance(owner.layer, Placeholder):
            interface = Interface(tuple(owner.layer.inputs.items()), tuple(owner.layer.outputs.items()))
        return layer if layer.interface == interface else replace(layer, interface=interface)
    return layer


def rebound(network: Network, definitions: Mapping[str, Network] | None = None) -> Network:
    """The network with every block and shared node in step with what it stands for, here and in its definitions.

    Wires at ports that are no longer there are left out. Itself where nothing changes.
    """
    known = network.blocks if definitions is None else definitions
    nodes: dict[str, Node] = {}
    standins = [*network.of_role("block"), *network.of_role("shared")]
    for kind in (Block, Shared):  # a shared node may stand for a block
        here = network.with_nodes(nodes) if nodes else network
        for node in standins:
            if isinstance(node.layer, kind):
                layer = bound(node.layer, here, known)
                if layer is not node.layer:
                    nodes[node.id] = replace(node, layer=layer)
    if nodes:
        network = network.with_nodes(nodes)
        network = without_loose_wires(network, nodes)
    if definitions is None:
        blocks = {name: rebound(definition, network.blocks) for name, definition in network.blocks.items()}
        if any(blocks[name] is not network.blocks[name] for name in blocks):
            network = replace(network, blocks=blocks)
    return network


def without_loose_wires(network: Network, ids: Iterable[str]) -> Network:
    """The network without the wires that end at ports which these nodes do not have."""
    changed = frozenset(ids)

    def holds(wire: Wire) -> bool:
        for id, name, side in ((wire.source, wire.output, "outputs"), (wire.target, wire.input, "inputs")):
            if id in changed and name not in getattr(network.nodes[id].layer, side):
                return False
        return True

    at = (wire for id in changed for each in (network.incoming, network.outgoing) for wire in each.get(id, ()))
    loose = [wire for wire in at if not holds(wire)]
    return network.with_wires(dict.fromkeys(loose, ())) if loose else network
