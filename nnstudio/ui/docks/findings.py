"""All that is wrong with the network or with its training, as one list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnstudio.diagnose import BEFORE_CODES, grouped
from nnstudio.graph.problems import Problem
from nnstudio.train.events import Diagnosis, RunFailed
from nnstudio.ui.docks import numbers

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the network, a diagnosis or a failure of the run, as one row. severity: ``error`` or ``warning``."""

    severity: str
    node: str
    message: str
    hint: str
    problem: Problem | None = None
    source: str = ""
    diagnosis: Diagnosis | None = field(default=None, compare=False)


def findings(session: Session) -> list[Finding]:
    """All that is wrong: errors before warnings, in each the run's failure before the network's problems (those that
    stand first in the flow before what may follow from them) before diagnoses."""
    found: list[Finding] = []
    history, resolution = session.history, session.resolution
    if isinstance(history.ended, RunFailed):
        failure = history.ended
        found.append(Finding("error", failure.node, failure.message, failure.hint, source="run"))
    if resolution is not None:
        order = {id: place for place, id in enumerate(getattr(resolution, "order", ()))}
        flow = sorted(resolution.problems, key=lambda problem: order.get(problem.path or problem.node, len(order)))
        found += [Finding(p.severity, p.node, p.message, p.hint, p) for p in flow]
    found += [
        Finding("warning", each.node, each.message, each.hint, source="run", diagnosis=each)
        for each in diagnoses(session)
    ]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.severity != "error")


def diagnoses(session: Session) -> list[Diagnosis]:
    """What the doctor says, the likeliest root first: of the network, the plan and the data as they are now, then of
    the run. What the network's problems say already, and what follows from something else, is left out."""
    now = session.doctoring.before
    known = {problem.code for problem in session.resolution.problems} if session.resolution is not None else set()
    ran = [each for each in session.history.diagnoses if each.code not in BEFORE_CODES or not session.doctoring.looked]
    return [each.root for each in grouped([*now, *ran]) if each.root.code not in known]


def summary(found: list[Finding]) -> str:
    """How many there are: ``2 errors, 1 warning``."""
    errors = sum(finding.severity == "error" for finding in found)
    parts = [(errors, "error"), (len(found) - errors, "warning")]
    return ", ".join(numbers.count(number, word) for number, word in parts if number)
