"""Learning mode is found beside the run's buttons, can be read in large text, and takes all rows."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from nnstudio.project.project import Project
from nnstudio.train.learning_course import Course
from nnstudio.train.learning_lesson import lesson_on
from nnstudio.train.learning_words import samples
from nnstudio.ui import theme
from nnstudio.ui.learning.head import About
from nnstudio.ui.learning.learner import Learner
from nnstudio.ui.learning.page import Tables


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.new("line")


@pytest.mark.parametrize("percent", [100, 150, 200])
@pytest.mark.parametrize("width", [560, 720, 1100])
def test_no_tab_is_hidden_in_large_text(project, show, qtbot, percent, width):
    theme.set_text_percent(percent)
    try:
        tables = Tables(Learner(Course(lesson_on(project.compiled(), project.dataset), 0.02, 16)))
        tables.resize(width, 300)
        show(tables)
        tables.resize(width, 300)
        tabs, about = tables.tabs, tables.about
        qtbot.waitUntil(lambda: tabs.tabRect(tabs.count() - 1).right() <= tabs.width(), timeout=5_000)
        assert about.geometry().right() <= tables.width()
        assert not about.geometry().intersects(tabs.geometry())
    finally:
        theme.set_text_percent(100)


class Larger:
    """A data set of 600 training rows."""

    def __init__(self, data) -> None:
        self.fields, self._data = data.fields, data

    def count(self, split: str) -> int:
        return 600

    def indices(self, split: str):
        return np.arange(600)

    def arrays(self, split: str):
        return {name: np.resize(array, (600, *array.shape[1:])) for name, array in self._data.arrays(split).items()}


def test_a_round_is_about_all_rows_and_says_so_where_it_is_not(project, monkeypatch, show):
    data = Larger(project.dataset)
    course = Course(lesson_on(project.compiled(), data), 0.02, 16)
    assert len(course.rows) == 600
    assert samples(course) == "all 600 samples"
    monkeypatch.setattr("nnstudio.train.learning_lesson.MOST_ROWS", 100)
    course = Course(lesson_on(project.compiled(), data), 0.02, 16)
    assert samples(course) == "the first 100 samples"
    about = About(Learner(course))
    show(about)
    assert about.mode.text().startswith("The first 100 of 600 samples")


def test_it_is_a_click_beside_the_runs_buttons_while_the_network_is_small(window, qtbot):
    window.session.replace_sheet(Project.new("line").sheet)
    window.show_workspace()
    session = window.session
    qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
    button = window.run_bar.findChild(QToolButton, "learn_here")
    qtbot.waitUntil(button.isEnabled, timeout=20_000)
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.learning_actions.shown, timeout=60_000)
    assert isinstance(window.page, QWidget)
    window.learning_actions.leave()
    session.replace_sheet(Project.new("digits-mlp").sheet)
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    assert not button.isVisible()
