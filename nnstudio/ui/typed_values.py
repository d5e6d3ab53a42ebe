"""Values of parameters as they are typed and shown in the words of a layer: ``5x5``, ``off``, ``2*width``. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nnstudio.graph.computed import can_be_computed, has_places, normal, value_of
from nnstudio.graph.expressions import Number, items_of, names_in
from nnstudio.layers.params import Param

ON, OFF = frozenset({"on", "true", "yes"}), frozenset({"off", "false", "no"})
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?")
SIZE = re.compile(r"-?\d+(?:[x×,]-?\d+)+")
#: What makes a word arithmetic, besides the names of parameters.
_SIGN = re.compile(r"(?<=[\w)])[-+*/%]+(?=[\w(])")
#: The value of an expression, and the expression as the document holds it.
Computed = tuple[Any, str]


def computed(declared: Param, text: str, parameters: Mapping[str, Number]) -> Computed | None:
    """What arithmetic gives for a parameter; None where the text is none, or not for a parameter of this kind.

    Raises:
        ExpressionError: it names what is not there, or has no value. Limits are the layer's to check.
    """
    if not can_be_computed(declared):
        return None
    held = normal(declared, text)
    if not _SIGN.search(held) and not (names_in(held) and names_in(held) <= parameters.keys()):
        return None
    if has_places(declared) and len(items_of(held)) not in (1, declared.axes or len(items_of(held))):
        return None
    return value_of(declared, held, parameters), held


def plain_value(declared: Param, text: str) -> Any:
    """A value of a parameter's kind; None where the text is none. Limits are the layer's to check."""
    match declared.kind:
        case "bool":
            return True if text in ON | {"1"} else False if text in OFF | {"0"} else None
        case "text":
            return text
        case "int" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "float" if NUMBER.fullmatch(text):
            return float(text)
        case "size":
            return _size(text)
        case "ints" if re.fullmatch(r"-?\d+([x×,]-?\d+)*", text):
            return tuple(int(part) for part in re.split("[x×,]", text))
        case "choice":
            fitting = [choice for choice in declared.choices if choice.casefold().startswith(text)]
            exact = [choice for choice in fitting if choice.casefold() == text]
            if exact or len(fitting) == 1:
                return (exact or fitting)[0]
            return _size(text) if declared.axes else None
    return None


def shown_value(declared: Param, value: Any, *, whole: bool) -> str:
    """A value in a preview: ``on``, ``5×5``; whole: one number for all axes is written out."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else "on" if value else "off"
    if whole and declared.axes and isinstance(value, int):
        value = (value,) * declared.axes
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(text: str) -> int | tuple[int, ...] | None:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return tuple(int(part) for part in re.split("[x×,]", text)) if SIZE.fullmatch(text) else None
