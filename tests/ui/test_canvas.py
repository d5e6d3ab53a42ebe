"""The canvas as a person meets it, with real mouse and key events."""

from __future__ import annotations

import json

import pytest
from hands import ALT, CTRL, LEFT, NONE, SHIFT, Hands
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnstudio.graph import Network, edits


def test_a_click_selects_one_node_and_shift_adds_another(hands: Hands) -> None:
    hands.click(hands.at("hidden"))
    assert hands.selected() == {"hidden"}
    hands.click(hands.at("scores"), SHIFT)
    assert hands.selected() == {"hidden", "scores"}
    hands.click(hands.at("hidden"), CTRL)
    assert hands.selected() == {"scores"}
    hands.click(hands.void())
    assert hands.selected() == set()


def test_a_rubber_band_selects_what_it_touches(hands: Hands) -> None:
    hidden, active = hands.at("hidden"), hands.at("active")
    hands.drag(hidden - QPoint(110, 45), active + QPoint(10, 60))
    assert {"hidden", "active"} <= hands.selected()
    assert "scores" not in hands.selected()


def test_escape_gives_the_selection_back_that_a_rubber_band_was_to_replace(hands: Hands) -> None:
    hands.click(hands.at("scores"))
    start = hands.at("hidden") - QPoint(110, 45)
    hands.press(start)
    hands.move(start + QPoint(120, 60))
    hands.move(start + QPoint(200, 90))
    assert hands.selected() == {"hidden"}
    hands.key(Qt.Key.Key_Escape)
    hands.release(start + QPoint(200, 90))
    assert hands.selected() == {"scores"}


def test_a_drag_moves_the_selected_nodes_as_one_undoable_step(hands: Hands) -> None:
    before = hands.place("hidden"), hands.place("active"), hands.place("scores")
    hands.click(hands.at("hidden"))
    hands.click(hands.at("active"), SHIFT)
    hands.drag(hands.at("hidden"), hands.at("hidden") + QPoint(0, 160))
    assert hands.place("hidden")[1] > before[0][1] + 100
    assert hands.place("active")[1] - before[1][1] == hands.place("hidden")[1] - before[0][1]
    assert hands.place("scores") == before[2]
    assert hands.place("hidden")[1] % 8 == 0
    hands.session.undo()
    assert (hands.place("hidden"), hands.place("active"), hands.place("scores")) == before
    assert not hands.session.document.undo_label


def test_escape_in_a_drag_puts_the_nodes_back(hands: Hands) -> None:
    before = hands.place("hidden")
    start = hands.at("hidden")
    hands.press(start)
    hands.move(start + QPoint(50, 90))
    hands.key(Qt.Key.Key_Escape)
    hands.release(start + QPoint(50, 90))
    assert hands.place("hidden") == before
    assert hands.view.mapFromScene(hands.view.canvas.items_by_id[hands.id("hidden")].pos()) == start


@pytest.mark.parametrize("port", ["", "outputs"])
def test_what_is_deleted_while_it_is_dragged_is_gone_and_comes_back_where_it_was(hands: Hands, port: str) -> None:
    before = hands.place("hidden")
    hands.click(hands.at("hidden"))
    start = hands.at("hidden", port, "output")
    hands.press(start)
    hands.move(start + QPoint(20, 30))
    hands.move(start + QPoint(40, 60))
    hands.key(Qt.Key.Key_Delete)
    hands.move(start + QPoint(60, 90))
    hands.view.grab()
    hands.release(start + QPoint(60, 90))
    assert "hidden" not in hands.names()
    hands.session.undo()
    assert hands.place("hidden") == before


def test_wires_follow_a_node_that_is_dragged(hands: Hands) -> None:
    wire = hands.session.network.incoming[hands.id("active")][0]
    hands.drag(hands.at("active"), hands.at("active") + QPoint(0, 120))
    end = hands.view.canvas.port_at(hands.id("active"), "inputs", "input")
    assert hands.view.canvas.wires.routes[wire].points[-1] == (end.x(), end.y())


def test_shift_and_arrow_keys_move_and_are_one_step_of_undo(hands: Hands) -> None:
    before = hands.place("hidden")
    hands.click(hands.at("hidden"))
    for _ in range(3):
        hands.key(Qt.Key.Key_Right, SHIFT)
    hands.key(Qt.Key.Key_Down, SHIFT)
    assert hands.place("hidden") == (before[0] + 24, before[1] + 8)
    hands.key(Qt.Key.Key_Down, SHIFT | CTRL)
    assert hands.place("hidden") == (before[0] + 24, before[1] + 9)
    hands.session.undo()
    assert hands.place("hidden") == before


def test_alt_and_an_arrow_go_to_the_next_node(hands: Hands) -> None:
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_Right, ALT)
    assert hands.selected() == {"active"}
    hands.key(Qt.Key.Key_Left, ALT)
    assert hands.selected() == {"hidden"}


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
def test_delete_takes_nodes_with_their_wires_and_undo_brings_both_back(hands: Hands, key: Qt.Key) -> None:
    wires, place = hands.wires(), hands.place("active")
    hands.click(hands.at("active"))
    hands.key(key)
    assert "active" not in hands.names()
    assert not any("active" in wire for wire in hands.wires())
    assert len(hands.view.canvas.wires.routes) == len(hands.session.network.wires)
    hands.session.undo()
    assert hands.wires() == wires
    assert hands.place("active") == place


def test_a_wire_is_drawn_from_an_output_to_an_input(hands: Hands) -> None:
    hands.session.do("cut", edits.disconnect(hands.session.network.incoming[hands.id("scores")]))
    hands.resolve()
    hands.drag(hands.at("active", "outputs", "output"), hands.at("scores", "inputs", "input"))
    assert ("active", "scores", "input") in hands.wires()


def test_a_wire_is_drawn_backwards_from_an_input(hands: Hands) -> None:
    hands.drag(hands.at("scores", "inputs", "input"), hands.at("hidden", "outputs", "output"))
    assert ("hidden", "scores", "input") in hands.wires()
    assert ("active", "scores", "input") not in hands.wires(), "the wire that was there is replaced"


def test_only_ports_that_fit_light_up(hands: Hands) -> None:
    start = hands.at("features", "outputs", "output")
    hands.press(start)
    hands.move(start + QPoint(40, 90))
    lit = hands.view.canvas.lit
    assert lit is not None
    ends = {(hands.session.network.nodes[end.node].name, end.port) for end in lit.ends}
    assert ("scores", "input") in ends
    assert ("loss", "prediction") in ends
    assert ("loss", "target") not in ends, "whole numbers are wanted there"
    assert not lit.touches(hands.id("label"))
    hands.release(start)
    assert hands.view.canvas.lit is None


def test_a_wire_cannot_close_a_loop(hands: Hands) -> None:
    before = hands.wires()
    hands.drag(hands.at("scores", "outputs", "output"), hands.at("hidden", "inputs", "input"))
    assert hands.wires() == before


def test_a_wire_that_is_dropped_on_a_node_finds_the_port(hands: Hands) -> None:
    hands.session.do("cut", edits.disconnect(hands.session.network.incoming[hands.id("loss")]))
    hands.resolve()
    hands.drag(hands.at("label", "outputs", "output"), hands.at("loss"))
    assert ("label", "loss", "target") in hands.wires()


def test_a_wire_into_the_void_offers_what_fits_and_wires_it(hands: Hands) -> None:
    hands.drag(hands.at("features", "outputs", "output"), hands.void())
    box = hands.view.quick_add_box
    assert box.isVisible()
    offered = {box.model.data(box.model.index(row)) for row in range(box.model.rowCount())}
    assert "Linear" in offered
    assert "Conv2d" not in offered, "a convolution takes images"
    assert "Input" not in offered
    hands.type("linear")
    assert ("features", "linear", "input") in hands.wires()
    assert not box.isVisible()


def test_a_wire_can_be_selected_and_deleted(hands: Hands) -> None:
    wire = hands.session.network.incoming[hands.id("active")][0]
    x, y = hands.view.canvas.wires.routes[wire].anchors[0]
    hands.click(hands.view.mapFromScene(QPointF(x, y)))
    assert hands.view.canvas.marked_wires == {wire}
    hands.key(Qt.Key.Key_Delete)
    assert wire not in hands.session.network.wires
    assert "active" in hands.names()


def test_tab_adds_a_layer_by_name_behind_the_selected_one(hands: Hands) -> None:
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_Tab)
    assert hands.view.quick_add_box.isVisible()
    hands.type("dropo")
    assert ("hidden", "dropout", "input") in hands.wires()
    assert hands.selected() == {"dropout"}
    hands.session.undo()
    assert "dropout" not in hands.names()


def test_a_double_click_on_the_void_adds_by_synonym_and_arrow_keys(hands: Hands) -> None:
    wires = hands.wires()
    hands.double_click(hands.void())
    field = hands.view.quick_add_box.field
    QTest.keyClicks(field, "dense")
    assert hands.view.quick_add_box.model.data(hands.view.quick_add_box.model.index(0)) == "Linear"
    field.clear()
    QTest.keyClicks(field, "relu")
    first = hands.view.quick_add_box.list.currentIndex().data()
    QTest.keyClick(field, Qt.Key.Key_Down)
    second = hands.view.quick_add_box.list.currentIndex().data()
    assert first == "ReLU" != second
    QTest.keyClick(field, Qt.Key.Key_Return)
    added = [n for n in hands.session.network.nodes.values() if n.layer.type_name() == second]
    assert len(added) == 1
    assert hands.wires() == wires


def test_quick_add_is_as_tall_as_what_it_found(hands: Hands) -> None:
    hands.key(Qt.Key.Key_Tab)
    box = hands.view.quick_add_box
    all_of_them, top = box.height(), box.y()
    QTest.keyClicks(box.field, "crossentropy")
    assert box.height() < all_of_them
    assert box.y() == top
    box.field.clear()
    assert box.height() == all_of_them


def test_quick_add_says_so_when_nothing_is_called_that_and_escape_closes_it(hands: Hands) -> None:
    hands.key(Qt.Key.Key_Tab)
    hands.type("zzzz", Qt.Key.Key_Return)
    assert hands.view.quick_add_box.isVisible()
    assert "zzzz" in hands.view.quick_add_box.hint.text()
    QTest.keyClick(hands.view.quick_add_box.field, Qt.Key.Key_Escape)
    assert not hands.view.quick_add_box.isVisible()


def test_a_layer_from_the_palette_is_dropped_where_the_pointer_is(hands: Hands) -> None:
    at = hands.void()
    hands.drop("Dropout", at)
    where = hands.view.mapToScene(at)
    x, y = hands.place("dropout")
    assert abs(x - where.x()) < 260
    assert abs(y - where.y()) < 200
    assert hands.selected() == {"dropout"}


def test_a_layer_dropped_on_a_wire_is_inserted_and_covers_nothing(hands: Hands) -> None:
    wire = hands.session.network.incoming[hands.id("active")][0]
    x, y = hands.view.canvas.wires.routes[wire].anchors[0]
    hands.drop("Dropout", hands.view.mapFromScene(QPointF(x, y)))
    assert {("hidden", "dropout", "input"), ("dropout", "active", "input")} <= hands.wires()
    assert ("hidden", "active", "input") not in hands.wires()
    boxes = hands.view.canvas.nodes
    for id in hands.session.network.nodes:
        assert set(boxes.hits(boxes.box(id) or (0, 0, 0, 0))) == {id}
    hands.session.undo()
    assert ("hidden", "active", "input") in hands.wires()


def test_text_that_is_no_layer_cannot_be_dropped(hands: Hands) -> None:
    before = hands.session.network
    hands.drop("rm -rf", hands.void())
    assert hands.session.network is before


def test_copy_and_paste_go_by_way_of_text(hands: Hands) -> None:
    hands.click(hands.at("hidden"))
    hands.click(hands.at("active"), SHIFT)
    hands.key(Qt.Key.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    assert {entry["name"] for entry in json.loads(text)["network"]["nodes"]} == {"hidden", "active"}
    hands.show(Network())
    QGuiApplication.clipboard().setText(f"Look at this:\n\n{text}\n\nRegards")
    hands.key(Qt.Key.Key_V, CTRL)
    assert hands.names() == {"hidden", "active"}
    assert hands.wires() == {("hidden", "active", "input")}
    assert hands.selected() == {"hidden", "active"}
    hands.key(Qt.Key.Key_V, CTRL)
    places = list(hands.view.canvas.places.values())
    assert len(places) == len(set(places)) == 4


@pytest.mark.parametrize(
    "text", ["", "hello", "{}", '{"format": "nnstudio part", "version": 1, "nodes": 3, "wires": []}',
             '{"format": "nnstudio part", "version": 1, "nodes": [{"id": "a"}], "wires": []}',
             "{" * 5000 + "nnstudio part }"],
)  # fmt: skip
def test_text_that_is_no_part_pastes_nothing_and_says_so(hands: Hands, qtbot: QtBot, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    before = hands.session.network
    with qtbot.waitSignal(hands.session.notice) as told:
        hands.key(Qt.Key.Key_V, CTRL)
    assert hands.session.network is before
    assert "clipboard" in told.args[1]


def test_cut_and_duplicate(hands: Hands) -> None:
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_D, CTRL)
    assert "hidden2" in hands.names()
    assert hands.selected() == {"hidden2"}
    hands.key(Qt.Key.Key_X, CTRL)
    assert "hidden2" not in hands.names()
    hands.key(Qt.Key.Key_V, CTRL)
    assert "hidden2" in hands.names()


def test_select_all_and_none(hands: Hands) -> None:
    hands.key(Qt.Key.Key_A, CTRL)
    assert hands.selected() == hands.names()
    hands.key(Qt.Key.Key_Escape)
    assert hands.selected() == set()


def test_the_wheel_zooms_at_the_pointer_and_pans_without_ctrl(hands: Hands) -> None:
    at = hands.at("scores")
    kept, scale = hands.view.mapToScene(at), hands.view.scale_now()

    def wheel(keys: Qt.KeyboardModifier) -> None:
        event = QWheelEvent(
            QPointF(at), QPointF(hands.view.viewport().mapToGlobal(at)), QPoint(), QPoint(0, 120),
            Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(hands.view.viewport(), event)

    wheel(CTRL)
    assert hands.view.scale_now() > scale
    away = hands.view.mapFromScene(kept) - at
    assert away.manhattanLength() <= 3
    scale = hands.view.scale_now()
    wheel(NONE)
    assert hands.view.scale_now() == scale
    assert hands.view.mapFromScene(kept).y() > at.y()


def test_keys_zoom_and_fit(hands: Hands) -> None:
    hands.key(Qt.Key.Key_Plus)
    nearer = hands.view.scale_now()
    hands.key(Qt.Key.Key_Minus)
    hands.key(Qt.Key.Key_Minus)
    assert hands.view.scale_now() < nearer
    hands.view.center_on(QPointF(9000, 9000))
    hands.key(Qt.Key.Key_F)
    assert hands.view.seen().contains(hands.view.canvas.content_rect())
    hands.view.zoom_reset()
    assert hands.view.scale_now() == 1.0


@pytest.mark.parametrize("space", [False, True])
def test_the_sheet_is_panned_by_hand(hands: Hands, space: bool) -> None:
    before = hands.at("hidden")
    button = LEFT if space else Qt.MouseButton.MiddleButton
    if space:
        QTest.keyPress(hands.view, Qt.Key.Key_Space)
    hands.press(QPoint(300, 300), button=button)
    hands.move(QPoint(340, 320))
    hands.release(QPoint(340, 320), button=button)
    if space:
        QTest.keyRelease(hands.view, Qt.Key.Key_Space)
    assert hands.at("hidden") == before + QPoint(40, 20)
    assert not hands.session.document.undo_label


def test_f2_and_a_double_click_give_a_node_another_name_where_it_stands(hands: Hands) -> None:
    field = hands.view.name_field
    hands.double_click(hands.at("hidden"))
    assert field.isVisible()
    field.setText("first")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "first" in hands.names()
    hands.key(Qt.Key.Key_F2)
    field.setText("second")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert "first" in hands.names()
    assert not field.isVisible()
    hands.session.undo()
    assert "hidden" in hands.names()


def test_arrange_can_be_undone_and_is_where_it_should_be_when_the_motion_ends(hands: Hands, qtbot: QtBot) -> None:
    hands.drag(hands.at("hidden"), hands.at("hidden") + QPoint(90, 200))
    before = hands.place("hidden")
    hands.view.arrange()
    assert hands.place("hidden") != before
    shown = hands.view.canvas.items_by_id[hands.id("hidden")]
    qtbot.waitUntil(lambda: (shown.x(), shown.y()) == hands.place("hidden"))
    hands.session.undo()
    assert hands.place("hidden") == before
    qtbot.waitUntil(lambda: (shown.x(), shown.y()) == before)
