"""What the canvas shows of a run, and its replay: what the actions do, and their rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from nnstudio.ui.actions import Action
from nnstudio.ui.quantities import QUANTITIES

if TYPE_CHECKING:
    from nnstudio.ui.canvas import CanvasView
    from nnstudio.ui.canvas.magnitudes import Magnitudes
    from nnstudio.ui.window import MainWindow

#: What is remembered of the canvas, by the names in the settings.
COLOUR, TINTED, WIRES = "canvas.colour", "canvas.tinted", "canvas.wires"


class LivingActions:
    """Actions of a window on what its canvas shows of a run."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    @property
    def _magnitudes(self) -> Magnitudes:
        return self._window.workspace.canvas.canvas.magnitudes

    def there(self) -> bool:
        """Whether there is a canvas."""
        return bool(self._window.in_workspace)

    # what is shown

    def restore(self, canvas: CanvasView) -> None:
        """Have a canvas show what it did when the program was left, and remember what is chosen from now on."""
        settings, magnitudes = self._window.settings, canvas.canvas.magnitudes
        magnitudes.quantity = QUANTITIES.get(settings.get(COLOUR, "gradient"))
        magnitudes.tinted, magnitudes.flowing = settings.get(TINTED, False), settings.get(WIRES, True)
        magnitudes.chose.connect(self._remember)
        canvas.legend.refresh()

    def _remember(self) -> None:
        shown = self._magnitudes
        colour = shown.quantity.id if shown.quantity is not None else ""
        self._window.settings.set(**{COLOUR: colour, TINTED: shown.tinted, WIRES: shown.flowing})
        self._window.actions_table.refresh()

    def colour(self, quantity: str) -> Callable[[], object]:
        """A function that colours nodes by this quantity ("": by none)."""
        return lambda: self._magnitudes.choose(quantity)

    def coloured(self, quantity: str) -> Callable[[], bool]:
        """A function that says whether nodes are coloured by this quantity."""

        def shown() -> bool:
            if not self.there():
                return False
            now = self._magnitudes.quantity
            return quantity == (now.id if now is not None else "")

        return shown

    def toggle_tinted(self) -> None:
        """Whole cards are coloured, or their bars alone."""
        self._magnitudes.set_tinted(not self._magnitudes.tinted)

    def toggle_wires(self) -> None:
        """Wires show what flows, or not."""
        self._magnitudes.set_flowing(not self._magnitudes.flowing)

    @property
    def tinted(self) -> bool:
        """Whether whole cards are coloured."""
        return self.there() and self._magnitudes.tinted

    @property
    def flowing(self) -> bool:
        """Whether wires show what flows."""
        return self.there() and self._magnitudes.flowing

    # replaying

    def may_replay(self) -> bool:
        """Whether there is a run to go back in."""
        return self.there() and len(self._session.moment.steps) > 1

    def replay(self) -> None:
        """Replay the run on the drawing, or stand still."""
        moment = self._session.moment
        (moment.pause if moment.playing else moment.play)()

    def move(self, by: int) -> Callable[[], object]:
        """A function that goes on by so many snapshots of the run."""
        return lambda: self._session.moment.move(by)

    def go_to_slider(self) -> None:
        """Put the focus onto the slider."""
        self._window.workspace.canvas.time_bar.line.setFocus(Qt.FocusReason.ShortcutFocusReason)


# fmt: off

def living_rows(window: MainWindow) -> Iterable[Action]:
    """The rows of the table of actions on what the canvas shows of a run."""
    living, session = window.living_actions, window.session
    there, replayable = living.there, living.may_replay
    for id, title, words in (*((each.id, each.title, each.words) for each in QUANTITIES.values()),
                             ("", "Nothing", "plain off")):
        yield Action(f"colour_{id or 'nothing'}", f"Colour by {title.lower()}" if id else "Colour nodes by nothing",
                     living.colour(id), (), "", "View/Colours", "What the colours of nodes show while a network trains",
                     enabled_when=there, checked_when=living.coloured(id), words=f"canvas nodes legend {words}")
    yield Action("colour_whole", "Colour whole nodes", living.toggle_tinted, (), "", "View/Colours",
                 "Colour the whole of each node, not a bar alone", enabled_when=there,
                 checked_when=lambda: living.tinted, words="tint cards")
    yield Action("colour_wires", "Wires by what flows", living.toggle_wires, (), "", "View/Colours",
                 "Draw wires thicker and lighter, the larger the values that flow along them", enabled_when=there,
                 checked_when=lambda: living.flowing, words="activations rms thickness colour")
    yield Action("replay", "Replay the run", living.replay, (), "", "Training/Replay",
                 "Show the run on the drawing again, from the moment that is shown", enabled_when=replayable,
                 title_when=lambda: "Pause the replay" if session.moment.playing else "Replay the run",
                 words="play time slider history")
    yield Action("replay_earlier", "Earlier moment", living.move(-1), (), "", "Training/Replay",
                 "Show the run as it was one snapshot before", enabled_when=replayable, words="time slider back step")
    yield Action("replay_later", "Later moment", living.move(1), (), "", "Training/Replay",
                 "Show the run as it was one snapshot later", enabled_when=lambda: not session.moment.live,
                 words="time slider forward step")
    yield Action("replay_live", "Newest moment", session.moment.leave, (), "", "Training/Replay",
                 "Show what is newest, and follow the run", enabled_when=lambda: not session.moment.live,
                 words="time slider live now end")
    yield Action("go_to_slider", "Go to the time slider", living.go_to_slider, ("Alt+8",), "", "View/Go to",
                 "Put the focus onto the slider that replays the run", enabled_when=replayable,
                 words="show focus keyboard replay")
