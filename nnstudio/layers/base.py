"""The layer: one class declares everything that a layer type is (DESIGN 3)."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, dataclass_transform

from nnstudio.layers.call import Call, Draw, Function, Init
from nnstudio.layers.families import BY_TITLE, Family
from nnstudio.layers.params import Declared, ParameterError, as_value, collect_params, param

Built = Call | Function | Draw | None


class BuildError(ValueError):
    """A layer cannot be built on these inputs although their ranks fit. The text is for a person; ``hint`` says
    what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Port:
    """A named, typed end of a layer.

    pattern: the axes by label, as ``"N C H W"``. A prime marks a size that the layer chooses (``C'``); ``*``
    stands for any number of axes; ``*name`` for any number that must have the same sizes at every input port of
    the layer that says ``*name``. Two input ports that share a label must agree on its size.
    dtype: ``float``, ``int`` (class codes, token ids), ``number`` (either), ``bool`` or ``any``.
    within: the least and largest value that make sense, where not all do: probabilities lie within (0, 1).
    """

    pattern: str
    dtype: str = "float"
    optional: bool = False
    many: bool = False
    help: str = ""
    within: tuple[float, float] | None = None


class Layer(Declared):
    """Base of all layer types. A layer is a frozen value: its parameters.

    Ports are class attributes; those named by :meth:`build`'s arguments are inputs, the others outputs.
    The docstring is the help: a first sentence, then when to use it, the formula and the source.
    """

    family: ClassVar[Family]
    icon: ClassVar[str] = ""
    synonyms: ClassVar[tuple[str, ...]] = ()
    #: ``layer``, ``input``, ``output``, ``loss`` or ``metric``
    role: ClassVar[str] = "layer"
    #: parameters that are shown under the node's name
    telling: ClassVar[tuple[str, ...]] = ()
    #: raised where a parameter's meaning changes; see :meth:`upgrade`
    version: ClassVar[int] = 1
    #: Whether it only moves numbers about, so that class codes that go in come out as such.
    keeps_codes: ClassVar[bool] = False
    inputs: Mapping[str, Port] = {}
    outputs: Mapping[str, Port] = {}

    #: What this layer becomes on inputs of the given types, as data. Subclasses define a method that takes one
    #: :class:`TensorType` for each input port, by its name: a tuple of them for a port for many, None for an optional
    #: port that is not connected. It raises BuildError where it cannot be.
    build: ClassVar[Callable[..., Built]]

    def __post_init__(self) -> None:
        super().__post_init__()
        changed = self.changed_ports()
        for side in ("inputs", "outputs") if changed else ():
            declared: Mapping[str, Port] = getattr(type(self), side)
            ports = {name: changed.get(name, port) for name, port in declared.items()}
            object.__setattr__(self, side, {name: port for name, port in ports.items() if port is not None})

    def changed_ports(self) -> Mapping[str, Port | None]:
        """Ports that are not as the class declares them with these parameters: another port, or None for none."""
        return {}

    def bounds(self) -> tuple[float, float] | None:
        """The lowest and the highest value, where it has both and hardly learns near them, as a sigmoid; else None."""
        return None

    def mixes(self) -> str:
        """What it takes from the other samples of a batch while training, to follow “it”; "" where each sample is
        worked out by itself."""
        return ""

    def initialise(self) -> tuple[Init, ...]:
        """Initialisers applied after the module's own; see `layers/initialisation.py`."""
        return ()

    def output_labels(self, inputs: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
        """Labels of the axes that come out, by output port, where the port's pattern cannot say them."""
        return {}

    @classmethod
    def upgrade(cls, parameters: dict[str, Any], version: int) -> dict[str, Any]:
        """Parameters of this version from those that were saved by an earlier ``version``."""
        return parameters

    @classmethod
    def type_name(cls) -> str:
        """The name by which files and people know this layer type."""
        return cls.__name__

    @classmethod
    def summary(cls) -> str:
        """The first sentence of the help."""
        return inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ")

    @classmethod
    def help(cls) -> str:
        """The whole help text, Markdown."""
        return inspect.cleandoc(cls.__doc__ or "")

    def subtitle(self) -> str:
        """Type and telling parameters, for the node on the canvas: ``Conv2d · 16 · 3×3``."""
        return " · ".join(filter(None, [self.type_name(), *(self._told(name) for name in self.telling)]))

    def _told(self, name: str) -> str:
        value, declared = getattr(self, name), self.params[name]
        if declared.kind == "size" and isinstance(value, int):
            value = (value,) * declared.axes
        if isinstance(value, tuple):
            return "×".join(map(str, value))
        return f"{value:.4g}" if isinstance(value, float) else str(value)


Cls = TypeVar("Cls", bound=type[Layer])


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(param,))
def layer(
    *, family: str, icon: str = "", role: str = "layer", synonyms: tuple[str, ...] = (), telling: tuple[str, ...] = ()
) -> Callable[[Cls], Cls]:
    """Register a layer type in the catalogue under a family of `layers/families.py`."""

    def register(cls: Cls) -> Cls:
        made = declare(cls, family=family, icon=icon, role=role, synonyms=synonyms, telling=telling)
        from nnstudio.layers.catalogue import CATALOGUE

        CATALOGUE.add(made)
        return made

    return register


def declare(cls: Cls, *, family: str, icon: str, role: str, synonyms: tuple[str, ...], telling: tuple[str, ...]) -> Cls:
    """Make a layer type of a class without registering it. TypeError where the declaration is not consistent."""
    for base in reversed(cls.__mro__[1:]):  # parameters that several types inherit from one base
        if any(isinstance(value, dataclasses.Field) for value in vars(base).values()):
            as_value(base)
    as_value(cls)
    cls.family, cls.icon, cls.role = BY_TITLE[family], icon or cls.__name__.lower(), role
    cls.synonyms, cls.telling = synonyms, telling
    cls.params = collect_params(cls)
    ports = {
        name: port for base in reversed(cls.__mro__) for name, port in vars(base).items() if isinstance(port, Port)
    }
    arguments = list(inspect.signature(cls.build).parameters)[1:]
    for name in arguments:
        if name not in ports:
            raise TypeError(f"{cls.__name__}.build takes {name!r}, which is not a port")
    cls.inputs = {name: ports[name] for name in arguments}
    cls.outputs = {name: port for name, port in ports.items() if name not in arguments}
    for name in telling:
        if name not in cls.params:
            raise TypeError(f"{cls.__name__}: {name!r} is to be told but is not a parameter")
    return cls


class Placeholder:
    """A layer whose type this program does not have. It is kept, shown as a problem and saved back unchanged."""

    role = "layer"
    icon = "placeholder"
    synonyms: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    inputs: Mapping[str, Port] = {}
    outputs: Mapping[str, Port] = {}
    family = BY_TITLE["Unknown"]

    def __init__(self, saved: Mapping[str, Any], reason: str) -> None:
        self.saved = dict(saved)
        self.reason = reason

    def type_name(self) -> str:
        return str(self.saved.get("type", "unknown"))

    def subtitle(self) -> str:
        return f"{self.type_name()} · unknown"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Placeholder) and self.saved == other.saved

    def __hash__(self) -> int:
        return hash(self.type_name())


AnyLayer = Layer | Placeholder

__all__ = ["AnyLayer", "BuildError", "Built", "Layer", "ParameterError", "Placeholder", "Port", "layer", "param"]
