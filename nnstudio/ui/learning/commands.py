"""What a person can do in learning mode: its rows of the table of actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from nnstudio.ui.actions import Action
from nnstudio.ui.learning.actions import NAMES

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow

# fmt: off
Keys = QKeySequence.StandardKey


def learning_commands(window: MainWindow) -> Iterable[Action]:
    """The rows of the table of actions for learning mode."""
    actions = window.learning_actions
    shown = lambda: actions.shown  # noqa: E731
    call = lambda name: lambda: getattr(actions.learner, name)()  # noqa: E731
    course = lambda: actions.learner.course  # noqa: E731
    menu = "Training/Learning step by step"
    yield Action("learn", "Learn step by step", actions.toggle, ("F3",), "network", "Training",
                 "Go through a small network number by number: forward, loss, backward, update",
                 enabled_when=lambda: shown() or (window.in_workspace and bool(window.session.network.nodes)),
                 title_when=lambda: "Back to the network" if shown() else "Learn step by step", separated=True,
                 words="teach learning mode gradient backpropagation weights explain small finite differences")
    yield Action("learn_next", "Next stage", call("next"), ("F6",), "step", menu,
                 "The next layer, the loss, the update, the next round", enabled_when=shown)
    yield Action("learn_back", "One stage back", call("back"), ("Shift+F6",), "", menu,
                 "As it was one stage before, with the weights of then",
                 enabled_when=lambda: shown() and not course().at_beginning, title_when=lambda: "One stage back")
    yield Action("learn_round", "Whole round", call("finish_round"), ("Ctrl+F6",), "", menu, "Go on to the update",
                 enabled_when=shown, words="update epoch")
    yield Action("learn_play", "Play stages", call("play"), ("F5",), "play", menu, "Stage after stage by itself",
                 enabled_when=shown,
                 title_when=lambda: "Stand still" if shown() and actions.learner.playing else "Play stages")
    yield Action("learn_undo", "Undo", call("undo"), (Keys.Undo,), "undo", menu, separated=True,
                 enabled_when=lambda: shown() and bool(course().undo_label),
                 title_when=lambda: _told("Undo", course().undo_label if shown() else ""))
    yield Action("learn_redo", "Redo", call("redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", menu,
                 enabled_when=lambda: shown() and bool(course().redo_label),
                 title_when=lambda: _told("Redo", course().redo_label if shown() else ""))
    for kind, title in NAMES.items():
        yield Action(f"learn_{kind}", title, actions.begin_with(kind), (), "", menu, words="initialise reset start",
                     enabled_when=(shown if kind != "trained" else
                                   lambda: shown() and window.session.training.weights is not None))
    yield Action("learn_keep", "Keep these weights", actions.keep, (), "", menu,
                 "Make them the project's trained weights",
                 enabled_when=lambda: shown() and course().changed)
    yield Action("learn_take_back", "Take back kept weights", actions.take_back, (), "", menu,
                 "Give the project the weights that it had before",
                 enabled_when=lambda: actions.may_take_back)


def _told(word: str, label: str) -> str:
    return f"{word} {label}" if label else word
