"""Observing: a step's forward pass that gives every output port of every layer, and what they are told as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstudio.train.events import Histogram
from nnstudio.train.kernels import forward_of
from nnstudio.train.probes import Reading, histograms, readings, unit_axis
from nnstudio.train.walking import Route

if TYPE_CHECKING:
    from torch import fx

    from nnstudio.compile.lower import Compiled

Port = tuple[str, str]


class Observing:
    """An observed graph (`compile.lower.Compiled.observed`) with the ports that it leaves out: all but the first of
    layers that have several, where they are floating-point numbers.

    forward: as ``observed``'s, with a third result: what these ports put out.
    """

    def __init__(self, compiled: Compiled, observed: fx.GraphModule) -> None:
        from torch import fx
        from torch.fx.node import map_arg

        route = Route(observed, [spec.node for spec in compiled.inputs])
        self._how: dict[Any, Reading] = dict(readings(compiled))
        found: dict[Port, Any] = {}
        for id, places in route.ports.items():
            drawn = compiled.resolution.nodes.get(id)  # the weights of samples are not
            for place, (port, type) in enumerate(drawn.outputs.items() if drawn is not None else ()):
                if place and place in places and type.is_float:
                    found[id, port] = places[place]
                    self._how[id, port] = Reading(unit_axis(type))
        self._ports = tuple(found)
        graph = fx.Graph()
        copies: dict[Any, Any] = {}
        for node in observed.graph.nodes:
            if node.op != "output":
                copies[node] = graph.node_copy(node, copies.__getitem__)
        graph.output(map_arg((*route.output, tuple(found.values())), copies.__getitem__))
        self.forward = forward_of(fx.GraphModule(observed, graph, "Observing"))

    def told(self, first: dict[str, Any], others: tuple[Any, ...]) -> dict[str, Any]:
        """The histograms of what :attr:`forward` gave, as the fields of an Activations event."""
        every: dict[Any, Any] = {**first, **dict(zip(self._ports, others, strict=True))}
        layers: dict[str, Histogram] = {}
        ports: dict[str, dict[str, Histogram]] = {}
        for name, histogram in histograms(every, self._how).items():
            if isinstance(name, str):
                layers[name] = histogram
            else:
                ports.setdefault(name[0], {})[name[1]] = histogram
        return {"layers": layers, "ports": ports}
