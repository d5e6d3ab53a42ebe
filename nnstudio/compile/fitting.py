"""Whether a type fits a port, and what comes out of layers that are fed so, wherever they stand."""

from __future__ import annotations

from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.compile.shapes import evaluate
from nnstudio.layers import AnyLayer, Layer, TensorType


def output_of(layer: Layer, fed: TensorType) -> TensorType | None:
    """What the first output of a layer with one input is when it is fed so; None where it does not work."""
    ports = iter(layer.inputs.items())
    first = next(ports, None)
    if first is None:
        return None
    name, port = first
    bindings = Bindings()
    try:
        matched = match(name, port, fed, bindings)
    except MismatchError:
        return None
    rest = {other: None for other, each in ports if each.optional}
    if len(rest) + 1 != len(layer.inputs):
        return None
    result = evaluate(layer, {name: (matched,) if port.many else matched, **rest}, bindings)
    return next(iter(result.outputs.values()), None) if result.outputs else None


def through(layers: tuple[Layer, ...], fed: TensorType) -> TensorType | None:
    """What comes out of a chain of layers; None where one does not work."""
    type: TensorType | None = fed
    for layer in layers:
        if type is None:
            return None
        type = output_of(layer, type)
    return type


def fits(layer: AnyLayer, port: str, type: TensorType) -> bool:
    """Whether a type fits one port of a layer, looked at by itself."""
    if port not in layer.inputs:
        return False
    try:
        match(port, layer.inputs[port], type)
    except MismatchError:
        return False
    return True
