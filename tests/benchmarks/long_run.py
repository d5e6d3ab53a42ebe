"""A run of five million steps: how long recording it took, how soon the window shows it, how it pans, what it holds.

The run is made up and goes through the run database in pieces, as the recorder writes it. The real window (off-screen)
opens a project with it, shows it in all panels and pans its curves at several zooms, each frame drawn anew. Prints one
JSON line. Limits of issue 4: open in 1 s, 30 frames a second, and memory that grows by no more than is plotted
(``grown_mb`` beside ``losses_mb``, what the losses alone would take).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

#: Steps that the recorder writes at once: a quarter of a second of ten thousand a second.
PIECE, EPOCH, LOOK = 2500, 5000, 2000


def record(path: Path, steps: int, run: str) -> float:
    """Write a made-up run; the seconds that took."""
    from nnstudio.runs import RunDatabase
    from nnstudio.train.events import (
        Activations,
        EpochEnded,
        Gradients,
        Histogram,
        RunFinished,
        RunStarted,
        Steps,
        Weights,
    )
    from nnstudio.train.plan import Plan

    draw = np.random.default_rng(0)
    nodes = {f"n{place}": f"layer{place}" for place in range(12)}
    start = time.perf_counter()
    with RunDatabase(path) as database:
        database.begin(
            RunStarted(
                step=0, time=0.0, run=run, device="cpu", threads=1, epochs=steps // EPOCH, steps_per_epoch=EPOCH,
                batch_size=32, samples={"train": 32 * EPOCH}, nodes=nodes, trained=tuple(nodes), losses=("n11",),
                metrics=(), parameters=1, plan=Plan.make({}).to_json(),
            )
        )  # fmt: skip
        for first in range(0, steps, PIECE):
            at = np.arange(first, min(steps, first + PIECE))
            values = (np.exp(-at / (steps / 5)) + 0.2 * draw.random(len(at)) + 0.05).astype(np.float32)
            where = {"step": int(at[-1]) + 1, "time": at[-1] / 1e4}
            told = [Steps(**where, first=first, losses=values, learning_rates=np.full(len(at), 1e-3, np.float32))]
            if first % LOOK == 0:
                looks = {id: Histogram(draw.random(64, np.float32), -1.0, 1.0, 0.0, 1.0, 0.5) for id in nodes}
                sizes = {id: float(draw.random()) + 0.1 for id in nodes}
                told += [
                    Activations(**where, layers=looks),
                    Gradients(**where, gradients=sizes, weights=sizes, updates=sizes),
                    Weights(**where, layers={id: {"weight": look} for id, look in looks.items()}),
                ]  # fmt: skip
            if where["step"] % EPOCH == 0:
                figures = {"loss": float(values.mean())}
                told.append(
                    EpochEnded(**where, epoch=where["step"] // EPOCH, training=figures, validation=figures,
                               learning_rate=1e-3, seconds=0.5, best=True)
                )  # fmt: skip
            database.write_all(told)
        database.write(RunFinished(step=steps, time=steps / 1e4, reason="completed", epochs=steps // EPOCH,
                                   best_epoch=1, seconds=steps / 1e4))  # fmt: skip
    return time.perf_counter() - start


def resident() -> float:
    """Resident memory of this process, in MB."""
    import resource

    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if os.uname().sysname == "Darwin" else 1e3)


def until(ready: Callable[[], bool], seconds: float = 120.0) -> None:
    """Let the window work until something is so."""
    from nnstudio.ui.background import pump

    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        pump(2)


def pan(plot: object, steps: int, width: float, frames: int) -> tuple[list[float], float]:
    """Milliseconds of each frame while a stretch of ``width`` steps moves over the run, painted each time; and of
    processor time for a frame, whatever else the machine does."""
    view, took = plot.frame.plot.view, []  # type: ignore[attr-defined]
    began = time.process_time()
    _, y = view.viewRange()
    for frame in range(frames):
        begin = (steps - width) * frame / frames / EPOCH
        start = time.perf_counter()
        view.setRange(xRange=(begin, begin + width / EPOCH), yRange=tuple(y), padding=0)
        view.sigRangeChangedManually.emit([True, True])
        plot.catch_up()  # type: ignore[attr-defined]
        plot.frame.plot.viewport().repaint()  # type: ignore[attr-defined]
        took.append(1000 * (time.perf_counter() - start))
    return took, 1000 * (time.process_time() - began) / frames


def measure(steps: int, frames: int, folder: Path) -> dict[str, object]:
    """All figures."""
    from PySide6.QtCore import Qt

    from nnstudio import app
    from nnstudio.project.project import Project
    from nnstudio.ui.panels import place_of
    from nnstudio.ui.window import MainWindow

    path = Project.new("digits-mlp").save(folder / "long.nnstudio")
    database = folder / "long.runs" / "runs.sqlite"
    record(database, 20_000, "short")
    recorded = record(database, steps, "long")
    app.prepare()
    app.application()
    window = MainWindow()
    window.setWindowState(Qt.WindowState.WindowNoState)  # the off-screen screen is smaller
    window.resize(1600, 1000)
    window.show()
    until(lambda: window.warm)
    window.file_actions.open_path(path)
    until(lambda: window.in_workspace and window.session.settled)
    runs = window.session.runs
    window.workspace.show_panel(place_of("Runs"))
    until(lambda: len(runs.records) == 2)
    panel = window.workspace.panels.panel(place_of("Runs"))
    runs.show("short")
    until(lambda: runs.shown == "short" and not panel.plot._stale)
    before = resident()
    start, began = time.perf_counter(), time.process_time()
    runs.show("long")
    until(lambda: runs.shown == "long" and len(panel.plot.lines) > 0 and not panel.plot._stale)
    opened, worked = time.perf_counter() - start, time.process_time() - began
    assert len(window.session.history.losses) == steps
    shown = resident()
    widths = (steps / 2, steps / 20, steps / 200, 5000)
    pans = {f"{int(width)} steps": pan(panel.plot, steps, width, frames) for width in widths}
    after = resident()
    rates = {name: round(1000 / float(np.median(took)), 1) for name, (took, _) in pans.items()}
    slowest = max(float(np.percentile(took, 95)) for took, _ in pans.values())
    window.session.files.discard()
    window.close()
    return {
        "steps": steps, "recorded_s": round(recorded, 2), "file_mb": round(database.stat().st_size / 1e6, 1),
        "open_s": round(opened, 3), "open_cpu_s": round(worked, 3), "open_limit_s": 1.0,
        "frames_per_s": rates, "frame_cpu_ms": {name: round(cpu, 1) for name, (_, cpu) in pans.items()},
        "frame_p95_ms": round(slowest, 1),
        "limit_frames_per_s": 30, "grown_by_opening_mb": round(shown - before, 1),
        "grown_mb": round(after - before, 1), "losses_mb": round(steps * 8 / 1e6, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5_000_000)
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NNSTUDIO_CONFIG_DIR"] = folder
        figures = measure(options.steps, options.frames, Path(folder))
    print(json.dumps({"benchmark": "long_run", **figures}))


if __name__ == "__main__":
    main()
