"""The inspector: forms for what is selected, names, problems with cures, data and plan."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton

from nnstudio.data import shipped_reference
from nnstudio.graph import Problem, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.ui import theme
from nnstudio.ui.inspect_nodes import NodePage, Problems
from nnstudio.ui.inspect_project import ProjectPage
from nnstudio.ui.inspect_several import SeveralPage
from nnstudio.ui.inspector import Inspector
from nnstudio.ui.stylesheet import stylesheet


@pytest.fixture
def drawn(session, qtbot):
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    x = net.add("Flatten", net.add("Conv2d", image, out_channels=4, name="conv"))
    scores = net.add("Linear", x, out_features=10, name="scores")
    net.add("Linear", name="spare")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("Output", scores)
    session.do("Build", lambda _: net.network, data=shipped_reference("digits"))
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=60_000)
    return session


@pytest.fixture
def inspector(drawn, show):
    made = Inspector(drawn)
    made.resize(320, 800)
    show(made)
    return made


def select(session, *names):
    session.select([session.network.by_name[name].id for name in names])


def retype(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, text)


def test_a_selected_layer_shows_its_form_types_and_help(drawn, inspector):
    select(drawn, "conv")
    page = inspector.page
    assert isinstance(page, NodePage)
    assert page.name.text() == "conv"
    assert page._kind.text() == "Conv2d · 1×8×8 → 4×6×6"
    assert page.form.fields["out_channels"].line.text() == "4"
    assert "filter" in page.findChild(object, "help").toPlainText().lower()


def test_typing_changes_the_layer_and_is_one_step_of_undo(drawn, inspector, qtbot):
    select(drawn, "conv")
    retype(qtbot, inspector.page.form.fields["out_channels"].line, "128")
    assert drawn.network.by_name["conv"].layer.out_channels == 128
    drawn.undo()
    assert drawn.network.by_name["conv"].layer.out_channels == 4
    assert inspector.page.form.fields["out_channels"].line.text() == "4"


def test_a_name_is_changed_in_place_and_one_that_cannot_be_is_refused(drawn, inspector, qtbot):
    select(drawn, "conv")
    retype(qtbot, inspector.page.name, "first")
    qtbot.keyClick(inspector.page.name, Qt.Key.Key_Return)
    assert "first" in drawn.network.by_name
    retype(qtbot, inspector.page.name, "scores")
    qtbot.keyClick(inspector.page.name, Qt.Key.Key_Return)
    assert inspector.page.name_error.text().endswith("first stays")
    assert inspector.page.name.text() == "first"


def test_a_long_name_shows_its_beginning(drawn, inspector):
    drawn.do("Rename", edits.rename(drawn.network.by_name["conv"].id, "a_name_that_is_far_longer_than_the_room_" * 2))
    select(drawn, "a_name_that_is_far_longer_than_the_room_" * 2)
    assert inspector.page.name.cursorPosition() == 0


def test_a_problem_is_told_with_a_cure_that_one_click_applies(drawn, inspector, qtbot):
    flatten = next(node for node in drawn.network.nodes.values() if node.layer.type_name() == "Flatten")
    drawn.do("Delete", edits.bridge([flatten.id]))
    qtbot.waitUntil(lambda: drawn.settled, timeout=60_000)
    curable = next(problem for problem in drawn.resolution.problems if problem.fixes)
    drawn.select([curable.node])
    cure = next(b for b in inspector.page.problems.findChildren(QPushButton) if b.text() == curable.fixes[0].title)
    assert not cure.focusPolicy() & Qt.FocusPolicy.ClickFocus, "the focus would go astray with the problem"
    qtbot.mouseClick(cure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: drawn.settled, timeout=60_000)
    assert curable not in drawn.resolution.problems
    assert drawn.document.undo_label == curable.fixes[0].title


def test_titles_of_an_error_and_of_a_warning_are_as_large_and_as_bold(drawn, qtbot):
    cards = Problems(drawn)
    cards.setStyleSheet(stylesheet(theme.current()))
    qtbot.addWidget(cards)
    said = [Problem("one", "rank", "it does not fit", severity=severity) for severity in ("error", "warning")]
    cards.show_problems(tuple(said))
    cards.show()
    first, second = (card.findChild(QLabel) for card in cards.findChildren(QFrame, "problem"))
    assert first.property("role") != second.property("role")
    assert (first.font().pixelSize(), first.font().weight()) == (second.font().pixelSize(), second.font().weight())


def test_an_input_offers_the_fields_of_the_data(drawn, inspector):
    select(drawn, "image")
    box = inspector.page.form.fields["field"].box
    offered = [box.itemData(at) for at in range(box.count())]
    assert offered == ["", *drawn.fields]
    assert box.currentData() == "image"
    box.setCurrentIndex(offered.index("label"))
    box.activated.emit(offered.index("label"))
    assert drawn.network.by_name["image"].layer.field == "label"


def test_several_layers_show_what_they_share_and_change_together(drawn, inspector, qtbot):
    select(drawn, "scores", "spare")
    page = inspector.page
    assert isinstance(page, SeveralPage)
    field = page.form.fields["out_features"].line
    assert (field.text(), field.placeholderText()) == ("", "several values")
    retype(qtbot, field, "7")
    assert {drawn.network.by_name[n].layer.out_features for n in ("scores", "spare")} == {7}
    drawn.undo()
    assert drawn.network.by_name["scores"].layer.out_features == 10


def test_with_nothing_selected_the_plan_and_the_data_are_shown(drawn, inspector, qtbot):
    page = inspector.page
    assert isinstance(page, ProjectPage)
    assert page._data.text() == "Optical digits"
    epochs = page.forms[0].fields["epochs"].line
    retype(qtbot, epochs, "33")
    assert drawn.plan.epochs == 33
    rate = page.forms[0].fields["learning_rate"].line
    retype(qtbot, rate, "0")
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert page.forms[0].error("learning_rate").startswith("Learning rate: must be a number above 0")
    assert drawn.plan.learning_rate == 0.001


def test_deleting_the_selected_layer_leads_back_to_the_plan(drawn, inspector):
    select(drawn, "spare")
    drawn.do("Delete", edits.remove(drawn.selection))
    assert isinstance(inspector.page, ProjectPage)
