"""What comes out of one layer: torch itself says so, in a trial run.

Sizes that are known only at run time are found by running at several values of each symbol.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nnstudio.compile import instantiate
from nnstudio.compile.patterns import Bindings, labels_out
from nnstudio.layers import Arg, Axis, BuildError, Call, Function, Layer, Symbol, TensorType
from nnstudio.layers.base import Built
from nnstudio.layers.types import Size, product

if TYPE_CHECKING:
    import torch

Inputs = Mapping[str, TensorType | tuple[TensorType, ...] | None]
#: The longest step of a window along an axis of unknown length that is recognised.
_LONGEST_STEP = 24

_FOLDED = "needs one answer for each sample; it is fed one for each step of each sample"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one layer is on given inputs: what it builds, its output types by port, its parameter count.

    Where it cannot be, ``error`` says why and ``hint`` what to do.
    """

    built: Built = None
    outputs: Mapping[str, TensorType] | None = None
    parameters: int = 0
    error: str = ""
    hint: str = ""


def evaluate(layer: Layer, inputs: Inputs, bindings: Bindings) -> Evaluated:
    """Build ``layer`` and run it on inputs of these types. Raises nothing."""
    if layer.role in ("loss", "metric") and any(type.is_folded for type in _flat(inputs)):
        return Evaluated(error=_FOLDED, hint="put an UnfoldTime before it, fed with the sequence that was folded")
    try:
        built = layer.build(**inputs)
    except BuildError as error:
        return Evaluated(error=error.message, hint=error.hint)
    except KeyError as error:
        return Evaluated(error=f"cannot use an input of this type: {error.args[0]}")
    try:
        if isinstance(built, Call | Function) and layer.role != "metric":
            outputs, parameters = _run(layer, built, inputs, bindings)
            return Evaluated(built, outputs, parameters)
        return Evaluated(built, {})
    except _DependsOnSeveralError as error:
        return Evaluated(built, error=str(error))
    except Exception as error:  # whatever torch says of a layer is a problem for the person, not an exception
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Evaluated(built, error=f"cannot work on this input: {reason}")


class _DependsOnSeveralError(ValueError):
    """One output size depends on several symbols."""


def _flat(inputs: Inputs) -> list[TensorType]:
    flat: list[TensorType] = []
    for value in inputs.values():
        flat.extend(value if isinstance(value, tuple) else [value] if value is not None else [])
    return flat


def _run(
    layer: Layer, built: Call | Function, inputs: Inputs, bindings: Bindings
) -> tuple[Mapping[str, TensorType], int]:
    from nnstudio.compile.trial import Trial

    flat = _flat(inputs)
    symbols = sorted(frozenset().union(*(type.symbols for type in flat)))
    arriving = _arriving(flat)
    trial = Trial(layer, built, _plain(inputs, arriving), symbols)
    points, results = trial.run()
    if len(results[0]) != len(layer.outputs):
        raise ValueError(f"it gives {len(results[0])} outputs, {len(layer.outputs)} are declared")
    outputs, labelled = {}, layer.output_labels(inputs)
    known = dict.fromkeys(size for type in _flat(trial.inputs) for size in type.sizes if isinstance(size, Symbol))
    for place, (name, port) in enumerate(layer.outputs.items()):
        shapes = [tuple(result[place].shape) for result in results]
        labels = labelled.get(name) or labels_out(port, len(shapes[0]), tuple(flat), bindings)
        sizes = [
            _placed(_size(symbols, points, [shape[axis] for shape in shapes], known), arriving)
            for axis in range(len(shapes[0]))
        ]
        axes = tuple(Axis(label, size) for label, size in zip(labels, sizes, strict=True))
        dtype = str(results[0][place].dtype).removeprefix("torch.")
        outputs[name] = TensorType(axes, dtype, _codes(layer, flat, dtype))
    return outputs, trial.parameters


def _codes(layer: Layer, inputs: Sequence[TensorType], dtype: str) -> int | None:
    """How many different codes there are in what comes out of a layer that only moves numbers about."""
    kinds = {type.classes for type in inputs if type.dtype == dtype} if layer.keeps_codes else set()
    return kinds.pop() if len(kinds) == 1 else None


def _arriving(types: Sequence[TensorType]) -> Mapping[str, Symbol]:
    """Symbols that stand for one and the same rounded size wherever they are, by name. A layer is then looked at as it
    works on that size, whatever came before it."""
    seen: dict[str, set[Symbol]] = {}
    for size in (size for type in types for size in type.sizes if isinstance(size, Symbol)):
        for name in size.names:
            seen.setdefault(name, set()).add(size)
    one = {name: next(iter(sizes)) for name, sizes in seen.items() if len(sizes) == 1}
    return {
        name: size
        for name, size in one.items()
        if name == size.name and all(other in one for other in size.names)
        if size != _symbol(name, Fraction(1), Fraction(0))
    }


def _plain(inputs: Inputs, arriving: Mapping[str, Symbol]) -> Inputs:
    """The same inputs with a plain symbol in the place of each of these."""

    def plain(type: TensorType) -> TensorType:
        axes = (
            Axis(axis.label, _symbol(axis.size.name, Fraction(1), Fraction(0)))
            if isinstance(axis.size, Symbol) and axis.size.name in arriving
            else axis
            for axis in type.axes
        )
        return TensorType(tuple(axes), type.dtype, type.classes)

    if not arriving:
        return inputs
    return {
        name: tuple(map(plain, value)) if isinstance(value, tuple) else None if value is None else plain(value)
        for name, value in inputs.items()
    }


def _placed(size: Size, arriving: Mapping[str, Symbol]) -> Size:
    """A size that was told of a plain symbol, for what really arrives."""
    if isinstance(size, int):
        return size
    if size.by:
        parts = (replace(size, by=()), *size.by)
        return functools.reduce(product, (_placed(part, arriving) for part in parts))
    if size.name not in arriving:
        return size
    whole = size.of(arriving[size.name])
    if whole is None:
        raise _DependsOnSeveralError(
            f"one of its sizes is {size} of {arriving[size.name]}, which is rounded twice and cannot be followed"
        )
    return whole


def _size(
    symbols: Sequence[str], points: Sequence[Mapping[str, int]], sizes: Sequence[int], known: Iterable[Symbol]
) -> Size:
    if len(points) == 1 and symbols:  # the one run told by itself
        return _symbol("N", Fraction(1), Fraction(0)) if sizes[0] == points[0]["N"] else sizes[0]
    base = points[0]
    moved = {
        name
        for point, size in zip(points, sizes, strict=True)
        for name in symbols
        if point[name] != base[name] and size != sizes[0]
    }
    if not moved:
        return sizes[0]
    known = tuple(known)
    pairs = (product(one, other) for one, other in itertools.permutations(known, 2)) if len(moved) > 1 else ()
    for symbol in itertools.chain(known, pairs):  # most layers give an axis back as it came
        if isinstance(symbol, Symbol) and all(symbol.at(p) == size for p, size in zip(points, sizes, strict=True)):
            return symbol
    if len(moved) > 1:
        raise _DependsOnSeveralError(
            "one of its sizes depends on several unknown sizes at once, which cannot be followed"
        )
    (name,) = moved
    seen = {
        point[name]: size
        for point, size in zip(points, sizes, strict=True)
        if all(point[other] == base[other] for other in symbols if other != name)
    }
    return _followed(name, tuple(sorted(seen.items())))


@functools.cache
def _symbol(name: str, scale: Fraction, offset: Fraction) -> Symbol:
    """One object for each symbol, so that comparing types is mostly comparing identities."""
    return Symbol(name, scale, offset)


def is_followed(seen: Mapping[int, int]) -> bool:
    """Whether it is clear how a size follows a length, from the sizes seen at some lengths."""
    try:
        _followed("T", tuple(sorted(seen.items())))
    except _DependsOnSeveralError:
        return False
    return True


def _followed(name: str, seen: tuple[tuple[int, int], ...]) -> Symbol:
    """The symbol that has each of these sizes at each of these lengths. _DependsOnSeveralError where there is none.

    A size in steps (a window that is moved by two) is ``k · ⌊(aT + b) / c⌋ + d``: k divides every difference; a / c is
    the growth over the longest stretch, with the smallest c that fits; b follows from every size being rounded down.
    """
    (low, first), (high, last) = seen[0], seen[-1]
    straight = Fraction(last - first, high - low)
    if straight.denominator == 1 and all(size == first + straight * (at - low) for at, size in seen):
        return _symbol(name, straight, first - straight * low)
    times = math.gcd(*(size - first for _, size in seen)) or 1
    steps = [(at, (size - first) // times) for at, size in seen]
    run = next((place for place, (at, _) in enumerate(seen) if at != low + place), len(seen))  # lengths without a gap
    for under in range(2, min(_LONGEST_STEP, run // 2) + 1):
        pairs = [(now, dict(steps).get(at + under)) for at, now in steps]
        growths = {then - now for now, then in pairs if then is not None}
        if len(growths) != 1:
            continue
        over = growths.pop()
        least = max(under * size - over * at for at, size in steps)
        most = min(under * size + under - 1 - over * at for at, size in steps)
        if least <= most:
            return Symbol(name, Fraction(over, under), Fraction(least, under), times, first)
    raise _DependsOnSeveralError(
        f"one of its sizes follows {name} in a way that cannot be told before it runs"
        f" ({', '.join(f'{size} at {name} = {at}' for at, size in seen[:3])})"
    )


@dataclass(frozen=True, slots=True)
class Runner:
    """Calls what a layer builds with values by input port."""

    run: Callable[[Mapping[str, Any]], Any]
    module: torch.nn.Module | None

    def __call__(self, values: Mapping[str, Any]) -> Any:
        return self.run(values)


def runner(layer: Layer, built: Call | Function) -> Runner:
    """Make what ``built`` names (on torch's present default device)."""
    if isinstance(built, Function):
        return Runner(lambda values: apply(built, values), None)
    module = instantiate.make_module(built, (), layer)
    return Runner(lambda values: module(*arguments(layer, values)), module)


def arguments(layer: Layer, values: Mapping[str, Any]) -> list[Any]:
    """Positional arguments for a module: ports in order, a port for many as several, trailing missing ones cut."""
    flat: list[Any] = []
    for name, port in layer.inputs.items():
        value = values.get(name)
        if port.many:
            flat.extend(value or ())
        else:
            flat.append(value)
    while flat and flat[-1] is None:
        flat.pop()
    return flat


def apply(built: Function, values: Mapping[str, Any], call: Callable[..., Any] | None = None) -> Any:
    """Work out a `Function` on values by input port; ``call(function, args, kwargs)`` replaces the plain call."""

    def value_of(item: Any) -> Any:
        if isinstance(item, Arg):
            value = values[item.port]
            return value if item.index is None else value[item.index]
        if isinstance(item, Function):
            return apply(item, values, call)
        if isinstance(item, tuple):
            return tuple(value_of(each) for each in item)
        return item

    target = instantiate.function(built.target)
    args = tuple(map(value_of, built.args))
    kwargs = {name: value_of(item) for name, item in built.kwargs}
    return target(*args, **kwargs) if call is None else call(target, args, kwargs)
