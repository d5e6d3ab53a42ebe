"""What of a block's inside is exposed on its nodes."""

from __future__ import annotations

from nnstudio.graph.parameters import expose, set_expression
from nnstudio.layers import Placeholder
from nnstudio.layers.blocks import Block
from nnstudio.ui.session import Session


class Blocks:
    """Blocks as the canvas meets them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def definition(self, id: str) -> str:
        """The name of the definition that a node is a block of; "" where it is none, or its definition is not there."""
        node = self._session.network.nodes.get(id)
        if node is None or not isinstance(node.layer, Block):
            return ""
        return node.layer.definition if node.layer.definition in self._session.sheet.network.blocks else ""

    def exposable(self, id: str) -> dict[str, int | float]:
        """The parameters of a node that can be exposed, with their values: numbers that no expression gives yet."""
        node = self._session.network.nodes[id]
        if isinstance(node.layer, Placeholder):
            return {}
        found: dict[str, int | float] = {}
        for name, declared in node.layer.params.items():
            value = getattr(node.layer, name)
            if isinstance(value, tuple) and value and len(set(value)) == 1:
                value = value[0]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if declared.kind in ("int", "float", "size") and number and not node.expression(name):
                found[name] = value
        return found

    def expose(self, id: str, parameter: str, name: str) -> bool:
        """Make a named parameter of a node's, or have it follow the one of that name."""
        session = self._session
        known = name in session.network.parameters
        edit = set_expression(id, parameter, name) if known else expose([(id, parameter)], name)
        return session.do(f"Expose {parameter} as {name}", edit)
