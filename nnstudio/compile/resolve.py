"""Resolve a network: the tensor type at every port, parameter counts, and what is wrong (DESIGN 3, 4).

What is worked out is the plain network that a drawing stands for (`graph.expanding`); what is said of it is said of the
nodes that a person sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from nnstudio.compile import fixes
from nnstudio.compile.nodes import Resolved, forget
from nnstudio.compile.placing import Place
from nnstudio.graph import Fix, Network, Problem, Wire
from nnstudio.graph.blocks import in_block
from nnstudio.graph.expanding import Expansion, Origin, expand
from nnstudio.layers import TensorType

__all__ = ["Resolution", "Resolved", "drawn_order", "forget", "resolve"]


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
    def in_flow(self) -> tuple[Problem, ...]:
        """All problems, those that stand first in the flow before what may follow from them."""
        if not self.problems:
            return ()
        order = {id: place for place, id in enumerate(self.order)}
        return tuple(sorted(self.problems, key=lambda problem: order.get(problem.path or problem.node, len(order))))

    @cached_property
    def parameters(self) -> int:
        """Trainable numbers in the whole network."""
        return sum(self.nodes[id].parameters for id in self.flat.nodes)

    def look_up(self) -> None:
        """Work out now, in whatever thread this is, what is otherwise worked out when it is first asked for."""
        for name in ("errors", "parameters", "in_flow", "_by_node"):
            getattr(self, name)
        self.network.look_up()
        self.flat.look_up()

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
    place = Place(expansion, nodes, fields, ports)
    computed = []
    kept = previous.nodes if previous is not None else {}
    for id in order:
        node = flat.nodes[id]
        fed = place.fed(id)
        known = kept.get(id)
        same = known is not None and previous is not None and previous.flat.nodes.get(id) is node
        if known is not None and same and known.fed == fed and not known.problems:  # problems tell of other nodes too
            place.know(id, known)
            continue
        computed.append(id)
        place.know(id, place.resolve_node(node, fed))
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
    import networkx  # here: the window resolves its first network before it is needed

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
