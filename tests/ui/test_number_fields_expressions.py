"""Expressions in number fields, the network's named parameters, and several layers changed at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from nnstudio.graph import document, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.ui.inspect_several import SeveralPage
from nnstudio.ui.inspector import Inspector

Key = Qt.Key


@pytest.fixture
def drawn(session, qtbot):
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,))
    x = net.add("Linear", x, out_features=128, name="first")
    x = net.add("ReLU", x, name="act")
    net.add("Output", net.add("Linear", x, out_features=10, name="second"), name="result")
    session.do("Build", lambda _: net.network)
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    return session


@pytest.fixture
def inspector(drawn, show):
    made = Inspector(drawn)
    made.resize(320, 900)
    show(made)
    return made


def select(session, *names):
    session.select([session.network.by_name[name].id for name in names])


def retype(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Key.Key_Backspace)
    qtbot.keyClicks(field, text)


def width(session, name):
    return session.network.by_name[name].layer.out_features


def said(line):
    """What stands at the right of what is typed."""
    return line._unit


def test_arithmetic_is_worked_out_and_kept_and_the_field_shows_both(drawn, inspector, qtbot):
    select(drawn, "first")
    line = inspector.page.form.fields["out_features"].line
    retype(qtbot, line, "2*64")
    qtbot.keyClick(line, Key.Key_Return)
    assert width(drawn, "first") == 128
    assert drawn.network.by_name["first"].expression("out_features") == "2*64"
    assert (line.text(), said(line)) == ("2*64", "= 128")
    retype(qtbot, line, "96")
    assert drawn.network.by_name["first"].expression("out_features") == ""
    assert (width(drawn, "first"), said(line)) == (96, "")


def test_a_named_parameter_moves_every_layer_that_uses_it_and_undo_takes_it_back(drawn, inspector, qtbot):
    drawn.do("Name", set_network_parameter("width", 32))
    for name, text in (("first", "4*width"), ("second", "width//2")):
        select(drawn, name)
        retype(qtbot, inspector.page.form.fields["out_features"].line, text)
    assert (width(drawn, "first"), width(drawn, "second")) == (128, 16)
    drawn.select(())
    row = inspector.page.parameters.rows["width"]
    retype(qtbot, row.field.line, "8")
    assert (width(drawn, "first"), width(drawn, "second")) == (32, 4)
    assert drawn.document.undo_label == "Set width"
    drawn.undo()
    assert (width(drawn, "first"), width(drawn, "second")) == (128, 16)


def test_an_unknown_name_is_refused_and_one_click_creates_the_parameter(drawn, inspector, qtbot):
    select(drawn, "first")
    page = inspector.page
    line = page.form.fields["out_features"].line
    retype(qtbot, line, "4*width")
    qtbot.waitUntil(lambda: page.findChild(QPushButton, "create_width") is not None)
    assert "nothing is called width" in page.form.error("out_features")
    assert width(drawn, "first") == 128
    assert said(line) == ""
    qtbot.mouseClick(page.findChild(QPushButton, "create_width"), Qt.MouseButton.LeftButton)
    assert drawn.network.parameters == {"width": 32}, "so that the layer keeps its size"
    assert drawn.network.by_name["first"].expression("out_features") == "4*width"
    assert (line.text(), said(line)) == ("4*width", "= 128")
    assert page.form.error("out_features") == ""
    drawn.undo()
    assert not drawn.network.parameters, "one step"


def test_a_value_that_is_not_whole_is_refused_in_a_sentence(drawn, inspector, qtbot):
    select(drawn, "first")
    line = inspector.page.form.fields["out_features"].line
    retype(qtbot, line, "5/2")
    qtbot.keyClick(line, Key.Key_Return)
    assert "whole number, and this gives 2.5" in inspector.page.form.error("out_features")
    assert width(drawn, "first") == 128
    assert line.text() == "128"


def test_parameters_are_added_renamed_slid_and_deleted_where_expressions_keep_their_values(drawn, inspector, qtbot):
    listed = inspector.page.parameters
    qtbot.mouseClick(listed.add, Qt.MouseButton.LeftButton)
    assert drawn.network.parameters == {"width": 64}
    drawn.do("Use", set_expression(drawn.network.by_name["first"].id, "out_features", "width"))
    row = listed.rows["width"]
    retype(qtbot, row.title, "size")
    qtbot.keyClick(row.title, Key.Key_Return)
    assert drawn.network.by_name["first"].expression("out_features") == "size"
    row = listed.rows["size"]
    row.slider.setSliderDown(True)
    for value in (70, 80, 90):
        row.slider.setValue(value)
    row.slider.setSliderDown(False)
    assert width(drawn, "first") == 90
    drawn.undo()
    assert width(drawn, "first") == 64, "a drag is one step"
    qtbot.mouseClick(listed.rows["size"].remove, Qt.MouseButton.LeftButton)
    assert not drawn.network.parameters
    assert drawn.network.by_name["first"].expression("out_features") == ""
    assert width(drawn, "first") == 64


def test_a_parameter_beyond_the_slider_is_kept_and_one_that_goes_while_it_is_held_is_gone(drawn, inspector):
    drawn.do("Add", set_network_parameter("wide", 3_000_000_000))
    row = inspector.page.parameters.rows["wide"]
    assert row.slider.value() == 2**31 - 1
    drawn.do("Set", set_network_parameter("wide", 8))
    row.slider.setSliderDown(True)
    row.slider.setValue(12)
    drawn.undo()
    drawn.undo()
    assert not drawn.network.parameters
    row.slider.setSliderDown(False)
    assert not drawn.network.parameters


def test_a_large_number_is_typed_to_its_end(drawn, inspector, qtbot):
    select(drawn, "first")
    line = inspector.page.form.fields["out_features"].line
    retype(qtbot, line, "1e4")
    qtbot.keyClick(line, Key.Key_Return)
    assert width(drawn, "first") == 10_000


def test_a_name_that_a_parameter_cannot_have_is_refused_and_the_old_one_stays(drawn, inspector, qtbot):
    drawn.do("Name", set_network_parameter("width", 32))
    row = inspector.page.parameters.rows["width"]
    retype(qtbot, row.title, "2 wide")
    qtbot.keyClick(row.title, Key.Key_Return)
    assert inspector.page.parameters.error.text().endswith("width stays")
    assert row.title.text() == "width"
    assert set(drawn.network.parameters) == {"width"}


@pytest.mark.parametrize("then", ["renamed", "deleted"])
def test_what_was_refused_is_forgotten_once_something_else_is_done(drawn, inspector, qtbot, then):
    drawn.do("Name", set_network_parameter("width", 32))
    parameters = inspector.page.parameters
    row = parameters.rows["width"]
    retype(qtbot, row.title, "2 wide")
    qtbot.keyClick(row.title, Key.Key_Return)
    assert not parameters.error.isHidden()
    if then == "renamed":
        retype(qtbot, row.title, "wide")
        qtbot.keyClick(row.title, Key.Key_Return)
        assert set(drawn.network.parameters) == {"wide"}
    else:
        row.remove.click()
        assert not drawn.network.parameters
    assert parameters.error.isHidden()


def test_typing_in_a_field_is_one_step_however_slow_and_coming_back_is_another(drawn, inspector, qtbot):
    now = [0.0]
    drawn.document._clock = lambda: now[0]
    select(drawn, "first")
    line = inspector.page.form.fields["out_features"].line
    line.setFocus()
    line.selectAll()
    for key in "256":
        qtbot.keyClicks(line, key)
        now[0] += 10 * document.MERGE_SECONDS
    qtbot.keyClick(line, Key.Key_Return)
    qtbot.keyClicks(line, "0")
    assert width(drawn, "first") == 2560
    drawn.undo()
    assert width(drawn, "first") == 256
    drawn.undo()
    assert width(drawn, "first") == 128


def test_half_typed_text_stays_while_the_network_is_worked_out(drawn, inspector, qtbot):
    select(drawn, "first")
    line = inspector.page.form.fields["out_features"].line
    retype(qtbot, line, "2*")
    drawn.do("Rename", edits.rename(drawn.network.by_name["second"].id, "other"))
    qtbot.waitUntil(lambda: drawn.settled, timeout=60_000)
    assert line.text() == "2*"


def test_several_layers_share_expressions_and_flags_as_one_step(drawn, inspector, qtbot):
    select(drawn, "first", "second")
    page = inspector.page
    assert isinstance(page, SeveralPage)
    line = page.form.fields["out_features"].line
    assert line.placeholderText() == "several values"
    drawn.do("Name", set_network_parameter("width", 32))
    retype(qtbot, line, "width*2")
    assert (width(drawn, "first"), width(drawn, "second")) == (64, 64)
    assert (line.text(), said(line)) == ("width*2", "= 64")
    drawn.undo()
    assert (width(drawn, "first"), width(drawn, "second")) == (128, 10)
    drawn.do("Freeze first", edits.set_frozen([drawn.network.by_name["first"].id]))
    frozen = page.flags.boxes["frozen"]
    assert frozen.checkState() == Qt.CheckState.PartiallyChecked
    qtbot.mouseClick(frozen, Qt.MouseButton.LeftButton, pos=frozen.rect().center() - frozen.rect().center() / 2)
    assert all(drawn.network.by_name[name].frozen for name in ("first", "second"))
    assert drawn.document.undo_label == "Freeze 2 layers"
    bias = page.form.fields["bias"].box
    qtbot.mouseClick(bias, Qt.MouseButton.LeftButton, pos=bias.rect().center() - bias.rect().center() / 2)
    assert not any(drawn.network.by_name[name].layer.bias for name in ("first", "second"))
    assert drawn.document.undo_label == "Change bias of 2 layers"


def test_a_bypassed_layer_says_so_and_losses_have_no_such_flag(drawn, inspector, qtbot):
    select(drawn, "act")
    box = inspector.page.flags.boxes["bypassed"]
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() - box.rect().center() / 2)
    assert drawn.network.by_name["act"].bypassed
    assert drawn.document.undo_label == "Bypass act"
    select(drawn, "result")
    assert inspector.page.flags.isHidden()


PLACES = {
    "x": ("shape", "1, 4*k, 12", (1, 12, 12), (1, 20, 12), "1, 4*k, 12"),
    "conv": ("kernel_size", "k × 1", (3, 1), (5, 1), "k × 1"),
    "same": ("padding", "k//2", 1, 2, "k//2"),
    "flat": ("shape", "2*4, -1", (8, -1), (8, -1), "2*4, -1"),
    "parts": ("sizes", "k+1, -1", (4, -1), (6, -1), "k+1, -1"),
    "pool": ("stride", "k-1", 2, 4, "k-1"),
    "drop": ("p", "1/k", 1 / 3, 0.2, "1/k"),
}


@pytest.fixture
def pictured(session, qtbot):
    net = NetworkBuilder(k=3)
    x = net.add("Input", shape=(1, 12, 12), name="x")
    x = net.add("Conv2d", x, out_channels=8, name="conv")
    x = net.add("Conv2d", x, out_channels=8, name="same")
    x = net.add("MaxPool2d", x, name="pool")
    x = net.add("Dropout", x, name="drop")
    net.add("Output", net.add("Reshape", x, shape=(8, -1), name="flat"), name="result")
    net.add("Split", x, sizes=(4, -1), name="parts")
    session.do("Build", lambda _: net.network)
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    return session


@pytest.fixture
def opened(pictured, show, qtbot):
    made = Inspector(pictured)
    made.resize(320, 900)
    show(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


@pytest.mark.parametrize("name", PLACES)
def test_every_number_and_every_place_of_a_list_takes_an_expression(pictured, opened, qtbot, name):
    of, text, before, after, shown_as = PLACES[name]
    select(pictured, name)
    line = opened.page.form.fields[of].line
    retype(qtbot, line, text)
    qtbot.keyClick(line, Key.Key_Return)

    def value():
        return getattr(pictured.network.by_name[name].layer, of)

    assert (value(), opened.page.form.error(of)) == (before, "")
    assert line.text() == shown_as
    pictured.do("Other", set_network_parameter("k", 5))
    assert value() == after
    assert line.text() == shown_as


def test_a_pair_and_a_product_are_told_apart_and_the_tip_says_how(pictured, opened, qtbot):
    select(pictured, "conv", "same")
    form = opened.page.form
    line = form.fields["kernel_size"].line

    def kernels():
        return [pictured.network.by_name[name].layer.kernel_size for name in ("conv", "same")]

    retype(qtbot, line, "k × 1")
    assert kernels() == [(3, 1)] * 2
    assert pictured.document.undo_label == "Change kernel size of 2 layers"
    retype(qtbot, line, "k*2")
    assert kernels() == [6, 6]
    assert "× and commas set sizes apart, * multiplies" in line.toolTip()
    retype(qtbot, line, "k × 2 × 2")
    qtbot.keyClick(line, Key.Key_Return)
    assert "× and commas set sizes apart, * multiplies" in form.error("kernel_size")
    assert kernels() == [3, 3], "what was there before"


def test_a_name_in_a_list_is_created_so_that_the_list_keeps_its_sizes(pictured, opened, qtbot):
    select(pictured, "x")
    page = opened.page
    retype(qtbot, page.form.fields["shape"].line, "1, 6*side, 12")
    qtbot.waitUntil(lambda: page.findChild(QPushButton, "create_side") is not None)
    qtbot.mouseClick(page.findChild(QPushButton, "create_side"), Qt.MouseButton.LeftButton)
    assert pictured.network.parameters == {"k": 3, "side": 2}
    assert pictured.network.by_name["x"].layer.shape == (1, 12, 12)


def test_a_choice_that_is_also_a_number_says_its_words(pictured, opened, qtbot):
    select(pictured, "conv")
    form = opened.page.form
    line = form.fields["padding"].line
    retype(qtbot, line, "sane")
    qtbot.keyClick(line, Key.Key_Return)
    assert "or write same or valid" in form.error("padding")
    retype(qtbot, line, "same")
    assert pictured.network.by_name["conv"].layer.padding == "same"
    assert pictured.network.by_name["conv"].expression("padding") == ""


def test_lists_of_expressions_are_saved_and_opened(pictured):
    from nnstudio.project import schema

    for name, (of, text, before, *_) in PLACES.items():
        pictured.do("Say", set_expression(pictured.network.by_name[name].id, of, text))
        assert getattr(pictured.network.by_name[name].layer, of) == before
    written = schema.network_to_json(pictured.network)
    assert schema.network_from_json(written)[0] == pictured.network
