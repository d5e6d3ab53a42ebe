"""Other runs' curves in a plot of the window's run: each in a colour of its own, with its name at its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt

from nnstudio.ui import theme
from nnstudio.ui.docks import curves, numbers
from nnstudio.ui.docks.curves import PARTS, RATE, Drawing, Line
from nnstudio.ui.docks.lanes import Lane, Points
from nnstudio.ui.docks.overlays import Label, Reading
from nnstudio.ui.docks.plots import Plot, curve, line

if TYPE_CHECKING:
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session

#: Families whose colours are far apart, and from those of training and validation; behind them, lines are dashed.
_APART = ("recurrent", "normalisation", "attention", "pooling", "loss", "selection", "regularisation", "linear")
#: A line of more points is drawn thin, and without dots.
MANY = 600
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


def run_color(place: int) -> str:
    """The colour of the run that was laid over the curves as the so manieth."""
    return theme.current().families[_APART[place % len(_APART)]]


def run_dash(place: int) -> Qt.PenStyle:
    """How its lines are dashed, once colours repeat."""
    return _DASHES[place // len(_APART) % len(_DASHES)]


@dataclass
class _Run:
    """One run: its lines as they are seen, and the items that draw them."""

    items: tuple[Any, Any]
    lane: Lane = field(default_factory=lambda: Lane("training"))
    made: Line = field(default_factory=lambda: Line(""))
    title: str = ""
    place: int = 0
    history: Any = None


class RunCurves:
    """Draws the runs that are laid over the curves (``session.runs.overlaid``), but for the one that is shown."""

    def __init__(self, session: Session, plot: Plot) -> None:
        self._session, self._plot = session, plot
        self._runs: dict[str, _Run] = {}

    def _others(self) -> Iterator[tuple[str, History, int]]:
        runs = self._session.runs
        for id in runs.overlaid:
            opened = runs.opened(id)
            if opened is not None and id != (runs.shown or runs.live):
                yield id, opened.history, opened.place

    def figures(self) -> list[str]:
        """What can be plotted of these runs."""
        found = [name for _, history, _ in self._others() for name in curves.figures_of(history)]
        return [name for name in dict.fromkeys(found) if name != PARTS]

    def far(self, drawing: Drawing) -> float:
        """Where the longest of these runs ends along x, in epochs or steps; 0 where there is none."""
        ends = [
            max(len(history.losses), history.epochs[-1].step if history.epochs else 0) / drawing.scale(history)
            for _, history, _ in self._others()
        ]
        return max(ends, default=0.0)

    def take(self, drawing: Drawing) -> list[np.ndarray]:
        """Work out the lines as they are seen; what they reach along y."""
        there = {id: (history, place) for id, history, place in self._others()}
        for id in [id for id in self._runs if id not in there]:
            for item in self._runs.pop(id).items:
                self._plot.view.removeItem(item)
        named = drawing if drawing.name != PARTS else dataclasses.replace(drawing, name="loss")
        for id, (history, place) in there.items():
            run = self._runs.get(id)
            if run is None:
                run = self._runs[id] = _Run((self._plot.add(curve()), self._plot.add(curve())))
            if run.history is not history:
                run.history, run.lane = history, Lane("training")
            record = self._session.runs.record(id)
            run.title, run.place = record.title if record is not None else id, place
            if named.stepwise:
                run.lane.take(history.learning_rates if named.name == RATE else history.losses)
            run.made = named.lines(history, [run.lane])[0]
        return [points[1] for run in self._runs.values() for points in (run.made.mean, run.made.validation)]

    def draw(self) -> list[Label]:
        """Put the lines into the plot; what they are called, at their ends."""
        labels = []
        for run in self._runs.values():
            color, style = run_color(run.place), run_dash(run.place)
            best = run.made.validation if len(run.made.validation[0]) else run.made.mean
            for item, points in zip(run.items, (run.made.mean, run.made.validation), strict=True):
                pen = line(
                    color,
                    1.8 if points is best and len(points[0]) <= MANY else 1.0,
                    alpha=255 if points is best else 130,
                )
                pen.setStyle(style)
                item.setPen(pen)
                item.setData(*points)
            good = np.flatnonzero(np.isfinite(best[1]))
            if len(good):
                labels.append(Label(float(best[0][good[-1]]), float(best[1][good[-1]]), run.title, color, weight=1.0))
        return labels

    def readings(self, x: float, drawing: Drawing) -> list[Reading]:
        """The values of these runs nearest to a place along x."""
        found = []
        for run in self._runs.values():
            points: Points = run.made.validation if len(run.made.validation[0]) else run.made.mean
            if len(points[0]):
                value = float(points[1][np.argmin(np.abs(points[0] - x))])
                shown = numbers.figure(10**value if drawing.log else value)
                found.append(Reading(run.title, shown, run_color(run.place), value))
        return found
