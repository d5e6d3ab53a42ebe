"""Phases and groups: what of a plan is about some of the nodes alone. Imports no torch.

Nodes are named by the ids that they have in the drawing, which do not change when a node is renamed. A block's id
stands for all that is in it; what is in it has an id that begins with the block's (``"discriminator/hidden"``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnstudio.layers.params import Declared, declared, param

OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")


@declared
class Phase(Declared):
    """A part of training with its own losses, weights and optimizer. Phases take turns; each of their steps takes a
    batch of its own and draws its own noise."""

    name: str = param("", help="what it is called, such as discriminator")
    losses: tuple[str, ...] = param((), kind="nodes", help="the losses that it lowers; none: all")
    trains: tuple[str, ...] = param((), kind="nodes", help="the nodes that it trains; none: all that its losses reach")
    steps: int = param(1, min=1, max=10_000, help="steps that it does in each turn")
    optimizer: str | None = param(None, kind="choice", choices=OPTIMIZERS, help="nothing: the plan's")
    learning_rate: float | None = param(None, kind="float", exclusive_min=0.0, max=1000.0, help="nothing: the plan's")
    momentum: float | None = param(None, kind="float", min=0.0, max=0.9999, help="nothing: the plan's")
    beta1: float | None = param(None, kind="float", min=0.0, max=0.9999, help="nothing: the plan's")
    beta2: float | None = param(None, kind="float", min=0.0, max=0.999999, help="nothing: the plan's")
    weight_decay: float | None = param(None, kind="float", min=0.0, max=100.0, help="nothing: the plan's")
    l1: float | None = param(None, kind="float", min=0.0, max=100.0, help="nothing: the plan's")
    clip_norm: float | None = param(None, kind="float", min=0.0, help="nothing: the plan's")

    @property
    def overrides(self) -> dict[str, Any]:
        """The plan's values that are others in this phase, by name."""
        own = {
            name: value for name, value in self.values().items() if name not in ("name", "losses", "trains", "steps")
        }
        return {name: value for name, value in own.items() if value is not None}


@declared
class Group(Declared):
    """Nodes whose weights learn at a rate of their own. Of a block and a node in it, the node's group counts."""

    nodes: tuple[str, ...] = param((), kind="nodes", help="whose weights it is about")
    learning_rate: float = param(1.0, min=0.0, max=1000.0, title="Learning rate factor", help="times the plan's rate")
    weight_decay: float | None = param(None, kind="float", min=0.0, max=100.0, help="nothing: the plan's")


def stands_for(named: str, id: str) -> bool:
    """Whether a name in a plan is that of a node, or of a block that it is in."""
    return id == named or id.startswith(f"{named}/")


def selected(named: Iterable[str], ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the ids that are named, themselves or by a block that they are in; in the order of ``ids``."""
    names = tuple(named)
    return tuple(id for id in ids if any(stands_for(name, id) for name in names))
