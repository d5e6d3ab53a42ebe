"""The Python builder: ``net = Network(); x = net.add("Conv2d", image, out_channels=16)`` (DESIGN 8).

Blocks are built alike: ``net.define("Bottleneck", block)``, then ``net.add("Block", x, definition="Bottleneck")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nnstudio.graph import edits
from nnstudio.graph.blocks import define_block
from nnstudio.graph.computed import can_be_computed
from nnstudio.graph.expressions import Number, is_plain
from nnstudio.graph.network import Network
from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.graph.standins import bound
from nnstudio.layers import AnyLayer, Layer, ParameterError, Placeholder, load
from nnstudio.layers.blocks import Block, Shared


@dataclass(frozen=True, slots=True)
class PortHandle:
    """An output port of a node that was added. Attributes name the node's other output ports: ``x.hidden``."""

    node: str
    port: str
    ports: tuple[str, ...]

    def __getattr__(self, name: str) -> PortHandle:
        if name in self.ports:
            return PortHandle(self.node, name, self.ports)
        raise AttributeError(f"this node has no output port {name!r}; it has {', '.join(self.ports) or 'none'}")


class NetworkBuilder:
    """Builds a network by adding layers; ``network`` is the value so far.

    Keywords are its named parameters with their values, which expressions may name: ``Network(width=64)``. In the
    definition of a block they are what each block of it can set.
    """

    def __init__(self, network: Network | None = None, **parameters: Number) -> None:
        self.network = network if network is not None else Network()
        for name, value in parameters.items():
            self.network = set_network_parameter(name, value)(self.network)

    def add(self, layer: str | Layer, *inputs: PortHandle, name: str = "", **parameters: Any) -> PortHandle:
        """Place a layer and wire its input ports.

        Args:
            layer: a type's name or a layer.
            inputs: sources for the input ports in their order; where the first port takes many, all go there.
            parameters: the layer's parameters, and those that a block's definition exposes. A number can be an
                expression of the network's parameters (``out_channels="2*width"``); a port handle under an input
                port's name wires that port.

        Returns:
            A handle on the first output port (loss and metric nodes have theirs too).

        Raises:
            KeyError: no layer type has that name. ParameterError: a parameter is not allowed.
            EditError: a wire cannot be drawn, or an expression has no value.
        """
        wired = {key: value for key, value in parameters.items() if isinstance(value, PortHandle)}
        values = {key: value for key, value in parameters.items() if key not in wired}
        made = self._bound(layer, values)
        said = {key: text for key, text in values.items() if _is_expression(made, key, text)}
        made = made.with_(**{key: value for key, value in values.items() if key not in said})
        for key in wired:
            if key not in made.inputs:
                raise ParameterError(made.type_name(), key, "is not an input port")
        id = edits.new_id()
        network = edits.add(made, name=name, id=id)(self.network)
        for key, text in said.items():
            network = set_expression(id, key, text)(network)
        ports = list(made.inputs)
        for place, handle in enumerate(inputs):
            if not ports or (place >= len(ports) and not made.inputs[ports[0]].many):
                raise edits.EditError(f"{made.type_name()} has {len(ports)} input ports, {len(inputs)} were given")
            port = ports[0] if made.inputs[ports[0]].many else ports[place]
            network = edits.connect(handle.node, handle.port, id, port)(network)
        for key, handle in wired.items():
            network = edits.connect(handle.node, handle.port, id, key)(network)
        self.network = network
        outputs = tuple(made.outputs)
        return PortHandle(id, outputs[0] if outputs else "", outputs)

    def define(self, name: str, definition: NetworkBuilder | Network) -> None:
        """Add a block's definition, with those that it uses. Its ports are its BlockInput and BlockOutput nodes, its
        parameters those of the builder.

        Raises:
            EditError: another definition has that name, or it cannot be a block.
        """
        drawn = definition.network if isinstance(definition, NetworkBuilder) else definition
        for known, network in {**drawn.blocks, name: replace(drawn, blocks={})}.items():
            if known in self.network.blocks and self.network.blocks[known] != network:
                raise edits.EditError(f"another block is named {known!r}; choose another name")
            if known not in self.network.blocks:
                self.network = define_block(known, network)(self.network)

    def _bound(self, layer: str | Layer, values: dict[str, Any]) -> Layer:
        """The layer as it will stand here, before its parameters are set; of a block, its definition is taken out of
        ``values``."""
        if isinstance(layer, str):
            catalogue = load()
            if layer not in catalogue:
                raise KeyError(f"there is no layer type {layer!r}; `nnstudio layers` lists them")
            needed: dict[str, Any] = {key: values.pop(key) for key in ("definition", "of") if key in values}
            layer = catalogue[layer].make(needed)
        if isinstance(layer, Block) and layer.definition not in self.network.blocks:
            known = ", ".join(self.network.blocks) or "none yet"
            raise edits.EditError(f"there is no block named {layer.definition!r}; define it first (there is {known})")
        stands = bound(layer, self.network, self.network.blocks)
        assert not isinstance(stands, Placeholder)
        return stands


def _is_expression(layer: Layer, parameter: str, value: object) -> bool:
    declared = layer.params.get(parameter)
    if declared is None or not isinstance(value, str) or is_plain(value):
        return False
    return can_be_computed(declared) and value not in declared.choices


def with_names_as_ids(network: Network) -> Network:
    """The network with the name of every node for its id, in its definitions too, so that what is built twice from the
    same code is the same."""
    names: Mapping[str, str] = {id: node.name for id, node in network.nodes.items()}
    nodes = {}
    for id, node in network.nodes.items():
        layer: AnyLayer = node.layer
        if isinstance(layer, Shared) and layer.of in names:
            layer = layer.with_(of=names[layer.of])
        nodes[names[id]] = replace(node, id=names[id], layer=layer)
    wires = tuple(wire._replace(source=names[wire.source], target=names[wire.target]) for wire in network.wires)
    blocks = {name: with_names_as_ids(definition) for name, definition in network.blocks.items()}
    return replace(network, nodes=nodes, wires=wires, blocks=blocks)
