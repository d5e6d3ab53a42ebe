"""Which layers a plot shows, in which order, and what they are called and coloured. No Qt widgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstudio.ui import theme

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


@dataclass(frozen=True, slots=True)
class Row:
    """A layer in a plot: the node's id, its name and its family's colour; ``part``: which of its parameters it is."""

    node: str
    name: str
    color: str
    part: str = ""


#: Families whose colours tell lines apart that belong to no family, in this order.
_APART = ("recurrent", "normalisation", "attention", "pooling", "activation", "selection", "loss", "regularisation")


def color_apart(index: int) -> str:
    """One of some colours that are easily told apart, and neither training's nor validation's; they repeat."""
    return theme.current().families[_APART[index % len(_APART)]]


def rows_of(session: Session, nodes: Iterable[str]) -> list[Row]:
    """Rows for these nodes, as events name them, from the input side to the output side.

    The order is that of the run; inputs, outputs, losses and metrics are left out. A node that has been deleted
    since the run began keeps the name that it had then, in a neutral colour.
    """
    started = session.history.started
    ran = dict(started.nodes) if started is not None else {}
    order = {node: index for index, node in enumerate(ran)}
    drawn = session.sheet.network.nodes
    inside = session.whole.flat.nodes if session.whole is not None else {}
    rows = []
    for node in sorted(nodes, key=lambda node: order.get(node, len(order))):
        here = drawn.get(node) or inside.get(node)
        if here is None:
            rows.append(Row(node, ran.get(node, node), theme.current().muted))
        elif here.layer.role == "layer":
            rows.append(Row(node, here.name, theme.family_color(here.layer).name()))
    return rows


def selected(session: Session) -> frozenset[str]:
    """The nodes that are selected, as events name them: of a block, all that is inside."""
    return frozenset(flat for id in session.selection for flat in session.flat_ids(id))


def select(session: Session, node: str) -> None:
    """Select the node that events name so, or the block of the open scope that it is in."""
    prefix = session.scope.prefix
    if node.startswith(prefix):
        rest = node[len(prefix) :]
        session.select({rest if rest in session.network.nodes else rest.split("/")[0]})


def thinned(rows: list[Row], most: int, preferred: Iterable[str] = ()) -> list[Row]:
    """At most ``most`` of the rows, in their order: those of ``preferred`` nodes where not all fit, else evenly."""
    if len(rows) <= most:
        return rows
    wanted = set(preferred)
    telling = [row for row in rows if row.node in wanted] or rows
    if len(telling) <= most:
        return telling
    return [telling[round(index * (len(telling) - 1) / max(1, most - 1))] for index in range(most)]
