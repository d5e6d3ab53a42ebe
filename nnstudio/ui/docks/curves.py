"""What the loss plot draws, worked out from a history: points, ranges and words. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.lanes import Lane, Points

if TYPE_CHECKING:
    from nnstudio.train.history import History

Array = NDArray[np.float64]

#: What the smoothing slider chooses: the mean over this many epochs.
WINDOWS = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)
#: Figures that every run has or may have beside its metrics: the learning rate, and each loss node's own loss.
RATE, PARTS = "learning rate", "parts of the loss"
#: What a private run has given away at the end of each epoch.
PRIVACY = "privacy ε"


def _none() -> Points:
    return np.empty(0), np.empty(0)


@dataclass
class Line:
    """What is drawn of one lane, in the plot's units: x in epochs or steps, y as it is, or logarithms (base 10).

    raw: least and greatest of each pixel. mean: the smoothed line, or the figure of each epoch. validation: of each
    epoch.
    """

    name: str
    raw: Points = field(default_factory=_none)
    mean: Points = field(default_factory=_none)
    validation: Points = field(default_factory=_none)


def figures_of(history: History) -> list[str]:
    """What can be plotted of a run: the loss, its parts, each metric and each loss node's own, the learning rate."""
    names = ["loss", *([PARTS] if len(history.parts) > 1 else [])]
    names += [name for name in history.named if name not in names]
    return [*dict.fromkeys(names), RATE, *([PRIVACY] if history.privacy else [])]


def per_epoch(history: History, split: str, name: str) -> tuple[Array, Array]:
    """Epochs, and a figure of each for a split (``training`` or ``validation``), where there is one."""
    if name == PRIVACY:
        told = history.privacy if split == "training" else []
        steps = np.array([spent.step for spent in told], np.float64)
        return history.epochs_at(steps), np.array([spent.epsilon for spent in told], np.float64)
    epochs, values = history.series(name, split)
    return epochs.astype(np.float64), values


def window_steps(choice: int, steps_per_epoch: int) -> int:
    """Over how many steps the smoothed line takes its mean."""
    return max(1, round(WINDOWS[choice] * steps_per_epoch))


def far_end(done: float, planned: float) -> float:
    """Where the x axis ends: at what is planned, or at a round place well ahead where that is far away."""
    return min(planned, max(numbers.nice_top(2.5 * max(done, 1e-9)), min(5.0, planned)))


@dataclass
class Drawing:
    """How curves are to be drawn. first, last: the part of x that is seen, in the plot's units; pixels: its width on
    the screen."""

    name: str = "loss"
    log: bool = False
    log_x: bool = False
    by_step: bool = False
    smoothing: int = 4
    first: float = 0.0
    last: float = 1.0
    pixels: int = 400

    def scale(self, history: History) -> float:
        """Steps for each epoch, or 1 where steps are counted along x."""
        return 1.0 if self.by_step else float(max(1, history.started.steps_per_epoch if history.started else 1))

    @property
    def stepwise(self) -> bool:
        """Whether the figure is known of every step, not of epochs alone."""
        return self.name in ("loss", PARTS, RATE)

    def x(self, done: Array, history: History) -> Array:
        """Places along x for numbers of steps that are done."""
        at = np.asarray(done, dtype=np.float64) if self.by_step else history.epochs_at(done)
        return numbers.log10(at) if self.log_x else at

    def done(self, x: float, history: History) -> float:
        """How many steps are done at a place along x."""
        at = 10.0 ** min(x, 300.0) if self.log_x else x
        return at if self.by_step else float(history.steps_at(at))

    def lines(self, history: History, lanes: Sequence[Lane]) -> list[Line]:
        """The lines as they are seen, one for each lane; the lanes have taken the run's values."""
        made = [Line(lane.name) for lane in lanes]
        steps = history.started.steps_per_epoch if history.started else 1
        if self.stepwise:
            first, last = self.done(self.first, history) - 3, self.done(self.last, history) + 1
            window = window_steps(self.smoothing, steps) if self.name != RATE else 1
            for line, lane in zip(made, lanes, strict=True):
                line.raw = self._drawn(history, *lane.raw(first, last, self.pixels, log=self.log_x))
                line.mean = self._drawn(history, *lane.mean(first, last, self.pixels, window, log=self.log_x))
        else:
            made[0].mean = self._epochs(history, "training", self.name)
        if self.name == PARTS:
            for line in made:
                line.validation = self._epochs(history, "validation", line.name)
        elif self.name != RATE:
            made[0].validation = self._epochs(history, "validation", self.name)
        return made

    def _drawn(self, history: History, steps: Array, values: Array) -> Points:
        return self.x(steps + 1, history), self._y(values)

    def _epochs(self, history: History, split: str, name: str) -> Points:
        x, y = per_epoch(history, split, name)
        return self.x(history.steps_at(x), history), self._y(y)

    def _y(self, values: Array) -> Array:
        return numbers.log10(values) if self.log else np.where(np.isfinite(values), values, np.nan)


def y_range(lines: Sequence[Array], *, log: bool) -> tuple[float, float]:
    """A round range around these lines; it starts at 0 where they come near it."""
    values = np.concatenate([np.asarray(line, dtype=np.float64) for line in lines]) if lines else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return (-3.0, 0.5) if log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if log:
        low, high = np.floor(low * 4 - 0.2) / 4, np.ceil(high * 4 + 0.2) / 4
        return float(low), float(max(high, low + 0.5))
    if 0 <= low < 0.6 * high:
        return 0.0, numbers.nice_top(1.02 * high)
    span = (high - low) or abs(high) or 1.0
    step = numbers.tick_step(low - 0.05 * span, high + 0.05 * span, 5)
    return float(np.floor((low - 0.02 * span) / step) * step), float(np.ceil((high + 0.02 * span) / step) * step)
