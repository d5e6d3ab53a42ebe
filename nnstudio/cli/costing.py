"""What `check --costs` adds: columns for a person, values for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstudio.cli.output import note
from nnstudio.compile.figures import count_text, duration_text, memory_text, reach_text
from nnstudio.layers.types import AXIS_NAMES

if TYPE_CHECKING:
    from nnstudio.compile.costs import NetworkCosts, NodeCosts
    from nnstudio.project.project import Project
    from nnstudio.train.forecast import Forecast

TITLES = ("multiply–adds", "to train", "sees")


def cells(costs: NodeCosts) -> tuple[str, ...]:
    """The columns of TITLES for a node; a dash where nothing is known."""
    if not costs.known:
        return ("–", "–", "–")
    return count_text(costs.multiply_adds), memory_text(costs.training_memory), reach_text(costs.reach)


def item(costs: NodeCosts) -> dict[str, Any]:
    """The same as values: multiply–adds of a sample, memory in bytes, places seen along each axis."""
    axes = [
        {
            "axis": AXIS_NAMES.get(label, label), "size": span.places, "stride": float(span.jump),
            "start": float(span.start), "whole": span.is_whole,
            "known": not span.unknown,
        }
        for (label, _), span in costs.reach.items()
    ]  # fmt: skip
    return {
        "multiply_adds": costs.multiply_adds if costs.known else None,
        "training_memory": costs.training_memory if costs.known else None,
        "prediction_memory": costs.prediction_memory if costs.known else None,
        "receptive_field": axes,
    }


def summary(found: NetworkCosts) -> str:
    """The totals in a line."""
    total, least = found.total, "" if found.total.known else "at least "
    return (
        f"{least}{count_text(total.multiply_adds)} multiply–adds a sample, {memory_text(total.training_memory)} to "
        f"train and {memory_text(total.prediction_memory)} to predict a batch of {found.regime.batch_size:,}"
    )


def total(found: NetworkCosts) -> dict[str, Any]:
    """The totals as values."""
    names = ("multiply_adds", "training_memory", "prediction_memory")
    return {name: getattr(found.total, name) for name in names} | {"batch_size": found.regime.batch_size}


def forecast(project: Project) -> Forecast | None:
    """What a run of the plan will take on this machine, from some steps that are measured; None, with a sentence, where
    nothing can be trained."""
    from nnstudio.train.environment import TrainingError
    from nnstudio.train.forecast import forecast as measured

    if project.sheet.data is None or not project.network.of_role("loss"):
        note("no run is forecast: training needs data and a loss")
        return None
    try:
        return measured(project.compiled(trained=False), project.dataset, project.plan)
    except TrainingError as error:
        note(f"no run is forecast: {error}")
        return None


def run_summary(found: Forecast, epochs: int) -> str:
    """A forecast in a line."""
    memory = f", {memory_text(found.memory)} of memory" if found.memory else ""
    plural = "" if epochs == 1 else "s"
    return (
        f"A run of {epochs:,} epoch{plural} will take about {duration_text(found.seconds)} here{memory}, at "
        f"{found.samples_per_second:,.0f} samples a second"
    )


def run_item(found: Forecast, epochs: int) -> dict[str, Any]:
    """A forecast as values: seconds of the whole run, memory in bytes."""
    return {
        "forecast": {
            "epochs": epochs, "seconds": found.seconds, "memory": found.memory or None,
            "samples_per_second": found.samples_per_second,
        }
    }  # fmt: skip
