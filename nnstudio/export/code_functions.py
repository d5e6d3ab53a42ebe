"""Which layer a plain expression of forward is: ``a + b`` an Add, ``torch.flatten(x, 1)`` a Flatten.

What torch's own functions are is known (`code_rules`). Any other layer fits, a plugin's too, when what it would be
printed as says the same as what was written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nnstudio.compile.patterns import Bindings, MismatchError, match
from nnstudio.export.code_given import Fit
from nnstudio.export.code_meaning import Meaning, Origin, meaning, origins
from nnstudio.export.code_meaning import values as values_in
from nnstudio.export.code_rules import recognised
from nnstudio.export.python_values import function_text
from nnstudio.layers import Function, Layer, TensorType, load

_ROUNDS = 4


def fitting(wanted: Meaning, types: Mapping[Origin, TensorType], first: Sequence[Layer] = ()) -> Fit | Meaning | None:
    """The layer that says what was written, or steps that say it together; None where there is no such layer.

    types: what flows from each origin; first: layers that are tried before all others.

    Raises:
        UndrawableError: there is such a layer, and it cannot do this.
    """
    for layer in first:
        for fed in _feedings(layer, list(origins(wanted))):
            said = _said(layer, fed, types)
            if said == wanted:
                return Fit(layer, fed)
            if said is not None and said[:2] == wanted[:2]:
                found = _adjusted(Fit(layer, fed), wanted, types)
                if found is not None:
                    return found
    fresh = (cls() for cls in load() if cls.role == "layer")
    near: list[tuple[int, Fit]] = []
    for layer in fresh:
        for fed in _feedings(layer, list(origins(wanted))):
            said = _said(layer, fed, types)
            if said == wanted:
                return Fit(layer, fed)
            if said is not None and said[:2] == wanted[:2]:
                near.append((_distance(said, wanted), Fit(layer, fed)))
    ruled = recognised(wanted, types)
    if ruled is not None:
        return ruled
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
    values = list(dict.fromkeys([*values_in(wanted), *(size for size in sizes if isinstance(size, int))]))
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
    values = list(dict.fromkeys(values_in(wanted)))
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
