"""What each project of the gallery must reach, a module for each kind of project, each with its GOALS."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A figure and the seconds of ``nnstudio train`` in which it must be reached.

    metric: a figure of ``nnstudio evaluate --split test``, by name; or judge: a function that takes the trained
    project's path and returns the figure, called ``metric`` in the table; or rivalled: the same, given also the seconds
    of the processor that training took. least, most: limits of the figure.
    train: further arguments of ``nnstudio train``.
    """

    seconds: float
    metric: str
    least: float = float("-inf")
    most: float = float("inf")
    judge: Callable[[Path], float] | None = None
    rivalled: Callable[[Path, float], float] | None = None
    train: tuple[str, ...] = ()

    def described(self) -> str:
        """The floor in words."""
        if self.least > float("-inf") and self.most < float("inf"):
            return f"{self.least:g} ≤ {self.metric} ≤ {self.most:g}"
        return f"{self.metric} ≥ {self.least:g}" if self.least > float("-inf") else f"{self.metric} ≤ {self.most:g}"

    def met(self, figure: float) -> bool:
        """Whether a figure is good enough."""
        return self.least <= figure <= self.most

    def margin(self, figure: float) -> float:
        """How far inside the limits a figure is, to find the worst; below zero outside."""
        return min(figure - self.least, self.most - figure)

    def figure(self, project: Path, spent: float) -> float:
        """The figure of a project that was trained for so many seconds of the processor."""
        if self.rivalled is not None:
            return self.rivalled(project, spent)
        if self.judge is not None:
            return self.judge(project)
        for line in nnstudio("evaluate", str(project), "--split", "test", "--json").splitlines():
            number = found(json.loads(line), self.metric)
            if number is not None:
                return number
        raise SystemExit(f"nnstudio evaluate told no {self.metric}")


def nnstudio(*words: str, timeout: float = 3600) -> str:
    """What the command prints. It is run as a user runs it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "nnstudio", *words], capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode:
        raise SystemExit(f"nnstudio {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def trained_by_command(project: Path, *words: str) -> float:
    """Train a project as a user does. Returns the processor's seconds, the start of the program included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    nnstudio("train", str(project), *words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def found(value: Any, name: str) -> float | None:
    """The number of this name, wherever it stands in a JSON value."""
    if isinstance(value, Mapping):
        if isinstance(value.get(name), int | float):
            return float(value[name])
        return next((number for item in value.values() if (number := found(item, name)) is not None), None)
    return None
