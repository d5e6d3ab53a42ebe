"""Activations: how each layer's outputs are distributed, now and over time, and what that is in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.heat_view import HeatView
from nnstudio.ui.docks.layer_lines import LayerLines
from nnstudio.ui.docks.quantities import ACTIVATIONS
from nnstudio.ui.docks.ridge_view import RidgeView
from nnstudio.ui.docks.rows import Row, rows_of
from nnstudio.ui.docks.run_panel import RunPanel

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: What can be seen over time: the whole distribution of one layer, or one number of every layer.
DISTRIBUTION = "Distribution"


class ActivationsNow(RidgeView):
    """One distribution for each layer, over the last batch."""

    TITLE, CAPTION = "Activations by layer", "activation"

    def entries(self) -> list[tuple[Row, Histogram]]:
        activations = self.session.moment.snapshot.activations
        return [(row, activations[row.node]) for row in rows_of(self.session, activations)]

    def note(self, when: str) -> str:
        return f"{when}, over the last batch"


class ActivationsOverTime(HeatView):
    """How the distribution of one layer has moved."""

    WHICH, CAPTION = "Which layer is shown", "activation"

    def rows(self) -> list[Row]:
        return rows_of(self.session, self.session.history.activations)

    def seen(self, row: Row) -> tuple[np.ndarray, list[Histogram]]:
        history = self.session.history
        pairs = zip(history.activation_steps, history.activation_history(row.node), strict=True)
        seen = [(step, histogram) for step, histogram in pairs if histogram is not None]
        return np.array([step for step, _ in seen], dtype=np.float64), [histogram for _, histogram in seen]


class ActivationsPanel(RunPanel):
    """Activations of every layer now, and over time: of one layer as they are, or one number of every layer."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.now, self.over_time = ActivationsNow(session, detailed=True), ActivationsOverTime(session)
        self.lines = LayerLines(session)
        self.lines.show_quantity(ACTIVATIONS[0])
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Activations of each layer now")
        scroll.setWidget(self.now)
        self.now.setProperty("role", "scrolled")
        self.later = QStackedWidget()
        self.figures: list[Choice] = []
        for view in (self.over_time, self.lines):
            self.later.addWidget(view)
            figure = Choice("What is shown over time")
            figure.offer([DISTRIBUTION, *(quantity.name for quantity in ACTIVATIONS)])
            figure.show_index(0)
            figure.chosen.connect(self.show_figure)
            figure.chosen.connect(self.chose)
            view.frame.add_control(figure)
            self.figures.append(figure)
        folding = Folding([("Now", scroll, 3), ("Over time", self.later, 2)], wide=760)
        self.now.chose.connect(self.chose)
        self.stack_up(
            folding,
            "No activations yet",
            "While a network trains, this shows how the outputs of each layer are distributed, now and over time.",
        )

    def show_figure(self, index: int) -> None:
        """Show over time the distribution (0) or one number of it (from 1 on, as in `quantities.ACTIVATIONS`)."""
        for figure in self.figures:
            figure.show_index(index)
        if index:
            self.lines.show_quantity(ACTIVATIONS[index - 1])
        self.later.setCurrentWidget(self.lines if index else self.over_time)

    @property
    def choices(self) -> dict[str, object]:
        return {"own": self.now.own.isChecked(), "figure": self.figures[0].index}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        self.now.own.setChecked(choices.get("own") is True)
        index = choices.get("figure")
        if isinstance(index, int) and 0 <= index <= len(ACTIVATIONS):
            self.show_figure(index)

    def refresh(self) -> None:
        self.show_plots(bool(self.session.history.activations))
