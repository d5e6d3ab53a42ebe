"""Which layer a plain expression of forward is: ``a + b`` an Add, ``torch.flatten(x, 1)`` a Flatten.

Nothing is looked up in a table: a layer fits when what it would be printed as says the same as what was written.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.export.code_reading import dotted, trouble
from nnstudio.export.python_values import function_text
from nnstudio.layers import Function, Layer, TensorType, load

#: An output port of a node: (node id, port).
Origin = tuple[str, str]
#: The meaning of an expression as nested tuples, with origins in the place of names.
Meaning = tuple[Any, ...]

_SIGNS: Mapping[type[ast.operator], str] = {
    ast.Add: "operator.add", ast.Sub: "operator.sub", ast.Mult: "operator.mul", ast.Div: "operator.truediv",
    ast.MatMult: "operator.matmul", ast.Pow: "operator.pow",
}  # fmt: skip
_CASTS = frozenset({"float", "double", "half", "bfloat16", "long", "int", "bool"})
_PACKAGES = frozenset({"torch", "nn", "F", "self"})
#: Functions that are drawn as the module of another name; most have the module's name in lower case.
_MODULES = {
    "relu": "ReLU", "relu6": "ReLU6", "sigmoid": "Sigmoid", "tanh": "Tanh", "gelu": "GELU", "silu": "SiLU",
    "elu": "ELU", "selu": "SELU", "leaky_relu": "LeakyReLU", "softplus": "Softplus", "mish": "Mish",
    "hardswish": "Hardswish", "hardsigmoid": "Hardsigmoid", "max_pool1d": "MaxPool1d", "max_pool2d": "MaxPool2d",
    "avg_pool1d": "AvgPool1d", "avg_pool2d": "AvgPool2d", "adaptive_avg_pool2d": "AdaptiveAvgPool2d",
    "dropout": "Dropout", "softmax": "Softmax", "log_softmax": "LogSoftmax", "logsigmoid": "LogSigmoid",
}  # fmt: skip
_ROUNDS = 4


def meaning(tree: ast.expr, origin: Callable[[ast.Name], Any]) -> Meaning:
    """What an expression says, whether its arguments are named or not and whether it is written as a method or not.

    CodeError where it holds what cannot be drawn.
    """

    def of(each: ast.expr) -> Meaning:
        return meaning(each, origin)

    match tree:
        case ast.Name():
            return ("from", origin(tree))
        case ast.Constant(value=value):
            return ("value", type(value).__name__, value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return ("value", type(value).__name__, -value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ("call", "operator.neg", of(operand))
        case ast.Tuple(elts=[ast.Constant() | ast.UnaryOp() as only]) | ast.List(elts=[ast.Constant() as only]):
            return of(only)  # one axis, said as a list of one
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return ("several", *map(of, elements))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            return ("call", _SIGNS[type(op)], of(left), of(right))
        case ast.Subscript(value=value, slice=index):
            return ("call", "operator.getitem", of(value), of(index))
        case ast.Slice(lower=lower, upper=upper, step=step):
            return ("slice", *(of(each) if each is not None else None for each in (lower, upper, step)))
        case ast.Attribute() if dotted(tree).startswith("torch."):
            return ("value", "name", dotted(tree))
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)]):
            return ("value", "float", float(text))
        case ast.Call(func=ast.Attribute(value=value, attr=name) as called):
            given = [*tree.args, *(keyword.value for keyword in tree.keywords)]
            named = dotted(called)
            if named.partition(".")[0] in _PACKAGES:
                return ("call", named.replace("torch.nn.functional.", "torch.") if name in _MODULES else named,
                        *map(of, given))  # fmt: skip
            return ("call", f"torch.Tensor.{name}" if name in _CASTS else f"torch.{name}", *map(of, [value, *given]))
    raise trouble(tree, f"`{ast.unparse(tree)[:40]}` cannot be drawn; write what a layer does on a line of its own.")


def origins(of: Any) -> Iterator[Any]:
    """The origins in a meaning, in their order, each as often as it comes."""
    if isinstance(of, tuple):
        if len(of) == 2 and of[0] == "from":
            yield of[1]
        else:
            for each in of:
                yield from origins(each)


def without_origins(of: Any) -> Any:
    """A meaning without what it is of: what is done alone."""
    if isinstance(of, tuple):
        return ("from",) if len(of) == 2 and of[0] == "from" else tuple(map(without_origins, of))
    return of


def _values(of: Any) -> Iterator[Any]:
    """The plain values in a meaning, alone and as the tuples that they stand in."""
    if isinstance(of, tuple) and of:
        if of[0] == "value":
            yield of[2]
        elif of[0] == "several" and all(isinstance(each, tuple) and each[0] == "value" for each in of[1:]):
            yield tuple(each[2] for each in of[1:])
        for each in of:
            yield from _values(each)


@dataclass(frozen=True)
class Fit:
    """A layer and what feeds each of its inputs, in order."""

    layer: Layer
    fed: tuple[tuple[str, Origin], ...]


def fitting(wanted: Meaning, types: Mapping[Origin, TensorType], first: Sequence[Layer] = ()) -> Fit | None:
    """The layer that would be printed as what was written; those of ``first`` are tried before all others.

    types: what flows from each origin. None where there is no such layer.
    """
    module = _as_module(wanted)
    if module is not None:
        return module
    fresh = (cls() for cls in load() if cls.role == "layer")
    near: list[tuple[int, Fit]] = []
    for layer in [*first, *fresh]:
        for fed in _feedings(layer, list(origins(wanted))):
            said = _said(layer, fed, types)
            if said == wanted:
                return Fit(layer, fed)
            if said is not None and said[:2] == wanted[:2]:
                near.append((_distance(said, wanted), Fit(layer, fed)))
    return _nearest(near, wanted, types) or _nearest(_varied(wanted, types), wanted, types)


def _nearest(near: Iterable[tuple[int, Fit]], wanted: Meaning, types: Mapping[Origin, TensorType]) -> Fit | None:
    for distance, fit in sorted(near, key=lambda each: each[0]):
        found = fit if distance == 0 else _adjusted(fit, wanted, types)
        if found is not None:
            return found
    return None


def _varied(wanted: Meaning, types: Mapping[Origin, TensorType]) -> Iterator[tuple[int, Fit]]:
    """Layers that with a parameter other than its default are printed alike, though by default they are printed as
    something else (a Cast to another type) or cannot be built on this (a Chunk of more parts)."""
    given = list(origins(wanted))
    sizes = [size for origin in dict.fromkeys(given) if origin in types for size in types[origin].sizes]
    values = list(dict.fromkeys([*_values(wanted), *(size for size in sizes if isinstance(size, int))]))
    for cls in load():
        if cls.role != "layer":
            continue
        for fed in _feedings(cls(), given):
            for name, declared in cls.params.items():
                for value in [*values, *declared.choices]:
                    try:
                        layer = cls.make({name: value})
                    except ValueError:
                        continue
                    said = _said(layer, fed, types)
                    if said is not None and said[:2] == wanted[:2]:
                        yield _distance(said, wanted), Fit(layer, fed)


def _as_module(wanted: Meaning) -> Fit | None:
    name = str(wanted[1]).removeprefix("torch.") if wanted[0] == "call" else ""
    types = load()
    if name not in _MODULES or _MODULES[name] not in types or len(wanted) < 3 or wanted[2][0] != "from":
        return None
    layer = types[_MODULES[name]]()
    given = [each[2] for each in wanted[3:] if isinstance(each, tuple) and each[0] == "value"]
    for parameter, value in zip(list(layer.params), given, strict=False):
        layer = layer.with_(**{parameter: value})
    return Fit(layer, ((next(iter(layer.inputs)), wanted[2][1]),))


def _feedings(layer: Layer, given: list[Origin]) -> Iterator[tuple[tuple[str, Origin], ...]]:
    """Ways in which what is named in an expression can be at the layer's inputs."""
    ports = list(layer.inputs)
    needed = sum(not port.optional for port in layer.inputs.values())
    if len(ports) == 1 and layer.inputs[ports[0]].many:
        if given:
            yield tuple((ports[0], each) for each in given)
        return
    if any(port.many for port in layer.inputs.values()):
        return
    for chosen in dict.fromkeys((tuple(dict.fromkeys(given)), tuple(given))):
        if needed <= len(chosen) <= len(ports):
            yield tuple(zip(ports, chosen, strict=False))


def _said(layer: Layer, fed: Iterable[tuple[str, Origin]], types: Mapping[Origin, TensorType]) -> Meaning | None:
    """What a layer that is fed so is printed as; None where it cannot be fed so, or is no plain function."""
    bindings, inputs = Bindings(), {}
    names: dict[str, Any] = {}
    known: dict[str, Origin] = {}
    for port_name, port in layer.inputs.items():
        arriving = [origin for at, origin in fed if at == port_name]
        try:
            matched = tuple(match(port_name, port, types[origin], bindings) for origin in arriving)
        except (MismatchError, KeyError):
            return None
        variables = []
        for origin in arriving:
            variables.append(f"v{len(known)}")
            known[variables[-1]] = origin
        inputs[port_name] = matched if port.many else (matched[0] if matched else None)
        names[port_name] = tuple(variables) if port.many else (variables[0] if variables else None)
    try:
        built = layer.build(**inputs)
        if not isinstance(built, Function):
            return None
        tree = ast.parse(function_text(built, names), mode="eval").body
        return meaning(tree, lambda name: known[name.id])
    except Exception:  # a layer of anyone's that cannot be built so
        return None


def _distance(one: Any, other: Any) -> int:
    """In how many places two meanings differ."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        if one[:1] == ("value",) or other[:1] == ("value",):
            return int(one != other)
        differing = sum(_distance(a, b) for a, b in zip(one, other, strict=False))
        return differing + 2 * abs(len(one) - len(other))
    return int(one != other)


def _adjusted(fit: Fit, wanted: Meaning, types: Mapping[Origin, TensorType]) -> Fit | None:
    """The layer with its parameters changed, one after the other, until it is printed as what was written."""
    layer = fit.layer
    values = list(dict.fromkeys(_values(wanted)))
    best = _distance(_said(layer, fit.fed, types), wanted)
    for _ in range(_ROUNDS):
        tried: list[tuple[int, Layer]] = []
        for name, declared in layer.params.items():
            ones = [(value,) for value in values if declared.kind in ("ints", "floats", "size")]
            for value in [*values, *ones, *declared.choices, True, False, ()]:
                try:
                    other = layer.with_(**{name: value})
                except ValueError:
                    continue
                said = _said(other, fit.fed, types)
                if said == wanted:
                    return Fit(other, fit.fed)
                if said is not None:
                    tried.append((_distance(said, wanted), other))
        closest = min(tried, key=lambda each: each[0], default=None)
        if closest is None or closest[0] >= best:
            return None
        best, layer = closest
    return None
