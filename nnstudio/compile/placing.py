"""Resolving in place: nodes of the expanded network in their order, with what is known of those that feed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from nnstudio.compile import fixes
from nnstudio.compile.nodes import MEMORY, TYPES, Fed, Resolved, resolve_source, work
from nnstudio.graph import Network, Node, Problem, Wire
from nnstudio.graph.expanding import Expansion, Origin
from nnstudio.layers import Placeholder, TensorType
from nnstudio.layers.blocks import BlockInput, Standin
from nnstudio.layers.io import Input, Noise


@dataclass
class Place:
    """Where nodes are resolved: the expanded network, what is known so far, and what comes in from outside."""

    expansion: Expansion
    nodes: dict[str, Resolved]
    fields: Mapping[str, TensorType]
    ports: Mapping[str, TensorType | None] | None

    def know(self, id: str, resolved: Resolved) -> None:
        """Note what is known of a node."""
        self.nodes[id] = resolved
        if resolved.outputs:
            self._offering.append(id)

    def fed(self, id: str) -> Fed:
        """What arrives at each wire of a node: port and type (None where it is not known, or comes from nowhere)."""
        wires = self.expansion.flat.incoming.get(id, ())
        nodes = self.nodes
        fed = tuple(
            [
                (wire.input, nodes[wire.source].outputs.get(wire.output) if wire.source in nodes else None)
                for wire in wires
            ]
        )
        drawn = self.expansion.network.incoming.get(id, ()) if self.expansion.flat is not self.expansion.network else ()
        return fed + (("", None),) * (len(drawn) - len(wires)) if len(drawn) > len(wires) else fed

    def resolve_node(self, node: Node, fed: Fed) -> Resolved:
        """One node, of which everything that feeds it is known."""
        layer = node.layer
        if isinstance(layer, Placeholder):
            problem = Problem(
                node.id, "unknown-layer", f"{node.name} is a {layer.type_name()}, which this program cannot build",
                f"{layer.reason}; install what brings it, or replace the node",
            )  # fmt: skip
            return Resolved(layer, problems=(problem,), fed=fed)
        if isinstance(layer, Standin):  # what it stands for is not there, which the expansion says
            return Resolved(layer, fed=fed)
        if isinstance(layer, Input | Noise):
            return resolve_source(node, layer, self.fields, fed)
        if isinstance(layer, BlockInput):
            return self._resolve_port(node, layer, fed)
        network = self.expansion.network
        drawn = node.id in network.nodes
        if not drawn:
            network = self.expansion.flat
        waits = any(type is None for _, type in fed)
        worked = None if waits else MEMORY.get((layer, fed))
        if worked is None:
            problems = fixes.wiring_problems(network, node, layer, lambda: self._offers(network))
            if problems or waits:
                return Resolved(layer, problems=tuple(problems), fed=fed)
            worked = work(layer, fed)
        if worked.resolved is not None:
            if not worked.suspect:
                return worked.resolved
            return replace(worked.resolved, problems=fixes.cautions(network, node, worked.inputs))
        if worked.mismatch is not None:
            wrong = fixes.mismatch_problem(network, node, layer, *worked.mismatch)
            return Resolved(layer, problems=(wrong,), fed=fed)
        result = worked.evaluated
        problem = fixes.build_problem(network, node, layer, worked.inputs, result.error, result.hint)
        return Resolved(layer, result.built, worked.inputs, problems=(problem,), fed=fed)

    def _resolve_port(self, node: Node, layer: BlockInput, fed: Fed) -> Resolved:
        type = (self.ports or {}).get(node.name) or layer.own_type()
        if type is None:
            return Resolved(layer, fed=fed)
        return Resolved(layer, None, {}, {"output": TYPES.setdefault(type, type)}, ok=True, fed=fed)

    def _offers(self, network: Network) -> Iterator[fixes.Offer]:
        """The nodes of the drawn or the plain network that put something out, as far as is known, and what."""
        for id in self._offering:
            if id in network.nodes:
                yield network.nodes[id], self.nodes[id].outputs
        if network is self.expansion.network:
            types = _Types(self.expansion, self.nodes)
            for id, origins in self.expansion.origins.items():
                if id not in self.nodes:
                    yield network.nodes[id], types.outputs_of(origins)

    def check_shared(self) -> None:
        """Weights that are used twice count once, and each input must have the sizes that they are made for."""
        for id, owner in self.expansion.shared.items():
            mine, theirs = self.nodes.get(id), self.nodes.get(owner)
            if mine is None or theirs is None or not (mine.ok and theirs.ok):
                continue
            if mine.built == theirs.built:
                self.nodes[id] = replace(mine, parameters=0)
                continue
            names = self.expansion.flat.nodes
            fed, made = (", ".join(type.per_sample() for _, type in each.fed if type) for each in (mine, theirs))
            problem = Problem(
                id, "shared",
                f"{names[id].name} uses the weights of {names[owner].name}, which are made for {made}; it is fed {fed}",
                "feed both the same sizes, or give it weights of its own",
            )  # fmt: skip
            self.nodes[id] = replace(mine, parameters=0, problems=(*mine.problems, problem), ok=False)

    def sum_up(self) -> None:
        """What is known of drawn nodes that are not in the plain network: blocks and bypassed nodes."""
        for id, origins in self.expansion.origins.items():
            node = self.expansion.network.nodes[id]
            outputs = _Types(self.expansion, self.nodes).outputs_of(origins)
            inside = [self.nodes[flat] for flat in self._inside(id)]
            arriving = {
                wire.input: _Types(self.expansion, self.nodes).at(wire)
                for wire in self.expansion.network.incoming.get(id, ())
            }
            self.nodes[id] = Resolved(
                node.layer, None, arriving, outputs, sum(each.parameters for each in inside),
                ok=len(outputs) == len(origins) and all(each.ok for each in inside),
            )  # fmt: skip

    def _inside(self, id: str) -> list[str]:
        if not self._by_block:
            for flat in self.expansion.flat.nodes:
                outer, inside, _ = flat.partition("/")
                if inside:
                    self._by_block.setdefault(outer, []).append(flat)
        return self._by_block.get(id, [])

    _by_block: dict[str, list[str]] = field(default_factory=dict)
    _offering: list[str] = field(default_factory=list)  # nodes with outputs, in the order in which they came


class _Types(Mapping[str, Resolved]):
    """What is known so far of the drawn nodes: of a block and of a bypassed node, what comes out of them."""

    def __init__(self, expansion: Expansion, nodes: Mapping[str, Resolved]) -> None:
        self._expansion, self._nodes = expansion, nodes

    def __getitem__(self, id: str) -> Resolved:
        if id in self._expansion.origins:
            return Resolved(
                self._expansion.network.nodes[id].layer, outputs=self.outputs_of(self._expansion.origins[id])
            )
        return self._nodes[id]

    def __iter__(self) -> Iterator[str]:
        yield from (id for id in self._nodes if id in self._expansion.network.nodes)
        yield from (id for id in self._expansion.origins if id not in self._nodes)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def outputs_of(self, origins: Mapping[str, Origin]) -> dict[str, TensorType]:
        """The types of ports whose values come from these places, as far as they are known."""
        found = {}
        for port, origin in origins.items():
            known = self._nodes.get(origin[0]) if origin is not None else None
            if known is not None and origin is not None and origin[1] in known.outputs:
                found[port] = known.outputs[origin[1]]
        return found

    def at(self, wire: Wire) -> TensorType | None:
        """What flows along a drawn wire."""
        known = self.get(wire.source)
        return known.outputs.get(wire.output) if known is not None else None
