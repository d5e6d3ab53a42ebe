"""With what a run goes on that was cut off or stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.project.errors import ProjectError
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset


def plan_to_go_on_with(plan: Plan, checkpoints: Path, seed: int | None = None) -> Plan:
    """The project's plan, with the seed of the last run and what was changed in it and has not been saved. ProjectError
    where another ``seed`` is asked for."""
    from nnstudio.train.changing import goes_on
    from nnstudio.train.run_folder import latest

    last = latest(checkpoints)
    if last is None:
        return plan
    now = Plan.from_json(last.about.later or last.about.plan)
    if seed is not None and seed != now.seed:
        raise ProjectError(
            f"The last run was begun with seed {now.seed} and cannot go on with seed {seed}; leave the seed out, or "
            "train from the beginning."
        )
    plan = plan.with_(seed=now.seed)
    return goes_on(plan, Plan.from_json(last.about.given), now) if last.about.given else plan


def data_to_go_on_with(dataset: Dataset, checkpoints: Path) -> Dataset:
    """The project's data, prepared by what the last run learned from it when it began. DataError where it no longer has
    the columns for that."""
    from nnstudio.train.run_folder import latest, preparation_of

    last = latest(checkpoints)
    fitted = preparation_of(last.path.parent) if last is not None else None
    return dataset.prepared_as(fitted) if fitted is not None else dataset
