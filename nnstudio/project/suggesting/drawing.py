"""A drawing that grows in lines of a few nodes, so that it fits a screen and reads from left to right, line by line."""

from __future__ import annotations

from typing import Any

from nnstudio.graph import Network, View
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.graph.naming import free_name

#: Pixels from one node to the next, and from one line to the next; nodes in a line, at most.
COLUMN, ROW, ACROSS = 240.0, 130.0, 5


class Drawing:
    """Nodes in lines. :meth:`line` begins one; what is added goes to its end, and on in the next where it is full."""

    def __init__(self) -> None:
        self._net = NetworkBuilder()
        self._at: dict[str, tuple[float, float]] = {}
        self._column, self._row = 0, -1
        self._sources: dict[str, PortHandle] = {}

    def line(self, column: int = 0) -> None:
        """What is added from here on stands in a new line, from this column on."""
        self._column, self._row = column, self._row + 1

    def add(self, layer: str, *inputs: PortHandle, name: str, **parameters: Any) -> PortHandle:
        """Place a layer at the end of the line, as :meth:`NetworkBuilder.add` does; its name is made free. Ports may
        be given by name."""
        made = self._net.add(layer, *inputs, name=free_name(self._net.network, name), **parameters)
        if self._column >= ACROSS:
            self.line()
        self._at[made.node] = (self._column * COLUMN, self._row * ROW)
        self._column += 1
        return made

    def source(self, field: str) -> PortHandle:
        """The Input that brings a field in: placed where it is asked for first."""
        if field not in self._sources:
            self._sources[field] = self.add("Input", name=field, field=field)
        return self._sources[field]

    @property
    def network(self) -> Network:
        """What was drawn."""
        return self._net.network

    @property
    def view(self) -> View:
        """Where it stands."""
        return View(dict(self._at))
