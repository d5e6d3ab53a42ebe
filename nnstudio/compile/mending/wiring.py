"""Wires that are missing, doubled, turned back or at the wrong port; what is missing at the end of a network."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from nnstudio.compile.fitting import fits, through
from nnstudio.compile.mending import adapters
from nnstudio.compile.mending.case import Candidate, Case
from nnstudio.compile.patterns import parse
from nnstudio.graph import Node, Wire, edits
from nnstudio.graph.edits import Edit
from nnstudio.layers import Layer, TensorType, load

_ENDS = ("loss", "metric", "output")


def unknown_port(case: Case) -> Iterator[Candidate]:
    """A wire at a port that is not there: to the port that is, or away with it."""
    node, network = case.node, case.network
    if node is None:
        return
    for wire in case.wires(case.problem.port):
        source = network.nodes.get(wire.source)
        if wire.input not in node.layer.inputs:
            taken = {each.input for each in network.incoming.get(node.id, ())}
            for name, port in node.layer.inputs.items():
                if name not in taken or port.many:
                    moved = edits.chain(
                        edits.disconnect([wire]), edits.connect(wire.source, wire.output, node.id, name)
                    )
                    yield Candidate(f"Draw the wire to {name}", moved, 0, 1)
        elif source is not None and wire.output not in source.layer.outputs:
            for name in source.layer.outputs:
                moved = edits.chain(edits.disconnect([wire]), edits.connect(source.id, name, node.id, wire.input))
                yield Candidate(f"Draw the wire from {name} of {source.name}", moved, 0, 1)
        yield Candidate("Remove the wire", edits.disconnect([wire]), 1)


def doubled(case: Case) -> Iterator[Candidate]:
    """Two wires at a port for one: join them, or keep one."""
    node, network = case.node, case.network
    wires = case.wires(case.problem.port)
    if node is None:
        return
    for type_name, tier in (("Add", 0), ("Concatenate", 0)):
        layer = adapters.made(type_name)
        if layer is not None and len({case.type_at(wire) for wire in wires}) == 1:
            yield Candidate(f"Join them with {type_name}", _joined(wires, layer), tier, 2)
    for wire in wires:
        if wire.source in network.nodes:
            yield remove_wire(case, wire)


def _joined(wires: tuple[Wire, ...], layer: Layer) -> Edit:
    id = edits.new_id()
    port, out = next(iter(layer.inputs)), next(iter(layer.outputs))
    return edits.chain(
        edits.add(layer, id=id),
        edits.disconnect(wires),
        *(edits.connect(wire.source, wire.output, id, port) for wire in wires),
        edits.connect(id, out, wires[0].target, wires[0].input),
    )


def remove_wire(case: Case, wire: Wire, tier: int = 1) -> Candidate:
    """Take one wire away."""
    source, target = case.network.nodes.get(wire.source), case.network.nodes.get(wire.target)
    between = f" from {source.name} to {target.name}" if source is not None and target is not None else ""
    return Candidate(f"Remove the wire{between}", edits.disconnect([wire]), tier)


def sources(case: Case, port: str) -> list[tuple[Node, str, TensorType]]:
    """Outputs that can feed a port without closing a loop, the likeliest first: those that feed nothing yet, then
    those that stand nearest before the node."""
    node, network, resolution = case.node, case.network, case.resolution
    if node is None:
        return []
    target_like = node.layer.role in ("loss", "metric") and port == "target"
    beside = {
        wire.source for goal in network.nodes.values() if goal.layer.role in _ENDS and goal.id != node.id
        for wire in network.incoming.get(goal.id, ()) if wire.input == port or (port == "prediction")
    }  # fmt: skip
    others = {wire.source for wire in network.incoming.get(node.id, ()) if wire.input != port}
    before = network.ancestors(others) if others else frozenset()
    order = {id: place for place, id in enumerate(resolution.order)}
    found = []
    for id, made in resolution.nodes.items():
        source = network.nodes.get(id)
        if source is None or id in case.behind or source.layer.role in _ENDS:
            continue
        is_input = source.layer.role == "input"
        for output, type in made.outputs.items():
            used = any(wire.output == output for wire in network.outgoing.get(id, ()))
            key = (
                node.layer.role in ("loss", "metric") and is_input != target_like,
                not (id in beside and node.layer.role in _ENDS),
                target_like and id in before,
                used,
                list(made.outputs).index(output),
                -order.get(id, 0),
            )
            found.append((key, (source, output, type)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def connections(case: Case, port: str, tier: int = 0, most: int = 4) -> Iterator[Candidate]:
    """Wires from what fits a port, and from what fits after a layer between."""
    node = case.node
    if node is None or not isinstance(node.layer, Layer):
        return
    layer, given = node.layer, sources(case, port)
    now = {(wire.source, wire.output) for wire in case.wires(port)}
    if layer.role in ("loss", "metric"):  # what is compared with itself tells nothing
        now |= {(wire.source, wire.output) for wire in case.network.incoming.get(node.id, ())}
    count = 0
    for source, output, type in given:
        if (source.id, output) in now or not fits(layer, port, type):
            continue
        named = source.name if len(source.layer.outputs) < 2 else f"{source.name}.{output}"
        where = f" to {port}" if len(layer.inputs) > 1 else ""
        title = f"Connect {named}{where}"
        peer = tier - 1 if layer.role in _ENDS and _feeds_alike(case, source, output, port) else tier
        lacking = [node.id, *(_lack_alike(case, node, port) if not case.wires(port) else ())]
        joined = edits.chain(*(edits.connect(source.id, output, each, port) for each in lacking))
        yield Candidate(title, joined, max(peer, 0), 1)
        count += 1
        if count == most:
            break
    for source, output, type in given[:4]:
        if (source.id, output) not in now and not fits(layer, port, type):
            yield from _connected_through(node, layer, port, (source, output, type), tier + 1)


def _feeds_alike(case: Case, source: Node, output: str, port: str) -> bool:
    """Whether an output feeds the same port of another loss, metric or output."""
    nodes = case.network.nodes
    return any(
        wire.output == output
        and nodes[wire.target].layer.role in _ENDS
        and (wire.input == port or (port == "prediction" and wire.input == "input"))
        for wire in case.network.outgoing.get(source.id, ())
        if wire.target in nodes and wire.target != case.problem.node
    )


def _connected_through(
    node: Node, layer: Layer, port: str, source: tuple[Node, str, TensorType], tier: int
) -> Iterator[Candidate]:
    first, output, type = source
    wire = Wire(first.id, output, node.id, port)
    chains = [*adapters.reshaping(type), *adapters.casting(type, layer.inputs[port].dtype)]
    count = 0
    for chain in chains:
        out = through(chain, type)
        if out is not None and out != type and fits(layer, port, out):
            title = f"Connect {first.name} through {adapters.told(chain, type, out)}"
            joined = edits.chain(edits.connect(first.id, output, node.id, port), adapters.inserted(wire, chain))
            yield Candidate(title, joined, tier, 2 + len(chain))
            count += 1
            if count == 2:
                return


def unconnected(case: Case) -> Iterator[Candidate]:
    """Nothing at a port: wire what fits; a node that only passes on may also go."""
    yield from connections(case, case.problem.port, most=6)
    yield from new_source(case, case.problem.port)
    yield from without_node(case)


def too_few(case: Case) -> Iterator[Candidate]:
    """A layer that joins several, and is fed one: wire another to it, or leave it out."""
    node = case.node
    if node is None or len(case.network.incoming.get(node.id, ())) != 1:
        return
    for name, port in node.layer.inputs.items():
        if port.many:
            yield from connections(case, name, most=6)
            yield Candidate(f"Delete {node.name} and join its neighbours", edits.bridge([node.id]), 1, 2)


def new_source(case: Case, port: str) -> Iterator[Candidate]:
    """A new Input for a port, of the field of the data that fits it."""
    node = case.node
    if node is None or not isinstance(node.layer, Layer) or port not in node.layer.inputs:
        return
    bound = {getattr(each.layer, "field", "") for each in case.network.of_role("input")}
    pattern = parse(node.layer.inputs[port].pattern)
    for field, type in case.resolution.fields.items():
        if pattern.takes_rank(type.rank) and fits(node.layer, port, type):
            layer = adapters.made("Input", field=field)
            if layer is None:
                return
            id = edits.new_id()
            lacking = [node.id, *_lack_alike(case, node, port)]
            drawn = (edits.connect(id, "output", each, port) for each in lacking)
            added = edits.chain(edits.add(layer, id=id), *drawn)
            again = field in bound or (port == "target" and type.rank != 1)
            yield Candidate(f"Add an Input for the field {field}", added, 2 if again else 1, 2)


def _lack_alike(case: Case, node: Node, port: str) -> list[str]:
    """Other losses and metrics to whose port of that name nothing is wired: what one lacks, they lack as well."""
    if node.layer.role not in ("loss", "metric"):
        return []
    nodes = (*case.network.of_role("loss"), *case.network.of_role("metric"))
    return [
        other.id for other in nodes
        if other.id != node.id and port in other.layer.inputs
        and all(wire.input != port for wire in case.network.incoming.get(other.id, ()))
    ]  # fmt: skip


def cycle(case: Case) -> Iterator[Candidate]:
    """Wires of a loop: cut one, or draw it from elsewhere."""
    network = case.network
    ring = network.descendants([case.problem.node]) & network.ancestors([case.problem.node])
    inside = [wire for wire in network.wires if wire.source in ring and wire.target in ring]
    for wire in reversed(inside[-12:]):
        target = network.nodes[wire.target]
        port = target.layer.inputs.get(wire.input)
        loose = port is not None and (port.many or port.optional)
        yield remove_wire(case, wire, 0 if loose else 1)
        if not loose:
            for other in network.nodes.values():
                if other.id not in ring and other.id not in network.descendants([target.id]):
                    for output in other.layer.outputs:
                        drawn = edits.chain(
                            edits.disconnect([wire]), edits.connect(other.id, output, target.id, wire.input)
                        )
                        title = (
                            f"Draw the wire to {target.name} from {other.name}, not {network.nodes[wire.source].name}"
                        )
                        yield Candidate(title, drawn, 1, 2)


def without_node(case: Case) -> Iterator[Candidate]:
    """Take the node away: its neighbours are joined, or nothing is left of it."""
    node = case.node
    if node is None:
        return
    if case.network.incoming.get(node.id) and case.network.outgoing.get(node.id):
        yield Candidate(f"Delete {node.name} and join its neighbours", edits.bridge([node.id]), 3, 3)
    yield Candidate(f"Delete {node.name}", edits.remove([node.id]), 4, 3)


def other_wires(case: Case) -> Iterator[Candidate]:
    """Feed the port from elsewhere, or leave it: for a wire that brings what the node cannot take."""
    node = case.node
    if node is None:
        return
    ports = [case.problem.port] if case.problem.port else list(node.layer.inputs)
    for name in ports:
        port = node.layer.inputs.get(name)
        wires = case.wires(name)
        if port is None or not wires:
            continue
        if port.optional or (port.many and len(wires) > 2):
            for wire in reversed(wires):
                yield remove_wire(case, wire, 2)
        if not port.many:
            yield from connections(case, name, tier=2)


def alike(case: Case) -> Iterator[Candidate]:
    """Feed a loss, metric or output as another of them is fed."""
    node = case.node
    if node is None or node.layer.role not in _ENDS:
        return
    for name in [case.problem.port] if case.problem.port else list(node.layer.inputs):
        for source, output, type in sources(case, name):
            if _feeds_alike(case, source, output, name) and fits(node.layer, name, type):
                joined = edits.connect(source.id, output, node.id, name)
                where = f" to {name}" if len(node.layer.inputs) > 1 else ""
                yield Candidate(f"Connect {source.name}{where}", joined, 0, 0)


def swapped(case: Case) -> Iterator[Candidate]:
    """Two wires at one node, each to the other's port."""
    node = case.node
    if node is None or len(node.layer.inputs) != 2:
        return
    first, second = node.layer.inputs
    at = case.wires(first), case.wires(second)
    if len(at[0]) == len(at[1]) == 1:
        one, other = at[0][0], at[1][0]
        turned = edits.chain(
            edits.disconnect([one, other]),
            edits.connect(one.source, one.output, node.id, second),
            edits.connect(other.source, other.output, node.id, first),
        )
        yield Candidate(f"Swap the wires to {first} and {second}", turned, 1, 1)


def unknown_layer(case: Case) -> Iterator[Candidate]:
    """A layer type that this program lacks: one of a like name in its place, or none."""
    node = case.node
    if node is None:
        return
    catalogue = load()
    names = [cls.type_name() for cls in catalogue if cls.role == "layer"]
    for name in difflib.get_close_matches(node.layer.type_name(), names, 3, 0.6):
        yield Candidate(f"Put a {name} in its place", edits.replace_layer(node.id, catalogue[name]()), 1, 2)
    yield from without_node(case)


def no_field(case: Case) -> Iterator[Candidate]:
    """An input whose field the data does not have: the field of the nearest name, or one that fits what it feeds."""
    node, fields = case.node, case.resolution.fields
    if node is None:
        return
    asked = str(getattr(node.layer, "field", ""))
    near = difflib.get_close_matches(asked, fields, len(fields) or 1, 0.0) if asked else list(fields)
    taken = {getattr(each.layer, "field", "") for each in case.network.of_role("input")}
    for place, name in enumerate(sorted(near, key=lambda name: name in taken)):
        use = edits.set_params(node.id, field=name)
        yield Candidate(f"Use the field {name}", use, 2 if name in taken else min(place, 1) if asked else 0)


def no_shape(case: Case) -> Iterator[Candidate]:
    """An input of which nobody knows the shape, where there is no data."""
    node = case.node
    if node is None:
        return
    wanted = [
        parse(target.layer.inputs[wire.input].pattern).fixed
        for wire in case.network.outgoing.get(node.id, ())
        if (target := case.network.nodes[wire.target]) and wire.input in target.layer.inputs
    ]
    shapes = {4: (1, 28, 28), 3: (16, 8), 5: (1, 8, 16, 16)}
    for shape in dict.fromkeys((shapes.get(max(wanted, default=0), (16,)), (16,), (3, 32, 32))):
        shown = "×".join(map(str, shape))
        yield Candidate(f"Set its shape to {shown}", edits.set_params(node.id, shape=shape), 0)


def unused(case: Case) -> Iterator[Candidate]:
    """A branch that ends nowhere: take it away, as far as it feeds nothing else."""
    node, network = case.node, case.network
    if node is None:
        return
    branch = [node.id]
    for id in branch:  # grows while it is walked
        for wire in network.incoming.get(id, ()):
            feeds = {each.target for each in network.outgoing.get(wire.source, ())}
            earlier = network.nodes.get(wire.source)
            alone = earlier is not None and earlier.layer.role == "layer" and feeds <= set(branch)
            if alone and wire.source not in branch:
                branch.append(wire.source)
    if len(branch) > 1:
        title = f"Delete the branch of {len(branch)} layers that ends in {node.name}"
        yield Candidate(title, edits.remove(branch), 0, 1)
    yield Candidate(f"Delete {node.name}", edits.remove([node.id]), 0 if len(branch) == 1 else 1, 1)


def unfrozen(case: Case) -> Iterator[Candidate]:
    """Everything is frozen: let all of it learn, or the last layer alone."""
    frozen = [id for id in case.resolution.order if id in case.network.nodes and case.network.nodes[id].frozen]
    weighted = [id for id in frozen if case.resolution.nodes[id].parameters]
    if weighted:
        last = case.network.nodes[weighted[-1]].name
        yield Candidate(f"Let {last} learn", edits.set_frozen([weighted[-1]], False), 0, 1)
        yield Candidate("Let all layers learn", edits.set_frozen(frozen, False), 0, 2)
