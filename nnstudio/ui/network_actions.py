"""What a person can do to the network wherever the selection was made: join, cut, pass by and freeze by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from nnstudio.graph import Node, edits
from nnstudio.layers import Layer, Placeholder
from nnstudio.ui import going
from nnstudio.ui.command_palette import Command
from nnstudio.ui.docks.outline_model import flow_order

if TYPE_CHECKING:
    from nnstudio.ui.canvas.fitting import End
    from nnstudio.ui.window import MainWindow


class NetworkActions:
    """Actions on the selected nodes of a window's session."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    # -- wires ----------------------------------------------------------------------------------------------------

    @property
    def one(self) -> Node | None:
        """The node that is selected alone; None where there is none or more."""
        chosen = self._session.selection
        return self._session.network.nodes.get(next(iter(chosen))) if len(chosen) == 1 else None

    def may_connect(self, side: str) -> Callable[[], bool]:
        """A function that says whether one node with ports at this side is selected."""
        return lambda: self._window.in_workspace and self.one is not None and bool(getattr(self.one.layer, side))

    def connect_to(self) -> None:
        """Offer every input that an output of the selected node may feed."""
        if self.one is not None:
            self._window.offer(self._joins(self.one, "outputs"), f"Where does {self.one.name} go?")

    def connect_from(self) -> None:
        """Offer every output that may feed an input of the selected node."""
        if self.one is not None:
            self._window.offer(self._joins(self.one, "inputs"), f"What feeds {self.one.name}?")

    def _joins(self, node: Node, side: str) -> list[Command]:
        """A command for each port that may be wired to the node's ports of a side, in the order of the flow."""
        from nnstudio.ui.canvas.fitting import End, fitting_ends  # here: it takes time, and the window opens without

        session = self._session
        rank = {id: at for at, id in enumerate(flow_order(session.network))}
        ports = list(getattr(node.layer, side))
        found = []
        for port in ports:
            end = End(node.id, side, port)
            fits = fitting_ends(session.network, session.resolution, end)
            ordered = sorted(fits, key=lambda other: rank.get(other.node, 0))
            found += [self._join(end, other, told=port if len(ports) > 1 else "") for other in ordered]
        return found

    def _join(self, end: End, other: End, told: str) -> Command:
        network = self._session.network
        out, into = (end, other) if end.side == "outputs" else (other, end)
        node = network.nodes[other.node]
        lone = len(getattr(node.layer, other.side)) == 1
        title = (node.name if lone else f"{node.name} · {other.port}") + (f", at {told}" if told else "")
        notes = [node.layer.subtitle()]
        taken = [wire for wire in network.incoming.get(into.node, ()) if wire.input == into.port]
        port = network.nodes[into.node].layer.inputs.get(into.port)
        if any(wire.source == out.node and wire.output == out.port for wire in taken):
            notes.append("connected already")
        elif taken and port is not None and not port.many:
            notes.append(f"in place of {network.nodes[taken[0].source].name}")
        edit = edits.connect(out.node, out.port, into.node, into.port)
        label = f"Connect {network.nodes[out.node].name} to {network.nodes[into.node].name}"
        return Command(title, functools.partial(self._session.do, label, edit), " · ".join(notes))

    @property
    def wired(self) -> bool:
        """Whether a wire begins or ends at what is selected."""
        network = self._session.network
        return any(network.incoming.get(id) or network.outgoing.get(id) for id in self._session.selection)

    def disconnect(self) -> None:
        """Offer every wire at the selected nodes, to be cut."""
        self._window.offer(self._cuts(), "Which wire is cut?")

    def _cuts(self) -> Iterable[Command]:
        network, chosen = self._session.network, self._session.selection
        wires = [wire for wire in network.wires if wire.source in chosen or wire.target in chosen]
        for wire in wires:
            source, target = network.nodes[wire.source], network.nodes[wire.target]
            ends = [
                node.name if len(ports) <= 1 else f"{node.name} · {port}"
                for node, port, ports in (
                    (source, wire.output, source.layer.outputs), (target, wire.input, target.layer.inputs),
                )
            ]  # fmt: skip
            label = f"Disconnect {source.name} from {target.name}"
            run = functools.partial(self._session.do, label, edits.disconnect([wire]))
            yield Command(" → ".join(ends), run)
        if len(wires) > 1:
            name = network.nodes[next(iter(chosen))].name if len(chosen) == 1 else f"{len(chosen)} layers"
            run = functools.partial(self._session.do, f"Disconnect {name}", edits.disconnect(wires))
            yield Command("All of them", run, f"{len(wires)} wires")

    def delete_and_rejoin(self) -> None:
        """Delete the selected nodes and join what fed them to what they fed."""
        self._window.workspace.canvas.editor.bridge()

    # -- parameters -----------------------------------------------------------------------------------------------

    @property
    def may_expose(self) -> bool:
        """Whether one node is selected that has a number to expose."""
        if not self._window.in_workspace or self.one is None:
            return False
        return bool(self._window.workspace.canvas.blocks.exposable(self.one.id))

    def expose(self) -> None:
        """Offer the numbers of the selected node to be exposed under a name: on the block that is open, or as a named
        parameter of the whole network."""
        canvas, node = self._window.workspace.canvas, self.one
        if node is None:
            return
        known = self._session.network.parameters
        commands = []
        for parameter, value in canvas.blocks.exposable(node.id).items():
            again = [
                Command(f"{parameter} as {name}", functools.partial(canvas.blocks.expose, node.id, parameter, name))
                for name in known
            ]
            ask = functools.partial(canvas.expose, parameter)
            commands += [Command(f"{parameter} under a new name …", ask, f"now {value:g}"), *again]
        self._window.offer(commands, f"What of {node.name} is exposed?")

    # -- going ----------------------------------------------------------------------------------------------------

    def go_to_node(self) -> None:
        """Offer every node by its name, those inside blocks too; the one that is chosen is selected and shown."""
        self._window.offer(going.commands(self._session), "Which layer?")

    # -- flags ----------------------------------------------------------------------------------------------------

    def flagged(self, flag: str) -> Callable[[], bool]:
        """A function that says whether all selected nodes have a flag (``bypassed`` or ``frozen``)."""

        def all_have() -> bool:
            nodes = self._chosen()
            first = next(nodes, None)
            return first is not None and getattr(first, flag) and all(getattr(node, flag) for node in nodes)

        return all_have

    def may_flag(self, flag: str) -> Callable[[], bool]:
        """A function that says whether a selected node can have a flag."""
        return lambda: self._window.in_workspace and any(can_be(flag, node) for node in self._chosen())

    def toggle(self, flag: str) -> Callable[[], object]:
        """A function that gives the selected nodes a flag, or takes it from them where all have it."""

        def flip() -> None:
            nodes = [node for node in self._chosen() if can_be(flag, node)]
            if nodes:
                set_flag(self._window.session, flag, nodes, not all(getattr(node, flag) for node in nodes))

        return flip

    def _chosen(self) -> Iterator[Node]:
        nodes = self._session.network.nodes
        return (nodes[id] for id in self._session.selection if id in nodes)


def can_be(flag: str, node: Node) -> bool:
    """Whether a node can be ``bypassed``, or ``frozen`` (only what has weights to keep)."""
    if isinstance(node.layer, Placeholder):
        return False
    if flag == "bypassed":
        return (
            bool(node.layer.inputs) and bool(node.layer.outputs) and node.layer.role not in ("port", "loss", "metric")
        )
    return node.layer.role in ("layer", "block", "shared") and isinstance(node.layer, Layer)


def set_flag(session: object, flag: str, nodes: Iterable[Node], on: bool) -> None:
    """Set ``bypassed`` or ``frozen`` on these nodes, as one step that says what it does."""
    chosen = list(nodes)
    name = chosen[0].name if len(chosen) == 1 else f"{len(chosen)} layers"
    ids = [node.id for node in chosen]
    words = {
        ("bypassed", True): "Bypass",
        ("bypassed", False): "Use",
        ("frozen", True): "Freeze",
        ("frozen", False): "Train",
    }
    edit = (edits.set_bypassed if flag == "bypassed" else edits.set_frozen)(ids, on)
    again = "" if on else " again"
    session.do(f"{words[flag, on]} {name}{again}", edit)  # type: ignore[attr-defined]
