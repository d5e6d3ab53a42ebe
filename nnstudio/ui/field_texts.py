"""Values as the texts of fields, and texts as values: ``3 × 3``, ``1, 8, 8``, ``4*width``. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nnstudio.graph.computed import can_be_computed, normal, value_of
from nnstudio.graph.expressions import ExpressionError, Number
from nnstudio.layers import Param, ParameterError

#: How several sizes are written, for tips and errors.
RULE = "× and commas set sizes apart, * multiplies"


def shown(param: Param, value: Any) -> str:
    """A value as text in a field: ``3 × 3``, ``1, 8, 8``, ``0.001``."""
    if value is None:
        return ""
    if param.axes and isinstance(value, int) and not isinstance(value, bool):
        value = (value,) * param.axes
    if isinstance(value, tuple):
        return (" × " if param.axes else ", ").join(
            _number(item) if isinstance(item, float) else str(item) for item in value
        )
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """As short as it reads back the same."""
    text = f"{value:.10g}"
    return text if float(text) == value else repr(value)


def parsed(param: Param, text: str) -> Any:
    """The value that a text stands for, unchecked: what cannot be read stays a text, which the declaration refuses."""
    text = text.strip()
    if not text and param.kind in ("ints", "floats"):
        return None if param.default is None else ()
    if not text and param.kind != "text":
        return None if param.optional else text
    try:
        match param.kind:
            case "int":
                return _whole(text)
            case "float":
                return float(text.replace("−", "-").replace(",", "."))
            case "floats":
                return tuple(float(item.replace("−", "-")) for item in re.split(r"[\s,;()\[\]]+", text) if item)
            case "ints" | "size":
                return _sizes(param, text)
            case "choice" if param.axes and text not in param.choices:
                return _sizes(param, text)
    except ValueError:
        return text
    return text


def _whole(text: str) -> int:
    return int(text.replace("−", "-").replace("\u202f", "").replace("_", ""))


def _sizes(param: Param, text: str) -> Any:
    items = tuple(_whole(item) for item in re.split(r"[\s,;x×()]+", text.strip("()[] ")) if item)
    if param.axes and items and len(set(items)) == 1 and len(items) in (1, param.axes):
        return items[0]
    return items


def computes(text: str) -> bool:
    """Whether a text is more than a number: something to be worked out."""
    return re.search(r"[A-Za-z_*/+%(−-]", text) is not None


def said(param: Param, text: str) -> str:
    """What is typed, as the document holds an expression; the text itself where it is none."""
    try:
        return normal(param, text)
    except ExpressionError:
        return text.strip()


def read(param: Param, text: str, parameters: Mapping[str, Number], owner: str = "", name: str = "") -> tuple[Any, str]:
    """The value of what is typed, and the expression that it is; "" where it is a plain value.

    Raises:
        ParameterError: the parameter cannot have the value.
        ExpressionError: what is typed cannot be worked out.
    """
    plain = parsed(param, text)
    begun = any(choice.startswith(text.strip()) for choice in param.choices)
    if not can_be_computed(param) or not isinstance(plain, str) or not computes(text) or begun:
        return param.checked(owner, name, plain), ""
    expression = normal(param, text)
    try:
        value = value_of(param, expression, parameters)
    except ExpressionError as error:
        if not param.choices:
            raise
        raise ExpressionError(f"{error}; or write {' or '.join(param.choices)}", error.unknown) from error
    try:
        return param.checked(owner, name, value), expression
    except ParameterError as error:
        if not isinstance(value, tuple):
            raise
        raise ParameterError(owner, name, f"{error.message}; {RULE}") from error
