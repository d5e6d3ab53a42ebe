"""What watching costs: training with every instrument live against the same loop with none, and against Lightning.

Run as ``python tests/benchmarks/instruments.py [--rounds N] [--slices N] [--cases …] [--lightning FOLDER]``, or with
``--minutes N`` for the memory of a long run; prints a table and a line of JSON for each.

Ways of training the same network on the same data (two cores: one computes, one watches) take turns of a tenth of a
second, in an order drawn anew each time, and stand still in between, their clocks too. All of a way's steps over all of
its seconds are its steps a second: a look inside is rare and dear, so a median of turns would not count it. Turns are
so short because a machine that others share is faster or slower by a tenth from one second to the next.

Where a network's arrays happen to lie in memory is worth up to 6 %, for as long as they lie there. So the loop with
none trains the very network that the live one trains, with the same optimizer, on the same arrays and in the same
thread, in turn with it; and everything is made anew for each of many rounds, since buffers lie elsewhere still. What
other threads do for the live one (taking events in, writing them down) is done in its turns. With each ratio stand its
95 % interval (rounds drawn again, each whole) and what the same loop with none gives against itself, made and measured
in the same way; where that is not 1 within the hundredths that are asked about, the machine was too noisy to tell.

The ratio is told a second time by what each way does *besides* its plain steps: as if those took both as long. What the
steps after a look lose to cold caches is in the first ratio alone.

- live: the worker thread with every instrument (looking inside all layers too), its events drained 30 times a second by
  another thread that feeds a History, and a recorder that writes the run database.
- none: the trainer's own plain steps, losses, metrics and epochs, in a loop with no instrument and no event; there are
  two of it, beside both of which the live one is held.
- lightning (for the digits networks): the model as written by hand in a LightningModule, with a DataLoader, and a
  TensorBoardLogger to which every 50 steps a histogram of each layer's output and of each weight, and the norm of each
  gradient, are written.

Lightning is no dependency of the project. Put it into a folder of its own, and name that folder:
``python -m pip install --target FOLDER --no-deps lightning pytorch-lightning lightning-utilities torchmetrics
tensorboard tensorboard-data-server absl-py grpcio markdown protobuf werkzeug markupsafe fsspec tqdm pyyaml packaging``

On a machine that has other work, steps a second say less than steps for each second of the processor's time that the
thread had (``by processor``).
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from lightning_way import Lightning
from ways import Case, Guest, Live, Turn, Way, cases, stand_still_between_turns

from nnstudio.runs import Recorder
from nnstudio.train.history import History
from nnstudio.train.worker import Worker

#: At least so many times the steps a second of the loop with none, and of Lightning.
LIVE, LIGHTNING = 0.97, {"mlp": 3.0, "cnn": 1.4}
#: Turns that begin a round and are not counted: kernels warm up, and in its first seconds a run is looked at more.
WARM = 40


def measure(case: Case, rounds: int, turns: int, seconds: float, with_lightning: bool) -> dict[str, float]:
    """Steps a second of all ways and their ratios, over all turns of all rounds."""
    kinds: dict[str, type[Way]] = {"live": Live, "none": Guest, "none_again": Guest}
    if with_lightning and case.digits is not None:
        kinds["lightning"] = Lightning
    found: dict[str, list[Turn]] = {name: [] for name in kinds}
    drawn = random.Random(0)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            names = list(kinds)
            ways = {name: kinds[name](case, Path(folder)) for name in names}
            for way in ways.values():
                if isinstance(way, Guest):
                    way.host = ways["live"]
                way.start()
            for turn in range(turns + WARM):
                drawn.shuffle(names)
                for name in names:
                    done = ways[name].turn(seconds)
                    if turn >= WARM:
                        found[name].append(done)
            for way in ways.values():
                way.close()
            history = ways["live"].history  # type: ignore[attr-defined]
    made = {f"{name}_steps_per_second": float(_speed(v, np.arange(len(v)))) for name, v in found.items()}
    for name in [name for name in kinds if name != "none"]:
        a, b = ("live", name) if name == "lightning" else (name, "none")
        beside = _together(found["none"], found["none_again"], rounds) if name == "live" else found[b]
        for by, busy in (("", False), ("_by_processor", True)):
            low, made[f"{a}_to_{b}{by}"], high = _ratio(found[a], beside, rounds, busy)
            made |= {f"{a}_to_{b}{by}_low": low, f"{a}_to_{b}{by}_high": high}
    for name in ("live", "none_again"):
        low, middle, high = _besides(found[name], found["none"], rounds)
        made |= {f"{name}_besides": middle, f"{name}_besides_low": low, f"{name}_besides_high": high}
    seen = {
        "activations": len(history.activation_steps), "insides": len(history.insides), "signal": len(history.signal),
        "weights": len(history.distributions), "timings": int(history.timings is not None),
    }  # fmt: skip
    return {**made, "watching": history.watching, **{f"seen_{name}": count for name, count in seen.items()}}


def _together(one: list[Turn], other: list[Turn], rounds: int) -> list[Turn]:
    """The turns of two equal ways, those of each round together."""
    size = len(one) // rounds
    return [turn for at in range(0, len(one), size) for turn in (*one[at : at + size], *other[at : at + size])]


def _speed(turns: list[Turn], at: np.ndarray[Any, Any], busy: bool = False) -> np.ndarray[Any, Any]:
    """Steps a second over the turns of these indices, of any shape; the last axis is summed over."""
    steps = np.array([turn.steps for turn in turns])[at].sum(-1)
    return np.asarray(steps / np.array([turn.busy if busy else turn.seconds for turn in turns])[at].sum(-1))


def _ratio(a: list[Turn], b: list[Turn], rounds: int, busy: bool) -> tuple[float, float, float]:
    """a's steps a second over b's, between the bounds of its 95 % interval: the turns of a round stay together."""
    drawn = np.random.default_rng(0).integers(0, rounds, (2000, rounds))

    def speeds(turns: list[Turn]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        every = np.arange(len(turns)).reshape(rounds, -1)
        return _speed(turns, every.ravel(), busy), _speed(turns, every[drawn].reshape(2000, -1), busy)

    (one, ones), (other, others) = speeds(a), speeds(b)
    low, high = np.quantile(ones / others, (0.025, 0.975))
    return float(low), float(one / other), float(high)


def _besides(a: list[Turn], b: list[Turn], rounds: int) -> tuple[float, float, float]:
    """a's steps a second over b's if a plain step took both as long, between the bounds of its 95 % interval."""
    shares = []
    for turns in (a, b):
        parts = [turns[at : at + len(turns) // rounds] for at in range(0, len(turns), len(turns) // rounds)]
        plain = [sum(turn.plain for turn in part) / sum(turn.plain_steps for turn in part) for part in parts]
        shares.append([
            each * sum(turn.steps for turn in part) / sum(turn.busy for turn in part)
            for each, part in zip(plain, parts, strict=True)
        ])  # fmt: skip
    ratios = np.divide(*shares)
    again = ratios[np.random.default_rng(0).integers(0, rounds, (2000, rounds))].mean(-1)
    low, high = np.quantile(again, (0.025, 0.975))
    return float(low), float(ratios.mean()), float(high)


def compare(options: argparse.Namespace) -> None:
    with_lightning = options.lightning is not None
    if with_lightning:
        sys.path.append(str(options.lightning))
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore")
        try:
            import lightning  # noqa: F401
        except ImportError as error:
            sys.exit(f"Lightning is not in {options.lightning} ({error}); {__doc__[__doc__.index('Put it into') :]}")
    for case in cases():
        if options.cases and case.name not in options.cases:
            continue
        made = measure(case, options.rounds, options.slices, options.seconds, with_lightning)
        print(
            f"{case.name:12} live {made['live_steps_per_second']:6.0f} a second, watching {made['watching']:.1%}\n"
            f"{'':12} to none {_told(made, 'live_to_none')} (≥ {LIVE})\n"
            f"{'':12} none to itself {_told(made, 'none_again_to_none')}\n"
            f"{'':12} by what is done besides plain steps {_besides_told(made, 'live')}, none to itself "
            f"{_besides_told(made, 'none_again')}"
        )
        if "live_to_lightning" in made:
            print(f"{'':12} to Lightning {_told(made, 'live_to_lightning')} (≥ {LIGHTNING[case.name]})")
        print(json.dumps({"benchmark": "instruments", "case": case.name, **made}), flush=True)


def _told(made: dict[str, float], name: str) -> str:
    by = f"{name}_by_processor"
    return (
        f"{made[name]:.3f} [{made[f'{name}_low']:.3f}, {made[f'{name}_high']:.3f}], by processor "
        f"{made[by]:.3f} [{made[f'{by}_low']:.3f}, {made[f'{by}_high']:.3f}]"
    )


def _besides_told(made: dict[str, float], name: str) -> str:
    return f"{made[f'{name}_besides']:.3f} [{made[f'{name}_besides_low']:.3f}, {made[f'{name}_besides_high']:.3f}]"


def memory(minutes: float, alone: bool) -> None:
    """Train the digits MLP for so long with every instrument live, and tell how resident memory grows;
    ``alone``: with no History, which keeps an entry for each epoch and snapshots until it has 256 of a kind."""
    import psutil

    case = next(case for case in cases() if case.name == "mlp")
    process, points, history, step = psutil.Process(), [], History(), 0
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "runs.sqlite")
        compiled = case.compiled()
        worker = Worker(lambda: compiled, case.data, case.plan, also=(recorder.put,))
        worker.control.look_into(compiled.resolution.order, "validation", 0)
        worker.start()
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < 60 * minutes:
            time.sleep(1 / 30)
            for event in worker.stream.drain():
                if not alone:
                    history.feed(event)
                step = event.step
            if not points or now >= points[-1][0] + 1.0:
                points.append((now, process.memory_info().rss / 2**20, step))
        worker.control.stop()
        worker.join()
        recorder.close()
    seconds, sizes, steps = np.asarray(points[len(points) // 3 :]).T  # what is taken at the beginning is no slope
    slope = np.polyfit(seconds, sizes, 1)[0] * 3600
    taken = np.polyfit(steps, sizes, 1)[0] * 2**20
    print(
        f"memory       {sizes[0]:.1f} → {sizes[-1]:.1f} MB over {seconds[-1] - seconds[0]:.0f} s and "
        f"{steps[-1] - steps[0]:.0f} steps: {slope:.1f} MB an hour, {taken:.1f} bytes a step"
    )
    print(json.dumps({"benchmark": "instruments", "case": "memory", "mb_per_hour": slope, "bytes_per_step": taken}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=60, help="turns of each way in a round")
    parser.add_argument("--rounds", type=int, default=12, help="how often everything is made anew")
    parser.add_argument("--seconds", type=float, default=0.1, help="how long a turn is")
    parser.add_argument("--cases", nargs="*", help="mlp, cnn, lstm, transformer")
    parser.add_argument("--lightning", type=Path, help="the folder that has it")
    parser.add_argument("--minutes", type=float, default=0.0, help="measure memory over so many minutes instead")
    parser.add_argument("--alone", action="store_true", help="memory of the run alone, with no History fed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.minutes:
        memory(options.minutes, options.alone)
    else:
        stand_still_between_turns()
        compare(options)


if __name__ == "__main__":
    main()
