"""Values, calls and expressions as Python writes them, for the source of a network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnstudio.compile import instantiate
from nnstudio.layers import Arg, Call, Draw, Function, Init, Layer, TensorType

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "matmul": "@", "pow": "**"}
#: How long a line may be.
WIDTH = 110


def brief(type: TensorType) -> str:
    """``N×16×8×8``, and the dtype where it is not float32."""
    sizes = "×".join(str(axis.size) for axis in type.axes) or "scalar"
    return sizes if type.dtype == "float32" else f"{sizes} {type.dtype}"


def call_lines(called: str, values: Sequence[str]) -> Iterator[str]:
    """A call in one line, or with a line for each argument where that is too long."""
    line = f"{called}({', '.join(values)})"
    if len(line) <= WIDTH:
        yield line
    else:
        yield from [f"{called}(", *(f"    {value}," for value in values), ")"]


def initialised(name: str, built: Call, layer: Layer, initialisers: tuple[Init, ...]) -> Iterator[str]:
    """A line for each initialiser and parameter that it is for."""
    import torch

    with torch.device("meta"):
        module = instantiate.make_module(built, (), layer)
    for init in initialisers:
        values = "".join(f", {key}={literal(value)}" for key, value in init.kwargs)
        for path, _ in module.named_parameters():
            if path.rpartition(".")[2].startswith(init.matching):
                yield f"{init.target.removeprefix('torch.')}(self.{name}.{path}{values})"


def function_text(built: Function, fed: Mapping[str, Any]) -> str:
    """The call of a plain function, with operators as signs: ``a + b``, ``torch.cat((a, b), dim=1)``."""
    package, _, name = built.target.rpartition(".")
    if package == "operator":
        if name in _SIGNS and len(built.args) == 2:
            left, right = built.args
            chained = isinstance(left, Function) and left.target == built.target and name != "pow"
            shown = _value(left, fed) if chained else _operand(left, fed)
            return f"{shown} {_SIGNS[name]} {_operand(right, fed)}"
        if name == "neg":
            return f"-{_operand(built.args[0], fed)}"
        if name == "getitem":
            return f"{_operand(built.args[0], fed)}[{_index(built.args[1], fed)}]"
    if package == "torch.Tensor" and len(built.args) == 1 and not built.kwargs:
        return f"{_operand(built.args[0], fed)}.{name}()"
    values = [_value(item, fed) for item in built.args]
    values += [f"{key}={_value(item, fed)}" for key, item in built.kwargs]
    return f"{built.target}({', '.join(values)})"


def _index(item: Any, fed: Mapping[str, Any]) -> str:
    """What stands in brackets behind a tensor: ``:, 1:5``, ``:, (0, 2)``."""
    if isinstance(item, slice):
        ends = [("" if end is None else str(end)) for end in (item.start, item.stop)]
        return ":".join([*ends, *([] if item.step is None else [str(item.step)])])
    if isinstance(item, tuple) and any(isinstance(part, slice) for part in item):
        return ", ".join(_index(part, fed) for part in item)
    return _value(item, fed)


def _operand(item: Any, fed: Mapping[str, Any]) -> str:
    shown = _value(item, fed)
    calls_by_name = isinstance(item, Function) and not item.target.startswith("operator.")
    return shown if isinstance(item, Arg) or calls_by_name or shown.isalnum() else f"({shown})"


def _value(item: Any, fed: Mapping[str, Any]) -> str:
    if isinstance(item, Arg):
        value = fed[item.port] if item.index is None else fed[item.port][item.index]
        return f"({', '.join(value)},)" if isinstance(value, tuple) else str(value)
    if isinstance(item, Function):
        return function_text(item, fed)
    if isinstance(item, tuple):
        shown = [_value(each, fed) for each in item]
        return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"
    return literal(item)


def literal(value: Any) -> str:
    """A plain value as Python writes it, text in double quotes; infinities and NaN as calls."""
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return f'float("{value}")'
    if isinstance(value, str):
        return repr(value) if '"' in value and "'" not in value else _quoted(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _quoted(text: str) -> str:
    inside = repr(text)[1:-1].replace("\\'", "'")
    return '"' + re.sub(r'(?<!\\)"', r"\"", inside) + '"'


def free_name(wanted: str, taken: set[str]) -> str:
    """``wanted``, or with a number behind it the first that is not taken; it is taken then."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    taken.add(name)
    return name


def example_of(type: TensorType, built: Any) -> str:
    """An expression for four samples of a type."""
    sizes = type.shape(dict.fromkeys(type.symbols, 12) | {"N": 4})
    shape = ", ".join(map(str, sizes))
    if type.dtype == "bool":
        return f"torch.rand({shape}) < 0.5"
    if not type.is_float:
        return f"torch.randint({type.classes or 1}, {literal(sizes)}, dtype=torch.{type.dtype})"
    drawn = "rand" if isinstance(built, Draw) and built.distribution == "uniform" else "randn"
    return f"torch.{drawn}({shape})" if type.dtype == "float32" else f"torch.{drawn}({shape}, dtype=torch.{type.dtype})"
