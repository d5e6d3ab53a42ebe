"""The Python builder: ``net = Network(); x = net.add("Conv2d", image, out_channels=16)`` (DESIGN 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnstudio.graph import edits
from nnstudio.graph.network import Network
from nnstudio.layers import Layer, ParameterError, load


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
    """Builds a network by adding layers; ``network`` is the value so far."""

    def __init__(self, network: Network | None = None) -> None:
        self.network = network if network is not None else Network()

    def add(self, layer: str | Layer, *inputs: PortHandle, name: str = "", **parameters: Any) -> PortHandle:
        """Place a layer and wire its input ports.

        Args:
            layer: a type's name or a layer.
            inputs: sources for the input ports in their order; where the first port takes many, all go there.
            parameters: the layer's parameters; a port handle under an input port's name wires that port.

        Returns:
            A handle on the first output port (loss and metric nodes have theirs too).

        Raises:
            KeyError: no layer type has that name. ParameterError: a parameter is not allowed.
            EditError: a wire cannot be drawn.
        """
        wired = {key: value for key, value in parameters.items() if isinstance(value, PortHandle)}
        values = {key: value for key, value in parameters.items() if key not in wired}
        if isinstance(layer, str):
            catalogue = load()
            if layer not in catalogue:
                raise KeyError(f"there is no layer type {layer!r}; `nnstudio layers` lists them")
            made: Layer = catalogue[layer].make(values)
        else:
            made = layer.with_(**values) if values else layer
        for key in wired:
            if key not in made.inputs:
                raise ParameterError(made.type_name(), key, "is not an input port")
        id = edits.new_id()
        network = edits.add(made, name=name, id=id)(self.network)
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
