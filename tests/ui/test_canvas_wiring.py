"""Wires under the hand: taken off, put elsewhere, bent, cut, put in order; layers replaced, swapped, inserted."""

from __future__ import annotations

import pytest
from hands import ALT, CTRL, NONE, SHIFT, Hands
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from nnstudio.graph import Network, Wire, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.places import snapped

RIGHT = Qt.MouseButton.RightButton


def wire_into(hands: Hands, name: str, port: str = "input") -> Wire:
    return next(wire for wire in hands.session.network.incoming[hands.id(name)] if wire.input == port)


def on_wire(hands: Hands, wire: Wire) -> QPoint:
    x, y = hands.view.canvas.wires.routes[wire].anchors[0]
    return hands.view.mapFromScene(QPointF(x, y))


def joined() -> Network:
    """Three branches into one Concatenate."""
    net = NetworkBuilder()
    features = net.add("Input", field="features")
    branches = [net.add("Linear", features, name=name) for name in ("one", "two", "three")]
    net.add("Concatenate", *branches, name="all")
    return net.network


def order(hands: Hands) -> list[str]:
    nodes = hands.session.network.nodes
    return [nodes[wire.source].name for wire in hands.session.network.incoming[hands.id("all")]]


def test_an_end_dragged_off_an_input_is_put_on_another(hands: Hands) -> None:
    hands.drag(hands.at("scores", "inputs", "input"), hands.at("loss", "inputs", "prediction"))
    assert ("active", "loss", "prediction") in hands.wires()
    assert ("active", "scores", "input") not in hands.wires()
    hands.session.undo()
    assert ("active", "scores", "input") in hands.wires()


def test_an_end_dragged_into_the_void_takes_the_wire_away_and_nothing_else(hands: Hands) -> None:
    before, names = hands.wires(), hands.names()
    hands.drag(hands.at("scores", "inputs", "input"), hands.void())
    assert before - hands.wires() == {("active", "scores", "input")}
    assert hands.names() == names
    assert not hands.view.quick_add_box.isVisible()


def test_an_end_put_back_where_it_was_changes_nothing(hands: Hands) -> None:
    before = hands.session.network
    at = hands.at("scores", "inputs", "input")
    hands.press(at)
    hands.move(at + QPoint(-60, 50))
    hands.move(at)
    hands.release(at)
    assert hands.session.network is before


def test_a_port_that_does_not_fit_says_why(hands: Hands, qtbot: QtBot) -> None:
    start, goal = hands.at("features", "outputs", "output"), hands.at("loss", "inputs", "target")
    hands.press(start)
    hands.move(start + QPoint(30, 30))
    hands.move(goal)
    assert "loss.target takes" in QToolTip.text()
    assert "whole numbers" in QToolTip.text()
    with qtbot.waitSignal(hands.session.notice) as told:
        hands.release(goal)
    assert "loss.target" in told.args[1]
    assert ("features", "loss", "target") not in hands.wires()


def test_a_wire_that_would_close_a_loop_says_so(hands: Hands, qtbot: QtBot) -> None:
    before = hands.wires()
    with qtbot.waitSignal(hands.session.notice) as told:
        hands.drag(hands.at("scores", "outputs", "output"), hands.at("hidden"))
    assert "loop" in told.args[1]
    assert hands.wires() == before


def test_a_wire_dragged_at_its_middle_is_led_through_that_point(hands: Hands) -> None:
    wire = wire_into(hands, "active")
    start = on_wire(hands, wire)
    goal = start + QPoint(0, 120)
    hands.drag(start, goal)
    point = hands.view.mapToScene(goal)
    assert hands.session.view.routes[wire] == (snapped((point.x(), point.y())),)
    assert hands.view.canvas.wires.routes[wire].distance(point.x(), point.y()) < 12
    hands.session.undo()
    assert wire not in hands.session.view.routes


def test_a_bend_is_moved_and_a_double_click_takes_it_away(hands: Hands) -> None:
    wire = wire_into(hands, "active")
    hands.click(on_wire(hands, wire), ALT)
    assert len(hands.session.view.routes[wire]) == 1
    before = hands.view.mapFromScene(QPointF(*hands.session.view.routes[wire][0]))
    hands.drag(before, before + QPoint(0, 90))
    after = hands.view.mapFromScene(QPointF(*hands.session.view.routes[wire][0]))
    assert after.y() > before.y() + 60
    hands.double_click(after)
    assert wire not in hands.session.view.routes
    assert wire in hands.session.network.wires


@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, RIGHT])
def test_a_stroke_cuts_the_wires_that_it_crosses(hands: Hands, button: Qt.MouseButton) -> None:
    wire = wire_into(hands, "active")
    at = on_wire(hands, wire)
    keys = CTRL | SHIFT
    hands.press(at + QPoint(0, -70), keys, button)
    for y in (-30, 10, 70):
        hands.move(at + QPoint(0, y))
    hands.release(at + QPoint(0, 70), keys, button)
    assert wire not in hands.session.network.wires
    assert {"hidden", "active"} <= hands.names()
    hands.session.undo()
    assert wire in hands.session.network.wires


def test_a_stroke_given_up_cuts_nothing(hands: Hands) -> None:
    wire = wire_into(hands, "active")
    at = on_wire(hands, wire)
    hands.press(at + QPoint(0, -70), CTRL | SHIFT)
    hands.move(at + QPoint(0, 70))
    hands.key(Qt.Key.Key_Escape)
    hands.release(at + QPoint(0, 70), CTRL | SHIFT)
    assert wire in hands.session.network.wires


def test_ctrl_delete_takes_a_node_and_joins_its_neighbours(hands: Hands) -> None:
    hands.click(hands.at("active"))
    hands.key(Qt.Key.Key_Delete, CTRL)
    assert "active" not in hands.names()
    assert ("hidden", "scores", "input") in hands.wires()
    hands.session.undo()
    assert {("hidden", "active", "input"), ("active", "scores", "input")} <= hands.wires()


def test_deleting_a_selected_wire_leaves_every_layer(hands: Hands) -> None:
    wire, names = wire_into(hands, "active"), hands.names()
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_C)
    hands.key(Qt.Key.Key_C)
    assert hands.view.canvas.marked_wires == {wire}
    hands.key(Qt.Key.Key_Delete)
    assert wire not in hands.session.network.wires
    assert hands.names() == names
    assert hands.session.document.undo_label == "Delete wire"


def test_two_layers_change_places(hands: Hands) -> None:
    here, there = hands.place("hidden"), hands.place("active")
    hands.drag(hands.at("hidden"), hands.at("active"), CTRL | SHIFT)
    assert {
        ("features", "active", "input"),
        ("active", "hidden", "input"),
        ("hidden", "scores", "input"),
    } <= hands.wires()
    assert hands.place("hidden") == there
    assert hands.place("active") == here
    hands.session.undo()
    assert ("features", "hidden", "input") in hands.wires()
    hands.session.select([hands.id("hidden"), hands.id("active")])
    hands.view.swap_selected()
    assert ("features", "active", "input") in hands.wires()


def test_a_layer_is_replaced_by_another_type_and_keeps_wires_and_common_parameters(hands: Hands) -> None:
    hands.session.do("bias", edits.set_params(hands.id("hidden"), out_features=77, bias=False))
    before = hands.wires()
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_R)
    hands.type("bilinear")
    node = hands.session.network.named("hidden")
    assert node.layer.type_name() == "Bilinear"
    assert (node.layer.out_features, node.layer.bias) == (77, False)
    assert {(a, b) for a, b, _ in hands.wires()} == {(a, b) for a, b, _ in before}
    hands.session.undo()
    assert hands.session.network.named("hidden").layer.type_name() == "Linear"


def test_what_can_take_a_layers_place_is_offered_first(hands: Hands) -> None:
    hands.click(hands.at("active"))
    hands.key(Qt.Key.Key_R)
    model = hands.view.quick_add_box.model
    offered = [model.data(model.index(row)) for row in range(model.rowCount())]
    assert offered.index("Tanh") < offered.index("Conv2d")
    assert offered.index("Linear") < offered.index("Input")
    hands.type("conv 8 > relu")
    assert hands.session.network.named("active").layer.type_name() == "ReLU", "one layer takes one place"


def test_ctrl_and_a_drag_copies(hands: Hands) -> None:
    before, names = hands.place("hidden"), hands.names()
    hands.click(hands.at("hidden"))
    start = hands.at("hidden")
    hands.drag(start, start + QPoint(0, 180), CTRL)
    (copy,) = hands.names() - names
    assert hands.place("hidden") == before
    assert hands.place(copy)[1] > before[1] + 100
    assert hands.selected() == {copy}


def test_a_layer_without_wires_that_is_dropped_on_a_wire_is_inserted(hands: Hands) -> None:
    hands.session.do("more", edits.add(hands.session.network.named("active").layer, name="loose"))
    hands.resolve()
    hands.view.fit()
    wire = wire_into(hands, "scores")
    hands.drag(hands.at("loose"), on_wire(hands, wire))
    assert {("active", "loose", "input"), ("loose", "scores", "input")} <= hands.wires()
    hands.session.undo()
    assert ("active", "scores", "input") in hands.wires()


def test_wires_into_a_port_for_many_have_an_order_that_can_be_changed(hands: Hands) -> None:
    hands.show(joined())
    assert order(hands) == ["one", "two", "three"]
    wire = next(w for w in hands.session.network.wires if w.source == hands.id("three"))
    hands.view.canvas.mark_wires([wire])
    hands.key(Qt.Key.Key_Up, SHIFT)
    assert order(hands) == ["one", "three", "two"]
    hands.key(Qt.Key.Key_Up, SHIFT)
    hands.key(Qt.Key.Key_Up, SHIFT)
    assert order(hands) == ["three", "one", "two"]
    hands.key(Qt.Key.Key_Down, SHIFT)
    assert order(hands) == ["one", "three", "two"]
    hands.session.undo()
    assert order(hands) == ["three", "one", "two"]


def test_arrow_keys_follow_the_wires(hands: Hands) -> None:
    hands.click(hands.at("features"))
    seen = []
    for _ in range(4):
        hands.key(Qt.Key.Key_Right)
        seen += hands.selected()
    assert seen == ["hidden", "active", "scores", "loss"]
    hands.key(Qt.Key.Key_Left)
    assert hands.selected() <= {"scores", "label"}


def test_the_selection_grows_along_the_wires(hands: Hands) -> None:
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_N)
    hands.key(Qt.Key.Key_N)
    assert hands.selected() == {"hidden", "active", "scores"}
    hands.key(Qt.Key.Key_N, SHIFT)
    assert hands.selected() == {"features", "hidden", "active", "scores"}


def test_a_chain_is_typed_placed_and_wired(hands: Hands) -> None:
    hands.show(Network())
    hands.double_click(QPoint(200, 200))
    box = hands.view.quick_add_box
    QTest.keyClicks(box.field, "linear 128 > relu > linear 10")
    assert box.preview.text() == "Linear · out_features 128  →  ReLU  →  Linear · out_features 10"
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert hands.wires() == {("linear", "relu", "input"), ("relu", "linear2", "input")}
    assert hands.session.network.named("linear").layer.out_features == 128
    assert hands.session.network.named("linear2").layer.out_features == 10
    xs = [hands.place(name)[0] for name in ("linear", "relu", "linear2")]
    assert xs == sorted(xs)
    assert hands.selected() == {"linear2"}
    hands.session.undo()
    assert not hands.session.network.nodes


def test_ctrl_enter_puts_a_layer_between_the_selected_one_and_all_that_follows(hands: Hands) -> None:
    hands.session.do("skip", edits.connect(hands.id("hidden"), "output", hands.id("scores"), "input"))
    hands.resolve()
    hands.click(hands.at("hidden"))
    hands.key(Qt.Key.Key_Tab)
    hands.type("dropout 0.2", Qt.Key.Key_Return, CTRL)
    assert {
        ("hidden", "dropout", "input"),
        ("dropout", "active", "input"),
        ("dropout", "scores", "input"),
    } <= hands.wires()
    assert ("hidden", "active", "input") not in hands.wires()
    assert hands.session.network.named("dropout").layer.p == 0.2


def test_what_was_not_understood_is_said_while_typing(hands: Hands) -> None:
    hands.key(Qt.Key.Key_Tab)
    box = hands.view.quick_add_box
    QTest.keyClicks(box.field, "linear 0")
    assert "out_features must be" in box.hint.text()
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert box.isVisible(), "a value that is not allowed places nothing"
    box.field.clear()
    QTest.keyClicks(box.field, "linear 5 shiny")
    assert "“shiny” was not understood" in box.hint.text()


def test_tab_writes_the_name_out_so_that_parameters_can_follow(hands: Hands) -> None:
    hands.key(Qt.Key.Key_Tab)
    box = hands.view.quick_add_box
    QTest.keyClicks(box.field, "dense")
    QTest.keyClick(box.field, Qt.Key.Key_Tab)
    assert box.field.text() == "Linear "
    QTest.keyClicks(box.field, "12")
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert hands.session.network.named("linear").layer.out_features == 12


def test_what_was_added_lately_is_offered_first(hands: Hands) -> None:
    hands.double_click(hands.void())
    hands.type("dropout")
    hands.session.select(())
    hands.double_click(hands.void())
    model = hands.view.quick_add_box.model
    assert model.data(model.index(0)) == "Dropout"
    QTest.keyClick(hands.view.quick_add_box.field, Qt.Key.Key_Escape, NONE)


def test_each_wire_into_a_port_for_many_has_a_slot_of_its_own_in_order(hands: Hands) -> None:
    hands.show(joined())
    slots, incoming = hands.view.canvas.slots, hands.session.network.incoming[hands.id("all")]
    heights = [slots.at(wire).y() for wire in incoming]
    assert heights == sorted(set(heights))
    ends = [hands.view.canvas.wires.routes[wire].points[-1][1] for wire in incoming]
    assert ends == heights
    hands.drag(hands.view.mapFromScene(slots.at(incoming[2])), hands.view.mapFromScene(slots.at(incoming[0])))
    assert order(hands) == ["three", "one", "two"]
    ends = [
        hands.view.canvas.wires.routes[wire].points[-1][1] for wire in hands.session.network.incoming[hands.id("all")]
    ]
    assert ends == heights


def test_one_of_many_wires_is_taken_off_its_port(hands: Hands) -> None:
    hands.show(joined())
    middle = hands.session.network.incoming[hands.id("all")][1]
    hands.drag(hands.view.mapFromScene(hands.view.canvas.slots.at(middle)), hands.void())
    assert order(hands) == ["one", "three"]


def test_the_level_part_of_a_wire_is_moved_as_a_whole(hands: Hands) -> None:
    hands.session.do("skip", edits.connect(hands.id("features"), "output", hands.id("loss"), "prediction"))
    hands.resolve()
    wire = wire_into(hands, "loss", "prediction")
    corners = hands.view.canvas.wires.routes[wire].points
    assert len(corners) == 6, "it goes around the layers between"
    (x1, y), (x2, _) = corners[2:4]
    grip = hands.view.mapFromScene(QPointF((x1 + x2) / 2, y))
    hands.drag(grip, grip - QPoint(0, 40))
    (ax, ay), (bx, by) = hands.session.view.routes[wire]
    assert (ax, bx) == (x1, x2)
    assert ay == by < y


def test_a_layer_chosen_in_the_palette_follows_the_one_that_is_selected(hands: Hands) -> None:
    hands.session.select([hands.id("scores")])
    added = hands.view.add_layer("Softmax")
    (wire,) = hands.session.network.incoming[added]
    assert wire.source == hands.id("scores")
    assert hands.session.selection == {added}
    hands.session.undo()
    hands.session.select([hands.id("features"), hands.id("label")])
    assert hands.view.add_layer("Linear") not in hands.session.network.incoming  # several are selected
    hands.session.select([hands.id("hidden")])
    assert hands.view.add_layer("Input") not in hands.session.network.incoming  # it has nowhere to be wired
