"""Tracks: a plan's phases as they run, each with its modules, its weights and its optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Metrics, Objective
from nnstudio.train.optimizers import make_optimizer, rated
from nnstudio.train.phases import Phase, selected
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled, Part
    from nnstudio.train.private import PrivateGradients


@dataclass(slots=True, eq=False)
class Track:
    """A phase as it runs; a plan without phases has one.

    plan: as it holds in the phase. parameters: what it trains; ``others``: what other phases train, whose gradients are
    not worked out meanwhile.
    """

    name: str
    steps: int
    plan: Plan
    part: Part
    objective: Objective
    metrics: Metrics
    parameters: list[torch.nn.Parameter]
    optimizer: torch.optim.Optimizer
    others: list[torch.nn.Parameter] = field(default_factory=list)
    #: works out the gradients of a private run
    private: PrivateGradients | None = None


class Tracks:
    """The phases of a run, in turn. A turn is ``steps`` steps of each, one after the other; where in it a step is
    follows from its number alone."""

    def __init__(self, compiled: Compiled, plan: Plan, device: torch.device) -> None:
        self.all = _tracks(compiled, plan, device)
        self.turn: tuple[int, ...] = tuple(place for place, track in enumerate(self.all) for _ in range(track.steps))
        trained = {id(parameter) for track in self.all for parameter in track.parameters}
        #: all weights that a phase trains, once each
        self.parameters = [parameter for parameter in compiled.training.parameters() if id(parameter) in trained]
        for track in self.all:
            own = set(map(id, track.parameters))
            every = compiled.training.parameters() if plan.phases else ()
            track.others = [p for p in every if p.requires_grad and id(p) not in own]
        self._entered: Track | None = None

    def at(self, step: int) -> Track:
        """The phase that does a step (counted from 0)."""
        return self.all[self.turn[step % len(self.turn)]]

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the phase that does each step of a turn; empty where the plan has no phases."""
        return tuple(self.all[place].name for place in self.turn) if self.all[0].name else ()

    def enter(self, track: Track) -> None:
        """From here on gradients are those of this phase: autograd passes by what others train."""
        if track is not self._entered:
            self.leave()
            self._entered = track
            for parameter in track.others:
                parameter.requires_grad = False

    def leave(self) -> None:
        """All weights that are trained want gradients again."""
        if self._entered is not None:
            for parameter in self._entered.others:
                parameter.requires_grad = True
            self._entered = None


def _tracks(compiled: Compiled, plan: Plan, device: torch.device) -> tuple[Track, ...]:
    _check_known(compiled, plan)
    found: list[Track] = []
    counted: set[str] = set()
    for phase in plan.phases or (Phase.make({}),):
        part = compiled.part(selected(phase.losses, compiled.losses) if phase.losses else compiled.losses)
        parameters = _trained(compiled, plan, phase, part)
        own = plan.of_phase(phase)
        metrics = Metrics(compiled, device, [id for id in part.metrics if id not in counted])
        counted.update(metrics.modules)
        found.append(
            Track(
                phase.name, phase.steps, own, part, Objective(compiled, part.losses), metrics, parameters,
                make_optimizer(own, parameters, rated(plan.groups, compiled, parameters)),
            )
        )  # fmt: skip
    return tuple(found)


def _trained(compiled: Compiled, plan: Plan, phase: Phase, part: Part) -> list[torch.nn.Parameter]:
    """What a phase trains, in the order of the model."""
    every = [parameter for parameter in compiled.training.parameters() if parameter.requires_grad]
    if not plan.phases:
        return every
    named = selected(phase.trains, compiled.modules) if phase.trains else compiled.modules
    wanted, reached = _parameters(compiled, named), _parameters(compiled, part.nodes)
    found = [parameter for parameter in every if id(parameter) in wanted & reached]
    if not found:
        raise TrainingError(
            f"The phase “{phase.name}” has nothing to train: its losses depend on no weights of its nodes",
            "choose other losses or nodes for it, or unfreeze those nodes",
        )
    return found


def _parameters(compiled: Compiled, nodes: Iterable[str]) -> set[int]:
    """The identities of the parameters of some nodes."""
    modules = [compiled.modules[id] for id in nodes if id in compiled.modules]
    return {id(parameter) for module in modules for parameter in module.parameters()}


def _check_known(compiled: Compiled, plan: Plan) -> None:
    """TrainingError where the plan names what is not there."""
    drawn = compiled.resolution.network.nodes
    nodes = (*drawn, *compiled.network.nodes)
    for phase in plan.phases:
        for named, ids, what in ((phase.losses, compiled.losses, "loss"), (phase.trains, nodes, "node")):
            _check(f"The phase “{phase.name}”", named, ids, what)
    for group in plan.groups:
        _check("A group of the plan", group.nodes, nodes, "node")


def _check(who: str, named: Sequence[str], ids: Sequence[str], what: str) -> None:
    for name in named:
        if not selected((name,), ids):
            raise TrainingError(
                f"{who} names the {what} “{name}”, which the network has not", f"take it out, or choose another {what}"
            )
