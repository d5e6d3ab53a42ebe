"""Walking: an observed graph run node by node, so that what goes into a node and what it takes can be seen.

The same operations in the same order as the graph's own forward, so the numbers are the same, bit for bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import fx


class Route:
    """An observed graph (`compile.lower.Compiled.observed`) by network node.

    owner: the network node that each operation belongs to. made: the operation that gives a network node's first output
    port. calls: the one that runs it (apart from ``made`` where it has several ports). ports: where it has, those that
    give each of them, by place.
    """

    def __init__(self, observed: fx.GraphModule, inputs: Sequence[str]) -> None:
        """inputs: ids of the input nodes, in the order of the arguments."""
        self.module = observed
        self.nodes = [node for node in observed.graph.nodes if node.op not in ("placeholder", "output")]
        self.placeholders = [node for node in observed.graph.nodes if node.op == "placeholder"]
        self.output = next(node for node in observed.graph.nodes if node.op == "output").args[0]
        results, seen = self.output
        self.results: Mapping[str, Any] = results
        self.made: dict[str, Any] = {**dict(zip(inputs, self.placeholders, strict=True)), **seen}
        self.calls = {id: _call(node) for id, node in self.made.items()}
        self.ports = {
            id: {node.args[1]: node for node in call.users if _call(node) is call and node is not call}
            for id, call in self.calls.items()
        }
        self.owner: dict[Any, str] = {}
        named = {node: id for id, node in self.calls.items()}
        waiting = []
        for node in self.nodes:
            source = node.args[0] if _is_port(node) else None
            if source in self.owner:
                self.owner[node] = self.owner[source]
                continue
            waiting.append(node)
            if node in named:  # what a function needs stands before it
                self.owner.update(dict.fromkeys(waiting, named[node]))
                waiting = []

    def run(
        self, inputs: Sequence[torch.Tensor], call: Callable[[Any, Any, Any], Any], nodes: Iterable[Any] | None = None
    ) -> dict[Any, Any]:
        """The values of all operations (or of ``nodes``, which must be in order and have all that they need).

        call(node, args, kwargs): does one of them (:meth:`do`) and gives its result.
        """
        from torch.fx.node import map_arg

        values: dict[Any, Any] = dict(zip(self.placeholders, inputs, strict=True))
        for node in self.nodes if nodes is None else nodes:
            args, kwargs = map_arg((node.args, node.kwargs), values.__getitem__)
            values[node] = call(node, args, kwargs)
        return values

    def do(self, node: Any, args: Any, kwargs: Any) -> Any:
        """Do one operation."""
        if node.op == "call_module":
            return self.module.get_submodule(node.target)(*args, **kwargs)
        return node.target(*args, **kwargs)

    def needed_by(self, sources: Iterable[Any]) -> list[Any]:
        """These operations and all that they depend on, in order."""
        waiting, found = list(sources), set()
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting.extend(node.all_input_nodes)
        return [node for node in self.nodes if node in found]


def _call(node: Any) -> Any:
    """The operation behind a port of several."""
    return node.args[0] if _is_port(node) else node


def _is_port(node: Any) -> bool:
    """Whether an operation takes one port of several, by its place; a Slice also takes items, by stretches."""
    return node.op == "call_function" and node.target is operator.getitem and isinstance(node.args[1], int)
