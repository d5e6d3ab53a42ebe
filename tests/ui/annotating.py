"""A person who writes frames and notes on the canvas, for the tests of the window."""

from __future__ import annotations

from hands import CTRL, Hands
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from nnstudio.graph.view import Frame, Note

Key = Qt.Key


def frame(hands: Hands) -> Frame:
    (made,) = hands.session.view.frames.values()
    return made


def note(hands: Hands) -> Note:
    (made,) = hands.session.view.notes.values()
    return made


def framed(hands: Hands, *names: str, title: str = "Body") -> Frame:
    """Frame these nodes as a person does: select, command, type the title, Enter."""
    hands.session.select(hands.id(name) for name in names)
    hands.view.frame_selection()
    hands.view.name_field.setText(title)
    QTest.keyClick(hands.view.name_field, Key.Key_Return)
    return frame(hands)


def title_of(hands: Hands) -> QPoint:
    edge = hands.view.annotations.edge(frame(hands))
    return hands.view.mapFromScene(edge.topLeft() + QPointF(30, 14))


def noted(hands: Hands, text: str = "# Why\nIt **works**") -> Note:
    hands.view.add_note()
    hands.view.note_editor.setPlainText(text)
    QTest.keyClick(hands.view.note_editor, Key.Key_Return, CTRL)
    return note(hands)


def on_note(hands: Hands, dx: float = 20, dy: float = 20) -> QPoint:
    return hands.view.mapFromScene(QPointF(note(hands).x + dx, note(hands).y + dy))
