"""The training panel: the loss, activations by layer and gradient magnitude by layer, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from nnstudio.ui.docks.activations import ActivationsNow
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.gradients import GradientsNow
from nnstudio.ui.docks.loss import LossPlot
from nnstudio.ui.docks.run_panel import RunPanel

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: From this width on, in pixels, the three plots stand side by side.
WIDE = 1000


class TrainingPanel(RunPanel):
    """Three plots of the last run; before the first, an invitation to start one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.loss, self.activations, self.gradients = LossPlot(session), ActivationsNow(session), GradientsNow(session)
        folding = Folding(
            [("Loss", self.loss, 1), ("Activations", self.activations, 1), ("Gradients", self.gradients, 1)], wide=WIDE
        )
        self.stack_up(
            folding,
            "Nothing trained yet",
            "Press Start to train: the loss of every step, what each layer puts out and how strongly it is pulled "
            "appear here.",
        )
        self.loss.chose.connect(self.chose)

    @property
    def choices(self) -> dict[str, object]:
        return self.loss.choices

    def choose_again(self, choices: Mapping[str, object]) -> None:
        self.loss.choose_again(choices)

    def refresh(self) -> None:
        session = self.session
        busy = session.history.started is not None or session.run_state != "idle"
        self.show_plots(busy or bool(session.runs.overlaid))
