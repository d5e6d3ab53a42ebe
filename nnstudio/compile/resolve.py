"""Resolve a network: the tensor type at every port, parameter counts, and what is wrong (DESIGN 3, 4).

What is worked out is the plain network that a drawing stands for (`graph.expanding`); what is said of it is said of the
nodes that a person sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import networkx

from nnstudio.compile import fixes
from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.compile.shapes import Evaluated, Inputs, evaluate
from nnstudio.graph import Fix, Network, Node, Problem, Wire
from nnstudio.graph.blocks import in_block
from nnstudio.graph.expanding import Expansion, Origin, expand
from nnstudio.layers import AnyLayer, Layer, Placeholder, TensorType
from nnstudio.layers.base import Built
from nnstudio.layers.blocks import BlockInput, Standin
from nnstudio.layers.io import Input, Noise


@dataclass(frozen=True, slots=True)
class Resolved:
    """One node resolved. ``outputs`` is empty where the node, or one before it, has an error."""

    layer: AnyLayer
    built: Built = None
    inputs: Inputs = field(default_factory=dict)
    outputs: Mapping[str, TensorType] = field(default_factory=dict)
    parameters: int = 0
    problems: tuple[Problem, ...] = ()
    ok: bool = False
    #: what it was worked out from, to see whether it still holds
    fed: tuple[tuple[str, TensorType | None], ...] = ()


@dataclass(frozen=True)
class Resolution:
    """What is known of a network.

    network: what is drawn. expansion, flat: the plain network that it stands for. nodes: what is known of each node,
    of both (a block's is that of what is in it, taken together). order: nodes of the plain network so that each comes
    after those that feed it (nodes of a cycle are left out). computed: those that were worked out anew.
    ports: of a definition, what arrives at its ports, by their names; None of a whole network.
    """

    network: Network
    fields: Mapping[str, TensorType]
    nodes: Mapping[str, Resolved]
    order: tuple[str, ...]
    computed: frozenset[str]
    problems: tuple[Problem, ...]
    expansion: Expansion
    ports: Mapping[str, TensorType | None] | None = None
    _insides: dict[str, Resolution] = field(default_factory=dict, compare=False, repr=False)

    @property
    def flat(self) -> Network:
        """The plain network: blocks opened, shared nodes in the place of what they share, bypassed ones gone."""
        return self.expansion.flat

    def inside(self, path: str) -> Resolution | None:
        """A block's definition as it is in one place: path is that of a copy in ``expansion.opened``, or the id of a
        block's node for its first copy. None where there is no such block."""
        copies = self.expansion.copies(path)
        if not copies:
            return None
        if copies[0] not in self._insides:
            opened = self.expansion.opened[copies[0]]
            ports = {name: self._arriving(origin) for name, origin in opened.entering.items()}
            definition = replace(opened.network, blocks=self.network.blocks)
            self._insides[copies[0]] = resolve(definition, self.fields, ports=ports)
        return self._insides[copies[0]]

    def definition(self, name: str) -> Resolution:
        """A block's definition by its name alone: as it is in the first block of it that there is, else with the shapes
        that its ports say themselves. KeyError where there is none."""
        path = next((path for path, opened in self.expansion.opened.items() if opened.definition == name), "")
        inside = self.inside(path) if path else None
        if inside is None:
            if name not in self._insides:
                whole = replace(self.network.blocks[name], blocks=self.network.blocks)
                self._insides[name] = resolve(whole, self.fields, ports={})
            inside = self._insides[name]
        return inside

    def _arriving(self, origin: Origin) -> TensorType | None:
        known = self.nodes.get(origin[0]) if origin is not None else None
        return known.outputs.get(origin[1]) if known is not None and origin is not None else None

    def mended(self, problem: Problem) -> Problem:
        """A problem inside a block with the fixes that would mend it there, in the block's definition."""
        if not problem.path or problem.fixes:
            return problem
        path, _, id = problem.path.rpartition("/")
        inner = self.inside(path)
        name = self.expansion.opened[path].definition if path in self.expansion.opened else ""
        if inner is None or not name:
            return problem
        same = next((other for other in inner.problems_of(id) if other.code == problem.code), None)
        fixes = same.fixes if same is not None else ()
        return replace(problem, fixes=tuple(Fix(f"{f.title}, in {name}", in_block(name, f.edit)) for f in fixes))

    @cached_property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that keep a node from being compiled."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @cached_property
    def parameters(self) -> int:
        """Trainable numbers in the whole network."""
        return sum(self.nodes[id].parameters for id in self.flat.nodes)

    @cached_property
    def _by_node(self) -> Mapping[str, tuple[Problem, ...]]:
        gathered: dict[str, list[Problem]] = {}
        for problem in self.problems:
            gathered.setdefault(problem.node, []).append(problem)
        return {id: tuple(problems) for id, problems in gathered.items()}

    def problems_of(self, id: str) -> tuple[Problem, ...]:
        """Problems on this node."""
        return self._by_node.get(id, ())

    def wire_type(self, wire: Wire) -> TensorType | None:
        """What flows along a wire; None where it is not known."""
        node = self.nodes.get(wire.source)
        return node.outputs.get(wire.output) if node else None

    def blocking(self, targets: Iterable[str]) -> tuple[Problem, ...]:
        """Errors on these nodes and on those that feed them."""
        needed = self.network.ancestors(targets)
        return tuple(problem for problem in self.errors if problem.node in needed)


@dataclass(frozen=True, slots=True)
class _Worked:
    """What a layer is when fed so, wherever it stands: ``resolved`` where all is well, else its inputs as its patterns
    label them and what came of them, or the port (and type) that does not fit."""

    inputs: Inputs
    evaluated: Evaluated
    mismatch: tuple[str, MismatchError, TensorType] | None = None
    resolved: Resolved | None = None
    suspect: bool = False


_Fed = tuple[tuple[str, TensorType | None], ...]
_MEMORY: dict[tuple[Layer, _Fed], _Worked] = {}
_TYPES: dict[TensorType, TensorType] = {}
_MEMORY_LIMIT = 8192


def forget() -> None:
    """Empty the memory of layers that were worked out (for benchmarks, and for plugins that are reloaded)."""
    _MEMORY.clear()
    _TYPES.clear()


def _shared(evaluated: Evaluated) -> Evaluated:
    """The same with one object for equal output types, so that comparing them is comparing identities."""
    if evaluated.outputs is None:
        return evaluated
    outputs = {name: _TYPES.setdefault(type, type) for name, type in evaluated.outputs.items()}
    return replace(evaluated, outputs=outputs)


def resolve(
    network: Network,
    fields: Mapping[str, TensorType] | None = None,
    previous: Resolution | None = None,
    *,
    ports: Mapping[str, TensorType | None] | None = None,
) -> Resolution:
    """Work out types and problems.

    Args:
        fields: types of the data's fields, by name; without them an input's own shape counts.
        previous: an earlier resolution. Nodes that are the same and fed the same are taken from it.
        ports: of a block's definition, what arrives at its ports, by their names (see :meth:`Resolution.inside`).

    Wrong networks raise nothing: what is wrong is in ``problems``, errors first.
    """
    fields = dict(fields or {})
    if previous is not None and (previous.fields != fields or previous.ports != ports):
        previous = None
    expansion = expand(network)
    flat = expansion.flat
    order, cyclic = _order(flat)
    nodes: dict[str, Resolved] = {}
    place = _Place(expansion, nodes, fields, ports)
    computed = []
    kept = previous.nodes if previous is not None else {}
    for id in order:
        node = flat.nodes[id]
        fed = place.fed(id)
        known = kept.get(id)
        same = known is not None and previous is not None and previous.flat.nodes.get(id) is node
        if known is not None and same and known.fed == fed and not known.problems:  # problems tell of other nodes too
            nodes[id] = known
            continue
        computed.append(id)
        nodes[id] = place.resolve_node(node, fed)
    for id in cyclic:
        nodes[id] = Resolved(flat.nodes[id].layer, problems=(_cycle(flat, id, cyclic),))
    place.check_shared()
    problems = [*expansion.problems, *(problem for id in flat.nodes for problem in nodes[id].problems)]
    place.sum_up()
    if ports is None:
        problems += fixes.network_problems(network, nodes)
    problems = list(_lifted(network, flat, problems))
    problems.sort(key=lambda problem: problem.severity != "error")
    return Resolution(network, fields, nodes, tuple(order), frozenset(computed), tuple(problems), expansion, ports)


def _lifted(network: Network, flat: Network, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems on the drawn nodes: one inside a block stands on the block, once for all its copies."""
    seen: set[tuple[str, str, str]] = set()
    for problem in problems:
        if problem.node in network.nodes:
            yield problem
            continue
        outer, _, rest = problem.node.partition("/")
        inner = "/".join(part for part in rest.split("/") if not part.isdigit())
        if outer not in network.nodes or (outer, inner, problem.code) in seen:
            continue
        seen.add((outer, inner, problem.code))
        dotted = flat.nodes[problem.node].name if problem.node in flat.nodes else ""
        said = problem.message.replace(dotted, dotted.rpartition(".")[2]) if dotted else problem.message
        message = f"in {network.nodes[outer].name}: {said}"
        yield replace(problem, node=outer, message=message, fixes=(), path=problem.node)


def drawn_order(network: Network) -> list[str]:
    """The nodes of a network so that each comes after those that feed it; those of a loop come last."""
    order, cyclic = _order(network)
    return [*order, *cyclic]


def _order(network: Network) -> tuple[list[str], list[str]]:
    """Nodes so that each comes after those that feed it, and those that are part of a cycle.

    Kahn's algorithm over the wires; networkx is asked only where there is a cycle, since building its graph takes
    longer than all the rest of resolving again after an edit.
    """
    waiting = {id: sum(wire.source in network.nodes for wire in network.incoming.get(id, ())) for id in network.nodes}
    order = [id for id, count in waiting.items() if not count]
    outgoing = network.outgoing
    for id in order:  # grows while it is walked
        for wire in outgoing.get(id, ()):
            if wire.target in waiting:
                waiting[wire.target] -= 1
                if not waiting[wire.target]:
                    order.append(wire.target)
    if len(order) == len(network.nodes):
        return order, []
    graph = network.graph
    cyclic = {
        id
        for component in networkx.strongly_connected_components(graph)
        for id in component
        if len(component) > 1 or graph.has_edge(id, id)
    }
    rest = graph.subgraph(set(network.nodes) - cyclic)
    return list(networkx.topological_sort(rest)), [id for id in network.nodes if id in cyclic]


def _cycle(network: Network, id: str, cyclic: list[str]) -> Problem:
    names = ", ".join(network.nodes[each].name for each in cyclic[:6])
    ring = set(cyclic)
    back = next((wire for wire in reversed(network.wires) if wire.target == id and wire.source in ring), None)
    return Problem(
        id, "cycle", f"{network.nodes[id].name} is part of a loop ({names})",
        "a network must flow one way: remove one of the wires of the loop",
        fixes=(fixes.remove_wire(network, back),) if back else (),
    )  # fmt: skip


@dataclass
class _Place:
    """Where nodes are resolved: the expanded network, what is known so far, and what comes in from outside."""

    expansion: Expansion
    nodes: dict[str, Resolved]
    fields: Mapping[str, TensorType]
    ports: Mapping[str, TensorType | None] | None

    def fed(self, id: str) -> _Fed:
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

    def resolve_node(self, node: Node, fed: _Fed) -> Resolved:
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
            return _resolve_source(node, layer, self.fields, fed)
        if isinstance(layer, BlockInput):
            return self._resolve_port(node, layer, fed)
        network = self.expansion.network
        drawn = node.id in network.nodes
        if not drawn:
            network = self.expansion.flat
        waits = any(type is None for _, type in fed)
        worked = None if waits else _MEMORY.get((layer, fed))
        types = _Types(self.expansion, self.nodes) if drawn else self.nodes
        if worked is None:
            problems = fixes.wiring_problems(network, node, layer, types)
            if problems or waits:
                return Resolved(layer, problems=tuple(problems), fed=fed)
            worked = _work(layer, fed)
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

    def _resolve_port(self, node: Node, layer: BlockInput, fed: _Fed) -> Resolved:
        type = (self.ports or {}).get(node.name) or layer.own_type()
        if type is None:
            return Resolved(layer, fed=fed)
        return Resolved(layer, None, {}, {"output": _TYPES.setdefault(type, type)}, ok=True, fed=fed)

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


def _work(layer: Layer, fed: _Fed) -> _Worked:
    """Label what is fed, build the layer on it and remember what came of it."""
    bindings = Bindings()
    inputs: dict[str, TensorType | tuple[TensorType, ...] | None] = {}
    worked = None
    for name, port in layer.inputs.items():
        arriving = [type for at, type in fed if at == name and type is not None]
        try:
            matched = tuple(match(name, port, type, bindings) for type in arriving)
        except MismatchError as mismatch:
            worked = _Worked(inputs, Evaluated(), (name, mismatch, arriving[0]))
            break
        inputs[name] = matched if port.many else (matched[0] if matched else None)
    if worked is None:
        result = _shared(evaluate(layer, inputs, bindings))
        resolved = None
        if result.outputs is not None:
            resolved = Resolved(layer, result.built, inputs, result.outputs, result.parameters, ok=True, fed=fed)
        worked = _Worked(inputs, result, None, resolved, fixes.is_suspect(layer, inputs))
    if len(_MEMORY) >= _MEMORY_LIMIT:
        forget()
    _MEMORY[layer, fed] = worked
    return worked


def _resolve_source(
    node: Node,
    layer: Input | Noise,
    fields: Mapping[str, TensorType],
    fed: _Fed,
) -> Resolved:
    type = layer.own_type()
    if isinstance(layer, Input) and fields:
        type = fields.get(layer.field)
    if type is None:
        assert isinstance(layer, Input)
        return Resolved(layer, problems=(fixes.unbound_problem(node, layer, fields),), fed=fed)
    built = layer.build()
    return Resolved(layer, built, {}, {"output": _TYPES.setdefault(type, type)}, ok=True, fed=fed)
