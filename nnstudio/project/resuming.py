"""With what a run goes on that was cut off or stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset


def plan_to_go_on_with(plan: Plan, checkpoints: Path) -> Plan:
    """The project's plan, with what was changed in the last run and has not been saved."""
    from nnstudio.train.changing import goes_on
    from nnstudio.train.run_folder import latest

    last = latest(checkpoints)
    if last is None or not last.about.given:
        return plan
    now = last.about.later or last.about.plan
    return goes_on(plan, Plan.from_json(last.about.given), Plan.from_json(now))


def data_to_go_on_with(dataset: Dataset, checkpoints: Path) -> Dataset:
    """The project's data, prepared by what the last run learned from it when it began. DataError where it no longer has
    the columns for that."""
    from nnstudio.train.run_folder import latest, preparation_of

    last = latest(checkpoints)
    fitted = preparation_of(last.path.parent) if last is not None else None
    return dataset.prepared_as(fitted) if fitted is not None else dataset
