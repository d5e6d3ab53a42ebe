"""What is known of one problem, and what a candidate for mending it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.compile.resolve import Resolution
from nnstudio.compile.shapes import Evaluated, evaluate
from nnstudio.graph import Network, Node, Problem, Wire
from nnstudio.graph.edits import Edit
from nnstudio.layers import AnyLayer, Layer, TensorType

#: Parameters that say how wide what comes out of a layer is.
WIDTHS = ("out_features", "out_channels", "hidden_size", "embedding_dim", "d_model", "units")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An edit that may mend a problem.

    tier: 0 for the cure of the book, 1 for another value of a parameter, 2 for other wires, 3 for taking something
    away. change: about how much of the drawing it touches.
    """

    title: str
    edit: Edit
    tier: int = 0
    change: int = 1


@dataclass(frozen=True)
class Case:
    """A problem on a node, and the resolution in which it was found."""

    resolution: Resolution
    problem: Problem

    @property
    def network(self) -> Network:
        return self.resolution.network

    @cached_property
    def node(self) -> Node | None:
        """The node that it stands on; None where it is the network as a whole, or the node is gone."""
        return self.network.nodes.get(self.problem.node)

    @property
    def layer(self) -> AnyLayer | None:
        return self.node.layer if self.node is not None else None

    def wires(self, port: str) -> tuple[Wire, ...]:
        """Wires that end at a port of the node."""
        return tuple(wire for wire in self.network.incoming.get(self.problem.node, ()) if wire.input == port)

    def type_at(self, wire: Wire) -> TensorType | None:
        """What flows along a wire, where it is known."""
        return self.resolution.wire_type(wire)

    def fed(self, port: str) -> tuple[TensorType, ...]:
        """Known types of what arrives at a port."""
        return tuple(type for wire in self.wires(port) if (type := self.type_at(wire)) is not None)

    @cached_property
    def behind(self) -> frozenset[str]:
        """The node and all that it feeds: none of them can feed it."""
        return self.network.descendants([self.problem.node])

    def tried(self, layer: Layer, changed: Mapping[Wire, TensorType] | None = None) -> Evaluated | None:
        """What ``layer`` is in the node's place, with other types on some wires; None where a port does not fit."""
        changed = changed or {}
        bindings = Bindings()
        inputs: dict[str, TensorType | tuple[TensorType, ...] | None] = {}
        for name, port in layer.inputs.items():
            arriving = []
            for wire in self.wires(name):
                type = changed.get(wire) or self.type_at(wire)
                if type is not None:
                    arriving.append(type)
            try:
                matched = tuple(match(name, port, type, bindings) for type in arriving)
            except MismatchError:
                return None
            if not matched and not port.optional:
                return None
            inputs[name] = matched if port.many else (matched[0] if matched else None)
        return evaluate(layer, inputs, bindings)

    def works(self, layer: Layer, changed: Mapping[Wire, TensorType] | None = None) -> bool:
        """Whether ``layer`` in the node's place works, with other types on some wires."""
        tried = self.tried(layer, changed)
        return tried is not None and not tried.error

    def upstream(self, start: str, most: int = 12) -> Iterator[Node]:
        """Nodes that feed one, the nearest first, and that one itself."""
        seen, row = {start}, [start]
        while row and most:
            following: list[str] = []
            for id in row:
                node = self.network.nodes.get(id)
                if node is None:
                    continue
                yield node
                most -= 1
                if not most:
                    return
                for wire in self.network.incoming.get(id, ()):
                    if wire.source not in seen:
                        seen.add(wire.source)
                        following.append(wire.source)
            row = following

    def head(self, wire: Wire) -> tuple[Node, str] | None:
        """The nearest node before a wire that chooses how wide its output is, and the parameter that says so."""
        for node in self.upstream(wire.source):
            for name in WIDTHS:
                if isinstance(node.layer, Layer) and name in node.layer.params:
                    return node, name
        return None
