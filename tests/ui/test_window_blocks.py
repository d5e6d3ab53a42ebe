"""Blocks in the window: tabs, the way in, and what the inspector says of them."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QTabBar, QToolButton

from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.graph.view import chain, in_block, place
from nnstudio.project.gallery import template
from nnstudio.ui.inspect_blocks import DefinitionPage
from nnstudio.ui.scope import WHOLE, Scope
from nnstudio.ui.window import MainWindow

Key = Qt.Key


@pytest.fixture
def digits(window, qtbot):
    """A window with a network in which two layers have been made a block, which is selected."""
    window.file_actions.open_template(template("digits-mlp"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    window.activateWindow()
    session = window.session
    session.select([session.network.by_name[name].id for name in ("hidden1", "relu1")])
    window.actions_table.trigger("make_block")
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    return window


def tabs(window):
    bar = window.workspace.findChild(QTabBar, "scope_tabs")
    return [bar.tabText(at) for at in range(bar.count())], bar.tabText(bar.currentIndex())


def way(window):
    return window.workspace.findChild(object, "scope_way").text


def do(window, action):
    QApplication.processEvents()
    window.actions_table.trigger(action)
    QApplication.processEvents()


def block(window):
    return window.session.sheet.network.by_name["block"]


def test_a_block_of_a_selection_is_selected_and_its_name_is_ready_to_be_typed(digits, qtbot):
    assert digits.session.selection == {block(digits).id}
    assert digits.session.document.undo_label == "Make a block of 2 layers"
    name = digits.workspace.inspector.page.more.name
    assert name.selectedText() == "Block"
    qtbot.keyClicks(name, "Dense")
    qtbot.keyClick(name, Key.Key_Return)
    assert set(digits.session.sheet.network.blocks) == {"Dense"}
    assert block(digits).layer.definition == "Dense"


def test_opening_a_block_shows_its_tab_and_the_way_back(digits, qtbot):
    do(digits, "open_block")
    assert tabs(digits) == (["Network", "Block"], "Block")
    assert way(digits) == "digits-mlp ▸ block · Block"
    assert set(digits.session.network.by_name) == {"input", "hidden1", "relu1", "output"}
    back = digits.workspace.findChild(object, "scope_way").findChild(QToolButton)
    qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert digits.session.scope == WHOLE
    assert way(digits) == ""
    assert tabs(digits) == (["Network", "Block"], "Network")


def test_tabs_are_turned_and_closed_with_keys(digits, qtbot):
    do(digits, "open_block")
    canvas = digits.workspace.canvas
    qtbot.keyClick(canvas, Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert digits.session.scope == WHOLE
    QApplication.processEvents()
    qtbot.keyClick(canvas, Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert digits.session.scope.block == "Block"
    do(digits, "leave_block")
    assert digits.session.selection == {block(digits).id}, "the block is selected when it is left"
    do(digits, "next_tab")
    do(digits, "close_tab")
    assert tabs(digits) == (["Network"], "Network")


def test_a_tab_is_closed_by_its_button(digits, qtbot):
    do(digits, "open_block")
    bar = digits.workspace.findChild(QTabBar, "scope_tabs")
    qtbot.mouseClick(bar.tabButton(1, QTabBar.ButtonPosition.RightSide), Qt.MouseButton.LeftButton)
    assert tabs(digits) == (["Network"], "Network")


def test_a_definition_that_is_renamed_stays_open_also_after_undo(digits, qtbot):
    do(digits, "open_block")
    digits.session.select(())
    page = digits.workspace.inspector.page
    assert isinstance(page, DefinitionPage)
    page.name.selectAll()
    qtbot.keyClicks(page.name, "Dense")
    qtbot.keyClick(page.name, Key.Key_Return)
    assert tabs(digits) == (["Network", "Dense"], "Dense")
    digits.session.undo()
    assert tabs(digits) == (["Network", "Block"], "Block")


def test_what_a_definition_exposes_is_set_on_each_block(digits, qtbot):
    session = digits.session
    do(digits, "open_block")
    session.do("Expose", set_network_parameter("width", 96))
    session.do("Use", set_expression(session.network.by_name["hidden1"].id, "out_features", "width"))
    page = digits.workspace.inspector.page
    session.select(())
    page = digits.workspace.inspector.page
    assert list(page.parameters.rows) == ["width"]
    do(digits, "leave_block")
    form = digits.workspace.inspector.page.form
    assert list(form.fields) == ["width", "repeat", "weights"]
    line = form.fields["width"].line
    assert line.text() == "96"
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "48")
    assert block(digits).layer.width == 48
    assert session.document.undo_label == "Change width of block"


def test_a_definition_lists_where_it_is_used_and_a_click_goes_there(digits, qtbot):
    do(digits, "duplicate")
    do(digits, "open_block")
    digits.session.select(())
    page = digits.workspace.inspector.page
    links = [b for b in page.findChildren(QPushButton) if b.text() in ("block", "block2")]
    assert len(links) == 2
    assert page.remove.isHidden()
    qtbot.mouseClick(next(b for b in links if b.text() == "block2"), Qt.MouseButton.LeftButton)
    assert digits.session.scope == WHOLE
    assert digits.session.selection == {digits.session.network.by_name["block2"].id}


def test_unpacking_puts_the_layers_back_where_they_fit_and_selects_them(digits, qtbot):
    qtbot.mouseClick(digits.workspace.inspector.page.more.unpack, Qt.MouseButton.LeftButton)
    session = digits.session
    assert {session.network.nodes[id].name for id in session.selection} == {"hidden1", "relu1"}
    assert session.document.undo_label == "Unpack block"
    places = digits.workspace.canvas.canvas.places
    chosen = [places[id] for id in session.selection]
    others = [at for id, at in places.items() if id not in session.selection]
    assert not set(chosen) & set(others), "none stands on another"


def test_what_is_unpacked_covers_nothing_that_stands_over_under_or_beside_the_block(digits):
    session, canvas = digits.session, digits.workspace.canvas.canvas
    inside = session.network.blocks["Block"]
    tall = {node.id: (0.0, 150.0 * at) for at, node in enumerate(inside.nodes.values())}
    id, others = block(digits).id, [key for key in session.network.nodes if key != block(digits).id]
    spots = [(240.0 * x, 90.0 * y) for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y]
    places = {**dict(zip(others, spots, strict=False)), id: (0.0, 0.0)}
    session.do("Lay out", view=chain(place(places), in_block("Block", place(tall))))
    do(digits, "unpack_block")
    boxes = {key: canvas.content_rect([key]) for key in canvas.places}
    assert not [(a, b) for a, b in itertools.combinations(boxes, 2) if boxes[a].intersects(boxes[b])]


@pytest.mark.parametrize("at_start", [False, True])
def test_open_tabs_are_remembered_with_the_project(digits, qtbot, tmp_path, at_start):
    path = tmp_path / "kept.nnstudio"
    digits.session.save(path)
    qtbot.waitUntil(lambda: digits.session.path == path)
    do(digits, "open_block")
    again = MainWindow(digits.settings)
    qtbot.addWidget(again)
    if at_start:  # as from the command line
        again.file_actions.open_path(path)
    again.show()
    qtbot.waitUntil(lambda: again.warm, timeout=60_000)
    if not at_start:
        again.file_actions.open_path(path)
    qtbot.waitUntil(lambda: again.in_workspace and again.session.path == path, timeout=60_000)
    assert tabs(again) == (["Network", "Block"], "Block")
    assert isinstance(again.session.scope, Scope)
    again.session.files.discard()
    again.close()
