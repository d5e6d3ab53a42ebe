"""What an edit will do, before it is done: to the sizes downstream, to the problems and to the parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nnstudio.compile.figures import count_text
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph import Problem, Wire
from nnstudio.graph.edits import Edit, EditError
from nnstudio.layers import ParameterError, TensorType

Types = Mapping[str, TensorType]


@dataclass(frozen=True)
class Preview:
    """What an edit does.

    changed: for each node that is there before and after and puts out something else, its output types before and
    after, by port. wires: what then flows along wires that are there now and carry something else (None: it is not
    known). new, solved: problems that come and go. parameters: trainable numbers before and after. refused: why the
    edit cannot be made, "" where it can.
    """

    changed: Mapping[str, tuple[Types, Types]] = field(default_factory=dict)
    wires: Mapping[Wire, TensorType | None] = field(default_factory=dict)
    new: tuple[Problem, ...] = ()
    solved: tuple[Problem, ...] = ()
    parameters: tuple[int, int] = (0, 0)
    refused: str = ""

    @property
    def growth(self) -> int:
        """How many more parameters there are."""
        return self.parameters[1] - self.parameters[0]

    def sentence(self) -> str:
        """In a line: ``12 nodes change; 1 new problem: …; +4.2 k parameters``."""
        if self.refused:
            return self.refused
        parts = []
        if self.changed:
            parts.append(f"{len(self.changed)} {'node changes' if len(self.changed) == 1 else 'nodes change'}")
        if self.new:
            more = f"{len(self.new)} new {'problem' if len(self.new) == 1 else 'problems'}"
            parts.append(f"{more}: {self.new[0].message}")
        if self.solved:
            parts.append(f"{len(self.solved)} {'problem' if len(self.solved) == 1 else 'problems'} solved")
        if self.growth:
            parts.append(f"{'+' if self.growth > 0 else '−'}{count_text(abs(self.growth))} parameters")
        return "; ".join(parts) or "no sizes change"


def preview(resolution: Resolution, edit: Edit, again: Callable[[Edit], Resolution] | None = None) -> Preview:
    """What an edit of a resolved network does. Changes nothing, and raises nothing for an edit that cannot be made.

    again: resolves after the edit, where that is more than the network alone (see `mending.placing.again_in`).
    """
    try:
        if again is not None:
            after = again(edit)
        else:
            after = resolve(edit(resolution.network), resolution.fields, resolution, ports=resolution.ports)
    except (EditError, ParameterError) as error:
        return Preview(refused=str(error), parameters=(resolution.parameters, resolution.parameters))
    changed = {}
    for id in resolution.network.nodes:
        before, now = resolution.nodes.get(id), after.nodes.get(id)
        if before is not None and now is not None and id in after.network.nodes and before.outputs != now.outputs:
            changed[id] = (before.outputs, now.outputs)
    wires = {
        wire: after.wire_type(wire)
        for wire in resolution.network.wires
        if wire.source in changed and resolution.wire_type(wire) != after.wire_type(wire)
    }
    was = {_key(problem) for problem in resolution.problems}
    then = {_key(problem) for problem in after.problems}
    return Preview(
        changed,
        wires,
        tuple(problem for problem in after.problems if _key(problem) not in was),
        tuple(problem for problem in resolution.problems if _key(problem) not in then),
        (resolution.parameters, after.parameters),
    )


def _key(problem: Problem) -> tuple[str, str, str, str]:
    return problem.node, problem.code, problem.port, problem.path
