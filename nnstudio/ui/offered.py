"""What a person can add to the network that is open, and what was added lately. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nnstudio.layers import Layer, load
from nnstudio.layers.blocks import Standin
from nnstudio.ui.settings import Settings

LayerType = type[Layer]
#: How many types are remembered.
MOST_RECENT = 12


def offered_types(*, inside: bool = False) -> list[LayerType]:
    """The types that stand for themselves, by family; ports of a block only ``inside`` a definition."""
    return [cls for cls in load() if not issubclass(cls, Standin) and (inside or cls.role != "port")]


class Recent:
    """The names of the types that were added lately, the last one first; kept in the settings where there are some."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._settings: Settings | None = None

    def keep_in(self, settings: Settings) -> None:
        """Begin with what the settings remember, and remember there."""
        self._settings = settings
        known = [name for name in settings.get("layers.recent", []) if isinstance(name, str)]
        self._names = [*dict.fromkeys([*self._names, *known])][:MOST_RECENT]

    def remember(self, names: Iterable[str]) -> None:
        """These were added now, the last of them last."""
        self._names = [*dict.fromkeys([*reversed(list(names)), *self._names])][:MOST_RECENT]
        if self._settings is not None:
            self._settings.set(**{"layers.recent": list(self._names)})

    def first(self, types: Sequence[LayerType]) -> list[LayerType]:
        """The same types with those added lately at the head."""
        place = {name: rank for rank, name in enumerate(self._names)}
        return sorted(types, key=lambda cls: place.get(cls.type_name(), len(place)))


def fitting_first(types: Sequence[LayerType], fits: Callable[[LayerType], bool]) -> list[LayerType]:
    """The same types with those that fit at the head."""
    return sorted(types, key=lambda cls: not fits(cls))
