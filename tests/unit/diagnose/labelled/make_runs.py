"""Make the labelled runs anew: ``python tests/unit/diagnose/labelled/make_runs.py [names…]``.

Trains every case of `cases`, each for at most three seconds or so, and writes what is kept of it to ``recorded/``
(seed 0, by which the rules were tuned) or, with ``--held-out``, to ``held_out/`` (another seed and size, by which they
were not: what the doctor says of those is only looked at).
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from labelled.cases import Labelled, cases
from labelled.recording import FOLDER, Recording, save, thinned
from nnstudio.compile.lower import compile_network
from nnstudio.diagnose import facts_of
from nnstudio.train import trainer
from nnstudio.train.events import Event, RunFailed
from nnstudio.train.loop import run
from nnstudio.train.pace import INSTRUMENTS

HELD_OUT = FOLDER.parent / "held_out"
#: Seconds between two looks, so that a short run has as many as a long one.
INTERVAL = 0.005


class _Often(trainer.Pace):
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, instruments=[replace(each, interval=INTERVAL) for each in INSTRUMENTS], **more)


def made(case: Labelled) -> tuple[Recording, list[Event]]:
    """Train a case: its recording (with all events thinned), and all events."""
    compiled = compile_network(case.network, case.data.types, case.plan.seed)
    facts = facts_of(case.data, compiled.network)
    usual, trainer.Pace = trainer.Pace, _Often  # type: ignore[misc]
    try:
        events = list(run(compiled, case.data, case.plan, run_id=case.name))
    finally:
        trainer.Pace = usual  # type: ignore[misc]
    last = events[-1]
    if isinstance(last, RunFailed) and "finite number" not in last.message:
        raise RuntimeError(f"{case.name} was not trained: {last.message}")
    kept = tuple(thinned(events))
    return Recording(case.name, case.must, case.may, case.network, facts, kept), events


def every(*, held_out: bool) -> Iterator[Labelled]:
    """The cases of a set."""
    if held_out:
        yield from cases(seed=7, size=1.5)
    else:
        yield from cases(seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only cases whose names begin so")
    parser.add_argument("--held-out", action="store_true")
    given = parser.parse_args()
    folder = HELD_OUT if given.held_out else FOLDER
    total = 0
    for case in every(held_out=given.held_out):
        if given.names and not any(case.name.startswith(name) for name in given.names):
            continue
        start = time.perf_counter()
        recording, events = made(case)
        took = time.perf_counter() - start
        size = save(recording, folder)
        total += size
        said = getattr(events[-1], "message", "")
        print(f"{case.name:28} {took:5.1f} s {size / 1024:6.1f} KB  {type(events[-1]).__name__} {said}", flush=True)
    print(f"{total / 2**20:.2f} MB in {folder}")


if __name__ == "__main__":
    main()
