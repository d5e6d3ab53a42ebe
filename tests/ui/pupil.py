"""A person in learning mode, for its tests: keys, buttons, numbers typed and tables read."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QTabBar, QWidget

from nnstudio.project.project import Project
from nnstudio.train.learning_course import Course
from nnstudio.train.learning_lesson import lesson_on
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.learning.commands import learning_commands
from nnstudio.ui.learning.page import LearningPage
from nnstudio.ui.parts import ElidedLabel, column

Key, LEFT, NONE = Qt.Key, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


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
