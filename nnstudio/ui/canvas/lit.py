"""What is under the pointer, and which ports light up while a wire is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from nnstudio.graph import Wire
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
