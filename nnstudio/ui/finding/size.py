"""The batch-size finder's window: how many samples a second each size learns from, and what fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.compile.figures import memory_text
from nnstudio.ui import theme
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.overlays import Dots, EndLabels, Label
from nnstudio.ui.docks.plots import curve, line
from nnstudio.ui.finding.dialog import Finder

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.train.plan import Plan
    from nnstudio.train.size_finder import SizeTrial
    from nnstudio.ui.background import Job


#: Sizes whose speed is at least this share of the best are about as fast.
EVEN = 0.8


class SizeFinder(Finder):
    """Doubles the batch until it no longer fits, and times each size."""

    title = "Find a batch size"
    explanation = (
        "Larger batches learn from more samples a second, up to a point, and take more memory. A larger batch takes "
        "fewer steps in an epoch, so it often wants a higher learning rate."
    )
    latest: SizeTrial | None

    def framed(self) -> PlotFrame:
        frame = PlotFrame("Thousand samples a second", caption="batch size", table=self.table)
        self._line = frame.plot.add(curve())
        self._dots, self._labels = Dots(frame.plot.view), EndLabels(frame.plot.view)
        return frame

    def search(
        self, compiled: Compiled, data: Dataset, plan: Plan, job: Job, told: Callable[[SizeTrial], None]
    ) -> None:
        from nnstudio.train.size_finder import find_batch_size

        for trial in find_batch_size(compiled, data, plan, lambda: job.cancelled):
            told(trial)

    def draw(self) -> None:
        trial, tokens, plot = self.latest, theme.current(), self.frame.plot
        if trial is None or not trial.sizes:
            return
        x, y = np.log2(np.array(trial.sizes, np.float64)), np.array(trial.samples_per_second) / 1000.0
        self._line.setPen(line(tokens.training, 2.0))
        self._line.setData(x, y)
        self._dots.show_points(list(zip(x.tolist(), y.tolist(), strict=True)), tokens.training)
        whole = float(x[-1])  # the last may be no power of two, and close to the one before
        named = [(float(at), size) for at, size in zip(x, trial.sizes, strict=True) if at == whole or whole - at > 0.7]
        plot.bottom.name([(at, f"{size:,}") for at, size in named])
        plot.view.show_range(
            (float(x[0]) - 0.3, max(float(x[-1]), float(x[0]) + 1) + 0.3), (0.0, 1.15 * float(y.max()))
        )
        labels = []
        if trial.fastest:
            place = trial.sizes.index(trial.fastest)
            labels.append(Label(float(x[place]), float(y[place]), "as fast as any", tokens.accent))
        self._labels.show_labels(labels)

    def judged(self) -> tuple[str, str, str]:
        trial = self.latest
        assert trial is not None
        if not trial.largest:
            return "Not even a small batch fits into memory; make the layers smaller", "problem", ""
        takes = f", {memory_text(trial.memory[-1])} of {memory_text(trial.limit)} free" if trial.memory[-1] else ""
        now = self.session.plan.batch_size
        speeds = trial.samples_per_second[trial.sizes.index(trial.fastest) :]
        even = min(speeds) >= EVEN * max(speeds)
        how = f"from {trial.fastest:,} on it is about as fast as it gets" if even else f"{trial.fastest:,} is fastest"
        dataset = self.session.dataset
        every = ", all training rows" if dataset is not None and trial.largest >= dataset.count("train") else ""
        sentence = f"The largest that fits is {trial.largest:,}{every}{takes}; {how}. The plan has {now:,}."
        return sentence, "", "" if trial.fastest == now else f"Use {trial.fastest:,}"

    def taken(self) -> dict[str, int]:
        assert self.latest is not None
        return {"batch_size": self.latest.fastest}

    def table(self) -> Table:
        trial = self.latest
        sizes, speeds, memory = (
            (trial.sizes, trial.samples_per_second, trial.memory) if trial is not None else ((), (), ())
        )
        return {
            "batch size": np.array(sizes, np.int64), "samples a second": np.array(speeds, np.float64),
            "bytes": np.array(memory, np.int64),
        }  # fmt: skip
