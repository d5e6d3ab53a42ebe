"""What the loss plot draws, worked out from a history: points, ranges and words. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.series import Series

if TYPE_CHECKING:
    from nnstudio.train.history import History

Array = NDArray[np.float64]

#: What the smoothing slider chooses: the mean over this many epochs.
WINDOWS = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)
RATE = "learning rate"


def _none() -> Array:
    return np.empty(0)


@dataclass
class Curves:
    """Lines of one figure, in the plot's units: x in epochs or steps, y as it is or as logarithm (base 10)."""

    raw: tuple[Array, Array] = field(default_factory=lambda: (_none(), _none()))
    training: tuple[Array, Array] = field(default_factory=lambda: (_none(), _none()))
    validation: tuple[Array, Array] = field(default_factory=lambda: (_none(), _none()))


def figures_of(history: History) -> list[str]:
    """What can be plotted of a run: the loss, each metric and each part of the loss, the learning rate."""
    names = ["loss"]
    for epoch in history.epochs[-1:]:
        names += [name for name in (*epoch.training, *epoch.validation) if name not in names]
    return [*dict.fromkeys(names), RATE]


def per_epoch(history: History, split: str, name: str) -> tuple[Array, Array]:
    """Epochs, and a figure of each for a split (``training`` or ``validation``), where there is one."""
    pairs = [(e.epoch, getattr(e, split)[name]) for e in history.epochs if name in getattr(e, split)]
    return np.array([p[0] for p in pairs], dtype=np.float64), np.array([p[1] for p in pairs], dtype=np.float64)


def window_steps(choice: int, steps_per_epoch: int) -> int:
    """Over how many steps the smoothed line takes its mean."""
    return max(1, round(WINDOWS[choice] * steps_per_epoch))


def far_end(done: float, planned: float) -> float:
    """Where the x axis ends: at what is planned, or at a round place well ahead where that is far away."""
    return min(planned, max(numbers.nice_top(2.5 * max(done, 1e-9)), min(5.0, planned)))


@dataclass
class Drawing:
    """How curves are to be drawn. first, last: the part of x that is seen; pixels: its width on the screen.
    start: the step at which the first recorded loss was taken (a run that was resumed begins later)."""

    name: str = "loss"
    log: bool = False
    by_step: bool = False
    smoothing: int = 4
    first: float = 0.0
    last: float = 1.0
    pixels: int = 400

    def scale(self, history: History) -> float:
        """Steps for each unit of x."""
        return 1.0 if self.by_step else float(max(1, history.started.steps_per_epoch if history.started else 1))

    def curves(self, history: History, series: Series) -> Curves:
        """The lines as they are seen. ``series`` shows the recorded values of the figure's steps, if it has any."""
        made = Curves()
        steps = history.started.steps_per_epoch if history.started else 1
        if self.name in ("loss", RATE):
            scale = self.scale(history)
            columns = series.columns(self.first * scale - 2, self.last * scale + 2, self.pixels)
            x, y = columns.zigzag()
            made.raw = ((x + 1) / scale, self._y(y))
            start, stop = max(0, int(self.first * scale) - 2), min(len(series), int(self.last * scale) + 2)
            if stop > start:
                at = np.unique(np.linspace(start, stop - 1, min(stop - start, self.pixels)).round())
                window = window_steps(self.smoothing, steps) if self.name == "loss" else 1
                made.training = ((at + 1) / scale, self._y(series.mean(at, window)))
        else:
            made.training = self._epochs(history, "training", steps)
        if self.name != RATE:
            made.validation = self._epochs(history, "validation", steps)
        return made

    def _epochs(self, history: History, split: str, steps: int) -> tuple[Array, Array]:
        x, y = per_epoch(history, split, self.name)
        return x * (steps if self.by_step else 1), self._y(y)

    def _y(self, values: Array) -> Array:
        return numbers.log10(values) if self.log else np.where(np.isfinite(values), values, np.nan)


def y_range(lines: Sequence[Array], *, log: bool) -> tuple[float, float]:
    """A round range around these lines; it starts at 0 where they come near it."""
    values = np.concatenate([np.asarray(line, dtype=np.float64) for line in lines]) if lines else _none()
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
