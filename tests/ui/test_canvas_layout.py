"""Guides, aligning and arranging on the canvas, with real mouse and key events."""

from __future__ import annotations

import pytest
from annotating import framed, note
from hands import LEFT, NONE, Hands
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nnstudio.graph import Network, Node, Wire
from nnstudio.graph.places import box_of, frame_box, node_size
from nnstudio.graph.view import Note, put_note
from nnstudio.layers import load

Key = Qt.Key


# -- guides, grid, aligning -------------------------------------------------------------------------------------------


def test_a_node_dragged_near_the_line_of_another_snaps_to_it_and_a_guide_shows(hands: Hands) -> None:
    hands.view.zoom_to(1.0)
    hands.drag(hands.at("label"), hands.at("label") + QPoint(0, 90))
    start = hands.at("label")
    goal = hands.at("active").x() - start.x()
    hands.press(start)
    hands.move(start + QPoint(goal // 2, 30))
    hands.move(start + QPoint(goal + 3, 60))
    assert any(guide.upright for guide in hands.view._guides)
    hands.release(start + QPoint(goal + 3, 60))
    assert hands.place("label")[0] == hands.place("active")[0]
    assert not hands.view._guides


def test_alt_suppresses_guides_and_grid(hands: Hands) -> None:
    hands.view.zoom_to(1.0)
    before = hands.place("label")
    start = hands.at("label")
    QTest.mousePress(hands.view.viewport(), LEFT, NONE, start)
    shift = hands.view.guided({hands.id("label"): before}, (3.0, 5.0), free=True)
    QTest.mouseRelease(hands.view.viewport(), LEFT, NONE, start)
    assert shift == (3.0, 5.0)


def test_without_the_grid_nothing_snaps_and_no_dots_are_painted(hands: Hands) -> None:
    with_dots = hands.view.viewport().grab().toImage()
    hands.view.set_snapping(False)
    hands.view.guiding = False
    assert hands.view.guided({hands.id("label"): (0.0, 0.0)}, (3.0, 5.0), free=False) == (3.0, 5.0)
    assert hands.view.viewport().grab().toImage() != with_dots


def test_selected_nodes_are_aligned_and_distributed_as_one_step_each(hands: Hands) -> None:
    ids = [hands.id(name) for name in ("hidden", "active", "scores")]
    hands.view.editor.move({ids[0]: (0.0, 0.0), ids[1]: (40.0, 300.0), ids[2]: (600.0, 320.0)})
    hands.session.select(ids)
    hands.view.align("left")
    assert {hands.place(name)[0] for name in ("hidden", "active", "scores")} == {0.0}
    hands.view.distribute(1)
    assert [hands.place(name)[1] for name in ("hidden", "active", "scores")] == [0.0, 160.0, 320.0]
    assert hands.session.document.undo_label == "Distribute down"
    hands.session.undo()
    assert hands.session.document.undo_label == "Align left edges"


# -- arranging --------------------------------------------------------------------------------------------------------


def test_arranging_the_selection_leaves_the_others_where_they_are(hands: Hands) -> None:
    hands.view.editor.move({hands.id("hidden"): (0.0, 2000.0), hands.id("active"): (0.0, 1900.0)})
    others = {name: hands.place(name) for name in ("features", "scores", "loss", "label")}
    hands.session.select([hands.id("hidden"), hands.id("active")])
    hands.view.arrange_selection()
    assert hands.place("hidden")[1] == hands.place("active")[1]
    assert hands.place("hidden")[0] < hands.place("active")[0]
    assert {name: hands.place(name) for name in others} == others
    assert hands.session.document.undo_label == "Arrange selection"


def test_arranging_keeps_frames_together(hands: Hands) -> None:
    made = framed(hands, "features", "scores")
    hands.view.arrange()
    nodes, scene = hands.session.network.nodes, hands.view.canvas
    boxes = {id: box_of(at, node_size(nodes[id].layer)) for id, at in scene.places.items()}
    left, top, right, bottom = frame_box(boxes[id] for id in made.members)
    for id in nodes.keys() - made.members:
        a, b, c, d = boxes[id]
        assert c <= left or a >= right or d <= top or b >= bottom


def chain(count: int) -> Network:
    kind = load()["ReLU"].make({})
    nodes = {str(i): Node(str(i), f"n{i}", kind) for i in range(count)}
    return Network(nodes, tuple(Wire(str(i), "output", str(i + 1), "input") for i in range(count - 1)))


def test_a_large_network_is_arranged_in_the_background_as_one_step(hands: Hands, qtbot: QtBot) -> None:
    hands.session.replace_sheet(type(hands.session.sheet)(chain(700)))
    hands.view.editor.move({"0": (0.0, 9000.0)})
    hands.view.arrange()
    assert hands.view.arranging.busy
    qtbot.waitUntil(lambda: not hands.view.arranging.busy, timeout=20_000)
    assert hands.session.document.undo_label == "Arrange"
    assert hands.view.canvas.places["0"][1] < 9000.0


@pytest.mark.parametrize("how", ["escape", "button", "edit"])
def test_an_arrangement_under_way_is_called_off(hands: Hands, qtbot: QtBot, how: str) -> None:
    hands.session.replace_sheet(type(hands.session.sheet)(chain(900)))
    hands.view.editor.move({"0": (0.0, 9000.0)})
    hands.view.arrange()
    assert hands.view.arranging.busy
    if how == "escape":
        hands.key(Key.Key_Escape)
    elif how == "button":
        hands.view.arranging.button.click()
    else:
        hands.view.add_layer("ReLU")
    assert not hands.view.arranging.busy
    qtbot.waitUntil(lambda: not hands.session.background.busy, timeout=20_000)
    assert hands.view.canvas.places["0"] == (0.0, 9000.0)


def test_bends_go_and_notes_come_along_when_nodes_are_arranged(hands: Hands) -> None:
    hands.view.editor.move({hands.id("loss"): (4000.0, 4000.0)})
    hands.session.do("Add note", view=put_note(Note("n", "the goal", 3900.0, 4100.0)))
    wire = hands.session.network.incoming[hands.id("loss")][0]
    hands.view.editor.lead(wire, [(10.0, 10.0)])
    before = note(hands)
    hands.view.arrange()
    moved = hands.place("loss")
    assert not hands.session.view.routes
    assert (note(hands).x - before.x, note(hands).y - before.y) == pytest.approx(
        (moved[0] - 4000.0, moved[1] - 4000.0), abs=8
    )
