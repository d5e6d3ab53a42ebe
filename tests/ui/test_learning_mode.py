"""Learning mode as a person meets it: y = 4x step by step with mouse and keyboard, and what is kept of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QTabBar, QWidget
from test_accessible import nameless

from nnstudio.project.gallery import template
from nnstudio.project.project import Project
from nnstudio.train.learning_course import Course
from nnstudio.train.learning_lesson import lesson_on
from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.learning.commands import learning_commands
from nnstudio.ui.learning.page import LearningPage
from nnstudio.ui.parts import ElidedLabel, column

Key, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Alone(QWidget):
    """The page of learning mode in a window of its own, with its actions."""

    in_workspace = False

    def __init__(self, id: str) -> None:
        super().__init__()
        project = Project.new(id)
        course = Course(lesson_on(project.compiled(), project.dataset), project.plan.learning_rate, 16)
        self.learning_actions = self
        self.session = self.training = self
        self.weights, self.may_take_back = None, False
        self.page: LearningPage | None = None
        self.actions_table = ActionTable(self, learning_commands(self))  # type: ignore[arg-type]
        self.page = LearningPage(course, self.actions_table)
        self.setLayout(column(self.page))
        self.said: list[str] = []
        self.learner.refused.connect(self.said.append)

    @property
    def shown(self):
        return self.page is not None

    @property
    def learner(self):
        return self.page.learner

    def begin_with(self, kind: str):
        return lambda: None

    def toggle(self):
        """Nothing is opened or kept here: the window's tests do that."""

    keep = take_back = toggle


class Pupil:
    """A person at a window in learning mode."""

    def __init__(self, window, qtbot) -> None:
        self.window, self.qtbot = window, qtbot

    @property
    def page(self):
        return self.window.learning_actions.page

    @property
    def course(self):
        return self.page.learner.course

    def open(self) -> None:
        self.window.activateWindow()  # a question that was answered leaves none active off the screen
        self.qtbot.waitUntil(self.window.isActiveWindow)
        QTest.keyClick(self.window, Key.Key_F3)
        self.qtbot.waitUntil(lambda: self.window.learning_actions.shown, timeout=60_000)
        self.settle()

    def settle(self) -> None:
        """Until nothing is being worked out any more."""
        weight, slopes = self.page.selected.weight, self.page.tables.slopes
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: not weight.curve.busy and not slopes.busy)

    def press(self, name: str) -> None:
        button = self.page.findChild(QPushButton, f"{name}_button")
        QTest.mouseClick(button, LEFT)
        QApplication.processEvents()

    def phase(self, name: str) -> None:
        QTest.mouseClick(self.page.head.phases.buttons[name], LEFT)

    def type(self, field, text: str) -> None:
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Key.Key_Return)
        self.settle()

    def click(self, at: QPointF) -> None:
        QTest.mouseClick(self.page.drawing, LEFT, NONE, at.toPoint())

    def table(self, tab: int = 0) -> list[list[str]]:
        """The texts of a table, which is shown first."""
        tables = self.page.tables
        QTest.mouseClick(tables.tabs, LEFT, NONE, tables.tabs.tabRect(tab).center())
        self.settle()
        model = tables.views[tab].model()
        return [
            [model.index(row, column).data() for column in range(model.columnCount())]
            for row in range(model.rowCount())
        ]

    def check(self) -> dict[str, list[str]]:
        """The comparison of the two slopes, by line."""
        model = self.page.selected.weight.check.grid
        return {row[0]: list(row[1:]) for row in model.rows}

    def answer(self, text: str) -> None:
        """Press this button of the question that comes next."""

        def press() -> None:
            box = self.window.findChild(QMessageBox, "learned")
            next(button for button in box.buttons() if button.text().replace("&", "") == text).click()

        QTimer.singleShot(0, self.window, press)


def alone(id, qtbot):
    window = Alone(id)
    qtbot.addWidget(window)
    window.resize(1280, 720)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.actions_table.refresh()
    made = Pupil(window, qtbot)
    made.settle()
    return made


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


def cut(page: QWidget) -> list[str]:
    """Texts that are seen and have less room than they need."""
    found = []
    for widget in page.findChildren(QWidget):
        if not widget.isVisible() or widget.visibleRegion().isEmpty() or isinstance(widget, ElidedLabel):
            continue
        if isinstance(widget, QTabBar):
            found += [widget.tabText(at) for at in range(widget.count()) if widget.tabRect(at).right() > widget.width()]
        elif isinstance(widget, QPushButton) or (type(widget) is QLabel and not widget.wordWrap()):
            needed = widget.minimumSizeHint()
            if widget.text() and (widget.width() < needed.width() or widget.height() < needed.height()):
                found.append(widget.text())
    return found
