"""The page of learning mode: head, drawing, what is selected, tables."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QSplitter, QStackedWidget, QTabBar, QWidget

from nnstudio.train.learning_course import Course
from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.learning.drawing import DrawingArea
from nnstudio.ui.learning.head import About, Head
from nnstudio.ui.learning.learner import Learner
from nnstudio.ui.learning.selected import SelectedPanel
from nnstudio.ui.learning.tables import GridView, NumbersTable, SamplesTable, SlopesTable
from nnstudio.ui.parts import column, line, panel, row

TABS = ("Samples", "Slopes", "Numbers")
#: The width of what is selected; the tables' share of the height at most, and what they take beside their rows.
SELECTED, TABLES, AROUND = 372, 0.36, 76


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
        self.about = About(learner)
        self.about.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        # as wide as there is room: a chosen tab's bold title needs more than the bar asked for when it was not
        self.tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head = head = row(self.tabs, self.about, spacing=12, margins=(18, 3, 16, 3))
        self.setLayout(column(head, line(), self.stack, spacing=0))
        self.layout().setStretch(2, 1)  # type: ignore[call-overload]
        self.setMinimumHeight(110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:  # what stands in the choices, or the size of text, is another
            self._fit()
        return done

    def _fit(self) -> None:
        """Where tabs and choices do not fit beside one another, as in large text, choices stand below."""
        wanted = self.tabs.sizeHint().width() + self.about.sizeHint().width() + AROUND
        beside = QBoxLayout.Direction.LeftToRight
        way = beside if wanted <= self.width() else QBoxLayout.Direction.TopToBottom
        if self.head.direction() is not way:
            self.head.setDirection(way)
            self.head.setSpacing(12 if way is beside else 2)


class LearningPage(QWidget):
    """Learning mode on a course."""

    def __init__(self, course: Course, actions: ActionTable) -> None:
        super().__init__()
        self.setObjectName("learning")
        self.learner = Learner(course, self)
        self.head = Head(self.learner, actions)
        self.area = DrawingArea(self.learner)
        self.drawing = self.area.drawing
        self.selected = SelectedPanel(self.learner)
        self.tables = Tables(self.learner)
        middle = panel(column(self.area), "canvas")
        self._down = self._splitter(Qt.Orientation.Vertical, middle, self.tables)
        self._across = self._splitter(Qt.Orientation.Horizontal, self._down, self.selected)
        self.setLayout(column(self.head, line(), self._across, spacing=0))
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
        self.selected.setMinimumWidth(theme.scaled(340))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._proportioned:
            self._proportioned = True
            right = min(theme.scaled(SELECTED), round(0.45 * self.width()))
            self._across.setSizes([self.width() - right, right])
            tall = self._across.height()
            rows = self.tables.samples.grid.rowCount() * theme.scaled(24) + theme.scaled(AROUND)
            below = min(rows, round(TABLES * tall))
            self._down.setSizes([tall - below, below])

    def hideEvent(self, event: QHideEvent) -> None:
        self.learner.stop()
        self.selected.weight.curve.stop()
        super().hideEvent(event)
