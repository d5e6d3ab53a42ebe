"""The learning-rate finder's window: the loss over the rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.ui import theme
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.overlays import EndLabels, Label
from nnstudio.ui.docks.plots import curve, line
from nnstudio.ui.finding.dialog import Finder

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.train.plan import Plan
    from nnstudio.train.rate_finder import RateTrial
    from nnstudio.ui.background import Job


class RateFinder(Finder):
    """Raises the rate step by step and shows where the loss falls fastest."""

    title = "Find a learning rate"
    explanation = (
        "The rate rises from step to step on a copy of the weights. Where the loss falls fastest is a good rate; "
        "where it rises, the rate is too high."
    )
    latest: RateTrial | None

    def framed(self) -> PlotFrame:
        frame = PlotFrame("Loss by learning rate", caption="learning rate", table=self.table)
        self._raw, self._mean = frame.plot.add(curve(smooth=False)), frame.plot.add(curve())
        self._marks = frame.plot.add(curve())
        self._labels = EndLabels(frame.plot.view)
        frame.plot.bottom.show_scale(log=True)
        return frame

    def search(
        self, compiled: Compiled, data: Dataset, plan: Plan, job: Job, told: Callable[[RateTrial], None]
    ) -> None:
        from nnstudio.train.rate_finder import find_learning_rate

        for trial in find_learning_rate(compiled, data, plan, stopping=lambda: job.cancelled):
            told(trial)

    def draw(self) -> None:
        trial, tokens, plot = self.latest, theme.current(), self.frame.plot
        if trial is None or not len(trial.rates):
            return
        x = np.log10(trial.rates)
        self._raw.setPen(line(tokens.training, alpha=90))
        self._mean.setPen(line(tokens.training, 2.0))
        self._marks.setPen(line(tokens.accent, 1.0, dashed=True))
        self._raw.setData(x, trial.losses)
        self._mean.setData(x, trial.smoothed)
        low, high = float(trial.smoothed.min()), float(min(trial.losses.max(), 2.0 * trial.smoothed[0]))
        high = max(high, low + 1e-9 + 0.1 * abs(low))
        margin = 0.06 * (high - low)
        right = max(float(x[-1]), float(x[0]) + 1.0)
        plot.view.show_range((float(x[0]), right), (low - margin, high + margin))
        if trial.suggestion is not None:
            at = float(np.log10(trial.suggestion))
            self._marks.setData(np.array([at, at]), np.array([low - margin, high + margin]))
            text = f"suggested {trial.suggestion:g}"
            self._labels.show_labels([Label(at, high, text, tokens.accent)])
        else:
            self._marks.setData(np.empty(0), np.empty(0))
            self._labels.show_labels([])

    def judged(self) -> tuple[str, str, str]:
        trial = self.latest
        assert trial is not None
        if trial.suggestion is None:
            return trial.sentence, "problem", ""
        now = self.session.plan.learning_rate
        sentence = f"{trial.sentence}. The plan has {now:g}."
        return sentence, "", "" if trial.suggestion == now else f"Use {trial.suggestion:g}"

    def taken(self) -> dict[str, float]:
        assert self.latest is not None
        assert self.latest.suggestion is not None
        return {"learning_rate": self.latest.suggestion}

    def table(self) -> Table:
        trial = self.latest
        if trial is None:
            return {"learning rate": np.empty(0), "loss": np.empty(0), "smoothed": np.empty(0)}
        return {"learning rate": trial.rates, "loss": trial.losses, "smoothed": trial.smoothed}
