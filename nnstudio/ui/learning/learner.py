"""The course that a person goes through, with signals; and work that is done a little in each turn of the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.train.learning import Place
from nnstudio.train.learning_course import Course

#: Stages a second that can be chosen for playing.
SPEEDS = (0.5, 1.0, 2.0, 4.0, 10.0)
#: Work in turns takes so long in each, in seconds.
TURN = 0.006

Selected = Place | int | None
"""A unit, a weight by its place among the weights, or nothing."""


class Learner(QObject):
    """``changed`` after every step or choice, ``selected_changed`` when another unit or weight is selected,
    ``playing_changed`` when playing begins or ends, ``refused(sentence)`` where something typed cannot be."""

    changed = Signal()
    selected_changed = Signal()
    playing_changed = Signal()
    refused = Signal(str)

    def __init__(self, course: Course, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.course = course
        self.anatomy = course.anatomy
        self.epsilon = 0.0001
        self.selected: Selected = 0 if len(course.anatomy.weights) == 1 else None
        self.speed = 1.0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._play_on)

    def do(self, what: Callable[[], object]) -> None:
        """Have the course changed, and tell it."""
        what()
        self.changed.emit()

    def next(self) -> None:
        """The next stage."""
        self.do(self.course.next)

    def back(self) -> None:
        """One stage back."""
        self.stop()
        self.do(self.course.back)

    def go_to(self, phase: str) -> None:
        """To the end of a phase."""
        self.stop()
        self.do(lambda: self.course.go_to(phase))

    def finish_round(self) -> None:
        """To the next update."""
        self.do(self.course.finish_round)

    def undo(self) -> None:
        """Take back the last change of weights."""
        self.stop()
        self.do(self.course.undo)

    def redo(self) -> None:
        """Do it again."""
        self.stop()
        self.do(self.course.redo)

    def set_weight(self, place: int, value: float, stint: object = None) -> None:
        """Give a weight a value."""
        self.do(lambda: self.course.set_weight(place, value, stint=stint))

    def choose(self, **choices: Any) -> None:
        """See `Course.choose`."""
        self.do(lambda: self.course.choose(**choices))

    def show_row(self, row: int) -> None:
        """Show another sample."""
        if row != self.course.state.row:
            self.do(lambda: self.course.show_row(row))

    def set_epsilon(self, value: float) -> None:
        """Take differences over another distance."""
        self.epsilon = value
        self.changed.emit()

    def select(self, selected: Selected) -> None:
        """Select a unit or a weight."""
        if selected != self.selected:
            self.selected = selected
            self.selected_changed.emit()

    # playing

    @property
    def playing(self) -> bool:
        """Whether stages follow one another by themselves."""
        return self._timer.isActive()

    def play(self) -> None:
        """Go from stage to stage, or stand still where that is so."""
        if self.playing:
            self.stop()
        else:
            self._timer.start(round(1000 / self.speed))
            self.playing_changed.emit()

    def stop(self) -> None:
        """Stand still."""
        if self.playing:
            self._timer.stop()
            self.playing_changed.emit()

    def set_speed(self, speed: float) -> None:
        """Play at so many stages a second."""
        self.speed = speed
        self._timer.setInterval(round(1000 / speed))

    def _play_on(self) -> None:
        self.next()


class InTurns(QObject):
    """Takes what an iterator gives, a few milliseconds in each turn of the event loop."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._left: Iterator[Any] = iter(())
        self._take: Callable[[list[Any]], object] = lambda _: None

    @property
    def busy(self) -> bool:
        """Whether there is something left to do."""
        return self._timer.isActive()

    def run(self, work: Iterator[Any], take: Callable[[list[Any]], object]) -> None:
        """Give ``take`` what ``work`` yields, in lists; what was under way is dropped."""
        self._left, self._take = work, take
        self._timer.start(0)

    def stop(self) -> None:
        """Drop what is under way."""
        self._timer.stop()
        self._left = iter(())

    def _turn(self) -> None:
        until, found = time.monotonic() + TURN, []
        for each in self._left:
            found.append(each)
            if time.monotonic() > until:
                break
        else:
            self.stop()
        self._take(found)
