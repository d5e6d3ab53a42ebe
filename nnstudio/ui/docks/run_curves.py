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
    """One run: its lines as they are seen, and the items that draw them: mean, validation, and what of these is the
    run's before it that it was forked from.

    since: where its own part begins along x. before: the title of the run before it, "" where that has a line of its
    own, or where there is none.
    """

    items: tuple[Any, Any, Any]
    lane: Lane = field(default_factory=lambda: Lane("training"))
    made: Line = field(default_factory=lambda: Line(""))
    title: str = ""
    place: int = 0
    history: Any = None
    since: float = -np.inf
    before: str = ""

    @property
    def best(self) -> Points:
        """The line that counts: validation, where there is one."""
        return self.made.validation if len(self.made.validation[0]) else self.made.mean

    def own(self, points: Points) -> Points:
        """What of a line is the run's own."""
        kept = points[0] >= self.since
        return points[0][kept], points[1][kept]

    def inherited(self) -> Points:
        """What is of the run before it, up to where its own part begins."""
        x, y = self.best
        end = int(np.searchsorted(x, self.since, side="left"))
        return (x[: end + 1], y[: end + 1]) if self.before and end else (x[:0], y[:0])


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
                run = self._runs[id] = _Run((self._plot.add(curve()), self._plot.add(curve()), self._plot.add(curve())))
            if run.history is not history:
                run.history, run.lane = history, Lane("training")
            record = self._session.runs.record(id)
            run.title, run.place = record.title if record is not None else id, place
            if named.stepwise:
                run.lane.take(history.learning_rates if named.name == RATE else history.losses)
            run.made = named.lines(history, [run.lane])[0]
            self._part(run, history, named)
        drawn = [points for run in self._runs.values() for points in (run.made.mean, run.made.validation)]
        return [points[1] for points in drawn]

    def _part(self, run: _Run, history: History, drawing: Drawing) -> None:
        """Tell a fork's own part from that of the run before it, which is not drawn twice."""
        runs, since = self._session.runs, history.own_since
        run.since = float(drawing.x(np.array([float(since)]), history)[0]) if since else -np.inf
        parent = history.run_at(since - 1) if since else ""
        drawn = {runs.shown or runs.live, *runs.overlaid}
        record = runs.record(parent)
        run.before = "" if not parent or parent in drawn else record.title if record is not None else f"run {parent}"

    def draw(self) -> list[Label]:
        """Put the lines into the plot; what they are called, at their ends."""
        labels = []
        for run in self._runs.values():
            color, style = run_color(run.place), run_dash(run.place)
            best, inherited = run.best, run.inherited()
            faint = line(color, 1.0, alpha=150)
            faint.setStyle(Qt.PenStyle.DotLine)
            run.items[2].setPen(faint)
            run.items[2].setData(*inherited)
            for item, points in zip(run.items[:2], (run.made.mean, run.made.validation), strict=True):
                pen = line(
                    color,
                    1.8 if points is best and len(points[0]) <= MANY else 1.0,
                    alpha=255 if points is best else 130,
                )
                pen.setStyle(style)
                item.setPen(pen)
                item.setData(*run.own(points))
            good = np.flatnonzero(np.isfinite(best[1]))
            if len(good):
                labels.append(Label(float(best[0][good[-1]]), float(best[1][good[-1]]), run.title, color, weight=1.0))
        return labels

    def readings(self, x: float, drawing: Drawing) -> list[Reading]:
        """The values of these runs nearest to a place along x."""
        found = []
        for run in self._runs.values():
            past = x < run.since
            points = run.inherited() if past else run.own(run.best)
            if len(points[0]):
                value = float(points[1][np.argmin(np.abs(points[0] - x))])
                shown = numbers.figure(10**value if drawing.log else value)
                title = f"{run.before}, before {run.title}" if past else run.title
                found.append(Reading(title, shown, run_color(run.place), value))
        return found
