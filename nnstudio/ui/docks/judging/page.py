"""What every page of the panel is: a view of what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from nnstudio.ui.docks.frame import PlotFrame
from nnstudio.ui.docks.judging.samples import SamplesView

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.project.judging.judge import Judged
    from nnstudio.ui.docks.judging.assessing import Assessing


class Page(QWidget):
    """A page. title: of its tab; kinds: of what was judged it is for. ``explained`` asks for a row to be explained."""

    title = ""
    kinds: tuple[str, ...] = ("classes", "places", "numbers", "boxes", "objects", "losses")
    explained = Signal(int)

    def __init__(self, assessing: Assessing) -> None:
        super().__init__()
        self.assessing = assessing
        self.judged: Judged | None = None

    @classmethod
    def suits(cls, judged: Judged) -> bool:
        """Whether there is anything of this to show on the page."""
        return judged.kind in cls.kinds

    def show_judged(self, judged: Judged) -> None:
        """Take what was judged; called again only when that is another, or the page comes into sight."""
        if judged is not self.judged:
            self.judged = judged
            self.draw()

    def draw(self) -> None:
        """Draw ``judged``."""

    def restyle(self) -> None:
        """Take fonts and colours of the present theme."""
        for frame in self.findChildren(PlotFrame):
            frame.restyle()
        for samples in self.findChildren(SamplesView):
            samples.restyle()
        if self.judged is not self.assessing.judged:
            self.judged = None  # of a network or a split before: drawn anew when it comes into sight
        elif self.judged is not None:
            self.draw()


def heard(dataset: Dataset | None, field: str) -> bool:
    """Whether a field is a sound, which is fed as a spectrogram, low tones first."""
    known = dataset.columns.get(field) if dataset is not None else None
    return known is not None and known.kind == "sound"
