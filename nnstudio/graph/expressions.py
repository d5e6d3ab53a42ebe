"""Expressions in number fields: ``2*64`` or ``4*width``, arithmetic over named parameters and nothing else.

Where a parameter has several numbers each of its places may be an expression, with commas between them: ``3, 2*width``.
"""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Callable, Mapping
from typing import Any

Number = int | float

#: How long an expression may be, and how large what comes of it.
LENGTH_LIMIT = 200
SIZE_LIMIT = 1e15

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: _power(a, b),
}


def _round(value: Number, digits: int = 0) -> Number:
    """As Python's, whose time and memory grow with the digits."""
    if abs(digits) > LENGTH_LIMIT:
        raise ValueError
    return round(value, digits) if digits else round(value)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "min": min, "max": max, "round": _round, "ceil": math.ceil, "floor": math.floor, "sqrt": math.sqrt, "abs": abs,
}  # fmt: skip


class ExpressionError(ValueError):
    """An expression has no value; the text is for a person. ``unknown``: the name that nothing is called, or ""."""

    def __init__(self, message: str, unknown: str = "") -> None:
        super().__init__(message)
        self.unknown = unknown


def is_parameter_name(name: str) -> bool:
    """Whether a network's parameter may be so named: an identifier that is no function of expressions."""
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name not in _FUNCTIONS


def evaluate(text: str, parameters: Mapping[str, Number] | None = None) -> Number:
    """The value of an expression: an int where it is whole, else a float.

    Numbers, names of ``parameters``, ``+ - * / // % **``, brackets and min, max, round, ceil, floor, sqrt, abs.

    Raises:
        ExpressionError: it cannot be read, names something that is not there, or has no (or too large a) value.
    """
    text = with_plain_signs(text)
    if not text:
        raise ExpressionError("write a number, or an expression such as 2*64")
    if len(text) > LENGTH_LIMIT:
        raise ExpressionError(f"the expression is longer than {LENGTH_LIMIT} characters; write it shorter")
    try:
        value = _value(ast.parse(text, mode="eval").body, parameters or {})
    except ExpressionError:
        raise
    except ZeroDivisionError:
        raise ExpressionError(f"{text} divides by zero; change the divisor") from None
    except (SyntaxError, RecursionError, MemoryError, ValueError, TypeError, OverflowError):
        raise ExpressionError(f"{text[:40]!r} cannot be read; write arithmetic such as 2*64 or 4*width") from None
    if isinstance(value, complex) or not math.isfinite(value) or abs(value) > SIZE_LIMIT:
        raise ExpressionError(f"{text} has no usable value; use smaller numbers")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def names_in(text: str) -> frozenset[str]:
    """The parameters that an expression names; none where it cannot be read."""
    try:
        tree = ast.parse(with_plain_signs(text), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - frozenset(_FUNCTIONS)


def renamed(text: str, old: str, new: str) -> str:
    """The expression with one parameter called otherwise."""
    if old not in names_in(text):
        return text
    items = items_of(text)
    if len(items) > 1:
        return ", ".join(renamed(item, old, new) for item in items)
    tree = ast.parse(with_plain_signs(text), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
    return ast.unparse(tree)


def with_plain_signs(text: str) -> str:
    """The expression as Python writes it: ``*`` for ×, ``-`` for −."""
    return text.strip().replace("×", "*").replace("−", "-")


def items_of(text: str) -> tuple[str, ...]:
    """The places of a list: ``("3", "2*width")`` for ``3, 2*width``."""
    return tuple(item.strip() for item in cut(text, ","))


def cut(text: str, at: str) -> list[str]:
    """The text cut at these signs where they stand outside all brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign in at and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def is_plain(text: str) -> bool:
    """Whether this is a number alone, so that nothing of it needs to be remembered."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _power(base: Number, exponent: Number) -> Any:
    if abs(base) > 1e6 or abs(exponent) > 64:
        raise ExpressionError("a power in the expression is too large; use smaller numbers")
    return base**exponent


def _value(node: ast.expr, parameters: Mapping[str, Number]) -> Any:
    match node:
        case ast.Constant(value=bool()):
            raise ValueError
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name):
            if name not in parameters:
                known = ", ".join(parameters)
                raise ExpressionError(
                    f"nothing is called {name}; " + (f"there is {known}" if known else "the network has no parameters"),
                    unknown=name,
                )
            return parameters[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, parameters)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, parameters)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            made = _BINARY[type(op)](_value(left, parameters), _value(right, parameters))
            if isinstance(made, int | float) and abs(made) > SIZE_LIMIT:
                raise ExpressionError("the expression grows too large; use smaller numbers")
            return made
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each, parameters) for each in args))
    raise ValueError
