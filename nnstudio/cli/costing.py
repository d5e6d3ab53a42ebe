"""What `check --costs` adds: columns for a person, values for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstudio.compile.figures import count_text, memory_text, reach_text
from nnstudio.layers.types import AXIS_NAMES

if TYPE_CHECKING:
    from nnstudio.compile.costs import NetworkCosts, NodeCosts

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
