"""Runs as CSV: every step and every epoch, a run after the other."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np

from nnstudio.atomic import replacing
from nnstudio.train.history import History
from nnstudio.train.series import BLOCK, Series


def write_csv(path: Path, runs: Iterable[tuple[str, History]]) -> int:
    """Write runs (title and history of each) as one table; how many rows it has. OSError where that fails.

    A row for each step: run, step (from 1), epoch (as a fraction), loss, learning rate, and each part of the loss by
    its node's name; at the step that ends an epoch also its figures, as ``training accuracy``. RFC 4180, UTF-8.
    """
    known = list(runs)
    parts = list(dict.fromkeys(_name(history, id) for _, history in known for id in history.parts))
    figures = list(dict.fromkeys(name for _, history in known for epoch in history.epochs for name in _figures(epoch)))
    rows = 0
    with replacing(path) as file:
        text = TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(["run", "step", "epoch", "loss", "learning rate", *parts, *figures])
        for title, history in known:
            for row in _rows(title, history, parts, figures):
                writer.writerow(row)
                rows += 1
        text.flush()
        text.detach()
    return rows


def _rows(title: str, history: History, parts: list[str], figures: list[str]) -> Iterator[list[Any]]:
    per_epoch = max(1, history.started.steps_per_epoch if history.started is not None else 1)
    ends = {epoch.step: _figures(epoch) for epoch in history.epochs}
    named = {_name(history, id): series for id, series in history.parts.items()}
    curves = [history.losses, history.learning_rates, *(named.get(name, Series()) for name in parts)]
    steps = len(history.losses)
    for start in range(0, steps, BLOCK):
        stop = min(steps, start + BLOCK)
        columns = [_texts(curve.read(start, stop), stop - start) for curve in curves]
        for at, values in enumerate(zip(*columns, strict=True), start + 1):
            said = ends.get(at, {})
            yield [title, at, f"{at / per_epoch:.6g}", *values, *(_text(said.get(name)) for name in figures)]
    for step in sorted(step for step in ends if step > steps):  # the losses are not known, the figures are
        yield [
            title,
            step,
            f"{step / per_epoch:.6g}",
            *[""] * len(curves),
            *(_text(ends[step].get(f)) for f in figures),
        ]


def _texts(values: Any, count: int) -> list[str]:
    """Each number in as few digits as tell it, "" where it is not known."""
    padded = np.full(count, np.nan, np.float32)
    padded[: len(values)] = values
    return ["" if value != value else str(value) for value in padded]


def _text(value: float | None) -> str:
    return "" if value is None or value != value else repr(float(value))


def _figures(epoch: Any) -> dict[str, float]:
    return {
        f"{split} {name}": value
        for split in ("training", "validation")
        for name, value in getattr(epoch, split).items()
    }


def _name(history: History, id: str) -> str:
    return history.started.nodes.get(id, id) if history.started is not None else id
