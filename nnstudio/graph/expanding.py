"""Expanding: the plain network that a drawing with blocks, shared and bypassed nodes stands for.

In it a layer inside a block has an id made of the ids on the way to it, ``"layer1/conv1"`` (``"layer1/0/conv1"`` in
the first of several copies), and a name made alike of the names, with dots, which is its key in a state dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from nnstudio.graph.edits import EditError
from nnstudio.graph.network import Network, Node, Wire
from nnstudio.graph.parameters import evaluated
from nnstudio.graph.problems import Problem
from nnstudio.graph.standins import inner_ports, shared_owner
from nnstudio.layers import Placeholder
from nnstudio.layers.blocks import Block, BlockInput, BlockOutput, Shared, Standin

#: How many layers a drawing may stand for, and how deep blocks may stand in one another.
EXPANDED_LIMIT = 200_000
DEPTH_LIMIT = 50


#: A node of the flat network and one of its output ports; None where nothing arrives.
Origin = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Opened:
    """One copy of a block, opened. ``network``: its definition with what the block sets; ``entering``: what arrives at
    each of its ports, by the port's name; ``leaving``: what each of its output ports hands out."""

    definition: str
    network: Network
    entering: Mapping[str, Origin]
    leaving: Mapping[str, Origin]


@dataclass(frozen=True)
class Expansion:
    """What a network stands for.

    flat: the plain network; two of its wires may be equal, where a value reaches a port for many in two ways.
    shared: for each of its nodes that runs another's weights, that other. frozen: its nodes whose weights are not
    trained. problems: what could not be expanded; such nodes are left as they are, or out.
    origins: where the outputs of drawn nodes that are not in the flat network come from, by node id and port.
    opened: every copy of a block, at any depth, by the beginning of the ids of what is in it (``"layer1/0"``).
    """

    network: Network
    flat: Network
    shared: Mapping[str, str] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)
    opened: Mapping[str, Opened] = field(default_factory=dict)

    def copies(self, id: str) -> tuple[str, ...]:
        """The paths of a block's copies, by the id of its node (``"layer1"`` or ``"layer1/0"``, ``"layer1/1"``, …)."""
        if id in self.opened:
            return (id,)
        return tuple(
            path for path in self.opened if path.rpartition("/")[0] == id and path.rpartition("/")[2].isdigit()
        )


def expand(network: Network, only: frozenset[str] | None = None) -> Expansion:
    """Expand a network.

    Args:
        only: expand these blocks of the outermost network, one level deep, and nothing else.

    Raises nothing: what is wrong is in ``problems``. Without anything to expand, ``flat`` is the network itself.
    """
    nodes = network.nodes.values()
    if not any(node.bypassed or isinstance(node.layer, Standin) for node in nodes):
        return Expansion(network, network, frozen=frozenset(node.id for node in nodes if node.frozen))
    return _Expander(network, only).expansion()


@dataclass
class _Frame:
    """One network on the way: the outermost, or one copy of a block. ``place``: the block's node in the parent."""

    network: Network
    ids: str = ""
    names: str = ""
    parent: _Frame | None = None
    place: str = ""
    copy: int = 0
    frozen: bool = False
    shares: str = ""  # the prefix of the ids whose weights this frame uses instead of its own
    depth: int = 0
    children: dict[str, list[_Frame]] = field(default_factory=dict)


class _Expander:
    def __init__(self, network: Network, only: frozenset[str] | None) -> None:
        self.network = network
        self.only = only
        self.nodes: dict[str, Node] = {}
        self.shared: dict[str, str] = {}
        self.frozen: set[str] = set()
        self.problems: list[Problem] = []
        self.frames: list[_Frame] = []

    def expansion(self) -> Expansion:
        root = _Frame(self.network)
        self._open(root)
        if len(self.nodes) > EXPANDED_LIMIT:
            self.problems.append(
                Problem(
                    next(iter(self.network.nodes)), "too-large",
                    f"the blocks stand for more than {EXPANDED_LIMIT:,} layers, which cannot be expanded",
                    "repeat the blocks less often",
                )
            )  # fmt: skip
        wires = tuple(wire for frame in self.frames for wire in self._wires(frame))
        owners = {id: self._owner(id) for id in self.shared}
        flat = Network(self.nodes, wires, self.network.blocks if self.only is not None else {}, {})
        origins = {
            node.id: {port: self._origin(root, node.id, port) for port in node.layer.outputs}
            for node in self.network.nodes.values()
            if node.id not in self.nodes
        }
        opened = {frame.ids.removesuffix("/"): self._opened(frame) for frame in self.frames[1:]}
        return Expansion(self.network, flat, owners, frozenset(self.frozen), tuple(self.problems), origins, opened)

    def _opened(self, frame: _Frame) -> Opened:
        ins, outs = inner_ports(frame.network)
        entering = {port.name: self._origin(frame, port.id, "output") for port in ins}
        leaving: dict[str, Origin] = {}
        for port in outs:
            at = self._out_of(frame, port.name)
            leaving[port.name] = self._origin(*at) if at is not None else None
        return Opened(self._definition_at(frame), frame.network, entering, leaving)

    def _owner(self, id: str) -> str:
        seen = set()
        while id in self.shared and id not in seen:
            seen.add(id)
            id = self.shared[id]
        return id

    # nodes

    def _open(self, frame: _Frame) -> None:
        """Put the nodes of a frame, and of the blocks in it, into the flat network, in their order."""
        self.frames.append(frame)
        for node in frame.network.nodes.values():
            if len(self.nodes) > EXPANDED_LIMIT:
                return
            if frame.parent is not None and isinstance(node.layer, BlockInput | BlockOutput):
                continue
            if self._passes(frame, node):
                self._check_bypassed(frame, node)
                continue
            stands, shares = self._standing(frame, node)
            if isinstance(stands.layer, Block) and self._may_open(frame, stands):
                self._open_block(frame, stands, shares)
            else:
                self._place(frame, stands, shares)

    def _place(self, frame: _Frame, node: Node, shares: str) -> None:
        id = frame.ids + node.id
        self.nodes[id] = node if not frame.ids else replace(node, id=id, name=frame.names + node.name)
        if shares:
            self.shared[id] = shares
        elif frame.shares:
            self.shared[id] = frame.shares + node.id
        if frame.frozen or node.frozen:
            self.frozen.add(id)

    def _passes(self, frame: _Frame, node: Node) -> bool:
        return node.bypassed and self.only is None

    def _check_bypassed(self, frame: _Frame, node: Node) -> None:
        """What is wired behind a bypassed node must be what arrives at it."""
        first = next(iter(node.layer.outputs), "")
        for output in dict.fromkeys(wire.output for wire in frame.network.outgoing.get(node.id, ())):
            if output != first:
                self._problem(
                    frame, node, "bypassed", f"{node.name} is bypassed, so that nothing comes out of its port {output}",
                    "bypass it no longer, or take that wire away", output,
                )  # fmt: skip
            elif self._past(frame, node, output) is None:
                self._problem(
                    frame, node, "unconnected", f"nothing is wired to the input of {node.name}, which is bypassed",
                    "draw a wire to it from another layer's output", next(iter(node.layer.inputs), ""),
                )  # fmt: skip

    def _standing(self, frame: _Frame, node: Node) -> tuple[Node, str]:
        """The node with what it stands for where it is a shared one, and whose weights it then uses."""
        if not isinstance(node.layer, Shared) or self.only is not None:
            return node, ""
        owner = shared_owner(frame.network, node.id)
        if owner is not None and owner.bypassed:
            self._problem(
                frame, node, "shared", f"{node.name} is to use the weights of {owner.name}, which is bypassed",
                f"use {owner.name} again (Ctrl+B on it), or choose another node whose weights it uses",
            )  # fmt: skip
            return node, ""
        if owner is None or isinstance(owner.layer, Placeholder):
            self._problem(
                frame, node, "shared", f"{node.name} is to use the weights of another node, which is not there",
                "choose the node whose weights it uses",
            )  # fmt: skip
            return node, ""
        frozen = node.frozen or owner.frozen
        return replace(node, layer=owner.layer, frozen=frozen), frame.ids + owner.id

    def _may_open(self, frame: _Frame, node: Node) -> bool:
        assert isinstance(node.layer, Block)
        name = node.layer.definition
        if self.only is not None:
            return frame.parent is None and node.id in self.only
        if name not in self.network.blocks:
            self._problem(
                frame, node, "block", f"{node.name} uses the block {name or '(none)'}, which is not defined here",
                "choose a definition, or delete the node",
            )  # fmt: skip
            return False
        opened = [frame]
        while opened[-1].parent is not None:
            opened.append(opened[-1].parent)
        around = {self._definition_at(each) for each in opened}
        if name in around or frame.depth >= DEPTH_LIMIT:
            self._problem(frame, node, "block", f"the block {name} contains itself", "remove it from its definition")
            return False
        return True

    def _definition_at(self, frame: _Frame) -> str:
        if frame.parent is None:
            return ""
        layer = self._standing(frame.parent, frame.parent.network.nodes[frame.place])[0].layer
        return layer.definition if isinstance(layer, Block) else ""

    def _open_block(self, frame: _Frame, node: Node, shares: str) -> None:
        layer = node.layer
        assert isinstance(layer, Block)
        definition = self._with_settings(frame, node, layer)
        children = []
        base = f"{frame.ids}{node.id}/"
        lent = f"{shares}/" if shares else (f"{frame.shares}{node.id}/" if frame.shares else "")
        for copy in range(layer.repeat):
            part = f"{copy}/" if layer.repeat > 1 else ""
            source = lent + part if lent else ""
            if layer.weights == "shared" and copy > 0:
                source = (lent or base) + "0/"
            children.append(
                _Frame(
                    definition, base + part, f"{frame.names}{node.name}.{part.replace('/', '.')}", frame, node.id, copy,
                    frame.frozen or node.frozen, source, frame.depth + 1,
                )
            )  # fmt: skip
        frame.children[node.id] = children
        for port in layer.inputs:
            if not any(wire.input == port for wire in frame.network.incoming.get(node.id, ())):
                self._problem(
                    frame, node, "unconnected", f"{node.name}.{port} is not connected", "wire something to it", port
                )
        for child in children:
            self._open(child)

    def _with_settings(self, frame: _Frame, node: Node, layer: Block) -> Network:
        """The definition with what this block sets, its expressions worked out anew."""
        definition = self.network.blocks[layer.definition]
        values = {**definition.parameters, **{k: v for k, v in layer.settings if k in definition.parameters}}
        if values == dict(definition.parameters):
            return definition
        nodes = {}
        for id, inner in definition.nodes.items():
            try:
                nodes[id] = evaluated(inner, values)
            except EditError as error:
                nodes[id] = inner
                self._problem(frame, node, "parameter", f"in {node.name}: {error}", "set another value on the block")
        return replace(definition, nodes=nodes, parameters=values)

    def _problem(self, frame: _Frame, node: Node, code: str, message: str, hint: str, port: str = "") -> None:
        self.problems.append(Problem(frame.ids + node.id, code, message, hint, port=port))

    # wires

    def _wires(self, frame: _Frame) -> Iterator[Wire]:
        for wire in frame.network.wires:
            target = frame.ids + wire.target
            if target in self.nodes and wire.target not in frame.children:
                origin = self._origin(frame, wire.source, wire.output)
                if origin is not None:
                    yield (
                        wire
                        if not frame.ids and origin == (wire.source, wire.output)
                        else Wire(*origin, target, wire.input)
                    )

    def _origin(self, frame: _Frame, id: str, output: str) -> tuple[str, str] | None:
        """The node and port of the flat network from which a port's value comes; None where from nowhere."""
        seen: set[tuple[str, str, str]] = set()
        at: tuple[_Frame, str, str] | None = (frame, id, output)
        while at is not None:
            frame, id, output = at
            if (frame.ids, id, output) in seen or id not in frame.network.nodes:
                return None
            seen.add((frame.ids, id, output))
            node = frame.network.nodes[id]
            if self._passes(frame, node):
                at = self._past(frame, node, output)
            elif id in frame.children:
                at = self._out_of(frame.children[id][-1], output)
            elif frame.parent is not None and isinstance(node.layer, BlockInput):
                at = self._into(frame, node)
            else:
                return (frame.ids + id, output) if frame.ids + id in self.nodes else None
        return None

    def _past(self, frame: _Frame, node: Node, output: str) -> tuple[_Frame, str, str] | None:
        if output != next(iter(node.layer.outputs), None):
            return None
        into = frame.network.incoming.get(node.id, ())
        for name in node.layer.inputs:
            for wire in into:
                if wire.input == name:
                    return frame, wire.source, wire.output
        return None

    def _out_of(self, frame: _Frame, output: str) -> tuple[_Frame, str, str] | None:
        port = frame.network.by_name.get(output)
        into = frame.network.incoming.get(port.id, ()) if port is not None else ()
        return (frame, into[0].source, into[0].output) if into else None

    def _into(self, frame: _Frame, port: Node) -> tuple[_Frame, str, str] | None:
        assert frame.parent is not None
        ins, outs = inner_ports(frame.network)
        if frame.copy > 0 and ins and port.id == ins[0].id:
            before = frame.parent.children[frame.place][frame.copy - 1]
            return self._out_of(before, outs[0].name) if outs else None
        for wire in frame.parent.network.incoming.get(frame.place, ()):
            if wire.input == port.name:
                return frame.parent, wire.source, wire.output
        return None
