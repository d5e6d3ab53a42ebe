"""All that is wrong with the network or with its training, as one list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnstudio.diagnose.failing import failure
from nnstudio.graph.problems import Problem
from nnstudio.train.events import Diagnosis, RunFailed
from nnstudio.ui.docks import numbers
from nnstudio.ui.fix_buttons import PRIVATE
from nnstudio.ui.inspect_private import private_problems

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
        ended = history.ended
        cured = None if session.doctoring.diagnoses else failure(history)
        found.append(Finding("error", ended.node, ended.message, ended.hint, source="run", diagnosis=cured))
    if resolution is not None:
        found += [Finding(p.severity, p.node, p.message, p.hint, p) for p in resolution.in_flow]
    for wrong in private_problems(session):
        fixes = (wrong.fix,) if wrong.fix is not None else ()
        problem = Problem(wrong.node.split("/")[0], PRIVATE, wrong.message, wrong.hint, fixes=fixes, path=wrong.node)
        found.append(Finding("error", problem.node, problem.message, problem.hint, problem))
    found += [
        Finding("warning", each.node, each.message, each.hint, source="run", diagnosis=each)
        for each in session.doctoring.diagnoses
    ]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.severity != "error")


def summary(found: list[Finding]) -> str:
    """How many there are: ``2 errors, 1 warning``."""
    errors = sum(finding.severity == "error" for finding in found)
    parts = [(errors, "error"), (len(found) - errors, "warning")]
    return ", ".join(numbers.count(number, word) for number, word in parts if number)
