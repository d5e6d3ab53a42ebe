"""The sheet: all of a project that is edited and undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nnstudio.data.reference import DataReference
from nnstudio.graph.network import Network
from nnstudio.graph.view import View
from nnstudio.train.plan import Plan
from nnstudio.train.planning import followed


@dataclass(frozen=True)
class Sheet:
    """Network, view, plan and data reference: the value that a project's document holds.

    title and summary: what the gallery and the command line say of it; "" where nobody wrote any.
    """

    network: Network = field(default_factory=Network)
    view: View = field(default_factory=View)
    plan: Plan = field(default_factory=lambda: Plan.make({}))
    data: DataReference | None = None
    title: str = ""
    summary: str = ""


def in_step(before: Sheet, after: Sheet) -> Sheet:
    """A sheet after an edit, with the plan's phases and groups in step with the network: what is gone is not named."""
    plan = followed(after.plan, before.network, after.network)
    return after if plan is after.plan else replace(after, plan=plan)
