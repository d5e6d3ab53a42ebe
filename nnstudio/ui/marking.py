"""Frames and notes chosen below the outline are marked on the canvas, and what is marked there is the row here."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt

from nnstudio.ui.canvas import CanvasView
from nnstudio.ui.canvas.annotations import Mark
from nnstudio.ui.docks.outline import Outline


def keep_in_step(outline: Outline, canvas: CanvasView) -> None:
    """Let the list below an outline and a canvas follow one another."""
    marks, annotations, session = outline.marks, canvas.annotations, canvas.session

    def choose(kind: str, id: str) -> None:
        if kind == "node":
            session.select([id] if id in session.network.nodes else [])
            return
        annotations.mark(Mark(kind, id))
        canvas.reveal(annotations.area(Mark(kind, id)))

    def go(kind: str, id: str) -> None:
        choose(kind, id)
        if kind == "node":
            session.reveal(id)
        canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask(kind: str, at: QPoint) -> None:
        if kind == "node":
            outline.menu_wanted.emit(at)
        else:
            annotations.ask(None)

    def follow() -> None:
        marked = annotations.marked
        marks.follow(*((marked.kind, marked.id) if marked is not None else ("", "")))

    marks.chosen.connect(choose)
    marks.opened.connect(go)
    marks.edit_wanted.connect(canvas.edit_marked)
    marks.menu_wanted.connect(ask)
    annotations.marked_changed.connect(follow)
