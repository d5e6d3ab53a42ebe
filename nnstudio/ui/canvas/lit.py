"""What is under the pointer, and which ports light up while a wire is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from nnstudio.graph import Network, Wire
from nnstudio.graph.standins import shared_owner
from nnstudio.layers.blocks import Shared
from nnstudio.ui.canvas.fitting import End


@dataclass(frozen=True)
class Lit:
    """Which ports light up while a wire is drawn from ``origin``, and where it would end."""

    origin: End
    ends: frozenset[End]
    chosen: End | None = None

    @cached_property
    def _by_node(self) -> Mapping[str, list[End]]:
        gathered: dict[str, list[End]] = {self.origin.node: [self.origin]}
        for end in self.ends:
            gathered.setdefault(end.node, []).append(end)
        return gathered

    def nodes(self) -> Iterable[str]:
        """The nodes that have a lit port or are the wire's beginning."""
        return self._by_node

    def touches(self, id: str) -> bool:
        """Whether the node has a lit port or is the wire's beginning."""
        return id in self._by_node

    def states(self, id: str) -> list[tuple[str, str, str]]:
        """Side, port and state of the node's lit ports."""
        return [
            (end.side, end.port, "chosen" if end in (self.chosen, self.origin) else "fits")
            for end in self._by_node.get(id, ())
        ]


@dataclass(frozen=True, slots=True)
class Hit:
    """What is at a point: a port (of a node), a node, a wire, or nothing."""

    node: str = ""
    end: End | None = None
    wire: Wire | None = None


def sharing(network: Network, id: str) -> frozenset[str]:
    """The other nodes that run on the same weights as a node; none where it is alone with them."""
    owner = shared_owner(network, id)
    if owner is None or not any(isinstance(node.layer, Shared) for node in network.nodes.values()):
        return frozenset()
    users = (node.id for node in network.nodes.values() if isinstance(node.layer, Shared))
    found = {user for user in users if shared_owner(network, user) is owner}
    return frozenset({owner.id, *found} - {id}) if found else frozenset()
