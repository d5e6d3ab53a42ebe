"""The head of learning mode: the stages of a round, the buttons that go through them, and what a round is about."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from nnstudio.train.learning import PHASES, REDUCTIONS
from nnstudio.train.learning_course import MODES
from nnstudio.train.learning_words import brief, samples, stage
from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.announce import announce
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.icons import icon
from nnstudio.ui.learning.learner import SPEEDS, Learner
from nnstudio.ui.learning.number_field import NumberField
from nnstudio.ui.parts import column, label, line, row

#: What each phase does, for its tooltip.
TIPS = {
    "sample": "Which numbers go in", "forward": "Values, layer by layer", "loss": "How wrong the answers are",
    "backward": "Gradients, layer by layer", "update": "Each weight takes a step",
}  # fmt: skip


class PhaseStrip(QWidget):
    """The five phases of a round, each a button that goes to its end."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner
        self.buttons: dict[str, QToolButton] = {}
        for phase in PHASES:
            made = QToolButton()
            made.setText(phase.capitalize())
            made.setToolTip(f"{TIPS[phase]}: go to the end of this phase")
            made.setAccessibleName(f"Go to {phase}")
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.clicked.connect(partial(self._go, phase))
            made.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            self.buttons[phase] = made
        self.setLayout(row(*self.buttons.values(), spacing=4))
        learner.changed.connect(self.refresh)
        self.refresh()

    def _go(self, phase: str, *_: object) -> None:
        self.learner.go_to(phase)
        self.refresh()  # a press alone checks the button

    def refresh(self) -> None:
        """Show which phase it is."""
        now = self.learner.course.step.phase
        for phase, made in self.buttons.items():
            made.setChecked(phase == now)
            made.setProperty("strong", phase == now)
            made.style().polish(made)


class About(QWidget):
    """What a round is about: which samples, mean or sum of their losses, the learning rate."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner
        self.mode = self._choice("Which samples a round is about", self._mode_chosen)
        self.loss = self._choice("Whether the loss is a mean or a sum over the samples", self._loss_chosen)
        self.loss.offer([f"Loss: {name}" for name in REDUCTIONS])
        self.rate = NumberField("Learning rate η", positive=True, digits=6)
        self.rate.setToolTip("How far an update goes: w − η · ∂L/∂w")
        self.rate.entered.connect(lambda value: self.learner.choose(rate=value))
        self.rate.refused.connect(learner.refused)
        self.setLayout(row(self.mode, self.loss, label("η", "muted"), self.rate, spacing=8))
        learner.changed.connect(self.refresh)
        theme.changed.connect(self._fit_text)
        self._fit_text()
        self.refresh()

    def _fit_text(self) -> None:
        self.rate.setFixedWidth(theme.scaled(72))

    def _choice(self, help: str, chosen: Callable[[int], object]) -> Choice:
        made = Choice(help, px=12)
        made.chosen.connect(chosen)
        return made

    def _mode_chosen(self, at: int) -> None:
        self.learner.choose(mode=MODES[at])

    def _loss_chosen(self, at: int) -> None:
        self.learner.choose(reduction=REDUCTIONS[at])

    def refresh(self) -> None:
        """Show what is so now."""
        course = self.learner.course
        count, there = course.lesson.count, course.lesson.there
        every = f"All {count:,} samples" if count == there else f"The first {count:,} of {there:,} samples"
        self.mode.offer([every, "One sample", f"Batches of {course.batch_size}"])
        self.mode.show_index(MODES.index(course.mode))
        self.mode.setToolTip(f"Which samples a round is about; now {samples(course)}")
        self.loss.show_index(REDUCTIONS.index(course.reduction))
        self.rate.show_number(course.rate)


class Head(QFrame):
    """Two rows: the way back, the phases, the buttons; then the stage in a sentence, and what came of the rounds."""

    def __init__(self, learner: Learner, actions: ActionTable) -> None:
        super().__init__()
        self.learner, self._actions = learner, actions
        self.setProperty("role", "panel")
        self.phases = PhaseStrip(learner)
        self.sentence = label("", wrap=True)
        self.sentence.setObjectName("learning_stage")
        self.round = label("", "muted")
        self._lay_out()
        learner.changed.connect(self.refresh)
        learner.playing_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        self.leave = self._button("learn", "‹ Network", "quiet")
        self.back, self.next = self._button("learn_back", "Back"), self._button("learn_next", "Next", "primary")
        self.whole = self._button("learn_round", "Round")
        self.play = self._button("learn_play", "Play")
        self.speed = Choice("How many stages a second it plays")
        self.speed.offer([f"{speed:g}/s" for speed in SPEEDS])
        self.speed.chosen.connect(lambda at: self.learner.set_speed(SPEEDS[at]))
        self.weights = self._weights_menu()
        first = row(
            self.leave, 1, self.phases, 1, self.back, self.next, self.whole, self.play, self.speed, spacing=8,
            margins=(10, 7, 14, 7),
        )  # fmt: skip
        second = row(self.sentence, self.round, self.weights, spacing=12, margins=(16, 5, 14, 5))
        second.setStretch(0, 1)
        self.setLayout(column(first, line(), second, spacing=0))

    def _button(self, id: str, text: str, role: str = "") -> QPushButton:
        made = QPushButton(text)
        if role:
            made.setProperty("role", role)
        made.setObjectName(f"{id}_button")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setIconSize(QSize(15, 15))
        made.setAutoDefault(False)
        made.clicked.connect(lambda _=False: self._actions.trigger(id))
        return made

    def _weights_menu(self) -> QToolButton:
        made = QToolButton()
        made.setText("Weights ▾")
        made.setProperty("role", "choice")
        made.setToolTip("Undo, begin with other weights, keep these")
        made.setAccessibleName("Weights: undo, begin with others, keep these")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(made)
        for ids in (("learn_undo", "learn_redo"), ("learn_afresh", "learn_random", "learn_trained"), ("learn_keep",)):
            menu.addActions([self._actions.qt(id) for id in ids])
            menu.addSeparator()
        made.setMenu(menu)
        return made

    def refresh(self) -> None:
        """Show what is so now."""
        course = self.learner.course
        text = stage(course)
        if text != self.sentence.text():
            self.sentence.setText(text)
            announce(self, text)
        losses = course.state.losses
        told = [f"Round {course.state.round + 1}"]
        if losses:
            told.append(f"loss {' → '.join(brief(loss) for loss in losses[-4:])}")
        self.round.setText(" · ".join(told))
        self.speed.show_index(SPEEDS.index(self.learner.speed))
        self._show_buttons()

    def _show_buttons(self) -> None:
        self._actions.refresh()
        playing = self.learner.playing
        self.play.setText("Stop" if playing else "Play")
        self.play.setIcon(icon("pause" if playing else "play"))
        self.next.setIcon(icon("step", "on_accent"))
        for made in (self.leave, self.back, self.next, self.whole, self.play):
            action = self._actions.qt(made.objectName().removesuffix("_button"))
            made.setEnabled(action.isEnabled())
            made.setToolTip(action.toolTip())
