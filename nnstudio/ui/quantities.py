"""Quantities: what nodes can be coloured by, and how the values of what is inside a block are taken together. No Qt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnstudio.train.snapshots import Snapshot

Floats = npt.NDArray[np.float64]
Values = Mapping[str, float]

#: A log scale spans at least so many decades, goes no lower than this one, and begins so far below the least value,
#: so that its bar is seen.
_DECADES, _LOWEST, _PAD = 2, -12, 0.6


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that each node has a number of.

    parts: the values by the ids of the plain network at a moment; where there are two, the quantity is the first over
    the second. within: what a block has of those inside it: the ``norm`` (root of the sum of squares), the ``sum`` or
    the ``largest``. log: the scale; a linear one begins at 0. layers: inputs, outputs, losses and metrics have none.
    told: a value, as a person reads it.
    """

    id: str
    title: str
    unit: str
    parts: Callable[[Snapshot], tuple[Values, ...]]
    within: str
    log: bool
    told: Callable[[float], str]
    layers: bool = False
    words: str = ""

    def together(self, values: Floats, rows: npt.NDArray[np.intp], size: int) -> Floats:
        """The value of each of ``size`` rows, of those that are given to it; NaN where there are none."""
        found = np.full(size, np.nan)
        if self.within == "largest":
            np.fmax.at(found, rows, values)
            return found
        power = 2 if self.within == "norm" else 1
        some = np.bincount(rows, minlength=size) > 0
        found[some] = np.bincount(rows, values**power, size)[some]
        return np.sqrt(found) if power == 2 else found

    def inside(self) -> str:
        """How the value of a block comes about, for a person."""
        return {"norm": "of all its weights together", "sum": "of all that is in it"}.get(
            self.within, "the largest of the layers in it"
        )


def _time(snapshot: Snapshot) -> tuple[Values, ...]:
    timings = snapshot.timings
    if timings is None:
        return ({},)
    back = timings.backward
    return ({id: seconds + back.get(id, 0.0) for id, seconds in timings.forward.items()},)


def figure(value: float) -> str:
    """A number in three digits: ``0.0123``, ``4.56e-05``."""
    return f"{value:.3g}"


def _seconds(value: float) -> str:
    return f"{1e6 * value:.3g} µs" if value < 1e-3 else f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


GRADIENT = Quantity(
    "gradient", "Gradient magnitude", "‖∇w‖₂", lambda s: (s.gradients,), "norm", True, figure,
    words="gradients vanishing exploding",
)  # fmt: skip
RATIO = Quantity(
    "ratio", "Update ratio", "‖Δw‖₂ ÷ ‖w‖₂", lambda s: (s.updates, s.weights), "norm", True, figure,
    words="update weight learning rate",
)  # fmt: skip
DEAD = Quantity(
    "dead", "Dead units", "share of units that were 0 for the whole batch",
    lambda s: ({id: seen.dead for id, seen in s.activations.items()},), "largest", False, _percent, layers=True,
    words="dead relu zeros",
)  # fmt: skip
TIME = Quantity(
    "time", "Time spent", "per batch, forward and backward", _time, "sum", False, _seconds,
    words="seconds slow profile",
)  # fmt: skip
QUANTITIES = {quantity.id: quantity for quantity in (GRADIENT, RATIO, DEAD, TIME)}


class Scale:
    """The range of a quantity: of a log scale powers of ten. It only grows, so that colours do not jump.

    ``low`` and ``high`` are the ends as they are drawn: exponents of a log scale, values of a linear one.
    """

    def __init__(self, *, log: bool, whole: bool = False) -> None:
        """``whole``: shares, whose range is always 0 to 1."""
        self.log, self._whole = log, whole
        self.low, self.high = 0.0, 1.0 if whole else 0.0

    @property
    def known(self) -> bool:
        """Whether any value has been seen."""
        return self.high > self.low

    def take(self, values: Floats) -> None:
        """Let the range take these values in."""
        if self._whole:
            return
        good = values[np.isfinite(values) & (values > 0)]
        if not len(good):
            return
        least, most = float(good.min()), float(good.max())
        if not self.log:
            self.high = max(self.high, _round_above(most))
            return
        low, high = math.floor(math.log10(least) - _PAD), math.ceil(math.log10(most))
        known = self.known
        self.low = max(min(low, self.low) if known else low, _LOWEST)
        self.high = max(high, self.high) if known else high
        self.low = min(self.low, self.high - _DECADES)

    def places(self, values: Floats) -> Floats:
        """Where values are between the ends, 0 to 1; NaN for none. What is not finite is at the upper end."""
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.log10(values) if self.log else values
            found = np.clip((at - self.low) / ((self.high - self.low) or 1.0), 0.0, 1.0)
        found[values == np.inf] = 1.0
        return np.asarray(found)

    def ends(self, told: Callable[[float], str]) -> tuple[str, str]:
        """The ends as a person reads them."""
        if self.log:
            return f"1e{self.low:.0f}", f"1e{self.high:.0f}"
        return "0", told(self.high)


def _round_above(value: float) -> float:
    """The next of 1, 2, 5, 10, … above a value, so that a range grows in few steps."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if value <= step * power * (1 + 1e-9))
