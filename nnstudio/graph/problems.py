"""Problems: what is wrong with a network, where, why, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnstudio.graph.edits import Edit


@dataclass(frozen=True, slots=True)
class Fix:
    """A one-click cure: an undoable edit and what to call it ("Insert Flatten").

    parameters: how many more trainable numbers the network then has; leaves: how many errors it then still has.
    """

    title: str
    edit: Edit = field(compare=False)
    parameters: int = 0
    leaves: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    node: the id of the node that it stands on ("" where it is the network as a whole); code: a stable word for it
    (``cycle``, ``unconnected``, ``rank``, …); severity: ``error`` (does not compile) or ``warning``; path: where it is
    inside the block that ``node`` is, the id of the layer in the expanded network.
    """

    node: str
    code: str
    message: str
    hint: str = ""
    severity: str = "error"
    port: str = ""
    fixes: tuple[Fix, ...] = ()
    path: str = ""
