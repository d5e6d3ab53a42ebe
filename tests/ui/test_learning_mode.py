"""Learning mode as a person meets it: y = 4x step by step with mouse and keyboard, and what is kept of it."""

from __future__ import annotations

import pytest
from pupil import Pupil, alone, cut
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_accessible import nameless

from nnstudio.project.gallery import template
from nnstudio.ui import theme

Key, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def line(qtbot):
    yield alone("line", qtbot)
    theme.set_text_percent(100)


@pytest.fixture
def small(qtbot):
    yield alone("small-net", qtbot)
    theme.set_text_percent(100)


@pytest.fixture
def at_work(window, qtbot):
    """A person with the y = 4x project open in the window."""
    window.file_actions.open_template(template("line"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return Pupil(window, qtbot)


def test_y_4x_from_a_typed_weight_over_the_loss_and_its_slope_to_the_update(line):
    line.type(line.page.selected.weight.value, "5")
    line.type(line.page.selected.weight.value, "2")
    assert line.course.state.weights.tolist() == [2.0]
    assert [row[3:] for row in line.table()[:5]] == [["", ""]] * 5, "nothing is known before forward"
    line.press("learn_next")
    assert [row[1:4] for row in line.table()[:5]] == [
        ["0", "0", "0"], ["1", "4", "2"], ["2", "8", "4"], ["3", "12", "6"], ["4", "16", "8"],
    ]  # fmt: skip
    line.press("learn_next")
    table = line.table()
    assert [row[4] for row in table[:5]] == ["0", "4", "16", "36", "64"]
    assert [(row[0], row[4]) for row in table[5:]] == [("sum", "120"), ("mean", "24")]
    assert line.check() == {
        "L(w − ε)": ["24.0024", "120.012"], "L(w)": ["24", "120"], "L(w + ε)": ["23.9976", "119.988"],
        "slope by differences": ["−24", "−120"], "by backpropagation": ["−24", "−120"],
        "difference": line.check()["difference"],
    }  # fmt: skip
    assert all("e−" in text for text in line.check()["difference"]), "no larger than rounding"
    line.press("learn_next")
    assert "= −24" in line.page.selected.gradient.text()
    line.press("learn_next")
    assert line.course.state.weights[0] == pytest.approx(2.24)
    assert line.page.selected.update_line.text() == "w − η · ∂L/∂w = 2 − 0.01 · (−24) = 2.24"
    line.press("learn_next")
    assert line.course.step.phase == "sample"


def test_the_sum_of_the_losses_can_be_what_is_learned_from(line):
    line.page.tables.about.loss.menu().actions()[1].trigger()
    line.phase("update")
    assert line.course.state.weights[0] == pytest.approx(3.2)
    (row,) = line.table(1)
    assert row[1] == "3.2"
    assert row[4] == row[5] == "−48"


def test_every_stage_can_be_reached_by_key_and_gone_back(line):
    for expected in ("forward", "loss", "backward", "update", "sample"):
        QTest.keyClick(line.window, Key.Key_F6)
        assert line.course.step.phase == expected
    assert line.course.state.round == 1
    for expected in ("update", "backward"):
        QTest.keyClick(line.window, Key.Key_F6, SHIFT)
        assert line.course.step.phase == expected
    assert line.course.state.weights.tolist() == [2.0]
    QTest.keyClick(line.window, Key.Key_F6, CTRL)
    assert line.course.step.phase == "update"
    QTest.keyClick(line.window, Key.Key_Z, CTRL)
    assert line.course.state.weights.tolist() == [2.0]
    QTest.keyClick(line.window, Key.Key_Z, CTRL | SHIFT)
    assert line.course.state.weights[0] == pytest.approx(2.24)


def test_the_slider_draws_the_point_along_the_loss_curve(line):
    weight = line.page.selected.weight
    weight.slider.setFocus()
    QTest.keyClick(weight.slider, Key.Key_End)
    line.settle()
    assert line.course.state.weights.tolist() == [6.0]
    assert weight.value.text() == "6"
    curve = weight.curve
    assert curve.losses.max() == pytest.approx(6 * 36.0), "at −2 the mean of the squared errors is 6 · (4 + 2)²"
    ((x, y),) = curve.point.points
    assert (x, y) == (6.0, pytest.approx(24.0))
    QTest.keyClick(weight.slider, Key.Key_Home)
    assert line.course.state.weights.tolist() == [-2.0]
    QTest.keyClick(line.window, Key.Key_Z, CTRL)
    assert line.course.state.weights.tolist() == [2.0], "one pull is one step of undo"


def test_epsilon_and_the_range_can_be_chosen_and_what_is_no_number_is_refused(line):
    weight = line.page.selected.weight
    line.type(weight.epsilon, "1")
    assert line.check()["L(w + ε)"] == ["6", "30"]
    line.type(weight.epsilon, "-1")
    assert line.page.learner.epsilon == 1.0
    assert "a number above 0" in line.window.said[-1]
    line.type(weight.value, "four")
    assert line.course.state.weights.tolist() == [2.0]
    assert "“four” is none, so 2 stays" in line.window.said[-1]
    line.type(weight.high, "10")
    assert weight.curve.weights[-1] == 10.0


def test_units_and_weights_are_selected_on_the_drawing_and_say_how_they_come_about(small):
    page, drawing = small.page, small.page.drawing
    small.phase("backward")
    small.click(drawing.laid.units["hidden", 0])
    assert page.selected.title.text() == "hidden₁"
    assert page.selected.value.text().startswith("hidden₁ = w · worst_radius + ")
    assert page.selected.gradient.text().startswith("∂L/∂hidden₁ = ∂L/∂squash₁ · ∂squash₁/∂hidden₁")
    numbers = drawing.numbers()
    assert set(range(8)) <= set(numbers), "every weight of the first layer has its number on the drawing"
    small.click(numbers[5].center())
    assert page.selected.title.text() == "worst_texture → hidden₂"
    assert page.selected.kind.text() == "hidden.weight[1, 1]"
    begin, end = drawing.laid.ends(next(link for link in page.learner.anatomy.links if link.weight == 10))
    small.click(begin + (end - begin) * 0.2)
    assert page.selected.title.text() == "squash₁ → score"
    small.click(drawing.laid.bias(("hidden", 1)).center())
    assert page.selected.title.text() == "bias of hidden₂"
    small.click(QPointF(3, 3))
    assert page.learner.selected is None


def test_the_drawing_is_worked_with_the_keyboard_and_says_what_is_selected(small):
    drawing = small.page.drawing
    drawing.setFocus()
    small.phase("loss")
    told = QAccessible.queryAccessibleInterface(drawing)
    assert "11 units, 13 weights, nothing selected" in told.text(QAccessible.Text.Description)
    for key, said in (
        (Key.Key_Right, "worst_radius, "), (Key.Key_Down, "worst_texture, "), (Key.Key_Right, "hidden"),
        (Key.Key_Right, "squash"), (Key.Key_PageDown, "weight worst_radius → hidden₁, "),
        (Key.Key_PageUp, "weight bias of score, "), (Key.Key_Left, "squash"),
    ):  # fmt: skip
        QTest.keyClick(drawing, key)
        assert told.text(QAccessible.Text.Description).startswith(said), key
    QTest.keyClick(drawing, Key.Key_Escape)
    assert small.page.learner.selected is None


def test_the_tables_select_samples_and_weights_and_list_every_number(small):
    small.phase("loss")
    rows = small.table()
    assert len(rows) == 342 + 2
    view = small.page.tables.samples
    view.setFocus()
    QTest.keyClick(view, Key.Key_Down)
    assert small.course.state.row == 1
    assert rows[1][5] in ("benign", "malignant")
    slopes = small.table(1)
    assert len(slopes) == 13
    assert all(abs(float(row[4].replace("−", "-")) - float(row[5].replace("−", "-"))) < 1e-5 for row in slopes)
    small.page.tables.slopes.selectRow(4)
    assert small.page.learner.selected == 4
    numbers = small.table(2)
    assert len(numbers) == 11 + 13
    assert [row[3] for row in numbers] == [""] * 24, "no gradient before backward"
    small.phase("backward")
    assert sum(bool(row[3]) for row in small.table(2)) == 24 - 2, "all but the target and the loss"


def test_it_plays_by_itself_until_it_is_stopped(line):
    line.page.learner.set_speed(10.0)
    QTest.keyClick(line.window, Key.Key_F5)
    line.qtbot.waitUntil(lambda: line.course.state.round >= 1, timeout=20_000)
    QTest.keyClick(line.window, Key.Key_F5)
    assert not line.page.learner.playing


def test_it_is_opened_by_a_key_and_what_was_found_is_kept_taken_back_or_dropped(at_work):
    window, training = at_work.window, at_work.window.session.training
    at_work.open()
    assert window.windowTitle().startswith("line")
    at_work.type(at_work.page.selected.weight.value, "4")
    at_work.answer("Cancel")
    QTest.keyClick(window, Key.Key_F3)
    assert window.learning_actions.shown
    at_work.answer("Keep them")
    at_work.press("learn")
    assert window.in_workspace
    assert training.weights["weight.weight"].tolist() == [[4.0]]
    assert window.session.modified
    at_work.open()
    assert at_work.course.state.weights.tolist() == [4.0], "it begins with what the project has"
    window.actions_table.trigger("learn_afresh")
    at_work.qtbot.waitUntil(lambda: at_work.course.state.weights.tolist() == [2.0], timeout=20_000)
    window.actions_table.trigger("learn_random")
    at_work.answer("Drop them")
    QTest.keyClick(window, Key.Key_F3)
    assert window.in_workspace
    assert training.weights["weight.weight"].tolist() == [[4.0]]
    window.actions_table.trigger("learn_take_back")
    assert training.weights is None
    at_work.open()
    window.session.new()
    assert at_work.page is None, "another project ends it"
    assert window.in_workspace


def test_its_keys_mean_nothing_else_meanwhile(at_work):
    at_work.open()
    table = at_work.window.actions_table
    table.refresh()
    taken: dict[str, list[str]] = {}
    for action in table:
        made = table.qt(action.id) if action.dynamic is None else None
        for keys in made.shortcuts() if made is not None and made.isEnabled() else ():
            taken.setdefault(keys.toString(), []).append(action.id)
    assert {keys: ids for keys, ids in taken.items() if len(ids) > 1} == {}
    assert taken["F6"] == ["learn_next"]


def test_a_network_that_is_too_large_is_refused_in_a_sentence(window, qtbot):
    window.file_actions.open_template(template("digits-mlp"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    window.actions_table.trigger("learn")
    qtbot.waitUntil(lambda: bool(window.notices.shown), timeout=60_000)
    assert "“image” has 64 units, and at most 24" in window.notices.shown[-1].sentence
    assert window.in_workspace
    window.notices.clear()


def test_everything_that_takes_the_focus_has_a_name(line):
    for tab in range(3):
        line.table(tab)
        assert not nameless(line.page), tab
    line.page.learner.select(("weight", 0))
    assert not nameless(line.page)


@pytest.mark.parametrize(("percent", "size"), [(100, (1280, 800)), (125, (1280, 800)), (150, (1600, 1000))])
def test_nothing_is_cut_at_these_sizes(small, percent, size):
    small.window.resize(*size)
    theme.set_text_percent(percent)
    small.page.learner.select(3)
    small.settle()
    assert small.window.width() == size[0]
    for theme_name in ("light", "dark"):
        theme.set_theme(theme_name)
        QApplication.processEvents()
        assert not cut(small.page), theme_name
