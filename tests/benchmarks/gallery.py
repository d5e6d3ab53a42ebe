"""The gallery's figures, from the command line: new, train with three seeds, evaluate. The worst seed counts.

Run as ``python tests/benchmarks/gallery.py [NAME …] [--seeds N]``; prints a table and a line of JSON for each project,
and ends with 1 where one missed its figure or its time. Times are wall times of ``nnstudio train``, the start of the
program included; the limits are those of the gallery's list, for two CPU cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Goal:
    """What a project must reach: a figure on the test split, or a weight near a value, in so many seconds."""

    seconds: float
    metric: str = ""
    least: float = 0.0
    weight: str = ""
    value: float = 0.0
    within: float = 0.0

    def described(self) -> str:
        return f"{self.metric} ≥ {self.least}" if self.metric else f"{self.weight} = {self.value} ± {self.within}"

    def met(self, figure: float) -> bool:
        return figure >= self.least if self.metric else abs(figure - self.value) <= self.within

    def distance(self, figure: float) -> float:
        """How far from good a figure is, to find the worst."""
        return -figure if self.metric else abs(figure - self.value)


GOALS = {
    "line": Goal(5, weight="weight.weight", value=4.0, within=0.001),
    "small-net": Goal(10, metric="accuracy", least=0.95),
    "digits-mlp": Goal(15, metric="accuracy", least=0.96),
    "digits-cnn-small": Goal(30, metric="accuracy", least=0.97),
}


def nnstudio(*words: str) -> str:
    """What the command prints. It is run as a user runs it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "nnstudio", *words], capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise SystemExit(f"nnstudio {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def found(value: Any, name: str) -> float | None:
    """The number of this name, wherever it stands in a JSON value."""
    if isinstance(value, Mapping):
        if isinstance(value.get(name), int | float):
            return float(value[name])
        return next((number for item in value.values() if (number := found(item, name)) is not None), None)
    return None


def figure_of(project: Path, goal: Goal) -> float:
    if goal.weight:
        from nnstudio.project.files import load

        weights = load(project).weights
        assert weights is not None, "train saved no weights"
        return float(weights[goal.weight].reshape(-1)[0])
    for line in nnstudio("evaluate", str(project), "--split", "test", "--json").splitlines():
        number = found(json.loads(line), goal.metric)
        if number is not None:
            return number
    raise SystemExit(f"nnstudio evaluate told no {goal.metric}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GOALS)}; all where none is given")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    unknown = set(options.names) - GOALS.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    failed = False
    print(f"{'project':18}{'figures':>28}   {'floor':32}{'slowest':>9}{'limit':>7}   passed")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or GOALS:
            goal, figures, times = GOALS[name], [], []
            for seed in range(options.seeds):
                project = Path(folder) / f"{name}-{seed}.nnstudio"
                nnstudio("new", name, "-o", str(project))
                began = time.perf_counter()
                nnstudio("train", str(project), "--seed", str(seed))
                times.append(time.perf_counter() - began)
                figures.append(figure_of(project, goal))
            worst = max(figures, key=goal.distance)
            passed = goal.met(worst) and max(times) <= goal.seconds
            failed |= not passed
            told = " ".join(f"{figure:.4f}" for figure in figures)
            print(
                f"{name:18}{told:>28}   {goal.described():32}{max(times):8.1f}s{goal.seconds:6.0f}s"
                f"   {'yes' if passed else 'NO'}"
            )
            print(
                json.dumps(
                    {
                        "benchmark": "gallery",
                        "project": name,
                        "figures": figures,
                        "worst": worst,
                        "floor": goal.described(),
                        "seconds": max(times),
                        "limit": goal.seconds,
                        "passed": passed,
                    }
                ),
                flush=True,
            )
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
