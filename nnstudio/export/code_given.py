"""A call in forward as rules see it: its arguments by name, what flows in them, and the layer that it is."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from nnstudio.export.code_meaning import Meaning, Origin
from nnstudio.layers import Layer, TensorType, load

#: What is told where samples would be mixed.
BATCH = "A drawing takes every sample alone; the batch, axis 0, stays first and as it is."

_LARGEST = 10**18
#: What is worked out where it is of numbers alone.
_WORKED_OUT: Mapping[str, Callable[..., Any]] = {
    "operator.add": operator.add, "operator.sub": operator.sub, "operator.mul": operator.mul,
    "operator.truediv": operator.truediv, "operator.floordiv": operator.floordiv, "operator.neg": operator.neg,
    "torch.pow": lambda base, power: float(base) ** float(power), "torch.sqrt": math.sqrt, "math.sqrt": math.sqrt,
    "torch.tensor": float, "math.log": math.log,
}  # fmt: skip


class UndrawableError(ValueError):
    """A function that the catalogue has a layer for, written so that the layer cannot do it; one sentence."""


class OtherwiseError(Exception):
    """The call is of another kind than a rule is for."""


@dataclass(frozen=True)
class Fit:
    """A layer and what feeds each of its inputs, in order; remark: a sentence on where it differs from torch's own."""

    layer: Layer
    fed: tuple[tuple[str, Origin], ...]
    remark: str = ""


@dataclass(frozen=True)
class Given:
    """A call: its arguments by name (None for one left out), and what flows from each origin."""

    arguments: Mapping[str, Meaning | None]
    types: Mapping[Origin, TensorType]

    def value(self, name: str, default: Any = None) -> Any:
        """A plain value. OtherwiseError where it is none."""
        given = self.arguments.get(name)
        return default if given is None else self.plain(given)

    def several(self, name: str) -> tuple[Any, ...]:
        """Values that may be one alone."""
        found = self.value(name)
        if found is None or found == ():
            refuse(f"Say {name} as well. {BATCH}")
        return found if isinstance(found, tuple) else (found,)

    def plain(self, of: Meaning) -> Any:
        """The value that a meaning is; sizes that are fixed count, the batch's is None."""
        match of:
            case ("value", _, value):
                return value
            case ("several", *each):
                return tuple(map(self.plain, each))
            case ("call", "torch.size", ("from", origin), ("value", "int", axis)) if origin in self.types:
                sizes = self.types[origin].sizes
                if axis % max(len(sizes), 1) == 0:
                    return None
                if -len(sizes) <= axis < len(sizes) and isinstance(sizes[axis], int):
                    return sizes[axis]
            case ("call", "torch.size", ("from", origin), ("slice", *ends)) if origin in self.types:
                kept = slice(*(None if each is None else self.plain(each) for each in ends))
                return tuple(size if isinstance(size, int) else None for size in self.types[origin].sizes[kept])
        raise OtherwiseError

    def is_tensor(self, name: str) -> bool:
        """Whether an argument is what flows in a wire."""
        given = self.arguments.get(name)
        return given is not None and given[0] == "from"

    def origin(self, name: str) -> Origin:
        """Where a tensor comes from. OtherwiseError where it is computed in its place, or no tensor."""
        given = self.arguments.get(name)
        if given is None or given[0] != "from":
            raise OtherwiseError
        found: Origin = given[1]
        return found

    def type(self, name: str) -> TensorType:
        """What a tensor is. OtherwiseError where that is not known."""
        found = self.types.get(self.origin(name))
        if found is None:
            raise OtherwiseError
        return found


#: A rule: the layer, or other calls that say the same in steps.
Rule = Callable[[Given], Fit | Meaning]


def refuse(sentence: str) -> NoReturn:
    """Raise an UndrawableError."""
    raise UndrawableError(sentence)


def settled(of: Any, types: Mapping[Origin, TensorType]) -> Any:
    """A meaning with arithmetic of numbers worked out, and with the sizes that are fixed."""
    if not isinstance(of, tuple) or of[:1] in (("value",), ("from",)):
        return of
    match of:
        case ("call", "torch.size", ("from", origin), ("value", "int", axis)) if origin in types:
            sizes = types[origin].sizes
            size = sizes[axis] if -len(sizes) <= axis < len(sizes) else None
            return said(size) if isinstance(size, int) else of
    inner = tuple(settled(each, types) for each in of)
    if inner[0] != "call" or inner[1] not in _WORKED_OUT or not all(map(_is_number, inner[2:])):
        return inner
    try:
        value = _WORKED_OUT[inner[1]](*(each[2] for each in inner[2:]))
    except (ArithmeticError, ValueError, TypeError):
        return inner
    return said(value) if isinstance(value, int | float) and abs(value) < _LARGEST else inner


def _is_number(of: Any) -> bool:
    return isinstance(of, tuple) and of[0] == "value" and of[1] in ("int", "float") and abs(of[2]) < _LARGEST


def layer_of(name: str, fed: Mapping[str, Origin], **values: Any) -> Fit:
    """The layer of this name with these values, and what feeds its inputs.

    Raises:
        UndrawableError: it cannot have one of the values.
    """
    cls = load()[name]
    fitting = {key: _as_declared(value, cls.params[key].kind) for key, value in values.items()}
    try:
        return Fit(cls.make(fitting), tuple(fed.items()))
    except ValueError as error:
        refuse(f"{error}.")


def _as_declared(value: Any, kind: str) -> Any:
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in ("ints", "floats") and not isinstance(value, tuple):
        return (value,)
    if kind in ("int", "size") and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def called(name: str, *given: Any) -> Meaning:
    """The meaning of a call, with plain values as they are."""
    return ("call", name, *(each if each is None or isinstance(each, tuple) else said(each) for each in given))


def said(value: Any) -> Meaning:
    """The meaning of a plain value."""
    if isinstance(value, tuple):
        return ("several", *map(said, value))
    return ("value", type(value).__name__, value)
