"""Values that parameters have by expressions: one number, or a number for each place of a list.

In a list of sizes a comma or × stands between two places (``k × 3``) and ``*`` multiplies; a document holds commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nnstudio.graph.expressions import ExpressionError, Number, cut, evaluate, is_plain, items_of, with_plain_signs
from nnstudio.layers import Declared, Param, ParameterError

#: The letter x between two sizes, or a name, which is left alone.
_TIMES_OR_NAME = re.compile(r"(?P<times>(?<=\d)\s*x\s*(?=\d)|(?<=[\w)])\s+x\s+(?=[\w(]))|[A-Za-z_]\w*")
_TWO = re.compile(r"[\w)]\s+[\w(]")
_KINDS = ("int", "float", "size", "ints", "floats")


def can_be_computed(param: Param) -> bool:
    """Whether a parameter's value may be worked out of an expression."""
    return param.kind in _KINDS or (param.kind == "choice" and param.axes > 0)


def has_places(param: Param) -> bool:
    """Whether a parameter may have several numbers."""
    return param.axes > 0 or param.kind in ("ints", "floats")


def normal(param: Param, text: str) -> str:
    """What a person typed as a document holds it: ``k × 3`` is ``k, 3``. ExpressionError where × is in brackets."""
    if not has_places(param):
        return with_plain_signs(text)
    text = text.strip()
    while text[:1] in ("(", "[") and _encloses(text):
        text = text[1:-1].strip()
    text = _TIMES_OR_NAME.sub(lambda found: "×" if found["times"] else found[0], text)
    parts = [part.strip() for part in cut(text, ",;×")]
    if any("×" in part for part in parts):
        raise ExpressionError("× stands between two sizes and not in brackets; write * to multiply")
    if len(parts) > 1 and not parts[-1] and text[-1] in ",;":
        parts.pop()
    return ", ".join(with_plain_signs(part) for part in parts)


def _encloses(text: str) -> bool:
    """Whether the bracket that a text begins with is the one that it ends with."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if depth == 0:
            return place == len(text) - 1 and place > 0
    return False


def as_typed(param: Param, text: str) -> str:
    """An expression as a field shows it: sizes of axes with × between them, as plain ones."""
    return (" × " if param.axes else ", ").join(map(with_plain_signs, items_of(text))) if has_places(param) else text


def value_of(param: Param, text: str, parameters: Mapping[str, Number]) -> Any:
    """The value of an expression for a parameter, unchecked: a number, or a tuple of as many as it has places.

    Raises:
        ExpressionError: it has no value, or one that is not whole where it must be.
    """
    if not has_places(param):
        return _number(param, text, parameters)
    items = items_of(text)
    for item in items:
        if _TWO.search(item):
            raise ExpressionError(f"{item!r} has no sign between two sizes; set them apart by × or a comma")
    values = tuple(_number(param, item, parameters) for item in items)
    if param.axes and len(set(values)) == 1 and len(values) in (1, param.axes):
        return values[0]
    return values


def _number(param: Param, text: str, parameters: Mapping[str, Number]) -> Number:
    value = evaluate(text, parameters)
    if param.kind in ("float", "floats"):
        return float(value)
    if isinstance(value, float):
        raise ExpressionError(f"must be a whole number, and this gives {value:g}; round it")
    return value


def is_all_plain(param: Param, text: str) -> bool:
    """Whether these are numbers alone, so that nothing of them needs to be remembered."""
    return all(map(is_plain, items_of(text) if has_places(param) else (text,)))


def standing(
    layer: Declared, said: Iterable[tuple[str, str]], parameters: Mapping[str, Number]
) -> tuple[tuple[str, str], ...]:
    """Those of the expressions (parameter, text) that give the values that a layer has."""
    kept = []
    for name, text in said:
        declared = layer.params.get(name)
        if declared is None:
            continue
        try:
            value = declared.checked("", name, value_of(declared, text, parameters))
        except (ExpressionError, ParameterError):
            continue
        if value == getattr(layer, name):
            kept.append((name, text))
    return tuple(kept)
