"""Frames without a mouse: joined, left and grown by command, and never lost by another."""

from __future__ import annotations

from annotating import frame, framed
from hands import Hands, small_network
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.graph.view import Frame, put_frame
from nnstudio.project.sheet import Sheet


def test_a_layer_joins_a_frame_by_command(hands: Hands) -> None:
    framed(hands, "hidden", "active", title="Body")
    hands.session.select([hands.id("scores")])
    hands.view.put_into_frame(frame(hands).id)
    assert frame(hands).members == {hands.id(name) for name in ("hidden", "active", "scores")}
    assert hands.session.document.undo_label == "Put into Body"
    hands.view.take_out_of_frame()
    assert frame(hands).members == {hands.id(name) for name in ("hidden", "active")}


def test_framing_a_frame_and_more_keeps_its_title(hands: Hands) -> None:
    framed(hands, "hidden", "active", title="Body")
    hands.session.select([hands.id(name) for name in ("hidden", "active", "scores")])
    hands.view.frame_selection()
    QTest.keyClick(hands.view.name_field, Qt.Key.Key_Return)
    assert frame(hands).title == "Body"
    assert len(frame(hands).members) == 3


def test_framing_part_of_a_frame_leaves_the_rest_in_it(hands: Hands) -> None:
    framed(hands, "hidden", "active", title="Body")
    hands.session.select([hands.id("active"), hands.id("scores")])
    hands.view.frame_selection()
    titles = {each.title: each.members for each in hands.session.view.frames.values()}
    assert titles == {"Body": {hands.id("hidden")}, "Frame 1": {hands.id("active"), hands.id("scores")}}


def test_framing_several_frames_loses_none(hands: Hands, qtbot) -> None:  # type: ignore[no-untyped-def]
    framed(hands, "hidden", title="One")
    hands.session.select([hands.id("active")])
    hands.view.frame_selection()
    hands.session.select([hands.id("hidden"), hands.id("active")])
    with qtbot.waitSignal(hands.session.notice):
        hands.view.frame_selection()
    hands.session.select([hands.id(name) for name in ("hidden", "active", "scores")])
    hands.view.frame_selection()
    titles = {each.title: each.members for each in hands.session.view.frames.values()}
    assert titles == {"One": {hands.id("hidden")}, "Frame 1": {hands.id("active")}, "Frame 2": {hands.id("scores")}}


def test_in_the_window_a_frame_is_joined_by_its_title(window) -> None:  # type: ignore[no-untyped-def]
    session = window.session
    session.new(Sheet(network=small_network()))
    window.show_workspace()
    ids = {name: session.network.named(name).id for name in ("hidden", "active", "scores")}
    for title, name in (("Front", "hidden"), ("Back", "active")):
        session.do(title, view=put_frame(Frame(title, title, frozenset([ids[name]]))))
    session.select([ids["scores"]])
    window.actions_table.trigger("put_into_frame")
    QTest.keyClicks(window._palette.field, "back")
    QTest.keyClick(window._palette.field, Qt.Key.Key_Return)
    assert session.view.frames["Back"].members == {ids["active"], ids["scores"]}
    window.actions_table.trigger("take_out")
    assert session.view.frames["Back"].members == {ids["active"]}


def test_in_the_window_delete_takes_the_marked_frame_away(window) -> None:  # type: ignore[no-untyped-def]
    session = window.session
    session.new(Sheet(network=small_network()))
    window.show_workspace()
    session.do("f", view=put_frame(Frame("f", "Body", frozenset([session.network.named("hidden").id]))))
    window.workspace.canvas.setFocus()
    window.workspace.canvas.mark_next()
    QTest.keyClick(window.workspace.canvas, Qt.Key.Key_Delete)
    assert not session.view.frames
    assert "hidden" in session.network.by_name
