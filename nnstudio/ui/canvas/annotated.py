"""A canvas with frames, notes, guides and bookmarks: what the mouse and keys do to them, and what actions call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from nnstudio.graph import framing
from nnstudio.graph.aligning import EDGES, Guide, aligned, distributed, guided
from nnstudio.graph.edits import new_id
from nnstudio.graph.places import GRID, box_of, node_size, snapped
from nnstudio.graph.view import Frame, Note, Position, chain, put_note, remove_frame, remove_note
from nnstudio.ui import theme
from nnstudio.ui.canvas.acting import Acting
from nnstudio.ui.canvas.annotation_tools import MoveFrameTool, MoveNoteTool, ResizeNoteTool, resized
from nnstudio.ui.canvas.annotations import Annotations, Mark
from nnstudio.ui.canvas.arranging import Arranging
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.note_editor import NoteEditor
from nnstudio.ui.canvas.scene import CanvasScene
from nnstudio.ui.canvas.tools import Tool
from nnstudio.ui.session import Session

Key = Qt.Key
_ARROWS = {Key.Key_Left: (-1, 0), Key.Key_Right: (1, 0), Key.Key_Up: (0, -1), Key.Key_Down: (0, 1)}
#: How near, in pixels, an edge is drawn to its neighbour's, and with how many neighbours guides are still looked for.
_REACH, _MOST = 6.0, 300


class Annotated(Acting):
    """A canvas on which things are arranged and explained."""

    def __init__(self, canvas: CanvasScene, session: Session, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(canvas, session, editor, parent)
        self.annotations = Annotations(self)  # type: ignore[arg-type]
        self.arranging = Arranging(self, self.animate_from)  # type: ignore[arg-type]
        self.note_editor = NoteEditor(self, self.back_to_canvas)
        self.guiding = True
        self._guides: tuple[Guide, ...] = ()
        canvas.reset.connect(self.arranging.cancel)

    def animate_from(self, before: Mapping[str, Position]) -> None:
        """Show the way of the nodes from their old places."""

    def extent(self) -> QRectF:
        """The rectangle around all nodes, frames and notes."""
        rect = self.canvas.content_rect()
        for mark in self.annotations.all():
            rect = rect.united(self.annotations.area(mark))
        return rect

    # -- arranging ------------------------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Lay the network out anew; it moves there, and one undo takes it back."""
        self.arranging.start()

    def arrange_selection(self) -> None:
        """Lay the selected nodes out anew, where they stand."""
        self.arranging.start(self.session.selection)

    def _chosen_boxes(self) -> dict[str, tuple[float, float, float, float]]:
        return self.annotations.boxes(sorted(self.session.selection))

    def align(self, edge: str) -> None:
        """Bring an edge, or the middle, of the selected nodes into line."""
        places = aligned(self._chosen_boxes(), edge)
        self.session.do(f"Align {EDGES[edge]}", view=self.editor.placing(places))

    def distribute(self, axis: int) -> None:
        """Give the selected nodes equal distances across (0) or down (1)."""
        places = distributed(self._chosen_boxes(), axis)
        label = "Distribute down" if axis else "Distribute across"
        self.session.do(label, view=self.editor.placing(places))

    def set_snapping(self, snapping: bool) -> None:
        """Whether there is a grid: dots are shown, and what is dragged snaps to it."""
        self.snapping = snapping
        self.canvas.redraw()

    def guided(self, ids: Mapping[str, Position], shift: Position, *, free: bool) -> Position:
        """How far nodes that are dragged from these places by ``shift`` are shown to have come: drawn to the edges and
        centres of their neighbours, else to the grid. ``free``: neither."""
        self._guides = ()
        self.annotations.aim({id: (x + shift[0], y + shift[1]) for id, (x, y) in ids.items()})
        if free or not ids:
            return shift
        nodes = self.canvas.network.nodes
        boxes = [box_of((x + shift[0], y + shift[1]), node_size(nodes[id].layer)) for id, (x, y) in ids.items()]
        moved = min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
        drawn: Position = (0.0, 0.0)
        if self.guiding:
            drawn, self._guides = guided(moved, self._neighbours(ids), _REACH / self.scale_now())
        x, y = next(iter(ids.values()))
        dx, dy = (
            by + draw if draw or self._lined(axis) else self._snapped(at + by) - at
            for axis, (at, by, draw) in enumerate(zip((x, y), shift, drawn, strict=True))
        )
        return dx, dy

    def _lined(self, axis: int) -> bool:
        return any(guide.upright == (axis == 0) for guide in self._guides)

    def _snapped(self, value: float) -> float:
        return round(value / GRID) * GRID if self.snapping else value

    def _neighbours(self, ids: Mapping[str, Position]) -> list[tuple[float, float, float, float]]:
        table, seen = self.canvas.table, self.seen()
        rows = table.inside((seen.left(), seen.top(), seen.right(), seen.bottom())).tolist()
        return [table.box(row) for row in rows if table.ids[row] not in ids] if len(rows) <= _MOST else []

    def drop(self, places: Mapping[str, Position]) -> None:
        """Put nodes where they were dragged; they join the frame that they are dropped in, and leave theirs."""
        self._guides = ()
        members = (frame.members for frame in self.session.view.frames.values())
        before = self.annotations.boxes(frozenset(places).union(*members))
        nodes = self.canvas.network.nodes
        after = before | {id: box_of(at, node_size(nodes[id].layer)) for id, at in places.items() if id in nodes}
        edit = chain(self.editor.placing(places), framing.rehomed(places, before, after))
        self.session.do("Move", view=edit)

    def forget_guides(self) -> None:
        """Show no guides any more."""
        self._guides = ()
        self.annotations.aim({})

    def paint_guides(self, painter: QPainter) -> None:
        """The lines along which what is dragged is in line with others."""
        pen = QPen(QColor(theme.current().accent), 1.0, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        painter.setPen(pen)
        for guide in self._guides:
            a = QPointF(guide.at, guide.first) if guide.upright else QPointF(guide.first, guide.at)
            b = QPointF(guide.at, guide.last) if guide.upright else QPointF(guide.last, guide.at)
            painter.drawLine(a, b)

    # -- frames ---------------------------------------------------------------------------------------------------

    def frame_selection(self) -> None:
        """Put a frame around the selected nodes and ask for its title. The one frame that is selected as a whole grows
        around the others; several of them stay, and what is in none gets one beside them."""
        frames, chosen = self.session.view.frames, self.session.selection
        if not chosen:
            return
        whole = [frame for frame in frames.values() if frame.members <= chosen]
        beside = chosen.difference(*(frame.members for frame in whole))
        if len(whole) == 1:
            self._grow_frame(whole[0], chosen)
            return
        if not beside:
            titles = " and ".join(frame.title for frame in whole[:2])
            sentence = f"These layers have frames already ({titles}); take a frame away first, or put them into one"
            self.session.notice.emit("info", sentence)
            return
        self._new_frame(beside)

    def _grow_frame(self, frame: Frame, members: frozenset[str]) -> None:
        """Put a frame around more nodes: all that it encloses is among them, so that it would be lost in another."""
        grown = replace(frame, members=members)
        if grown == frame or self.session.do("Frame", view=framing.framed(grown)):
            self.annotations.mark(Mark("frame", frame.id))
            self.edit_marked()

    def _new_frame(self, chosen: frozenset[str]) -> None:
        taken = {frame.title for frame in self.session.view.frames.values()}
        number = next(n for n in range(1, len(taken) + 2) if f"Frame {n}" not in taken)
        frame = Frame(new_id(), f"Frame {number}", chosen)
        if self.session.do("Frame", view=framing.framed(frame)):
            self.annotations.mark(Mark("frame", frame.id))
            self.edit_marked()

    def put_into_frame(self, id: str) -> None:
        """Have the selected nodes join a frame, wherever they stand; they leave the one that they are in."""
        frame = self.session.view.frames.get(id)
        if frame is not None:
            joined = replace(frame, members=frame.members | self.session.selection)
            self.session.do(f"Put into {frame.title}", view=framing.framed(joined))

    def take_out_of_frame(self) -> None:
        """Take the selected nodes out of their frames."""
        self.session.do("Take out of frame", view=framing.left_out(self.session.selection))

    def toggle_fold(self) -> None:
        """Fold the frame that is marked or that the selected nodes are in, or open it."""
        frame = self.annotations.frame()
        if frame is None:
            return
        if frame.folded:
            self.session.do("Unfold frame", view=framing.unfolded(frame, self.annotations.boxes()))
        else:
            self.session.do("Fold frame", view=framing.folded(frame, self.canvas.places))
        self.annotations.mark(Mark("frame", frame.id))

    def select_members(self) -> None:
        """Select the nodes in the frame."""
        frame = self.annotations.frame()
        if frame is not None:
            self.session.select(frame.members)

    def recolour(self, color: str) -> None:
        """Give the marked note, or the frame, another colour of the theme."""
        note, frame = self._marked_note(), self.annotations.frame()
        if note is not None:
            self.session.do("Colour note", view=put_note(replace(note, color=color)))
        elif frame is not None:
            self.session.do("Colour frame", view=framing.framed(replace(frame, color=color)))

    def remove_frame(self) -> None:
        """Take the frame away; its members stay."""
        frame = self.annotations.frame()
        if frame is not None:
            edit = chain(framing.unfolded(frame, self.annotations.boxes()), remove_frame(frame.id))
            self.session.do("Remove frame", view=edit if frame.folded else remove_frame(frame.id))

    def _rename_frame(self, frame: Frame) -> None:
        edge = self.annotations.edge(frame)
        self.reveal(edge)
        high = edge.height() if frame.folded else min(edge.height(), 40.0)
        area = self.mapFromScene(QRectF(edge.left(), edge.top(), min(edge.width(), 320.0), high)).boundingRect()

        def take(text: str) -> bool:
            now = self.session.view.frames.get(frame.id)
            return now is None or self.session.do("Rename frame", view=framing.framed(replace(now, title=text)))

        self.name_field.edit(area, frame.title, take)

    # -- notes ----------------------------------------------------------------------------------------------------

    def add_note(self) -> None:
        """Put a note where the pointer is, else in the middle of what is seen, and edit it."""
        at = self.mapToScene(self.pointer()) if self.underMouse() else self.seen().center()
        x, y = snapped((at.x(), at.y()))
        self._edit_note(Note(new_id(), "", x - 120.0, y - 60.0), fresh=True)

    def _marked_note(self) -> Note | None:
        marked = self.annotations.marked
        return self.session.view.notes.get(marked.id) if marked is not None and marked.kind == "note" else None

    def _edit_note(self, note: Note, *, fresh: bool = False) -> None:
        """Edit a note's text. One that is new is added when it has one; one that is left without goes."""
        area = QRectF(note.x, note.y, note.width, note.height)
        self.reveal(area)

        def take(text: str) -> None:
            now = note if fresh else self.session.view.notes.get(note.id)
            if now is None or text == now.text:
                return
            if text.strip():
                self.session.do("Add note" if fresh else "Edit note", view=put_note(replace(now, text=text)))
                self.annotations.mark(Mark("note", note.id))
            elif not fresh:
                self.session.do("Delete note", view=remove_note(note.id))

        self.note_editor.edit(self.mapFromScene(area).boundingRect(), note.text, take)

    # -- what is marked -------------------------------------------------------------------------------------------

    def edit_marked(self) -> None:
        """Edit the marked note's text, or the title of the frame."""
        note, frame = self._marked_note(), self.annotations.frame()
        if note is not None:
            self._edit_note(note)
        elif frame is not None:
            self._rename_frame(frame)

    def delete_selection(self) -> None:
        """Delete what is selected: the note that is marked, the frame but not its nodes, else nodes and wires."""
        if self.annotations.marked is not None:
            self.delete_marked()
        else:
            super().delete_selection()

    def delete_marked(self) -> None:
        """Delete the marked note, or take the marked frame away."""
        note = self._marked_note()
        if note is not None:
            self.session.do("Delete note", view=remove_note(note.id))
        else:
            self.remove_frame()

    def mark_next(self, by: int = 1) -> None:
        """Select the next frame or note, in reading order, and show it."""
        marks = list(self.annotations.all())
        if not marks:
            self.session.notice.emit("info", "There are no frames or notes yet; frame a selection, or add a note")
            return
        marked = self.annotations.marked
        place = (marks.index(marked) + by) % len(marks) if marked in marks else 0
        self.annotations.mark(marks[place])
        self.reveal(self.annotations.area(marks[place]))

    def _shift_marked(self, dx: float, dy: float, *, resize: bool) -> None:
        note, frame = self._marked_note(), self.annotations.frame()
        if note is not None:
            moved = resized(note, dx, dy) if resize else replace(note, x=note.x + dx, y=note.y + dy)
            label = "Resize note" if resize else "Move note"
            self.session.do(label, None, (label, note.id), view=put_note(moved))
        elif frame is not None:
            at = self.canvas.places
            places = {id: (at[id][0] + dx, at[id][1] + dy) for id in frame.members if id in at}
            self.session.do("Move frame", None, ("Move frame", frame.id), view=self.editor.placing(places))

    def show_place(self, x: float, y: float, scale: float) -> None:
        """Look at a place that was kept."""
        self.zoom_to(scale)
        self.center_on(QPointF(x, y))

    # -- mouse and keys -------------------------------------------------------------------------------------------

    def _held(self, at: QPoint) -> Tool | None:
        """Mark what is at a point and begin to move it."""
        mark = self.annotations.hit(at)
        self.annotations.mark(mark)
        if mark is None:
            return None
        view = self.annotations
        if mark.kind == "frame":
            return MoveFrameTool(self, at, self.session.view.frames[mark.id])  # type: ignore[arg-type]
        note = self.session.view.notes[mark.id]
        tool = ResizeNoteTool if view.at_corner(mark.id, at) else MoveNoteTool
        return tool(self, at, note)  # type: ignore[arg-type]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        plain = event.button() == Qt.MouseButton.LeftButton and not self._space and self.tool is None
        held = self._held(at) if plain and not self.hit(at).end else None
        if held is None:
            super().mousePressEvent(event)
        else:
            self.tool = held

    def _hover(self, at: QPoint) -> None:
        super()._hover(at)
        mark = self.annotations.hit(at) if not self._space and not self.hit(at).end else None
        if mark is not None:
            resizes = mark.kind == "note" and self.annotations.at_corner(mark.id, at)
            shape = Qt.CursorShape.SizeFDiagCursor if resizes else Qt.CursorShape.SizeAllCursor
            self.viewport().setCursor(shape)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        mark = self.annotations.hit(event.position().toPoint())
        if mark is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseDoubleClickEvent(event)
            return
        self.annotations.mark(mark)
        frame = self.annotations.frame()
        if frame is not None and frame.folded:
            self.toggle_fold()
        else:
            self.edit_marked()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        callback = self._marked_callback(event)
        if callback is not None:
            callback()
        else:
            super().keyPressEvent(event)

    def _marked_callback(self, event: QKeyEvent) -> Callable[[], object] | None:
        key, modifiers = Key(event.key()), event.modifiers()
        if key == Key.Key_Escape and self.arranging.busy:
            return self.arranging.cancel
        if self.annotations.marked is None or self.tool is not None:
            return None
        if key in _ARROWS:
            dx, dy = _ARROWS[key]
            step = 1.0 if modifiers & Qt.KeyboardModifier.ControlModifier else GRID
            resize = bool(modifiers & Qt.KeyboardModifier.AltModifier)
            return functools.partial(self._shift_marked, dx * step, dy * step, resize=resize)
        known: dict[Qt.Key, Callable[[], object]] = {
            Key.Key_Delete: self.delete_marked, Key.Key_Backspace: self.delete_marked,
            Key.Key_F2: self.edit_marked, Key.Key_Return: self.edit_marked, Key.Key_Enter: self.edit_marked,
            Key.Key_Escape: functools.partial(self.annotations.mark, None), Key.Key_Space: self.toggle_fold,
        }  # fmt: skip
        return known.get(key)
