"""What is seen on the canvas: problems, gradients, labels, the map, tips, and how it is painted near and far."""

from __future__ import annotations

from dataclasses import replace

from hands import FIELDS, LEFT, NONE, Hands, small_network
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network, Node, View, edits
from nnstudio.graph.view import place
from nnstudio.layers import TensorType
from nnstudio.project.files import load_sheet
from nnstudio.project.gallery import template
from nnstudio.project.sheet import Sheet
from nnstudio.train.events import Gradients
from nnstudio.ui import theme
from nnstudio.ui.canvas.wire_table import ANGLED


def test_an_empty_canvas_invites_and_the_button_adds(hands: Hands) -> None:
    hands.show(Network())
    assert hands.view.invitation.isVisible()
    QTest.mouseClick(hands.view.invitation.button, LEFT)
    hands.type("input")
    assert len(hands.session.network.nodes) == 1
    assert not hands.view.invitation.isVisible()


def test_a_problem_is_shown_on_its_node_and_on_the_wire(hands: Hands) -> None:
    hands.session.do("wrong", edits.connect(hands.id("features"), "output", hands.id("loss"), "target"))
    hands.resolve()
    assert hands.view.canvas.items_by_id[hands.id("loss")].face.badge == "error"
    assert hands.view.canvas.bad_wires
    hands.session.undo()
    hands.resolve()
    assert hands.view.canvas.items_by_id[hands.id("loss")].face.badge != "error"


def test_labels_of_wires_cover_no_node_and_no_other_label(hands: Hands) -> None:
    hands.view.zoom_reset()
    hands.view.grab()
    layer, network = hands.view.canvas.wires, hands.session.network
    pills = [layer.pill_of(wire.source, wire.output) for wire in network.wires]
    rects = list({(p.x(), p.y()): p for p in pills if p is not None}.values())
    assert rects
    for index, rect in enumerate(rects):
        assert not hands.view.canvas.inside(rect)
        assert not any(rect.intersects(other) for other in rects[index + 1 :])


def test_a_type_on_a_wire_leaves_the_turns_of_other_wires_to_be_seen(hands: Hands) -> None:
    sheet = load_sheet(template("digits-cnn-small").path)
    order = [["image", "conv1", "bn1", "relu1"], ["conv2", "relu2", "skip", "pool"], ["flatten", "scores", "digit"]]
    rows = [*order, ["label", "loss", "accuracy"]]
    spots = {name: (240.0 * x, 150.0 * y) for y, names in enumerate(rows) for x, name in enumerate(names)}
    places = {sheet.network.named(name).id: spot for name, spot in spots.items()}
    hands.session.replace_sheet(replace(sheet, view=place(places)(View())))
    fields = {"image": TensorType.of("N C H W", "N", 1, 8, 8), "label": FIELDS["label"]}
    hands.session._take_resolution(resolve(hands.session.network, fields))
    hands.view.resize(1300, 900)
    hands.view.fit()
    hands.view.grab()
    layer = hands.view.canvas.wires
    table = layer.table
    assert layer.pill_of(sheet.network.named("conv1").id, "output") is not None  # a wire turns above, none here
    _, start, _, end = table.ends()
    for wire, row in table.rows.items():
        pills = [layer.pill_of(other.source, other.output) for other in table.rows if other.source != wire.source]
        turns = ((table.x1, start), (table.x1, table.lane), (table.x2, table.lane), (table.x2, end))
        corners = [(x[row], y[row]) for x, y in turns]
        assert table.kind[row] != ANGLED or not [at for pill in pills if pill for at in corners if pill.contains(*at)]


def test_while_training_bars_and_a_legend_show_the_gradients(hands: Hands, qtbot: QtBot) -> None:
    assert not hands.view.legend.isVisible()
    event = Gradients(step=1, time=0.0, gradients={hands.id("hidden"): 2e-4, hands.id("scores"): 5e-2}, weights={})
    hands.session.history.feed(event)
    hands.session.events_arrived.emit([event])
    shares = lambda: hands.view.canvas.magnitudes.shares  # noqa: E731
    qtbot.waitUntil(lambda: len(shares()) == 2)
    assert shares()[hands.id("scores")] > shares()[hands.id("hidden")]
    assert hands.view.legend.isVisible()
    assert "1e-5 to 1e-1, log scale" in hands.view.legend.accessibleDescription()
    hands.click(hands.at("active"))
    hands.key(Qt.Key.Key_Delete)
    assert hands.view.legend.isVisible(), "the network may be edited while it trains"
    hands.show(Network())
    assert not hands.view.legend.isVisible()


def test_the_map_moves_the_sheet(hands: Hands) -> None:
    hands.view.zoom_to(2.0)
    before = hands.view.seen().center()
    QTest.mouseClick(hands.view.minimap, LEFT, NONE, QPoint(20, 20))
    assert hands.view.seen().center().x() < before.x()


def test_the_map_of_a_large_network_follows_a_moment_after_the_sheet(hands: Hands, qtbot: QtBot) -> None:
    layer = next(iter(small_network().nodes.values())).layer
    nodes = {str(at): Node(str(at), f"n{at}", layer) for at in range(500)}
    places = {id: (300.0 * (at % 25), 200.0 * (at // 25)) for at, id in enumerate(nodes)}

    def nodes_shown() -> bool:
        picture = hands.view.minimap.grab().toImage()
        inside = ((x, y) for x in range(8, picture.width() - 8) for y in range(8, picture.height() - 8))
        return len({picture.pixel(*at) for at in inside}) > 1

    assert nodes_shown()
    hands.session.replace_sheet(Sheet(Network(nodes), View(places)))
    assert not nodes_shown()
    qtbot.waitUntil(nodes_shown)


def test_thousands_of_nodes_are_seen_on_their_way_to_where_they_are_arranged_to(hands: Hands, qtbot: QtBot) -> None:
    layer = next(iter(small_network().nodes.values())).layer
    nodes = {str(at): Node(str(at), f"n{at}", layer) for at in range(2000)}
    old = {id: (300.0 * (at % 50), 200.0 * (at // 50)) for at, id in enumerate(nodes)}
    new = {id: (y, x) for id, (x, y) in old.items()}
    canvas = hands.view.canvas
    hands.session.replace_sheet(Sheet(Network(nodes), View(new)))
    hands.view.animate_from(old)
    assert canvas.table.box(canvas.table.rows["49"])[0] > 10_000
    assert len(canvas.moving)
    qtbot.waitUntil(lambda: not len(canvas.moving))
    assert canvas.table.box(canvas.table.rows["49"])[0] < 100


def test_a_context_menu_offers_what_can_be_done_there(hands: Hands) -> None:
    from PySide6.QtGui import QContextMenuEvent

    at = hands.at("hidden")
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, hands.view.viewport().mapToGlobal(at))
    QApplication.sendEvent(hands.view.viewport(), event)
    menu = hands.view.findChild(QMenu)
    assert menu is not None
    titles = {action.text().split("\t")[0]: action for action in menu.actions()}
    assert {"Rename", "Duplicate", "Delete"} <= titles.keys()
    titles["Delete"].trigger()
    menu.close()
    assert "hidden" not in hands.names()


def test_it_is_painted_in_both_themes_at_every_scale_without_an_error(hands: Hands, qtbot: QtBot) -> None:
    hands.session.select([hands.id("hidden")])
    chosen = theme.chosen()
    try:
        with qtbot.captureExceptions() as raised:
            for name in ("light", "dark"):
                theme.set_theme(name)
                for scale in (0.05, 0.2, 0.4, 0.8, 1.0, 1.7, 4.0):
                    hands.view.zoom_to(scale)
                    hands.view.center_on(hands.view.canvas.content_rect().center())
                    picture = hands.view.viewport().grab().toImage()
                    ground = QColor(theme.current().canvas).rgb()
                    pixels = {picture.pixel(x, y) for x in range(0, 1100, 3) for y in range(200, 500, 3)}
                    assert pixels - {ground}, f"nothing is painted at {scale} in {name}"
        assert not raised
    finally:
        theme.set_theme(chosen)


def test_a_name_is_shown_where_the_network_is_seen_from_far(hands: Hands) -> None:
    hands.view.zoom_to(0.43)
    hands.view.center_on(hands.view.canvas.content_rect().center())
    before = hands.view.viewport().grab().toImage()
    hands.session.do("Rename", edits.rename(hands.id("hidden"), "other"))
    QApplication.processEvents()
    assert hands.view.viewport().grab().toImage() != before


def test_far_away_a_node_that_moves_is_repainted(hands: Hands) -> None:
    hands.view.zoom_to(0.2)
    QApplication.processEvents()
    painted = []
    original = hands.view.drawForeground
    hands.view.drawForeground = lambda *a: (painted.append(1), original(*a))  # type: ignore[method-assign]
    for _ in range(3):
        painted.clear()
        hands.session.select([hands.id("hidden")])
        hands.view.editor.nudge(4, 0)
        for _ in range(5):
            QApplication.processEvents()
        assert painted


def test_far_away_a_node_can_still_be_taken_and_moved(hands: Hands) -> None:
    hands.view.zoom_to(0.15)
    wires, before = hands.wires(), hands.place("hidden")
    hands.drag(hands.at("hidden"), hands.at("hidden") + QPoint(0, 40))
    assert hands.place("hidden")[1] > before[1] + 200
    assert hands.wires() == wires


def test_nodes_without_a_place_are_arranged_and_keep_it_when_another_is_moved(hands: Hands) -> None:
    assert not hands.session.view.positions
    before = {name: hands.place(name) for name in hands.names()}
    hands.drag(hands.at("hidden"), hands.at("hidden") + QPoint(40, 120))
    del before["hidden"]
    assert {name: hands.place(name) for name in before} == before


def test_places_from_a_damaged_file_do_not_break_the_canvas(hands: Hands) -> None:
    network = small_network()
    first, second, *_ = network.nodes
    hands.session.replace_sheet(Sheet(network, View({first: (float("nan"), 0.0), second: (1e12, -1e12)})))
    hands.view.fit()
    hands.view.grab()
    assert len(hands.view.canvas.items_by_id) == len(network.nodes)


def test_a_field_of_the_data_that_is_not_used_yet_comes_with_a_new_input(hands: Hands) -> None:
    hands.show(Network())
    hands.view.add_layer("Input")
    assert len(hands.session.network.nodes) == 1


def test_the_canvas_tells_a_screen_reader_what_is_selected(hands: Hands) -> None:
    assert hands.view.accessibleName()
    hands.click(hands.at("hidden"))
    assert "hidden" in hands.view.accessibleDescription()


def test_the_tip_of_a_problem_says_what_to_do(hands: Hands) -> None:
    from nnstudio.ui.canvas.scene import Hit
    from nnstudio.ui.canvas.tips import tip_for

    hands.session.do("wrong", edits.disconnect(hands.session.network.incoming[hands.id("loss")]))
    hands.resolve()
    text = tip_for(hands.view.canvas, Hit(hands.id("loss")))
    problem = hands.view.canvas.resolution.problems_of(hands.id("loss"))[0]
    assert problem.message[1:20] in text
    assert problem.hint[1:20] in text
    assert tip_for(hands.view.canvas, Hit()) == ""
