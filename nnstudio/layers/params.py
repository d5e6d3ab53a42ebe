"""Parameters, declared once: the form, validation, saving and help all derive from the declaration."""

from __future__ import annotations

import dataclasses
import inspect
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform


class ParameterError(ValueError):
    """A parameter has a value that it cannot have. ``parameter`` names it; the text is for a person."""

    def __init__(self, owner: str, parameter: str, message: str) -> None:
        super().__init__(f"{owner}.{parameter} {message}")
        self.owner = owner
        self.parameter = parameter
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.owner, self.parameter, self.message))


@dataclass(frozen=True, slots=True)
class Param:
    """What is known of one parameter.

    kind: ``int``, ``float``, ``bool``, ``choice``, ``text``, ``ints`` or ``floats`` (a tuple of any length),
    ``size`` (one int for all axes, or a tuple of exactly ``axes`` ints), ``node`` (a node's id), ``nodes`` (several),
    ``column`` (the name of a column of the data), ``columns`` (several),
    ``values`` (numbers by name, kept as sorted pairs) or ``records`` (a tuple of instances of the class ``of``).
    ``when`` names another parameter and the values of it for which this one has an effect.
    ``integers``: for a choice that may also be a number (``padding="same"`` or 1).
    """

    kind: str
    default: Any
    min: float | None = None
    max: float | None = None
    exclusive_min: float | None = None
    choices: tuple[str, ...] = ()
    axes: int = 0
    optional: bool = False
    unit: str = ""
    help: str = ""
    title: str = ""
    when: tuple[str, tuple[Any, ...]] | None = None
    of: type[Declared] | None = None

    def checked(self, owner: str, name: str, value: Any) -> Any:
        """``value`` in its normal form (JSON lists become tuples). ParameterError where it is not allowed."""

        def refuse(expected: str) -> ParameterError:
            return ParameterError(owner, name, f"must be {expected}, not {value!r}")

        if value is None:
            if self.optional:
                return None
            raise refuse(self.expected())
        match self.kind:
            case "bool":
                if not isinstance(value, bool):
                    raise refuse("on or off (true or false)")
                return value
            case "text" | "node" | "column":
                if not isinstance(value, str):
                    raise refuse("a text")
                return value
            case "choice":
                if isinstance(value, str) and value in self.choices:
                    return value
                if self.axes:  # a choice that may also be a size, such as padding="same" or 1
                    return self._size(value, refuse)
                raise refuse(self.expected())
            case "int":
                return self._integer(value, refuse)
            case "float":
                return self._number(value, refuse)
            case "ints":
                if not isinstance(value, list | tuple):
                    raise refuse(self.expected())
                return tuple(self._integer(item, refuse) for item in value)
            case "floats":
                if not isinstance(value, list | tuple):
                    raise refuse(self.expected())
                return tuple(self._number(item, refuse) for item in value)
            case "nodes" | "columns":
                if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                    raise refuse(self.expected())
                return tuple(value)
            case "records":
                return self._records(value, refuse)
            case "size":
                return self._size(value, refuse)
            case "values":
                return _named_numbers(value, refuse)
        raise AssertionError(self.kind)

    def _records(self, value: Any, refuse: Any) -> tuple[Declared, ...]:
        assert self.of is not None
        if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping | self.of) for item in value):
            raise refuse(self.expected())
        return tuple(self.of.make(item) if isinstance(item, Mapping) else item for item in value)

    def _size(self, value: Any, refuse: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) != self.axes:
                raise refuse(self.expected())
            return tuple(self._integer(item, refuse) for item in value)
        return self._integer(value, refuse)

    def _integer(self, value: Any, refuse: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse(self.expected())
        self._within(value, refuse)
        return value

    def _number(self, value: Any, refuse: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise refuse(self.expected())
        self._within(value, refuse)
        return float(value)

    def _within(self, value: float, refuse: Any) -> None:
        low = self.min is not None and value < self.min
        low = low or (self.exclusive_min is not None and value <= self.exclusive_min)
        if low or (self.max is not None and value > self.max):
            raise refuse(self.expected())

    def expected(self) -> str:
        """What a value must be, in words: ``a whole number of at least 1``."""
        bounds = ""
        if self.exclusive_min is not None:
            bounds = f" above {_plain(self.exclusive_min)}"
        if self.min is not None and self.max is not None:
            bounds = f" from {_plain(self.min)} to {_plain(self.max)}"
        elif self.min is not None:
            bounds = f" of at least {_plain(self.min)}"
        elif self.max is not None:
            bounds += f"{' and' if bounds else ''} of at most {_plain(self.max)}"
        number = {"int": "a whole number", "float": "a number"}.get(self.kind, "a whole number")
        many = f"{number}{bounds}, or {self.axes} of them" if self.axes > 1 else f"{number}{bounds}"
        text = {
            "bool": "on or off (true or false)",
            "text": "a text",
            "node": "a node's id",
            "nodes": "a list of nodes' ids",
            "column": "a column's name",
            "columns": "a list of columns' names",
            "records": f"a list of {self.of.__name__.lower()}s" if self.of else "a list",
            "values": "a table of names and numbers",
            "choice": "one of " + ", ".join(self.choices) + (f", or {many}" if self.axes else ""),
            "ints": f"a list of whole numbers{', each' + bounds if bounds else ''}",
            "floats": f"a list of numbers{', each' + bounds if bounds else ''}",
            "size": many,
        }.get(self.kind, number + bounds)
        return text + (" or nothing" if self.optional else "")


def _named_numbers(value: Any, refuse: Any) -> tuple[tuple[str, int | float], ...]:
    """Numbers by name, from a mapping or from pairs, as pairs in the order of the names."""
    try:
        pairs = dict(value)
    except (TypeError, ValueError):
        raise refuse("a table of names and numbers") from None
    for name, number in pairs.items():
        numeric = isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        if not isinstance(name, str) or not numeric:
            raise refuse("a table of names and numbers")
    return tuple(sorted(pairs.items()))


def _plain(number: float) -> str:
    """1,000,000 rather than 1e+06; a small one as it is."""
    return f"{number:,.0f}" if abs(number) >= 1000 and number == int(number) else f"{number:g}"


def param(
    default: Any,
    *,
    kind: str = "",
    min: float | None = None,
    max: float | None = None,
    exclusive_min: float | None = None,
    choices: tuple[str, ...] = (),
    axes: int = 0,
    optional: bool = False,
    unit: str = "",
    help: str = "",
    title: str = "",
    when: tuple[str, tuple[Any, ...]] | None = None,
    of: type[Declared] | None = None,
) -> Any:
    """Declare a parameter. The kind follows from the default unless it is given (it must be where that is None)."""
    if not kind:
        kind = _kind_of(default, choices, axes)
    declared = Param(
        kind=kind, default=default, min=min, max=max, exclusive_min=exclusive_min, choices=tuple(choices), axes=axes,
        optional=optional or default is None, unit=unit, help=help, title=title, when=when, of=of,
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={"param": declared})


def _kind_of(default: Any, choices: tuple[str, ...], axes: int) -> str:
    if choices:
        return "choice"
    if axes:
        return "size"
    for kind, python in (("bool", bool), ("int", int), ("float", float), ("text", str), ("ints", tuple)):
        if isinstance(default, python):
            return kind
    raise TypeError(f"say the kind of a parameter whose default is {default!r}")


def as_value(cls: type) -> None:
    """Make a frozen, keyword-only dataclass of a class, with methods that all such classes share.

    Those that a dataclass writes for each class take a millisecond a class, which is felt at the start.
    """
    dataclasses.dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)(cls)
    fields = dataclasses.fields(cls)
    values = operator.attrgetter("__class__", *(field.name for field in fields if field.compare))
    shown = tuple(field.name for field in fields if field.repr)
    defaults = {field.name: field.default for field in fields}

    def __init__(self: Any, **given: Any) -> None:  # noqa: N807
        for name, default in defaults.items():
            object.__setattr__(self, name, given.pop(name, default))
        if given:
            raise TypeError(f"{cls.__name__} has no parameter {', '.join(given)}")
        self.__post_init__()

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    def __repr__(self: Any) -> str:  # noqa: N807
        return f"{cls.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    for method in (__init__, __eq__, __hash__, __repr__):
        setattr(cls, method.__name__, method)


class Declared:
    """Base of frozen dataclasses whose fields are made with :func:`param`.

    Values are checked when an instance is made, so an instance is always valid.
    """

    params: ClassVar[Mapping[str, Param]] = {}

    def __post_init__(self) -> None:
        for name, declared in self.params.items():
            value = getattr(self, name)
            checked = declared.checked(type(self).__name__, name, value)
            if checked is not value:
                object.__setattr__(self, name, checked)

    def with_(self, **values: Any) -> Self:
        """A copy with other values. ParameterError where one is not allowed or not known."""
        self.check_names(values)
        return dataclasses.replace(self, **values)  # type: ignore[type-var]

    def values(self) -> dict[str, Any]:
        """Every parameter's value by name."""
        return {name: getattr(self, name) for name in self.params}

    @classmethod
    def check_names(cls, values: Mapping[str, Any]) -> None:
        """ParameterError where a name is not one of the parameters."""
        for name in values:
            if name not in cls.params:
                known = ", ".join(cls.params) or "it has none"
                raise ParameterError(cls.__name__, name, f"is not a parameter ({known})")

    @classmethod
    def make(cls, values: Mapping[str, Any]) -> Self:
        """An instance from values by name. ParameterError where one is not allowed or not known."""
        cls.check_names(values)
        return cls(**values)


def collect_params(cls: type) -> dict[str, Param]:
    """The declared parameters of a dataclass: its own in order, then those that it inherits."""
    own = inspect.get_annotations(cls)
    fields = [f for f in dataclasses.fields(cls) if "param" in f.metadata]
    return {f.name: f.metadata["param"] for f in sorted(fields, key=lambda f: f.name not in own)}


_D = TypeVar("_D", bound=type[Declared])


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(param,))
def declared(cls: _D) -> _D:
    """Class decorator: make a frozen, keyword-only dataclass of a :class:`Declared` subclass."""
    dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    cls.params = collect_params(cls)
    return cls
