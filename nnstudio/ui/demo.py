"""The window without a display: the same window, drawn off-screen into pictures while a network trains in it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from nnstudio.project.gallery import template
from nnstudio.train.events import RunFinished
from nnstudio.train.history import History
from nnstudio.ui import theme
from nnstudio.ui.background import pump
from nnstudio.ui.window import MainWindow

PROJECT = "digits-cnn-small"
#: A drawing of blocks, of which pictures are taken without training it.
DRAWING = "resnet-50"
SIZE = (1600, 1000)
#: What is gone through step by step, and the weight that is selected meanwhile.
SMALL, SELECTED = "small-net", 3
#: When the pictures of the training are taken, as a share of the run.
MOMENT = 0.45
LONGEST = 300.0


class DemoError(RuntimeError):
    """The demonstration did not come to its end. The text is for a person."""


def demo(window: MainWindow, folder: Path, say: Callable[[str], object]) -> dict[str, Any]:
    """Train a project in the window and save pictures of it, in both themes, and figures.json. Returns the figures.

    say: told in a sentence what is being done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told: list[str] = []
    window.session.notice.connect(lambda level, sentence: told.append(sentence) if level == "error" else None)

    def wait(what: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + LONGEST
        while not ready():
            pump(20)
            if told or time.monotonic() > until:
                raise DemoError(told[0] if told else f"{what} took longer than {LONGEST:.0f} s")

    def shoot(name: str) -> None:
        for shown in ("dark", "light"):
            theme.set_theme(shown)
            pump(250)
            path = folder / f"{name}-{shown}.png"
            window.grab().save(str(path))
            say(f"Saved {path}")

    window.setWindowState(Qt.WindowState.WindowNoState)  # the off-screen screen is smaller than the pictures
    window.resize(*SIZE)
    window.show()
    wait("opening the window", lambda: window.warm)
    wait("drawing the gallery", lambda: all(card.picture.sheet is not None for card in window.welcome.cards))
    shoot("welcome")
    window.file_actions.open_template(template(DRAWING))
    wait("opening the drawing", lambda: window.in_workspace and window.session.settled)
    shoot(DRAWING)
    _show_learning(window, wait)
    shoot("learning")
    window.learning_actions.leave()
    window.file_actions.open_template(template(PROJECT))
    wait("opening the project", lambda: window.session.title == PROJECT)
    wait("working out the project", lambda: window.in_workspace and window.session.settled)
    session, history = window.session, lambda: window.session.history
    say(f"Training {PROJECT}: {session.resolution.parameters if session.resolution else 0:,} parameters")
    _select_last_trained(window)
    session.start()
    wait("starting", lambda: history().started is not None)
    wait("training", lambda: history().progress >= MOMENT or session.run_state == "idle")
    shoot("training")
    wait("training", lambda: session.run_state == "idle")
    figures = _figures(history())
    (folder / "figures.json").write_text(json.dumps(figures, indent=1), "utf-8")
    say(
        f"Trained {figures['epochs']} epochs in {figures['seconds']:.1f} s; validation: "
        f"{_spoken(figures['validation'])}"
    )
    return figures


def _figures(history: History) -> dict[str, Any]:
    """What came of the run. DemoError where it did not finish."""
    ended = history.ended
    if not isinstance(ended, RunFinished):
        raise DemoError("training did not finish")
    last = history.epochs[-1]
    return {
        "project": PROJECT, "epochs": ended.epochs, "best_epoch": ended.best_epoch,
        "seconds": round(ended.seconds, 2), "validation": {name: round(v, 4) for name, v in last.validation.items()},
    }  # fmt: skip


def _show_learning(window: MainWindow, wait: Callable[[str, Callable[[], bool]], None]) -> None:
    """The small network, gone through step by step up to its gradients, with a weight selected."""
    window.file_actions.open_template(template(SMALL))
    wait("opening the small network", lambda: window.session.title == SMALL and window.session.settled)
    window.actions_table.trigger("learn")
    wait("taking it apart", lambda: window.learning_actions.shown)
    window.learning_actions.learner.go_to("backward")
    window.learning_actions.learner.select(SELECTED)
    page = window.learning_actions.page
    wait("drawing the curve", lambda: page is not None and not page.selected.weight.curve.busy)


def _select_last_trained(window: MainWindow) -> None:
    network = window.session.network
    weighted = [node for node in network.nodes.values() if node.layer.family.color == "convolution"]
    if weighted:
        window.session.select([weighted[-1].id])


def _spoken(figures: object) -> str:
    assert isinstance(figures, dict)
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
