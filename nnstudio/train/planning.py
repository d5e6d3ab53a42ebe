"""Planning: edits of a plan's phases and groups, as functions from a plan to a plan, and what is wrong with them.

Nodes are named as in :mod:`nnstudio.train.phases`: by the ids that they have in the drawing, or in the plain network.
Imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from nnstudio.graph.network import Network, Node
from nnstudio.graph.problems import Fix
from nnstudio.layers.blocks import Block
from nnstudio.train.mixing import Types, hindrances
from nnstudio.train.phases import Group, Phase, stands_for
from nnstudio.train.plan import Plan

PlanEdit = Callable[[Plan], Plan]


# -- edits ------------------------------------------------------------------------------------------------------------


def add_phase(**values: Any) -> PlanEdit:
    """Add a phase, named ``phase 1``, ``phase 2``, … where no name is given."""

    def edit(plan: Plan) -> Plan:
        taken = {phase.name for phase in plan.phases}
        number = next(number for number in range(1, len(taken) + 2) if f"phase {number}" not in taken)
        phase = Phase.make({"name": f"phase {number}", **values})
        return plan.with_(phases=(*plan.phases, phase))

    return edit


def remove_phase(place: int) -> PlanEdit:
    """Take a phase away."""
    return lambda plan: plan.with_(phases=(*plan.phases[:place], *plan.phases[place + 1 :]))


def move_phase(place: int, by: int) -> PlanEdit:
    """Put a phase earlier (−1) or later (1) in the turn."""

    def edit(plan: Plan) -> Plan:
        phases = list(plan.phases)
        phases.insert(max(0, place + by), phases.pop(place))
        return plan.with_(phases=tuple(phases))

    return edit


def change_phase(place: int, **values: Any) -> PlanEdit:
    """Give a phase other values. ParameterError where one is not allowed."""

    def edit(plan: Plan) -> Plan:
        phases = list(plan.phases)
        phases[place] = phases[place].with_(**values)
        return plan.with_(phases=tuple(phases))

    return edit


def train_in(place: int, ids: Iterable[str], *, wanted: bool) -> PlanEdit:
    """Have a phase train these nodes too, or no longer."""

    def edit(plan: Plan) -> Plan:
        named, own = plan.phases[place].trains, tuple(ids)
        kept = tuple(id for id in named if id not in own)
        return change_phase(place, trains=(*kept, *own) if wanted else kept)(plan)

    return edit


def add_group(ids: Iterable[str] = (), **values: Any) -> PlanEdit:
    """Add a group of these nodes; they leave the groups that they are in."""

    def edit(plan: Plan) -> Plan:
        own = tuple(ids)
        return plan.with_(groups=(*_without(plan.groups, own), Group.make({"nodes": own, **values})))

    return edit


def remove_group(place: int) -> PlanEdit:
    """Take a group away; its nodes learn as the plan says."""
    return lambda plan: plan.with_(groups=(*plan.groups[:place], *plan.groups[place + 1 :]))


def change_group(place: int, **values: Any) -> PlanEdit:
    """Give a group other values; nodes that it gets leave the groups that they are in. ParameterError where a value is
    not allowed."""

    def edit(plan: Plan) -> Plan:
        groups = list(plan.groups)
        own = tuple(values.get("nodes", ()))
        for at, group in enumerate(groups):
            if at != place and set(own) & set(group.nodes):
                groups[at] = group.with_(nodes=tuple(id for id in group.nodes if id not in own))
        groups[place] = groups[place].with_(**values)
        return plan.with_(groups=tuple(groups))

    return edit


def _without(groups: Iterable[Group], ids: tuple[str, ...]) -> tuple[Group, ...]:
    """The groups without these nodes; those that would be left empty are gone."""
    left = [(group, tuple(id for id in group.nodes if id not in ids)) for group in groups]
    return tuple(group.with_(nodes=nodes) for group, nodes in left if nodes or not group.nodes)


def phases_of(plan: Plan, id: str) -> tuple[Phase, ...]:
    """The phases that name a node, or a block that it is in, as trained; those that train whatever they reach too."""
    return tuple(
        phase for phase in plan.phases if not phase.trains or any(stands_for(name, id) for name in phase.trains)
    )


def group_of(plan: Plan, id: str) -> int | None:
    """The place of the group that a node itself is in; None where it is in none."""
    return next((place for place, group in enumerate(plan.groups) if id in group.nodes), None)


# -- what is there ----------------------------------------------------------------------------------------------------


def node_at(network: Network, id: str) -> Node | None:
    """The node that an id of a plan names: of the drawing, or inside its blocks (``"stage/0/conv"``)."""
    here: Network | None = network
    node: Node | None = None
    for part in id.split("/"):
        copies = node.layer.repeat if node is not None and isinstance(node.layer, Block) else 1
        if copies > 1 and part.isdigit() and here is not None and part not in here.nodes:
            if int(part) >= copies:
                return None
            continue
        node = here.nodes.get(part) if here is not None else None
        if node is None:
            return None
        here = network.blocks.get(node.layer.definition) if isinstance(node.layer, Block) else None
    return node


def name_at(network: Network, id: str) -> str:
    """What the node of an id is called, with the blocks around it: ``stage.conv``; the id where it is not there."""
    parts = id.split("/")
    names: list[str] = []
    for end in range(1, len(parts) + 1):
        node = node_at(network, "/".join(parts[:end]))
        if node is None:
            return id
        names.append(parts[end - 1] if names and parts[end - 1].isdigit() else node.name)
    return ".".join(names)


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Something that keeps a plan from being trained. phase, group: the place of what it is about; −1 for none. node:
    of the plain network, that keeps it from being private; fix: what mends that."""

    message: str
    hint: str
    phase: int = -1
    group: int = -1
    node: str = ""
    fix: Fix | None = None


def plan_problems(plan: Plan, network: Network, types: Types = None) -> tuple[PlanProblem, ...]:
    """What phases and groups name that the network has not, and what keeps a private plan from being so.

    types: what each node of the plain network puts out, where it is known (`mixing.hindrances`).
    """
    losses = {node.id for node in network.of_role("loss")}
    found: list[PlanProblem] = []
    for place, phase in enumerate(plan.phases):
        who, absent = f"The phase “{phase.name}”", [id for id in phase.losses if id not in losses]
        found += [_missing(who, "loss", id, phase=place) for id in absent]
        absent = [id for id in phase.trains if node_at(network, id) is None]
        found += [_missing(who, "layer", id, phase=place) for id in absent]
    for place, group in enumerate(plan.groups):
        absent = [id for id in group.nodes if node_at(network, id) is None]
        found += [_missing(f"Group {place + 1} of the plan", "layer", id, group=place) for id in absent]
    private = [PlanProblem(p.message, p.hint, node=p.node, fix=p.fix) for p in hindrances(plan, network, types)]
    return (*found, *private)


def _missing(who: str, what: str, id: str, phase: int = -1, group: int = -1) -> PlanProblem:
    message = f"{who} names the {what} “{id}”, which the network has not"
    return PlanProblem(message, f"choose another {what}", phase, group)


# -- following the drawing --------------------------------------------------------------------------------------------


def followed(plan: Plan, before: Network, after: Network) -> Plan:
    """The plan after an edit of the network: nodes that are gone are no longer named, those that went into a block or
    came out of one are named by their new ids. A phase or a group that has lost all that it named goes with it, since
    naming nothing means something else."""
    if before is after or not (plan.phases or plan.groups):
        return plan
    named = {id for phase in plan.phases for id in (*phase.losses, *phase.trains)}
    named |= {id for group in plan.groups for id in group.nodes}
    gone = {id for id in named if node_at(after, id) is None and node_at(before, id) is not None}
    if not gone:
        return plan
    moved = {id: _moved(before, after, id) for id in gone}

    def left(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(new for id in ids for new in moved.get(id, (id,))))

    phases = [
        replace(phase, losses=left(phase.losses), trains=left(phase.trains))
        for phase in plan.phases
        if not _emptied(phase.losses, left) and not _emptied(phase.trains, left)
    ]
    groups = [replace(group, nodes=left(group.nodes)) for group in plan.groups if not _emptied(group.nodes, left)]
    return plan.with_(phases=tuple(phases), groups=tuple(groups))


def _emptied(ids: tuple[str, ...], left: Callable[[tuple[str, ...]], tuple[str, ...]]) -> bool:
    return bool(ids) and not left(ids)


def _moved(before: Network, after: Network, id: str) -> tuple[str, ...]:
    """The ids under which what an id named is still there."""
    new = [node for node in after.nodes.values() if node.id not in before.nodes]
    own = id.rpartition("/")[2]
    for node in new:
        if isinstance(node.layer, Block) and own in after.blocks.get(node.layer.definition, after).nodes:
            return (f"{node.id}/0/{own}" if node.layer.repeat > 1 else f"{node.id}/{own}",)
    if "/" in id:  # the block was unpacked
        return tuple(node.id for node in new if node.id == own)
    block = before.nodes[id].layer
    inner = before.blocks.get(block.definition) if isinstance(block, Block) else None
    trained = ("layer", "block")
    return tuple(node.id for node in new if inner is not None and node.id in inner.nodes and node.layer.role in trained)
