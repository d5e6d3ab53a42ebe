"""What takes part in a contest, how it begins, and in what it differs. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.graph import Network, View
from nnstudio.graph.compare import Difference, difference
from nnstudio.layers import TensorType
from nnstudio.project.tensors import Weights
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.runs.recorder import Recorder
    from nnstudio.train.lockstep import Side


@dataclass(frozen=True)
class Version:
    """A network and a plan with the name under which they compete."""

    title: str
    network: Network
    plan: Plan
    view: View = field(default_factory=View)


@dataclass(frozen=True)
class Start:
    """Where all versions begin: with these weights of this network, as far as they fit; or from a checkpoint of that
    network; with neither, at the beginning with new weights. parent: the run that they are of."""

    weights: Weights | None = None
    network: Network | None = None
    checkpoint: Path | None = None
    parent: str = ""

    def told(self) -> str:
        """Where both begin, in a sentence."""
        if self.checkpoint is not None:
            return "Both go on from the run's last checkpoint."
        return "Both begin with " + ("the trained weights." if self.weights is not None else "the same new weights.")


def maker(version: Version, fields: Mapping[str, TensorType], start: Start, recorder: Recorder) -> Callable[[], Side]:
    """What makes a version's side of the contest, for the contest's thread. It raises CompileError where the network
    has a problem."""
    return partial(_made, version, dict(fields), start, recorder)


def _made(version: Version, fields: Mapping[str, TensorType], start: Start, recorder: Recorder) -> Side:
    from nnstudio.project.drawings import recorded
    from nnstudio.project.weights import compiled_with
    from nnstudio.train.lockstep import Side

    plan = version.plan
    compiled = compiled_with(version.network, fields, plan.seed, start.weights, start.network).compiled
    if start.checkpoint is None or start.network is None:
        return Side(compiled, plan, origin=recorded(recorder, version.network, version.view, start.parent))
    from nnstudio.compile.lower import compile_network
    from nnstudio.train.checkpoints import load

    moment, about = load(start.checkpoint)
    then = Plan.from_json(about.plan)
    was = (
        None if (then, start.network) == (plan, version.network) else compile_network(start.network, fields, then.seed)
    )
    origin = recorded(recorder, version.network, version.view, about.run, about.step)
    return Side(compiled, plan, moment=moment, was=(was, then) if was is not None else None, origin=origin)


def differences(one: Version, other: Version) -> list[str]:
    """In what the second differs from the first, each in some words; empty where they are the same."""
    return [*plan_differences(one.plan, other.plan), *network_differences(one.network, other.network)]


def plan_differences(one: Plan, other: Plan) -> list[str]:
    """``learning rate 0.1 → 0.01`` for each value of the plan that differs."""
    found = []
    for name, param in Plan.params.items():
        before, after = getattr(one, name), getattr(other, name)
        if before != after:
            title = (param.title or name.replace("_", " ")).lower()
            short = isinstance(before, tuple) or isinstance(after, tuple)
            found.append(f"other {title}" if short else f"{title} {_text(before)} → {_text(after)}")
    return found


def network_differences(one: Network, other: Network) -> list[str]:
    """What was added, removed and changed, by the names of the layers."""
    found: Difference = difference(one, other)
    told = []
    for sign, ids, network in (("+", found.added, other), ("−", found.removed, one)):
        names = [network.nodes[id].name for id in ids]
        if names:
            told.append(f"{sign} {_listed(sorted(names))}")
    for id, changes in sorted(found.changed.items()):
        node = other.nodes[id]
        told.extend(
            f"{node.name}: {change.what.replace('_', ' ')} {change.before} → {change.after}" for change in changes
        )
    if not told and found:
        told.append("other wires")
    return told


def _listed(names: list[str], most: int = 4) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
