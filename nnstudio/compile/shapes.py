"""What comes out of one layer: torch itself says so, in a trial run.

Sizes that are known only at run time are found by running at several values of each symbol.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nnstudio.compile import instantiate
from nnstudio.compile.patterns import Bindings, labels_out
from nnstudio.layers import Arg, Axis, BuildError, Call, Function, Layer, Symbol, TensorType
from nnstudio.layers.base import Built
from nnstudio.layers.types import Size

if TYPE_CHECKING:
    import torch

Inputs = Mapping[str, TensorType | tuple[TensorType, ...] | None]


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
    trial = Trial(layer, built, inputs, symbols)
    points, results = trial.run()
    if len(results[0]) != len(layer.outputs):
        raise ValueError(f"it gives {len(results[0])} outputs, {len(layer.outputs)} are declared")
    outputs, labelled = {}, layer.output_labels(inputs)
    for place, (name, port) in enumerate(layer.outputs.items()):
        shapes = [tuple(result[place].shape) for result in results]
        labels = labelled.get(name) or labels_out(port, len(shapes[0]), tuple(flat), bindings)
        sizes = [_size(symbols, points, [shape[axis] for shape in shapes]) for axis in range(len(shapes[0]))]
        axes = tuple(Axis(label, size) for label, size in zip(labels, sizes, strict=True))
        outputs[name] = TensorType(axes, str(results[0][place].dtype).removeprefix("torch."))
    return outputs, trial.parameters


def _size(symbols: Sequence[str], points: Sequence[Mapping[str, int]], sizes: Sequence[int]) -> Size:
    if len(points) == 1 and symbols:  # the one run told by itself
        return _symbol("N", Fraction(1), Fraction(0)) if sizes[0] == points[0]["N"] else sizes[0]
    moved = [place for place in range(1, len(points)) if sizes[place] != sizes[0]]
    if not moved:
        return sizes[0]
    if len(moved) > 1:
        raise _DependsOnSeveralError(
            "one of its sizes depends on several unknown sizes at once, which cannot be followed"
        )
    name = symbols[moved[0] - 1]
    low, high = points[0][name], points[moved[0]][name]
    scale = Fraction(sizes[moved[0]] - sizes[0], high - low)
    return _symbol(name, scale, sizes[0] - scale * low)


@functools.cache
def _symbol(name: str, scale: Fraction, offset: Fraction) -> Symbol:
    """One object for each symbol, so that comparing types is mostly comparing identities."""
    return Symbol(name, scale, offset)


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
