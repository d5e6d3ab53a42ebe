"""How the window keeps up while it trains: lateness of its event loop at 60 Hz, and how soon it acknowledges.

The same window is measured idle and training with every instrument live, in turn, in one process. Prints one JSON
line. Limits: the 99th percentile of lateness grows by at most 16 ms, no freeze is over 150 ms, pause and stop are
acknowledged within 250 ms. Opening and loading torch is measured as well.

``--docks each``: the window trains with the code and the outline open and every panel below in turn; a figure for each.
``--docks all``: all panels are seen at once, in a window of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnstudio.ui.session import Session
    from nnstudio.ui.window import MainWindow

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

FRAME = 1 / 60


class Metronome:
    """A timer at 60 Hz that notes how late each beat is, in seconds."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.late: list[float] = []
        self._due = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._due))
        self._due = now + FRAME

    def over(self, wait: Callable[[], object]) -> np.ndarray:
        """The latenesses while ``wait`` waits."""
        self.late = []
        self._due = time.perf_counter() + FRAME
        self._timer.start(round(FRAME * 1000))
        wait()
        self._timer.stop()
        return np.array(self.late)


def until(ready: Callable[[], bool], seconds: float = 120.0) -> None:
    from nnstudio.ui.background import pump

    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit("waited in vain")
        pump(5)


def acknowledged(act: Callable[[], None], ready: Callable[[], bool]) -> float:
    """Milliseconds from an action until the window shows it."""
    start = time.perf_counter()
    act()
    until(ready)
    return 1000 * (time.perf_counter() - start)


def select_some(session: Session) -> None:
    """Have something to look into: the layers with weights, three at most."""
    layers = [node.id for node in session.network.nodes.values() if node.layer.role == "layer"]
    session.select(layers[:: max(1, len(layers) // 3)][:3])


def each_dock(window: MainWindow, beat: Metronome, seconds: float) -> dict[str, np.ndarray]:
    """The latenesses with each panel open, while a run goes on."""
    from nnstudio.ui.background import pump
    from nnstudio.ui.panels import PANELS

    found = {}
    for place, (title, _) in enumerate(PANELS):
        window.workspace.show_panel(place)
        pump(1500)  # it is built, and reads what it needs
        found[title] = beat.over(lambda: pump(round(1000 * seconds)))
    return found


def all_docks(window: MainWindow, beat: Metronome, seconds: float) -> np.ndarray:
    """The latenesses with all panels seen at once."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QGridLayout, QWidget

    from nnstudio.ui.background import pump
    from nnstudio.ui.panels import PANELS

    beside = QWidget()
    grid = QGridLayout(beside)
    beside.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for place in range(len(PANELS)):
        window.workspace.show_panel(place)
        pump(300)
    panels = [window.workspace.panels.panel(place) for place in range(len(PANELS))]
    for place, panel in enumerate(panels):
        grid.addWidget(panel, place // 3, place % 3)
        panel.show()
    beside.resize(1900, 1000)
    beside.show()
    pump(2000)
    return beat.over(lambda: pump(round(1000 * seconds)))


def measure_docks(seconds: float, project: str, which: str) -> dict[str, object]:
    """As :func:`measure`, with every dock open."""
    from nnstudio import app
    from nnstudio.project.gallery import template
    from nnstudio.ui.background import pump
    from nnstudio.ui.window import MainWindow

    app.prepare()
    app.application()
    beat = Metronome()
    window = MainWindow()
    window.resize(1600, 1000)
    window.show()
    session = window.session
    until(lambda: window.warm and session.settled)
    window.file_actions.open_template(template(project))
    until(lambda: window.in_workspace and session.settled)
    window.actions_table.trigger("show_code")
    window.workspace.side.show_tab("outline")
    select_some(session)
    session.do("Train for long", plan=session.plan.with_(epochs=100_000))
    pump(2000)
    idle = beat.over(lambda: pump(round(1000 * seconds)))
    session.start()
    until(lambda: session.run_state == "running" and session.history.step > 20)
    pump(2000)
    parts = each_dock(window, beat, seconds) if which == "each" else {"all": all_docks(window, beat, seconds)}
    session.stop()
    until(lambda: session.run_state == "idle")
    rate = session.history.steps_per_second
    session.files.discard()
    window.close()
    p99_idle = 1000 * float(np.percentile(idle, 99))
    return {
        "p99_idle_ms": round(p99_idle, 1), "worst_idle_ms": round(1000 * float(idle.max()), 1),
        "p99_growth_ms": {n: round(1000 * float(np.percentile(part, 99)) - p99_idle, 1) for n, part in parts.items()},
        "worst_ms": {n: round(1000 * float(part.max()), 1) for n, part in parts.items()},
        "steps_per_second": round(rate),
    }  # fmt: skip


def measure(seconds: float, rounds: int, project: str) -> dict[str, object]:
    from nnstudio import app
    from nnstudio.project.gallery import template
    from nnstudio.ui.background import pump
    from nnstudio.ui.window import MainWindow

    app.prepare()
    app.application()
    beat = Metronome()
    window = MainWindow()
    window.resize(1600, 1000)
    window.show()
    session = window.session
    loading = beat.over(lambda: until(lambda: window.warm and session.settled))
    window.file_actions.open_template(template(project))
    opening = beat.over(lambda: until(lambda: window.in_workspace and session.settled))
    session.do("Train for long", plan=session.plan.with_(epochs=100_000))
    idle, training, pauses, stops = [], [], [], []
    for _ in range(rounds):
        pump(500)
        idle.append(beat.over(lambda: pump(round(1000 * seconds))))
        session.start()
        until(lambda: session.run_state == "running" and session.history.step > 20)
        training.append(beat.over(lambda: pump(round(1000 * seconds))))
        pauses.append(acknowledged(session.pause, lambda: session.run_state == "paused"))
        session.resume()
        until(lambda: session.run_state == "running")
        pump(200)
        stops.append(acknowledged(session.stop, lambda: session.run_state == "idle"))
    rate = session.history.steps_per_second
    session.files.discard()
    window.close()

    def p99(parts: list[np.ndarray]) -> float:
        return float(1000 * np.percentile(np.concatenate(parts), 99))

    def worst(*parts: np.ndarray) -> float:
        return round(float(1000 * max(part.max() for part in parts)), 1)

    return {
        "p99_idle_ms": round(p99(idle), 1), "p99_training_ms": round(p99(training), 1),
        "p99_growth_ms": round(p99(training) - p99(idle), 1), "worst_idle_ms": worst(*idle),
        "worst_training_ms": worst(*training), "worst_loading_ms": worst(loading), "worst_opening_ms": worst(opening),
        "pause_ms": round(max(pauses), 1), "stop_ms": round(max(stops), 1), "steps_per_second": round(rate),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--project", default="digits-cnn-small")
    parser.add_argument("--docks", choices=("one", "each", "all"), default="one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NNSTUDIO_CONFIG_DIR"] = folder
        if asked.docks == "one":
            figures = measure(asked.seconds, asked.rounds, asked.project)
        else:
            figures = measure_docks(asked.seconds, asked.project, asked.docks)
    limits = {"p99_growth_ms": 16, "worst_training_ms": 150, "pause_ms": 250, "stop_ms": 250}
    print(
        json.dumps(
            {"benchmark": "responsiveness", "docks": asked.docks, "project": asked.project, **figures, "limits": limits}
        )
    )


if __name__ == "__main__":
    main()
