"""Weights: how the weights of each layer are distributed, parameter by parameter, now and over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QScrollArea, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.heat_view import HeatView
from nnstudio.ui.docks.ridge_view import RidgeView
from nnstudio.ui.docks.rows import Row, rows_of
from nnstudio.ui.docks.run_panel import RunPanel

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Which parameters are shown.
KINDS = ("All parameters", "Weights", "Biases")


def parameters_of(session: Session, layers: Mapping[str, Mapping[str, Histogram]], kind: int) -> list[Row]:
    """A row for each parameter of these layers, ``conv1.weight``, of one of KINDS."""
    return [
        replace(row, name=f"{row.name}.{part}", part=part)
        for row in rows_of(session, layers)
        for part in layers[row.node]
        if not kind or ("bias" in part) == (kind == 2)
    ]


class WeightsNow(RidgeView):
    """One distribution for each parameter."""

    TITLE, CAPTION, WHAT = "Weights by parameter", "weight", "parameter"
    kind = 0

    def entries(self) -> list[tuple[Row, Histogram]]:
        layers = self.session.moment.snapshot.distributions
        return [(row, layers[row.node][row.part]) for row in parameters_of(self.session, layers, self.kind)]

    def note(self, when: str) -> str:
        return when


class WeightsOverTime(HeatView):
    """How the distribution of one parameter has moved."""

    WHICH, CAPTION = "Which parameter is shown", "weight"
    kind = 0

    def rows(self) -> list[Row]:
        return parameters_of(self.session, self.session.history.distributions, self.kind)

    def seen(self, row: Row) -> tuple[np.ndarray, list[Histogram]]:
        steps, histograms = self.session.history.distribution_history(row.node, row.part)
        seen = [(step, each) for step, each in zip(steps, histograms, strict=True) if each is not None]
        return np.array([step for step, _ in seen], dtype=np.float64), [each for _, each in seen]


class WeightsPanel(RunPanel):
    """The weights' own distributions: of every parameter now, and of one over time."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.now, self.over_time = WeightsNow(session, detailed=True), WeightsOverTime(session)
        self.kind = Choice("Which parameters are shown")
        self.kind.offer(KINDS)
        self.kind.show_index(0)
        self.kind.chosen.connect(self._choose)
        self.now.frame.add_control(self.kind)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Weights of each layer now")
        scroll.setWidget(self.now)
        self.now.setProperty("role", "scrolled")
        self.now.chose.connect(self.chose)
        folding = Folding([("Now", scroll, 3), ("Over time", self.over_time, 2)], wide=760)
        self.stack_up(
            folding,
            "No weights seen yet",
            "While a network trains, this shows how the weights of each layer are distributed and how they move.",
        )

    def _choose(self, kind: int) -> None:
        self.now.kind = self.over_time.kind = kind
        self.kind.show_index(kind)
        self.chose.emit()
        self.now.refresh_soon()
        self.over_time.refresh_soon()

    @property
    def choices(self) -> dict[str, object]:
        return {"own": self.now.own.isChecked(), "kind": self.kind.index}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        self.now.own.setChecked(choices.get("own") is True)
        kind = choices.get("kind")
        if isinstance(kind, int) and 0 <= kind < len(KINDS):
            self._choose(kind)

    def refresh(self) -> None:
        self.show_plots(bool(self.session.history.distributions))
