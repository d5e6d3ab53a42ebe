"""Edits of a session's plan, and which nodes it can name. No widgets, which the window starts without."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from nnstudio.graph.document import AS_LONG_AS_IT_TAKES
from nnstudio.layers.params import ParameterError
from nnstudio.train import planning

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Roles of layers that may have weights to train.
_TRAINED = ("layer", "block")
#: More selected nodes than this are not put in order.
_MANY = 1000


def do_plan(session: Session, what: str, edit: planning.PlanEdit, key: Hashable = None) -> str:
    """Edit the plan as one undoable step. Returns why it cannot be, as a sentence; "" where it was done."""
    try:
        plan = edit(session.plan)
    except ParameterError as error:
        return f"{error.parameter.capitalize()} {error.message}"
    if plan != session.plan:
        session.do(what, None, key, plan=plan, merge_seconds=AS_LONG_AS_IT_TAKES)
    return ""


def trains(session: Session, id: str) -> bool:
    """Whether a node, named as a plan names it, has weights that can be trained, as far as is known."""
    node, whole = planning.node_at(session.sheet.network, id), session.whole
    known = whole.nodes.get(id) if whole is not None else None
    if node is None or node.layer.role not in _TRAINED:
        return False
    return known is None or known.parameters > 0 or not known.outputs


def training_of(session: Session, ids: Sequence[str]) -> Iterator[str]:
    """Those of some nodes, named as a plan names them, whose weights can be trained; quickly also of very many."""
    nodes, whole = session.sheet.network.nodes, session.whole
    known = whole.nodes if whole is not None else {}
    for id in ids:
        node, told = nodes.get(id), known.get(id)
        if node is None:  # inside a block
            wanted = trains(session, id)
        else:
            wanted = (told is None or told.parameters > 0 or not told.outputs) and node.layer.role in _TRAINED
        if wanted:
            yield id


def trainable(session: Session) -> dict[str, str]:
    """Ids and names of the drawn nodes whose weights can be trained."""
    return {node.id: node.name for node in session.sheet.network.nodes.values() if trains(session, node.id)}


def selected_ids(session: Session) -> tuple[str, ...]:
    """The selected nodes by the ids that a plan names them by, in the order of their names unless they are very many;
    none where it cannot be said where they stand."""
    scope = session.scope
    if scope.block and not scope.path:
        return ()
    nodes = session.network.nodes
    chosen = list(filter(nodes.__contains__, session.selection))
    if len(chosen) <= _MANY:
        chosen.sort(key=lambda each: nodes[each].name)
    return tuple(f"{scope.prefix}{id}" for id in chosen) if scope.prefix else tuple(chosen)


def told(session: Session, ids: Sequence[str]) -> str:
    """These nodes by their names, a few of them."""
    names = [planning.name_at(session.sheet.network, id) for id in ids]
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def phase_of_selected(session: Session) -> None:
    """Add a phase that trains the selected layers by the selected losses."""
    network, ids = session.sheet.network, selected_ids(session)
    losses = tuple(id for id in ids if id in network.nodes and network.nodes[id].layer.role == "loss")
    own = tuple(id for id in ids if trains(session, id))
    do_plan(session, "Add phase of the selected layers", planning.add_phase(losses=losses, trains=own))


def group_of_selected(session: Session) -> None:
    """Have the selected layers learn at a rate of their own."""
    ids = tuple(id for id in selected_ids(session) if trains(session, id))
    if ids:
        do_plan(session, f"Add group of {told(session, ids)}", planning.add_group(ids))
