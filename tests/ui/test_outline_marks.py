"""Frames and notes below the outline, worked with keys as a person would."""

from __future__ import annotations

import pytest
from hands import small_network
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeWidgetItem

from nnstudio.graph import edits
from nnstudio.graph.view import Frame, Note, chain, put_frame, put_note, remove_note
from nnstudio.project.sheet import Sheet
from nnstudio.ui.canvas.annotations import Mark

Key = Qt.Key


@pytest.fixture
def framed(window):  # type: ignore[no-untyped-def]
    """A window with a frame of two layers and a note, its outline open."""
    session = window.session
    session.new(Sheet(network=small_network()))
    window.show_workspace()
    ids = frozenset(session.network.named(name).id for name in ("active", "hidden"))
    written = Note("n", "## Why\n\nIt **works**", 0.0, 400.0)
    session.do("frame", view=chain(put_frame(Frame("f", "Body", ids)), put_note(written)))
    window.actions_table.trigger("go_to_outline")
    outline(window).catch_up()
    return window


def outline(window):  # type: ignore[no-untyped-def]
    return window.workspace.side.outline


def told(item: QTreeWidgetItem) -> str:
    return str(item.data(0, Qt.ItemDataRole.AccessibleTextRole))


def rows(window) -> list[str]:  # type: ignore[no-untyped-def]
    """What a screen reader says of each row, those in frames behind their frame."""
    marks = outline(window).marks
    tops = [marks.topLevelItem(place) for place in range(marks.topLevelItemCount())]
    return [told(each) for top in tops for each in (top, *(top.child(at) for at in range(top.childCount())))]


def press(window, key: Key) -> None:  # type: ignore[no-untyped-def]
    QTest.keyClick(outline(window).marks, key)
    outline(window).catch_up()


def test_frames_are_listed_with_their_layers_and_notes_by_their_first_line(framed) -> None:  # type: ignore[no-untyped-def]
    assert outline(framed).marks.isVisible()
    assert outline(framed).marks.accessibleName() == "Frames and notes"
    assert rows(framed) == [
        "frame Body, 2 layers, open", "hidden, Linear · 32", "active, ReLU", "note: Why",
    ]  # fmt: skip


def test_the_list_follows_every_edit(framed) -> None:  # type: ignore[no-untyped-def]
    session = framed.session
    session.do("rename", edits.rename(session.network.named("hidden").id, "first"))
    session.do("note", view=remove_note("n"))
    outline(framed).catch_up()
    assert rows(framed) == ["frame Body, 2 layers, open", "first, Linear · 32", "active, ReLU"]
    session.undo()
    outline(framed).catch_up()
    assert "note: Why" in rows(framed)


def test_without_frames_and_notes_it_takes_no_room(framed) -> None:  # type: ignore[no-untyped-def]
    framed.session.document.go_to(0)
    outline(framed).catch_up()
    assert outline(framed).marks.isHidden()


def test_arrow_keys_mark_what_they_come_to(framed) -> None:  # type: ignore[no-untyped-def]
    marks, annotations = outline(framed).marks, framed.workspace.canvas.annotations
    marks.setFocus()
    press(framed, Key.Key_Home)
    assert annotations.marked == Mark("frame", "f")
    press(framed, Key.Key_Right)
    press(framed, Key.Key_Down)
    assert {framed.session.network.nodes[id].name for id in framed.session.selection} == {"hidden"}
    press(framed, Key.Key_End)
    assert annotations.marked == Mark("note", "n")
    press(framed, Key.Key_Delete)
    assert not framed.session.view.notes


def test_f2_edits_the_title_and_enter_goes_to_the_canvas(framed) -> None:  # type: ignore[no-untyped-def]
    marks, canvas = outline(framed).marks, framed.workspace.canvas
    marks.setFocus()
    press(framed, Key.Key_Home)
    press(framed, Key.Key_F2)
    QTest.keyClicks(canvas.name_field, "Trunk")
    QTest.keyClick(canvas.name_field, Key.Key_Return)
    outline(framed).catch_up()
    assert rows(framed)[0] == "frame Trunk, 2 layers, open"
    press(framed, Key.Key_Return)
    assert canvas.hasFocus()


def test_what_is_marked_on_the_canvas_is_the_row(framed) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2):
        framed.workspace.canvas.mark_next()
    assert told(outline(framed).marks.currentItem()) == "note: Why"
