"""Problems: what is wrong with a network, where, why, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnstudio.graph.edits import Edit


@dataclass(frozen=True, slots=True)
class Fix:
    """A one-click cure: an undoable edit and what to call it ("Insert Flatten")."""

    title: str
    edit: Edit = field(compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    node: the id of the node that it stands on ("" where it is the network as a whole); code: a stable word for it
    (``cycle``, ``unconnected``, ``rank``, …); severity: ``error`` (does not compile) or ``warning``.
    """

    node: str
    code: str
    message: str
    hint: str = ""
    severity: str = "error"
    port: str = ""
    fixes: tuple[Fix, ...] = ()
