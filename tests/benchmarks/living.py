"""What it costs to bring the canvas up to date with a run, with 10,000 nodes (issue 4, "The canvas lives").

Run: python tests/benchmarks/living.py [--nodes 10000]

Prints a table and one JSON object a line: milliseconds of this thread's time, medians. An update takes a snapshot with
a value for every node and works out the colours of all nodes and the sizes of all wires; painting comes after it and is
measured beside the same drawing without a run. At most 8 ms for an update.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parent))
from canvas import SIZE, sheet

from nnstudio.train.events import Activations, Event, Gradients, Histogram, Timings
from nnstudio.ui.canvas import CanvasView
from nnstudio.ui.quantities import QUANTITIES
from nnstudio.ui.session import Session

LIMIT = 8.0
ROUNDS = 15


def looks(ids: list[str], step: int) -> list[Event]:
    """A snapshot of every node."""
    drawn = np.random.default_rng(step)
    sizes = dict(zip(ids, (10.0 ** drawn.uniform(-5, 0, len(ids))).tolist(), strict=True))
    counts = np.ones(4, np.float32)
    seen = {id: Histogram(counts, 0.0, 1.0, size, 1.0, 0.0, dead=min(1.0, size)) for id, size in sizes.items()}
    return [
        Activations(step=step, time=0.0, layers=seen),
        Gradients(step=step, time=0.0, gradients=sizes, weights=dict.fromkeys(ids, 1.0), updates=sizes),
        Timings(step=step, time=0.0, forward=sizes, backward=sizes),
    ]


def took(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.thread_time()
    work()
    return 1000 * (time.thread_time() - start)


def measured(app: QApplication, nodes: int) -> dict[str, float]:
    """The figures, by what they are of."""
    session = Session(asleep=True)
    view = CanvasView(session)
    view.resize(*SIZE)
    view.show()
    session.replace_sheet(sheet(nodes))
    view.fit()
    app.processEvents()
    magnitudes, ids, figures = view.canvas.magnitudes, list(session.network.nodes), {}

    def painted() -> float:
        view.redraw()
        return took(view.viewport().repaint)

    figures["frame, no run"] = statistics.median(painted() for _ in range(ROUNDS))
    step = 0
    for quantity in QUANTITIES.values():
        magnitudes.choose(quantity.id)
        updates, frames = [], []
        for _ in range(ROUNDS):
            step += 1
            for event in looks(ids, step):
                session.history.feed(event)
            updates.append(took(magnitudes.refresh))
            frames.append(painted())
        figures[f"update, {quantity.title.lower()}"] = statistics.median(updates)
        figures[f"frame, {quantity.title.lower()} and wires"] = statistics.median(frames)
    middle = session.history.moments[len(session.history.moments) // 2]
    figures["back to a moment"] = took(lambda: session.moment.go(middle))
    session.shut_down()
    view.close()
    return figures


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--nodes", type=int, default=10_000)
    chosen = arguments.parse_args()
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    figures = measured(app, chosen.nodes)
    for name, value in figures.items():
        limit = f"  (at most {LIMIT:.0f})" if name.startswith("update") else ""
        print(f"{name:<45} {value:8.2f} ms{limit}")
    print(json.dumps({"nodes": chosen.nodes, **{name: round(value, 2) for name, value in figures.items()}}))


if __name__ == "__main__":
    main()
