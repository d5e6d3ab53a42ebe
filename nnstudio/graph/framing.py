"""Frames on the canvas: what they enclose, who joins and leaves when nodes move, folding and the room it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nnstudio.graph.places import NODE_HEIGHT, NODE_WIDTH, Box, around, box_of, frame_box
from nnstudio.graph.view import Frame, Position, View, ViewEdit, place, put_frame

Boxes = Mapping[str, Box]
#: The card that stands for a folded frame.
CARD = NODE_WIDTH, NODE_HEIGHT
_APART = 32.0


def outline(frame: Frame, boxes: Boxes) -> Box | None:
    """The rectangle of a frame: around its members, or the card where it is folded; None where it has no members."""
    members = [boxes[id] for id in frame.members if id in boxes]
    if not members:
        return None
    if not frame.folded:
        return frame_box(members)
    left, top, right, bottom = around(members)
    return box_of(((left + right) / 2, (top + bottom) / 2), CARD)


def framed(frame: Frame) -> ViewEdit:
    """Add a frame; others lose the members that it takes, and go where none are left."""

    def edit(view: View) -> View:
        made = put_frame(frame)(view)
        return replace(made, frames={id: each for id, each in made.frames.items() if each.members or id == frame.id})

    return edit


def rehomed(ids: Iterable[str], before: Boxes, after: Boxes) -> ViewEdit:
    """Membership after nodes were dragged, by where they are dropped.

    A node whose centre is dropped within an open frame joins it; one that is dropped clear of its frame, as that was
    before, leaves it. The members of a frame that is moved as a whole stay.
    """
    moved = frozenset(ids)

    def edit(view: View) -> View:
        frames = dict(view.frames)
        still = [frame for frame in frames.values() if not frame.members <= moved and not frame.folded]
        outlines = {frame.id: box for frame in still if (box := outline(frame, before)) is not None}
        whole = {id for frame in frames.values() if frame.members <= moved for id in frame.members}
        for id in (id for id in moved if id in after and id not in whole):
            box = after[id]
            home = next((frame for frame in frames.values() if id in frame.members), None)
            at = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            goal = next((key for key, edge in outlines.items() if _within(at, edge)), None)
            if goal is None and home is not None and home.id in outlines and _touch(box, outlines[home.id]):
                continue
            if home is not None and home.id != goal:
                frames[home.id] = replace(frames[home.id], members=frames[home.id].members - {id})
            if goal is not None and (home is None or home.id != goal):
                frames[goal] = replace(frames[goal], members=frames[goal].members | {id})
        frames = {id: frame for id, frame in frames.items() if frame.members}
        return view if frames == dict(view.frames) else replace(view, frames=frames)

    return edit


def housed(places: Mapping[str, Position], boxes: Boxes) -> ViewEdit:
    """New nodes join the open frame within which they stand. ``boxes`` are those of the frames' members."""

    def edit(view: View) -> View:
        frames = dict(view.frames)
        edges = {frame.id: edge for frame in frames.values() if not frame.folded and (edge := outline(frame, boxes))}
        for id, at in places.items():
            home = next((key for key, edge in edges.items() if _within(at, edge)), None)
            if home is not None:
                frames[home] = replace(frames[home], members=frames[home].members | {id})
        return view if frames == dict(view.frames) else replace(view, frames=frames)

    return edit


def left_out(ids: Iterable[str]) -> ViewEdit:
    """Take nodes out of their frames; a frame that is left without members goes."""
    gone = frozenset(ids)

    def edit(view: View) -> View:
        frames = {id: replace(frame, members=frame.members - gone) for id, frame in view.frames.items()}
        return replace(view, frames={id: frame for id, frame in frames.items() if frame.members})

    return edit


def folded(frame: Frame, places: Mapping[str, Position]) -> ViewEdit:
    """Show a frame as one card; its members keep their places."""

    def edit(view: View) -> View:
        pinned = {id: places[id] for id in frame.members if id in places and id not in view.positions}
        return put_frame(replace(frame, folded=True))(place(pinned)(view))

    return edit


def unfolded(frame: Frame, boxes: Boxes) -> ViewEdit:
    """Show a frame's members again. What stands in the way moves aside, together with all that is on its side."""
    opened = replace(frame, folded=False)
    edge = outline(opened, boxes)

    def edit(view: View) -> View:
        if edge is None:
            return put_frame(opened)(view)
        units = _units(view, boxes, frame)
        shifts = _shifts([box for box, _ in units], edge)
        places = {}
        for box, ids in units:
            dx, dy = shifts.get(_side(box, edge), (0.0, 0.0))
            places.update({id: (_x(boxes[id]) + dx, _y(boxes[id]) + dy) for id in ids if dx or dy})
        return put_frame(opened)(place(places)(view))

    return edit


def _units(view: View, boxes: Boxes, but: Frame) -> list[tuple[Box, frozenset[str]]]:
    """What moves together: other frames with their members, and nodes that are in none."""
    frames = [frame for frame in view.frames.values() if frame.id != but.id]
    units = [(box, frame.members & boxes.keys()) for frame in frames if (box := outline(frame, boxes)) is not None]
    homed = but.members.union(*(frame.members for frame in frames))
    return units + [(box, frozenset([id])) for id, box in boxes.items() if id not in homed]


def _side(box: Box, edge: Box) -> str:
    """On which side of a rectangle's middle another stands."""
    if abs(_x(box) - _x(edge)) >= CARD[0] / 2:
        return "right" if _x(box) > _x(edge) else "left"
    return "below" if _y(box) >= _y(edge) else "above"


def _shifts(boxes: Iterable[Box], edge: Box) -> dict[str, Position]:
    """How far all on each side move so that none covers ``edge``; sides where none does are left out."""
    made: dict[str, Position] = {}
    for box in boxes:
        if not _touch(box, edge):
            continue
        side = _side(box, edge)
        dx, dy = made.get(side, (0.0, 0.0))
        if side == "right":
            made[side] = max(dx, edge[2] + _APART - box[0]), 0.0
        elif side == "left":
            made[side] = min(dx, edge[0] - _APART - box[2]), 0.0
        elif side == "below":
            made[side] = 0.0, max(dy, edge[3] + _APART - box[1])
        else:
            made[side] = 0.0, min(dy, edge[1] - _APART - box[3])
    return made


def _within(at: Position, box: Box) -> bool:
    return box[0] <= at[0] <= box[2] and box[1] <= at[1] <= box[3]


def _touch(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _x(box: Box) -> float:
    return (box[0] + box[2]) / 2


def _y(box: Box) -> float:
    return (box[1] + box[3]) / 2
