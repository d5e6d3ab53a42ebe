"""What an expression of forward says, as data: ``x.flatten(1)`` and ``torch.flatten(x, 1)`` say the same."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nnstudio.export.code_reading import dotted, trouble
from nnstudio.export.code_table import ALIASES, SIGNATURES

#: An output port of a node: (node id, port).
Origin = tuple[str, str]
#: The meaning of an expression as nested tuples, with origins in the place of names: ``("from", origin)``, ``("value",
#: type, value)``, ``("several", …)``, ``("slice", …)``, and ``("call", function, …)`` with the arguments in torch's
#: order (None for one left out).
Meaning = tuple[Any, ...]

_SIGNS: Mapping[type[ast.AST], str] = {
    ast.Add: "operator.add", ast.Sub: "operator.sub", ast.Mult: "operator.mul", ast.Div: "operator.truediv",
    ast.MatMult: "operator.matmul", ast.Pow: "operator.pow", ast.Mod: "torch.remainder",
    ast.BitAnd: "torch.logical_and", ast.BitOr: "torch.logical_or", ast.BitXor: "torch.logical_xor",
    ast.Gt: "torch.gt", ast.GtE: "torch.ge", ast.Lt: "torch.lt", ast.LtE: "torch.le", ast.Eq: "torch.eq",
    ast.NotEq: "torch.ne", ast.FloorDiv: "operator.floordiv",
}  # fmt: skip
_CASTS = frozenset({"float", "double", "half", "bfloat16", "long", "int", "bool"})
_TYPES = {"float32": "float", "float64": "double", "float16": "half", "int64": "long", "int32": "int"}
_PACKAGES = frozenset({"torch", "nn", "F", "self", "math"})
#: Methods that give the same numbers.
_SAME = frozenset({"contiguous", "clone"})
#: Functions whose last argument may be written as several.
_OPEN = frozenset({"torch.permute", "torch.reshape", "torch.broadcast_to", "torch.tile", "torch.flip"})


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
            return _called(tree, "operator.neg", [of(operand)])
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return _called(tree, "torch.logical_not", [of(operand)])
        case ast.Tuple(elts=[ast.Constant() | ast.UnaryOp() as only]) | ast.List(elts=[ast.Constant() as only]):
            return of(only)  # one axis, said as a list of one
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return ("several", *map(of, elements))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            return _called(tree, _SIGNS[type(op)], [of(left), of(right)])
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _SIGNS:
            return _called(tree, _SIGNS[type(op)], [of(left), of(right)])
        case ast.Subscript(value=ast.Attribute(value=value, attr="shape"), slice=index):
            return ("call", "torch.size", of(value), of(index))
        case ast.Subscript(value=value, slice=index):
            return _got(of(value), _index(index, of))
        case ast.Slice(lower=lower, upper=upper, step=step):
            return ("slice", *(of(each) if each is not None else None for each in (lower, upper, step)))
        case ast.Attribute() if dotted(tree).startswith("torch.") or dotted(tree) == "self.training":
            return ("value", "name", dotted(tree))
        case ast.Attribute() if dotted(tree) == "math.pi":
            return ("value", "float", math.pi)
        case ast.Attribute(value=value, attr="mT"):
            return _called(tree, "torch.transpose", [of(value), ("value", "int", -2), ("value", "int", -1)])
        case ast.Attribute(value=ast.Call() as value, attr="values" | "indices" as part):
            return _got(of(value), ("value", "int", int(part == "indices")))
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)]):
            try:
                return ("value", "float", float(text))
            except ValueError:
                raise trouble(tree, f"{text!r} is no number.") from None
        case ast.Call(func=ast.Name(id="abs"), args=[only], keywords=[]):
            return _called(tree, "torch.abs", [of(only)])
        case ast.Call(func=ast.Attribute(value=value, attr=name) as called):
            if any(keyword.arg is None for keyword in tree.keywords):
                raise trouble(tree, "Write every argument by itself; stars cannot be drawn.")
            named = dotted(called)
            given, keywords = [*map(of, tree.args)], {str(each.arg): of(each.value) for each in tree.keywords}
            if named.partition(".")[0] in _PACKAGES:
                named = named.replace("torch.nn.functional.", "torch.")
                return _called(tree, named, given, keywords)
            return _method(tree, name, [of(value), *given], keywords)
    raise trouble(tree, f"`{ast.unparse(tree)[:40]}` cannot be drawn; write what a layer does on a line of its own.")


def _index(tree: ast.expr, of: Callable[[ast.expr], Meaning]) -> Meaning:
    """What stands in brackets behind a tensor, where a list of one place is not that place."""
    each = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    parts = [
        ("several", *map(of, one.elts)) if isinstance(one, ast.Tuple | ast.List) and len(one.elts) == 1 else of(one)
        for one in each
    ]
    return ("several", *parts) if isinstance(tree, ast.Tuple) else parts[0]


def _method(at: ast.Call, name: str, given: list[Meaning], keywords: Mapping[str, Meaning]) -> Meaning:
    if name in _SAME and len(given) == 1:
        return given[0]
    if name in ("to", "type") and (kind := _type_name([*given[1:], *keywords.values()])):
        return ("call", f"torch.Tensor.{kind}", given[0])
    if name in _CASTS or name == "unfold":  # torch.nn.functional.unfold does something else
        return ("call", f"torch.Tensor.{name}", *given, *keywords.values())
    return _called(at, f"torch.{name}", given, keywords)


def _type_name(given: Sequence[Meaning]) -> str:
    if len(given) != 1 or given[0][:2] != ("value", "name"):
        return ""
    name = str(given[0][2]).removeprefix("torch.")
    return _TYPES.get(name, name if name in _CASTS else "")


def _called(
    at: ast.expr, name: str, given: Sequence[Meaning], keywords: Mapping[str, Meaning] | None = None
) -> Meaning:
    """A call with its arguments in the function's own order, whatever it is called."""
    name, keywords = ALIASES.get(name, name), keywords or {}
    if name in _OPEN and len(given) > 2:
        given = [given[0], ("several", *given[1:])]
    if name in ("torch.max", "torch.min") and len(given) == 2 and next(origins(given[1]), None) is not None:
        return ("call", f"{name}imum", *given)
    names = SIGNATURES.get(name)
    if names is None:
        return ("call", name, *given, *keywords.values())
    places: list[Any] = [*given, *[None] * (len(names) - len(given))]
    for key, value in keywords.items():
        if key not in names or len(given) > len(names) or names.index(key) < len(given):
            raise trouble(
                at, f"{name.rpartition('.')[2]} is drawn with {', '.join(names)} alone, once each; take away {key}."
            )
        places[names.index(key)] = value
    while places and places[-1] is None:
        places.pop()
    return ("call", name, *places)


def _got(value: Meaning, index: Meaning) -> Meaning:
    """``value[index]``; of what torch.max and torch.min give along an axis, the one or the other."""
    if value[:2] in (("call", "torch.max"), ("call", "torch.min")) and len(value) > 3:
        kind = str(value[1]).rpartition(".")[2]
        if index[:1] == ("value",) and index[2] in (0, 1):
            return ("call", (f"torch.a{kind}", f"torch.arg{kind}")[index[2]], *value[2:])
    return ("call", "operator.getitem", value, index)


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


def values(of: Any) -> Iterator[Any]:
    """The plain values in a meaning, alone and as the tuples that they stand in."""
    if isinstance(of, tuple) and of:
        if of[0] == "value":
            yield of[2]
        elif of[0] == "several" and all(isinstance(each, tuple) and each[0] == "value" for each in of[1:]):
            yield tuple(each[2] for each in of[1:])
        for each in of:
            yield from values(each)
