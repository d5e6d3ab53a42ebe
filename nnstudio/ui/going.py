"""Every node that one can go to by its name, those inside blocks too, and the way there."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnstudio.graph import Node
from nnstudio.layers.blocks import Block
from nnstudio.project.sheet import Sheet
from nnstudio.ui.command_palette import Command
from nnstudio.ui.docks.outline_model import flow_order
from nnstudio.ui.scope import WHOLE, Scope, Scopes

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: So many nodes of what is not open are listed at most: blocks in blocks in blocks may be more than anyone looks for.
MOST = 10_000
#: Between the names of the blocks that a node is in.
INTO = " › "


def commands(session: Session) -> Iterator[Command]:
    """A command for each node that selects and shows it: of what is open first, then of all else, under its path."""
    here = session.scope
    for node in _in_flow(session.sheet, here):
        yield Command(node.name, functools.partial(session.reveal, node.id), node.layer.subtitle())
    for count, (scope, names, node) in enumerate(_everywhere(session.sheet, but=here)):
        if count == MOST:
            return
        run = functools.partial(go, session, scope, node.id)
        yield Command(INTO.join((*names, node.name)), run, node.layer.subtitle())


def go(session: Session, scope: Scope, id: str) -> None:
    """Open a scope, a block in a tab of its own, and show a node in it."""
    if scope != session.scope:
        session.open_scope(scope, tab=True)
    session.reveal(id)


def _in_flow(sheet: Sheet, scope: Scope) -> list[Node]:
    network = Scopes(scope).network(sheet)
    return [network.nodes[id] for id in flow_order(network)]


def _everywhere(sheet: Sheet, but: Scope) -> Iterator[tuple[Scope, tuple[str, ...], Node]]:
    """Scope, names of the blocks around, and node: the whole network first, then level by level what is inside."""
    todo: list[tuple[Scope, tuple[str, ...]]] = [(WHOLE, ())]
    while todo:
        deeper = []
        for scope, names in todo:
            for node in _in_flow(sheet, scope):
                if scope != but:
                    yield scope, names, node
                inside = Scopes(scope).into(sheet, node.id) if isinstance(node.layer, Block) else None
                if inside is not None and inside.block not in _around(sheet, scope):
                    deeper.append((inside, (*names, node.name)))
        todo = deeper


def _around(sheet: Sheet, scope: Scope) -> frozenset[str]:
    """The definitions around what is in a scope: one that contains itself is not gone into again."""
    return frozenset(each.block for _, each in Scopes(scope).around(sheet))
