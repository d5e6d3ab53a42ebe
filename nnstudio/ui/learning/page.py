"""The page of learning mode: head, drawing, what is selected, tables."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QTabBar, QWidget

from nnstudio.train.learning_course import Course
from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.learning.drawing import DrawingArea
from nnstudio.ui.learning.head import Head
from nnstudio.ui.learning.learner import Learner
from nnstudio.ui.learning.selected import SelectedPanel
from nnstudio.ui.learning.tables import GridView, NumbersTable, SamplesTable, SlopesTable
from nnstudio.ui.parts import column, label, line, panel, row

TABS = ("Samples", "Slopes, checked", "All numbers")
#: The width of what is selected, and the tables' share of the height.
SELECTED, TABLES = 372, 0.30
#: How long a sentence on something that was refused stays.
STAY_MS = 7000


class Tables(QFrame):
    """The three tables behind tabs."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.samples, self.slopes, self.numbers = SamplesTable(learner), SlopesTable(learner), NumbersTable(learner)
        self.views: tuple[GridView, ...] = (self.samples, self.slopes, self.numbers)
        self.tabs, self.stack = QTabBar(), QStackedWidget()
        self.tabs.setAccessibleName("Tables")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for title, view in zip(TABS, self.views, strict=True):
            self.tabs.addTab(title)
            self.stack.addWidget(view)
        self.tabs.currentChanged.connect(self.stack.setCurrentIndex)
        self.note = label("", "problem")
        self.note.setAccessibleName("What was refused")
        self._stay = QTimer(self)
        self._stay.setSingleShot(True)
        self._stay.setInterval(STAY_MS)
        self._stay.timeout.connect(self.note.clear)
        learner.refused.connect(self._say)
        learner.changed.connect(self.note.clear)
        head = row(self.tabs, 1, self.note, margins=(18, 0, 16, 0))
        self.setLayout(column(head, line(), self.stack, spacing=0))
        self.layout().setStretch(2, 1)  # type: ignore[call-overload]
        self.setMinimumHeight(110)

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self._stay.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._stay.stop()
        super().hideEvent(event)


class LearningPage(QWidget):
    """Learning mode on a course; ``title`` is the project's."""

    def __init__(self, course: Course, actions: ActionTable, title: str) -> None:
        super().__init__()
        self.setObjectName("learning")
        self.learner = Learner(course, self)
        self.head = Head(self.learner, actions, title)
        self.area = DrawingArea(self.learner)
        self.drawing = self.area.drawing
        self.selected = SelectedPanel(self.learner)
        self.tables = Tables(self.learner)
        middle = panel(column(self.area), "canvas")
        self._across = self._splitter(Qt.Orientation.Horizontal, middle, self.selected)
        self._down = self._splitter(Qt.Orientation.Vertical, self._across, self.tables)
        self.setLayout(column(self.head, line(), self._down, spacing=0))
        self.layout().setStretch(2, 1)  # type: ignore[call-overload]
        self._proportioned = False
        theme.changed.connect(self._fit_text)
        self._fit_text()

    def _splitter(self, orientation: Qt.Orientation, first: QWidget, second: QWidget) -> QSplitter:
        made = QSplitter(orientation)
        made.setHandleWidth(1)
        made.setChildrenCollapsible(False)
        made.addWidget(first)
        made.addWidget(second)
        made.setStretchFactor(0, 1)
        return made

    def _fit_text(self) -> None:
        self.selected.setMinimumWidth(theme.scaled(300))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._proportioned:
            self._proportioned = True
            right = min(theme.scaled(SELECTED), round(0.45 * self.width()))
            below = round(TABLES * self.height())
            self._across.setSizes([self.width() - right, right])
            self._down.setSizes([self.height() - below, below])

    def hideEvent(self, event: QHideEvent) -> None:
        self.learner.stop()
        self.selected.weight.curve.stop()
        super().hideEvent(event)
