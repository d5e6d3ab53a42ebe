"""A run in a line, as lists of runs show it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The columns of the table ``runs`` of which a record is made.
COLUMNS = (
    "id, started, outcome, epochs, best_epoch, seconds, figures, header, number, steps, measured, name, tags, note, "
    "deleted, ended"
)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in a line.

    started: seconds since 1970. outcome: ``completed``, ``stopped``, ``early stopping``, ``failed: …``, or "" where
    the run still goes on or its process was killed (``written`` tells which). figures: the best epoch's,
    ``{"training": …, "validation": …}``. number: counts the runs of a project from 1. network: the hash of its drawing,
    "" where it is not known. deleted: whether it was put into the bin.
    """

    id: str
    started: float
    outcome: str
    epochs: int
    best_epoch: int
    seconds: float
    figures: Mapping[str, Mapping[str, float]]
    device: str
    parameters: int
    samples: Mapping[str, int]
    plan: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    steps: int = 0
    measured: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    deleted: bool = False
    network: str = ""
    parent: str = ""
    parent_step: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    epochs_planned: int = 0
    written: bool = False

    @property
    def title(self) -> str:
        """What it is called: the name that a person gave it, else its number."""
        return self.name or f"Run {self.number}"

    @property
    def state(self) -> str:
        """``running``, ``interrupted`` where its process was killed, else the outcome (``failed``: without why)."""
        if self.outcome:
            return self.outcome.partition(":")[0]
        return "running" if self.written else "interrupted"

    @property
    def reason(self) -> str:
        """Why it failed, as a sentence; "" where it did not."""
        kind, _, reason = self.outcome.partition(":")
        return reason.strip() if kind == "failed" else ""

    @property
    def best(self) -> Mapping[str, float]:
        """The best epoch's figures: on the validation split, where there is one."""
        return self.figures.get("validation") or self.figures.get("training") or {}


def record_of(row: tuple[Any, ...], written: bool) -> RunRecord:
    """The record of a row of :data:`COLUMNS`."""
    id, started, outcome, epochs, best, seconds, figures, header, number, steps, measured, name, tags, note = row[:14]
    deleted, _ended = row[14:]
    about = _object(header)
    return RunRecord(
        id, started, outcome, epochs, best, seconds, _object(figures), about.get("device", ""),
        about.get("parameters", 0), about.get("samples", {}), about.get("plan", {}), number, steps, _object(measured),
        name, tuple(json.loads(tags)), note, deleted is not None, about.get("network", ""), about.get("parent", ""),
        about.get("parent_step", 0), about.get("environment", {}), about.get("epochs", 0), written,
    )  # fmt: skip


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def plan_differences(plan: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The values by name in which two plans differ; None where one has no such value."""
    return {
        name: (plan.get(name), other.get(name))
        for name in dict.fromkeys((*plan, *other))
        if plan.get(name) != other.get(name)
    }


def smaller_is_better(name: str) -> bool:
    """Whether a figure of this name is the better the smaller it is, as losses and errors are."""
    words = name.lower()
    better = ("accuracy", "f1", "precision", "recall", "auc", "iou", "score", "r2", "correlation")
    return not any(word in words for word in better)


def best_of(records: list[RunRecord], figure: str) -> RunRecord | None:
    """The run whose best epoch has the best of this figure; None where none has it."""
    known = [(record.best[figure], record) for record in records if math.isfinite(record.best.get(figure, math.nan))]
    if not known:
        return None
    chosen = min if smaller_is_better(figure) else max
    return chosen(known, key=lambda pair: pair[0])[1]
