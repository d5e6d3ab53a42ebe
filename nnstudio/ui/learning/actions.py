"""Opening learning mode, leaving it, and what becomes of the weights that were found there."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from nnstudio.compile.lower import CompileError
from nnstudio.graph import Change, Network
from nnstudio.project.tensors import Weights
from nnstudio.project.weights import compiled_with, weights_of

if TYPE_CHECKING:
    from nnstudio.data.fitted import Fitted
    from nnstudio.train.learning_course import Course
    from nnstudio.ui.learning.learner import Learner
    from nnstudio.ui.learning.page import LearningPage
    from nnstudio.ui.window import MainWindow


#: What putting in other weights is called.
NAMES = {"afresh": "Weights as training begins", "random": "Other random weights", "trained": "The trained weights"}


class LearningActions(QObject):
    """Learning mode of one window. Its page stays as it was left while the project does not change."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self.page: LearningPage | None = None
        self._of: tuple[Network, object] | None = None
        self._opening = False
        #: the weights that were kept last, and what was there before
        self._kept: tuple[Weights, tuple[Weights | None, Network | None, Fitted | None, bool]] | None = None
        window.session.changed.connect(self._changed)

    # --- opening and leaving ------------------------------------------------------------------------------------

    @property
    def shown(self) -> bool:
        """Whether learning mode is what the window shows."""
        return self.page is not None and self._window.page is self.page

    @property
    def learner(self) -> Learner:
        """The learner of the page. AssertionError where there is none."""
        assert self.page is not None
        return self.page.learner

    def toggle(self) -> None:
        """Open learning mode, or go back to the network."""
        if self.shown:
            self.leave()
        else:
            self.open()

    def open(self) -> None:
        """Take the project's network apart, in the background, and show it; a notice where that cannot be."""
        session = self._session
        if self.page is not None:
            if self._of == (session.sheet.network, session.dataset):
                self._show()
                return
            if not self.may_leave():
                return
        reason = self._hindrance()
        if reason:
            session.notice.emit("warning", reason)
            return
        if self._opening:
            return
        self._opening = True
        of = (session.sheet.network, session.dataset)
        make = self._maker(trained=session.training.weights is not None)
        plan, dataset = session.plan, session.dataset

        def work(_: object) -> Course:
            from nnstudio.train.learning_course import Course
            from nnstudio.train.learning_lesson import lesson_on

            assert dataset is not None
            return Course(lesson_on(make(), dataset), plan.learning_rate, plan.batch_size)

        session.background.run(work, lambda course: self._opened(course, of), self._failed, name="learning")

    def _hindrance(self) -> str:
        training = self._session.training
        if training.state == "paused":
            return "A run is paused; stop it before you learn step by step"
        return training.hindrance()

    def _maker(self, *, trained: bool, seed: int | None = None) -> Callable[[], Any]:
        """A function, for a background thread, that compiles the network: with the trained weights or with new ones."""
        session = self._session
        network, fields = session.sheet.network, dict(session.fields)
        weights, was = (session.training.weights, session.training.trained_in) if trained else (None, None)
        seed = session.plan.seed if seed is None else seed
        return lambda: compiled_with(network, fields, seed, weights, was).compiled

    def _opened(self, course: Course, of: tuple[Network, object]) -> None:
        from nnstudio.ui.learning.page import LearningPage

        self._opening = False
        if of != (self._session.sheet.network, self._session.dataset):
            return  # another project is open by now
        self._discard()
        self.page = LearningPage(course, self._window.actions_table)
        self._of = of
        self.learner.refused.connect(lambda sentence: self._session.notice.emit("warning", sentence))
        self._window.add_page(self.page)
        self._show()

    def _failed(self, error: BaseException) -> None:
        from nnstudio.train.learning import LearningError

        self._opening = False
        if not isinstance(error, LearningError | CompileError):
            raise error  # to the hook of `errors`, which logs and tells it
        self._session.notice.emit("warning", str(error))

    def _show(self) -> None:
        assert self.page is not None
        self._window.show_page(self.page)
        self.page.drawing.setFocus()

    def leave(self) -> None:
        """Back to the network; where the weights are others, the person says what becomes of them."""
        if self.may_leave():
            self._discard()
            self._window.show_workspace()

    def may_leave(self) -> bool:
        """Whether what was found may go now: nothing was, or it is kept, or the person drops it."""
        if self.page is None or not self.learner.course.changed:
            return True
        self.learner.stop()
        box = QMessageBox(self._window)
        box.setObjectName("learned")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText("Keep these weights?")
        box.setInformativeText(
            "You have changed the weights step by step. Kept, they are the project's trained weights, in the place of "
            "those that it has; they can be taken back in the Training menu."
        )
        keep = box.addButton("Keep them", QMessageBox.ButtonRole.AcceptRole)
        drop = box.addButton("Drop them", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(keep)
        box.exec()
        answer = box.clickedButton()
        box.deleteLater()
        if answer is keep:
            self.keep()
        return answer in (keep, drop)

    def _discard(self) -> None:
        if self.page is not None:
            page, self.page, self._of = self.page, None, None
            self._window.remove_page(page)

    def _changed(self, change: Change[Any]) -> None:
        """Another project is open: what was found in the last one is gone with it."""
        if change.why == "reset":
            self._kept = None
            self._discard()

    # --- weights ------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Make the present weights the project's trained ones."""
        training, course = self._session.training, self.learner.course
        assert self._of is not None
        before = (training.weights, training.trained_in, training.fitted, training.unsaved_weights)
        found = course.lesson.state(course.state.weights)
        dataset = self._session.dataset
        training.take(found, self._of[0], dataset.fitted if dataset is not None else None)
        self._kept = (found, before)
        course.begun = course.state.weights.copy()
        self._session.notice.emit("info", "The weights are kept; Training › Take back kept weights undoes that")
        self.learner.changed.emit()

    @property
    def may_take_back(self) -> bool:
        """Whether the project's weights are those that were kept last."""
        return self._kept is not None and self._session.training.weights is self._kept[0]

    def take_back(self) -> None:
        """Give the project the weights that it had before some were kept."""
        if self._kept is not None and self.may_take_back:
            (weights, network, fitted, unsaved), self._kept = self._kept[1], None
            self._session.training.take(weights, network, fitted, unsaved=unsaved)

    def begin_with(self, kind: str) -> Callable[[], object]:
        """A function that puts in other weights: ``afresh`` as training begins, ``random`` others, ``trained``."""

        def begin() -> None:
            of, learner = self._of, self.learner
            seed = random.randrange(1, 1_000_000) if kind == "random" else None
            make = self._maker(trained=kind == "trained", seed=seed)
            learner.stop()

            def put(weights: Weights) -> None:
                if self.page is not None and self._of == of:
                    vector = learner.course.lesson.vector(weights)
                    learner.do(lambda: learner.course.set_weights(vector, NAMES[kind]))

            self._session.background.run(lambda _: weights_of(make()), put, self._failed, name="weights")

        return begin
