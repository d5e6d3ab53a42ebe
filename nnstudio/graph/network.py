"""The network: an immutable value of nodes and wires (DESIGN 4)."""

from __future__ import annotations

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


#: What is worked out when it is asked for: what a network takes over from the one before, and the rest.
_INHERITED = ("_incoming", "_outgoing", "_by_name", "_ranks", "_special")
#: Through so many networks at most, which are kept for it.
_STEPS = 4
_WORKED_OUT = (*_INHERITED, "_hints", "_tried")


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
    # then take it over from the one before, with what has changed: an edit waits for none of it. (Not cached
    # properties: in Python 3.11 they wait for other threads.)

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
        self._inherited("_by_name")  # and with it these
        return self._kept("_tried", dict)

    def _kept(self, name: str, make: Callable[[], T]) -> T:
        found: Any = self._inherited(name)
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
        if before is self or "_before" in self.__dict__:
            return
        wanting = [name for name in _INHERITED if name not in self.__dict__ and before._inherited(name) is not None]
        if wanting:
            ids = (*differing(before.nodes, self.nodes), *missing(before.nodes, self.nodes))
            wires = swapped(before.wires, self.wires)
            self._pass_hints(before)
            for name in wanting:  # now: that one may have been made from this one
                found = self._followed(name, before.__dict__[name], before, ids, wires)
                if found is not None:
                    self.__dict__[name] = found

    def look_up(self) -> None:
        """Work out now, in whatever thread this is, what is otherwise worked out when it is first asked for."""
        for name in ("incoming", "outgoing", "by_name", "_ranked", "_roles"):
            getattr(self, name)
        self.__dict__["_hints"] = hints_of(self.wires)
        self.__dict__.pop("_before", None)

    def stand_alone(self) -> None:
        """Take over now what the one before has: that is about to forget it."""
        for name in _INHERITED:
            self._inherited(name)
        self.__dict__.pop("_before", None)

    def forget(self) -> None:
        """Drop what can be worked out again, of a network that is only kept."""
        for name in (*_WORKED_OUT, "_before"):
            self.__dict__.pop(name, None)

    def _take_over(self, before: Network, ids: Collection[str], wires: tuple[Sequence[Wire], Sequence[Wire]]) -> None:
        """What was worked out for ``before``, with these nodes and wires (gone, new) changed, once it is asked for."""
        self._pass_hints(before)
        at, steps = before, 1
        while (step := at.__dict__.get("_before")) is not None:
            at, steps = step[0], steps + 1
        if steps > _STEPS:  # nobody asks: they are not to be kept for ever
            before.stand_alone()
        self.__dict__["_before"] = before, ids, wires

    def _pass_hints(self, before: Network) -> None:
        if "_hints" in before.__dict__:
            self.__dict__.setdefault("_hints", before.__dict__["_hints"])

    def _inherited(self, name: str) -> Any:
        """What is worked out under this name, here or for the networks that this one was made from one after the other;
        None where there is nothing, or where it does not follow."""
        steps, at = [], self
        while name not in at.__dict__ and name in _INHERITED and (step := at.__dict__.get("_before")) is not None:
            steps.append((at, step))
            at = step[0]
        found = at.__dict__.get(name)
        for each, (before, ids, wires) in reversed(steps):
            if found is None:
                break
            found = each._followed(name, found, before, ids, wires)
            if found is not None:
                each.__dict__[name] = found
        return found

    def _followed(
        self, name: str, found: Any, before: Network, ids: Collection[str], wires: tuple[Sequence[Wire], Sequence[Wire]]
    ) -> Any:
        """What was found for the network before as it is here, where these nodes and wires (gone, new) are others."""
        if name in ("_incoming", "_outgoing"):
            hints = self.__dict__.get("_hints", ({}, {}))
            end = _target if name == "_incoming" else _source
            return regathered(found, end, *wires, self.wires, hints) if any(wires) else found
        if name == "_special":
            were, are = ([*map(nodes.get, ids)] for nodes in (before.nodes, self.nodes))
            return found if _roles(filter(None, were)) == _roles(filter(None, are)) else None
        if name == "_ranks":
            if self._inherited("_incoming") is None or self._inherited("_outgoing") is None:
                return None
            dangling = (id for id in ids if id not in before.nodes and id in self.nodes)
            loose = any(id in self.incoming or id in self.outgoing for id in dangling)
            return None if loose else followed(found, self, wires[1])
        if len(found) != len(before.nodes):  # two have one name
            return None
        new = {self.nodes[id].name: self.nodes[id] for id in ids if id in self.nodes}
        old = [before.nodes[id].name for id in ids if id in before.nodes]
        free = [name for name in old if name not in new]
        called = changed(found, new, free) if new or old else found
        if len(called) != len(self.nodes):
            return None
        self.__dict__.setdefault("_tried", _tried(before.__dict__.get("_tried", {}), free))
        return called

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
        ranks = self._inherited("_ranks")
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
        found: Ranks | None = self._inherited("_ranks")
        if found is None:
            found = self.__dict__["_ranks"] = ranked(self)
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
