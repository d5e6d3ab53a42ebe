"""While a network trains, and afterwards, its drawing shows what goes on in it."""

from __future__ import annotations

import numpy as np
import pytest
from hands import LEFT, NONE, Hands
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from nnstudio.graph import blocks, edits
from nnstudio.train.events import Activations, Event, Gradients, Histogram, RunStarted, Timings
from nnstudio.ui import theme
from nnstudio.ui.canvas.legend import Legend
from nnstudio.ui.canvas.tips import tip_for


def histogram(mean: float, std: float = 0.0, dead: float = 0.0) -> Histogram:
    return Histogram(np.ones(4, np.float32), 0.0, 1.0, mean, std, 0.0, 0, 0.0, dead)


def started(hands: Hands, run: str = "first", step: int = 0) -> RunStarted:
    nodes = {node.id: node.name for node in hands.session.sheet.network.nodes.values()}
    return RunStarted(
        step=step, time=0.0, run=run, device="cpu", threads=1, epochs=4, steps_per_epoch=10, batch_size=8,
        samples={"train": 80}, nodes=nodes, trained=(), losses=(), metrics=(), parameters=1, plan={},
    )  # fmt: skip


def looks(hands: Hands, step: int, size: float) -> list[Event]:
    """What a step of training tells: ``hidden`` has this gradient, ``scores`` ten times that."""
    hidden, active, scores = (hands.id(name) for name in ("hidden", "active", "scores"))
    features, label = (node.id for node in hands.session.network.nodes.values() if node.layer.role == "input")
    return [
        Activations(
            step=step, time=0.0,
            layers={
                features: histogram(3.0, 4.0), label: histogram(2.0), hidden: histogram(0.0, size),
                active: histogram(size, 0.0, 0.25), scores: histogram(1.0),
            },
        ),
        Gradients(
            step=step, time=0.0, gradients={hidden: size, scores: 10 * size}, weights={hidden: 2.0, scores: 2.0},
            updates={hidden: 0.002, scores: 0.02},
        ),
        Timings(step=step, time=0.0, forward={hidden: 1e-3, active: 5e-4}, backward={hidden: 2e-3}),
    ]  # fmt: skip


def tell(hands: Hands, *events: Event) -> None:
    for event in events:
        hands.session.history.feed(event)
    hands.session.events_arrived.emit(list(events))
    hands.view.canvas.magnitudes.refresh()
    hands.view.time_bar.refresh()


@pytest.fixture
def run(hands: Hands) -> Hands:
    """A run of 30 steps, looked at three times: gradients grow from 1e-4 to 1e-2."""
    tell(hands, started(hands))
    for step, size in ((10, 1e-4), (20, 1e-3), (30, 1e-2)):
        tell(hands, *looks(hands, step, size))
    hands.view.zoom_to(1.0)
    hands.view.fit()
    return hands


def choose(legend: Legend, title: str) -> None:
    """Choose something in the menu of the legend, with the mouse."""
    QTest.mouseClick(legend.title, LEFT, NONE, legend.title.rect().center())
    (menu,) = legend.findChildren(QMenu)
    entry = next(entry for entry in menu.actions() if entry.text() == title)
    QTest.mouseClick(menu, LEFT, NONE, menu.actionGeometry(entry).center())
    menu.close()
    menu.deleteLater()
    QApplication.sendPostedEvents(menu)


def card(hands: Hands, name: str) -> QColor:
    """The colour of a node's card, right of its words."""
    hands.view.grab()
    box = hands.view.canvas.box_with_margin(hands.id(name)).adjusted(14, 14, -14, -14)
    at = hands.view.mapFromScene(box.topRight()) + QPoint(-4, 6)
    return hands.view.viewport().grab().toImage().pixelColor(at)


def test_the_legend_chooses_what_nodes_are_coloured_by(run: Hands) -> None:
    shares = lambda: run.view.canvas.magnitudes.shares  # noqa: E731
    names = lambda: {run.session.network.nodes[id].name for id in shares()}  # noqa: E731
    legend = run.view.legend
    assert names() == {"hidden", "scores"}
    assert "Gradient magnitude (‖∇w‖₂): 1e-5 to 1e-1, log scale" in legend.accessibleDescription()
    choose(legend, "Dead units")
    assert names() == {"hidden", "active", "scores"}, "not the inputs, losses and metrics"
    assert shares()[run.id("active")] == pytest.approx(0.25, abs=0.02)
    assert "0 to 100 %, linear scale" in legend.accessibleDescription()
    choose(legend, "Time spent")
    assert shares()[run.id("hidden")] > shares()[run.id("active")] > 0.0
    assert "0 to 5 ms, linear" in legend.accessibleDescription()
    choose(legend, "Update ratio")
    assert "1e-4 to 1e-2, log scale" in legend.accessibleDescription()
    assert shares()[run.id("scores")] > shares()[run.id("hidden")]
    choose(legend, "Nothing")
    assert shares() == {}
    assert legend.isVisible(), "so that something can be chosen again"


def test_whole_nodes_are_coloured_and_those_without_a_value_are_neutral(run: Hands) -> None:
    plain = card(run, "hidden")
    assert plain == card(run, "active")
    choose(run.view.legend, "Colour whole nodes")
    assert card(run, "hidden") != plain
    assert card(run, "scores") != card(run, "hidden")
    assert card(run, "active") == plain
    choose(run.view.legend, "Nothing")
    assert card(run, "hidden") == plain


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("name", ["dark", "light"])
def test_words_on_coloured_nodes_can_be_read(name: str) -> None:
    theme.set_theme(name)
    tokens = theme.current()
    body = tokens.raised if name == "dark" else tokens.panel

    def light(color: QColor) -> float:
        parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for share in np.linspace(0, 1, 32):
        tinted = theme.mixed(body, theme.magnitude_color(float(share)).name(), 0.30)
        first, second = sorted((light(tinted), light(QColor(tokens.text))))
        assert (second + 0.05) / (first + 0.05) >= 4.5


def test_wires_are_as_large_as_what_flows(run: Hands) -> None:
    scene, magnitudes = run.view.canvas, run.view.canvas.magnitudes
    flows = {
        (scene.network.nodes[wire.source].name, wire.input): magnitudes.flows[row]
        for wire, row in scene.wires.table.rows.items()
    }
    assert flows["features", "input"] == pytest.approx(5.0), "√(3² + 4²)"
    assert flows["hidden", "input"] == pytest.approx(1e-2)
    assert np.isnan(flows["label", "target"]), "a class is no size"
    wire = next(wire for wire in scene.wires.table.rows if scene.network.nodes[wire.source].name == "features")
    assert "RMS 5" in tip_for(
        scene, scene.hit(scene.wires.route(scene.wires.table.rows[wire]).path.pointAtPercent(0.5), 1.0)
    )
    before = run.view.viewport().grab().toImage()
    choose(run.view.legend, "Wires by what flows")
    assert run.view.viewport().grab().toImage() != before
    assert np.isnan(magnitudes.flows).all()
    assert "RMS" not in run.view.legend.accessibleDescription()


def test_pointing_at_a_node_tells_its_number(run: Hands) -> None:
    scene = run.view.canvas
    hit = run.view.hit(run.at("scores"))
    assert "Gradient magnitude now: 0.1" in tip_for(scene, hit)
    run.session.moment.go(10)
    assert "Gradient magnitude at step 10: 0.001" in tip_for(scene, hit)


def test_colours_are_seen_from_far_and_in_the_map(run: Hands) -> None:
    choose(run.view.legend, "Nothing")
    run.view.zoom_to(0.2)
    far, map_ = run.view.viewport().grab().toImage(), run.view.minimap.grab().toImage()
    choose(run.view.legend, "Gradient magnitude")
    assert run.view.viewport().grab().toImage() != far
    assert run.view.minimap.grab().toImage() != map_


def test_a_wire_out_of_a_block_shows_what_its_last_layer_hands_out(hands: Hands) -> None:
    hands.session.do("Block", blocks.make_block([hands.id("hidden"), hands.id("active")], "Stage", id="stage"))
    hands.resolve()
    inner = {node.name: node.id for node in hands.session.sheet.network.blocks["Stage"].nodes.values()}
    seen = {f"stage/{inner['hidden']}": histogram(0.5), f"stage/{inner['active']}": histogram(0.25, 0.0, 0.5)}
    tell(hands, started(hands), Activations(step=1, time=0.0, layers=seen))
    scene = hands.view.canvas
    out = next(wire for wire in scene.network.wires if wire.source == "stage")
    assert scene.magnitudes.flows[scene.wires.table.rows[out]] == pytest.approx(0.25)
    scene.magnitudes.choose("dead")
    assert scene.magnitudes.told_of("stage") == "Dead units now: 50 %, the largest of the layers in it"
    hands.session.open_block("stage")
    first = next(wire for wire in scene.network.wires if wire.source == inner["hidden"])
    assert scene.magnitudes.flows[scene.wires.table.rows[first]] == pytest.approx(0.5)


def test_the_slider_replays_the_run_on_the_drawing(run: Hands) -> None:
    bar, moment = run.view.time_bar, run.session.moment
    assert bar.isVisible()
    told = lambda: run.view.canvas.magnitudes.told_of(run.id("hidden"))  # noqa: E731
    assert told().endswith("now: 0.01")
    QTest.mouseClick(bar.line, LEFT, NONE, QPoint(8, bar.line.height() // 2))
    assert moment.step == 10
    assert told().endswith("at step 10: 0.0001")
    assert bar.label.text() == "epoch 2 · step 10"
    QTest.keyClick(bar.line, Qt.Key.Key_Right)
    assert told().endswith("at step 20: 0.001")
    QTest.keyClick(bar.line, Qt.Key.Key_PageDown)
    assert moment.step == 10, "an epoch back"
    QTest.keyClick(bar.line, Qt.Key.Key_End)
    assert moment.live
    QTest.keyClick(bar.line, Qt.Key.Key_Home)
    assert moment.step == 10
    QTest.mouseClick(bar.newest, LEFT, NONE, bar.newest.rect().center())
    assert moment.live
    assert bar.newest.isChecked()
    assert not run.session.document.undo_label, "looking back is no step of undo"


def test_training_goes_on_behind_what_a_person_looks_back_at(run: Hands) -> None:
    run.session.moment.go(20)
    tell(run, *looks(run, 40, 0.5))
    assert run.view.canvas.magnitudes.told_of(run.id("hidden")).endswith("at step 20: 0.001")
    assert run.view.time_bar.line.maximum() == 40
    run.session.moment.go(None)
    tell(run, *looks(run, 50, 0.25))
    assert run.view.canvas.magnitudes.told_of(run.id("hidden")).endswith("now: 0.25")
    tell(run, started(run, "second"))
    assert run.view.canvas.magnitudes.shares == {}, "another run begins"
    assert not run.view.time_bar.isVisible()


def test_play_shows_one_moment_after_another_and_ends_with_the_newest(run: Hands, qtbot: QtBot) -> None:
    bar, moment, seen = run.view.time_bar, run.session.moment, []
    run.session.moment_changed.connect(lambda: seen.append(moment.step))
    moment._timer.setInterval(1)
    QTest.mouseClick(bar.play, LEFT, NONE, bar.play.rect().center())
    assert moment.playing
    assert bar.play.accessibleName() == "Pause the replay"
    moment._timer.start(1)
    qtbot.waitUntil(lambda: not moment.playing)
    assert list(dict.fromkeys(seen)) == [10, 20, None]
    QTest.keyClick(bar.line, Qt.Key.Key_Space)
    assert moment.playing
    QTest.keyClick(bar.line, Qt.Key.Key_Space)
    assert not moment.playing


def test_an_edit_keeps_the_colours_of_what_is_left(run: Hands) -> None:
    before = run.view.canvas.magnitudes.shares[run.id("scores")]
    hidden = run.id("hidden")
    run.session.do("Delete", edits.remove([hidden]))
    assert run.view.canvas.magnitudes.shares == {run.id("scores"): before}
    run.session.do("Add", edits.add(edits_layer(), name="fresh"))
    assert set(run.view.canvas.magnitudes.shares) == {run.id("scores")}, "a new node has no value"
    run.session.undo()
    run.session.undo()
    assert set(run.view.canvas.magnitudes.shares) == {hidden, run.id("scores")}


def edits_layer() -> object:
    from nnstudio.layers import load

    return load()["Linear"].make({})


def test_nothing_lies_over_another_at_any_width_and_size_of_text(run: Hands) -> None:
    parts = (run.view.legend, run.view.minimap, run.view.time_bar)
    for percent in (100, 150):
        theme.set_text_percent(percent)
        for width in (1100, 700, 480):
            run.view.resize(width, 640)
            QApplication.processEvents()
            shown = [part for part in parts if part.isVisible()]
            assert run.view.time_bar in shown
            for part in shown:
                assert run.view.rect().contains(part.geometry())
                assert not any(part.geometry().intersects(other.geometry()) for other in shown if other is not part)
    theme.set_text_percent(100)


@pytest.mark.parametrize(("width", "height"), [(1100, 640), (740, 465), (700, 420), (560, 420)])
def test_a_drawing_that_is_shown_whole_makes_room_for_what_a_run_brings(hands: Hands, width: int, height: int) -> None:
    view = hands.view
    view.resize(width, height)
    view.fit()
    activations, gradients, timings = looks(hands, 10, 1e-3)
    tell(hands, started(hands), timings)  # the legend is small as long as it has no figures
    tell(hands, activations, gradients)
    tell(hands, *looks(hands, 20, 1e-3))
    assert view.time_bar.isVisible()
    for name in hands.names():
        shown = view.mapFromScene(view.canvas.content_rect([hands.id(name)])).boundingRect()
        assert view.rect().contains(shown)
        for part in (view.legend, view.minimap, view.time_bar):
            assert not (part.isVisible() and part.geometry().intersects(shown)), f"{name} lies under {part}"


def test_a_node_that_is_gone_to_is_not_under_the_time_bar(run: Hands) -> None:
    view, id = run.view, run.id("scores")
    view.zoom_to(1.0)
    box = view.canvas.content_rect([id])
    below = view.mapToScene(view.time_bar.geometry().center()) - view.mapToScene(view.rect().center())
    view.center_on(box.center() - below)
    view.reveal(box)
    shown = view.mapFromScene(box).boundingRect()
    assert not any(part.geometry().intersects(shown) for part in (view.legend, view.minimap, view.time_bar))
    assert view.rect().contains(shown)


def test_an_old_run_that_is_shown_is_replayed_in_one_range_of_colours(run: Hands) -> None:
    from nnstudio.train.history import History

    old = History()
    for event in (started(run, "old"), *looks(run, 1, 1e-6), *looks(run, 2, 1.0), *looks(run, 3, 1e-3)):
        old.feed(event)
    run.session.moment.go(20)
    run.session.training.history = old
    run.session.run_changed.emit()
    assert run.session.moment.live
    assert run.view.canvas.magnitudes.told_of(run.id("hidden")).endswith("now: 0.001")
    ends = run.view.legend.accessibleDescription()
    assert "1e-7 to 1e1, log scale" in ends
    for step in (1, 2):
        run.session.moment.go(step)
        assert run.view.legend.accessibleDescription() == ends
    assert run.view.canvas.magnitudes.told_of(run.id("scores")).endswith("at step 2: 10")


def test_what_floats_at_the_foot_is_left_free_by_what_stands_above_it(run: Hands) -> None:
    view = run.view
    for part in (view.legend, view.time_bar, view.minimap):
        if not part.isHidden():
            left, right = part.x(), part.geometry().right()
            assert view.height() - view.foot(left, right) <= part.y()
    assert not view.legend.isHidden()
    assert view.foot(-20, 0) == 0
