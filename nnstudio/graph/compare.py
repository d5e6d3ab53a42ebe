"""What two versions of a network differ in. Pure functions on values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnstudio.graph.network import Network, Node, Wire
from nnstudio.layers import layer_to_json
from nnstudio.layers.blocks import Block


@dataclass(frozen=True, slots=True)
class Alteration:
    """One thing about a node that is not as it was. ``what`` is a parameter's name, or ``name``, ``type``,
    ``bypassed``, ``frozen``, ``inside`` (of a block's definition) or ``formula of …``; the values are for a person."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """Between the network before and the one after.

    added: ids of nodes that are only in the one after. removed: ids that are only in the one before. changed: by the
    id after. twins: the id before of each node that is in both, by its id after. wires_added has ids of the network
    after, wires_removed those of the one before.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    changed: Mapping[str, tuple[Alteration, ...]] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)
    wires_added: frozenset[Wire] = frozenset()
    wires_removed: frozenset[Wire] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.wires_added or self.wires_removed)


def difference(before: Network, after: Network) -> Difference:
    """Compare two networks. A node is the same one where it has the same id; else where name and type are the same, as
    in two files that were drawn apart."""
    twins = _twins(before, after)
    changed = {}
    for id, old in twins.items():
        found = _alterations(before, after, before.nodes[old], after.nodes[id])
        if found:
            changed[id] = found
    added = frozenset(after.nodes) - twins.keys()
    removed = frozenset(before.nodes) - frozenset(twins.values())
    now = {old: id for id, old in twins.items()}
    carried = {wire: _renamed(wire, now) for wire in before.wires}
    kept = frozenset(carried.values())
    there = frozenset(after.wires)
    return Difference(
        added,
        removed,
        changed,
        twins,
        there - kept,
        frozenset(wire for wire, other in carried.items() if other not in there),
    )


def _twins(before: Network, after: Network) -> dict[str, str]:
    twins = {id: id for id in after.nodes if id in before.nodes}
    taken = set(twins.values())
    for id, node in after.nodes.items():
        if id in twins:
            continue
        other = before.by_name.get(node.name)
        if other is not None and other.id not in taken and other.layer.type_name() == node.layer.type_name():
            twins[id] = other.id
            taken.add(other.id)
    return twins


def _renamed(wire: Wire, ids: Mapping[str, str]) -> Wire:
    source, target = ids.get(wire.source), ids.get(wire.target)
    if source == wire.source and target == wire.target:
        return wire
    return wire._replace(source=source or f"\0{wire.source}", target=target or f"\0{wire.target}")


def _alterations(before: Network, after: Network, old: Node, new: Node) -> tuple[Alteration, ...]:
    if old is new and not isinstance(new.layer, Block):
        return ()
    found = []
    if old.name != new.name:
        found.append(Alteration("name", old.name, new.name))
    if old.layer.type_name() != new.layer.type_name():
        found.append(Alteration("type", old.layer.type_name(), new.layer.type_name()))
    elif old.layer != new.layer:
        a, b = _values(old), _values(new)
        names = [name for name in {**a, **b} if a.get(name) != b.get(name)]
        found += [Alteration(name, _told(a.get(name)), _told(b.get(name))) for name in names]
    for flag in ("bypassed", "frozen"):
        if getattr(old, flag) != getattr(new, flag):
            found.append(Alteration(flag, *("yes" if getattr(node, flag) else "no" for node in (old, new))))
    for name in dict.fromkeys(known for known, _ in (*old.expressions, *new.expressions)):
        if old.expression(name) != new.expression(name):
            found.append(
                Alteration(f"formula of {name}", old.expression(name) or "none", new.expression(name) or "none")
            )
    inside = _inside(before, after, old, new)
    return (*found, *([inside] if inside else []))


def _values(node: Node) -> dict[str, Any]:
    return dict(layer_to_json(node.layer).get("parameters", {}))


def _told(value: object) -> str:
    return "its default" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _inside(before: Network, after: Network, old: Node, new: Node) -> Alteration | None:
    """Whether what is inside two blocks differs."""
    if not isinstance(old.layer, Block) or not isinstance(new.layer, Block):
        return None
    a, b = before.blocks.get(old.layer.definition), after.blocks.get(new.layer.definition)
    if a is None or b is None or a is b:
        return None
    found = difference(replace(a, blocks=before.blocks), replace(b, blocks=after.blocks))
    if not found:
        return None
    count = len(found.added) + len(found.removed) + len(found.changed)
    said = f"{count} layer{' differs' if count == 1 else 's differ'}" if count else "wires differ"
    return Alteration("inside", "", said)
