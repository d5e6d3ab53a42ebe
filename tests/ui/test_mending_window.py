"""What is wrong is mended at a click, and what a click or a pull would do is seen before it is done."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from nnstudio.compile.carrying import Carried, Part
from nnstudio.data import shipped_reference
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.layers import load
from nnstudio.ui import theme
from nnstudio.ui.canvas.view import CanvasView
from nnstudio.ui.carried import CarriedDialog
from nnstudio.ui.fix_buttons import FixButton
from nnstudio.ui.inspector import Inspector
from nnstudio.ui.quick_fix import FixMenu, quick_fix

WAIT = 60_000


@pytest.fixture
def drawn(session, qtbot):
    """A small convolutional classifier of digits, resolved."""
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    x = net.add("ReLU", net.add("Conv2d", image, out_channels=4, name="conv"), name="bend")
    x = net.add("Flatten", net.add("MaxPool2d", x, name="pool"), name="flat")
    scores = net.add("Linear", x, out_features=10, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("Output", scores, name="digit")
    session.do("Build", lambda _: net.network, data=shipped_reference("digits"))
    settle(session, qtbot)
    return session


def settle(session, qtbot):
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled and session.whole is not None, timeout=WAIT)


def break_it(session, qtbot):
    session.do("Break", edits.set_params(session.network.named("scores").id, out_features=7))
    settle(session, qtbot)
    return session.resolution.errors[0]


@pytest.fixture
def canvas(drawn, show):
    made = CanvasView(drawn)
    made.resize(1000, 600)
    show(made)
    made.fit()
    return made


def foretold(session, qtbot, edit):
    with qtbot.waitSignal(session.previewed, timeout=WAIT) as told:
        session.preview(edit)
    return told.args[0]


def test_fixes_that_were_tried_come_in_the_background(drawn, qtbot):
    problem = break_it(drawn, qtbot)
    assert drawn.mending.fixes(problem) is None
    qtbot.waitUntil(lambda: drawn.mending.fixes(problem) is not None, timeout=WAIT)
    assert drawn.mending.fixes(problem)[0].title == "Give scores 10 outputs"


def test_the_quick_fix_menu_fills_when_the_fixes_are_known_and_does_the_chosen_one(drawn, canvas, qtbot):
    break_it(drawn, qtbot)
    menu = quick_fix(drawn, canvas)
    assert isinstance(menu, FixMenu)
    assert drawn.selection == {drawn.network.named("loss").id}
    qtbot.waitUntil(lambda: any(action.property("fix") for action in menu.actions()), timeout=WAIT)
    first = next(action for action in menu.actions() if action.property("fix"))
    first.trigger()
    assert drawn.network.named("scores").layer.out_features == 10
    assert drawn.document.undo_label == "Give scores 10 outputs"
    menu.close()


def test_where_nothing_is_wrong_the_quick_fix_says_so(drawn, canvas, qtbot):
    with qtbot.waitSignal(drawn.notice) as told:
        assert quick_fix(drawn, canvas) is None
    assert told.args == ["info", "Nothing is wrong in this network"]


def test_a_preview_changes_nothing_and_an_edit_ends_it(drawn, qtbot):
    before = drawn.sheet
    shown = foretold(drawn, qtbot, edits.set_params(drawn.network.named("conv").id, out_channels=9))
    assert {drawn.network.nodes[id].name for id in shown.changed} == {"conv", "bend", "pool", "flat"}
    assert drawn.sheet is before
    with qtbot.waitSignal(drawn.previewed) as told:
        drawn.do("Rename", edits.rename(drawn.network.named("conv").id, "other"))
    assert told.args == [None]


def test_the_newest_of_several_wishes_is_shown(drawn, qtbot):
    id = drawn.network.named("scores").id
    told = []
    drawn.previewed.connect(told.append)
    for count in (3, 4, 5, 12):
        drawn.preview(edits.set_params(id, out_features=count))
    qtbot.waitUntil(lambda: not drawn.previewing.busy, timeout=WAIT)
    after = told[-1].changed[id][1]["output"]
    assert after.per_sample() == "12"


def test_new_sizes_are_drawn_over_the_sheet_and_vanish_again(drawn, canvas, qtbot):
    def picture():
        return canvas.viewport().grab().toImage()

    def preview_colour(image):
        wanted = QColor(theme.current().accent)
        return sum(
            image.pixelColor(x, y) == wanted for x in range(0, image.width(), 1) for y in range(0, image.height(), 2)
        )

    still = picture()
    before = preview_colour(still)
    foretold(drawn, qtbot, edits.set_params(drawn.network.named("conv").id, out_channels=9))
    assert preview_colour(picture()) > before + 20
    drawn.preview(None)
    assert picture() == still


def test_pointing_at_a_fix_previews_it_and_leaving_it_ends_that(drawn, qtbot, show):
    break_it(drawn, qtbot)
    inspector = Inspector(drawn)
    inspector.resize(320, 800)
    show(inspector)
    drawn.select([drawn.network.named("loss").id])
    problem = drawn.resolution.errors[0]
    qtbot.waitUntil(lambda: drawn.mending.fixes(problem) is not None and not drawn.mending.busy, timeout=WAIT)
    button = inspector.page.problems.findChildren(FixButton)[0]
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT) as told:
        button.setFocus()
    assert "1 problem solved" in told.args[0].sentence()
    with qtbot.waitSignal(drawn.previewed) as told:
        inspector.page.name.setFocus()
    assert told.args == [None]


@pytest.fixture
def page(drawn, show):
    inspector = Inspector(drawn)
    inspector.resize(320, 800)
    show(inspector)
    drawn.select([drawn.network.named("conv").id])
    return inspector.page


def name_of(page, name):
    field = page.form.fields[name]
    return next(title for title in page.form.findChildren(QLabel) if title.buddy() is field)


def pull(title, pixels):
    at = title.rect().center()
    QTest.mousePress(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseMove(title, at + QPoint(pixels, 0))
    return at + QPoint(pixels, 0)


def test_a_number_that_is_pulled_is_previewed_and_done_when_it_is_let_go(drawn, page, qtbot):
    title = name_of(page, "out_channels")
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT) as told:
        end = pull(title, 60)
    assert drawn.network.named("conv").layer.out_channels == 4
    assert told.args[0].changed[drawn.network.named("conv").id][1]["output"].per_sample() == "14×6×6"
    line = page.findChild(QLabel, "foretold")
    assert line.isVisible()
    assert line.text().startswith("Would be: 4 nodes change")
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert drawn.network.named("conv").layer.out_channels == 14
    assert not line.isVisible()
    drawn.undo()
    assert drawn.network.named("conv").layer.out_channels == 4


def test_escape_while_a_number_is_pulled_leaves_all_as_it_was(drawn, page, qtbot):
    before, title = drawn.sheet, name_of(page, "out_channels")
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT):
        end = pull(title, -12)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert drawn.sheet is before
    assert drawn.previewing.shown is None
    assert page.form.fields["out_channels"].line.text() == "4"


def test_a_size_for_each_axis_is_pulled_place_by_place_and_each_pull_is_a_step(drawn, page, qtbot):
    conv = drawn.network.named("conv").id
    drawn.do("Pair", edits.set_params(conv, kernel_size=(3, 5)))
    settle(drawn, qtbot)
    title = name_of(page, "kernel_size")
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT) as told:
        end = pull(title, -6)
    assert told.args[0].changed[conv][1]["output"].per_sample() == "4×7×5"
    assert page.form.fields["kernel_size"].line.text() == "2 × 4"
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert drawn.network.named("conv").layer.kernel_size == (2, 4)
    end = pull(title, -6)
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert drawn.network.named("conv").layer.kernel_size == (1, 3)
    drawn.undo()
    assert drawn.network.named("conv").layer.kernel_size == (2, 4)


def test_a_size_that_was_a_word_when_the_page_opened_can_be_pulled_later(drawn, page):
    conv = drawn.network.named("conv").id
    drawn.do("Word", edits.set_params(conv, padding="same"))
    title = name_of(page, "padding")
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, pull(title, 12))
    assert drawn.network.named("conv").layer.padding == "same"
    drawn.do("Number", edits.set_params(conv, padding=1))
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, pull(title, 12))
    assert drawn.network.named("conv").layer.padding == 3


def test_several_layers_are_pulled_at_once_each_from_its_own_size(drawn, page, qtbot):
    inspector = page.window()
    drawn.do("Twin", edits.add(drawn.network.named("conv").layer.with_(out_channels=8), name="twin"))
    settle(drawn, qtbot)
    drawn.select([drawn.network.named(name).id for name in ("conv", "twin")])
    several = inspector.page
    title = name_of(several, "out_channels")
    before = drawn.sheet
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT) as told:
        end = pull(title, 12)
    assert told.args[0].changed[drawn.network.named("conv").id][1]["output"].per_sample() == "6×6×6"
    assert several.findChild(QLabel, "foretold").isVisible()
    assert drawn.sheet is before, "nothing is done yet"
    QTest.mouseRelease(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert [drawn.network.named(name).layer.out_channels for name in ("conv", "twin")] == [6, 10]
    assert drawn.document.undo_label == "Change out channels of 2 layers"
    drawn.undo()
    assert [drawn.network.named(name).layer.out_channels for name in ("conv", "twin")] == [4, 8]


@pytest.fixture
def slid(drawn, page, qtbot):
    """The row of a named parameter that the convolution follows."""
    conv = drawn.network.named("conv").id
    drawn.do("Name", edits.chain(set_network_parameter("width", 4), set_expression(conv, "out_channels", "width")))
    settle(drawn, qtbot)
    drawn.select(())
    return page.window().page.parameters.rows["width"]


def test_the_slider_of_a_named_parameter_previews_shapes_and_is_one_step_when_let_go(drawn, slid, qtbot):
    before = drawn.sheet
    slid.slider.setSliderDown(True)
    slid.slider.setValue(6)
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT) as told:
        slid.slider.setValue(9)
    if told.args[0] is None or told.args[0].changed[drawn.network.named("conv").id][1]["output"]["C"] != 9:
        with qtbot.waitSignal(drawn.previewed, timeout=WAIT) as told:
            pass
    assert told.args[0].changed[drawn.network.named("conv").id][1]["output"].per_sample() == "9×6×6"
    line = slid.window().page.findChild(QLabel, "foretold")
    assert line.isVisible()
    assert line.text().startswith("Would be: 4 nodes change")
    assert slid.field.line.text() == "9"
    assert drawn.sheet is before, "nothing is done while it is held"
    slid.slider.setSliderDown(False)
    assert drawn.network.parameters == {"width": 9}
    assert drawn.network.named("conv").layer.out_channels == 9
    assert not line.isVisible()
    drawn.undo()
    assert drawn.sheet == before


def test_escape_while_the_slider_is_held_leaves_all_as_it_was(drawn, slid, qtbot):
    before = drawn.sheet
    slid.slider.setSliderDown(True)
    with qtbot.waitSignal(drawn.previewed, timeout=WAIT):
        slid.slider.setValue(9)
    QTest.keyClick(slid.slider, Qt.Key.Key_Escape)
    assert drawn.sheet is before
    assert drawn.previewing.shown is None
    assert (slid.field.line.text(), slid.slider.value()) == ("4", 4)
    slid.slider.setValue(5)
    assert drawn.network.parameters == {"width": 5}, "a step by the keyboard is done at once"


def test_slider_and_value_of_a_named_parameter_say_what_they_do(slid):
    assert "the canvas shows the shapes that would be" in slid.slider.toolTip()
    assert "All that names it follows" in slid.field.line.toolTip()


def test_what_becomes_of_trained_weights_is_listed_layer_by_layer_before_the_next_training(drawn, qtbot, show):
    drawn.do("Plan", plan=drawn.plan.with_(epochs=1))
    drawn.start()
    qtbot.waitUntil(lambda: drawn.run_state == "idle" and drawn.training.weights is not None, timeout=WAIT)
    kept = drawn.training.weights["scores.weight"].copy()
    wire = drawn.network.incoming[drawn.network.named("pool").id][0]
    drawn.do("Insert", edits.insert_on(wire, load()["BatchNorm2d"](), name="norm"))
    drawn.do("Rename", edits.rename(drawn.network.named("conv").id, "first"))
    settle(drawn, qtbot)
    dialog = CarriedDialog(drawn)
    show(dialog)
    qtbot.waitUntil(lambda: dialog.rows.topLevelItemCount() > 0, timeout=WAIT)
    rows = [dialog.rows.topLevelItem(place) for place in range(dialog.rows.topLevelItemCount())]
    assert {row.text(0): row.text(1) for row in rows} == {"first": "kept", "norm": "begins afresh", "scores": "kept"}
    assert dialog.summary.text().startswith("2 layers keep their weights, 1 starts afresh. The next training goes on")
    told = []
    drawn.notice.connect(lambda _, text: told.append(text))
    drawn.training.start(paused=True)
    qtbot.waitUntil(lambda: drawn.run_state == "paused", timeout=WAIT)
    assert "Training goes on from the trained weights: 2 layers keep their weights, 1 starts afresh" in told
    begun = drawn.training._worker.compiled.training.state_dict()["scores.weight"].numpy()
    assert (begun == kept).all()
    drawn.stop()
    qtbot.waitUntil(lambda: drawn.run_state == "idle", timeout=WAIT)


def test_each_weight_of_a_layer_is_listed_where_they_did_not_all_fare_alike(drawn, show):
    dialog = CarriedDialog(drawn)
    show(dialog)
    conv = drawn.network.named("conv").id
    weights = {"conv.weight": "kept", "conv.bias": "fresh"}
    parts = (
        Part(conv, "conv", "grown", "“conv” keeps its other weights; its bias starts untrained.", weights),
        Part(conv, "scores", "kept", weights={"scores.weight": "kept", "scores.bias": "kept"}),
    )
    dialog.show_carried(Carried(parts))
    first, second = (dialog.rows.topLevelItem(place) for place in range(2))
    inside = [first.child(place) for place in range(first.childCount())]
    assert [(row.text(0), row.text(1)) for row in inside] == [("weight", "kept"), ("bias", "begins afresh")]
    assert second.childCount() == 0
    dialog.rows.itemActivated.emit(inside[1], 0)
    assert drawn.selection == {conv}
