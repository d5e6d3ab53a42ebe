"""The view: where things stand on the canvas. A second value, so that moving a node never changes the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

Position = tuple[float, float]


@dataclass(frozen=True)
class View:
    """Positions of nodes (the centre of each, in scene units of one pixel at 100 %), by node id."""

    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not isinstance(self.positions, MappingProxyType):
            object.__setattr__(self, "positions", MappingProxyType(dict(self.positions)))

    def __reduce__(self) -> tuple[object, ...]:
        return (View, (dict(self.positions),))


ViewEdit = Callable[[View], View]


def place(positions: Mapping[str, Position]) -> ViewEdit:
    """Move these nodes to these positions."""

    def edit(view: View) -> View:
        return replace(view, positions={**view.positions, **positions})

    return edit


def forget(ids: Iterable[str]) -> ViewEdit:
    """Drop the positions of these nodes."""
    gone = frozenset(ids)

    def edit(view: View) -> View:
        return replace(view, positions={id: at for id, at in view.positions.items() if id not in gone})

    return edit
