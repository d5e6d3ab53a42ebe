"""Frames and notes on the canvas, with real mouse and key events."""

from __future__ import annotations

import pytest
from annotating import frame, framed, note, noted, on_note, title_of
from hands import ALT, CTRL, LEFT, NONE, Hands
from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from nnstudio.graph.blocks import make_block
from nnstudio.graph.view import Frame, put_frame
from nnstudio.layers.blocks import Block
from nnstudio.ui.canvas.annotations import Mark
from nnstudio.ui.canvas.note_paint import Inert, rendered
from nnstudio.ui.layer_list import LAYER_MIME
from nnstudio.ui.scope import WHOLE

Key = Qt.Key


# -- frames -----------------------------------------------------------------------------------------------------------


def test_a_selection_is_framed_and_the_title_is_typed_at_once(hands: Hands) -> None:
    made = framed(hands, "hidden", "active", title="Body")
    assert made.title == "Body"
    assert made.members == {hands.id("hidden"), hands.id("active")}
    hands.session.undo()
    hands.session.undo()
    assert not hands.session.view.frames


def test_a_drag_of_its_title_moves_a_frame_with_its_members_in_one_step(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    before, other = hands.place("hidden"), hands.place("scores")
    at = title_of(hands)
    hands.drag(at, at + QPoint(0, 130))
    assert hands.place("hidden")[1] > before[1] + 80
    assert hands.place("active")[1] == hands.place("hidden")[1]
    assert hands.place("scores") == other
    assert frame(hands).members == {hands.id("hidden"), hands.id("active")}
    hands.session.undo()
    assert hands.place("hidden") == before


def test_escape_while_a_frame_is_dragged_puts_it_back(hands: Hands) -> None:
    framed(hands, "hidden")
    before, at = hands.place("hidden"), title_of(hands)
    hands.press(at)
    hands.move(at + QPoint(0, 60))
    hands.move(at + QPoint(0, 120))
    hands.key(Key.Key_Escape)
    hands.release(at + QPoint(0, 120))
    assert hands.place("hidden") == before


def test_a_node_dragged_into_a_frame_joins_it_and_dragged_out_leaves_it(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    goal = hands.view.mapFromScene(hands.view.annotations.edge(frame(hands)).center()) + QPoint(0, 4)
    hands.drag(hands.at("scores"), goal, ALT)
    assert hands.id("scores") in frame(hands).members
    hands.drag(hands.at("scores"), hands.at("scores") + QPoint(0, 260), ALT)
    assert hands.id("scores") not in frame(hands).members
    assert hands.session.document.undo_label == "Move"


def test_a_frame_shows_that_it_would_take_the_node_that_is_dragged_over_it(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    goal = hands.view.mapFromScene(hands.view.annotations.edge(frame(hands)).center())
    start = hands.at("scores")
    hands.press(start, ALT)
    hands.move(start + (goal - start) / 2)
    hands.move(goal)
    over = hands.view.viewport().grab().toImage()
    assert hands.view.annotations._aim == frame(hands).id
    hands.key(Key.Key_Escape)
    assert hands.view.annotations._aim == ""
    hands.release(goal)
    assert hands.view.viewport().grab().toImage() != over


def test_the_pointer_tells_what_can_be_moved_and_resized(hands: Hands) -> None:
    framed(hands, "hidden")
    made = noted(hands)
    shape = hands.view.viewport().cursor
    hands.move(title_of(hands))
    assert shape().shape() == Qt.CursorShape.SizeAllCursor
    hands.move(on_note(hands, made.width - 4, made.height - 4))
    assert shape().shape() == Qt.CursorShape.SizeFDiagCursor
    hands.move(hands.at("scores"))
    assert shape().shape() == Qt.CursorShape.ArrowCursor


def test_a_layer_inserted_within_a_frame_joins_it_in_the_same_step(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    wire = hands.session.network.incoming[hands.id("active")][0]
    middle = (hands.view.canvas.content_rect([wire.source]) | hands.view.canvas.content_rect([wire.target])).center()
    before = hands.names()
    hands.drop("Dropout", hands.view.mapFromScene(middle))
    (new,) = hands.names() - before
    assert hands.id(new) in frame(hands).members
    hands.session.undo()
    assert frame(hands).members == {hands.id("hidden"), hands.id("active")}


def test_a_double_click_on_the_title_renames_a_frame(hands: Hands) -> None:
    framed(hands, "hidden")
    hands.double_click(title_of(hands))
    assert hands.view.name_field.isVisible()
    hands.view.name_field.setText("Encoder")
    QTest.keyClick(hands.view.name_field, Key.Key_Return)
    assert frame(hands).title == "Encoder"
    assert hands.session.document.undo_label == "Rename frame"


def test_delete_takes_a_marked_frame_away_and_leaves_its_layers(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    names = hands.names()
    hands.click(title_of(hands))
    hands.key(Key.Key_Delete)
    assert not hands.session.view.frames
    assert hands.names() == names


def test_a_frame_takes_a_colour_of_the_theme(hands: Hands) -> None:
    framed(hands, "hidden")
    hands.view.recolour("loss")
    assert frame(hands).color == "loss"
    assert hands.session.document.undo_label == "Colour frame"


def test_a_folded_frame_hides_its_layers_and_their_wires_run_to_its_card(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    inner, wire = (
        hands.session.network.incoming[hands.id("active")][0],
        hands.session.network.incoming[hands.id("scores")][0],
    )
    hands.view.toggle_fold()
    scene, made = hands.view.canvas, frame(hands)
    card = hands.view.annotations.edge(made)
    assert made.folded
    assert not scene.inside(card) & made.members
    assert scene.wires.routes[wire].points[0] == (card.right(), card.center().y())
    assert not scene.wires.table.there()[scene.wires.table.rows[inner]]
    hands.view.toggle_fold()
    assert not frame(hands).folded
    assert made.members <= scene.inside(hands.view.annotations.edge(frame(hands)))
    assert scene.wires.table.there()[scene.wires.table.rows[inner]]


def test_undo_of_folding_shows_the_layers_where_they_stood(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    before = hands.at("hidden"), hands.at("active")
    hands.view.toggle_fold()
    assert hands.at("hidden") == hands.at("active")
    hands.session.undo()
    assert (hands.at("hidden"), hands.at("active")) == before


def test_a_folded_frame_is_moved_by_its_card(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    hands.view.toggle_fold()
    before = hands.place("hidden")
    at = hands.view.mapFromScene(hands.view.annotations.edge(frame(hands)).center())
    hands.drag(at, at + QPoint(0, 120))
    assert hands.place("hidden")[1] > before[1] + 80
    hands.double_click(hands.view.mapFromScene(hands.view.annotations.edge(frame(hands)).center()))
    assert not frame(hands).folded


def test_what_is_folded_away_is_not_selected_by_a_rubber_band(hands: Hands) -> None:
    framed(hands, "hidden", "active")
    hands.view.toggle_fold()
    area = hands.view.viewport().rect()
    hands.drag(hands.void(), area.bottomRight() - QPoint(2, 2))
    assert not {"hidden", "active"} & hands.selected()


# -- notes ------------------------------------------------------------------------------------------------------------


def test_a_note_is_written_with_ctrl_enter_as_one_step(hands: Hands) -> None:
    made = noted(hands)
    assert made.text == "# Why\nIt **works**"
    assert hands.session.document.undo_label == "Add note"
    hands.session.undo()
    assert not hands.session.view.notes


def test_escape_leaves_a_note_as_it_was_and_a_new_one_unwritten(hands: Hands) -> None:
    hands.view.add_note()
    QTest.keyClicks(hands.view.note_editor, "never mind")
    QTest.keyClick(hands.view.note_editor, Key.Key_Escape)
    assert not hands.session.view.notes
    noted(hands)
    hands.double_click(on_note(hands))
    QTest.keyClicks(hands.view.note_editor, "other")
    QTest.keyClick(hands.view.note_editor, Key.Key_Escape)
    assert note(hands).text == "# Why\nIt **works**"


def test_a_note_is_moved_resized_and_deleted_by_mouse_and_keys(hands: Hands) -> None:
    made = noted(hands)
    hands.drag(on_note(hands), on_note(hands) + QPoint(0, 90))
    assert note(hands).y > made.y + 50
    corner = on_note(hands, made.width - 4, made.height - 4)
    hands.drag(corner, corner + QPoint(64, 40))
    assert note(hands).width > made.width + 40
    assert note(hands).height > made.height + 20
    before = note(hands)
    hands.key(Key.Key_Right)
    hands.key(Key.Key_Down, ALT)
    assert (note(hands).x, note(hands).height) == (before.x + 8, before.height + 8)
    hands.key(Key.Key_Delete)
    assert not hands.session.view.notes
    for _ in range(5):
        hands.session.undo()
    assert (note(hands).x, note(hands).y, note(hands).width) == (made.x, made.y, made.width)


def test_a_note_left_without_text_goes(hands: Hands) -> None:
    noted(hands)
    hands.double_click(on_note(hands))
    hands.view.note_editor.setPlainText("  ")
    QTest.keyClick(hands.view.note_editor, Key.Key_Return, CTRL)
    assert not hands.session.view.notes


def test_a_note_shows_markdown_and_never_loads_or_trusts_anything() -> None:
    made = rendered("# Title\n\n**bold** ![](file:///etc/hostname) <script>x</script>", 200.0)
    assert isinstance(made, Inert)
    assert "Title" in made.toPlainText()
    assert "#" not in made.toPlainText()
    assert "<script>" in made.toPlainText()
    assert made.loadResource(2, "https://example.org/a.png") is None


def test_a_note_is_painted_over_the_nodes(hands: Hands) -> None:
    def picture() -> QImage:
        return hands.view.viewport().grab().toImage()

    before = picture()
    noted(hands)
    QApplication.processEvents()
    assert picture() != before


def test_a_layer_dropped_on_the_map_is_added_at_that_place_of_the_network(hands: Hands) -> None:
    hands.view.editor.move({hands.id("loss"): (6000.0, 4000.0)})
    hands.view.zoom_to(1.0)
    before, data = hands.names(), QMimeData()
    data.setData(LAYER_MIME, QByteArray(b"ReLU"))
    goal = QPointF(hands.view.minimap.width() / 2, hands.view.minimap.height() / 2)
    spot = hands.view.minimap._scene_spot(goal)
    copy = Qt.DropAction.CopyAction
    for event in (
        QDragEnterEvent(goal.toPoint(), copy, data, LEFT, NONE),
        QDropEvent(goal, copy, data, LEFT, NONE),
    ):
        QApplication.sendEvent(hands.view.minimap, event)
    (new,) = hands.names() - before
    assert (hands.place(new)[0] - spot.x(), hands.place(new)[1] - spot.y()) == pytest.approx((0.0, 0.0), abs=40)
    assert hands.view.seen().contains(spot)


# -- by keys alone ----------------------------------------------------------------------------------------------------


def test_frames_and_notes_are_reached_and_told_without_a_mouse(hands: Hands) -> None:
    framed(hands, "hidden", title="Body")
    noted(hands, "remember")
    hands.view.annotations.mark(None)
    hands.view.mark_next()
    assert "frame Body, 1 layers, open" in hands.view.accessibleDescription()
    hands.view.mark_next()
    assert "note remember" in hands.view.accessibleDescription()
    assert hands.view.annotations.marked == Mark("note", note(hands).id)
    hands.key(Key.Key_Escape)
    assert hands.view.annotations.marked is None


def test_selecting_a_node_unmarks_a_frame(hands: Hands) -> None:
    framed(hands, "hidden")
    hands.click(hands.at("scores"))
    assert hands.view.annotations.marked is None
    hands.key(Key.Key_Delete)
    assert "scores" not in hands.names()
    assert hands.session.view.frames


def test_the_menu_of_a_note_opens_on_it(hands: Hands) -> None:
    noted(hands)
    assert hands.view.annotations.ask(on_note(hands))
    menu = next(menu for menu in hands.view.findChildren(QMenu) if menu.isVisible())
    assert "Colour" in [action.text() for action in menu.actions()]
    menu.close()


def test_frames_inside_a_block_and_outside_are_kept_apart(hands: Hands) -> None:
    hands.session.do("Block", make_block([hands.id("hidden"), hands.id("active")], "Body"))
    block = next(node.id for node in hands.session.network.nodes.values() if isinstance(node.layer, Block))
    hands.session.do("Frame", view=put_frame(Frame("f", "Head", frozenset([hands.id("scores")]), folded=True)))
    hands.session.open_block(block)
    assert not hands.session.view.frames
    framed(hands, *sorted(hands.names())[:2], title="Inner")
    hands.view.toggle_fold()
    table = hands.view.canvas.table
    assert (table.folded >= 0).sum() == 2
    hands.session.open_scope(WHOLE)
    assert [made.title for made in hands.session.view.frames.values()] == ["Head"]
    assert [table.ids[row] for row in (table.folded >= 0).nonzero()[0]] == [hands.id("scores")]
