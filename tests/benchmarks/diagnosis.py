"""Precision and recall of the doctor on runs that are trained afresh, and what its first cures do for them.

Run as ``python tests/benchmarks/diagnosis.py [--seeds 11 12] [--size 0.75] [--cures] [--only NAME]``. Trains every
labelled case (`tests/unit/diagnose/labelled/cases.py`) with seeds by which no rule was tuned; target: both at least
0.95. With ``--cures`` every sick run is trained again with each of its cures, and the losses are printed. Also prints
what the rules and the facts of the data cost.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "unit" / "diagnose"))

from labelled.cases import Labelled, cases
from labelled.judging import judged, told
from labelled.make_runs import made
from labelled.recording import Recording

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.diagnose import Case, diagnose, facts_of
from nnstudio.diagnose.cures import cures
from nnstudio.graph import Network
from nnstudio.train.events import EpochEnded
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan

WANTED = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[11])
    parser.add_argument("--size", type=float, default=0.75, help="the width of layers beside what is usual")
    parser.add_argument("--cures", action="store_true", help="train again with each cure")
    parser.add_argument("--only", default="", help="cases whose names begin so")
    given = parser.parse_args()
    recordings: list[Recording] = []
    helped: list[bool] = []
    for seed in given.seeds:
        for case in cases(seed, given.size):
            if not case.name.startswith(given.only):
                continue
            recording, _ = made(case)
            recordings.append(recording)
            said = ", ".join(one.code for one in told(recording)) or "nothing"
            print(f"{case.name:28} {said}", flush=True)
            if given.cures and case.must:
                helped += tried(case, recording)
    found = judged(recordings)
    healthy = sum(each.healthy for each in recordings)
    print(f"\n{len(recordings)} fresh runs, {healthy} of them healthy (seeds {given.seeds}, size {given.size})")
    print(found.table())
    if helped:
        print(f"the first cure lowered the loss in {sum(helped)} of {len(helped)} runs that it can be trained with")
    print(f"{costs(recordings)}; targets {WANTED}")


def tried(case: Labelled, recording: Recording) -> Iterator[bool]:
    """Train with each cure, and print the losses; whether the first made the (validation) loss lower."""
    one = next((each for each in told(recording) if each.code in case.must), None)
    if one is None:
        return
    before = lowest(case.network, case, case.plan)
    first = None
    for cure in cures(one, resolve(case.network, case.data.types), case.plan):
        after = lowest(cure.network_after(case.network), case, cure.plan_after(case.plan))
        print(f"{'':28}   {before:10.4g} → {after:10.4g}  {cure.title}", flush=True)
        first = after if first is None else first
    # early stopping, class weights and unlike losses are not told by a lower loss
    if first is not None and one.code not in ("overfitting", "class-imbalance", "softmax-before-loss"):
        yield first < before


def lowest(network: Network, case: Labelled, plan: Plan) -> float:
    """The lowest validation (else training) loss of an epoch; infinite where there was none."""
    compiled = compile_network(network, case.data.types, plan.seed)
    losses = [float("inf")]
    with contextlib.closing(run(compiled, case.data, plan.with_(watching=0.01))) as events:
        for event in events:
            losses += [(event.validation or event.training)["loss"]] if isinstance(event, EpochEnded) else []
    return min(loss for loss in losses if loss == loss)


def costs(recordings: list[Recording]) -> str:
    """Milliseconds of a visit of the doctor, and of working out what is known of the data."""
    visits = []
    for recording in recordings:
        history = History()
        for event in recording.events:
            history.feed(event)
        start = time.perf_counter()
        diagnose(Case(history, recording.plain, recording.facts))
        visits.append(1000 * (time.perf_counter() - start))
    known = []
    for case in list(cases(0))[::12]:
        start = time.perf_counter()
        facts_of(case.data, compile_network(case.network, case.data.types, 0).network)
        known.append(1000 * (time.perf_counter() - start))
    return (
        f"a visit takes {statistics.median(visits):.1f} ms (at most {max(visits):.1f}), the facts of the data "
        f"{statistics.median(known):.0f} ms"
    )


if __name__ == "__main__":
    main()
