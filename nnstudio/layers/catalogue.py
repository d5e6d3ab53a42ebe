"""The catalogue: every layer type by name, and reading and writing layers by name."""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from nnstudio.layers.base import AnyLayer, Layer, ParameterError, Placeholder
from nnstudio.layers.families import FAMILIES

log = logging.getLogger(__name__)
_INFRASTRUCTURE = frozenset(
    """axes base call catalogue checks families formula_text help_page initialisation left_out params scores
    types""".split()
)


class Catalogue:
    """Layer types by name. Families are in the order of `families.py`, types in the order of declaration."""

    def __init__(self) -> None:
        self._types: dict[str, type[Layer]] = {}

    def add(self, cls: type[Layer]) -> None:
        """Register a type. ValueError where another of that name is registered."""
        known = self._types.get(cls.type_name())
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"two layer types are named {cls.type_name()}: {known!r} and {cls!r}")
        self._types[cls.type_name()] = cls

    def discard(self, name: str) -> None:
        """Forget a type (for tests and plugins that are unloaded)."""
        self._types.pop(name, None)

    def __getitem__(self, name: str) -> type[Layer]:
        """KeyError where the type is not known."""
        return self._types[name]

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[type[Layer]]:
        order = {family.title: place for place, family in enumerate(FAMILIES)}
        return iter(sorted(self._types.values(), key=lambda cls: order[cls.family.title]))

    def __len__(self) -> int:
        return len(self._types)


CATALOGUE = Catalogue()


@functools.cache
def load() -> Catalogue:
    """The catalogue with every family's file imported, and every plugin of the group ``nnstudio.layers``.

    A plugin that fails to load is logged and left out; the program goes on.
    """
    import nnstudio.layers as package

    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in _INFRASTRUCTURE:
            importlib.import_module(f"nnstudio.layers.{module.name}")
    for point in entry_points(group="nnstudio.layers"):
        try:
            point.load()
        except Exception as error:
            log.warning("the layer plugin %s could not be loaded: %s", point.name, error)
    return CATALOGUE


def layer_to_json(layer: AnyLayer) -> dict[str, Any]:
    """``{"type": …, "version": …, "parameters": {name: value}}``; a placeholder gives back what it was read from."""
    if isinstance(layer, Placeholder):
        return dict(layer.saved)
    values = {
        name: dict(v) if type(layer).params[name].kind == "values" else list(v) if isinstance(v, tuple) else v
        for name, v in layer.values().items()
    }
    return {"type": layer.type_name(), "version": layer.version, "parameters": values}


def layer_from_json(data: Mapping[str, Any]) -> AnyLayer:
    """The layer, or a :class:`Placeholder` that says why it could not be made. Raises nothing."""
    catalogue = load()
    name = data.get("type")
    parameters = data.get("parameters", {})
    if not isinstance(name, str) or name not in catalogue:
        return Placeholder(data, f"this program has no layer type {name!r}; a plugin or a newer version may bring it")
    cls = catalogue[name]
    version = data.get("version", 1)
    if not isinstance(version, int) or version > cls.version:
        return Placeholder(data, f"{name} was saved by a newer version of its layer type")
    try:
        if not isinstance(parameters, Mapping):
            raise ParameterError(name, "parameters", "must be a table of names and values")
        values = dict(parameters)
        if version < cls.version:
            values = cls.upgrade(values, version)
        return cls.make(values)
    except (ParameterError, TypeError, ValueError, KeyError) as error:
        return Placeholder(data, str(error))
