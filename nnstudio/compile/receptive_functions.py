"""What plain functions do to receptive fields: arithmetic, reductions, cutting, moving and enlarging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from nnstudio.compile import reach
from nnstudio.compile.reach import Reach, Span
from nnstudio.compile.resampling import resampled
from nnstudio.layers import Arg, Function, TensorType

#: Functions that work number by number, or leave out numbers where they are.
_BY_NUMBER = frozenset(
    """add sub mul truediv div neg pow abs exp log sqrt square clamp relu sigmoid tanh where maximum minimum sign
    reciprocal rsqrt sin cos tan asin acos atan sinh cosh erf floor ceil round trunc frac expm1 log1p remainder lerp
    eq ne lt le gt ge logical_and logical_or logical_xor logical_not masked_fill addcmul addcdiv atan2 triu tril
    float double half long int bool contiguous detach""".split()
)
#: Functions that look at the shape of what they are given, and at no number of it.
_SHAPE_ONLY = frozenset(("full_like", "ones_like", "zeros_like"))
_REDUCTIONS = frozenset(
    """sum mean prod amax amin var std logsumexp argmax argmin any all count_nonzero norm median
    vector_norm""".split()
)
#: Functions whose numbers come from all places of one axis, or lie elsewhere along it.
_ALONG_ONE = frozenset("softmax log_softmax normalize cumsum cumprod sort topk roll flip".split())


@dataclass(frozen=True, slots=True)
class _Asked:
    """A function of one tensor: the values it is called with, in order and by name, and what goes in and out."""

    values: list[Any]
    keywords: Mapping[str, Any]
    reach: Reach
    type: TensorType
    out: TensorType
    place: int

    def value(self, at: int, name: str, default: Any = None) -> Any:
        return self.values[at] if at < len(self.values) else self.keywords.get(name, default)


class _Rule(Protocol):
    def __call__(self, asked: _Asked, /) -> Reach: ...


def of_function(built: Function, fed: list[tuple[Reach, TensorType]], out: TensorType, place: int = 0) -> Reach:
    """What output ``place`` of a function sees; see :func:`nnstudio.compile.receptive.behind`."""
    if not any(_looked_at(built)):
        return {}
    name = built.target.rpartition(".")[2]
    if all(function.target.rpartition(".")[2] in _BY_NUMBER | _SHAPE_ONLY for function in built.functions()):
        return reach.union([_aligned(part, type, out) for part, type in fed], out)
    first, type = fed[0]
    both = reach.union([part for part, _ in fed], out)
    if any(isinstance(item, Function) for item in (*built.args, *(value for _, value in built.kwargs))):
        return reach.untold(both)
    values = [item for item in built.args if not isinstance(item, Arg)]
    keywords = dict(built.kwargs)
    if name == "cat":
        return reach.mixed(both, [keywords.get("dim", 0) % out.rank])
    rule = _RULES.get(name)
    if len(fed) > 1 or rule is None:
        return reach.untold(both)
    return rule(_Asked(values, keywords, first, type, out, place))


def _looked_at(value: Any) -> Iterator[bool]:
    """One for each tensor whose numbers are looked at."""
    if isinstance(value, Arg):
        yield True
    elif isinstance(value, Function) and value.target.rpartition(".")[2] not in _SHAPE_ONLY:
        for item in (*value.args, *(each for _, each in value.kwargs)):
            yield from _looked_at(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _looked_at(item)


def _aligned(part: Reach, type: TensorType, out: TensorType) -> Reach:
    """Axes are aligned at the end where sizes are spread against each other."""
    ahead = out.rank - type.rank
    return reach.moved(part, {axis: axis + ahead for axis in range(type.rank)}) if ahead else part


def _axes(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _flattened(at: _Asked) -> Reach:
    rank = at.type.rank
    return reach.joined(at.reach, at.value(0, "start_dim", 0) % rank, at.value(1, "end_dim", -1) % rank)


def _permuted(at: _Asked) -> Reach:
    return reach.moved(at.reach, {axis % at.type.rank: place for place, axis in enumerate(at.value(0, "dims"))})


def _transposed(at: _Asked) -> Reach:
    rank = at.type.rank
    first, second = at.value(0, "dim0") % rank, at.value(1, "dim1") % rank
    return reach.moved(at.reach, {axis: axis for axis in range(rank)} | {first: second, second: first})


def _unsqueezed(at: _Asked) -> Reach:
    new = at.value(0, "dim") % at.out.rank
    return reach.moved(at.reach, {axis: axis + (axis >= new) for axis in range(at.type.rank)})


def _dropped(at: _Asked) -> Reach:
    """One place of an axis is picked, and the axis is gone: what is there stays as wide."""
    gone = at.value(0, "dim") % at.type.rank
    return reach.moved(at.reach, _without({gone}, at.type.rank))


def _without(gone: set[int], rank: int) -> dict[int, int | None]:
    left = [axis for axis in range(rank) if axis not in gone]
    return {axis: place for place, axis in enumerate(left)}


def _reduced(at: _Asked) -> Reach:
    dims = at.keywords.get("dim", at.values[0] if at.values else None)
    if dims is None:
        return reach.everything(at.reach)
    gone = {dim % at.type.rank for dim in _axes(dims)}
    found = reach.mixed(at.reach, gone)
    return found if at.keywords.get("keepdim") else reach.moved(found, _without(gone, at.type.rank))


def compared(seen: Reach, axis: int, rank: int, rank_after: int) -> Reach:
    """All along an axis becomes one number, and where there is an axis less, it is gone."""
    found = reach.mixed(seen, [axis])
    return reach.moved(found, _without({axis}, rank)) if rank_after < rank else found


def _normed(at: _Asked) -> Reach:
    dims = at.value(1, "dim")
    if dims is None:
        return reach.untold(at.reach)
    return _reduced(_Asked([dims], at.keywords, at.reach, at.type, at.out, 0))


def _along_one(at: _Asked) -> Reach:
    dims = at.keywords.get("dim", at.values[0] if at.values else None)
    if dims is None:
        return reach.untold(at.reach)
    return reach.mixed(at.reach, [dim % at.type.rank for dim in _axes(dims)])


def _rolled(at: _Asked) -> Reach:
    if at.value(0, "shifts") == 0:
        return at.reach
    return reach.mixed(at.reach, [axis % at.type.rank for axis in _axes(at.value(1, "dims"))])


def _topped(at: _Asked) -> Reach:
    return reach.mixed(at.reach, [at.value(1, "dim", -1) % at.type.rank])


def _reshaped(at: _Asked) -> Reach:
    if at.type.sizes == at.out.sizes:
        return at.reach
    if at.out.rank == 2 and at.type.has_batch and at.out.has_batch:
        return reach.joined(at.reach, 1, at.type.rank - 1)
    return reach.untold(at.reach)


def _on_axis(at: _Asked, axis: int, start: int | None, step: int = 1) -> Reach:
    """From ``start`` on, every ``step``-th place of an axis; None: it is not known from where on."""

    def change(span: Span) -> Span:
        return span.untold() if start is None else span.windows(1, step, -start)

    moved = {key: change(span) if span.axis == axis else span for key, span in at.reach.items()}
    return {key: span.untold() if span.joined == axis else span for key, span in moved.items()}


def _taken(at: _Asked) -> Reach:
    """A stretch of an axis, or places by their numbers."""
    asked = _axes(at.values[0])
    axis, kept = len(asked) - 1, asked[-1]
    size = at.type.sizes[axis]
    if any(each != slice(None) for each in asked[:-1]):
        return reach.untold(at.reach)
    if isinstance(kept, slice):
        start, step = kept.start or 0, kept.step or 1
        if isinstance(size, int):
            start, _, step = kept.indices(size)
        return _on_axis(at, axis, start if start >= 0 else None, step)
    places = list(kept) if isinstance(kept, tuple | list) else []
    if isinstance(size, int):
        places = [place % size for place in places]
    steps = {after - before for before, after in pairwise(places)} or {1}
    if not places or min(places) < 0 or len(steps) > 1 or min(steps) < 1:
        return reach.untold(at.reach, [axis])
    return _on_axis(at, axis, places[0], min(steps))


def _cut(at: _Asked) -> Reach:
    axis = at.value(1, "dim", 0) % at.type.rank
    size, parts = at.type.sizes[axis], at.value(0, "chunks")
    if isinstance(parts, tuple | list):
        known = [-1] if any(part < 0 for part in parts[: at.place]) else list(parts[: at.place])
        return _on_axis(at, axis, None if -1 in known else sum(known))
    return _on_axis(at, axis, at.place * (-(-size // parts)) if isinstance(size, int) else None if at.place else 0)


def _padded(at: _Asked) -> Reach:
    sides = at.value(0, "pad")
    found = at.reach
    for place in range(len(sides) // 2):
        axis = at.type.rank - 1 - place
        if sides[2 * place] or sides[2 * place + 1]:
            found = _on_axis(_Asked([], {}, found, at.type, at.out, 0), axis, -sides[2 * place])
    return found


def _interpolated(at: _Asked) -> Reach:
    mode = at.keywords.get("mode", "nearest")
    return {
        key: resampled(span, mode, at.type, at.out, span.axis)
        if span.axis is not None and span.axis >= 2
        else span.untold() if span.joined is not None and span.joined >= 2 else span
        for key, span in at.reach.items()
    }  # fmt: skip


def _interleaved(at: _Asked) -> Reach:
    """Each place is repeated."""
    axis, times = at.value(1, "dim") % at.type.rank, at.value(0, "repeats")
    slack = 1 - Fraction(1, times)
    return {
        key: span.scaled(Fraction(1, times), slack, slack) if span.axis == axis
        else span.untold() if span.joined == axis else span
        for key, span in at.reach.items()
    }  # fmt: skip


def _tiled(at: _Asked) -> Reach:
    times = at.value(0, "dims")
    return reach.untold(at.reach, [axis for axis, count in enumerate(times) if count != 1])


_RULES: Mapping[str, _Rule] = {
    **dict.fromkeys(_REDUCTIONS, _reduced), **dict.fromkeys(_ALONG_ONE, _along_one), "vector_norm": _normed,
    "flatten": _flattened, "permute": _permuted, "transpose": _transposed, "unsqueeze": _unsqueezed,
    "squeeze": _dropped, "select": _dropped, "reshape": _reshaped, "getitem": _taken, "split": _cut, "chunk": _cut,
    "pad": _padded, "interpolate": _interpolated, "roll": _rolled, "topk": _topped,
    "repeat_interleave": _interleaved, "tile": _tiled,
}  # fmt: skip
