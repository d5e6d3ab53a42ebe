"""The network: an immutable value of nodes and wires (DESIGN 4)."""

from __future__ import annotations

import keyword
import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from nnstudio.graph.changes import (
    changed,
    derived,
    differing,
    exchanged,
    hints_of,
    missing,
    places_of,
    regathered,
    swapped,
)
from nnstudio.graph.ranks import Ranks, followed, ranked
from nnstudio.layers import AnyLayer

if TYPE_CHECKING:
    import networkx

T = TypeVar("T")
_source, _target = (operator.attrgetter(name) for name in ("source", "target"))
#: Names that a module already has of its own (a test compares with ``dir(torch.nn.Module)``).
RESERVED_NAMES = frozenset(
    """T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
    modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    meta shape_env to_folder
    graph code print_readable recompile add_submodule delete_submodule delete_all_unused_submodules self torch nn
    math""".split()
)


@dataclass(frozen=True, slots=True)
class Node:
    """A layer placed in a network. ``id`` never changes; ``name`` is unique and a Python identifier.

    bypassed: what arrives at the first connected input goes on from the first output, as if the layer were not there.
    frozen: its weights are not trained, and its running statistics stay as they are.
    expressions: (parameter, text) of the parameters that are worked out of the network's; the layer holds the values.
    """

    id: str
    name: str
    layer: AnyLayer
    bypassed: bool = False
    frozen: bool = False
    expressions: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.expressions) > 1:  # so that equal nodes are equal
            object.__setattr__(self, "expressions", tuple(sorted(self.expressions)))

    def expression(self, parameter: str) -> str:
        """What a parameter is worked out of; "" where it is a plain value."""
        return next((text for name, text in self.expressions if name == parameter), "")


class Wire(NamedTuple):
    """From one output port to one input port; nodes are named by id. (A tuple: there are many, and often looked up.)"""

    source: str
    output: str
    target: str
    input: str


def is_node_name(name: str) -> bool:
    """Whether a node may be so named: an identifier that no module has as an attribute of its own."""
    usable = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return usable and name not in RESERVED_NAMES


def _gathered(ends: Iterable[tuple[str, Wire]]) -> Mapping[str, tuple[Wire, ...]]:
    gathered: dict[str, list[Wire]] = {}
    for id, wire in ends:
        if id in gathered:
            gathered[id].append(wire)
        else:
            gathered[id] = [wire]
    return {id: tuple(wires) for id, wires in gathered.items()}


def _roles(nodes: Iterable[Node]) -> dict[str, str]:
    return {node.id: node.layer.role for node in nodes if node.layer.role != "layer"}


def _tried(before: Mapping[str, int], freed: Iterable[str]) -> dict[str, int]:
    """What :attr:`Network.tried` is when these names are free again."""
    found = dict(before)
    for name in freed:
        stem = name.rstrip("0123456789")
        if stem in found and stem != name:
            found[stem] = min(found[stem], int(name[len(stem) :]))
    return found


_WORKED_OUT = ("_incoming", "_outgoing", "_by_name", "_ranks", "_special", "_hints", "_tried")


@dataclass(frozen=True)
class Network:
    """Nodes by id, wires in the order in which they were drawn, definitions of blocks by name, and named parameters.

    Definitions stand in the outermost network alone, and may use one another by name. ``parameters`` are numbers that
    expressions may name; in a definition they are what each block of it may set, with their defaults.

    The value itself may be wrong (cycles, doubled wires, missing ports): `compile.resolve` says so as problems.
    """

    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    wires: tuple[Wire, ...] = ()
    blocks: Mapping[str, Network] = field(default_factory=lambda: MappingProxyType({}))
    parameters: Mapping[str, int | float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in ("nodes", "blocks", "parameters"):
            value = getattr(self, name)
            if not isinstance(value, MappingProxyType):
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    def __hash__(self) -> int:
        return hash((tuple(self.nodes), self.wires))

    def __reduce__(self) -> tuple[object, ...]:
        return (Network, (dict(self.nodes), self.wires, dict(self.blocks), dict(self.parameters)))

    @cached_property
    def graph(self) -> networkx.MultiDiGraph[str]:
        """The frozen graph: node ids, and an edge a wire with ``wire`` as its attribute and key.

        A wire whose node is missing is left out.
        """
        import networkx  # here: it takes a third of a second, and the window opens without it

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        graph.add_nodes_from(self.nodes)
        nodes = self.nodes
        for wire in self.wires:
            if wire.source in nodes and wire.target in nodes:
                graph.add_edge(wire.source, wire.target, key=wire, wire=wire)
        frozen: networkx.MultiDiGraph[str] = networkx.freeze(graph)
        return frozen

    # What follows is worked out when it is first asked for. Networks made by :meth:`with_nodes` and :meth:`with_wires`
    # take it over from the one before. (Not cached properties: in Python 3.11 they wait for other threads.)

    @property
    def incoming(self) -> Mapping[str, tuple[Wire, ...]]:
        """Wires that end at each node, by node id, in drawn order."""
        return self._kept("_incoming", lambda: _gathered((wire.target, wire) for wire in self.wires))

    @property
    def outgoing(self) -> Mapping[str, tuple[Wire, ...]]:
        """Wires that begin at each node, by node id, in drawn order."""
        return self._kept("_outgoing", lambda: _gathered((wire.source, wire) for wire in self.wires))

    @property
    def by_name(self) -> Mapping[str, Node]:
        """Nodes by name."""
        return self._kept("_by_name", lambda: {node.name: node for node in self.nodes.values()})

    @property
    def tried(self) -> dict[str, int]:
        """For stems of names the number behind them below which all are taken, as far as it was looked for."""
        return self._kept("_tried", dict)

    def _kept(self, name: str, make: Callable[[], T]) -> T:
        found: Any = self.__dict__.get(name)
        if found is None:
            found = self.__dict__[name] = make()
        return found  # type: ignore[no-any-return]

    def has(self, wire: Wire) -> bool:
        """Whether there is this wire."""
        return wire in self.incoming.get(wire.target, ())

    def with_nodes(self, new: Mapping[str, Node], gone: Iterable[str] = ()) -> Network:
        """With these nodes, by id, added or in the place of those that are there, and some others gone; the wires at
        them stay."""
        left = tuple(gone)
        made = replace(self, nodes=derived(self.nodes, new, left))
        made._take_over(self, (*new, *left), ((), ()))
        return made

    def with_wires(self, instead: Mapping[Wire, Sequence[Wire]], more: Sequence[Wire] = ()) -> Network:
        """With other wires in the place of some (with none: those are gone), and ``more`` behind all. A wire that would
        be there twice is left out; of one that is there twice already, the first is replaced."""
        known: list[Wire] = []
        for wire, others in instead.items():
            same = [each for each in self.incoming.get(wire.target, ()) if each == wire]
            known += same[:1] if others else same
        gone, put = set(map(id, known)), dict.fromkeys(wire for each in (*instead.values(), more) for wire in each)
        there = {
            wire for wire in put for each in self.incoming.get(wire.target, ()) if wire == each and id(each) not in gone
        }
        rest = {wire: wire for wire in put if wire not in there}
        wires: list[Wire] = []
        late: dict[int, int] = {}

        def put_here(these: Sequence[Wire]) -> None:
            for each in these:
                if each in rest:
                    wires.append(rest.pop(each))
                    late[id(wires[-1])] = len(wires) - 1

        hints = self._kept("_hints", lambda: hints_of(self.wires))
        start = 0
        for place in places_of(self.wires, known, hints):
            wires += self.wires[start:place]
            put_here(instead[self.wires[place]])
            start = place + 1
        wires += self.wires[start:]
        put_here(more)
        made = replace(self, wires=tuple(wires))
        made.__dict__["_hints"] = hints[0], {**hints[1], **late}
        came = [wire for wire in put if wire not in there and wire not in rest]
        exchanged(self.wires, made.wires, known, came)
        made._take_over(self, (), (known, came))
        return made

    def follow(self, before: Network) -> None:
        """Take over from a network that is much like this one what it has worked out, unless it is known here."""
        wanting = [name for name in _WORKED_OUT if name in before.__dict__ and name not in self.__dict__]
        if before is not self and wanting:
            ids = (*differing(before.nodes, self.nodes), *missing(before.nodes, self.nodes))
            self._take_over(before, ids, swapped(before.wires, self.wires))

    def look_up(self) -> None:
        """Work out now, in whatever thread this is, what is otherwise worked out when it is first asked for."""
        for name in ("incoming", "outgoing", "by_name", "_ranked", "_roles"):
            getattr(self, name)
        self.__dict__["_hints"] = hints_of(self.wires)

    def forget(self) -> None:
        """Drop what can be worked out again, of a network that is only kept."""
        for name in _WORKED_OUT:
            self.__dict__.pop(name, None)

    def _take_over(self, before: Network, ids: Collection[str], wires: tuple[Sequence[Wire], Sequence[Wire]]) -> None:
        """What was worked out for ``before``, with these nodes and wires (gone, new) changed."""
        kept, own = before.__dict__, self.__dict__
        if "_hints" in kept:
            own.setdefault("_hints", kept["_hints"])
        hints = own.get("_hints", ({}, {}))
        for name, end in (("_incoming", _target), ("_outgoing", _source)):
            if name in kept:
                own[name] = regathered(kept[name], end, *wires, self.wires, hints) if any(wires) else kept[name]
        if "_special" in kept:
            were, are = ([*map(nodes.get, ids)] for nodes in (before.nodes, self.nodes))
            if _roles(filter(None, were)) == _roles(filter(None, are)):
                own["_special"] = kept["_special"]
        ranks = kept.get("_ranks")
        if ranks is not None and {"_incoming", "_outgoing"} <= own.keys():
            dangling = (id for id in ids if id not in before.nodes and id in self.nodes)
            loose = any(id in self.incoming or id in self.outgoing for id in dangling)
            found = followed(ranks, self, wires[1]) if not loose else None
            if found is not None:
                own["_ranks"] = found
        names = kept.get("_by_name", {})
        if "_by_name" in kept and len(names) == len(before.nodes):  # else two have one name
            new = {self.nodes[id].name: self.nodes[id] for id in ids if id in self.nodes}
            old = [before.nodes[id].name for id in ids if id in before.nodes]
            called = changed(names, new, [name for name in old if name not in new]) if new or old else names
            if len(called) == len(self.nodes):
                own["_by_name"] = called
                own.setdefault("_tried", _tried(kept.get("_tried", {}), [name for name in old if name not in new]))

    def named(self, name: str) -> Node:
        """The node of this name. KeyError, saying which there are, where there is none."""
        try:
            return self.by_name[name]
        except KeyError:
            raise KeyError(f"no node is named {name!r}; there are {', '.join(self.by_name) or 'none'}") from None

    def of_role(self, role: str) -> tuple[Node, ...]:
        """Nodes whose layer has this role (``input``, ``output``, ``loss``, ``metric``, ``layer``)."""
        if role == "layer":
            return tuple(node for node in self.nodes.values() if node.layer.role == role)
        return tuple(self.nodes[id] for id, known in self._roles.items() if known == role)

    @property
    def _roles(self) -> Mapping[str, str]:
        """The roles of all nodes, by id, that are more than a layer."""
        return self._kept("_special", lambda: _roles(self.nodes.values()))

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """These nodes and all from which something flows into them. Works with cycles."""
        return self._reached(ids, lambda node: (wire.source for wire in self.incoming.get(node, ())))

    def descendants(self, ids: Iterable[str]) -> frozenset[str]:
        """These nodes and all into which something flows from them. Works with cycles."""
        return self._reached(ids, lambda node: (wire.target for wire in self.outgoing.get(node, ())))

    def leads(self, source: str, target: str) -> bool:
        """Whether something flows from one node into another, or they are one. Works with cycles."""
        return bool(self.reached(source, (target,)))

    def reached(self, source: str, among: Iterable[str]) -> frozenset[str]:
        """Those of some nodes into which something flows from one node, or that are it. Works with cycles."""
        wanted = frozenset(id for id in among if id in self.nodes)
        ranks = self.__dict__.get("_ranks")
        if ranks is None:
            return self.descendants([source]) & wanted
        goal = max((ranks.get(id, -math.inf) for id in wanted), default=-math.inf)  # what has no rank has no wires
        seen: set[str] = set()
        todo = [source] if source in self.nodes else []
        left = set(wanted)
        while todo and left:
            id = todo.pop()
            if id not in seen:
                seen.add(id)
                left.discard(id)
                if ranks.get(id, math.inf) < goal:
                    todo.extend(wire.target for wire in self.outgoing.get(id, ()))
        return wanted & seen

    @property
    def _ranked(self) -> Ranks | None:
        """Numbers that grow along wires; None where there is a loop."""
        if self.__dict__.get("_ranks") is None:
            self.__dict__["_ranks"] = ranked(self)
        found: Ranks | None = self.__dict__["_ranks"]
        return found

    def _reached(self, ids: Iterable[str], onward: Callable[[str], Iterable[str]]) -> frozenset[str]:
        seen: set[str] = set()
        todo = list(ids)
        while todo:
            node = todo.pop()
            if node in self.nodes and node not in seen:
                seen.add(node)
                todo.extend(onward(node))
        return frozenset(seen)

    def part(self, ids: Iterable[str]) -> Network:
        """The network of these nodes alone and the wires between them."""
        keep, known = frozenset(ids), self.incoming
        nodes = {id: self.nodes[id] for id in filter(keep.__contains__, self.nodes)}
        among = [wire for id in keep for wire in known.get(id, ()) if wire.source in keep]
        hints = self._kept("_hints", lambda: hints_of(self.wires))
        wires = tuple(map(self.wires.__getitem__, places_of(self.wires, among, hints)))
        return Network(nodes, wires, self.blocks, self.parameters)
