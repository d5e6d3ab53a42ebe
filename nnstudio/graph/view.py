"""The view: where things stand on the canvas and what is written beside them (DESIGN 4).

A second value with the rules of the network's, so that moving a node never changes the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from nnstudio.graph.changes import derived
from nnstudio.graph.network import Wire

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """A titled rectangle around its members, which it encloses wherever they stand. ``color`` names a family's colour
    of the theme ("" for a neutral one); a folded frame is drawn as one compact node."""

    id: str
    title: str
    members: frozenset[str]
    color: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A text in Markdown on the canvas. ``x`` and ``y`` are its top left corner; all in scene units."""

    id: str
    text: str
    x: float
    y: float
    width: float = 240.0
    height: float = 120.0
    color: str = ""


def _empty() -> Any:
    return field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class View:
    """What is seen of a network besides its nodes and wires.

    positions: the centre of each node, by its id, in scene units of one pixel at 100 %.
    frames, notes: by id. bookmarks: places by title, as centre and zoom (x, y, 1.0 for 100 %).
    routes: the points that a wire is led through, in order from its source.
    blocks: the view inside each block's definition, by the definition's name.
    """

    positions: Mapping[str, Position] = _empty()
    frames: Mapping[str, Frame] = _empty()
    notes: Mapping[str, Note] = _empty()
    bookmarks: Mapping[str, tuple[float, float, float]] = _empty()
    routes: Mapping[Wire, tuple[Position, ...]] = _empty()
    blocks: Mapping[str, View] = _empty()

    def __post_init__(self) -> None:
        for name in ("positions", "frames", "notes", "bookmarks", "routes", "blocks"):
            value = getattr(self, name)
            if not isinstance(value, MappingProxyType):
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    def __reduce__(self) -> tuple[object, ...]:
        kept: tuple[Mapping[Any, Any], ...] = (
            self.positions, self.frames, self.notes, self.bookmarks, self.routes, self.blocks,
        )  # fmt: skip
        return (View, tuple(dict(part) for part in kept))


ViewEdit = Callable[[View], View]


def place(positions: Mapping[str, Position]) -> ViewEdit:
    """Move these nodes to these positions."""
    return lambda view: replace(view, positions=derived(view.positions, positions))


def forget(ids: Iterable[str]) -> ViewEdit:
    """Drop all that is known of these nodes: their positions, the routes of their wires, their places in frames.

    A frame that is left without members goes too.
    """
    gone = frozenset(ids)

    def edit(view: View) -> View:
        frames = {
            id: frame if not frame.members & gone else replace(frame, members=frame.members - gone)
            for id, frame in view.frames.items()
            if not frame.members or frame.members - gone
        }
        return replace(
            view,
            positions=derived(view.positions, {}, gone),
            frames=frames if view.frames else view.frames,
            routes={w: points for w, points in view.routes.items() if w.source not in gone and w.target not in gone},
        )

    return edit


def put_frame(frame: Frame) -> ViewEdit:
    """Add a frame, or put it in the place of the one with its id. A node is a member of one frame at most."""

    def edit(view: View) -> View:
        others = {
            id: other if not other.members & frame.members else replace(other, members=other.members - frame.members)
            for id, other in view.frames.items()
            if id != frame.id
        }
        return replace(view, frames={**others, frame.id: frame})

    return edit


def remove_frame(id: str) -> ViewEdit:
    """Take a frame away; its members stay."""
    return lambda view: replace(view, frames={key: frame for key, frame in view.frames.items() if key != id})


def put_note(note: Note) -> ViewEdit:
    """Add a note, or put it in the place of the one with its id."""
    return lambda view: replace(view, notes={**view.notes, note.id: note})


def remove_note(id: str) -> ViewEdit:
    """Take a note away."""
    return lambda view: replace(view, notes={key: note for key, note in view.notes.items() if key != id})


def set_bookmark(title: str, x: float, y: float, zoom: float) -> ViewEdit:
    """Remember a place under a title."""
    return lambda view: replace(view, bookmarks={**view.bookmarks, title: (x, y, zoom)})


def remove_bookmark(title: str) -> ViewEdit:
    """Forget a place."""
    return lambda view: replace(view, bookmarks={key: at for key, at in view.bookmarks.items() if key != title})


def set_route(wire: Wire, points: Iterable[Position]) -> ViewEdit:
    """Lead a wire through these points; straight again where there are none."""
    through = tuple(points)

    def edit(view: View) -> View:
        others = {key: kept for key, kept in view.routes.items() if key != wire}
        return replace(view, routes={**others, wire: through} if through else others)

    return edit


def in_block(name: str, edit: ViewEdit) -> ViewEdit:
    """Apply an edit to the view inside a block's definition."""
    return lambda view: replace(view, blocks={**view.blocks, name: edit(view.blocks.get(name, View()))})


def chain(*edits: ViewEdit) -> ViewEdit:
    """Several edits as one."""

    def edit(view: View) -> View:
        for each in edits:
            view = each(view)
        return view

    return edit
