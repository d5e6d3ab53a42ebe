"""Frames and notes on the canvas: what is shown of them, what is marked, and where they are hit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QPainter

from nnstudio.graph.framing import outline
from nnstudio.graph.places import FRAME_TITLE, Box, box_of, node_size
from nnstudio.graph.view import Frame, Note, Position, View
from nnstudio.ui.announce import describe
from nnstudio.ui.canvas.frame_paint import colour, paint_card, paint_frame
from nnstudio.ui.canvas.note_paint import CORNER, NotePaint

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

#: Room around a frame or note that its outline may take.
_EDGE = 6.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A frame or a note that is selected; ``kind`` is ``frame`` or ``note``."""

    kind: str
    id: str


class Annotations(QObject):
    """The frames and notes of the view that is open. At most one of them is marked; nodes are selected in the session.

    ``shifted`` are notes that are shown elsewhere than the document has them, while they are dragged or resized.
    ``marked_changed`` is emitted after another one, or none, is marked.
    """

    marked_changed = Signal()

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.marked: Mark | None = None
        self.shifted: dict[str, Note] = {}
        self._folded: dict[str, Frame] = {}
        self._aim = ""  # the frame that a dragged node would join
        self._known: tuple[object, ...] = ()
        self._frames: object = None
        self._notes = NotePaint()
        scene, session = view.canvas, view.session
        scene.beneath.append(self._paint_frames)
        scene.above.append(self._paint_cards)
        scene.above.append(self._paint_notes)
        session.changed.connect(self._follow)
        scene.reset.connect(self._follow)
        scene.layout_changed.connect(self._moved)
        session.selection_changed.connect(self._selected)
        self._follow()

    @property
    def _shown(self) -> View:
        return self._view.session.view

    # -- asking ---------------------------------------------------------------------------------------------------

    def boxes(self, ids: Iterable[str] | None = None) -> dict[str, Box]:
        """The rectangles of these nodes (of all, for None) as they would stand with every frame open."""
        places, nodes = self._view.canvas.places, self._view.canvas.network.nodes
        wanted = places if ids is None else [id for id in ids if id in places]
        return {id: box_of(places[id], node_size(nodes[id].layer)) for id in wanted if id in nodes}

    def edge(self, frame: Frame) -> QRectF:
        """The rectangle of a frame as it is shown now; empty where it has no members."""
        table = self._view.canvas.table
        box = outline(frame, {id: table.box(table.rows[id]) for id in frame.members if id in table.rows})
        return QRectF() if box is None else QRectF(QPointF(box[0], box[1]), QPointF(box[2], box[3]))

    def area(self, mark: Mark) -> QRectF:
        """The rectangle of what is marked; empty where it is no longer there."""
        if mark.kind == "frame" and mark.id in self._shown.frames:
            return self.edge(self._shown.frames[mark.id])
        note = self.note(mark.id) if mark.kind == "note" else None
        return QRectF() if note is None else QRectF(note.x, note.y, note.width, note.height)

    def note(self, id: str) -> Note | None:
        """A note as it is shown now."""
        return self.shifted.get(id) or self._shown.notes.get(id)

    def hit(self, at: QPoint) -> Mark | None:
        """The note, the title of a frame or the card of a folded one that is at a point of the view."""
        spot, scale = self._view.mapToScene(at), self._view.scale_now()
        for id in reversed(list(self._shown.notes)):
            if self.area(Mark("note", id)).contains(spot):
                return Mark("note", id)
        for id, frame in self._shown.frames.items():
            edge = self.edge(frame)
            if not frame.folded:
                edge.setHeight(min(edge.height(), max(FRAME_TITLE, 22.0 / scale)))
            if edge.contains(spot):
                return Mark("frame", id)
        return None

    def at_corner(self, id: str, at: QPoint) -> bool:
        """Whether a point of the view is on the corner by which a note is resized."""
        area = self.area(Mark("note", id))
        reach = max(CORNER, 12.0 / self._view.scale_now())
        spot = self._view.mapToScene(at)
        return area.right() - spot.x() <= reach and area.bottom() - spot.y() <= reach

    def all(self) -> Iterator[Mark]:
        """All frames, then all notes, in reading order."""
        for kind, things in (("frame", self._shown.frames), ("note", self._shown.notes)):
            marks = [Mark(kind, id) for id in things]
            yield from sorted(marks, key=lambda mark: (self.area(mark).top(), self.area(mark).left(), mark.id))

    def colours(self) -> Iterator[tuple[Mark, QColor, bool]]:
        """All frames and notes with their colours, and whether they are solid (notes and folded frames)."""
        for id, frame in self._shown.frames.items():
            yield Mark("frame", id), colour(frame.color), frame.folded
        for id, note in self._shown.notes.items():
            yield Mark("note", id), colour(note.color), True

    # -- marking --------------------------------------------------------------------------------------------------

    def mark(self, mark: Mark | None) -> None:
        """Select a frame or note, and no nodes or wires with it."""
        if mark == self.marked:
            return
        self.marked = mark
        if mark is not None:
            self._view.session.select(())
            self._view.canvas.mark_wires(())
            describe(self._view, self.told(mark))
        self._view.canvas.redraw()
        self.marked_changed.emit()

    def told(self, mark: Mark) -> str:
        """What a screen reader says of it."""
        if mark.kind == "note":
            note = self._shown.notes.get(mark.id)
            return f"note {note.text[:80]}, selected" if note else ""
        frame = self._shown.frames.get(mark.id)
        if frame is None:
            return ""
        state = "folded" if frame.folded else "open"
        return f"frame {frame.title}, {len(frame.members)} layers, {state}, selected"

    def frame(self) -> Frame | None:
        """The frame that commands mean: the marked one, else the one that all selected nodes are in."""
        frames, chosen = self._shown.frames, self._view.session.selection
        if self.marked is not None and self.marked.kind == "frame":
            return frames.get(self.marked.id)
        return next((each for each in frames.values() if chosen and chosen <= each.members), None)

    def ask(self, at: QPoint | None) -> bool:
        """Show the menu of what is at a point of the view, or (for None) of what is marked. False: nothing is."""
        from nnstudio.ui.canvas.annotation_menu import popup_for

        if at is not None:
            self.mark(self.hit(at))
        if self.marked is None:
            return False
        spot = at or self._view.mapFromScene(self.area(self.marked).topLeft()) + QPoint(16, 16)
        popup_for(self._view, self.marked.kind, spot)
        return True

    # -- following ------------------------------------------------------------------------------------------------

    def _follow(self, *_: object) -> None:
        """Fold and unfold nodes as the document says, and paint anew where frames or notes have changed."""
        view = self._shown
        self.shifted.clear()
        if self.marked is not None and self.area(self.marked).isEmpty():
            self.marked = None
            self.marked_changed.emit()
        self._fold()
        if self._frames != (view.frames, view.notes):
            self._frames = view.frames, view.notes
            self._notes.forget(view.notes)
            self._view.canvas.redraw()

    def _fold(self) -> None:
        scene = self._view.canvas
        known = (scene.places, scene.network, self._shown.frames)
        if len(known) == len(self._known) and all(a is b for a, b in zip(known, self._known, strict=True)):
            return
        self._known = known
        folded = {id: frame for id, frame in self._shown.frames.items() if frame.folded}
        if not folded and not self._folded:
            return
        before = {id for frame in self._folded.values() for id in frame.members}
        self._folded = folded
        inside = {id for frame in folded.values() for id in frame.members}
        self._open(before - inside)
        for number, frame in enumerate(folded.values()):
            own = self.boxes(frame.members)
            box = outline(frame, own)
            if box is not None:
                scene.table.fold(number, box, own)
        scene.wires.follow(scene.table.rows_of(before | inside))
        chosen = self._view.session.selection
        if chosen & inside:
            self._view.session.select(chosen - inside)
        scene.redraw()
        scene.layout_changed.emit()

    def _open(self, ids: set[str]) -> None:
        """Show nodes that were folded away where they stand."""
        scene = self._view.canvas
        there = [id for id in ids if id in scene.table.rows and id in scene.places]
        rows = scene.table.rows_of(there)
        scene.table.folded[rows] = -1
        sizes = [node_size(scene.network.nodes[id].layer) for id in there]
        scene.table.put(there, [scene.places[id] for id in there], sizes, scene.table.family[rows].tolist())

    def aim(self, places: Mapping[str, Position]) -> None:
        """Show which frame nodes that are dragged to these places would join."""
        before, self._aim = self._aim, ""
        first = next(iter(places), "")
        for id, frame in self._shown.frames.items() if first else ():
            if not frame.folded and first not in frame.members and self.edge(frame).contains(QPointF(*places[first])):
                self._aim = id
        if before != self._aim:
            self._view.canvas.redraw()

    def _moved(self) -> None:
        if len(self._view.canvas.moving) and any(not frame.folded for frame in self._shown.frames.values()):
            self._view.canvas.redraw()  # their rectangles follow
        else:
            self._fold()

    def _selected(self) -> None:
        if self.marked is not None and self._view.session.selection:
            self.mark(None)

    # -- painting -------------------------------------------------------------------------------------------------

    def show_shifted(self, note: Note) -> None:
        """Show a note elsewhere than the document has it."""
        before = self.area(Mark("note", note.id))
        self.shifted[note.id] = note
        both = before.united(self.area(Mark("note", note.id)))
        self._view.canvas.touched.emit(both.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE))

    def settle(self) -> None:
        """Show all notes where the document has them."""
        if self.shifted:
            self.shifted.clear()
            self._view.canvas.redraw()

    def _frames_in(self, area: QRectF, *, folded: bool) -> Iterator[tuple[Frame, QRectF, bool]]:
        for id, frame in self._shown.frames.items():
            edge = self.edge(frame) if frame.folded == folded else QRectF()
            if edge.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE).intersects(area):
                yield frame, edge, self.marked == Mark("frame", id) or id == self._aim

    def _paint_frames(self, painter: QPainter, area: QRectF, scale: float) -> None:
        for frame, edge, marked in self._frames_in(area, folded=False):
            paint_frame(painter, frame, edge, scale, marked=marked)

    def _paint_cards(self, painter: QPainter, area: QRectF, scale: float) -> None:
        for frame, edge, marked in self._frames_in(area, folded=True):
            network = self._view.session.network
            into = any(
                wire.source not in frame.members for id in frame.members for wire in network.incoming.get(id, ())
            )
            chosen = bool(frame.members & self._view.session.selection)
            out = any(wire.target not in frame.members for id in frame.members for wire in network.outgoing.get(id, ()))
            paint_card(painter, frame, edge, scale, marked=marked or chosen, ports=(into, out))

    def _paint_notes(self, painter: QPainter, area: QRectF, scale: float) -> None:
        for id in self._shown.notes:
            note, rect = self.note(id), self.area(Mark("note", id))
            if note is not None and rect.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE).intersects(area):
                self._notes.paint(painter, note, rect, scale, marked=self.marked == Mark("note", id))
