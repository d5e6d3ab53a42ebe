"""What the canvas shows of a node's state, of blocks and scopes, and how it moves under the hand."""

from __future__ import annotations

import pytest
from hands import Hands, small_network
from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from nnstudio.graph import Network, Node, Wire, blocks, edits
from nnstudio.graph.arrange import arrange
from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.graph.view import set_route
from nnstudio.layers import load
from nnstudio.project.sheet import Sheet
from nnstudio.train.events import Gradients
from nnstudio.ui.canvas.face import face_of


def picture(hands: Hands, name: str) -> QImage:
    """The card of a node as it is painted."""
    area = hands.view.mapFromScene(hands.view.canvas.box_with_margin(hands.id(name))).boundingRect()
    return hands.view.viewport().grab(area).toImage()


def signs(hands: Hands, name: str) -> tuple[str, ...]:
    return face_of(hands.session.network.named(name)).signs


def test_bypassed_and_frozen_nodes_look_so_and_as_before_when_it_is_undone(hands: Hands) -> None:
    plain = picture(hands, "hidden")
    hands.session.do("Bypass", edits.set_bypassed([hands.id("hidden")]))
    ghost = picture(hands, "hidden")
    assert ghost != plain
    hands.session.undo()
    assert picture(hands, "hidden") == plain
    hands.session.do("Freeze", edits.set_frozen([hands.id("hidden")]))
    assert picture(hands, "hidden") not in (plain, ghost)
    assert signs(hands, "hidden") == ("frozen",)


def test_a_parameter_that_is_worked_out_is_marked(hands: Hands) -> None:
    hands.session.do("Width", set_network_parameter("width", 8))
    hands.session.do("Set", set_expression(hands.id("hidden"), "out_features", "2*width"))
    assert "worked out" in signs(hands, "hidden")


def test_a_repeated_block_says_so_and_has_its_gradients_summed_up(hands: Hands) -> None:
    hands.session.do("Block", blocks.make_block([hands.id("hidden"), hands.id("active")], "Stage", id="stage"))
    hands.session.do("Repeat", edits.set_params("stage", repeat=3))
    hands.resolve()
    name = hands.session.network.nodes["stage"].name
    assert signs(hands, name) == ("block", "×3")
    inner = next(iter(hands.session.sheet.network.blocks["Stage"].nodes.values()))
    sizes = {f"stage/{copy}/{inner.id}": 10.0**-copy for copy in range(3)}
    hands.session.history.feed(Gradients(step=1, time=0.0, gradients=sizes, weights={}))
    hands.view.canvas.magnitudes.refresh()
    assert hands.view.canvas.magnitudes.shares.keys() == {"stage"}
    told = hands.view.canvas.magnitudes.told_of("stage")
    assert told == "Gradient magnitude now: 1.01, of all its weights together", "√(1² + 0.1² + 0.01²)"
    hands.session.open_block("stage")
    assert hands.view.canvas.magnitudes.shares.keys() == {inner.id}


def test_coming_back_out_of_a_block_shows_what_was_seen_before(hands: Hands) -> None:
    hands.session.do("Block", blocks.make_block([hands.id("hidden"), hands.id("active")], "Stage", id="stage"))
    hands.view.zoom_to(0.8)
    hands.view.center_on(QPointF(300, 200))
    seen = hands.view.seen()
    hands.session.open_block("stage")
    assert set(hands.view.canvas.items_by_id) == set(hands.session.sheet.network.blocks["Stage"].nodes)
    assert hands.view.seen().contains(hands.view.canvas.content_rect())
    hands.session.open_scope(type(hands.session.scope)())
    away = hands.view.seen().center() - seen.center()
    assert hands.view.scale_now() == 0.8
    assert away.manhattanLength() < 4


def test_over_a_shared_node_the_one_whose_weights_it_uses_is_outlined(hands: Hands) -> None:
    hidden = hands.id("hidden")
    again = load()["Shared"].make({"of": hidden})
    hands.session.do("Share", edits.add(again, name="again", id="again"))
    hands.view.fit()
    plain = picture(hands, "hidden")
    hands.move(hands.at("again"))
    assert picture(hands, "hidden") != plain
    hands.move(hands.void())
    assert picture(hands, "hidden") == plain
    assert signs(hands, "again") == ("shared",)


def test_a_wire_goes_through_the_points_that_a_person_chose(hands: Hands) -> None:
    wire = hands.session.network.incoming[hands.id("active")][0]
    start = hands.view.canvas.wires.routes[wire].points[0]
    bend = (start[0] + 30.0, start[1] - 90.0)
    hands.session.do("Bend", view=set_route(wire, [bend]))
    assert hands.view.canvas.wires.routes[wire].distance(*bend) < 0.5
    assert hands.view.canvas.wires.at(*bend, reach=3.0) == wire
    hands.session.undo()
    assert hands.view.canvas.wires.routes[wire].distance(*bend) > 20


def test_a_drag_at_the_edge_moves_the_sheet_and_the_node_with_it(hands: Hands, qtbot: QtBot) -> None:
    hands.view.zoom_to(1.0)
    hands.view.center_on(QPointF(*hands.place("hidden")))
    before, seen = hands.place("hidden"), hands.view.seen().center()
    start = hands.at("hidden")
    edge = QPoint(hands.view.viewport().width() - 3, start.y())
    hands.press(start)
    hands.move(start + QPoint(40, 0))
    hands.move(edge)
    qtbot.waitUntil(lambda: hands.view.seen().center().x() > seen.x() + 300)
    hands.release(edge)
    assert hands.place("hidden")[0] - before[0] > edge.x() - start.x() + 250
    stopped = hands.view.seen()
    hands.move(edge)
    assert hands.view.seen() == stopped, "no gesture is in progress any more"


@pytest.mark.parametrize("scale", [0.2, 0.45, 1.0])
def test_panning_shows_the_same_as_painting_afresh(hands: Hands, scale: float) -> None:
    hands.view.zoom_to(scale)
    hands.view.center_on(hands.view.canvas.content_rect().center())
    hands.view.viewport().grab()
    for dx, dy in ((37, 0), (-11, -25), (0, 60)):
        hands.view.pan(dx, dy)
        hands.view.viewport().grab()
    moved = hands.view.viewport().grab().toImage()
    hands.view.redraw()
    assert hands.view.viewport().grab().toImage() == moved


def test_zooming_a_picture_that_takes_long_ends_crisp(hands: Hands, qtbot: QtBot) -> None:
    hands.view.viewport().grab()
    hands.view.quick = 0.0  # as if painting took long
    hands.view.zoom_by(1.3)
    scaled = hands.view.viewport().grab().toImage()
    qtbot.waitUntil(lambda: not hands.view.zooming)
    crisp = hands.view.viewport().grab().toImage()
    assert crisp != scaled
    hands.view.redraw()
    assert hands.view.viewport().grab().toImage() == crisp


def test_after_fit_the_legend_and_the_map_cover_no_node(hands: Hands) -> None:
    event = Gradients(step=1, time=0.0, gradients={hands.id("hidden"): 2e-4, hands.id("scores"): 5e-2}, weights={})
    hands.session.history.feed(event)
    hands.view.canvas.magnitudes.refresh()
    for size in ((1100, 640), (700, 420), (900, 300)):
        hands.view.resize(*size)
        hands.view.fit()
        for widget in (hands.view.legend, hands.view.minimap):
            if widget.isVisible():
                area = hands.view.mapToScene(QRect(widget.pos(), widget.size())).boundingRect()
                assert not hands.view.canvas.inside(area), size


def many(count: int) -> Network:
    """More wires than have their ways worked out at once."""
    network = Network()
    made: list[str] = []
    for place in range(count):
        id = f"n{place}"
        network = edits.add(load()["ReLU"].make({}), name=id, id=id)(network)
        for other in made[-1:] + made[-7:-6]:
            network = edits.connect(other, "output", id, "input")(network) if place % 5 else network
        made.append(id)
    return network


def test_in_a_large_network_a_wire_is_found_where_it_is_painted(hands: Hands) -> None:
    base = small_network()
    nodes = dict(base.nodes)
    big = edits.insert(many(30))(Network(nodes, base.wires))
    for _ in range(4):
        big = edits.insert(Network(big.nodes, big.wires))(big)
    hands.show(big)
    assert len(big.wires) > 300
    for wire in big.wires[:: len(big.wires) // 12]:
        route = hands.view.canvas.wires.routes[wire]
        x, y = route.anchors[0]
        found = hands.view.canvas.wires.at(x, y, 2.0)
        assert found is not None
        assert hands.view.canvas.wires.routes[found].distance(x, y) <= 2.0


def test_a_large_network_without_places_is_shown_at_once_and_arranged_behind_it(hands: Hands, qtbot: QtBot) -> None:
    nodes = {f"r{place}": Node(f"r{place}", f"r{place}", load()["ReLU"].make({})) for place in range(1200)}
    wires = tuple(Wire(f"r{place}", "output", f"r{place + 1}", "input") for place in range(0, 1198, 2))
    hands.session.replace_sheet(Sheet(Network(nodes, wires)))
    canvas = hands.view.canvas
    at_first = dict(canvas.places)
    assert len(set(at_first.values())) == 1200, "each has a place of its own"
    qtbot.waitUntil(lambda: canvas.places != at_first, timeout=30_000)
    assert canvas.places == arrange(hands.session.network)
    assert hands.view.seen().contains(canvas.content_rect())
    box = canvas.nodes.box("r7")
    assert box is not None
    assert ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) == canvas.places["r7"]
