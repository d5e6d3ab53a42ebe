"""The points of a wire without a mouse: made, reached, moved and removed by keys."""

from __future__ import annotations

import pytest
from hands import ALT, CTRL, SHIFT, Hands
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu

from nnstudio.graph import Wire
from nnstudio.graph.places import GRID

Key = Qt.Key


@pytest.fixture
def wire(hands: Hands) -> Wire:
    """The wire into ``active``, selected by keys."""
    hands.view.setFocus()
    hands.session.select([hands.id("active")])
    hands.key(Key.Key_C)
    (marked,) = hands.view.canvas.marked_wires
    assert hands.session.network.nodes[marked.target].name == "active"
    return marked


def points(hands: Hands, wire: Wire) -> list[tuple[float, float]]:
    return list(hands.session.view.routes.get(wire, ()))


def menu_by_key(hands: Hands) -> QMenu:
    """The menu that the menu key opens, wherever the pointer is."""
    corner = QPoint(5, 5)
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, corner, hands.view.mapToGlobal(corner))
    hands.view.contextMenuEvent(asked)
    (menu,) = [menu for menu in hands.view.findChildren(QMenu) if menu.isVisible()]
    return menu


def test_bent_from_the_menu_key_it_has_a_point_in_its_middle(hands: Hands, wire: Wire) -> None:
    scene = hands.view.canvas
    start = scene.port_at(wire.source, "outputs", wire.output)
    end = scene.port_at(wire.target, "inputs", wire.input)
    menu = menu_by_key(hands)
    next(action for action in menu.actions() if action.text().startswith("Bend")).trigger()
    menu.close()
    ((x, y),) = points(hands, wire)
    assert abs(x - (start.x() + end.x()) / 2) <= GRID
    assert abs(y - (start.y() + end.y()) / 2) <= GRID


def test_arrow_keys_move_the_new_point_and_one_undo_takes_that_back(hands: Hands, wire: Wire) -> None:
    hands.key(Key.Key_P, SHIFT)
    ((x, y),) = points(hands, wire)
    for _ in range(3):
        hands.key(Key.Key_Down)
    hands.key(Key.Key_Right, CTRL)
    assert points(hands, wire) == [(x + 1, y + 3 * GRID)]
    hands.session.undo()
    assert points(hands, wire) == [(x, y)]


def test_points_are_reached_one_after_the_other(hands: Hands, wire: Wire) -> None:
    for _ in range(2):
        hands.key(Key.Key_P, SHIFT)
    before = points(hands, wire)
    assert len(before) == 2
    held = hands.view.points.held
    hands.key(Key.Key_P)
    assert hands.view.points.held != held
    assert f"point {hands.view.points.held[1] + 1} of 2" in hands.view.accessibleDescription()
    hands.key(Key.Key_P)
    assert hands.view.points.held == held


def test_delete_removes_the_point_and_not_the_wire(hands: Hands, wire: Wire) -> None:
    hands.key(Key.Key_P, SHIFT)
    hands.key(Key.Key_Delete)
    assert points(hands, wire) == []
    assert wire in hands.session.network.wires
    hands.key(Key.Key_Delete)
    assert wire not in hands.session.network.wires


def test_escape_has_the_keys_mean_the_wire_again(hands: Hands, wire: Wire) -> None:
    hands.key(Key.Key_P, SHIFT)
    before = points(hands, wire)
    hands.key(Key.Key_Escape)
    assert hands.view.canvas.marked_wires == {wire}
    hands.key(Key.Key_Right)
    assert points(hands, wire) == before
    assert hands.selected() == {"active"}


def test_of_another_wire_no_point_is_held(hands: Hands, wire: Wire) -> None:
    hands.key(Key.Key_P, SHIFT)
    hands.key(Key.Key_C)
    assert hands.view.canvas.marked_wires != {wire}
    assert hands.view.points.held is None


def test_a_straight_wire_says_how_it_is_bent(hands: Hands, wire: Wire, qtbot) -> None:  # type: ignore[no-untyped-def]
    with qtbot.waitSignal(hands.session.notice) as said:
        hands.key(Key.Key_P)
    assert "Shift+P" in said.args[1]
    assert points(hands, wire) == []


def test_a_point_made_with_the_mouse_is_moved_by_keys(hands: Hands, wire: Wire) -> None:
    middle = hands.view.mapFromScene(hands.view.points.middle(wire))
    hands.click(middle, ALT)
    hands.view.canvas.mark_wires([wire])
    ((x, y),) = points(hands, wire)
    hands.key(Key.Key_P)
    hands.key(Key.Key_Up)
    assert points(hands, wire) == [(x, y - GRID)]
