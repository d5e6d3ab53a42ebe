"""Where a person is in learning step by step: the stage, the sample, the weights, and the way back. No Qt, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.learning import PHASES, Array, Passage, Step, steps_of
from nnstudio.train.learning_lesson import Lesson

#: Which samples a round is about.
MODES = ("all", "one", "batch")
#: Weight changes that can be taken back, at most.
MOST_UNDO = 500


@dataclass(frozen=True, eq=False)
class State:
    """Everything that a step changes, as a value.

    position: the place among the steps. row: the sample that is shown. round: rounds that are done. losses: of each
    round that is done, what it made smaller. old: the weights before the update, while that is shown. before: the
    state at the end of the round before.
    """

    weights: Array
    position: int = 0
    row: int = 0
    round: int = 0
    losses: tuple[float, ...] = ()
    old: Array | None = None
    before: State | None = field(default=None, repr=False)


class Course:
    """A round is sample, forward (layer by layer), loss, backward (layer by layer), update; then comes the next.

    Values and gradients are always those of the present weights and samples; what the person has not come to yet is
    only not shown (:meth:`knows_value` and the like). Each change of weights can be undone.
    """

    def __init__(self, lesson: Lesson, rate: float, batch_size: int, weights: Array | None = None) -> None:
        """``rate``: the learning rate; ``weights``: those to begin with, else the lesson's own."""
        self.lesson = lesson
        self.anatomy = lesson.anatomy
        self.steps = steps_of(lesson.anatomy)
        self.rate, self.batch_size = rate, min(batch_size, lesson.count)
        self.mode, self.reduction = "all", lesson.reduction
        self.begun = (lesson.start if weights is None else weights).copy()
        self._trained = np.array([weight.trained for weight in self.anatomy.weights], bool)
        self._undo: list[tuple[str, State]] = []
        self._redo: list[tuple[str, State]] = []
        self._merging: object = None
        self._passages: dict[tuple[object, ...], Passage] = {}
        self.state = State(self.begun)
        self.state = replace(self.state, row=self._telling())

    def _telling(self) -> int:
        """The first sample that has something to say: one whose loss is not 0."""
        losses = self.passage.row_losses
        return int(np.argmax(losses > 0)) if len(losses) else 0

    # --- what is so now -----------------------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The present stage."""
        return self.steps[self.state.position]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The samples that this round is about."""
        return self.rows_at(self.state.row)

    def rows_at(self, row: int) -> NDArray[np.int64]:
        """The samples that a round is about in which this one is shown."""
        if self.mode == "one":
            return np.array([row])
        if self.mode == "batch":
            first = row // self.batch_size * self.batch_size
            return np.arange(first, min(first + self.batch_size, self.lesson.count))
        return np.arange(self.lesson.count)

    @property
    def passage(self) -> Passage:
        """Values and gradients: at the update, those that led to it."""
        return self._worked_out(self.state.weights if self.state.old is None else self.state.old)

    @property
    def present(self) -> Passage:
        """Values and gradients at the present weights, also after an update."""
        return self._worked_out(self.state.weights)

    def _worked_out(self, weights: Array) -> Passage:
        key = (weights.tobytes(), self.rows.tobytes(), self.reduction)
        if key not in self._passages:
            last = list(self._passages.items())[-1:]
            self._passages = dict(last) | {key: self.lesson.passage(weights, self.rows, self.reduction)}
        return self._passages[key]

    @property
    def at(self) -> int:
        """The place of the sample that is shown among :attr:`rows`."""
        return int(np.searchsorted(self.rows, self.state.row))

    @property
    def changed(self) -> bool:
        """Whether the weights are not those that it began with."""
        return not np.array_equal(self.state.weights, self.begun)

    def knows_value(self, id: str) -> bool:
        """Whether the person has come to a node's values."""
        part = self.anatomy.by_id[id]
        if part.role == "loss":
            return self.state.position >= self._loss_at
        return part.role != "layer" or self.state.position >= self._places["forward", id]

    def knows_gradient(self, id: str) -> bool:
        """Whether the person has come to a node's gradients; an input's come with those of the layer that it feeds."""
        if id not in self.passage.gradients:
            return False
        role = self.anatomy.by_id[id].role
        if role == "layer":
            return self.state.position >= self._places["backward", id]
        return role == "input" and self.state.position >= len(self.steps) - 2

    def knows_slope(self, place: int) -> bool:
        """Whether the person has come to a weight's gradient: the first node that uses the weight is the last one of
        the way back."""
        return self.state.position >= self._places["backward", self.anatomy.weights[place].node]

    @property
    def _loss_at(self) -> int:
        return self._places["loss", ""]

    @cached_property
    def _places(self) -> dict[tuple[str, str], int]:
        return {(step.phase, step.node): at for at, step in enumerate(self.steps)}

    def updated(self) -> Array:
        """The weights after an update from the present gradients: ``w − η · ∂L/∂w``."""
        passage = self.passage
        return np.where(self._trained, passage.weights - self.rate * passage.weight_gradients, passage.weights)

    # --- going --------------------------------------------------------------------------------------------------

    def next(self) -> None:
        """The next stage; after the update the next round's sample."""
        state, last = self.state, len(self.steps) - 1
        if state.position == last:
            self.state = State(state.weights, 0, self._next_row(), state.round + 1, state.losses, None, state)
        elif state.position == last - 1:
            loss, old = self.passage.loss, self.passage.weights
            self._remember("Update")
            self.state = replace(
                state, weights=self.updated(), position=last, losses=(*state.losses, loss), old=old
            )  # fmt: skip
        else:
            self.state = replace(state, position=state.position + 1)

    def back(self) -> None:
        """One stage back, with the weights that were there then."""
        state = self.state
        if state.old is not None:
            self._remember("Update taken back")
            self.state = replace(
                state, weights=state.old, position=state.position - 1, losses=state.losses[:-1], old=None
            )  # fmt: skip
        elif state.position:
            self.state = replace(state, position=state.position - 1)
        elif state.before is not None:
            if not np.array_equal(state.before.weights, state.weights):
                self._remember("Back to the round before")
            self.state = state.before

    @property
    def at_beginning(self) -> bool:
        """Whether there is nothing to go back to."""
        return not self.state.position and self.state.before is None

    def go_to(self, phase: str) -> None:
        """Go on to the end of a phase of this round, or back to it; from the update on into the next round."""
        if self.step.phase == "update" and phase != "update":
            self.next()
        want = max(at for at, step in enumerate(self.steps) if step.phase == phase)
        while self.state.position > want:
            self.back()
        while self.state.position < want:
            self.next()

    def finish_round(self) -> None:
        """To the update: of this round, or where that is done of the next."""
        if self.step.phase == "update":
            self.next()
        self.go_to(PHASES[-1])

    def _next_row(self) -> int:
        state, count = self.state, self.lesson.count
        if self.mode == "one":
            return (state.row + 1) % count
        if self.mode == "batch":
            following = int(self.rows[-1]) + 1
            return following if following < count else 0
        return state.row

    # --- choosing -----------------------------------------------------------------------------------------------

    def show_row(self, row: int) -> None:
        """Show another sample; where a round is about one sample or a batch, it is then about this one."""
        self._leave_update_where(self.mode != "all" and row not in self.rows)
        self.state = replace(self.state, row=max(0, min(row, self.lesson.count - 1)))

    def choose(self, mode: str | None = None, reduction: str | None = None, rate: float | None = None) -> None:
        """Have rounds be about other samples, another loss, another learning rate."""
        self._leave_update_where(True)
        self.mode = mode or self.mode
        self.reduction = reduction or self.reduction
        self.rate = self.rate if rate is None else rate

    def _leave_update_where(self, moved: bool) -> None:
        """What was shown of an update no longer holds: the next round begins, and what is chosen counts for it."""
        if moved and self.state.old is not None:
            row = self.state.row
            self.next()
            self.state = replace(self.state, row=row)

    # --- weights ------------------------------------------------------------------------------------------------

    def set_weight(self, place: int, value: float, *, stint: object = None) -> None:
        """Give one weight a value. Changes of the same ``stint`` are undone together."""
        weights = self.state.weights.copy()
        weights[place] = value
        self.set_weights(weights, f"{self.anatomy.weights[place].name} = {value:g}", stint=stint)

    def set_weights(self, weights: Array, label: str, *, stint: object = None) -> None:
        """Give all weights other values; the stage stays, but an update that is shown is over."""
        if np.array_equal(weights, self.state.weights):
            return
        if stint is None or stint != self._merging:
            self._remember(label)
        self._merging = stint
        self._leave_update_where(True)
        self.state = replace(self.state, weights=weights)

    def _remember(self, label: str) -> None:
        self._undo = [*self._undo, (label, self.state)][-MOST_UNDO:]
        self._redo.clear()
        self._merging = None

    @property
    def undo_label(self) -> str:
        """What would be undone; "" where there is nothing."""
        return self._undo[-1][0] if self._undo else ""

    @property
    def redo_label(self) -> str:
        """What would be done again; "" where there is nothing."""
        return self._redo[-1][0] if self._redo else ""

    def undo(self) -> None:
        """Take back the last change of weights."""
        if self._undo:
            label, state = self._undo.pop()
            self._redo.append((label, self.state))
            self.state, self._merging = state, None

    def redo(self) -> None:
        """Do the last change again that was taken back."""
        if self._redo:
            label, state = self._redo.pop()
            self._undo.append((label, self.state))
            self.state, self._merging = state, None
