"""Edits of blocks: definitions, what is made of a selection, and back to plain nodes again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from nnstudio.graph.computed import standing
from nnstudio.graph.edits import Edit, EditError, insert_on, new_id
from nnstudio.graph.expanding import expand
from nnstudio.graph.expressions import names_in
from nnstudio.graph.naming import name_free_of
from nnstudio.graph.network import Network, Node, Wire
from nnstudio.graph.node_names import is_node_name
from nnstudio.graph.standins import inner_ports, rebound
from nnstudio.layers import Placeholder, load
from nnstudio.layers.blocks import Block, BlockInput, BlockOutput, Shared

#: Roles of layers that belong to a whole network, not to a part of it.
_OUTERMOST = frozenset({"input", "output", "loss", "metric"})


def blocks_of(network: Network, name: str) -> tuple[str, ...]:
    """Ids of the nodes, here, that are blocks of this definition."""
    return tuple(
        node.id for node in network.nodes.values() if isinstance(node.layer, Block) and node.layer.definition == name
    )


def used_by(definition: Network, blocks: Mapping[str, Network]) -> frozenset[str]:
    """Names of the definitions that this one uses, through others too."""
    found: set[str] = set()
    todo = [definition]
    while todo:
        for node in todo.pop().nodes.values():
            if isinstance(node.layer, Block) and node.layer.definition not in found:
                found.add(node.layer.definition)
                if node.layer.definition in blocks:
                    todo.append(blocks[node.layer.definition])
    return frozenset(found)


def free_definition_name(network: Network, wanted: str) -> str:
    """``wanted`` with a number behind it where a definition of that name is there."""
    return name_free_of(network.blocks, wanted)


def define_block(name: str, definition: Network) -> Edit:
    """Add a definition, or put it in the place of the one of that name; every block of it follows.

    EditError where the name cannot be used, the definition would contain itself, or it holds what belongs to a whole
    network (inputs, outputs, losses, metrics).
    """

    def edit(network: Network) -> Network:
        if not is_node_name(name):
            raise EditError(f"a block cannot be named {name!r}: use letters, digits and _, not beginning with a digit")
        wrong = [node.name for node in definition.nodes.values() if node.layer.role in _OUTERMOST]
        if wrong:
            raise EditError(
                f"{', '.join(wrong)} cannot stand in a block: inputs, outputs, losses and metrics belong outside; use "
                "BlockInput and BlockOutput for its ports"
            )
        blocks = {**network.blocks, name: replace(definition, blocks={})}
        if name in used_by(definition, blocks):
            raise EditError(f"the block {name} would contain itself; use another one inside it")
        return rebound(replace(network, blocks=blocks))

    return edit


def in_block(name: str, edit: Edit) -> Edit:
    """Apply an edit inside a definition. Blocks of it, wherever they stand, follow: wires stay at ports that are
    renamed. EditError where there is no such definition, or as `define_block`."""

    def edited(network: Network) -> Network:
        definition = network.blocks.get(name)
        if definition is None:
            raise EditError(f"there is no block named {name}; it may have been removed")
        before = replace(definition, blocks=network.blocks)  # so that what is edited finds the definitions
        after = edit(before)
        if after is before:
            return network
        if after.blocks != network.blocks:  # the edit brought definitions with it (a paste, a block of a selection)
            network = replace(network, blocks={**after.blocks, name: definition})
        network = _ports_renamed(network, name, _new_names(definition, after))
        return define_block(name, after)(network)

    return edited


def _new_names(before: Network, after: Network) -> dict[str, str]:
    """Old name to new of the port nodes that were renamed."""
    ports = [node for side in inner_ports(before) for node in side]
    return {
        node.name: after.nodes[node.id].name
        for node in ports
        if node.id in after.nodes and after.nodes[node.id].name != node.name
    }


def _ports_renamed(network: Network, definition: str, names: Mapping[str, str]) -> Network:
    """The network with the wires at blocks of a definition led to the new names of their ports."""
    if not names:
        return network

    def led(part: Network) -> Network:
        ids = frozenset(blocks_of(part, definition))
        if not ids:
            return part
        wires = []
        for wire in part.wires:
            if wire.source in ids:
                wire = wire._replace(output=names.get(wire.output, wire.output))
            if wire.target in ids:
                wire = wire._replace(input=names.get(wire.input, wire.input))
            wires.append(wire)
        return replace(part, wires=tuple(wires))

    return replace(led(network), blocks={name: led(part) for name, part in network.blocks.items()})


def rename_block(name: str, new: str) -> Edit:
    """Call a definition otherwise. EditError where the name is taken or cannot be used."""

    def edit(network: Network) -> Network:
        if name == new:
            return network
        if new in network.blocks:
            raise EditError(f"another block is named {new!r}; choose another name")
        if not is_node_name(new):
            raise EditError(f"a block cannot be named {new!r}: use letters, digits and _, not beginning with a digit")

        def called(part: Network) -> Network:
            ids = blocks_of(part, name)
            if not ids:
                return part
            nodes = dict(part.nodes)
            for id in ids:
                layer = nodes[id].layer
                assert isinstance(layer, Block)
                nodes[id] = replace(nodes[id], layer=replace(layer, definition=new))
            return replace(part, nodes=nodes)

        blocks = {(new if known == name else known): called(part) for known, part in network.blocks.items()}
        return replace(called(network), blocks=blocks)

    return edit


def remove_block(name: str) -> Edit:
    """Take a definition away. EditError where something still uses it."""

    def edit(network: Network) -> Network:
        places = ["the drawing"] if blocks_of(network, name) else []
        places += [other for other, part in network.blocks.items() if blocks_of(part, name)]
        if places:
            raise EditError(f"the block {name} is used in {', '.join(places)}; unpack or delete those blocks first")
        return replace(network, blocks={known: part for known, part in network.blocks.items() if known != name})

    return edit


@dataclass
class _Cut:
    """What the wires across a selection's border become: port nodes, wires inside, and wires at the block."""

    block: str
    network: Network
    ids: frozenset[str]
    names: set[str]
    nodes: dict[str, Node] = field(default_factory=dict)
    ports: dict[tuple[str, str, str], Node] = field(default_factory=dict)
    inner: list[Wire] = field(default_factory=list)
    outer: list[Wire] = field(default_factory=list)

    def port(self, side: str, id: str, output: str) -> Node:
        """The port node for what comes out of a node's port, across the border."""
        key = (side, id, output)
        if key not in self.ports:
            name = name_free_of(self.names, side)
            self.names.add(name)
            node = Node(new_id(), name, (BlockInput if side == "input" else BlockOutput).make({}))
            self.ports[key] = self.nodes[node.id] = node
        return self.ports[key]

    def take(self, wire: Wire) -> None:
        """Sort a wire in."""
        leaves, enters = wire.source in self.ids, wire.target in self.ids
        if leaves and enters:
            self.inner.append(wire)
        elif enters:
            known = ("input", wire.source, wire.output) in self.ports
            port = self.port("input", wire.source, wire.output)
            self.inner.append(Wire(port.id, "output", wire.target, wire.input))
            if not known:
                self.outer.append(Wire(wire.source, wire.output, self.block, port.name))
        elif leaves:
            known = ("output", wire.source, wire.output) in self.ports
            port = self.port("output", wire.source, wire.output)
            if not known:
                self.inner.append(Wire(wire.source, wire.output, port.id, "input"))
            self.outer.append(Wire(self.block, port.name, wire.target, wire.input))
        else:
            self.outer.append(wire)


def make_block(ids: Iterable[str], name: str, *, id: str = "") -> Edit:
    """Make a definition of these nodes and put one block of it in their place, wired as they were.

    Nodes keep their ids and names inside. Where no wire leaves the selection, the outputs of its last nodes become
    the block's. EditError where the name is taken, nothing is chosen, or it cannot be a block.
    """
    chosen = frozenset(ids)
    made = id or new_id()

    def edit(network: Network) -> Network:
        part = [node for key, node in network.nodes.items() if key in chosen]
        if not part:
            raise EditError("choose the layers that are to become a block")
        if name in network.blocks:
            raise EditError(f"another block is named {name!r}; choose another name")
        _check_whole(network, chosen)
        cut = _Cut(made, network, chosen, {node.name for node in part})
        for wire in network.wires:
            cut.take(wire)
        if not any(side == "output" for side, _, _ in cut.ports):
            for node in part:
                if node.layer.outputs and not any(wire.source == node.id for wire in cut.inner):
                    port = cut.port("output", node.id, next(iter(node.layer.outputs)))
                    cut.inner.append(Wire(node.id, next(iter(node.layer.outputs)), port.id, "input"))
        ins = {key: node for key, node in cut.nodes.items() if isinstance(node.layer, BlockInput)}
        outs = {key: node for key, node in cut.nodes.items() if key not in ins}
        inside = {**ins, **{node.id: node for node in part}, **outs}
        definition = Network(inside, tuple(cut.inner), {}, _used_parameters(part, network.parameters))
        return _replaced(network, chosen, name, definition, made, tuple(cut.outer))

    return edit


def _used_parameters(part: Iterable[Node], known: Mapping[str, int | float]) -> dict[str, int | float]:
    named = {name for node in part for _, text in node.expressions for name in names_in(text)}
    return {name: value for name, value in known.items() if name in named}


def _check_whole(network: Network, chosen: frozenset[str]) -> None:
    """EditError where a path leaves the selection and comes back, so that the block would feed itself, or where a
    node shares weights across the border."""
    outside = [wire.target for wire in network.wires if wire.source in chosen and wire.target not in chosen]
    for id in network.descendants(outside):
        if id not in chosen and any(wire.target in chosen for wire in network.outgoing.get(id, ())):
            raise EditError(
                f"a path leaves the selection and comes back through {network.nodes[id].name}; select it too"
            )
    for node in network.nodes.values():
        if isinstance(node.layer, Shared) and (node.id in chosen) != (node.layer.of in chosen):
            raise EditError(f"{node.name} shares weights across the border of the selection; select both nodes")


def _replaced(
    network: Network, chosen: frozenset[str], name: str, definition: Network, made: str, wires: tuple[Wire, ...]
) -> Network:
    """The network with a block in the place of the chosen nodes, at the place of the first of them."""
    with_definition = define_block(name, definition)(network)
    bindings = {name: name for name in definition.parameters}  # the block's parameters follow the network's
    taken = {node.name for key, node in network.nodes.items() if key not in chosen}
    nodes: dict[str, Node] = {}
    for key, node in network.nodes.items():
        if key not in chosen:
            nodes[key] = node
        elif made not in nodes:
            block = Node(made, name_free_of(taken, name.lower()), Block.make({"definition": name}))
            nodes[made] = replace(block, expressions=tuple(bindings.items()))
    return rebound(replace(with_definition, nodes=nodes, wires=wires))


def unpack_block(id: str) -> Edit:
    """Put the layers of a block in its place, its copies one after the other, wired as they were.

    Layers of the first copy keep their ids and names where those are free; the id of another is made of the ids on
    the way to it, so that it keeps its trained weights. Copies that share weights become shared nodes; expressions
    become the values that they have in this block.
    EditError where the node is not a block, or its definition is not there.
    """

    def edit(network: Network) -> Network:
        node = network.nodes[id]
        if not isinstance(node.layer, Block):
            raise EditError(f"{node.name} is not a block, so there is nothing to unpack")
        if node.layer.definition not in network.blocks:
            raise EditError(f"the definition {node.layer.definition} of {node.name} is not there")
        expansion = expand(network, frozenset((id,)))
        flat, prefix = expansion.flat, f"{id}/"
        ids = {key: key for key in flat.nodes}
        for key in flat.nodes:
            if key.startswith(prefix):
                plain = key.rpartition("/")[2]
                ids[key] = plain if plain not in ids.values() else _copied_id(key, ids.values())
        names = {other.name for key, other in flat.nodes.items() if not key.startswith(prefix)}
        nodes = {}
        for key, inner in flat.nodes.items():
            if key.startswith(prefix):
                inner = replace(inner, id=ids[key], name=name_free_of(names, inner.name.rpartition(".")[2]))
                if key in expansion.shared:
                    inner = replace(inner, layer=Shared(of=ids[expansion.shared[key]]), expressions=())
                elif inner.expressions:
                    inner = replace(inner, expressions=_still_known(inner, network))
                inner = replace(inner, frozen=inner.frozen or node.frozen)
                names.add(inner.name)
            nodes[ids[key]] = inner
        wires = tuple(wire._replace(source=ids[wire.source], target=ids[wire.target]) for wire in flat.wires)
        return rebound(_told_apart(replace(network, nodes=nodes, wires=wires)))

    return edit


def _copied_id(key: str, taken: Iterable[str]) -> str:
    """The id of a layer that comes out of a block (``"block-1-conv"``), told by its id inside."""
    id = key.replace("/", "-")
    return new_id() if id in taken else id


def _told_apart(network: Network) -> Network:
    """The network with an Identity in each wire that is there a second time, so that a drawing can show it."""
    while twice := [wire for wire, count in Counter(network.wires).items() if count > 1]:
        for wire in twice:
            network = insert_on(wire, load()["Identity"]())(network)
    return network


def _still_known(node: Node, network: Network) -> tuple[tuple[str, str], ...]:
    """Expressions that mean the same outside: those whose value in the outer network is the one that the layer has."""
    return () if isinstance(node.layer, Placeholder) else standing(node.layer, node.expressions, network.parameters)
