"""The gallery's figures, from the command line: new, train with three seeds, judge. The worst seed counts.

Run as ``python tests/benchmarks/gallery.py [NAME …] [--seeds N] [--write]``; prints a row and a line of JSON for each
project, and ends with 1 where one missed its figure or its time. Times are wall times of ``nnstudio train``, the start
of the program included, beside the processor's seconds; the limits are those of the gallery's list, for two CPU cores.
``--write`` puts the rows into docs/gallery.json and the table into docs/gallery.md, with date and machine.
"""

from __future__ import annotations

import argparse
import compileall
import datetime
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from goals import Goal, basics, nnstudio, scenes, tables, texts, trained_by_command, vision

GOALS: dict[str, Goal] = {**basics.GOALS, **vision.GOALS, **tables.GOALS, **texts.GOALS, **scenes.GOALS}
DOCS = Path(__file__).resolve().parents[2] / "docs"


def measured(name: str, seeds: int) -> dict[str, Any]:
    """One project's row: figures, worst, wall and processor seconds of training, passed."""
    goal, figures, walls, processor = GOALS[name], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            project = Path(folder) / f"{name}-{seed}.nnstudio"
            nnstudio("new", name, "-o", str(project))
            began = time.perf_counter()
            spent = trained_by_command(project, "--seed", str(seed), *goal.train)
            walls.append(round(time.perf_counter() - began, 1))
            processor.append(round(spent, 1))
            figures.append(round(goal.figure(project, spent), 5))
    worst = min(figures, key=goal.margin)
    return {
        "project": name, "figures": figures, "worst": worst, "floor": goal.described(), "seconds": max(walls),
        "processor_seconds": max(processor), "limit": goal.seconds,
        "passed": goal.met(worst) and max(walls) <= goal.seconds, "seeds": seeds,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(), "machine": machine(),
    }  # fmt: skip


def machine() -> str:
    """What the figures were measured on."""
    import torch

    python = platform.python_version()
    return f"{os.cpu_count()} CPU cores, {platform.system()}, Python {python}, torch {torch.__version__}"


def row(made: dict[str, Any]) -> str:
    """A row of the printed table."""
    told = " ".join(f"{figure:.4g}" for figure in made["figures"])
    return (
        f"{made['project']:18}{told:>28}   {made['floor']:36}{made['seconds']:8.1f}s ({made['processor_seconds']:.0f}s)"
        f"{made['limit']:6.0f}s   {'yes' if made['passed'] else 'NO'}"
    )


def written(rows: list[dict[str, Any]]) -> None:
    """The rows beside those of other projects that were measured before, as JSON and as a table."""
    path = DOCS / "gallery.json"
    known = {made["project"]: made for made in (json.loads(path.read_text("utf-8")) if path.exists() else [])}
    known.update({made["project"]: made for made in rows})
    kept = [known[name] for name in GOALS if name in known]
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    lines = [
        "# The gallery's figures", "",
        "Each project trained with `nnstudio train` from three seeds; the worst counts. Written by",
        "`python tests/benchmarks/gallery.py --write`. Seconds are wall time (processor time) of training, the slowest",
        "seed; machines are shared, so wall times vary.", "",
        "| project | figures | floor | seconds | limit | passed | date | machine |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for made in kept:
        told = ", ".join(f"{figure:.4g}" for figure in made["figures"])
        lines.append(
            f"| {made['project']} | {told} | {made['floor']} | {made['seconds']:.0f} ({made['processor_seconds']:.0f}) "
            f"| {made['limit']:.0f} | {'yes' if made['passed'] else 'no'} | {made['date']} | {made['machine']} |"
        )
    (DOCS / "gallery.md").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GOALS)}; all where none is given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the rows into docs/")
    options = parser.parse_args()
    unknown = set(options.names) - GOALS.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    compileall.compile_dir(DOCS.parent / "nnstudio", quiet=1)  # as installing it does
    failed = False
    for name in options.names or GOALS:
        made = measured(name, options.seeds)
        failed |= not made["passed"]
        print(row(made))
        print(json.dumps({"benchmark": "gallery", **made}), flush=True)
        if options.write:
            written([made])
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
