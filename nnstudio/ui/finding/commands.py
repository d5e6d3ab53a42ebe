"""Finders in the table of actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nnstudio.ui.actions import Action

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow


def finding_commands(window: MainWindow) -> Iterable[Action]:
    """What can be looked for before a run."""
    session = window.session

    def ready() -> bool:
        return window.in_workspace and session.run_state == "idle" and bool(session.sheet.network.of_role("loss"))

    def find_rate() -> None:
        from nnstudio.ui.finding.rate import RateFinder

        RateFinder(session, window).open()

    def find_size() -> None:
        from nnstudio.ui.finding.size import SizeFinder

        SizeFinder(session, window).open()

    def forecast() -> None:
        session.select(())  # the plan's page says what comes of it
        session.forecasting.begin()

    yield Action(
        "forecast", "Forecast time and memory", forecast, (), "", "Training/Before a run",
        "Measure some steps, and say on the plan's page what the run will take", enabled_when=ready,
        words="estimate how long duration memory eta budget",
    )  # fmt: skip
    yield Action(
        "find_rate", "Find a learning rate …", find_rate, (), "", "Training/Before a run",
        "Try rising rates on a copy of the weights, and see where the loss falls fastest", enabled_when=ready,
        words="lr finder range test step size",
    )  # fmt: skip
    yield Action(
        "find_size", "Find a batch size …", find_size, (), "", "Training/Before a run",
        "The largest batch that fits into memory, and how fast each size is", enabled_when=ready,
        words="batch finder memory largest fits speed",
    )  # fmt: skip
