"""Cures: edits of the network, values of the plan or choices about the data that mend what was found, each tried before
it is offered. No torch at import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nnstudio.data.reference import DataError, DataReference
from nnstudio.graph import Network
from nnstudio.graph.edits import Edit, EditError
from nnstudio.layers import ParameterError
from nnstudio.train.events import Diagnosis
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution

#: Cures that are offered at most.
MOST = 4

DataChange = Callable[[DataReference], DataReference]


@dataclass(frozen=True)
class Cure:
    """What may mend a finding, in one step that can be undone.

    edit: of the whole drawn network, None where it stays. plan: values of the plan that change, by name. data: how the
    data is read or split otherwise, None where it is not. explains: why it may help, a sentence. parameters: how many
    more trainable numbers the network then has.
    """

    title: str
    explains: str
    edit: Edit | None = field(default=None, compare=False)
    plan: Mapping[str, Any] = field(default_factory=dict)
    data: DataChange | None = field(default=None, compare=False)
    parameters: int = 0

    def network_after(self, network: Network) -> Network:
        """The network with the cure. EditError or ParameterError where it cannot be edited so."""
        return self.edit(network) if self.edit is not None else network

    def plan_after(self, plan: Plan) -> Plan:
        """The plan with the cure. ParameterError where a value is not allowed."""
        return plan.with_(**self.plan) if self.plan else plan

    def data_after(self, reference: DataReference | None) -> DataReference | None:
        """The data with the cure."""
        return self.data(reference) if self.data is not None and reference is not None else reference

    @property
    def can_be_tried(self) -> bool:
        """Whether a run can go on with it as it is: what changes the data needs a new one."""
        return self.data is None


@dataclass(frozen=True)
class Patient:
    """What cures are made for: the finding, the drawn network as it is resolved, the plan, and the data, where it is
    chosen."""

    diagnosis: Diagnosis
    resolution: Resolution
    plan: Plan
    data: DataReference | None = None

    @property
    def flat(self) -> Network:
        return self.resolution.flat

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that the finding is about, by their ids in the plain network, those that are still there."""
        named = self.diagnosis.evidence.get("nodes") or ([self.diagnosis.node] if self.diagnosis.node else [])
        return tuple(id for id in named if id in self.flat.nodes)


def cures(
    diagnosis: Diagnosis,
    resolution: Resolution,
    plan: Plan,
    data: DataReference | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> tuple[Cure, ...]:
    """What may mend a finding, the likeliest first. Every one was tried: the network that it leaves has no problem that
    was not there before.

    Args:
        resolution: of the whole drawn network, as it is now.
        wanted: asked again and again; False ends the search with what was found.

    Takes as long as it takes to resolve the network a few times: for a background thread.
    """
    from nnstudio.diagnose.prescribing import prescribed

    patient = Patient(diagnosis, resolution, plan, data)
    found: list[Cure] = []
    for cure in prescribed(patient):
        if not wanted() or len(found) >= MOST:
            break
        tried = _tried(patient, cure)
        if tried is not None and tried.title not in {other.title for other in found}:
            found.append(tried)
    return tuple(found)


def _tried(patient: Patient, cure: Cure) -> Cure | None:
    """The cure, if it can be done, changes something, and brings no new problem."""
    from nnstudio.compile.resolve import resolve

    before = patient.resolution
    try:
        network, plan, data = (
            cure.network_after(before.network), cure.plan_after(patient.plan), cure.data_after(patient.data),
        )  # fmt: skip
    except (EditError, ParameterError, DataError, KeyError, StopIteration):
        return None
    if network is before.network and plan == patient.plan and data == patient.data:
        return None
    if network is before.network and plan == patient.plan:
        return cure
    after = resolve(network, before.fields, before) if network is not before.network else before
    known = {(problem.node, problem.code, problem.port) for problem in before.problems}
    if any((problem.node, problem.code, problem.port) not in known for problem in after.problems):
        return None
    if set(_caveats(after, plan)) - set(_caveats(before, patient.plan)):
        return None
    return replace(cure, parameters=after.parameters - before.parameters)


def _caveats(resolution: Resolution, plan: Plan) -> Iterator[str]:
    """What can be said against a network and a plan before the first step."""
    from nnstudio.diagnose.case import Case
    from nnstudio.diagnose.rules import before_training

    case = Case(network=resolution.flat, given=plan, shared=resolution.expansion.shared)
    return (one.code for one in before_training(case))
