"""Resolve a network: the tensor type at every port, parameter counts, and what is wrong (DESIGN 3, 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import networkx

from nnstudio.compile import fixes
from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.compile.shapes import Evaluated, Inputs, evaluate
from nnstudio.graph import Network, Node, Problem, Wire
from nnstudio.layers import AnyLayer, Layer, Placeholder, TensorType
from nnstudio.layers.base import Built
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
    """What is known of a network. ``order``: its nodes so that each comes after those that feed it (nodes of a
    cycle are left out); ``computed``: the nodes that were worked out anew."""

    network: Network
    fields: Mapping[str, TensorType]
    nodes: Mapping[str, Resolved]
    order: tuple[str, ...]
    computed: frozenset[str]
    problems: tuple[Problem, ...]

    @cached_property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that keep a node from being compiled."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @cached_property
    def parameters(self) -> int:
        """Trainable numbers in the whole network."""
        return sum(node.parameters for node in self.nodes.values())

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
    network: Network, fields: Mapping[str, TensorType] | None = None, previous: Resolution | None = None
) -> Resolution:
    """Work out types and problems.

    Args:
        fields: types of the data's fields, by name; without them an input's own shape counts.
        previous: an earlier resolution. Nodes that are the same and fed the same are taken from it.

    Wrong networks raise nothing: what is wrong is in ``problems``, errors first.
    """
    fields = dict(fields or {})
    if previous is not None and previous.fields != fields:
        previous = None
    order, cyclic = _order(network)
    nodes: dict[str, Resolved] = {}
    computed = []
    kept = previous.nodes if previous is not None else {}
    for id in order:
        node = network.nodes[id]
        fed = _fed(network, id, nodes)
        known = kept.get(id)
        if known is not None and previous is not None and previous.network.nodes[id] is node and known.fed == fed:
            nodes[id] = known
            continue
        computed.append(id)
        nodes[id] = _resolve_node(network, node, nodes, fields, fed)
    for id in cyclic:
        nodes[id] = Resolved(network.nodes[id].layer, problems=(_cycle(network, id, cyclic),))
    problems = [problem for id in network.nodes for problem in nodes[id].problems]
    problems += fixes.network_problems(network, nodes)
    problems.sort(key=lambda problem: problem.severity != "error")
    return Resolution(network, fields, nodes, tuple(order), frozenset(computed), tuple(problems))


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


def _fed(network: Network, id: str, nodes: Mapping[str, Resolved]) -> _Fed:
    """What arrives at each wire of a node: port and type (None where it is not known)."""
    return tuple(
        [
            (wire.input, nodes[wire.source].outputs.get(wire.output) if wire.source in nodes else None)
            for wire in network.incoming.get(id, ())
        ]
    )


def _resolve_node(
    network: Network,
    node: Node,
    nodes: Mapping[str, Resolved],
    fields: Mapping[str, TensorType],
    fed: _Fed,
) -> Resolved:
    layer = node.layer
    if isinstance(layer, Placeholder):
        problem = Problem(
            node.id, "unknown-layer", f"{node.name} is a {layer.type_name()}, which this program cannot build",
            f"{layer.reason}; install what brings it, or replace the node",
        )  # fmt: skip
        return Resolved(layer, problems=(problem,), fed=fed)
    if isinstance(layer, Input | Noise):
        return _resolve_source(node, layer, fields, fed)
    waits = any(type is None for _, type in fed)
    worked = None if waits else _MEMORY.get((layer, fed))
    if worked is None:
        problems = fixes.wiring_problems(network, node, layer, nodes)
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
