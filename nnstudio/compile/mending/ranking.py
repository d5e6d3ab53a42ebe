"""Which fixes a problem has: every candidate is tried on the network, and what mends it is offered, best first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from nnstudio.compile.mending import losses, sizes, wiring
from nnstudio.compile.mending.adapters import inserted, made
from nnstudio.compile.mending.case import Candidate, Case
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph import Fix, Problem
from nnstudio.graph.edits import Edit, EditError
from nnstudio.layers import ParameterError

#: How many fixes are offered, and when the search for more of them ends.
MOST, ENOUGH = 5, 2
#: How many candidates are tried at most, how many in a very large network, and after how many one fix is enough.
_TRIES, _FEWEST, _PATIENCE = 120, 24, 40

Again = Callable[[Edit], Resolution]
Stage = Callable[[Case], Iterable[Candidate]]
_Key = tuple[str, str, str]


def ranked(
    resolution: Resolution, problem: Problem, again: Again | None = None, wanted: Callable[[], bool] = lambda: True
) -> tuple[Fix, ...]:
    """Fixes of a problem that were tried and mend it, the best first: what leaves the fewest errors, then what takes
    nothing away, then the fewest new parameters, then the least change.

    Args:
        resolution: in which the problem was found.
        again: resolves the network after an edit, where that is more than the network alone (inside a block).
        wanted: asked again and again; False ends the search with what was found.

    No fix brings an error to a node that had none. Takes as long as it takes to resolve the network some dozen times.
    """

    def plain(edit: Edit) -> Resolution:
        return resolve(edit(resolution.network), resolution.fields, resolution, ports=resolution.ports)

    case = Case(resolution, problem)
    tried = _Trying(case, again or plain, wanted)
    stages = _stages(problem)
    for stage in stages:
        last = stage in _LAST  # few, and tried whatever was tried before
        if tried.clean >= ENOUGH or (tried.spent and (tried.clean or not last)):
            continue
        for candidate in stage(case):
            if tried.spent and not last:
                break
            tried(candidate)
    return tried.best()


@dataclass(frozen=True)
class _Tried:
    candidate: Candidate
    fix: Fix
    left: int
    warnings: int

    def rank(self) -> tuple[float, ...]:
        """What is sorted by; see :func:`ranked`."""
        growth = round(math.log2(1 + max(0, self.fix.parameters)) / 4)
        takes_away = self.candidate.tier >= 3
        return (self.left, takes_away, self.candidate.tier, self.warnings, growth, self.candidate.change)


class _Trying:
    """Tries candidates, and keeps those that mend the problem."""

    def __init__(self, case: Case, again: Again, wanted: Callable[[], bool]) -> None:
        self._case, self._again, self._wanted = case, again, wanted
        self._before = {_key(problem) for problem in case.resolution.errors}
        self._warned = len(case.resolution.problems) - len(case.resolution.errors)
        self._sound = {id for id, node in case.resolution.nodes.items() if node.ok or node.outputs}
        self._budget = max(_FEWEST, min(_TRIES, 400_000 // (len(case.network.nodes) + 1)))
        self._found: dict[str, _Tried] = {}
        self.clean = self.tries = 0

    @property
    def spent(self) -> bool:
        """Whether no more is to be tried."""
        return self._budget <= 0 or not self._wanted() or (self.clean > 0 and self.tries >= _PATIENCE)

    def __call__(self, candidate: Candidate) -> None:
        if candidate.title in self._found or not self._wanted():
            return
        self._budget -= 1
        self.tries += 1
        try:
            after = self._again(candidate.edit)
        except (EditError, ParameterError, KeyError):
            return
        if after.network is self._case.network:
            return
        left = {_key(problem) for problem in after.errors}
        if not self._mended(after, left):
            return
        grown = after.parameters - self._case.resolution.parameters
        warnings = max(0, len(after.problems) - len(after.errors) - self._warned)
        fix = Fix(candidate.title, candidate.edit, grown, len(left))
        self._found[candidate.title] = _Tried(candidate, fix, len(left), warnings)
        self.clean += candidate.tier < 2 and (len(left) < len(self._before) or not left)

    def _mended(self, after: Resolution, left: set[_Key]) -> bool:
        """Whether the problem is gone and no error has come to a node that was sound, or in its place."""
        problem = self._case.problem
        if problem.severity != "error":
            same = [p for p in after.problems if (p.node, p.code) == (problem.node, problem.code)]
            everywhere = [p for p in after.problems if p.code == problem.code]
            gone = not everywhere if problem.code in ("no-loss", "no-output") else not same
            return gone and left <= self._before
        if _key(problem) in left:
            return False
        if problem.code == "cycle":
            return not any(code == "cycle" and node == problem.node for node, code, _ in left)
        known = self._case.network.nodes
        return not any(
            node == problem.node or node in self._sound or node not in known for node, _, _ in left - self._before
        )

    def best(self) -> tuple[Fix, ...]:
        """What was found, best first."""
        found = sorted(self._found.values(), key=_Tried.rank)
        whole = [each for each in found if each.candidate.tier < 3] or found
        best = [each for each in whole if each.left == whole[0].left]
        return tuple(each.fix for each in (best if len(best) > 1 else whole)[:MOST])


def _key(problem: Problem) -> _Key:
    return problem.node, problem.code, problem.port


def _flatten(case: Case) -> Iterator[Candidate]:
    flatten = made("Flatten")
    for wire in case.wires(case.problem.port or "input"):
        if flatten is not None:
            yield Candidate("Insert Flatten", inserted(wire, (flatten,)))


def _sized(case: Case) -> Iterator[Candidate]:
    yield from wiring.too_few(case)
    yield from wiring.alike(case)
    yield from losses.mismatch(case)
    yield from sizes.states(case)
    yield from sizes.apart(case)
    yield from sizes.together(case)


_LATER: tuple[Stage, ...] = (sizes.own_values, sizes.before, sizes.earlier_values, wiring.other_wires)
_LAST: tuple[Stage, ...] = (sizes.smaller_steps, wiring.without_node)
_STAGES: dict[str, tuple[Stage, ...]] = {
    "port": (wiring.unknown_port,),
    "doubled": (wiring.doubled,),
    "unconnected": (wiring.unconnected,),
    "rank": (wiring.alike, sizes.rank, losses.mismatch, *_LATER, *_LAST),
    "dtype": (
        wiring.alike,
        losses.dtype,
        sizes.dtype,
        sizes.own_values,
        wiring.other_wires,
        sizes.earlier_values,
        *_LAST,
    ),
    "size": (_sized, *_LATER, *_LAST),
    "linear-on-image": (_flatten,),
    "softmax-before-loss": (losses.softmax,),
    "no-field": (wiring.no_field, wiring.without_node),
    "no-shape": (wiring.no_shape,),
    "no-loss": (losses.missing_loss,),
    "no-output": (losses.missing_output,),
    "unused": (wiring.unused,),
    "frozen": (wiring.unfrozen,),
    "cycle": (wiring.cycle,),
    "unknown-layer": (wiring.unknown_layer,),
}


def _stages(problem: Problem) -> tuple[Stage, ...]:
    return _STAGES.get(problem.code, (_sized, *_LATER, *_LAST))


__all__ = ["Again", "ranked"]
