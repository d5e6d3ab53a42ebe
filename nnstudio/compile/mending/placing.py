"""Fixes for a problem wherever it is: in the whole network, or in a block's definition, which is then edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnstudio.compile.mending.ranking import Again, ranked
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph import Fix, Problem
from nnstudio.graph.blocks import in_block
from nnstudio.graph.edits import Edit


def opened(whole: Resolution, block: str = "", path: str = "") -> Resolution | None:
    """What is known inside a block (of this definition, in this place), or of the whole network."""
    if not block:
        return whole
    inside = whole.inside(path) if path else None
    return inside if inside is not None else whole.definition(block)


def again_in(whole: Resolution, block: str = "", path: str = "") -> Again:
    """A function that resolves the whole network after an edit of a block's definition, and tells of its inside.

    KeyError where the edit takes the block away.
    """

    def again(edit: Edit) -> Resolution:
        placed = in_block(block, edit) if block else edit
        after = opened(resolve(placed(whole.network), whole.fields, whole), block, path)
        assert after is not None
        return after

    return again


def fixes_of(
    whole: Resolution, problem: Problem, block: str = "", path: str = "", wanted: Callable[[], bool] = lambda: True
) -> tuple[Fix, ...]:
    """Ranked fixes of a problem that was found inside a block's definition (in the whole network, where ``block`` is
    "").

    Their edits are of that definition. Where the problem of a whole network stands inside a block, they are edits of
    the whole that go into the block's definition, and their titles say so. ``wanted``: see :func:`ranked`.
    """
    inside = opened(whole, block, path)
    if inside is None:
        return ()
    if not problem.path:
        return ranked(inside, problem, again_in(whole, block, path), wanted)
    where, _, id = problem.path.rpartition("/")
    deeper = inside.inside(where)
    known = inside.expansion.opened.get(where)
    if deeper is None or known is None:
        return ()
    name = known.definition
    same = next((other for other in deeper.problems_of(id) if other.code == problem.code and not other.path), None)
    if same is None:
        return ()
    place = f"{path}/{where}" if path else where
    found = ranked(deeper, same, again_in(whole, name, place if not block or path else ""), wanted)
    return tuple(replace(fix, title=f"{fix.title}, in {name}", edit=in_block(name, fix.edit)) for fix in found)
