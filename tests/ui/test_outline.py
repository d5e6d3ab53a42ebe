"""The outline and the history beside the canvas, worked with keys as a person would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QWidget

from nnstudio.graph import Wire, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from nnstudio.project.gallery import template
from nnstudio.ui.docks.history import PRESENT, HistoryModel, StateRole
from nnstudio.ui.docks.outline_model import OutlineModel, flow_order

Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier
ORDER = ["image", "flatten", "hidden1", "relu1", "hidden2", "relu2", "scores", "digit", "label", "loss", "accuracy"]


@pytest.fixture
def digits(window, qtbot):
    """A window with the digits network, its outline open and with the focus."""
    window.file_actions.open_template(template("digits-mlp"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    window.activateWindow()
    window.actions_table.trigger("go_to_outline")
    qtbot.waitUntil(lambda: outline(window).tree.hasFocus())
    outline(window).catch_up()
    return window


def outline(window):
    return window.workspace.side.outline


def rows(window, parent=None):
    model = outline(window).model
    parent = parent if parent is not None else QModelIndex()
    return [model.index(at, 0, parent).data() for at in range(model.rowCount(parent))]


def press(qtbot, window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QApplication.processEvents()  # what can be done follows the selection
    qtbot.keyClick(outline(window).tree, key, modifiers)
    outline(window).catch_up()


def go(window, name):
    tree, model = outline(window).tree, outline(window).model
    row = next(row for row in model.walk() if model.node(row).name == name)
    tree.setCurrentIndex(model.index_of(row))


def selected(window):
    return {window.session.network.nodes[id].name for id in window.session.selection}


def named(window, name):
    return window.session.network.by_name[name]


def choose(qtbot, window, text):
    """Type into the list of commands that is open, and take the first."""
    qtbot.waitUntil(window._palette.isVisible)
    qtbot.keyClicks(window._palette.field, text)
    qtbot.keyClick(window._palette.field, Key.Key_Return)
    window.activateWindow()  # a window manager does so when a popup closes
    qtbot.waitUntil(window.isActiveWindow)
    outline(window).catch_up()


def test_nodes_are_listed_from_inputs_to_outputs_with_chains_kept_together(digits):
    assert rows(digits) == ORDER


def test_nodes_of_a_loop_are_listed_too():
    net = NetworkBuilder()
    first = net.add("ReLU", name="first")
    second = net.add("ReLU", first, name="second")
    network = replace(net.network, wires=(*net.network.wires, Wire(second.node, "output", first.node, "input")))
    assert {network.nodes[id].name for id in flow_order(network)} == {"first", "second"}


def test_arrow_keys_select_on_the_canvas_too_and_a_selection_there_is_marked_here(digits, qtbot):
    go(digits, "image")
    press(qtbot, digits, Key.Key_Down)
    assert selected(digits) == {"flatten"}
    press(qtbot, digits, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert selected(digits) == {"flatten", "hidden1"}
    digits.session.select([named(digits, "scores").id])
    marked = [index.data() for index in outline(digits).tree.selectionModel().selectedRows()]
    assert marked == ["scores"]
    assert outline(digits).tree.currentIndex().data() == "scores"


def test_letters_find_a_row(digits, qtbot):
    qtbot.keyClicks(outline(digits).tree, "acc")
    assert selected(digits) == {"accuracy"}


def test_f2_renames_in_place_and_a_name_that_is_taken_is_refused(digits, qtbot):
    go(digits, "hidden1")
    for wanted in ("first", "scores"):
        press(qtbot, digits, Key.Key_F2)
        editor = outline(digits).tree.findChild(QLineEdit)
        editor.selectAll()
        qtbot.keyClicks(editor, wanted)
        qtbot.keyClick(editor, Key.Key_Return)
        qtbot.waitUntil(lambda: outline(digits).tree.findChild(QLineEdit) is None)
        outline(digits).catch_up()
        assert rows(digits).count("first") == rows(digits).count("scores") == 1
    assert digits.session.document.undo_label == "Rename hidden1"
    assert [notice.sentence for notice in digits.notices.shown] == ["Another node is named 'scores'"]
    digits.notices.clear()


def test_delete_and_control_delete_work_from_the_outline(digits, qtbot):
    go(digits, "relu1")
    press(qtbot, digits, Key.Key_Delete, Control)
    assert "relu1" not in rows(digits)
    feeds = [wire.target for wire in digits.session.network.outgoing[named(digits, "hidden1").id]]
    assert feeds == [named(digits, "hidden2").id], "its neighbours are joined"
    assert not digits.session.selection
    assert outline(digits).tree.hasFocus()
    go(digits, "relu2")
    press(qtbot, digits, Key.Key_Delete)
    assert "relu2" not in rows(digits)
    assert not digits.session.network.outgoing.get(named(digits, "hidden2").id)
    press(qtbot, digits, Key.Key_Z, Control)
    press(qtbot, digits, Key.Key_Z, Control)
    assert rows(digits) == ORDER


def test_a_row_whose_layer_is_gone_is_painted_as_nothing_until_the_list_follows(digits):
    tree = outline(digits).tree
    index = tree.model().index(0, 0)
    (gone,) = [id for id, node in digits.session.network.nodes.items() if node.name == index.data()]
    digits.session.document.do("Delete", edits.remove([gone]))
    tree.viewport().repaint()  # before the timer of the list: nothing is raised
    outline(digits).catch_up()
    assert gone not in digits.session.network.nodes
    assert tree.model().index(0, 0).data() is not None


def test_copy_and_paste_work_from_the_outline(digits, qtbot):
    go(digits, "hidden1")
    press(qtbot, digits, Key.Key_C, Control)
    press(qtbot, digits, Key.Key_V, Control)
    assert "hidden3" in rows(digits)
    assert selected(digits) == {"hidden3"}


def test_a_layer_is_added_after_the_row_and_wired_by_name_without_the_canvas(digits, qtbot):
    go(digits, "scores")
    press(qtbot, digits, Key.Key_L, Control)
    box = digits.workspace.canvas.quick_add_box
    qtbot.keyClicks(box.field, "dropout")
    qtbot.keyClick(box.field, Key.Key_Return)
    outline(digits).catch_up()
    added = named(digits, "dropout")
    assert [wire.source for wire in digits.session.network.incoming[added.id]] == [named(digits, "scores").id]
    digits.actions_table.trigger("go_to_outline")
    go(digits, "dropout")
    press(qtbot, digits, Key.Key_J, Control)
    choose(qtbot, digits, "loss · pred")
    fed = [wire.source for wire in digits.session.network.incoming[named(digits, "loss").id]]
    assert added.id in fed
    assert digits.session.document.undo_label == "Connect dropout to loss"
    go(digits, "hidden1")
    press(qtbot, digits, Key.Key_J, Control | Qt.KeyboardModifier.ShiftModifier)
    choose(qtbot, digits, "image")
    assert digits.session.document.undo_label == "Connect image to hidden1"
    press(qtbot, digits, Key.Key_X, Control | Qt.KeyboardModifier.ShiftModifier)
    choose(qtbot, digits, "image")
    assert digits.session.document.undo_label == "Disconnect image from hidden1"


def test_bypass_and_freeze_work_from_the_outline_and_say_what_they_do(digits):
    go(digits, "relu1")
    digits.actions_table.trigger("bypass")
    assert named(digits, "relu1").bypassed
    assert digits.session.document.undo_label == "Bypass relu1"
    digits.actions_table.trigger("bypass")
    assert digits.session.document.undo_label == "Use relu1 again"
    go(digits, "hidden1")
    digits.actions_table.trigger("freeze")
    assert named(digits, "hidden1").frozen


def test_the_menu_key_offers_what_can_be_done(digits):
    go(digits, "hidden1")
    tree = outline(digits).tree
    tree.customContextMenuRequested.emit(tree.visualRect(tree.currentIndex()).center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert {"rename", "connect_to", "delete"} <= {action.objectName() for action in menu.actions()}
    menu.close()


def test_a_block_has_what_is_inside_as_children_and_a_child_opens_it(digits, qtbot):
    session = digits.session
    session.select([named(digits, name).id for name in ("hidden1", "relu1")])
    digits.actions_table.trigger("make_block")
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    panel = outline(digits)
    panel.catch_up()
    block = next(row for row in panel.model.root.rows if panel.model.node(row).name == "block")
    index = panel.model.index_of(block)
    digits.actions_table.trigger("go_to_outline")
    panel.tree.setCurrentIndex(index)
    press(qtbot, digits, Key.Key_Right)
    assert rows(digits, index) == ["input", "hidden1", "relu1", "output"]
    press(qtbot, digits, Key.Key_Right)
    press(qtbot, digits, Key.Key_Down)
    assert session.scope.block == "Block"
    assert selected(digits) == {"hidden1"}
    assert panel.tree.currentIndex().data() == "hidden1"


def test_the_outline_keeps_step_with_any_edit(digits):
    model = OutlineModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    session = digits.session
    model.show_network(session.network, session.whole)
    ids = {node.name: node.id for node in session.network.nodes.values()}
    for edit in (
        edits.bridge([ids["relu1"]]),
        edits.add(load()["Tanh"](), id="t"),
        edits.connect(ids["hidden1"], "output", "t", "input"),
        edits.chain(edits.connect("t", "output", ids["hidden2"], "input"), edits.rename("t", "tanh")),
        edits.remove(list(session.network.nodes)[:4]),
        edits.disconnect(session.network.wires),
    ):
        session.do("Edit", edit)
        model.show_network(session.network, session.whole)
        assert [row.id for row in model.root.rows] == flow_order(session.network)
        for at, row in enumerate(model.root.rows):
            assert model.index(at, 0).data() == session.network.nodes[row.id].name
    while session.document.undo():
        model.show_network(session.network, session.whole)
    assert [row.id for row in model.root.rows] == flow_order(session.network)


def test_the_history_lists_steps_by_name_and_a_click_goes_there(digits, qtbot):
    session = digits.session
    hidden = named(digits, "hidden1").id
    session.do("Rename hidden1", edits.rename(hidden, "first"))
    session.do("Freeze first", edits.set_frozen([hidden]))
    digits.actions_table.trigger("go_to_history")
    history = digits.workspace.side.history
    history.catch_up()
    said = [history.model.index(at).data() for at in range(history.model.rowCount())]
    assert said == ["As it was opened", "Rename hidden1", "Freeze first"]
    assert history.list.currentIndex().row() == 2
    place = history.list.visualRect(history.model.index(0)).center()
    qtbot.mouseClick(history.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "hidden1" in session.network.by_name
    history.catch_up()
    said = [history.model.index(at).data(Qt.ItemDataRole.AccessibleTextRole) for at in range(history.model.rowCount())]
    assert said == ["As it was opened, present", "Rename hidden1, undone", "Freeze first, undone"]
    history.list.setFocus()
    history.list.selectionModel().setCurrentIndex(
        history.model.index(1), QItemSelectionModel.SelectionFlag.ClearAndSelect
    )
    qtbot.keyClick(history.list, Key.Key_Return)
    assert "first" in session.network.by_name
    assert not session.network.by_name["first"].frozen


@pytest.mark.usefixtures("qapp")
def test_the_history_follows_steps_that_come_are_cut_off_and_are_left():
    parent = QWidget()
    model = HistoryModel(parent)
    tester = QAbstractItemModelTester(model)
    for steps, position in (
        (("a", "b"), 2), (("a", "b", "c"), 3), (("a", "b", "c"), 1), (("a", "x"), 2), (("x", "y"), 2), ((), 0),
    ):  # fmt: skip
        model.show_steps(steps, position)
        said = [model.index(at).data() for at in range(model.rowCount())]
        assert said == ["As it was opened", *steps]
        states = [model.index(at).data(StateRole) for at in range(model.rowCount())]
        assert states.index(PRESENT) == position
    del tester
    parent.deleteLater()
