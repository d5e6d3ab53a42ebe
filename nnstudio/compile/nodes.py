"""One node resolved: what a layer is when it is fed so, worked out once wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nnstudio.compile import fixes
from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.compile.shapes import Evaluated, Inputs, evaluate
from nnstudio.graph import Node, Problem
from nnstudio.layers import AnyLayer, Layer, TensorType
from nnstudio.layers.base import Built
from nnstudio.layers.io import Input, Noise


@dataclass(frozen=True, slots=True)
class Resolved:
    """One node resolved. ``outputs`` is empty where the node, or one before it, has an error."""

    layer: AnyLayer
    built: Built = None
    inputs: Inputs = field(default_factory=dict)
    outputs: Mapping[str, TensorType] = field(default_factory=dict)
    parameters: int = 0
    problems: tuple[Problem, ...] = ()
    ok: bool = False
    #: what it was worked out from, to see whether it still holds
    fed: tuple[tuple[str, TensorType | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Worked:
    """What a layer is when fed so, wherever it stands: ``resolved`` where all is well, else its inputs as its patterns
    label them and what came of them, or the port (and type) that does not fit."""

    inputs: Inputs
    evaluated: Evaluated
    mismatch: tuple[str, MismatchError, TensorType] | None = None
    resolved: Resolved | None = None
    suspect: bool = False


Fed = tuple[tuple[str, TensorType | None], ...]
MEMORY: dict[tuple[Layer, Fed], Worked] = {}
TYPES: dict[TensorType, TensorType] = {}
MEMORY_LIMIT = 8192


def forget() -> None:
    """Empty the memory of layers that were worked out (for benchmarks, and for plugins that are reloaded)."""
    MEMORY.clear()
    TYPES.clear()


def _shared(evaluated: Evaluated) -> Evaluated:
    """The same with one object for equal output types, so that comparing them is comparing identities."""
    if evaluated.outputs is None:
        return evaluated
    outputs = {name: TYPES.setdefault(type, type) for name, type in evaluated.outputs.items()}
    return replace(evaluated, outputs=outputs)


def work(layer: Layer, fed: Fed) -> Worked:
    """Label what is fed, build the layer on it and remember what came of it."""
    bindings = Bindings()
    inputs: dict[str, TensorType | tuple[TensorType, ...] | None] = {}
    worked = None
    for name, port in layer.inputs.items():
        arriving = [type for at, type in fed if at == name and type is not None]
        try:
            matched = tuple(match(name, port, type, bindings) for type in arriving)
        except MismatchError as mismatch:
            worked = Worked(inputs, Evaluated(), (name, mismatch, arriving[0]))
            break
        inputs[name] = matched if port.many else (matched[0] if matched else None)
    if worked is None:
        result = _shared(evaluate(layer, inputs, bindings))
        resolved = None
        if result.outputs is not None:
            resolved = Resolved(layer, result.built, inputs, result.outputs, result.parameters, ok=True, fed=fed)
        worked = Worked(inputs, result, None, resolved, fixes.is_suspect(layer, inputs))
    if len(MEMORY) >= MEMORY_LIMIT:
        forget()
    MEMORY[layer, fed] = worked
    return worked


def resolve_source(
    node: Node,
    layer: Input | Noise,
    fields: Mapping[str, TensorType],
    fed: Fed,
) -> Resolved:
    type = layer.own_type()
    if isinstance(layer, Input) and fields:
        type = fields.get(layer.field)
    if type is None:
        assert isinstance(layer, Input)
        return Resolved(layer, problems=(fixes.unbound_problem(node, layer, fields),), fed=fed)
    built = layer.build()
    return Resolved(layer, built, {}, {"output": TYPES.setdefault(type, type)}, ok=True, fed=fed)
