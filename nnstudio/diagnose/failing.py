"""A run that ended because numbers went bad, as a finding with what the flight recorder saw."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstudio.train.events import Diagnosis, FlightRecorded, RunFailed
from nnstudio.train.history import History


def failure(history: History) -> Diagnosis | None:
    """The failure of a run as a finding; None where it has not failed so."""
    ended = history.ended
    if not isinstance(ended, RunFailed) or "finite number" not in ended.message:
        return None
    evidence: dict[str, Any] = {"nodes": [ended.node]} if ended.node else {}
    if history.flight is not None:
        evidence |= recorded(history.flight)
    return Diagnosis(
        step=ended.step, time=ended.time, code="not-finite", node=ended.node, message=ended.message, hint=ended.hint,
        evidence=evidence,
    )  # fmt: skip


def recorded(flight: FlightRecorded) -> dict[str, Any]:
    """What the last steps showed: the largest number of what went bad, as a power of ten, step by step; and where it
    was: epoch and batch, and the row of the training data (both counted from 1) where that could be told."""
    what = {"output": "output", "gradient": "gradient", "weights": "weights"}.get(flight.what, "")
    told: dict[str, Any] = {"epoch": flight.epoch, "batch": flight.batch + 1}
    if flight.sample >= 0:
        told["row"] = flight.sample + 1
    if what and flight.node in flight.nodes:
        table = {"output": flight.outputs, "gradient": flight.gradients, "weights": flight.weights}[what]
        peaks = np.asarray(table[:, flight.nodes.index(flight.node)], np.float64)
        peaks = peaks[np.isfinite(peaks) & (peaks > 0)]
        told["measure"] = f"largest number of the {what} in the last steps, as a power of ten"
        told["series"] = [round(float(value), 4) for value in np.log10(peaks)]
    elif len(flight.losses):
        told["measure"] = "loss in the last steps"
        told["series"] = [float(value) for value in flight.losses[np.isfinite(flight.losses)]]
    return told
